"""Write several files as one: into a folder beside the target, which then takes its place."""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import pandas as pd

from geodata.cells import guarded
from geodata.messages import InputError, say


@contextmanager
def replaced_folder(target: Path, *, marker: str) -> Iterator[Path]:
    """Give a new folder that becomes `target` if the block ends well, and vanishes if it does not.

    A folder that holds `marker` is one of ours and is replaced; an empty one too. Where the new one can't
    take its place, the old one is there again.

    Raises
    ------
    InputError
        If `target` is something else, or can't be written.
    """
    place = _resolved(target)
    require_replaceable(place, marker=marker)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise _unwritable(place, error) from None
    try:
        yield fresh
        _swap(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def require_replaceable(target: Path, *, marker: str) -> None:
    """Refuse a `target` that is there and is neither empty nor a folder of ours, which holds `marker`.

    Raises
    ------
    InputError
        If it is a file or somebody else's folder, or can't be looked into.
    """
    try:
        if target.is_dir() and ((target / marker).exists() or not any(target.iterdir())):
            return
        there = target.exists()
    except OSError as error:
        raise _unwritable(target, error) from None
    if there:
        raise InputError(
            say(
                "{path}: is there already and does not hold {marker}; choose another folder.",
                path=target,
                marker=marker,
            )
        )


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV in UTF-8, its text so that no spreadsheet takes a cell for a formula.

    A carriage return inside a cell is a line's end to many readers, so then everything is quoted.
    """
    texts = table.select_dtypes(include=["object", "string"])
    safe = table.assign(**{str(name): texts[name].map(_cell) for name in texts})
    returns = any(column.astype(str).str.contains("\r", regex=False).any() for _, column in texts.items())
    quoting: Literal[0, 1] = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    safe.to_csv(path, index=False, lineterminator="\n", quoting=quoting)


def _cell(value: object) -> object:
    return guarded(value) if isinstance(value, str) else value


def _resolved(target: Path) -> Path:
    """Return the folder that is meant, links followed: `.` has no name of its own."""
    try:
        place = target.resolve()
    except (OSError, RuntimeError) as error:
        raise _unwritable(target, error) from None
    if place == place.parent:
        raise InputError(say("{path}: cannot be replaced; choose another folder.", path=place))
    return place


def _swap(fresh: Path, target: Path) -> None:
    """Put a finished folder into its place; whatever goes wrong, one of the two is there afterwards."""
    old = fresh.with_name(f"{fresh.name}-old")
    try:
        fresh.chmod(0o755)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    except OSError as error:
        if old.exists():
            with suppress(OSError):
                old.rename(target)
        raise _unwritable(target, error) from None
    shutil.rmtree(old, ignore_errors=True)


def _unwritable(path: Path, error: Exception) -> InputError:
    return InputError(say("{path}: cannot be written ({problem}).", path=path, problem=error))
