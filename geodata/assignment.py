"""Which area a point stands in: exact, for a million points in about a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from geodata.messages import Note, NoteKind, say
from geodata.packaged import left_out_polygons

KM_PER_DEGREE = 6371.0088 * np.pi / 180
_BAND = 0.1  # degrees of latitude that share one scale of longitude; wrong by less than 4 m at 3 km

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where points stand.

    Attributes
    ----------
    adcode
        The area's code by point, "" where the point is off every area; shape (n,), object.
    offset_km
        0 inside an area or on its border, the distance to it where the point was taken from outside,
        NaN where the point is off every area; shape (n,).
    left_out
        Whether the point lies in a special area that is none of ours; shape (n,), bool.
    """

    adcode: NDArray[np.object_]
    offset_km: FloatArray
    left_out: NDArray[np.bool_]

    def notes(self, source: str = "") -> list[Note]:
        """Return a note for the points taken from the special areas, and one for those near a border."""
        near = self.adcode[(self.offset_km > 0) & ~self.left_out]
        taken = self.adcode[self.left_out]
        found = []
        if len(taken):
            message = say(
                "{n} points lie in the special areas 629700, 629800 or 629900, which are no area of this "
                "study; they count for the nearest area ({areas}).",
                n=len(taken),
                areas=", ".join(sorted(set(taken))),
            )
            found.append(Note(NoteKind.AREA, message, source))
        if len(near):
            message = say(
                "{n} points lie just off every area and count for the nearest one ({areas}).",
                n=len(near),
                areas=", ".join(sorted(set(near))[:10]),
            )
            found.append(Note(NoteKind.AREA, message, source))
        return found


def assign_areas(
    lon: ArrayLike,
    lat: ArrayLike,
    areas: gpd.GeoDataFrame,
    *,
    snap_km: float = 3.0,
    territory: ArrayLike | None = None,
) -> NDArray[np.object_]:
    """Return the adcode of the area each point stands in, "" off every area; see `locate`."""
    return locate(lon, lat, areas, snap_km=snap_km, territory=territory).adcode


def locate(
    lon: ArrayLike,
    lat: ArrayLike,
    areas: gpd.GeoDataFrame,
    *,
    snap_km: float = 3.0,
    territory: ArrayLike | None = None,
) -> Assignment:
    """Find the area of each point.

    A point inside an area belongs to it; one on a border to the lowest adcode; one off every area, but at
    most `snap_km` away, to the nearest; one in a special area of Gansu that is none of the areas to the
    nearest however far.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape (n,). A point with NaN is off every area.
    areas
        Polygons in EPSG:4326 with `adcode` and `province_adcode`.
    snap_km
        How far off a point may lie, km.
    territory
        Where known, the territory of each point as `territory_of` names it ("CN", "HK", "MO", "TW"), shape
        (n,): then a point off every area is only ever taken to an area of its own.
    """
    given_x, given_y = np.asarray(lon, dtype=float).ravel(), np.asarray(lat, dtype=float).ravel()
    order = np.argsort(given_x, kind="stable")
    points = _Points(given_x[order], given_y[order])
    ordered = areas.sort_values("adcode", kind="stable")
    shapes = np.array(ordered.geometry.to_numpy())
    shapely.prepare(shapes)
    found = _inside(points, shapes)
    special = _in_left_out(points, found, ordered)
    limit = np.where(special, np.inf, snap_km)
    own = None
    if territory is not None:
        own = (np.asarray(territory, dtype=object)[order], territory_of(ordered["adcode"]))
    offset = _snap(points, shapes, found, limit, own)
    codes = np.append(ordered["adcode"].to_numpy(dtype=object), "")
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return Assignment(codes[found][back], offset[back], special[back])


def territory_of(adcode: pd.Series) -> NDArray[np.object_]:
    """Return the territory of areas by their code: HK, MO and TW by GB/T 2260, every other CN."""
    names = {"71": "TW", "81": "HK", "82": "MO"}
    return adcode.str[:2].map(names).fillna("CN").to_numpy(dtype=object)


