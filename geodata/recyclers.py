"""Recyclers: where batteries go on from the outlets."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.assignment import locate
from geodata.columns import SITES, Field, Kind, TableDefinition
from geodata.files import open_table
from geodata.messages import Message, Note, NoteKind, say
from geodata.outlets import repeated_ids
from geodata.points import TablePoints, rows_without_point, table_points
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import Datum
from geodata.validation import CheckedTable, checked, raise_problems

RECYCLER_COLUMNS = ("recycler_id", "name", "lon", "lat")
RECYCLERS = TableDefinition(
    name="recyclers",
    chinese="综合利用企业",
    fields=(
        Field(
            name="recycler_id",
            chinese="企业编号",
            kind=Kind.TEXT,
            about="Identifies the recycler; each row its own.",
            about_chinese="综合利用企业的编号，每行唯一。",
            aliases=("id", "编号"),
            required=True,
        ),
        replace(SITES["name"], about="Name of the recycler.", about_chinese="企业名称。", required=False),
        replace(SITES["lon"], required=True),
        replace(SITES["lat"], required=True),
    ),
    sheets=("recyclers", "综合利用企业"),
    has_geometry=True,
)
"""A table with a header and no rows is valid: then nothing is known of where batteries go."""


def read_recyclers(
    path: Path | str, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84, *, limits: Limits = LIMITS
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the recyclers of a file.

    Parameters
    ----------
    path
        A table of recyclers in any format we read.
    areas
        The areas of the study.
    datum
        The datum of the file's coordinates.
    limits
        The largest file that is read.

    Returns
    -------
    recyclers : pandas.DataFrame
        recycler_id, name (the id where blank), lon, lat (WGS-84), then the file's further columns; in the
        file's order.
    notes : list of Note
        Recyclers off every area: they count all the same.

    Raises
    ------
    InputError
        One sentence for everything in the file that cannot be used.
    """
    raw = open_table(Path(path), sheets=RECYCLERS.sheets, limits=limits)
    table = checked(raw, RECYCLERS, optional=() if raw.geometry is None else ("lon", "lat"))
    points = table_points(table, datum)
    raise_problems(
        [
            *table.problems,
            *points.problems,
            *repeated_ids(table, "recycler_id"),
            *_without_point(table, points),
        ]
    )
    frame = table.frame.assign(lon=points.lon, lat=points.lat)
    frame["name"] = frame["name"].where(frame["name"] != "", frame["recycler_id"])
    notes = _off_notes(table, frame, areas)
    extra = [name for name in frame.columns if name not in (*RECYCLER_COLUMNS, "geometry")]
    return pd.DataFrame(frame[[*RECYCLER_COLUMNS, *extra]].reset_index(drop=True)), notes


def _without_point(table: CheckedTable, points: TablePoints) -> list[Message]:
    return [
        say(
            "{file}, row {row}: the recycler has no point; give it one or remove the row.",
            file=table.raw.source,
            row=row,
        )
        for row in rows_without_point(table, points)
    ]


def _off_notes(table: CheckedTable, frame: pd.DataFrame, areas: gpd.GeoDataFrame) -> list[Note]:
    """Name the recyclers off every area: far away, or with wrong coordinates."""
    adcode = locate(frame["lon"], frame["lat"], areas).adcode
    return [
        Note(
            NoteKind.COORDINATES,
            say(
                "The recycler '{name}' lies off every area; batteries may go there all the same.",
                name=frame.at[row, "name"],
            ),
            table.raw.source,
            int(row),
            value=table.cell(int(row), "recycler_id"),
        )
        for row, code in zip(frame.index, adcode, strict=True)
        if code == ""
    ]
