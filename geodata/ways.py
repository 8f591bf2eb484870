"""Ways as lines: which edges are driven along, what that takes, and how it looks on a map."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import ops

from geodata.roadlinks import Joints
from geodata.roadnetwork import RoadNetwork
from geodata.roadsearch import IntArray, Links, RoadGraph
from geodata.snapping import degrees, mercator_km

FloatArray: TypeAlias = NDArray[np.float64]

_TRIES = 5  # doublings of the limit, before a way is looked for without one


@dataclass(frozen=True, slots=True)
class Leg:
    """An edge that a way leads along, from one fraction of its length to another."""

    edge: int
    begin: float = 0.0
    end: float = 1.0


class Wayfinder:
    """Finds the edges of shortest ways.

    Parameters
    ----------
    network, graph
        The roads, and the graph that is searched.
    cost
        Shape (M,), what each edge takes in that graph.
    """

    def __init__(self, network: RoadNetwork, graph: RoadGraph, cost: FloatArray) -> None:
        self._graph, self._cost, self._count = graph, cost, np.int64(len(network.node_id))
        key = network.tail * self._count + network.head
        self._order: IntArray = np.argsort(key, kind="stable").astype(np.int64)
        self._key = key[self._order]

    def ways(self, outlet: Joints, others: Joints, guess: float, *, to: bool) -> list[tuple[Leg, ...] | None]:
        """Return the shortest ways between one outlet and R other places; None where there is none.

        Parameters
        ----------
        outlet, others
            Joints of one place, and of R.
        guess
            What the longest way may take, about.
        to
            Whether the ways lead to the outlet.
        """
        starts, ends = others.links(leaving=to), outlet.links(leaving=not to)
        wanted = np.unique(starts.owner)
        if not len(wanted) or not len(ends.node):
            return [None] * len(others)
        taken, towards = self._tree(ends, starts, guess, to)
        return [
            self._way(outlet, others, place, starts.of(np.array([place])), ends, taken, towards, to)
            for place in range(len(others))
        ]

    def _tree(self, ends: Links, starts: Links, guess: float, to: bool) -> tuple[FloatArray, IntArray]:
        """Return a tree of shortest ways in which every place that has a way is found with its shortest."""
        for limit in (*(guess * 2.0**power for power in range(_TRIES)), np.inf):
            taken, towards = self._graph.tree(ends, limit, backwards=to)
            if np.isfinite(taken[starts.node]).all():
                break
        return taken, towards

    def _way(
        self,
        outlet: Joints,
        others: Joints,
        place: int,
        starts: Links,
        ends: Links,
        taken: FloatArray,
        towards: IntArray,
        to: bool,
    ) -> tuple[Leg, ...] | None:
        if not len(starts.node):
            return None
        total = taken[starts.node] + starts.cost
        best = int(np.argmin(total))
        shared = others.shared(place, outlet, 0) if to else outlet.shared(0, others, place)
        if shared is not None and shared[1] + others.access[place] + outlet.access[0] <= total[best]:
            ends_at = others.fraction(place, shared[0]), outlet.fraction(0, shared[0])
            return (Leg(shared[0], *(ends_at if to else ends_at[::-1])),)
        if not np.isfinite(total[best]):
            return None
        nodes = _walk(int(starts.node[best]), towards)
        last = np.flatnonzero(ends.node == nodes[-1])
        last_edge = int(ends.edge[last[np.argmin(ends.cost[last])]])
        first = _stub(others, place, int(starts.edge[best]), leaving=to)
        final = _stub(outlet, 0, last_edge, leaving=not to)
        if to:
            return (*first, *(Leg(self._edge(a, b)) for a, b in pairwise(nodes)), *final)
        return (*final, *(Leg(self._edge(a, b)) for a, b in pairwise(nodes[::-1])), *first)

    def _edge(self, tail: int, head: int) -> int:
        """Return the edge between two nodes that takes least."""
        key = tail * self._count + head
        begin, end = np.searchsorted(self._key, key, "left"), np.searchsorted(self._key, key, "right")
        edges = self._order[begin:end]
        return int(edges[np.argmin(self._cost[edges])])


def _walk(node: int, towards: IntArray) -> list[int]:
    nodes = [node]
    while (node := int(towards[node])) >= 0:
        nodes.append(node)
    return nodes


def _stub(joints: Joints, place: int, edge: int, *, leaving: bool) -> tuple[Leg, ...]:
    """Return the part of an edge between a place on it and its end, or its beginning; none at a node."""
    if edge < 0:
        return ()
    at = joints.fraction(place, edge)
    return (Leg(edge, at, 1.0),) if leaving else (Leg(edge, 0.0, at),)


def taken_by(legs: tuple[Leg, ...], per_edge: FloatArray) -> float:
    """Return the sum over legs of what whole edges take, `per_edge` (M,)."""
    return float(sum(per_edge[leg.edge] * (leg.end - leg.begin) for leg in legs))


def line_of(network: RoadNetwork, legs: tuple[Leg, ...]) -> FloatArray:
    """Return the vertices (V, 2) of a way, WGS-84 degrees; where legs meet, the vertex comes twice."""
    return np.concatenate([np.zeros((0, 2)), *(_vertices(network, leg) for leg in legs)])


def _vertices(network: RoadNetwork, leg: Leg) -> FloatArray:
    xy: FloatArray = network.xy[network.start[leg.edge] : network.start[leg.edge + 1]]
    if (leg.begin, leg.end) == (0.0, 1.0):
        return xy
    part = ops.substring(shapely.LineString(mercator_km(xy)), leg.begin, leg.end, normalized=True)
    return degrees(shapely.get_coordinates(part))