@dataclass(frozen=True, slots=True)
class _Points:
    """Points sorted by longitude, so that a box of longitudes is a slice."""

    x: FloatArray
    y: FloatArray

    def boxed(self, shapes: NDArray[np.object_], margin: float = 0.0) -> Iterator[tuple[int, IntArray]]:
        """Yield each shape's index and the points in its bounding box, widened by degrees of latitude."""
        for index, (left, low, right, high) in enumerate(shapely.bounds(shapes)):
            wide = margin * _stretch(max(abs(low), abs(high)) + margin)
            start, end = (
                np.searchsorted(self.x, left - wide),
                np.searchsorted(self.x, right + wide, side="right"),
            )
            y = self.y[start:end]
            yield index, start + np.flatnonzero((y >= low - margin) & (y <= high + margin))


def _stretch(latitude: float) -> float:
    """Return how many degrees of longitude are as long as one of latitude; bounded near the poles."""
    return float(1 / max(np.cos(np.radians(min(abs(latitude), 90.0))), 0.01))


def _inside(points: _Points, shapes: NDArray[np.object_]) -> IntArray:
    """Return the index of the shape that contains each point, else the first it touches, else -1."""
    found = np.full(len(points.x), -1, dtype=np.int64)
    for predicate in (shapely.contains_xy, shapely.intersects_xy):
        for index, rows in points.boxed(shapes):
            rows = rows[found[rows] < 0]
            found[rows[predicate(shapes[index], points.x[rows], points.y[rows])]] = index
    return found


def _in_left_out(points: _Points, found: IntArray, areas: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which points off every area lie in the special areas, where the areas are China's."""
    special = np.zeros(len(found), dtype=bool)
    x, y = points.x, points.y
    rows = np.flatnonzero((found < 0) & (x > 100) & (x < 104) & (y > 34) & (y < 39))
    if len(rows) and (areas["province_adcode"] == "620000").any():
        for shape in left_out_polygons():
            special[rows] |= shapely.intersects_xy(shape, x[rows], y[rows])
    return special


def _snap(
    points: _Points,
    shapes: NDArray[np.object_],
    found: IntArray,
    limit_km: FloatArray,
    own: tuple[NDArray[np.object_], NDArray[np.object_]] | None,
) -> FloatArray:
    """Take points off every shape to the nearest within their limit, ties to the first.

    `own` are the territories of points and shapes: no point leaves its own. Fills `found` and returns the
    distances (NaN where still off, 0 where inside).
    """
    offset = np.where(found >= 0, 0.0, np.nan)
    off = np.isnan(offset) & np.isfinite(points.x) & np.isfinite(points.y)
    anywhere = np.flatnonzero(off & np.isinf(limit_km))
    margin = float(limit_km[off & np.isfinite(limit_km)].max(initial=0.0)) / KM_PER_DEGREE * 1.01
    best = limit_km.copy()
    for index, rows in points.boxed(shapes, margin):
        rows = _roughly_near(points, rows[off[rows]], shapes[index], margin)
        rows = np.union1d(rows, anywhere)
        if own is not None:
            rows = rows[own[0][rows] == own[1][index]]
        km = _distance_km(points.x[rows], points.y[rows], shapes[index])
        closer = (km < best[rows]) | ((km == best[rows]) & (found[rows] < 0))
        best[rows[closer]], offset[rows[closer]], found[rows[closer]] = km[closer], km[closer], index
    return offset


def _roughly_near(points: _Points, rows: IntArray, shape: shapely.Geometry, margin: float) -> IntArray:
    """Return the rows that may be within `margin` degrees of latitude: cheap, before measuring."""
    if not len(rows):
        return rows
    wide = margin * _stretch(float(np.abs(points.y[rows]).max()))
    near: NDArray[np.bool_] = shapely.dwithin(shape, shapely.points(points.x[rows], points.y[rows]), wide)
    return rows[near]


def _distance_km(x: FloatArray, y: FloatArray, shape: shapely.Geometry) -> FloatArray:
    """Return the distance of points to a shape in the local plane of each point's band of latitude, km."""
    km = np.empty(len(x))
    bands = np.round(y / _BAND).astype(np.int64)
    for band in np.unique(bands):
        rows = np.flatnonzero(bands == band)
        scale = np.array([1 / _stretch(band * _BAND), 1.0])
        plane = shapely.transform(shape, lambda xy, scale=scale: xy * scale)
        shapely.prepare(plane)
        km[rows] = shapely.distance(plane, shapely.points(x[rows] * scale[0], y[rows])) * KM_PER_DEGREE
    return km
