"""Sheets of a workbook: what stands on each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its title, its width in characters, and its number format ("" for text)."""

    title: str
    width: int
    number: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, its columns, its rows."""

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[object]]


def tuples(frame: pd.DataFrame) -> Iterable[Sequence[object]]:
    """Return the rows of a table as plain Python values."""
    return zip(*(frame[name].tolist() for name in frame), strict=True)
