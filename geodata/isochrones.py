"""Service areas: from where an outlet is reached by road within a limit, as polygons."""

from itertools import pairwise
from threading import Lock
from typing import TypeAlias
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import shapely
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.optimize import brentq

from geodata.reach import FloatArray, IndexArray, TravelUnit
from geodata.roadlinks import Joints
from geodata.roadnetwork import RoadNetwork
from geodata.roadreach import RoadReach
from geodata.roadsearch import spread
from geodata.snapping import degrees, mercator_km

HOLE_KM2 = 0.01
"""Holes smaller than this are filled."""
_CELL_KM = 0.02  # the raster's, in small networks
_MOST_CELLS = 1000  # across a network; larger networks have a coarser raster
_NEVER = 1e6  # units; what is not reached

Window: TypeAlias = tuple[slice, slice]

_RASTERS: "WeakKeyDictionary[RoadReach, _Raster]" = WeakKeyDictionary()
_LOCK = Lock()


def service_areas(reach: RoadReach, places: FloatArray, limit: float, unit: TravelUnit) -> gpd.GeoSeries:
    """Return from where each place is reached within `limit`, or what is reached from it, as options say.

    What a way takes is known at every point of every road. A place beside it joins the nearest road, as far
    as that is on the network, and no other: what a demand point there would be found to be, the area shows.
    It is drawn on a raster of the whole network, so that the area of a longer limit holds that of a shorter
    one. Around a place off the network it is a disc.

    Parameters
    ----------
    reach
        The roads.
    places
        Shape (J, 2), WGS-84 degrees.
    limit
        In `unit`.
    unit
        What is counted.

    Returns
    -------
    geopandas.GeoSeries
        J valid polygons or multipolygons, EPSG:4326; empty where nothing is reached.
    """
    places = np.asarray(places, dtype=np.float64).reshape(-1, 2)
    raster = _raster(reach)
    on_road = reach.snapped(places).on_road
    shapes = [
        raster.area(reach, reach.joints(place, unit), limit, unit)
        if near
        else _disc(reach, place, limit, unit)
        for place, near in zip(places, on_road, strict=True)
    ]
    return gpd.GeoSeries(shapes, crs="EPSG:4326")


def _raster(reach: RoadReach) -> "_Raster":
    """Return the raster of a network, which is kept as long as the network made ready is."""
    with _LOCK:
        if reach not in _RASTERS:
            _RASTERS[reach] = _Raster(reach.network, reach.options.snap_km)
        return _RASTERS[reach]


class _Raster:
    """A raster over a network, and points along all its edges, close enough to miss no cell.

    Its kilometres are those of Mercator's projection at the network's middle latitude.
    """

    def __init__(self, network: RoadNetwork, snap_km: float) -> None:
        middle = (network.lat.min() + network.lat.max()) / 2.0 if len(network.lat) else 0.0
        self._scale = float(np.cos(np.radians(middle)))
        xy = mercator_km(network.xy) * self._scale
        extent = float(np.ptp(xy, axis=0).max()) if len(xy) else 0.0
        self.cell = max(_CELL_KM, extent / _MOST_CELLS)
        self._origin = xy.min(axis=0, initial=np.inf)
        self._edge, self._fraction, at = _points_along(xy, network.start, self.cell)
        self._first = np.searchsorted(self._edge, np.arange(len(network.tail) + 1))
        self._at: IndexArray = np.rint((at - self._origin) / self.cell).astype(np.int64)
        self._margin = int(np.ceil(snap_km / self.cell)) + 1
        self._near, off = _nearest_roads(self._at, self._margin)
        self._off_km = np.where(off * self.cell <= snap_km, off * self.cell, np.inf)

    def area(self, reach: RoadReach, place: Joints, limit: float, unit: TravelUnit) -> shapely.Geometry:
        """Return from where one place is reached."""
        if limit < 0:
            return shapely.MultiPolygon()
        ways = reach.options.direction.ways
        wide = limit * len(ways) * 1.05  # what is just beyond the limit says where between cells it ends
        found = [self._taken(reach, place, wide, unit, to) for to in ways]
        where = [self._at[rows] for rows, _ in found]
        if not all(map(len, where)):
            return shapely.MultiPolygon()
        low = np.min([at.min(axis=0) for at in where], axis=0)
        high = np.max([at.max(axis=0) for at in where], axis=0) + 2 * self._margin + 1
        window = slice(low[0], high[0]), slice(low[1], high[1])
        a_km = 1.0 if unit is TravelUnit.KM else 60.0 / reach.options.access_kmh
        fields = [
            self._beside(_least_in(at - low + self._margin, taken, high - low), window, a_km)
            for at, (_, taken) in zip(where, found, strict=True)
        ]
        return self._outline(np.mean(fields, axis=0), low - self._margin, limit)

    def _taken(
        self, reach: RoadReach, place: Joints, limit: float, unit: TravelUnit, to: bool
    ) -> tuple[IndexArray, FloatArray]:
        """Return the points of the roads from where the way to the place, or back, is known, and its cost."""
        graph, cost = reach.graph(unit)
        taken, _ = graph.tree(place.links(leaving=not to), limit, backwards=to)
        ends = reach.network.head if to else reach.network.tail
        own = place.own_edges(0)
        edges = np.union1d(np.flatnonzero(taken[ends] <= limit), own)
        rows = spread(self._first[edges], self._first[edges + 1] - self._first[edges])
        edge, along = self._edge[rows], self._fraction[rows]
        field = taken[ends[edge]] + (1.0 - along if to else along) * cost[edge]
        if not place.at_node[0]:
            mine = np.flatnonzero(np.isin(edge, own))
            at = place.fractions(np.zeros(len(mine), dtype=np.int64), edge[mine])
            ahead = (at - along[mine]) * (1.0 if to else -1.0)
            direct = np.where(ahead >= 0, ahead * cost[edge[mine]] + place.access[0], np.inf)
            field[mine] = np.minimum(field[mine], direct)
        known = field <= limit
        return rows[known], field[known]

    def _beside(self, field: FloatArray, window: Window, a_km: float) -> FloatArray:
        """Return a raster whose cells without a road take what the nearest one takes, and the leg to it."""
        x, y = (self._near[axis][window] - window[axis].start for axis in (0, 1))
        width, height = field.shape
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        there = np.where(inside, field[np.where(inside, x, 0), np.where(inside, y, 0)], _NEVER)
        return np.minimum(there + self._off_km[window] * a_km, _NEVER)

    def _outline(self, field: FloatArray, corner: IndexArray, limit: float) -> shapely.Geometry:
        """Return where `field` is at most `limit`, without small holes, in degrees."""
        x, y = (
            self._origin[axis] + (corner[axis] + np.arange(field.shape[axis])) * self.cell for axis in (0, 1)
        )
        contours = contour_generator(x, y, field.T, fill_type=FillType.OuterOffset).filled(-1.0, limit)
        parts = [_without_small_holes(*part) for part in zip(*contours, strict=True)]
        shape = shapely.transform(shapely.MultiPolygon(parts), lambda xy: degrees(xy / self._scale))
        return shape if shape.is_valid else shapely.make_valid(shape, method="structure")


