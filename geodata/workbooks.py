"""XLSX workbooks, looked at as archives before they are opened as tables."""

import re
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pandas as pd
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from geodata.messages import InputError, say
from geodata.rawtable import Limits, RawTable, damaged, from_cells, preferred, too_many_rows

_WIDE = ((16_384, re.compile(rb'r="[A-Z]{3}\d')), (702, re.compile(rb'r="[A-Z]{2}\d')))


def read_xlsx(path: Path, sheets: tuple[str, ...], limits: Limits) -> RawTable:
    """Read one worksheet: the one named in `sheets`, else the first that has cells."""
    require_harmless(path, limits)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            return _table(path, workbook, sheets, limits)
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise damaged(path, "Excel (XLSX)") from error


def require_harmless(path: Path, limits: Limits) -> None:
    """Check what a workbook unpacks to before anything parses it.

    The archive's directory says how large every part becomes; unpacking each to no more than that and
    comparing its checksum shows a directory that lies and a file that was cut off.

    Raises
    ------
    InputError
        If the file is no workbook, damaged, or unpacks to more than `limits` allow.
    """
    try:
        with ZipFile(path) as archive:
            _require_small(path, archive, limits)
            if "xl/workbook.xml" not in archive.namelist():
                raise InputError(
                    say("{file} is an archive but no Excel workbook; save it as .xlsx.", file=path.name)
                )
            if archive.testzip() is not None:
                raise damaged(path, "Excel (XLSX)")
            _require_few_cells(path, archive, limits)
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise damaged(path, "Excel (XLSX)") from error


def _require_small(path: Path, archive: ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    large = unpacked > limits.unpacked_bytes
    swollen = unpacked > 10_000_000 and unpacked / packed > limits.unpacked_ratio
    if large or swollen or len(parts) > limits.archive_entries:
        raise InputError(
            say(
                "{file} would unpack to {size} MB, far more than a table of that kind needs; save it as CSV.",
                file=path.name,
                size=round(unpacked / 1e6),
            )
        )


def _require_few_cells(path: Path, archive: ZipFile, limits: Limits) -> None:
    """Refuse sheets whose far corner would make a reader lay out more cells than there is memory for."""
    for part in archive.namelist():
        if not part.startswith("xl/worksheets/sheet"):
            continue
        content = archive.read(part)
        rows = max(map(int, re.findall(rb'<row [^>]*?r="(\d{1,9})"', content)), default=0)
        columns = next((width for width, pattern in _WIDE if pattern.search(content)), 26)
        if rows * columns > limits.cells:
            raise InputError(
                say(
                    "{file} reaches to row {row} with up to {columns} columns; clear the stray cells beyond "
                    "the table, or save it as CSV.",
                    file=path.name,
                    row=rows,
                    columns=columns,
                )
            )


def _table(path: Path, workbook: CalamineWorkbook, wanted: tuple[str, ...], limits: Limits) -> RawTable:
    names = workbook.sheet_names
    name = preferred(names, wanted) or next(
        (n for n in names if workbook.get_sheet_by_name(n).start is not None), None
    )
    if name is None:
        raise InputError(
            say("{file} has no filled worksheet; a table needs at least its header row.", file=path.name)
        )
    sheet = workbook.get_sheet_by_name(name)
    source = path.name if len(names) == 1 else f"{path.name} [{name}]"
    others = tuple(other for other in names if other != name)
    return _sheet_table(source, sheet, others, limits)


def _sheet_table(source: str, sheet: CalamineSheet, others: tuple[str, ...], limits: Limits) -> RawTable:
    rows = sheet.to_python(skip_empty_area=False)
    if len(rows) - 1 > limits.rows:
        raise too_many_rows(source, len(rows) - 1, limits)
    if not rows:
        raise InputError(say("{file} is blank; a table needs at least its header row.", file=source))
    body = pd.DataFrame(rows[1:], columns=range(len(rows[0])), index=range(2, len(rows) + 1), dtype=object)
    return from_cells(source, rows[0], body, others=others, merged_rows=_merged_rows(sheet))


def _merged_rows(sheet: CalamineSheet) -> tuple[tuple[int, int], ...]:
    ranges = sheet.merged_cell_ranges or []
    return tuple((top + 1, bottom + 1) for (top, _), (bottom, _) in ranges if top > 0)
