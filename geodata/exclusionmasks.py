"""Land on which no outlet may open, and how far from it: which points it refuses, and why.

How far is always what the user asks; no distance is taken from any law.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from geodata.columns import folded
from geodata.files import open_table
from geodata.messages import Message, say
from geodata.ownareas import in_degrees
from geodata.rawtable import LIMITS, Limits, RawTable
from geodata.validation import MOST_PROBLEMS, raise_problems

OWN = "own"
"""The name of the user's own polygons among the masks."""
FARTHEST_M = 50_000.0
"""The most that may be asked: farther off, the local plane is no longer true to a metre."""

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
Shapes: TypeAlias = NDArray[np.object_]

_GEOD = Geod(ellps="WGS84")
_BAND = 0.1  # degrees of latitude that share one plane; the nearest point is measured on the ellipsoid
_SHORTEST_DEGREE_M = 110_500.0  # of latitude, a little less than at the equator
_NAMES = frozenset(map(folded, ("name", "reason", "名称", "原因")))


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Land of one kind, to be kept off.

    Attributes
    ----------
    name
        What options and tables call it: water, protected, residential, own.
    title
        What people call it.
    shapes
        Polygons and multipolygons in WGS-84 degrees, shape (m,).
    names
        What each is called, "" where it has no name; shape (m,).
    keep_off_m
        How far a site stays away from it, metres on the ground; 0: not inside.
    """

    name: str
    title: Message
    shapes: Shapes
    names: tuple[str, ...]
    keep_off_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a point is refused: by which mask, how far away its land is (0: inside), in a sentence."""

    mask: str
    distance_m: float
    reason: Message


