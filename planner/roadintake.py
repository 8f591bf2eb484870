"""Roads that people upload for the tables they work on: read apart, kept around the areas of these tables."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely

from geodata.apart import read_roads_apart
from geodata.limits import UPLOAD
from geodata.messages import InputError, Message, say
from geodata.roadnetwork import RoadNetwork
from geodata.schemas import InputFile, Tables
from planner.intake import Upload, plain_name

ENDINGS = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz", ".graphml")
MOST_FILES = 8
MOST_EDGES = 1_000_000
"""Directions of streets that a session keeps: some 700 MB, with what is searched on them."""
COARSE = 0.005
"""Degrees that the outline of areas may be off."""
ROADS = "roads"
"""The table's name among the files of a study."""

Reader = Callable[..., RoadNetwork]


def read_road_upload(
    files: Sequence[Upload],
    tables: Tables,
    *,
    margin_km: float = 10.0,
    read: Reader = read_roads_apart,
) -> Tables:
    """Return tables with the roads of uploaded files, and without those they had.

    Parameters
    ----------
    files
        Name and content of each: OpenStreetMap extracts or GraphML files of OSMnx.
    tables
        What the roads are for: only those of areas with sales or outlets are kept.
    margin_km
        How far around these areas roads are kept too.
    read
        What reads the files; a process of its own, with limits of time and memory.

    Raises
    ------
    InputError
        One sentence for everything that must be mended, in any of the files.
    """
    _require_roads(files)
    with TemporaryDirectory(prefix="upload-") as scratch:
        paths = []
        for number, (name, content) in enumerate(files):
            paths.append(Path(scratch) / f"{number}" / plain_name(name))
            paths[-1].parent.mkdir()
            paths[-1].write_bytes(content)
        network = read(paths, in_play(tables), margin_km=margin_km)
    _require_workable(network)
    return with_roads(tables, network, [_file(one, network) for one in files])


def with_roads(tables: Tables, network: RoadNetwork, files: Sequence[InputFile]) -> Tables:
    """Return tables with other roads, and what was noticed and which files were read."""
    bare = without_roads(tables)
    return replace(bare, roads=network, files=(*bare.files, *files), notes=(*bare.notes, *network.notes))


def without_roads(tables: Tables) -> Tables:
    """Return tables without roads, and without what was noticed in them."""
    noticed = () if tables.roads is None else tables.roads.notes
    return replace(
        tables,
        roads=None,
        files=tuple(file for file in tables.files if file.table != ROADS),
        notes=tuple(note for note in tables.notes if note not in noticed),
    )


def data_name(data: str, network: RoadNetwork | None) -> str:
    """Return the name of tables called `data` with these roads instead of those they had."""
    parts = (data, ROADS, "" if network is None else f"{network.digest}\0{network.name}")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def in_play(tables: Tables) -> shapely.Polygon | shapely.MultiPolygon:
    """Return where the areas with sales or outlets lie, those of a province that has sales among them.

    It is up to about a kilometre too wide, and never too narrow: coasts have more corners than roads need.
    """
    codes = {*tables.sales["adcode"], *tables.outlets["adcode"].dropna()}
    areas = tables.areas
    chosen = areas["adcode"].isin(codes) | areas["province_adcode"].isin(codes)
    shapes = areas.geometry[chosen if chosen.any() else slice(None)].to_numpy()
    whole = shapely.union_all(shapely.buffer(shapely.simplify(shapes, COARSE), COARSE, quad_segs=1))
    assert isinstance(whole, shapely.Polygon | shapely.MultiPolygon)
    return whole


def road_km(network: RoadNetwork) -> float:
    """Return the kilometres of road, both directions of a street counted once."""
    low, high = np.minimum(network.tail, network.head), np.maximum(network.tail, network.head)
    streets = np.unique(np.column_stack([low, high, np.rint(network.length_m * 10)]), axis=0)
    return float(streets[:, 2].sum() / 10_000)


def _file(upload: Upload, network: RoadNetwork) -> InputFile:
    name, content = upload
    return InputFile(ROADS, plain_name(name), hashlib.sha256(content).hexdigest(), len(network.tail))


def _require_roads(files: Sequence[Upload]) -> None:
    if not 0 < len(files) <= MOST_FILES:
        raise InputError(say("Upload one to {most} files of roads.", most=MOST_FILES))
    problems = [message for file in files if (message := _fault(file))]
    if problems:
        raise InputError(problems)


def _fault(upload: Upload) -> Message | None:
    """Return what is wrong with a file by its name, size and first bytes; nothing is parsed."""
    name, content = upload
    shown = plain_name(name)
    if not shown.lower().endswith(ENDINGS):
        return say("{file} is no file of roads; upload {endings}.", file=shown, endings=", ".join(ENDINGS))
    if len(content) > UPLOAD.file_bytes:
        return say(
            "{file} is {size} MB; extracts up to {limit} MB can be uploaded. Cut it to the city, or use the "
            "command line.",
            file=shown,
            size=round(len(content) / 1e6),
            limit=round(UPLOAD.file_bytes / 1e6),
        )
    if not _begins_right(shown.lower(), content[:4096]):
        return say(
            "{file} is named as a file of roads but its content is something else; download it again.",
            file=shown,
        )
    return None


def _begins_right(name: str, head: bytes) -> bool:
    if name.endswith(".pbf"):
        return b"OSMHeader" in head[:40]
    if name.endswith((".bz2", ".gz")):
        return head.startswith((b"BZh", b"\x1f\x8b"))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") and (b"<graphml" if name.endswith(".graphml") else b"<osm") in head


def _require_workable(network: RoadNetwork) -> None:
    """Refuse roads that every further step would need more memory for than one person may take."""
    if len(network.tail) > MOST_EDGES:
        raise InputError(
            say(
                "The roads have {edges} directed edges, more than the app takes ({limit}); cut the extract "
                "to the city or the areas that you look at, or use the command line.",
                edges=len(network.tail),
                limit=MOST_EDGES,
            )
        )