def _points_along(
    xy: FloatArray, start: IndexArray, step: float
) -> tuple[IndexArray, FloatArray, FloatArray]:
    """Return points at most `step` apart along lines: the line, the fraction of its length, and where."""
    segment = np.flatnonzero(np.diff(np.repeat(np.arange(len(start) - 1), np.diff(start))) == 0)
    begin, end = xy[segment], xy[segment + 1]
    length = np.hypot(*(end - begin).T)
    line = np.searchsorted(start, segment, side="right") - 1
    before = np.cumsum(length) - length
    first = np.searchsorted(line, np.arange(len(start) - 1))
    whole = np.bincount(line, length, minlength=len(start) - 1)
    counts = np.ceil(length / step).astype(np.int64) + 1
    at = np.repeat(np.arange(len(segment)), counts)
    share = spread(np.zeros_like(counts), counts) / np.repeat(counts - 1.0, counts).clip(1.0)
    passed = before[at] - before[first[line[at]]] + share * length[at]
    fraction = np.clip(passed / np.maximum(whole[line[at]], 1e-12), 0.0, 1.0)
    return line[at].astype(np.int64), fraction, begin[at] + share[:, None] * (end - begin)[at]


def _least_in(where: IndexArray, values: FloatArray, shape: IndexArray) -> FloatArray:
    """Return a raster with the least of the values in each cell."""
    field = np.full(tuple(shape), _NEVER)
    np.minimum.at(field.reshape(-1), where[:, 0] * shape[1] + where[:, 1], values)
    return field


def _nearest_roads(at: IndexArray, margin: int) -> tuple[IndexArray, FloatArray]:
    """Return the nearest cell with a road (2, W, H) of all cells up to `margin` around, and how far it is."""
    if not len(at):
        return np.zeros((2, 0, 0), dtype=np.int64), np.zeros((0, 0))
    empty = np.ones(at.max(axis=0) + 2 * margin + 1, dtype=bool)
    empty[at[:, 0] + margin, at[:, 1] + margin] = False
    off, near = distance_transform_edt(empty, return_indices=True)
    return near, off


def _without_small_holes(points: FloatArray, offsets: NDArray[np.uint32]) -> shapely.Polygon:
    rings = [points[begin:end] for begin, end in pairwise(offsets.tolist())]
    return shapely.Polygon(rings[0], [ring for ring in rings[1:] if shapely.Polygon(ring).area >= HOLE_KM2])


def _disc(reach: RoadReach, place: FloatArray, limit: float, unit: TravelUnit) -> shapely.Geometry:
    """Return the disc in which the straight line times the detour is at most `limit`."""
    if not np.isfinite(place).all() or limit <= 0:
        return shapely.MultiPolygon()
    options = reach.options
    km = limit if unit is TravelUnit.KM else limit / 60.0 * options.fallback_kmh
    detour = options.detour

    def beyond(straight_km: float) -> float:
        return float(detour(np.array([straight_km]))[0] if callable(detour) else detour * straight_km) - km

    radius = brentq(beyond, 0.0, km) / np.cos(np.radians(place[1]))
    centre = shapely.Point(mercator_km(place[None])[0])
    return shapely.transform(centre.buffer(radius), degrees)
