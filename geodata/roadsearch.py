"""Shortest ways from some places to many, searched in blocks on what of the network they can reach."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from geodata.reach import EARTH_RADIUS_KM, great_circle_km
from geodata.roadnetwork import RoadNetwork

BLOCK_BYTES = 64_000_000  # the most a block of answers takes
_GRAIN = 2.0**-30  # km or minutes; sums of its multiples are exact, so no order of adding them matters
_WIDER = 1e-9  # relative: what is a bound on the sphere is rounded
_CUT_FROM = 20_000  # nodes; below, cutting takes longer than it saves
_TOGETHER = 16  # sources searched on one cut
_QUARTER_KM = 10_000.0  # farther than this is everywhere

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
NodeArray: TypeAlias = NDArray[np.int64] | NDArray[np.int32]
Found: TypeAlias = tuple[IntArray, IntArray, FloatArray]


def grained(values: FloatArray) -> FloatArray:
    """Return `values` rounded to the grain of 2**-30, about a micrometre or 56 nanoseconds."""
    return np.asarray(np.rint(np.asarray(values) / _GRAIN) * _GRAIN, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """How places hang on the nodes: place `owner` reaches `node` (or is reached from it) at `cost`.

    Sorted by owner; a place off the network has none. `count` is the number of places. `edge` is the one
    that is driven along in between, -1 where a place stands at the node.
    """

    owner: IntArray
    node: NodeArray
    cost: FloatArray
    edge: IntArray
    count: int

    def of(self, owners: IntArray) -> "Links":
        """Return the links of some places, which are numbered anew in the order of `owners`."""
        start = np.searchsorted(self.owner, np.arange(self.count + 1))
        counts = np.diff(start)[owners]
        at = spread(start[:-1][owners], counts)
        owner = np.repeat(np.arange(len(owners)), counts)
        return Links(owner, self.node[at], self.cost[at], self.edge[at], len(owners))

    def where(self, kept: NDArray[np.bool_]) -> "Links":
        """Return some of the links, of the same places."""
        arrays = self.owner[kept], self.node[kept], self.cost[kept], self.edge[kept]
        return Links(*arrays, self.count)


def spread(first: IntArray, counts: IntArray) -> IntArray:
    """Return the ranges that begin at `first` and hold `counts` numbers, one after another."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    found: IntArray = np.arange(total, dtype=np.int64) + np.repeat(first - (ends - counts), counts)
    return found


