"""Small road networks, and what NetworkX makes of them once every place is a node of its own."""

from collections import defaultdict
from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from geodata.reach import TravelUnit, great_circle_km
from geodata.roadnetwork import RoadNetwork, network_from_arrays
from geodata.roadreach import Direction, RoadReach

WEST, SOUTH, STEP = 24.9, 60.2, 0.01


def network_of(lonlat, edges, *, seconds=None) -> RoadNetwork:
    """Return straight directed roads; without `seconds` they are driven at 36 km/h."""
    lonlat = np.asarray(lonlat, dtype=float)
    tail, head = np.asarray(edges, dtype=int).reshape(-1, 2).T
    km = great_circle_km(*lonlat[tail].T, *lonlat[head].T)
    seconds = km * 100.0 if seconds is None else seconds
    lon, lat = lonlat.T
    return network_from_arrays(np.arange(len(lonlat)), lon, lat, tail, head, km * 1000.0, seconds)


def grid(width: int, height: int, *, one_way: bool = False) -> RoadNetwork:
    """Return a grid of streets about 0.55 by 1.1 km, both ways, or one way in turn round an even number."""
    place = [(WEST + STEP * x, SOUTH + STEP * y) for y in range(height) for x in range(width)]
    nodes = np.arange(width * height).reshape(height, width)
    rows = [row if y % 2 == 0 else row[::-1] for y, row in enumerate(nodes.tolist())]
    columns = [column if x % 2 == 1 else column[::-1] for x, column in enumerate(nodes.T.tolist())]
    edges = [pair for line in (*rows, *columns) for pair in pairwise(line)]
    return network_of(place, edges if one_way else [*edges, *((head, tail) for tail, head in edges)])


@st.composite
def networks(draw, symmetric: bool = False) -> RoadNetwork:
    """Draw a few nodes on a lattice, so that places can stand at equal ones, and edges between them."""
    cells = draw(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=9, unique=True)
    )
    node = st.integers(0, len(cells) - 1)
    pairs = st.tuples(node, node).filter(lambda pair: pair[0] != pair[1])
    edges = draw(st.lists(pairs, min_size=1, max_size=20))
    seconds = draw(st.lists(st.integers(0, 300), min_size=len(edges), max_size=len(edges)))
    if symmetric or draw(st.booleans()):
        edges, seconds = edges + [(head, tail) for tail, head in edges], seconds + seconds
    lonlat = [(WEST + STEP * x, SOUTH + STEP * y) for x, y in cells]
    return network_of(lonlat, edges, seconds=np.asarray(seconds, dtype=float))


@st.composite
def places(draw, most: int = 6) -> np.ndarray:
    """Draw places beside streets, at crossings, twice at one, far off, and without coordinates."""
    tick = st.integers(-4, 20).map(lambda tick: tick / 4.0)
    spots = draw(st.lists(st.tuples(tick, tick), min_size=1, max_size=most))
    lonlat = np.array([(WEST + STEP * x, SOUTH + STEP * y) for x, y in spots])
    if draw(st.booleans()):
        lonlat[0] = draw(st.sampled_from([(np.nan, np.nan), (30.0, 50.0)]))
    return lonlat


def oracle(reach: RoadReach, origins, targets, unit: TravelUnit) -> np.ndarray:
    """Return by NetworkX what ways by road take; infinite without one, or off the network."""
    graph, snapped = split(reach, np.concatenate([origins, targets]), unit)
    access = snapped.off_km * (1.0 if unit is TravelUnit.KM else 60.0 / reach.options.access_kmh)
    ways = np.full((len(origins), len(targets)), np.inf)
    for i in np.flatnonzero(snapped.on_road[: len(origins)]):
        found = nx.single_source_dijkstra_path_length(graph, ("place", i), weight="cost")
        for j, target in enumerate(targets):
            end = len(origins) + j
            if snapped.on_road[end] and ("place", end) in found:
                ways[i, j] = access[i] + found["place", end] + access[end]
            if (origins[i] == target).all():
                ways[i, j] = 0.0
    return ways


def split(reach: RoadReach, lonlat, unit: TravelUnit):
    """Return the graph in which every street is cut where a place joins it, and where that is."""
    network, snapped = reach.network, reach.snapped(lonlat)
    cost = network.length_m / 1000.0 if unit is TravelUnit.KM else network.seconds / 60.0
    lines = [tuple(map(tuple, xy)) for xy in np.split(network.xy, network.start[1:-1])]
    on_street = defaultdict(list)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(network.node_id)))
    for place in np.flatnonzero(snapped.on_road):
        graph.add_node(("place", place))
        edge, fraction = snapped.edge[place], snapped.fraction[place]
        ends = network.tail[edge], network.head[edge]
        if fraction in (0.0, 1.0):
            at = ends[int(fraction)]
            graph.add_edge(("place", place), at, cost=0.0)
            graph.add_edge(at, ("place", place), cost=0.0)
        else:
            on_street[frozenset(lines[edge])].append((place, lines[edge], fraction))
    for edge, (tail, head) in enumerate(zip(network.tail, network.head, strict=True)):
        here = on_street[frozenset(lines[edge])]
        stops = sorted((f if line == lines[edge] else 1.0 - f, place) for place, line, f in here)
        chain = [(0.0, tail), *((f, ("place", place)) for f, place in stops), (1.0, head)]
        for (before, a), (after, b) in pairwise(chain):
            graph.add_edge(a, b, cost=(after - before) * cost[edge])
            if after - before < 1e-12 and isinstance(a, tuple) and isinstance(b, tuple):
                graph.add_edge(b, a, cost=0.0)
    return graph, snapped


def both_ways(reach: RoadReach, points, others, unit: TravelUnit) -> np.ndarray:
    """Return what `RoadReach` measures, by NetworkX, for pairs with both ends on the network."""
    there = oracle(reach, points, others, unit)
    back = oracle(reach, others, points, unit).T
    both = (there + back) / 2.0
    return np.asarray({Direction.TO: there, Direction.BACK: back}.get(reach.options.direction, both))
