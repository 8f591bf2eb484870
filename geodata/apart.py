"""Read the tables and roads of strangers in a process of their own, with limits of time and memory.

A file that is crafted to take the machine takes only this process: it is ended, and a sentence says so. It
knows no environment variable of its parent's but where programs and temporary files are, GDAL has no driver
in it that opens other files or addresses, and what it found comes back as Parquet and JSON, never as objects.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from geodata.messages import InputError, Message, message_data, message_from, say

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

    from geodata.roadnetwork import RoadNetwork
    from geodata.schemas import Datum, Tables

SECONDS = 60.0
MEMORY_BYTES = 3 * 1024**3
ROADS_SECONDS = 240.0
ROADS_MEMORY_BYTES = 4 * 1024**3
"""Of roads, which take longer: 20 MB of them are a large city's or a small province's."""
MOST_MESSAGES = 5_000
_TURNS, _ROAD_TURNS = BoundedSemaphore(2), BoundedSemaphore(1)
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
_DRIVERS = ("GPKG", "GeoJSON")  # an upload meets only the first; our own boundaries need the other
_ORDER, _ANSWER, _RESULT = "order.json", "answer.json", "result"


def read_tables_apart(
    files: Mapping[str, Path],
    datums: "Mapping[str, Datum]",
    *,
    cell_km: float | None = None,
    seconds: float = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> "Tables":
    """Read tables as `geodata.tables.read_tables` does, under the limits of uploads; at most two at once.

    Parameters
    ----------
    files
        The files by table: sales, and whichever of the others there are.
    datums
        The datum of the files' coordinates by table; WGS-84 where not said.
    cell_km
        Grid that a raster or polygons of demand are merged to.
    seconds, memory_bytes
        When the process is ended.

    Raises
    ------
    InputError
        One sentence for everything that cannot be used, or one that it took too long or too much memory.
    """
    from geodata.tables import read_inputs

    order = {
        "files": {table: str(path) for table, path in files.items()},
        "datums": {table: str(datum) for table, datum in datums.items()},
        "cell_km": cell_km,
    }
    with _done_apart(order, seconds, memory_bytes) as result:
        return read_inputs(result)


def read_roads_apart(
    paths: Sequence[Path],
    polygon: "Polygon | MultiPolygon",
    *,
    margin_km: float = 10.0,
    seconds: float = ROADS_SECONDS,
    memory_bytes: int = ROADS_MEMORY_BYTES,
) -> "RoadNetwork":
    """Read roads as `geodata.roads.read_roads` does, in a process of their own; nothing of them is kept.

    Parameters
    ----------
    paths
        The files.
    polygon, margin_km
        WGS-84: the roads there and so far around are read.
    seconds, memory_bytes
        When the process is ended.

    Raises
    ------
    InputError
        As `read_tables_apart`.
    """
    from geodata.roadnetwork import read_roads_back

    order = {"roads": [str(path) for path in paths], "polygon": polygon.wkb_hex, "margin_km": margin_km}
    with _done_apart(order, seconds, memory_bytes) as result:
        network = read_roads_back(result)
        assert network is not None
        return network


@contextmanager
def _done_apart(order: dict[str, Any], seconds: float, memory_bytes: int) -> Iterator[Path]:
    """Give the folder with what a process of its own made of an order.

    Raises
    ------
    InputError
        What it found wrong.
    """
    roads = "roads" in order
    with _ROAD_TURNS if roads else _TURNS, TemporaryDirectory(prefix="outlets-") as scratch:
        folder = Path(scratch)
        limits = {"seconds": seconds, "memory_bytes": memory_bytes}
        (folder / _ORDER).write_text(json.dumps({**order, **limits}), encoding="utf-8")
        _run(folder, seconds, _roads_too_long(seconds) if roads else _too_long(seconds))
        problems = _answer(folder, _roads_too_much() if roads else _too_much())
        if problems:
            raise InputError(problems)
        yield folder / _RESULT


def _run(folder: Path, seconds: float, too_long: Message) -> None:
    """Let the process work in the folder; end it, with all it started, when the time is over."""
    command = [sys.executable, "-m", "geodata.apart", str(folder)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise InputError(too_long) from None
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Return the process's environment: one thread, and GDAL without all that opens other files."""
    import pyogrio

    skipped = [name for name in pyogrio.list_drivers() if name not in _DRIVERS]
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "PYTHONSAFEPATH": "1",
        "OGR_SKIP": ",".join(skipped),
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }


def _answer(folder: Path, too_much: Message) -> list[Message]:
    """Return what the process found wrong; a process that left no answer was ended by a limit."""
    try:
        said = json.loads((folder / _ANSWER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [too_much]
    return [message_from(one) for one in said]


def _too_long(seconds: float) -> Message:
    return say(
        "The files take longer than {seconds} seconds to read; split them, or leave out columns and "
        "corners of polygons that are not needed.",
        seconds=round(seconds),
    )


def _roads_too_long(seconds: float) -> Message:
    return say(
        "The roads take longer than {seconds} seconds to read; cut the extract to the city or the areas that "
        "you look at, or use the command line.",
        seconds=round(seconds),
    )


def _roads_too_much() -> Message:
    return say(
        "The roads need more memory to read than an upload may take; cut the extract to the city or the "
        "areas that you look at, or use the command line."
    )


def _too_much() -> Message:
    return say(
        "The files need more memory to read than an upload may take; split them, or save them as CSV with "
        "the needed columns only."
    )


def main(folder: Path) -> None:
    """Read what the order in the folder names, and leave tables, roads or messages there."""
    order = json.loads((folder / _ORDER).read_text(encoding="utf-8"))
    _limit(float(order["seconds"]), int(order["memory_bytes"]))
    problems: list[Message] = []
    try:
        (_read_roads if "roads" in order else _read)(order, folder / _RESULT)
    except InputError as error:
        problems = list(error.messages[:MOST_MESSAGES])
    except MemoryError:
        problems = [_roads_too_much() if "roads" in order else _too_much()]
    draft = folder / "answer.draft"
    draft.write_text(json.dumps([message_data(one) for one in problems]), encoding="utf-8")
    draft.replace(folder / _ANSWER)


def _limit(seconds: float, memory_bytes: int) -> None:
    """Take no more than this from the machine, where the platform can be told so."""
    try:
        import resource
    except ImportError:  # not on Windows: there the parent's clock is the only limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 5, int(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(order: Mapping[str, Any], target: Path) -> None:
    from geodata.limits import UPLOADS
    from geodata.schemas import Datum
    from geodata.tables import read_tables, write_inputs

    files: dict[str, Any] = {table: Path(path) for table, path in order["files"].items()}
    datums = {table: Datum(name) for table, name in order["datums"].items()}
    tables = read_tables(**files, datum=datums, limits=UPLOADS, cell_km=order["cell_km"])
    write_inputs(tables, target)


def _read_roads(order: Mapping[str, Any], target: Path) -> None:
    from shapely import from_wkb

    from geodata.roadnetwork import write_roads
    from geodata.roads import read_roads

    network = read_roads(
        [Path(path) for path in order["roads"]],
        from_wkb(order["polygon"]),
        margin_km=float(order["margin_km"]),
        cache=target.parent / "cache",
    )
    target.mkdir()
    write_roads(network, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
