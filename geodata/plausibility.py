"""Numbers that may be right but look wrong: notes for a person to look at, never errors.

Each maker's sales of a year are held against what one would expect of every area: its population's part of
them, or, where no population is known, its part of the year before. Two things stand out:

- an area eight times above or below the others of its province, by robust z beyond 3.5;
- rows shifted by one: a block of a list that slipped down a line. One area in twenty-five looks odd in clean
  tables, so single odd areas do not tell. What tells is a run of rows that fits better with the numbers of
  the next row (or the one before) than with its own: the run where that improves the fit most is found by a
  scan for the maximum sum, and reported if the gain cannot be chance.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.messages import Message, Note, NoteKind, say
from geodata.schemas import Role

FAR_OFF_Z = 3.5
"""Robust z beyond which a value is an outlier (Iglewicz and Hoaglin)."""
FAR_OFF_FACTOR = 8.0
_FEWEST_IN_PROVINCE = 5
_FEWEST_IN_TABLE = 20
_SMALL = 5.0  # vehicles added on both sides, so that counts near 0 don't look extreme
_LARGEST_MISFIT = 1.5  # of one row in a scan, so that single outliers don't make a run
_Floats = npt.NDArray[np.float64]


def sales_notes(sales: pd.DataFrame, areas: gpd.GeoDataFrame, source: str = "") -> list[Note]:
    """Return notes on makers' sales that look shifted or mistyped.

    Parameters
    ----------
    sales
        Canonical sales, in the file's order.
    areas
        The study's areas; their `population` may be unknown (NaN).
    source
        The file's name for the notes.
    """
    makers = sales[sales["role"] == Role.MAKER]
    totals = makers.groupby(["enterprise", "year", "adcode"], sort=False, as_index=False)["vehicles"].sum()
    named = totals.merge(areas[["adcode", "name", "province_adcode", "population"]], on="adcode")
    by_people = named.assign(base=named["population"], peers=named["province_adcode"])
    by_people = _comparable(by_people)
    rest = named[~named["population"].gt(0)]
    by_year = _comparable(rest.assign(base=_year_before(rest), peers=""))
    return [*_notes(by_people, source, by_people=True), *_notes(by_year, source, by_people=False)]


def misfits(vehicles: pd.Series, base: pd.Series, table: pd.Series, peers: pd.Series) -> pd.DataFrame:
    """Return how far sales are from what their base lets expect, one row per row.

    With E = base·Σvehicles/Σbase over the table, x = log((vehicles + 5)/(E + 5)).

    Parameters
    ----------
    vehicles, base
        Sales, and the people (or last year's sales) they are held against, above 0.
    table
        Which table (enterprise and year) a row belongs to.
    peers
        The group within the table whose median is normal, where it has five rows or more.

    Returns
    -------
    pandas.DataFrame
        expected (E), normal (the peers' median of x), off (x − normal) and z (0.6745·off/MAD, MAD ≥ 0.1).
    """
    expected = base * vehicles.groupby(table).transform("sum") / base.groupby(table).transform("sum")
    level = ((vehicles + _SMALL) / (expected + _SMALL)).map(np.log)
    count = level.groupby([table, peers]).transform("size")
    group = peers.where(count >= _FEWEST_IN_PROVINCE, "")
    normal = level.groupby([table, group]).transform("median")
    off = level - normal
    spread = off.abs().groupby([table, group]).transform("median").clip(lower=0.1)
    return pd.DataFrame({"expected": expected, "normal": normal, "off": off, "z": 0.6745 * off / spread})


@dataclass(frozen=True, slots=True)
class Shift:
    """A run of rows, first and last position, that fits better with its neighbours' numbers; by how much."""

    first: int
    last: int
    gain: float


def find_shift(vehicles: _Floats, expected: _Floats, normal: _Floats) -> Shift | None:
    """Return the run of rows that looks shifted by one line, or None.

    The gain of a run is the sum of |misfit| with its own numbers minus that with the numbers of the next row
    (or of the one before), each at most 1.5. Chance gains grow with the table's own scatter, so a gain counts
    from 4 + 3·median|misfit|; and long runs gather some, so it must be 0.1 a row on average.

    Parameters
    ----------
    vehicles, expected, normal
        As in `misfits`, in the file's order, shape (n,).
    """
    own = _misfit(vehicles, expected, normal)
    found = [
        _best_run(own - _misfit(np.roll(vehicles, step), expected, normal))
        for step in (-1, 1)
        if len(vehicles) > 1
    ]
    best = max(found, key=lambda run: run.gain, default=None)
    if best is None or best.gain < 0.1 * (best.last - best.first + 1):
        return None
    return best if best.gain > 4 + 3 * float(np.median(own)) else None


def _misfit(vehicles: _Floats, expected: _Floats, normal: _Floats) -> _Floats:
    off = np.log((vehicles + _SMALL) / (expected + _SMALL)) - normal
    return np.minimum(np.abs(off), _LARGEST_MISFIT)


def _best_run(gains: _Floats) -> Shift:
    """Return the run of the largest sum."""
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    rises = sums - np.minimum.accumulate(sums)
    end = int(np.argmax(rises))
    start = int(np.argmin(sums[: end + 1]))
    return Shift(start, end - 1, float(rises[end]))


def _year_before(named: pd.DataFrame) -> pd.Series:
    """Return the same maker's sales in the same area one year earlier, NaN where there are none."""
    before = named[["enterprise", "adcode", "year", "vehicles"]].assign(year=named["year"] + 1)
    keys = ["enterprise", "adcode", "year"]
    found = named[keys].merge(before, on=keys, how="left")
    return found["vehicles"].set_axis(named.index)


def _comparable(named: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a base, of tables that have enough of them, with their misfits."""
    rows = named[named["base"].gt(0) & named["vehicles"].notna()]
    table = rows.groupby(["enterprise", "year"], sort=False).ngroup()
    enough = table.groupby(table).transform("size") >= _FEWEST_IN_TABLE
    rows, table = rows[enough], table[enough]
    return rows.assign(table=table, **misfits(rows["vehicles"], rows["base"], table, rows["peers"]))


def _notes(rows: pd.DataFrame, source: str, *, by_people: bool) -> Iterator[Note]:
    vehicles, expected, normal = (rows[name].to_numpy(float) for name in ("vehicles", "expected", "normal"))
    factor = rows["off"].abs().to_numpy(float)
    far = (factor >= np.log(FAR_OFF_FACTOR)) & (rows["z"].abs() > FAR_OFF_Z).to_numpy(bool)
    for at in rows.reset_index(drop=True).groupby("table", sort=False).indices.values():
        shift = find_shift(vehicles[at], expected[at], normal[at])
        if shift is not None:
            yield _note(_shift_message(rows.iloc[at], shift, by_people), source)
        elif far[at].any():
            yield _note(_far_message(rows.iloc[at], rows.iloc[at[far[at]]], by_people), source)


def _note(message: Message, source: str) -> Note:
    return Note(NoteKind.PLAUSIBILITY, message, source, column="vehicles")


def _shift_message(table: pd.DataFrame, shift: Shift, by_people: bool) -> Message:
    values = {
        "n": shift.last - shift.first + 1,
        "first": table["name"].iloc[shift.first],
        "last": table["name"].iloc[shift.last],
        "enterprise": table["enterprise"].iloc[0],
        "year": int(table["year"].iloc[0]),
    }
    if by_people:
        return say(
            "{enterprise}, {year}: the {n} areas from {first} to {last} fit the number of people better if "
            "the vehicles are moved by one row; check whether the block is shifted.",
            **values,
        )
    return say(
        "{enterprise}, {year}: the {n} areas from {first} to {last} fit the year before better if the "
        "vehicles are moved by one row; check whether the block is shifted in either year.",
        **values,
    )


def _far_message(table: pd.DataFrame, far: pd.DataFrame, by_people: bool) -> Message:
    names = far["name"].tolist()
    values = {
        "n": len(names),
        "areas": ", ".join(names[:10]) + (", …" if len(names) > 10 else ""),
        "enterprise": table["enterprise"].iloc[0],
        "year": int(table["year"].iloc[0]),
    }
    if by_people:
        return say(
            "{enterprise}, {year}: vehicles per 1,000 people are far off those of the province in {n} areas: "
            "{areas}.",
            **values,
        )
    return say("{enterprise}, {year}: vehicles jump far off the year before in {n} areas: {areas}.", **values)
