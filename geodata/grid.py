"""Square cells in an equal-area plane: what many weighted points of an area are merged into."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geodata.assignment import KM_PER_DEGREE
from geodata.messages import InputError, say
from geodata.schemas import CRS as DEGREES

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

ABOUT_POINTS = 100_000
"""Without a size, cells are so large that about so many cover the areas, at most."""
MOST_POINTS = 1_000_000
"""A size that would need more cells than this is refused."""
SMALLEST_KM, LARGEST_KM = 0.05, 500.0
_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_EDGE = 0.02  # degrees; the plane bends an edge so long by less than 10 cm


@dataclass(frozen=True)
class Grid:
    """Square cells of one size in a Lambert azimuthal equal-area projection of WGS-84.

    Attributes
    ----------
    lon, lat
        The centre of the projection, whole degrees.
    cell_km
        The side of a cell, km.
    """

    lon: int
    lat: int
    cell_km: float

    @cached_property
    def crs(self) -> CRS:
        """The projection, in metres."""
        return CRS.from_proj4(f"+proj=laea +lat_0={self.lat} +lon_0={self.lon} +datum=WGS84 +units=m")

    def cell(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        """Return column and row of the cells that points in the plane (metres) lie in, shapes (n,)."""
        size = self.cell_km * 1000
        return np.floor(x / size).astype(np.int64), np.floor(y / size).astype(np.int64)

    def plane(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return WGS-84 degrees as metres in the plane."""
        x, y = Transformer.from_crs(DEGREES, self.crs, always_xy=True).transform(lon, lat)
        return x, y

    def shapes(self, shapes: gpd.GeoSeries) -> gpd.GeoSeries:
        """Return polygons in WGS-84 degrees in the plane; their edges are parted, so that long ones bend."""
        return shapes.segmentize(_EDGE).to_crs(self.crs)

    def degrees(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return metres in the plane as WGS-84 degrees."""
        lon, lat = Transformer.from_crs(self.crs, DEGREES, always_xy=True).transform(x, y)
        return lon, lat

    def squares(self, column: IntArray, row: IntArray) -> NDArray[np.object_]:
        """Return cells as polygons in WGS-84 degrees, by their four corners; shape (n,)."""
        size = self.cell_km * 1000
        across = np.column_stack([column, column + 1, column + 1, column]) * size
        up = np.column_stack([row, row, row + 1, row + 1]) * size
        lon, lat = self.degrees(across.ravel(), up.ravel())
        corners = np.column_stack([lon, lat]).reshape(-1, 4, 2)
        return np.asarray(shapely.polygons(corners), dtype=object)


def grid_for(
    areas: gpd.GeoDataFrame, cell_km: float | None = None, *, at_least: float = 0.0, most: float = np.inf
) -> Grid:
    """Return the grid of `areas`: the same for the same areas and size, whatever is merged into it.

    Parameters
    ----------
    areas
        Polygons in EPSG:4326.
    cell_km
        The side of a cell, km; None: the smallest round one with which about 100,000 cells cover the areas.
    at_least
        The resolution of what is merged, km: cells are never smaller.
    most
        How many things are merged: there cannot be more points.

    Raises
    ------
    InputError
        If a size is asked for with which there would be more than a million points.
    """
    left, low, right, high = areas.total_bounds
    lon, lat = round((left + right) / 2), round((low + high) / 2)
    plane = areas.geometry.to_crs(Grid(lon, lat, 1.0).crs)
    surface, outline = float(plane.area.sum()) / 1e6, float(plane.length.sum()) / 1e3
    fitting = next(size for size in _sizes() if _count(surface, outline, size) <= ABOUT_POINTS)
    if cell_km is None:
        return Grid(lon, lat, max(fitting, rounded_up(at_least)))
    size = rounded_up(at_least) if at_least > cell_km else cell_km
    _require_workable(size, min(most, _count(surface, outline, size)), fitting)
    return Grid(lon, lat, size)


def rounded_up(km: float) -> float:
    """Return the next round size of a cell.

    >>> rounded_up(0.93), rounded_up(1.0), rounded_up(11)
    (1.0, 1.0, 12.0)
    """
    return next(size for size in _sizes() if size >= km * (1 - 1e-9))


def require_cell_km(cell_km: float | None) -> None:
    """Raise an `InputError` if `cell_km` is no size of a cell."""
    if cell_km is not None and not SMALLEST_KM <= cell_km <= LARGEST_KM:
        raise InputError(
            say(
                "A cell of {size:g} km is no useful size; choose one from {smallest:g} to {largest:g} km.",
                size=cell_km,
                smallest=SMALLEST_KM,
                largest=LARGEST_KM,
            )
        )


def cell_sums(
    grid: Grid, area: IntArray, x: FloatArray, y: FloatArray, weight: FloatArray, **also: FloatArray
) -> pd.DataFrame:
    """Sum weights by area and cell.

    Parameters
    ----------
    grid
        The cells.
    area
        The position of each point's area, shape (n,).
    x, y
        The points in the grid's plane, metres.
    weight
        Not negative; where the points of a cell are put together.
    **also
        Further quantities of the points.

    Returns
    -------
    pandas.DataFrame
        A row for each area and cell with points in it: area, column, row, weight; x and y, the sums of
        weight × the distance from the cell's corner in cells, which `centroids` divides; the further sums.
    """
    column, row = grid.cell(x, y)
    size = grid.cell_km * 1000
    first = (int(column.min(initial=0)), int(row.min(initial=0)))
    wide, tall = int(column.max(initial=0)) - first[0] + 1, int(row.max(initial=0)) - first[1] + 1
    key = (area * wide + (column - first[0])) * tall + (row - first[1])
    number, found = pd.factorize(key)
    found = np.asarray(found, dtype=np.int64)
    parts = {"weight": weight, "x": weight * (x / size - column), "y": weight * (y / size - row), **also}
    sums = {name: np.bincount(number, values, minlength=len(found)) for name, values in parts.items()}
    where = {
        "area": found // (wide * tall),
        "column": found // tall % wide + first[0],
        "row": found % tall + first[1],
    }
    return pd.DataFrame(where | sums)


def added(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the sums of several `cell_sums` as one, sorted by area, column and row."""
    return pd.concat(parts).groupby(["area", "column", "row"], as_index=False).sum()


def centroids(grid: Grid, sums: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a point for each area and cell, where its weight is.

    A point off its area (the centroid of a bay's shore lies in the water) is moved to the area's part of the
    cell; where the area has no part in it, to the area's nearest point, if that is no farther than a cell is
    wide.

    Returns
    -------
    pandas.DataFrame
        point_id, adcode, lon, lat (WGS-84), weight as it is, cell_km.
    """
    column, row = sums["column"].to_numpy(np.int64), sums["row"].to_numpy(np.int64)
    mass = sums["weight"].to_numpy(float)
    share = [np.clip(sums[axis].to_numpy(float) / np.where(mass > 0, mass, 1.0), 0.0, 1.0) for axis in "xy"]
    size = grid.cell_km * 1000
    lon, lat = grid.degrees((column + share[0]) * size, (row + share[1]) * size)
    area = sums["area"].to_numpy(np.int64)
    shapes = areas.geometry.to_numpy()
    off = _off(lon, lat, area, shapes)
    squares = grid.squares(column[off], row[off])
    moved = _inside(np.column_stack([lon, lat])[off], squares, shapes[area[off]], grid.cell_km)
    lon[off], lat[off] = moved[:, 0], moved[:, 1]
    code = areas["adcode"].to_numpy(dtype=object)[area]
    names = [f"{one}:{across}:{up}" for one, across, up in zip(code, column, row, strict=True)]
    table = {"point_id": pd.Series(names, dtype="str"), "adcode": pd.Series(code, dtype="str")}
    return pd.DataFrame(table | {"lon": lon, "lat": lat, "weight": mass, "cell_km": grid.cell_km})


def _off(lon: FloatArray, lat: FloatArray, area: IntArray, shapes: NDArray[np.object_]) -> IntArray:
    """Return the rows whose point is not in its area."""
    inside = np.zeros(len(lon), dtype=bool)
    for rows in pd.Series(np.arange(len(area))).groupby(area).indices.values():
        shape = shapes[area[rows[0]]]
        shapely.prepare(shape)
        inside[rows] = shapely.intersects_xy(shape, lon[rows], lat[rows])
    return np.flatnonzero(~inside)


def _inside(
    xy: FloatArray, squares: NDArray[np.object_], shapes: NDArray[np.object_], most_km: float
) -> FloatArray:
    """Return points in the parts that squares have of shapes, else the shapes' nearest points, if near."""
    if not len(xy):
        return xy
    parts = shapely.intersection(shapes, squares)
    lines = shapely.shortest_line(shapes, shapely.points(xy))
    near = shapely.length(lines) * KM_PER_DEGREE <= most_km
    nearest = np.where(near, shapely.get_point(lines, 0), shapely.points(xy))
    found = np.where(shapely.area(parts) > 0, shapely.point_on_surface(parts), nearest)
    return np.asarray(shapely.get_coordinates(found), dtype=float)


def _sizes() -> Iterable[float]:
    for power in range(-1, 5):
        for step in _STEPS:
            yield round(step * 10.0**power, 3)


def _count(surface_km2: float, outline_km: float, size_km: float) -> float:
    """Return about how many parts of cells cover areas: a border's length L crosses 4·L/(π·size) cells."""
    return surface_km2 / size_km**2 + outline_km / 2 * (4 / np.pi) / size_km


def _require_workable(cell_km: float, count: float, better: float) -> None:
    if count > MOST_POINTS:
        raise InputError(
            say(
                "Cells of {size:g} km would be about {count:,} points, more than the {most:,} that a study "
                "takes; choose {better:g} km or more.",
                size=cell_km,
                count=round(count),
                most=MOST_POINTS,
                better=better,
            )
        )
