"""All tables of a study at once: read and checked together, kept in a folder as they were used."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from geodata.boundaries import read_areas
from geodata.demand import read_demand
from geodata.files import file_digest
from geodata.messages import InputError, Message, Note, NoteKind, message_data, message_from, say
from geodata.outlets import read_outlets
from geodata.rawtable import LIMITS, Limits
from geodata.recyclers import read_recyclers
from geodata.roadnetwork import EDGES_FILE, NODES_FILE, read_roads_back, write_roads
from geodata.sales import read_sales
from geodata.schemas import Datum, InputFile, Tables
from geodata.sites import read_sites

Result = TypeVar("Result")
_YES = frozenset({"true", "yes", "1", "是"})
_LOCATED = ("areas", "outlets", "sites")
_PLAIN = ("sales", "demand", "recyclers")
_PLACED = ("outlets", "sites", "demand", "recyclers")
_OPTIONAL = ("sites", "recyclers", "credits")


def read_tables(
    sales: Path | str,
    outlets: Path | str | None = None,
    sites: Path | str | None = None,
    demand: Path | str | None = None,
    areas: Path | str | None = None,
    *,
    recyclers: Path | str | None = None,
    cell_km: float | None = None,
    datum: Datum | Mapping[str, Datum] = Datum.WGS84,
    limits: Limits | Mapping[str, Limits] = LIMITS,
) -> Tables:
    """Read all tables of a study.

    Parameters
    ----------
    sales
        The sales table, the only one that must be given.
    outlets
        The outlet list; None: there is none yet.
    sites
        Candidate sites; None: the demand points.
    demand
        Demand points; None: the assumed density.
    areas
        Polygons with a code; None: China's prefecture-level areas.
    recyclers
        Where batteries go on from the outlets; None: not known.
    cell_km
        The grid that demand from a raster or polygons is merged to, see `geodata.demand.read_demand`.
    datum
        The datum of the files' coordinates: one for all, or by table (`outlets`, `sites`, `demand`,
        `recyclers`), WGS-84 where not said.
    limits
        The largest files that are read: one for all, or by table.

    Raises
    ------
    InputError
        One sentence for everything that cannot be used in any of the files; nothing is half read.
    """
    datums = dict.fromkeys(_PLACED, datum) if isinstance(datum, Datum) else dict(datum)
    problems: list[Message] = []

    def most(name: str) -> Limits:
        return limits if isinstance(limits, Limits) else limits.get(name, LIMITS)

    polygons = _attempt(problems, lambda: read_areas(areas, limits=most("areas")))
    if polygons is None:
        raise InputError(problems)

    def of(name: str) -> Datum:
        return datums.get(name, Datum.WGS84)

    sold = _attempt(problems, lambda: read_sales(sales, polygons, limits=most("sales")))
    existing = _attempt(
        problems, lambda: read_outlets(outlets, polygons, of("outlets"), limits=most("outlets"))
    )
    candidates = _attempt(
        problems, lambda: read_sites(sites, polygons, of("sites"), limits=most("sites")) if sites else None
    )
    points = _attempt(
        problems,
        lambda: read_demand(demand, polygons, of("demand"), limits=most("demand"), cell_km=cell_km),
    )
    onward = _attempt(
        problems,
        lambda: (
            read_recyclers(recyclers, polygons, of("recyclers"), limits=most("recyclers"))
            if recyclers
            else None
        ),
    )
    if problems or sold is None or existing is None or points is None:
        raise InputError(problems)
    frames = {"sales": sold[0], "outlets": existing[0], "demand": points[0], "areas": polygons}
    notes = [*sold[1], *existing[1], *(candidates[1] if candidates else []), *points[1]]
    given = {"sales": sales, "outlets": outlets, "sites": sites, "demand": demand, "areas": areas}
    if candidates:
        frames["sites"] = candidates[0]
    if onward:
        frames["recyclers"], given["recyclers"] = onward[0], recyclers
        notes += onward[1]
    return Tables(
        areas=polygons,
        sales=sold[0],
        outlets=existing[0],
        sites=candidates[0] if candidates else None,
        demand=points[0],
        notes=tuple(notes),
        sample=is_sample(sold[0]),
        files=tuple(_input_file(name, Path(path), frames[name]) for name, path in given.items() if path),
        recyclers=frames.get("recyclers"),
    )


def is_sample(sales: pd.DataFrame) -> bool:
    """Tell whether sales are the bundled sample's: a column `sample` that says yes in every row."""
    if "sample" not in sales.columns or sales.empty:
        return False
    return bool(sales["sample"].astype(str).str.strip().str.casefold().isin(_YES).all())


