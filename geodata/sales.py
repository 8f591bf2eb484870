"""The sales table: who sold how much, where and when."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.areanames import Extent, area_index
from geodata.columns import SALES
from geodata.declared import DeclaredAreas, declared_areas
from geodata.files import open_table
from geodata.messages import Message, Note, NoteKind, say
from geodata.plausibility import sales_notes
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import Role
from geodata.validation import MOST_PROBLEMS, CheckedTable, checked, missing_column, raise_problems

SALES_KEY = ["enterprise", "role", "adcode", "year", "chemistry"]
_QUANTITIES = ["vehicles", "batteries", "stock"]


def read_sales(
    path: Path | str, areas: gpd.GeoDataFrame, *, limits: Limits = LIMITS
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the sales of a study.

    Parameters
    ----------
    path
        A sales table in any format we read.
    areas
        The areas of the study; every row belongs to one, a battery maker's to one or to a province.
    limits
        The largest file that is read.

    Returns
    -------
    sales : pandas.DataFrame
        enterprise, role, adcode, year (int), vehicles, batteries, stock (units, NaN where not given),
        chemistry ("" where not given), pack_kg, then the file's further columns; one row per key of
        enterprise, role, adcode, year and chemistry, in the file's order.
    notes : list of Note
        Codes counted for another area, rows summed, and what looks odd.

    Raises
    ------
    InputError
        One sentence for everything in the file that cannot be used.
    """
    table = checked(open_table(Path(path), sheets=SALES.sheets, limits=limits), SALES)
    battery = (table.frame["role"] == Role.BATTERY_MAKER).to_numpy()
    declared = declared_areas(table, area_index(areas), provinces=battery)
    raise_problems(
        [
            *table.problems,
            *declared.problems,
            *_quantity_problems(table, battery),
            *_repeated_rows(table, declared),
        ]
    )
    frame = table.frame.assign(adcode=declared.adcode, year=table.frame["year"].astype("int64"))
    sales = _summed(frame)
    notes = [*declared.notes, *_summed_notes(table, len(frame), len(sales))]
    return sales, [*notes, *sales_notes(sales, areas, table.raw.source)]


def _quantity_problems(table: CheckedTable, battery: npt.NDArray[np.bool_]) -> list[Message]:
    """Return the rows that lack their role's quantity, or give the other's."""
    problems: list[Message] = []
    for name, other, mine in (("vehicles", "batteries", ~battery), ("batteries", "vehicles", battery)):
        crossed = mine & (table.frame[other] > 0).to_numpy()
        unset = mine & table.blank(name) & ~crossed
        if unset.any() and not table.given(name):
            problems.append(missing_column(table.raw, SALES, SALES[name]))
        else:
            problems += [_missing(table, row, name) for row in _rows(table, unset)]
        problems += [_crossed(table, row, name, other) for row in _rows(table, crossed)]
    return problems


def _rows(table: CheckedTable, where: npt.NDArray[np.bool_]) -> list[int]:
    return [int(row) for row in table.frame.index[where][:MOST_PROBLEMS]]


def _missing(table: CheckedTable, row: int, name: str) -> Message:
    place = table.place(row, name)
    if name == "batteries":
        return say(
            "{file}, row {row}, column '{column}': the battery maker's number of packs is blank; write 0 or "
            "leave the row out.",
            **place,
        )
    return say(
        "{file}, row {row}, column '{column}': the maker's number of vehicles is blank; write 0 or leave the "
        "row out.",
        **place,
    )


def _crossed(table: CheckedTable, row: int, name: str, other: str) -> Message:
    return say(
        "{file}, row {row}, column '{column}': {value} does not go with the row's role (makers count "
        "vehicles, battery makers batteries); move it to '{right}' or correct the role.",
        right=table.header(name),
        **table.place(row, other),
    )


def _repeated_rows(table: CheckedTable, declared: DeclaredAreas) -> list[Message]:
    """Return the rows that count something twice: a key given twice, or an area and a part of it."""
    keys = table.frame[SALES_KEY].assign(adcode=declared.adcode)
    usable = (keys["adcode"] != "") & (keys["enterprise"] != "") & keys["year"].notna()
    shared = keys[usable & keys.duplicated(keep=False)]
    problems: list[Message] = []
    for _, group in shared.groupby(SALES_KEY, sort=False):
        problems += _repeated_in(table, declared, group)
        if len(problems) >= MOST_PROBLEMS:
            break
    return problems


def _repeated_in(table: CheckedTable, declared: DeclaredAreas, group: pd.DataFrame) -> list[Message]:
    """Return what is twice among rows of one area: the same area again, or the whole beside its parts."""
    extent = declared.extent.loc[group.index]
    named = table.frame["adcode"].loc[group.index].where(extent != Extent.WHOLE, "")
    first = {name: int(rows.index[0]) for name, rows in named.groupby(named)}
    twice = [_twice(table, first[named.at[row]], int(row)) for row in named.index[named.duplicated()]]
    wholes, parts = group.index[extent == Extent.WHOLE], group.index[extent == Extent.PART]
    if len(wholes) and len(parts):
        twice.append(_part_and_whole(table, int(wholes[0]), int(parts[0])))
    return twice


def _twice(table: CheckedTable, first: int, row: int) -> Message:
    return say(
        "{file}, rows {first} and {row}: both give {enterprise} in {value} for {year}; keep one of them, or "
        "add them up.",
        first=first,
        enterprise=table.cell(row, "enterprise"),
        year=table.cell(row, "year"),
        **table.place(row, "adcode"),
    )


def _part_and_whole(table: CheckedTable, whole: int, part: int) -> Message:
    return say(
        "{file}, row {row}, column '{column}': '{value}' is a part of {area}, which row {first} gives as a "
        "whole; keep the whole or its parts.",
        first=whole,
        area=table.cell(whole, "adcode"),
        **table.place(part, "adcode"),
    )


def _summed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per key: quantities added up, pack mass averaged, the first of everything else."""
    if not frame.duplicated(SALES_KEY).any():
        return frame.reset_index(drop=True)
    units = frame["vehicles"].fillna(0) + frame["batteries"].fillna(0)
    parts = frame.assign(
        _kg=frame["pack_kg"].mul(units), _units=units.where(frame["pack_kg"].notna(), 0.0)
    ).groupby(SALES_KEY, sort=False)
    summed = parts.first()
    sums = parts[[*_QUANTITIES, "_kg", "_units"]].sum(min_count=1)
    mass = (sums["_kg"] / sums["_units"].where(sums["_units"] > 0)).fillna(summed["pack_kg"])
    whole = summed.assign(**{name: sums[name] for name in _QUANTITIES}, pack_kg=mass)
    return whole.reset_index()[list(frame.columns)]


def _summed_notes(table: CheckedTable, before: int, after: int) -> list[Note]:
    if before == after:
        return []
    message = say(
        "{before} rows were added up to {after}: several of their codes belong to one area.",
        before=before,
        after=after,
    )
    return [Note(NoteKind.AREA, message, table.raw.source)]