class RoadGraph:
    """The nodes of a network in strips, and its edges as compressed rows, forwards and backwards.

    Parameters
    ----------
    network
        The roads.
    cost
        Shape (M,), what each edge takes; multiples of the grain, at least 0.
    """

    def __init__(self, network: RoadNetwork, cost: FloatArray) -> None:
        self.count = len(network.node_id)
        self._strips = Strips(network.lon, network.lat)
        rank = self._strips.rank
        tail, head, least = _least(network, cost)
        shape = self.count, self.count
        self.forwards = csr_of([(rank[tail], rank[head], least)], shape)
        self.backwards = csr_of([(rank[head], rank[tail], least)], shape)
        self._km_a_unit = _fastest(network, cost)

    def search(self, sources: Links, targets: Links, limit: float, *, backwards: bool) -> sparse.csr_array:
        """Return what is between sources and targets, up to `limit`, inclusive.

        Parameters
        ----------
        sources, targets
            Links at the beginning and at the end of each way; the other way about where `backwards`.
        limit
            The most a way may take; may be infinite.
        backwards
            Whether the ways lead from targets to sources.

        Returns
        -------
        scipy.sparse.csr_array
            Shape (sources, targets); stored entries are the pairs with a way.
        """
        if limit < 0:
            return sparse.csr_array((sources.count, targets.count), dtype=np.float64)
        sources, targets = self._ranked(sources), self._ranked(targets)
        parts = [
            (rows, self._block(sources.of(rows), targets, limit, backwards=backwards))
            for rows in self._blocks(sources, max(len(targets.node), 1))
        ]
        found = [(rows[row], column, value) for rows, (row, column, value) in parts]
        return csr_of(found, (sources.count, targets.count))

    def tree(self, source: Links, limit: float, *, backwards: bool) -> tuple[FloatArray, IntArray]:
        """Return the shortest ways between one source and all nodes.

        Returns
        -------
        taken
            Shape (N,), what they take; infinite without a way up to `limit`.
        towards
            Shape (N,), the next node on each way towards the source; -1 where that is the source itself, or
            there is no way.
        """
        graph, nodes, ranked = self._region(self._ranked(source), limit, backwards=backwards)
        count = len(nodes)
        found, before = dijkstra(
            with_sources(graph, ranked), indices=count, limit=limit, return_predecessors=True
        )
        taken, towards = np.full(self.count, np.inf), np.full(self.count, -1, dtype=np.int64)
        at = self._strips.point[nodes]
        taken[at] = found[:count]
        towards[at] = np.append(at, -1)[np.clip(before[:count], -1, count)]
        return taken, towards

    def _ranked(self, links: Links) -> Links:
        return replace(links, node=self._strips.rank[links.node])

    def _blocks(self, sources: Links, width: int) -> Iterator[IntArray]:
        """Yield the sources that have links, a bounded number at a time, near ones together."""
        owners, at = np.unique(sources.owner, return_index=True)
        lon, lat = self._strips.lon[sources.node[at]], self._strips.lat[sources.node[at]]
        rows = max(1, round((len(owners) / _TOGETHER) ** 0.5))
        row = np.argsort(np.argsort(lat, kind="stable"), kind="stable") * rows // max(len(owners), 1)
        ordered = owners[np.lexsort((lon, row))]
        widest = BLOCK_BYTES // (8 * max(self.count, width))
        size = int(np.clip(widest, 1, _TOGETHER if self.count >= _CUT_FROM else max(widest, 1)))
        for start in range(0, len(ordered), size):
            yield ordered[start : start + size]

    def _block(self, sources: Links, targets: Links, limit: float, *, backwards: bool) -> Found:
        """Return the pairs of one block: its sources become nodes of their own, behind all others."""
        graph, nodes, sources = self._region(sources, limit, backwards=backwards)
        if len(nodes) < self.count:
            local = _numbered(nodes, self.count)
            targets = targets.where(local[targets.node] >= 0)
            targets = replace(targets, node=local[targets.node])
        if not len(targets.node):
            return _nothing()
        count = graph.shape[0]
        taken = dijkstra(
            with_sources(graph, sources), indices=np.arange(count, count + sources.count), limit=limit
        )
        first = np.flatnonzero(np.diff(targets.owner, prepend=-1))
        taken = np.minimum.reduceat(taken[:, targets.node] + targets.cost, first, axis=1)
        row, at = np.nonzero((taken <= limit) & np.isfinite(taken))
        return row.astype(np.int64), targets.owner[first][at], taken[row, at]

    def _region(
        self, sources: Links, limit: float, *, backwards: bool
    ) -> tuple[sparse.csr_array, IntArray, Links]:
        """Return the graph of the nodes that can be within `limit` of a source, those nodes, and the links.

        A way that takes `limit` leads no farther, as the crow flies, than the fastest edge would.
        """
        graph = self.backwards if backwards else self.forwards
        km = limit * self._km_a_unit * (1.0 + _WIDER)
        if self.count < _CUT_FROM or not km < _QUARTER_KM:
            return graph, np.arange(self.count), sources
        nodes = self._strips.near(sources.node, km + _WIDER)
        if 2 * len(nodes) > self.count:
            return graph, np.arange(self.count), sources
        local = _numbered(nodes, self.count)
        return _among(graph, nodes, local), nodes, replace(sources, node=local[sources.node])


class Strips:
    """Points in strips of latitude, west to east in each, so that what is in a box are a few ranges.

    Attributes
    ----------
    rank
        Shape (N,), where each point is in the order of the strips.
    point
        Shape (N,), which point is at each rank.
    lon, lat
        Shape (N,), the points in that order, WGS-84 degrees.
    """

    def __init__(self, lon: FloatArray, lat: FloatArray) -> None:
        self._strips = max(1, round(len(lon) ** 0.5 / 2.0))
        self._south, self._west = (float(values.min(initial=np.inf)) for values in (lat, lon))
        self._high = max(float(lat.max(initial=-np.inf)) - self._south, 1e-9) / self._strips
        self._wide = max(float(lon.max(initial=-np.inf)) - self._west, 1e-9) * 1.001
        key = self._strip(lat) + (lon - self._west) / self._wide
        self.point = np.argsort(key, kind="stable").astype(np.int64)
        self.rank = np.empty(len(lon), dtype=np.int64)
        self.rank[self.point] = np.arange(len(lon))
        self._key, self.lon, self.lat = key[self.point], lon[self.point], lat[self.point]

    def near(self, points: NodeArray, km: float) -> IntArray:
        """Return the ranks of the points in boxes of `km` around `points`, which are ranks; ascending."""
        angle = km / EARTH_RADIUS_KM
        north = np.degrees(angle)
        lat = np.radians(self.lat[points])
        inside = np.sin(angle) < np.cos(lat)  # else the box holds a pole, and every longitude
        east = np.where(inside, np.degrees(np.arcsin(np.minimum(np.sin(angle) / np.cos(lat), 1.0))), 360.0)
        low, high = self._strip(self.lat[points] - north), self._strip(self.lat[points] + north)
        counts = (high - low + 1).astype(np.int64)
        strip = spread(low.astype(np.int64), counts)
        west = (self.lon[points] - east - self._west) / self._wide - _WIDER
        upto = (self.lon[points] + east - self._west) / self._wide + _WIDER
        begin = np.searchsorted(self._key, strip + np.repeat(np.clip(west, 0.0, 1.0), counts), side="left")
        end = np.searchsorted(self._key, strip + np.repeat(np.clip(upto, 0.0, 1.0), counts), side="right")
        marked = np.zeros(len(self._key), dtype=bool)
        for first, last in zip(begin.tolist(), end.tolist(), strict=True):
            marked[first:last] = True
        return np.flatnonzero(marked).astype(np.int64)

    def _strip(self, lat: FloatArray) -> FloatArray:
        strip: FloatArray = np.clip(np.floor((lat - self._south) / self._high), 0, self._strips - 1)
        return strip


