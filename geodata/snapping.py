"""Where places join the roads: the nearest point of the nearest street."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.reach import EARTH_RADIUS_KM, great_circle_km
from geodata.roadnetwork import RoadNetwork

_AT_NODE_M = 0.01  # nearer than this along the street, a place is at its end, where one may turn
_CHUNK = 20_000  # places looked up at once

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Snapped:
    """Where places join the roads, each array of shape (P,).

    Attributes
    ----------
    edge
        A directed edge of the street; its other direction may be driven too. -1 off the network.
    fraction
        How far along `edge`, from tail (0) to head (1).
    off_km
        Great-circle distance between the place and where it joins, also of places too far off; infinite
        where no road was looked at, NaN where the place has no coordinates.
    lon, lat
        Where it joins, WGS-84 degrees; NaN off the network.
    on_road
        Whether it is near enough.
    """

    edge: IntArray
    fraction: FloatArray
    off_km: FloatArray
    lon: FloatArray
    lat: FloatArray
    on_road: BoolArray


class Streets:
    """The streets of a network: edges that run along the same vertices, in either direction, are one.

    Attributes
    ----------
    street
        Shape (M,), the street of each edge.
    first
        Shape (S,), the edge that a street's positions are measured along.
    against
        Shape (M,), whether an edge runs against its street's first one.
    edges, start
        Street s has the edges ``edges[start[s]:start[s + 1]]``.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.street, self.first, self.against = _streets(network)
        self.edges: IntArray = np.argsort(self.street, kind="stable").astype(np.int64)
        counts = np.bincount(self.street, minlength=len(self.first))
        self.start: IntArray = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        lines = _lines(network, self.first)
        self._lines = lines
        self._tree = shapely.STRtree(lines)
        if len(lines):  # the tree is built by its first question, and only then may threads share it
            self._tree.query(lines[0])

    def snap(self, lonlat: FloatArray, within_km: float) -> Snapped:
        """Return where places (P, 2), WGS-84, join the roads, if they do within `within_km`.

        Distances are compared in Mercator's projection, which is true to shape: over a few kilometres its
        scale is that of the place. What is reported is measured on the sphere.
        """
        count = len(lonlat)
        edge, fraction = np.full(count, -1, dtype=np.int64), np.full(count, np.nan)
        off_km = np.where(np.isfinite(lonlat).all(axis=1), np.inf, np.nan)
        foot = np.full((count, 2), np.nan)
        for start in range(0, count, _CHUNK):
            rows, street = self._nearest(lonlat[start : start + _CHUNK], within_km)
            here = start + rows
            edge[here] = self.first[street]
            fraction[here], foot[here] = self._foot(lonlat[here], street)
            off_km[here] = great_circle_km(*lonlat[here].T, *foot[here].T)
        on_road = off_km <= within_km
        edge[~on_road], fraction[~on_road], foot[~on_road] = -1, np.nan, np.nan
        return Snapped(edge, fraction, off_km, foot[:, 0], foot[:, 1], on_road)

    def _nearest(self, lonlat: FloatArray, within_km: float) -> tuple[IntArray, IntArray]:
        """Return the places that have a street near, and their nearest; of several the first."""
        rows = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        if not len(rows) or not len(self.first):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        stretch = 1.0 / np.cos(np.radians(np.abs(lonlat[rows, 1]).max() + 0.1))
        points = shapely.points(mercator_km(lonlat[rows]))
        found = self._tree.query_nearest(points, max_distance=max(within_km * stretch * 1.01, 1e-6))
        order = np.lexsort((found[1], found[0]))
        place, at = np.unique(found[0][order], return_index=True)
        return rows[place].astype(np.int64), found[1][order][at].astype(np.int64)

    def _foot(self, lonlat: FloatArray, street: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the fractions along the streets' first edges, and the points there in degrees."""
        lines = self._lines[street]
        at = shapely.line_locate_point(lines, shapely.points(mercator_km(lonlat)), normalized=True)
        fraction = np.nan_to_num(at)  # a street without length has no fractions
        near = _AT_NODE_M / np.maximum(self.network.length_m[self.first[street]], _AT_NODE_M)
        fraction = np.where(fraction <= near, 0.0, np.where(fraction >= 1.0 - near, 1.0, fraction))
        foot = degrees(
            shapely.get_coordinates(shapely.line_interpolate_point(lines, fraction, normalized=True))
        )
        edge = self.first[street]
        ends = self.network.xy[self.network.start[edge]], self.network.xy[self.network.start[edge + 1] - 1]
        for side, end in enumerate(ends):  # an end is where the network says, to the last bit
            foot[fraction == side] = end[fraction == side]
        return fraction, foot


def mercator_km(lonlat: FloatArray) -> FloatArray:
    """Return WGS-84 degrees (P, 2) in Mercator's projection of the mean sphere, km at the equator."""
    radians = np.radians(lonlat)
    xy: FloatArray = EARTH_RADIUS_KM * np.column_stack([radians[:, 0], np.arcsinh(np.tan(radians[:, 1]))])
    return xy


def degrees(xy_km: FloatArray) -> FloatArray:
    """Return what `mercator_km` was given."""
    x, y = (xy_km / EARTH_RADIUS_KM).T
    lonlat: FloatArray = np.degrees(np.column_stack([x, np.arctan(np.sinh(y))]))
    return lonlat


def _streets(network: RoadNetwork) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the street of each edge, the first edge of each street, and which edges run against it."""
    if not len(network.tail):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, np.zeros(0, dtype=bool)
    _, first, street = np.unique(_vertex_digest(network), return_index=True, return_inverse=True)
    second = network.xy[network.start[:-1] + 1]
    same_end = network.tail == network.tail[first[street]]
    loop = network.tail == network.head
    same_way = np.where(loop, (second == second[first[street]]).all(axis=1), same_end)
    return street.astype(np.int64), first.astype(np.int64), ~same_way


def _vertex_digest(network: RoadNetwork) -> NDArray[np.uint64]:
    """Return a number of each edge's vertices that does not depend on their order."""
    bits = np.ascontiguousarray(network.xy).view(np.uint64)
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15) + bits[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.add.reduceat(mixed, network.start[:-1])


def _lines(network: RoadNetwork, edges: IntArray) -> NDArray[np.object_]:
    """Return the edges' lines in Mercator's projection."""
    counts = np.diff(network.start)[edges]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    within = np.arange(first[-1]) - np.repeat(first[:-1], counts)
    xy = mercator_km(network.xy[np.repeat(network.start[:-1][edges], counts) + within])
    lines: NDArray[np.object_] = shapely.linestrings(xy, indices=np.repeat(np.arange(len(edges)), counts))
    return lines
