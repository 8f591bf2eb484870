"""The same ways by NetworkX: its graph of the roads, cut where places join them."""

from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from geodata.reach import TravelUnit
from geodata.roadreach import RoadReach

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def cut_graph(reach: RoadReach, lonlat: Floats, unit: TravelUnit) -> tuple["nx.DiGraph[int]", Floats]:
    """Return the roads backwards, with place i as node N + i, and what the leg from each place takes.

    Every street is cut where a place joins it; of parallel edges the one that takes least is kept.
    """
    joints, cost, network = reach.joints(lonlat, unit), reach.graph(unit)[1], reach.network
    links, count = joints.links(leaving=False), len(network.node_id)
    inner = np.flatnonzero(links.edge >= 0)
    before = links.cost[inner] - joints.access[links.owner[inner]]
    order = inner[np.lexsort((before, links.edge[inner]))]
    edge, place = links.edge[order], links.owner[order] + count
    at = links.cost[order] - joints.access[links.owner[order]]
    pieces = [*_pieces(edge, place, at, network.tail, network.head, cost)]
    at_node = np.flatnonzero(links.edge < 0)
    ends = links.owner[at_node] + count, links.node[at_node].astype(np.int64)
    pieces += [(ends[0], ends[1], np.zeros(len(at_node))), (ends[1], ends[0], np.zeros(len(at_node)))]
    tail, head, takes = (np.concatenate(column) for column in zip(*pieces, strict=True))
    least = np.argsort(-takes, kind="stable")  # of several the last one added stays
    graph: nx.DiGraph[int] = nx.DiGraph()
    columns: Any = (head[least].tolist(), tail[least].tolist(), takes[least].tolist())
    graph.add_weighted_edges_from(zip(*columns, strict=True), weight="cost")
    return graph, joints.access


def _pieces(
    edge: Ints, place: Ints, at: Floats, tail: Ints, head: Ints, cost: Floats
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield tails, heads and costs of whole edges, of the parts up to each place, and of what is left."""
    whole = np.ones(len(tail), dtype=bool)
    whole[edge] = False
    yield tail[whole], head[whole], cost[whole]
    begins = np.diff(edge, prepend=-1) != 0
    ends = np.diff(edge, append=-1) != 0
    last, passed = np.roll(place, 1), np.roll(at, 1)
    start, done = np.where(begins, tail[edge], last), np.where(begins, 0.0, passed)
    yield start, place, at - done
    same = ~begins & (at == done)
    yield place[same], start[same], np.zeros(int(same.sum()))
    yield place[ends], head[edge][ends], (cost[edge] - at)[ends]


def searched(graph: "nx.DiGraph[int]", site: int, limit: float) -> dict[int, float]:
    """Return what the ways between all nodes and a site take, up to `limit`."""
    taken, _ = nx.single_source_dijkstra(graph, site, cutoff=limit, weight="cost")
    return dict(taken)
