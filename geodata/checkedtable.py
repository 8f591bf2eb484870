"""A table held against its definition: what the readers ask questions of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata import cells
from geodata.messages import Message
from geodata.rawtable import RawTable, blank

MOST_PROBLEMS = 1_000
_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """A table held against its definition.

    Attributes
    ----------
    frame
        The canonical columns, typed, then the unknown ones as they came; the index is the user's row number.
        Cells that do not fit are blank: nothing may run on them unless `problems` is empty.
    problems
        A sentence for every cell that does not fit.
    raw
        The table as it stands in the file.
    headers
        The user's header of each canonical column that is there.
    """

    frame: pd.DataFrame
    problems: tuple[Message, ...]
    raw: RawTable
    headers: Mapping[str, str]

    def given(self, name: str) -> bool:
        """Tell whether the file has the column `name`."""
        return name in self.headers

    def header(self, name: str) -> str:
        """Return the user's header of a column, its canonical name if the file has none."""
        return self.headers.get(name, name)

    def blank(self, name: str) -> npt.NDArray[np.bool_]:
        """Return for each row whether the file has no cell in a column (unreadable cells are not blank)."""
        if name not in self.headers:
            return np.ones(len(self.frame), dtype=bool)
        return blank(self.raw.frame[self.headers[name]])

    def cell(self, row: int, name: str) -> str:
        """Return what stands in the file at a row and canonical column, as text."""
        if name not in self.headers:
            return ""
        return shown(self.raw.frame.at[row, self.headers[name]])

    def place(self, row: int, name: str) -> dict[str, object]:
        """Return the fields every sentence about a cell has: file, row, column and value."""
        return {
            "file": self.raw.source,
            "row": row,
            "column": self.header(name),
            "value": self.cell(row, name),
        }


def shown(value: object) -> str:
    """Return a cell as a message shows it: on one line, cut if it is long."""
    text = " ".join(cells.plain_text(value).split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
