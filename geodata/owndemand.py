"""A user's own demand table: points with weights of any scale, made to sum to 1 in each area."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.areanames import area_index
from geodata.assignment import locate
from geodata.columns import DEMAND
from geodata.declared import declared_areas
from geodata.demand import DEMAND_COLUMNS, assumed_demand, shares
from geodata.files import open_table
from geodata.messages import Message, Note, NoteKind, say
from geodata.outlets import repeated_ids
from geodata.points import TablePoints, table_points
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import Datum
from geodata.suspicion import suspect_datum
from geodata.validation import MOST_PROBLEMS, CheckedTable, checked, raise_problems


def read_own_demand(
    path: Path, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84, *, limits: Limits = LIMITS
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the demand points of a file; areas it leaves out get assumed ones, with a note.

    Weights of any scale are made to sum to 1 in each area. A point counts for the area its row names,
    wherever it lies.

    Raises
    ------
    InputError
        One sentence for every cell that does not fit, every doubled identifier, unknown area, and
        area whose weights are all 0.
    """
    raw = open_table(path, sheets=DEMAND.sheets, limits=limits)
    table = checked(raw, DEMAND, optional=() if raw.geometry is None else ("lon", "lat"))
    place = table_points(table, datum)
    declared = declared_areas(table, area_index(areas))
    frame = table.frame.assign(adcode=declared.adcode, lon=place.lon, lat=place.lat)
    problems = [*table.problems, *place.problems, *declared.problems, *repeated_ids(table, "point_id")]
    raise_problems([*problems, *_without_point(table, place), *_without_weight(table, frame)])
    own = frame.assign(
        weight=shares(frame["weight"], frame["adcode"]),
        population_weight=shares(frame["population_weight"], frame["adcode"]),
    )
    missing = areas[~areas["adcode"].isin(own["adcode"])]
    points = _with_assumed(own, missing)
    notes = [*declared.notes, *_missing_notes(table, missing), *_off_notes(table, place, own, areas, datum)]
    return points, notes


def _with_assumed(own: pd.DataFrame, missing: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the user's points and assumed ones for the areas without any, in the order of areas."""
    extra = [name for name in own.columns if name not in DEMAND_COLUMNS]
    parts = [own[[*DEMAND_COLUMNS, *extra]]]
    if len(missing):
        parts.append(assumed_demand(missing)[0][list(DEMAND_COLUMNS)])
    return pd.concat(parts).sort_values(["adcode", "point_id"], ignore_index=True)


def _without_point(table: CheckedTable, place: TablePoints) -> list[Message]:
    """Return the features without a point; blank cells of lon and lat are said already."""
    if table.given("lon"):
        return []
    said = {message.values.get("row") for message in place.problems}
    return [
        say(
            "{file}, row {row}: the demand point has no place; give it one or remove the row.",
            file=table.raw.source,
            row=int(row),
        )
        for row in table.frame.index[~place.located.to_numpy(bool)][:MOST_PROBLEMS]
        if row not in said
    ]


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


def _missing_notes(table: CheckedTable, missing: gpd.GeoDataFrame) -> Iterator[Note]:
    if len(missing):
        message = say(
            "{file} has no point in {n} of the areas ({areas}); where sales are in them is assumed.",
            file=table.raw.source,
            n=len(missing),
            areas=", ".join(missing["adcode"].head(5)),
        )
        yield Note(NoteKind.ASSUMPTION, message, table.raw.source)


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
