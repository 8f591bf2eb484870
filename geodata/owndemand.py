"""A user's own demand table: points with weights of any scale, made to sum to 1 in each area."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.assignment import locate
from geodata.columns import DEMAND
from geodata.coordinates import to_wgs84
from geodata.demand import DEMAND_COLUMNS, assumed_demand, shares
from geodata.files import open_table
from geodata.messages import Message, Note, NoteKind, say
from geodata.schemas import Datum
from geodata.validation import CheckedTable, checked, raise_problems


def read_own_demand(
    path: Path, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the demand points of a file; areas it leaves out get assumed ones, with a note.

    A point counts for the area its row names, wherever it lies.

    Raises
    ------
    InputError
        One sentence for every cell that does not fit, every doubled identifier, unknown area, and
        area whose weights are all 0.
    """
    table = checked(open_table(path, sheets=DEMAND.sheets), DEMAND)
    frame = table.frame.assign(adcode=_codes(table.frame["adcode"], areas))
    raise_problems([*table.problems, *_problems(table, frame)])
    lon, lat = to_wgs84(frame["lon"], frame["lat"], datum)
    own = frame.assign(
        lon=lon,
        lat=lat,
        weight=shares(frame["weight"], frame["adcode"]),
        population_weight=shares(frame["population_weight"], frame["adcode"]),
    )
    missing = areas[~areas["adcode"].isin(own["adcode"])]
    assumed, _ = assumed_demand(missing)
    points = pd.concat([own, assumed[list(DEMAND_COLUMNS)]] if len(assumed) else [own], ignore_index=True)
    notes = [*_missing_notes(table, missing), *_off_notes(table, own, areas)]
    return points.sort_values(["adcode", "point_id"], ignore_index=True), notes


def _codes(given: pd.Series, areas: gpd.GeoDataFrame) -> pd.Series:
    """Return the code of each cell that is a code or the name of one area; other cells stay."""
    names = areas["name"][~areas["name"].duplicated(keep=False)]
    by_name = dict(zip(names, areas.loc[names.index, "adcode"], strict=True))
    known = given.isin(areas["adcode"])
    return given.where(known, given.map(by_name).fillna("")).astype(str)


def _problems(table: CheckedTable, frame: pd.DataFrame) -> Iterator[Message]:
    filled = frame["point_id"] != ""
    for row in frame.index[filled & frame["point_id"].duplicated()]:
        yield say(
            "{file}, row {row}, column '{column}': '{value}' is there twice; give each point its own.",
            **table.place(row, "point_id"),
        )
    for row in frame.index[(frame["adcode"] == "") & (table.frame["adcode"] != "")]:
        yield say(
            "{file}, row {row}, column '{column}': '{value}' is no area of this study; use a code or name of "
            "the areas table.",
            **table.place(row, "adcode"),
        )
    for column in ("weight", "population_weight"):
        total = frame[column].groupby(frame["adcode"]).agg(["sum", "count"])
        for code in total.index[(total["count"] > 0) & (total["sum"] <= 0)]:
            if code:
                yield say(
                    "{file}, column '{column}': the points of area {area} weigh 0 together; give at least "
                    "one of them a weight above 0.",
                    file=table.raw.source,
                    column=table.header(column),
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


def _off_notes(table: CheckedTable, own: pd.DataFrame, areas: gpd.GeoDataFrame) -> Iterator[Note]:
    found = locate(own["lon"], own["lat"], areas).adcode
    other = np.flatnonzero(found != own["adcode"].to_numpy(dtype=object))
    if len(other):
        row = own.index[other[0]]
        message = say(
            "{file}: {n} of {total} points lie outside the area they name, first in row {row}; they count "
            "for the area named. Were they made in another datum, or are the axes swapped?",
            file=table.raw.source,
            n=len(other),
            total=len(own),
            row=row,
        )
        yield Note(NoteKind.COORDINATES, message, table.raw.source, int(row))
