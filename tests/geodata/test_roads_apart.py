"""Roads of areas that lie apart, and graphs of roads that other programs have spoilt."""

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
import shapely

from geodata.margins import with_margin
from geodata.messages import InputError
from geodata.roadnetwork import network_from_arrays
from geodata.roads import read_roads
from tests.geodata import cities

SQUARE = {1: (0.0, 0.0), 2: (0.1, 0.0), 3: (0.1, 0.1), 4: (0.0, 0.1)}
BOXES = shapely.box(110, 30, 110.1, 30.1), shapely.box(113, 30, 113.1, 30.1)
GRAPH_BOX = shapely.box(110, 30, 110.2, 30.2)


def _town(city: cities.City, lon: float, lat: float, first: int, **tags: str) -> cities.City:
    """Add a square of roads around a block; its diagonal is a street of its own."""
    city.nodes.update({first + n: (lon + x, lat + y) for n, (x, y) in SQUARE.items()})
    city.add(first, [first + n for n in (1, 2, 3, 4, 1)], **tags)
    city.add(first + 1, [first + 1, first + 3], **tags)
    return city


def _towns(folder, *, islet: bool = False):
    city = _town(_town(cities.City(), 110, 30, 100), 113, 30, 200)
    if islet:
        city.nodes.update({301: (111.5, 30.0), 302: (111.51, 30.0)})
        city.add(300, [301, 302])
    return city.write(folder / "towns.osm")


def test_each_of_two_areas_apart_keeps_its_roads(tmp_path):
    found = read_roads([_towns(tmp_path)], shapely.union_all(BOXES), cache=tmp_path)
    alone = [read_roads([tmp_path / "towns.osm"], box, cache=tmp_path) for box in BOXES]
    assert found.length_m.sum() == pytest.approx(sum(one.length_m.sum() for one in alone))
    assert any("2 networks are kept" in str(note.message) for note in found.notes)


def test_an_islet_s_road_is_no_network_of_its_own(tmp_path):
    around = shapely.union_all([*BOXES, shapely.box(111.5, 30, 111.51, 30.01)])
    found = read_roads([_towns(tmp_path, islet=True)], around, cache=tmp_path)
    assert not ((found.lon > 111) & (found.lon < 112)).any()
    assert any("1 pieces are left out" in str(note.message) for note in found.notes)


def test_classes_with_unreadable_limits_alone_take_their_assumed_speed(tmp_path):
    file = _town(cities.City(), 110, 30, 100, highway="motorway", maxspeed="none").write(tmp_path / "one.osm")
    found = read_roads([file], BOXES[0], cache=tmp_path)
    assert found.length_m / found.seconds * 3.6 == pytest.approx(np.full(len(found.tail), 100.0), rel=1e-5)
    assert any("motorway 100" in str(note.message) for note in found.notes)


def test_a_margin_keeps_every_surface_of_a_crossed_outline():
    crossed = shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 2, 0 0))")
    assert with_margin(crossed, 1.0).contains(shapely.points([[0.2, 0.5], [0.8, 0.5]])).all()


def _graph(**tags: object) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    for node, (lon, lat) in enumerate([(110.0, 30.0), (110.1, 30.0), (110.1, 30.1)]):
        graph.add_node(node, x=lon, y=lat)
    for tail, head in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)):
        graph.add_edge(tail, head, length=10_000.0, highway="primary", **tags)
    return graph


@pytest.mark.parametrize(
    ("node", "edge"),
    [
        ({}, {"travel_time": float("nan")}),
        ({}, {"travel_time": -5.0}),
        ({}, {"length": float("nan")}),
        ({}, {"length": -1.0}),
        ({}, {"geometry": shapely.Point(110, 30)}),
        ({}, {"geometry": "LINESTRING (110 30, 110.05 NaN, 110.1 30)"}),
        ({"x": float("nan")}, {}),
        ({"x": "east"}, {}),
    ],
)
def test_a_spoilt_graph_is_a_sentence(tmp_path, node, edge):
    graph = _graph()
    graph.nodes[1].update(node)
    for *_, data in graph.edges(data=True):
        data.update(edge)
    ox.save_graphml(graph, tmp_path / "spoilt.graphml")
    with pytest.raises(InputError, match=r"spoilt\.graphml: cannot be read as a graph of roads"):
        read_roads([tmp_path / "spoilt.graphml"], GRAPH_BOX, cache=tmp_path)


def test_graphs_that_number_their_nodes_each_on_its_own_are_not_put_together(tmp_path):
    ox.save_graphml(_graph(), tmp_path / "west.graphml")
    east = _graph()
    for _, data in east.nodes(data=True):
        data["x"] += 0.1
    ox.save_graphml(east, tmp_path / "east.graphml")
    with pytest.raises(InputError, match="numbered each on its own"):
        read_roads([tmp_path / f"{name}.graphml" for name in ("west", "east")], GRAPH_BOX, cache=tmp_path)


@pytest.mark.parametrize(("xy", "start"), [([[0, 0]], [0, 1]), ([[0, 0], [np.nan, 1]], [0, 2]), ([], [0, 0])])
def test_an_edge_has_a_line(xy, start):
    with pytest.raises(ValueError, match="road network has no"):
        network_from_arrays([1, 2], [0, 1], [0, 1], [0], [1], [5.0], [5.0], xy=xy, start=start)
