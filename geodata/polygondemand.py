"""Demand from polygons with values, such as vehicles by district: spread evenly over their surface.

Areal interpolation (tobler) takes the values to the parts that equal-area cells have of the areas; what lies
off every area is left out and said.
"""

from collections.abc import Iterator
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.columns import DEMAND
from geodata.coordinates import to_wgs84
from geodata.demand import DEMAND_COLUMNS, normalised, with_assumed
from geodata.grid import Grid, centroids, grid_for
from geodata.messages import InputError, Message, Note, NoteKind, say
from geodata.rawtable import RawTable
from geodata.schemas import CRS, Datum
from geodata.validation import MOST_PROBLEMS, CheckedTable, checked, matched_headers, raise_problems
from geodata.weighteddemand import measured, require_weight

Shapes: TypeAlias = NDArray[np.object_]
_SURFACES = ("Polygon", "MultiPolygon")
_TOLD = 1e-3  # less of the weight off every area, or of the surface covered twice, is not worth a note


def has_polygons(raw: RawTable) -> bool:
    """Tell whether a file holds polygons that say where its demand is; a demand table names its places."""
    if raw.geometry is None or raw.frame.columns.empty:
        return False
    given = matched_headers(raw, DEMAND, DEMAND.names)
    kinds = set(gpd.GeoSeries(raw.geometry).geom_type.dropna())
    return bool(kinds & set(_SURFACES)) and not {"point_id", "adcode", "lon", "lat"} <= given.keys()


def polygon_demand(
    raw: RawTable, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84, *, cell_km: float | None = None
) -> tuple[pd.DataFrame, list[Note]]:
    """Return polygons with values as demand points.

    Parameters
    ----------
    raw
        Polygons with a weight (or people) each: a number of things in them, no density.
    areas
        The areas of the study, EPSG:4326; those without any weight get assumed points.
    datum
        The datum of the polygons.
    cell_km
        The side of the cells that values are spread over, km; see `geodata.grid.grid_for`.

    Raises
    ------
    InputError
        One sentence for everything that cannot be used, or if no polygon lies in any area.
    """
    table = checked(raw, measured(raw), optional=("lon", "lat", "adcode"))
    shapes = _degrees(table, datum)
    raise_problems([*table.problems, *_unusable(table, shapes)])
    mended, notes = _mended(table, shapes)
    near = _reached(areas, mended)
    if near.empty:
        raise _nowhere(raw.source)
    grid = grid_for(near, cell_km)
    source = _quantities(table, grid.shapes(mended))
    require_weight(table, source["weight"])
    points = _spread(source, near, grid)
    if points.empty:
        raise _nowhere(raw.source)
    completed, missing = with_assumed(normalised(points), areas, raw.source)
    told = [*_spread_note(raw.source, points, grid), *_overlap(raw.source, source)]
    return completed, [*notes, *told, *_left_out(raw.source, source, points), *missing]


def parts_of_cells(areas: gpd.GeoDataFrame, grid: Grid, near: Shapes) -> gpd.GeoDataFrame:
    """Return the parts that cells have of areas, in the grid's plane: area (position), column, row, geometry.

    Parameters
    ----------
    areas
        Polygons in EPSG:4326.
    grid
        The cells.
    near
        Shapes in the plane; only cells that touch one of them are returned.
    """
    tree = shapely.STRtree(near)
    plane = grid.shapes(areas.geometry).to_numpy()
    parts = [_parts(position, shape, grid, tree) for position, shape in enumerate(plane)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=grid.crs)


def _parts(position: int, shape: shapely.Geometry, grid: Grid, tree: shapely.STRtree) -> pd.DataFrame:
    size = grid.cell_km * 1000
    left, low, right, high = np.floor(np.array(shape.bounds) / size).astype(np.int64)
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(left, right + 1), np.arange(low, high + 1)))
    boxes = shapely.box(column * size, row * size, (column + 1) * size, (row + 1) * size)
    shapely.prepare(shape)
    touched = shapely.intersects(shape, boxes)
    touched[touched] = np.isin(
        np.arange(touched.sum()), tree.query(boxes[touched], predicate="intersects")[0]
    )
    column, row, boxes = column[touched], row[touched], boxes[touched]
    border = ~shapely.covers(shape, boxes)
    boxes[border] = shapely.intersection(shape, boxes[border])
    some = shapely.area(boxes) > 0
    table = {"area": position, "column": column[some], "row": row[some], "geometry": boxes[some]}
    return pd.DataFrame(table)


def _spread(source: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, grid: Grid) -> pd.DataFrame:
    """Return the quantities of polygons at the parts of cells and areas, as demand points of any scale."""
    from tobler.area_weighted import area_interpolate

    parts = parts_of_cells(areas, grid, source.geometry.to_numpy())
    names = ["weight", "population_weight"]
    spread = area_interpolate(source, parts, extensive_variables=names, allocate_total=False)
    some = (spread["weight"] > 0).to_numpy(bool)
    parts, spread = parts[some], spread.loc[some, names].reset_index(drop=True)
    middle = parts.geometry.centroid
    size = grid.cell_km * 1000
    where = {"x": middle.x / size - parts["column"], "y": middle.y / size - parts["row"]}
    points = centroids(grid, parts.assign(weight=1.0, **where).reset_index(drop=True), areas)
    return points.assign(**spread)[[*DEMAND_COLUMNS, "cell_km"]]


