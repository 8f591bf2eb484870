"""CSV files: their encoding, their cells."""

import csv
from io import StringIO
from pathlib import Path

import pandas as pd

from geodata.messages import InputError, say
from geodata.rawtable import Limits, RawTable, damaged, from_cells, too_many_rows


def read_csv(path: Path, sheets: tuple[str, ...], limits: Limits) -> RawTable:  # noqa: ARG001
    """Read comma-separated text, in UTF-8 (with or without byte-order mark) or GB18030; cells are text."""
    text = _text(path)
    _require_commas(path, text)
    cells = _cells(path, text)
    if len(cells) - 1 > limits.rows:
        raise too_many_rows(path.name, len(cells) - 1, limits)
    body = cells.iloc[1:]
    return from_cells(path.name, cells.iloc[0].tolist(), body.set_axis(range(2, len(cells) + 1), axis=0))


def _text(path: Path) -> str:
    content = path.read_bytes()
    if b"\x00" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            say("{file} is not a text file; save the table as CSV (UTF-8) or XLSX.", file=path.name)
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            say("{file} is in UTF-16 ('Unicode text'); save it as CSV (UTF-8) instead.", file=path.name)
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and error.reason == "unexpected end of data":
            raise damaged(path, "CSV") from error
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            say(
                "{file}, row {row}: the text is neither UTF-8 nor GB18030; save it as CSV (UTF-8).",
                file=path.name,
                row=row,
            )
        ) from error


def _require_commas(path: Path, text: str) -> None:
    header = text.lstrip("\r\n").split("\n", 1)[0]
    separators = {";": say("semicolons"), "\t": say("tabs"), "，": say("full-width commas")}
    for separator, name in separators.items():
        if "," not in header and separator in header:
            raise InputError(
                say(
                    "{file}, row 1: the cells are separated by {separator}; save it with commas, or as XLSX.",
                    file=path.name,
                    separator=name,
                )
            )


def _cells(path: Path, text: str) -> pd.DataFrame:
    """Return all records, the header first; a quoted line break stays inside its cell."""
    try:
        return pd.read_csv(
            StringIO(text),
            header=None,
            dtype=str,
            keep_default_na=False,
            na_values=[],
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(
            say("{file} holds only blank lines; a table needs at least its header row.", file=path.name)
        ) from error
    except pd.errors.ParserError as error:
        return _uneven_cells(path, text, error)


def _uneven_cells(path: Path, text: str, error: Exception) -> pd.DataFrame:
    """Return records of uneven length if what is beyond the header is blank; name the rows where it isn't."""
    try:
        records = list(csv.reader(StringIO(text), strict=True))
    except csv.Error:
        raise damaged(path, "CSV") from error
    width = len(records[0])
    problems = [
        say(
            "{file}, row {row}: {cells} cells under a header of {columns}; put text that contains a comma "
            "into double quotes.",
            file=path.name,
            row=row,
            cells=len(record),
            columns=width,
        )
        for row, record in enumerate(records, start=1)
        if any(cell.strip() for cell in record[width:])
    ]
    if problems:
        raise InputError(problems)
    return pd.DataFrame([(record + [""] * width)[:width] for record in records], dtype=str)
