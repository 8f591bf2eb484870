"""Demand from a population raster: exact shares of its cells by area, merged into equal-area cells.

How much of a raster's cell lies in an area is worked out exactly (exactextract), so that the people of a cell
on a border are divided, and an area's people are the raster's zonal sum. The raster is read in windows: its
size does not matter to the memory that is needed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geodata.demand import DEMAND_COLUMNS, normalised, with_assumed
from geodata.grid import Grid, added, cell_sums, centroids, grid_for, require_cell_km
from geodata.messages import InputError, Note, NoteKind, say
from geodata.rasterfile import WINDOW_CELLS, Raster, Tile, opened_raster
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import CRS as DEGREES

IntArray: TypeAlias = NDArray[np.int64]
_ASKED = ["cell_id", "coverage", "values"]


def read_raster_demand(
    path: Path, areas: gpd.GeoDataFrame, *, cell_km: float | None = None, limits: Limits = LIMITS
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the people of a raster as demand points.

    Parameters
    ----------
    path
        A GeoTIFF of one band: how many people live in each cell, in any coordinate system.
    areas
        The areas of the study, EPSG:4326. Those in which the raster has nobody get assumed points.
    cell_km
        The side of the cells that people are merged into; see `geodata.grid.grid_for`.
    limits
        The largest file that is read.

    Returns
    -------
    points : pandas.DataFrame
        The columns of a demand table and `cell_km`: a point for each area and cell with people in it, at
        their centroid. weight and population_weight are both their part of the area's people.
    notes : list of Note
        The size of the cells, which areas the raster cuts off, and which have nobody.

    Raises
    ------
    InputError
        If the file cannot be used, or has nobody in any of the areas.
    """
    require_cell_km(cell_km)
    with opened_raster(path, limits) as raster:
        covered = _covered(raster, areas)
        if covered.empty:
            raise _nobody(raster.source)
        count = raster.shape[0] * raster.shape[1]
        grid = grid_for(covered, cell_km, at_least=_resolution_km(raster), most=count)
        sums, blank = people_by_cell(raster, covered, grid)
    if sums.empty:
        raise _nobody(raster.source)
    points = centroids(grid, sums, covered)
    own = normalised(points.assign(population_weight=points["weight"]))[[*DEMAND_COLUMNS, "cell_km"]]
    completed, missing = with_assumed(own, areas, raster.source)
    return completed, [*_notes(raster, points, grid, cell_km, blank), *_cut(raster, covered), *missing]


def people_by_cell(
    raster: Raster, areas: gpd.GeoDataFrame, grid: Grid, *, window_cells: int = WINDOW_CELLS
) -> tuple[pd.DataFrame, int]:
    """Return the people of each area and cell as `geodata.grid.cell_sums`, and how many cells hold NaN.

    Parameters
    ----------
    raster
        An open raster.
    areas
        Polygons in EPSG:4326 that the raster's coordinate system can hold.
    grid
        The cells that people are merged into.
    window_cells
        About how many cells of the raster are read at once.
    """
    shapes = areas[["adcode", "geometry"]].to_crs(raster.crs)
    tree = shapely.STRtree(shapes.geometry.to_numpy())
    into = Transformer.from_crs(raster.crs, grid.crs, always_xy=True)
    parts, blank = [], 0
    for window in raster.windows(window_cells):
        near = np.sort(tree.query(shapely.box(*raster.bounds_of(window)), predicate="intersects"))
        if len(near):
            tile = raster.read(window)
            blank += tile.blank
            parts += list(_tile_sums(tile, near.astype(np.int64), shapes, grid, into))
    return (added(parts) if parts else pd.DataFrame()), blank


def _tile_sums(
    tile: Tile, near: IntArray, shapes: gpd.GeoDataFrame, grid: Grid, into: Transformer
) -> Iterator[pd.DataFrame]:
    """Yield the sums of each area's part of a tile."""
    for area, cell, people in _parts(tile, near, shapes):
        x, y = into.transform(*tile.centres(cell))
        yield cell_sums(grid, np.full(len(cell), area), x, y, people)


