"""A table as it stands in its file: raw cells, the row numbers people see, geometry where there is any."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS

from geodata.messages import InputError, Message, say


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest files that are read, so that a crafted one cannot take the machine."""

    file_bytes: int = 256_000_000
    unpacked_bytes: int = 800_000_000
    unpacked_ratio: float = 100.0
    archive_entries: int = 5_000
    rows: int = 2_000_000
    columns: int = 1_000
    cells: int = 20_000_000
    raster_bytes: int = 8_000_000_000
    raster_cells: int = 1_000_000_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells as they stand in a file.

    Attributes
    ----------
    source
        The file's name for messages, with the worksheet or layer where it has several.
    frame
        The cells; columns are the header's names as written (unique), the index is the row number people see.
        Blank cells are None, NaN, NaT or the empty string; rows without any cell are left out.
    geometry
        Shapely geometries by row (None where missing), or None where the format holds none.
    crs
        The coordinate reference system of `geometry`; None where the file does not say.
    others
        Names of the worksheets or layers that were not read.
    merged_rows
        (first, last) row numbers of merged cells below the header.
    """

    source: str
    frame: pd.DataFrame
    geometry: npt.NDArray[np.object_] | None = None
    crs: CRS | None = None
    others: tuple[str, ...] = ()
    merged_rows: tuple[tuple[int, int], ...] = ()


def from_cells(
    source: str,
    header: Sequence[object],
    body: pd.DataFrame,
    *,
    others: tuple[str, ...] = (),
    merged_rows: tuple[tuple[int, int], ...] = (),
) -> RawTable:
    """Return the table with `header` over the rows of `body`, whose index is the row number.

    Raises
    ------
    InputError
        If the header is blank, has unnamed columns with cells under them, or names a column twice.
    """
    names = ["" if pd.isna(cell) else str(cell).strip() for cell in header]  # type: ignore[call-overload]
    if not any(names):
        raise InputError(
            say("{file}, row 1: the header is blank; put the columns' names into the first row.", file=source)
        )
    filled = ~blank_cells(body)
    problems = header_problems(source, names, filled)
    if problems:
        raise InputError(problems)
    keep = [position for position, name in enumerate(names) if name]
    frame = body.loc[filled.any(axis=1), :].iloc[:, keep]
    return RawTable(
        source, frame.set_axis([names[k] for k in keep], axis=1), others=others, merged_rows=merged_rows
    )


def header_problems(source: str, names: Sequence[str], filled: pd.DataFrame) -> list[Message]:
    """Return what is wrong with a header: a title above it, unnamed columns, names given twice."""
    used = filled.any(axis=0).to_numpy()
    unnamed = [column_letter(k) for k, name in enumerate(names) if not name and used[k]]
    if unnamed and sum(map(bool, names)) == 1:
        return [
            say(
                "{file}, row 1: there is only '{name}' and no column names; remove titles and merged cells "
                "above the header so that it is the first row.",
                file=source,
                name=next(filter(None, names)),
            )
        ]
    problems = [
        say(
            "{file}, row 1, column {column}: the column has values but no name; name it or clear it.",
            file=source,
            column=letter,
        )
        for letter in unnamed
    ]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    return problems + [
        say(
            "{file}, row 1: the column '{column}' is there twice; remove or rename one of them.",
            file=source,
            column=name,
        )
        for name in twice
    ]


def blank_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return where the cells of `frame` are blank: missing, or text of white space only."""
    columns = [blank(frame.iloc[:, position]) for position in range(frame.shape[1])]
    blanks = np.column_stack(columns) if columns else np.empty((len(frame), 0), bool)
    return pd.DataFrame(blanks, index=frame.index)


def blank(values: pd.Series) -> npt.NDArray[np.bool_]:
    """Return where a column is blank: missing, or text of white space only."""
    missing = values.isna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return missing
    text = values.astype(str).str.strip()
    return np.asarray(missing | (text == "").to_numpy(dtype=bool))


def column_letter(position: int) -> str:
    """Return the letter a spreadsheet shows for the column at `position` (0 is A)."""
    letters = ""
    position += 1
    while position:
        position, digit = divmod(position - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def damaged(path: Path, kind: str) -> InputError:
    """Return the error for a file that ends early or cannot be parsed as `kind`."""
    return InputError(
        say(
            "{file} is damaged or was not written to its end: it cannot be read as {kind}; "
            "save or download it again.",
            file=path.name,
            kind=kind,
        )
    )


def too_many_rows(source: str, rows: int, limits: Limits) -> InputError:
    """Return the error for a table above the row limit."""
    return InputError(
        say(
            "{file} has {rows} rows; up to {limit} are read. Sum or split the table.",
            file=source,
            rows=rows,
            limit=limits.rows,
        )
    )


def preferred(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the first of `names` that is one of `wanted`, whatever its case and spaces; None without one."""
    folded = {name.strip().casefold() for name in wanted}
    return next((name for name in names if name.strip().casefold() in folded), None)
