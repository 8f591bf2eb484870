"""A user's own density of demand, in any of its forms; demand tables themselves are read here."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.areanames import area_index
from geodata.assignment import locate
from geodata.attribution import with_source_of
from geodata.columns import DEMAND
from geodata.declared import declared_areas
from geodata.demand import DEMAND_COLUMNS, shares, with_assumed
from geodata.files import RASTER, open_table, require_format
from geodata.grid import require_cell_km
from geodata.messages import Message, Note, NoteKind, say
from geodata.outlets import repeated_ids
from geodata.points import TablePoints, table_points
from geodata.polygondemand import has_polygons, polygon_demand
from geodata.rawtable import LIMITS, Limits, RawTable
from geodata.schemas import Datum
from geodata.suspicion import suspect_datum
from geodata.validation import CheckedTable, checked, raise_problems
from geodata.weighteddemand import is_density, point_demand, without_point


def read_own_demand(
    path: Path,
    areas: gpd.GeoDataFrame,
    datum: Datum = Datum.WGS84,
    *,
    limits: Limits = LIMITS,
    cell_km: float | None = None,
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the demand points of a file, whatever it is; areas it leaves out get assumed ones, with a note.

    A GeoTIFF is a population raster, polygons carry values, points that name no area or have no name of their
    own are a density of points; everything else is a demand table. Weights of any scale are made to sum to 1
    in each area.

    Raises
    ------
    InputError
        One sentence for everything in the file that cannot be used.
    """
    require_cell_km(cell_km)
    if require_format(path, limits) == RASTER.family:
        from geodata.rasterdemand import read_raster_demand

        return read_raster_demand(path, areas, cell_km=cell_km, limits=limits)
    raw = open_table(path, sheets=DEMAND.sheets, limits=limits)
    if has_polygons(raw):
        points, notes = polygon_demand(raw, areas, datum, cell_km=cell_km)
    elif is_density(raw) or cell_km is not None:
        points, notes = point_demand(raw, areas, datum, cell_km=cell_km)
    else:
        points, notes = table_demand(raw, areas, datum)
    return with_source_of(points, raw.frame), notes


def table_demand(
    raw: RawTable, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the points of a demand table; one counts for the area its row names, wherever it lies.

    Raises
    ------
    InputError
        One sentence for every cell that does not fit, every doubled identifier, unknown area, and
        area whose weights are all 0.
    """
    table = checked(raw, DEMAND, optional=() if raw.geometry is None else ("lon", "lat"))
    place = table_points(table, datum)
    declared = declared_areas(table, area_index(areas))
    frame = table.frame.assign(adcode=declared.adcode, lon=place.lon, lat=place.lat)
    problems = [*table.problems, *place.problems, *declared.problems, *repeated_ids(table, "point_id")]
    raise_problems([*problems, *without_point(table, place), *_without_weight(table, frame)])
    own = frame.assign(
        weight=shares(frame["weight"], frame["adcode"]),
        population_weight=shares(frame["population_weight"], frame["adcode"]),
    )
    own = own[[*DEMAND_COLUMNS, *(name for name in own.columns if name not in DEMAND_COLUMNS)]]
    points, missing = with_assumed(own, areas, raw.source)
    return points, [*declared.notes, *missing, *_off_notes(table, place, own, areas, datum)]


def _without_weight(table: CheckedTable, frame: pd.DataFrame) -> Iterator[Message]:
    """Yield the areas whose points weigh nothing together; a weight that does not fit is said already."""
    for column in ("weight", "population_weight"):
        header = table.header(column)
        said = [m.values["row"] for m in table.problems if m.values.get("column") == header]
        total = frame[column].groupby(frame["adcode"]).agg(["sum", "count"])
        empty = total.index[(total["count"] > 0) & (total["sum"] <= 0)]
        unclear = frame["adcode"].reindex(said)
        for code in empty.difference(["", *unclear]):
            yield say(
                "{file}, column '{column}': the points of area {area} weigh 0 together; give at least one of "
                "them a weight above 0.",
                file=table.raw.source,
                column=header,
                area=code,
            )


def _off_notes(
    table: CheckedTable, place: TablePoints, own: pd.DataFrame, areas: gpd.GeoDataFrame, datum: Datum
) -> Iterator[Note]:
    found = locate(own["lon"], own["lat"], areas).adcode
    other = own.index[found != own["adcode"].to_numpy(dtype=object)]
    if len(other):
        message = say(
            "{file}: {n} of {total} points lie outside the area they name, first in row {row}; they count "
            "for the area named.",
            file=table.raw.source,
            n=len(other),
            total=len(own),
            row=int(other[0]),
        )
        yield Note(NoteKind.COORDINATES, message, table.raw.source, int(other[0]))
        better = suspect_datum(place.given["lon"], place.given["lat"], own["adcode"], areas, datum=datum)
        if better is not None:
            yield better.note(table.raw.source)
