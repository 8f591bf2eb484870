"""Tables and roads as they are kept with saved scenarios: archives of Parquet files, roads for themselves."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from geodata.messages import InputError, say
from geodata.roadnetwork import RoadNetwork, read_roads_back, write_roads
from geodata.schemas import Tables
from geodata.tables import read_inputs, write_inputs

MOST_ROADS_BYTES = 200_000_000
"""Of roads that are kept, packed: a province's, with all its streets."""


def packed(tables: Tables) -> bytes:
    """Return tables as one archive, without their roads."""
    return _archive(lambda folder: write_inputs(replace(tables, roads=None), folder))


def packed_roads(roads: RoadNetwork) -> bytes:
    """Return roads as one archive.

    Raises
    ------
    InputError
        If they are too large to be kept.
    """
    content = _archive(lambda folder: write_roads(roads, folder))
    if len(content) > MOST_ROADS_BYTES:
        raise InputError(
            say(
                "The roads take {size} MB, more than is kept with a scenario ({limit} MB); upload an extract "
                "of the areas that you look at.",
                size=round(len(content) / 1e6),
                limit=round(MOST_ROADS_BYTES / 1e6),
            )
        )
    return content


def unpacked(content: bytes, roads: bytes | None = None) -> Tables:
    """Return the tables of an archive, with the roads of another; errors are those of their readers."""
    with _folder(content) as folder:
        tables = read_inputs(folder)
    if roads is None:
        return tables
    with _folder(roads) as folder:
        return replace(tables, roads=read_roads_back(folder))


def _archive(write: Callable[[Path], object]) -> bytes:
    """Return what is written into a folder."""
    content = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as scratch,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        write(Path(scratch))
        for path in sorted(Path(scratch).iterdir()):
            archive.write(path, path.name)
    return content.getvalue()


@contextmanager
def _folder(content: bytes) -> Iterator[Path]:
    """Give a folder with the files of an archive; it goes with the end."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            (Path(scratch) / PurePosixPath(name).name).write_bytes(archive.read(name))
        yield Path(scratch)