def refused(lon: ArrayLike, lat: ArrayLike, masks: Sequence[Mask]) -> dict[int, Refusal]:
    """Return the points that masks refuse, by position; the first mask that does gives the reason.

    A point on a border is inside; one exactly as far off as asked is not refused.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape (n,).
    masks
        In the order in which they are asked.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    found: dict[int, Refusal] = {}
    for mask in masks:
        rest = np.array([row for row in range(len(x)) if row not in found], dtype=np.int64)
        nearest, metres = nearest_shape(x[rest], y[rest], mask.shapes, mask.keep_off_m)
        for row, shape, away in zip(rest.tolist(), nearest.tolist(), metres.tolist(), strict=True):
            if away == 0 or away < mask.keep_off_m:
                found[row] = Refusal(mask.name, away, _reason(mask, shape, away))
    return found


def _reason(mask: Mask, shape: int, away: float) -> Message:
    name = mask.names[shape]
    what = say("{kind} '{name}'", kind=mask.title, name=name) if name else mask.title
    if away == 0:
        return say("inside {what}", what=what)
    metres = f"{np.floor(away * 10) / 10:g}"  # rounded up, it could be what was asked
    return say(
        "{metres} m from {what}, {asked} m asked", metres=metres, what=what, asked=f"{mask.keep_off_m:g}"
    )


def nearest_shape(
    lon: FloatArray, lat: FloatArray, shapes: Shapes, within_m: float
) -> tuple[IntArray, FloatArray]:
    """Return the nearest shape of each point and how far away it is, on the ground.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape (n,).
    shapes
        Polygons in WGS-84 degrees, shape (m,).
    within_m
        How far is looked.

    Returns
    -------
    position : array of int (n,)
        Of the shape; -1 where none is so near.
    metres : array of float (n,)
        0 inside or on the border, inf where no shape is so near; true to a metre up to 50 km.
    """
    position, metres = np.full(len(lon), -1, dtype=np.int64), np.full(len(lon), np.inf)
    tree = shapely.STRtree(shapes)
    rows, found = tree.query(shapely.points(lon, lat), predicate="intersects")
    order = np.lexsort((found, rows))[::-1]  # the first of several is written last
    position[rows[order]], metres[rows[order]] = found[order], 0.0
    outside = np.flatnonzero(np.isinf(metres) & np.isfinite(lon) & np.isfinite(lat))
    if within_m > 0 and len(outside):
        for row, shape, away in _near(lon, lat, shapes, tree, outside, within_m):
            if away <= within_m and away < metres[row]:
                position[row], metres[row] = shape, away
    return position, metres


def _near(
    lon: FloatArray,
    lat: FloatArray,
    shapes: Shapes,
    tree: shapely.STRtree,
    outside: IntArray,
    within_m: float,
) -> list[tuple[int, int, float]]:
    """Return the pairs of a point and a shape that may be near, each with its distance in metres."""
    high = within_m / _SHORTEST_DEGREE_M
    wide = high / np.maximum(np.cos(np.radians(np.minimum(np.abs(lat[outside]) + high, 89.0))), 0.01)
    x, y = lon[outside], lat[outside]
    boxes = shapely.box(x - wide, y - high, x + wide, y + high)
    found, near = tree.query(boxes, predicate="intersects")
    rows = outside[found]
    pairs: list[tuple[int, int, float]] = []
    bands = np.round(lat[rows] / _BAND)
    for band in np.unique(bands):
        here = bands == band
        metres = _metres(lon[rows[here]], lat[rows[here]], shapes, near[here], float(band) * _BAND)
        pairs += zip(rows[here].tolist(), near[here].tolist(), metres.tolist(), strict=True)
    return pairs


def _metres(x: FloatArray, y: FloatArray, shapes: Shapes, near: IntArray, latitude: float) -> FloatArray:
    """Return the distances of points to shapes: the nearest place in a local plane, measured by geodesic."""
    scale = np.array([_degree_m(latitude), 1.0])
    unique, back = np.unique(near, return_inverse=True)
    plane = shapely.transform(shapes[unique], lambda xy: xy * scale)
    lines = shapely.shortest_line(shapely.points(x * scale[0], y), plane[back])
    ends = shapely.get_coordinates(shapely.get_point(lines, 1)) / scale
    _, _, metres = _GEOD.inv(x, y, ends[:, 0], ends[:, 1])
    return np.asarray(metres, dtype=float)


def _degree_m(latitude: float) -> float:
    """Return how long a degree of longitude is, in degrees of latitude, on the ellipsoid."""
    phi = np.radians(min(abs(latitude), 89.0))
    flat = 1 - _GEOD.es * np.sin(phi) ** 2
    return float(np.cos(phi) * flat / (1 - _GEOD.es))


def polygons_of(shapes: Shapes) -> Shapes:
    """Return shapes with only their surface kept and mended: None where there is none; shape (m,)."""
    whole = shapely.make_valid(shapes)
    return np.array([_surface(shape) for shape in whole], dtype=object)


def _surface(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    if shape is None or shape.is_empty:
        return None
    parts = [
        part for part in shapely.get_parts(_flat(shape)) if part.geom_type == "Polygon" and part.area > 0
    ]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _flat(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a collection whose parts are no collections themselves."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.geometrycollections(parts)


def read_mask(path: Path, *, keep_off_m: float = 0.0, limits: Limits = LIMITS) -> Mask:
    """Return the polygons of a GeoPackage, GeoJSON or GeoParquet file as a mask of the user's own.

    A column `name` or `reason` says what each is; without it, the file's name does.

    Raises
    ------
    InputError
        One sentence for a file without polygons, and for each row whose geometry is none.
    """
    raw = open_table(path, sheets=("exclusions",), limits=limits)
    shapes = in_degrees(raw)
    polygons = polygons_of(shapes.to_numpy())
    raise_problems(_without_surface(raw, shapes, polygons))
    return Mask(OWN, say("excluded land"), polygons, _names(raw, path.stem), keep_off_m)


def _without_surface(raw: RawTable, shapes: gpd.GeoSeries, polygons: Shapes) -> list[Message]:
    return [
        say(
            "{file}, row {row}: there is no polygon; draw one or remove the row.",
            file=raw.source,
            row=int(row),
        )
        for row, polygon in zip(shapes.index, polygons, strict=True)
        if polygon is None
    ][:MOST_PROBLEMS]


def _names(raw: RawTable, stem: str) -> tuple[str, ...]:
    column = next((name for name in raw.frame.columns if folded(name) in _NAMES), None)
    if column is None:
        return (stem,) * len(raw.frame)
    said = raw.frame[column]
    return tuple(str(one).strip() if pd.notna(one) and str(one).strip() else stem for one in said)