def input_files(tables: Tables) -> pd.DataFrame:
    """Return the files of a study as a table: table, name, sha256, rows."""
    columns = [one.name for one in fields(InputFile)]
    return pd.DataFrame([asdict(file) for file in tables.files], columns=columns).astype({"rows": "int64"})


def write_inputs(tables: Tables, directory: Path | str) -> list[Path]:
    """Write the tables as used into a folder, as Parquet, and return the files.

    areas, outlets and sites are GeoParquet; notes, files and credits hold the readers'
    notes, where the tables came from and whom to name; roads are two files of their own. `read_inputs` gives
    the same tables back, to the last bit and type.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    present = {name: getattr(tables, name) for name in (*_LOCATED, *_PLAIN)}
    present |= {"notes": _note_frame(tables.notes), "files": input_files(tables)}
    if tables.credits:
        present["credits"] = pd.DataFrame({"credit": tables.credits}, dtype="str")
    written = []
    for name, frame in present.items():
        if frame is not None:
            path = directory / f"{name}.parquet"
            frame.to_parquet(path, index=False)
            written.append(path)
    if tables.roads is not None:
        write_roads(tables.roads, directory)
        written += [directory / name for name in (NODES_FILE, EDGES_FILE)]
    return written


def read_inputs(directory: Path | str) -> Tables:
    """Return the tables that `write_inputs` wrote.

    Raises
    ------
    InputError
        If the folder lacks one of them or a file is damaged.
    """
    directory = Path(directory)
    needed = ["areas", "sales", "outlets", "demand", "notes", "files"]
    missing = [name for name in needed if not (directory / f"{name}.parquet").is_file()]
    if missing:
        raise InputError(
            say(
                "{folder} lacks {files}; it is not the folder of a complete study.",
                folder=directory.name,
                files=", ".join(f"{name}.parquet" for name in missing),
            )
        )
    names = [*needed, *(name for name in _OPTIONAL if (directory / f"{name}.parquet").is_file())]
    frames = {name: _read_back(directory / f"{name}.parquet", name in _LOCATED) for name in names}
    return Tables(
        areas=frames["areas"],
        sales=frames["sales"],
        outlets=frames["outlets"],
        sites=frames.get("sites"),
        demand=frames["demand"],
        notes=tuple(_notes_of(frames["notes"])),
        sample=is_sample(frames["sales"]),
        files=tuple(InputFile(*row) for row in frames["files"].itertuples(index=False)),
        roads=read_roads_back(directory),
        recyclers=frames.get("recyclers"),
        credits=tuple(frames["credits"]["credit"]) if "credits" in frames else (),
    )


def _attempt(problems: list[Message], read: Callable[[], Result]) -> Result | None:
    """Return what `read` returns; if it finds bad input, keep its messages and go on with the other files."""
    try:
        return read()
    except InputError as error:
        problems.extend(error.messages)
        return None


def _input_file(table: str, path: Path, frame: pd.DataFrame) -> InputFile:
    return InputFile(table, path.name, file_digest(path), len(frame))


def _read_back(path: Path, located: bool) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = gpd.read_parquet(path) if located else pq.read_table(path).to_pandas()
    except (OSError, ValueError) as error:
        raise InputError(
            say("{file} of the study is damaged; make the study again.", file=path.name)
        ) from error
    return frame


def _note_frame(notes: Iterable[Note]) -> pd.DataFrame:
    """Return notes as a table; the message as JSON, so that it can be read in any language later."""
    columns = ["kind", "message", "source", "row", "column", "value"]
    rows = [(str(n.kind), _as_json(n.message), n.source, n.row, n.column, n.value) for n in notes]
    return pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(["kind", "message", "source", "column", "value"], "str") | {"row": "Int64"}
    )


def _as_json(message: Message) -> str:
    return json.dumps(message_data(message), ensure_ascii=False)


def _notes_of(frame: pd.DataFrame) -> Iterable[Note]:
    for kind, message, source, row, column, value in frame.itertuples(index=False):
        number = None if pd.isna(row) else int(row)
        yield Note(NoteKind(kind), message_from(json.loads(message)), source, number, column, value)