def _quantities(table: CheckedTable, shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    people = table.frame["population_weight"].fillna(0.0)
    weight = table.frame["weight"] if table.given("weight") else people
    return gpd.GeoDataFrame({"weight": weight, "population_weight": people}, geometry=shapes)


def _degrees(table: CheckedTable, datum: Datum) -> gpd.GeoSeries:
    """Return the polygons in WGS-84 on the table's row numbers."""
    raw = table.raw
    if raw.crs is None:
        raise InputError(
            say(
                "{file} does not say its coordinate system; set it (EPSG:4326 for degrees) and save again.",
                file=raw.source,
            )
        )
    shapes = gpd.GeoSeries(shapely.force_2d(raw.geometry), index=table.frame.index, crs=raw.crs).to_crs(CRS)
    if datum is Datum.WGS84:
        return shapes

    def converted(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], datum))

    return gpd.GeoSeries(shapely.transform(shapes.to_numpy(), converted), index=shapes.index, crs=CRS)


def _unusable(table: CheckedTable, shapes: gpd.GeoSeries) -> Iterator[Message]:
    """Yield a sentence for each row that has no polygon on the globe."""
    kind = shapes.geom_type.where(~(shapes.isna() | shapes.is_empty))
    for row in shapes.index[~kind.isin(_SURFACES)][:MOST_PROBLEMS]:
        yield say(
            "{file}, row {row}: its geometry is {shape}; give a polygon or remove the row.",
            file=table.raw.source,
            row=int(row),
            shape=kind[row] if isinstance(kind[row], str) else say("missing"),
        )
    bounds = shapes.bounds
    degrees = bounds[["minx", "maxx"]].abs().le(360).all(axis=1)
    inside = degrees & bounds[["miny", "maxy"]].abs().le(90).all(axis=1)
    for row in shapes.index[kind.isin(_SURFACES) & ~inside][:MOST_PROBLEMS]:
        yield say(
            "{file}, row {row}: its corners are no degrees; save it with its true coordinate system, or in "
            "EPSG:4326.",
            file=table.raw.source,
            row=int(row),
        )


def _mended(table: CheckedTable, shapes: gpd.GeoSeries) -> tuple[gpd.GeoSeries, list[Note]]:
    """Return polygons that do not cross themselves, and a note on those that were mended."""
    crossed = ~shapes.is_valid
    if not crossed.any():
        return shapes, []
    message = say(
        "{file}: {n} polygons cross themselves and were mended, first in row {row}.",
        file=table.raw.source,
        n=int(crossed.sum()),
        row=int(shapes.index[crossed][0]),
    )
    mended = shapes.where(~crossed, shapes.make_valid(method="structure", keep_collapsed=False))
    return mended, [Note(NoteKind.PLAUSIBILITY, message, table.raw.source)]


def _reached(areas: gpd.GeoDataFrame, shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    tree = shapely.STRtree(shapes.to_numpy())
    found = tree.query(areas.geometry.to_numpy(), predicate="intersects")[0]
    return areas.iloc[np.unique(found)].reset_index(drop=True)


def _nowhere(source: str) -> InputError:
    return InputError(
        say(
            "{file}: none of its polygons lies in any of the areas; are they of another place, or in another "
            "coordinate system than the file says?",
            file=source,
        )
    )


def _spread_note(source: str, points: pd.DataFrame, grid: Grid) -> Iterator[Note]:
    message = say(
        "{file}: values are taken to spread evenly over their polygons (assumed), as {n:,} points of cells "
        "of {size:g} km.",
        file=source,
        n=len(points),
        size=grid.cell_km,
    )
    yield Note(NoteKind.ASSUMPTION, message, source)


def _overlap(name: str, source: gpd.GeoDataFrame) -> Iterator[Note]:
    whole = float(source.area.sum())
    twice = whole - float(source.geometry.union_all().area)
    if twice > _TOLD * whole:
        message = say(
            "{file}: its polygons cover {km2:,} km² more than once; there the values of all count.",
            file=name,
            km2=round(twice / 1e6, 1),
        )
        yield Note(NoteKind.PLAUSIBILITY, message, name)


def _left_out(name: str, source: gpd.GeoDataFrame, points: pd.DataFrame) -> Iterator[Note]:
    total = float(source["weight"].sum())
    share = 1 - float(points["weight"].sum()) / total
    if share > _TOLD:
        message = say(
            "{file}: {share:.1%} of the weight of its polygons lies off every area and is left out.",
            file=name,
            share=share,
        )
        yield Note(NoteKind.COORDINATES, message, name)