def _parts(
    tile: Tile, near: IntArray, shapes: gpd.GeoDataFrame
) -> Iterator[tuple[int, IntArray, NDArray[np.float64]]]:
    """Yield each area's cells of a tile that have people in it, and how many of them are the area's."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    source = NumPyRasterSource(tile.values, *tile.bounds)
    for area, found in zip(near, exact_extract(source, shapes.iloc[near], _ASKED), strict=True):
        part = found["properties"]
        people = np.asarray(part["coverage"], dtype=float) * np.asarray(part["values"], dtype=float)
        some = people > 0
        if some.any():
            yield int(area), np.asarray(part["cell_id"], dtype=np.int64)[some], people[some]


def _covered(raster: Raster, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas that the raster may reach, none that its coordinate system cannot hold."""
    shapes = areas.geometry.to_crs(raster.crs)
    held = np.isfinite(shapes.bounds).all(axis=1).to_numpy()
    reached = held & shapes.intersects(shapely.box(*raster.bounds)).to_numpy()
    return areas[reached].reset_index(drop=True)


def _resolution_km(raster: Raster) -> float:
    """Return the side of a square as large as the raster's cell in its middle, km."""
    left, low, right, high = raster.bounds
    x, y = (left + right) / 2, (low + high) / 2
    corners = shapely.box(x, y, x + raster.cell[0], y + raster.cell[1])
    middle = gpd.GeoSeries([corners], crs=raster.crs).to_crs(DEGREES)
    centre = middle.iloc[0].centroid
    plane = Grid(round(centre.x), round(centre.y), 1.0).crs
    return float(np.sqrt(middle.to_crs(plane).area.iloc[0])) / 1000


def _nobody(source: str) -> InputError:
    return InputError(
        say(
            "{file} has no people in any of the areas; is it of another place, or in another coordinate "
            "system than it says?",
            file=source,
        )
    )


def _notes(
    raster: Raster, points: pd.DataFrame, grid: Grid, asked: float | None, blank: int
) -> Iterator[Note]:
    message = say(
        "{file}: the {people:,} people of its cells in the areas stand for where sales are (assumed), as "
        "{n:,} points of cells of {size:g} km.",
        file=raster.source,
        people=round(float(points["weight"].sum())),
        n=len(points),
        size=grid.cell_km,
    )
    yield Note(NoteKind.ASSUMPTION, message, raster.source)
    if asked is not None and grid.cell_km > asked:
        message = say(
            "{file}: cells of {asked:g} km are finer than the raster, so {size:g} km were taken.",
            file=raster.source,
            asked=asked,
            size=grid.cell_km,
        )
        yield Note(NoteKind.ASSUMPTION, message, raster.source)
    if blank:
        message = say(
            "{file}: {n:,} cells hold no number (NaN) and count as empty.", file=raster.source, n=blank
        )
        yield Note(NoteKind.PLAUSIBILITY, message, raster.source)


def _cut(raster: Raster, areas: gpd.GeoDataFrame) -> Iterator[Note]:
    """Yield a note on the areas that reach beyond the raster by more than a cell."""
    left, low, right, high = raster.bounds
    wide, tall = raster.cell
    bounds = areas.geometry.to_crs(raster.crs).bounds
    beyond = (
        (bounds["minx"] < left - wide)
        | (bounds["miny"] < low - tall)
        | (bounds["maxx"] > right + wide)
        | (bounds["maxy"] > high + tall)
    )
    if beyond.any():
        message = say(
            "{file} ends inside {n} of the areas ({areas}); only their people within it count.",
            file=raster.source,
            n=int(beyond.sum()),
            areas=", ".join(areas.loc[beyond, "adcode"].head(5)),
        )
        yield Note(NoteKind.PLAUSIBILITY, message, raster.source)
