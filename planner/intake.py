"""Take in what people upload: tables for a study, and polygons to keep sites out of.

Nothing of an upload is used before all of it was read and found right, and nothing of it stays on the disk.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import shapely

from geodata.apart import read_tables_apart
from geodata.files import open_table, require_format
from geodata.limits import DRAWING, MOST_CORNERS, UPLOADS
from geodata.messages import InputError, Message, Note, say
from geodata.rawtable import Limits, RawTable
from geodata.schemas import CRS, Datum, Tables
from planner.draft import Exclusion

TABLES = tuple(UPLOADS)
"""What can be uploaded: sales, outlets, sites, demand, areas, recyclers; only sales must be."""
WITH_DATUM = ("outlets", "sites", "demand", "recyclers")
MOST_PARTIES = 5_000_000
"""Enterprises times areas: every quantity is a table of that size while a network is checked."""
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^\w .()+-]+")

Upload = tuple[str, bytes]
"""The name a file was given by who uploads it, and its content."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Uploaded tables, read and found right.

    Attributes
    ----------
    tables
        The tables, as a study takes them.
    digest
        Their name: the same files read in the same way have the same one.
    notes
        What the readers noticed.
    """

    tables: Tables
    digest: str
    notes: tuple[Note, ...]


Reader = Callable[..., Tables]


def read_upload(
    files: Mapping[str, Upload],
    datums: Mapping[str, Datum] | None = None,
    *,
    cell_km: float | None = None,
    read: Reader = read_tables_apart,
) -> Intake:
    """Return the tables of uploaded files.

    Parameters
    ----------
    files
        Name and content by table (`TABLES`); sales must be there.
    datums
        The datum of the files' coordinates by table (`WITH_DATUM`); WGS-84 where not said.
    cell_km
        Grid that demand from a raster, points or polygons is merged to; None: as the reader chooses.
    read
        What reads the files; a process of its own, with limits of time and memory.

    Raises
    ------
    InputError
        One sentence for everything that must be mended, in any of the files.
    """
    said = {table: datum for table, datum in (datums or {}).items() if table in files}
    merged = {} if cell_km is None or "demand" not in files else {"cell_km": cell_km}
    _require_sales(files)
    with TemporaryDirectory(prefix="upload-") as scratch:
        paths = _stored(files, Path(scratch))
        tables = read(paths, said, **merged)
    _require_workable(tables)
    return Intake(tables, digest_of(files, said, **merged), tables.notes)


def digest_of(
    files: Mapping[str, Upload], datums: Mapping[str, Datum], *, cell_km: float | None = None
) -> str:
    """Return the name of uploaded tables: SHA-256 of their names, contents and how they were read."""
    whole = hashlib.sha256(b"" if cell_km is None else f"{cell_km!r}".encode())
    for table in sorted(files):
        name, content = files[table]
        datum = datums.get(table, Datum.WGS84)
        part = (table, name, str(datum), hashlib.sha256(content).hexdigest())
        whole.update("\0".join(part).encode("utf-8", "replace"))
    return whole.hexdigest()


def read_polygons(upload: Upload) -> tuple[Exclusion, ...]:
    """Return the polygons of an uploaded GeoJSON file, as parts of the map where nothing may be opened.

    A feature's `name` names its polygons; each part of a multipolygon is one.

    Raises
    ------
    InputError
        If the file is no GeoJSON, is larger than a drawing is, or holds something else than polygons.
    """
    name, _ = upload
    if not name.lower().endswith((".geojson", ".json")):
        raise InputError(
            say("{file} is no GeoJSON; export the polygons as .geojson in WGS 84.", file=plain_name(name))
        )
    with TemporaryDirectory(prefix="upload-") as scratch:
        path = _kept(upload, Path(scratch))
        _raise(_refusals({"areas": path}, {"areas": DRAWING}))
        raw = open_table(path, limits=DRAWING)
    shapes = _polygons(raw)
    names = raw.frame.get("name")
    titles = ["" if names is None else str(value or "") for value in (shapes if names is None else names)]
    return tuple(
        Exclusion(name=title[:_LONGEST_NAME] or f"{number}", corners=_corners(part))
        for number, (title, shape) in enumerate(zip(titles, shapes, strict=True), 1)
        for part in shapely.get_parts(shape)
    )


def plain_name(name: str) -> str:
    """Return a file's name without folders, and without what a path, a driver or a shell might take up.

    >>> plain_name("../../etc/sales|x.csv")
    'sales_x.csv'
    """
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, ending = _UNSAFE.sub("_", last).strip(" .").rpartition(".")
    return f"{stem[:_LONGEST_NAME] or 'table'}{dot}{ending[:10]}"


def _require_sales(files: Mapping[str, Upload]) -> None:
    unknown = sorted(set(files) - set(TABLES))
    if unknown:
        raise InputError(
            say(
                "There is no table '{table}'; upload {tables}.",
                table=unknown[0],
                tables=", ".join(TABLES),
            )
        )
    if "sales" not in files:
        raise InputError(say("Upload a sales table; it is the only one that cannot be left out."))


def _stored(files: Mapping[str, Upload], folder: Path) -> dict[str, Path]:
    """Write the files into a private folder, each into one of its own, and refuse what nobody should open."""
    paths = {}
    for table, upload in files.items():
        (folder / table).mkdir()
        paths[table] = _kept(upload, folder / table)
    _raise(_refusals(paths, UPLOADS))
    return paths


def _kept(upload: Upload, folder: Path) -> Path:
    name, content = upload
    path = folder / plain_name(name)
    path.write_bytes(content)
    return path


def _refusals(paths: Mapping[str, Path], limits: Mapping[str, Limits]) -> Iterable[Message]:
    for table, path in paths.items():
        try:
            require_format(path, limits[table])
        except InputError as error:
            yield from error.messages


def _raise(messages: Iterable[Message]) -> None:
    found = list(messages)
    if found:
        raise InputError(found)


def _require_workable(tables: Tables) -> None:
    """Refuse tables that every further step would need more memory for than one person may take."""
    enterprises = tables.sales["enterprise"].nunique()
    if enterprises * len(tables.areas) > MOST_PARTIES:
        raise InputError(
            say(
                "The sales table names {enterprises} enterprises in {areas} areas, more than the app takes; "
                "split it by enterprise, or use the command line.",
                enterprises=enterprises,
                areas=len(tables.areas),
            )
        )


def _polygons(raw: RawTable) -> gpd.GeoSeries:
    """Return the polygons in degrees.

    Raises
    ------
    InputError
        One sentence for every row that is no polygon, has holes, crosses itself or lies off the globe.
    """
    shapes = gpd.GeoSeries(shapely.force_2d(raw.geometry), crs=raw.crs)
    corners = int(np.sum(shapely.get_num_coordinates(shapes.to_numpy())))
    if not len(shapes) or corners > MOST_CORNERS:
        raise InputError(
            say(
                "{file} has {polygons} polygons with {corners} corners; draw at least one, with at most "
                "{limit} corners in all.",
                file=raw.source,
                polygons=len(shapes),
                corners=corners,
                limit=MOST_CORNERS,
            )
        )
    degrees = shapes.to_crs(CRS)
    _raise(
        say(
            "{file}, row {row}: this is no polygon that keeps sites out ({reason}); draw it again.",
            file=raw.source,
            row=row,
            reason=reason,
        )
        for row, shape in enumerate(degrees, 1)
        if (reason := _fault(shape))
    )
    return degrees


def _fault(shape: shapely.Geometry | None) -> Message | None:
    if shape is None or shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        return say("it has no surface")
    left, low, right, high = shape.bounds
    if not (np.isfinite(shape.bounds).all() and left >= -180 and right <= 180 and low >= -90 and high <= 90):
        return say("it has corners that are no degrees")
    if not shape.is_valid:
        return say("its outline crosses itself")
    if any(part.interiors for part in shapely.get_parts(shape)):
        return say("it has a hole")
    return None


def _corners(polygon: shapely.Polygon) -> tuple[tuple[float, float], ...]:
    """Return a polygon's corners, the first not repeated at the end."""
    return tuple((float(x), float(y)) for x, y in polygon.exterior.coords[:-1])