def with_sources(graph: sparse.csr_array, sources: Links) -> sparse.csr_array:
    """Return `graph` with a row for each source behind its own, which leads to what the source links to."""
    size = graph.shape[0] + sources.count
    counts = np.bincount(sources.owner, minlength=sources.count)
    starts = np.concatenate([graph.indptr, graph.indptr[-1] + np.cumsum(counts)])
    heads = np.concatenate([graph.indices, sources.node.astype(graph.indices.dtype)])
    values = np.concatenate([graph.data, sources.cost])
    return sparse.csr_array((values, heads, starts.astype(graph.indptr.dtype)), shape=(size, size))


def csr_of(parts: list[Found], shape: tuple[int, int]) -> sparse.csr_array:
    """Return the pairs of `parts` as rows with sorted columns; zeros are stored, no pair may come twice."""
    if not parts:
        return sparse.csr_array(shape, dtype=np.float64)
    row, column, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    small = np.int32 if max(*shape, len(value)) < np.iinfo(np.int32).max else np.int64
    matrix = sparse.coo_array((value, (row.astype(small), column.astype(small))), shape=shape).tocsr()
    matrix.sort_indices()
    return matrix


def found_in(matrix: sparse.csr_array) -> Found:
    """Return rows, columns and values of the stored pairs."""
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64), matrix.data


def _numbered(nodes: IntArray, count: int) -> NodeArray:
    """Return for each of `count` nodes which of `nodes` it is, -1 for all others."""
    local = np.full(count, -1, dtype=np.int32)
    local[nodes] = np.arange(len(nodes), dtype=np.int32)
    return local


def _among(graph: sparse.csr_array, nodes: IntArray, local: NodeArray) -> sparse.csr_array:
    """Return the rows and columns of `nodes`; `local` (N,) numbers them, -1 for all others."""
    first = graph.indptr[nodes].astype(np.int64)
    counts = graph.indptr[nodes + 1] - first
    at = spread(first, counts)
    head = local[graph.indices[at]]
    kept = head >= 0
    before = np.concatenate([[0], np.cumsum(kept)])
    starts = before[np.concatenate([[0], np.cumsum(counts)])]
    shape = (len(nodes), len(nodes))
    arrays = graph.data[at[kept]], head[kept], starts.astype(np.int32)
    return sparse.csr_array(arrays, shape=shape)


def _least(network: RoadNetwork, cost: FloatArray) -> Found:
    """Return tails, heads and costs: of parallel edges the least, none from a node to itself."""
    key = network.tail * np.int64(len(network.node_id)) + network.head
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        key, cost = key[order], cost[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    least = np.minimum.reduceat(cost, first) if len(first) else cost
    tail, head = np.divmod(key[first], max(len(network.node_id), 1))
    moves = tail != head
    return tail[moves], head[moves], least[moves]


def _fastest(network: RoadNetwork, cost: FloatArray) -> float:
    """Return how many great-circle km the fastest edge makes of one unit of cost."""
    ends = network.tail, network.head
    km = great_circle_km(
        network.lon[ends[0]], network.lat[ends[0]], network.lon[ends[1]], network.lat[ends[1]]
    )
    moved = km > 0
    if not moved.any():
        return 0.0
    with np.errstate(divide="ignore"):
        return float((km[moved] / cost[moved]).max())


def _nothing() -> Found:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
