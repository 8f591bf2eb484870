"""Open the files people bring, by extension and by content, and hand over raw cells.

Nothing is interpreted here: a cell is text, or what a typed format stores, or blank. What the cells mean is
said by a `TableDefinition` (`geodata.columns`) and checked by `geodata.validation`. A reader goes like this::

    raw = open_table(path, sheets=SALES.sheets)      # RawTable: cells, row numbers, geometry if there is any
    frame = canonical(raw, SALES)                    # typed columns of the definition, or one InputError
    problems = [...]                                 # what only this table knows, as messages
    raise_problems(problems)                         # all at once

The index of a raw frame, and of the canonical one, is the row number the user sees: the header of a CSV file
or a worksheet is row 1, the first feature or record of the other formats is row 1.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pandas as pd

from geodata import delimited, geofiles, workbooks
from geodata.messages import InputError, Message, say
from geodata.rawtable import LIMITS, Limits, RawTable

__all__ = ["FORMATS", "Limits", "RawTable", "file_digest", "open_table", "read_frame"]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format we read: its name for people, its content's family and its extensions."""

    name: str
    family: str
    extensions: tuple[str, ...]


FORMATS = (
    Format("CSV", "text", (".csv",)),
    Format("Excel (XLSX)", "zip", (".xlsx",)),
    Format("Parquet", "parquet", (".parquet", ".geoparquet")),
    Format("GeoPackage", "sqlite", (".gpkg",)),
    Format("GeoJSON", "json", (".geojson", ".json")),
)
RASTER = Format("GeoTIFF", "tiff", (".tif", ".tiff"))
"""What only the density of demand may be in (`geodata.rasterdemand`)."""

_READERS = {
    "text": delimited.read_csv,
    "zip": workbooks.read_xlsx,
    "parquet": geofiles.read_parquet,
    "sqlite": geofiles.read_geopackage,
    "json": geofiles.read_geojson,
}

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    *((mark, "tiff") for mark in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
)


def open_table(path: str | Path, *, sheets: tuple[str, ...] = (), limits: Limits = LIMITS) -> RawTable:
    """Open the table in `path`, whichever of the five formats it is in.

    Parameters
    ----------
    path
        A CSV, XLSX, Parquet, GeoPackage or GeoJSON file; extension and content must agree.
    sheets
        Names of the worksheet or layer to prefer where the file has several; the first filled one otherwise.
    limits
        The largest file that is opened.

    Raises
    ------
    InputError
        If there is no such file, it is empty, damaged, too large, of another format, a raster, or has no
        header.
    """
    path = Path(path)
    family = require_format(path, limits)
    if family == RASTER.family:
        raise InputError(
            say("{file} is a raster, which only demand may be; give this table as CSV.", file=path.name)
        )
    raw = _READERS[family](path, sheets, limits)
    if raw.frame.shape[1] > limits.columns:
        raise InputError(
            say(
                "{file} has {columns} columns; up to {limit} are read. Leave out those that no table asks "
                "for.",
                file=raw.source,
                columns=raw.frame.shape[1],
                limit=limits.columns,
            )
        )
    return raw


def require_format(path: Path, limits: Limits = LIMITS) -> str:
    """Return the family of a file's format, by its first bytes: nothing is parsed.

    Raises
    ------
    InputError
        If there is no such file, it is empty, too large, or not in the format its name says.
    """
    size = _size(path)
    raster = path.suffix.lower() in RASTER.extensions
    limit = limits.raster_bytes if raster else limits.file_bytes
    if size > limit:
        raise _too_large(path, size, limit, raster)
    return _family(path)


def read_frame(path: str | Path, *, sheets: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return only the raw cells of `open_table`: columns as written, the user's row numbers as the index."""
    return open_table(path, sheets=sheets).frame


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    digest = sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _size(path: Path) -> int:
    if path.is_dir():
        raise InputError(say("{file} is a folder; name the file in it.", file=path.name))
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(
            say("{file} cannot be found; check the name and the folder.", file=path.name)
        ) from error
    if size == 0:
        raise InputError(
            say("{file} is empty (0 bytes); a table needs at least its header row.", file=path.name)
        )
    return size


def _too_large(path: Path, size: int, limit: int, raster: bool) -> InputError:
    values = {"file": path.name, "size": round(size / 1e6), "limit": round(limit / 1e6)}
    if raster:
        return InputError(
            say(
                "{file} is {size} MB; rasters up to {limit} MB are read. Crop it, or take a coarser one.",
                **values,
            )
        )
    return InputError(
        say("{file} is {size} MB; files up to {limit} MB are read. Split it or save it as Parquet.", **values)
    )


def _family(path: Path) -> str:
    named = _named(path)
    if named is None:
        raise InputError(
            say(
                "{file} has an ending we do not read; save it as one of {formats}.",
                file=path.name,
                formats=", ".join(form.extensions[0] for form in FORMATS),
            )
        )
    found = _sniffed(path)
    if found == "ole":
        raise InputError(
            say(
                "{file} is an old or password-protected Excel file; save it as .xlsx without a password.",
                file=path.name,
            )
        )
    if found != named.family:
        raise InputError(
            say(
                "{file} is named as {named} but its content is {found}; save it again as {named}.",
                file=path.name,
                named=named.name,
                found=_family_name(found),
            )
        )
    return named.family


def _named(path: Path) -> Format | None:
    return next((form for form in (*FORMATS, RASTER) if path.suffix.lower() in form.extensions), None)


def _family_name(family: str) -> Message | str:
    names = {"xml": say("XML or HTML"), "text": say("plain text")}
    return names.get(family) or next(form.name for form in (*FORMATS, RASTER) if form.family == family)


def _sniffed(path: Path) -> str:
    """Return the family of a file's content by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(
            say("{file} cannot be opened ({reason}).", file=path.name, reason=error.strerror or "")
        ) from error
    for magic, family in _MAGIC:
        if head.startswith(magic):
            return family
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return {b"{": "json", b"[": "json", b"<": "xml"}.get(start, "text")
