"""Road networks from OpenStreetMap by OSMnx: from the user's files or from the Overpass service."""

import json
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import networkx as nx
import numpy as np
import osmnx as ox
import requests
import shapely

from geodata import driving
from geodata.extracts import cropped, is_extract
from geodata.files import file_digest
from geodata.margins import area_km2, with_margin
from geodata.messages import InputError, Note, say
from geodata.overpass import (
    OVERPASS_URL,
    OverpassError,
    PartialAnswerError,
    Patience,
    Watch,
    has_slots,
    unreachable,
)
from geodata.roadcache import cache_key, cached, road_cache
from geodata.roadframes import network_of_frames
from geodata.roadnetwork import RoadNetwork, largest_component
from geodata.roadparts import joined_networks, regions_of
from geodata.roadtexts import (
    assumed_speeds,
    dated,
    no_graph,
    no_roads,
    odd_limits,
    road_file,
    too_large,
    without_lengths,
)

LARGEST_KM2 = 50_000.0  # a prefecture with its margin; a public service is no place for more
PIECES_M2 = (2.5e9, 6.25e8, 1.5e8)  # OSMnx's own largest piece, then a quarter, then a sixteenth
_TAGS = ("highway", "junction", "maxspeed", "oneway")  # what OSMnx needs to know of a way
_UNTOLD = "unclassified"  # the class of a graph's edges that have none
Found = TypeVar("Found")

_lock = threading.RLock()  # OSMnx's settings are the process's


def read_roads(
    paths: Sequence[Path],
    polygon: shapely.Geometry,
    *,
    margin_km: float = 10.0,
    cache: Path | None = None,
) -> RoadNetwork:
    """Return the roads that may be driven in and around a polygon, from OpenStreetMap files.

    Extracts are cut to the polygon while they are read, put together, and made a network by OSMnx: one-way
    streets as tagged, nodes only where roads meet or change, speeds from `maxspeed`, missing ones the mean of
    their class of road. Where no road of a class has a limit, that of `driving.ASSUMED_KMH` is assumed. Of
    all this the largest part is kept in which one can drive everywhere and back; where the polygon's parts
    lie apart, that of each.

    Parameters
    ----------
    paths
        `.osm`, `.osm.gz`, `.osm.bz2`, `.osm.pbf` and `.graphml` files (the last as OSMnx saves them); those
        of neighbouring provinces together give one network.
    polygon
        Polygon or MultiPolygon in WGS-84 degrees.
    margin_km
        How far around it roads count, for ways that leave it and come back.
    cache
        Folder where networks are kept by content; the user's cache folder if None.

    Raises
    ------
    InputError
        If a file cannot be read, or no road of the files is there.
    """
    if not paths:
        raise InputError(say("No file of roads is given."))
    names = " + ".join(path.name for path in paths)
    around = _around(polygon, margin_km, names)
    digests = [file_digest(road_file(path)) for path in paths]
    key = cache_key("files", names, *digests, around.normalize().wkb_hex)
    return cached(key, lambda: _read(list(paths), around, names), cache)


def fetch_roads(
    polygon: shapely.Geometry,
    *,
    margin_km: float = 10.0,
    overpass_url: str | None = None,
    cache: Path | None = None,
    patience: Patience | None = None,
) -> RoadNetwork:
    """Return the roads that may be driven in and around a polygon, from the Overpass service.

    As `read_roads`, with OSMnx asking: in pieces of `PIECES_M2`, smaller ones where an answer breaks off, and
    waiting for its turn. Answers are kept as well as the network, until their folder is emptied: what was
    fetched once is not asked for again.

    Parameters
    ----------
    polygon, margin_km, cache
        As in `read_roads`.
    overpass_url
        The service's address up to `/interpreter`; the public one if None.
    patience
        How long to wait for it.

    Raises
    ------
    InputError
        If the polygon with its margin spans more than `LARGEST_KM2`, the service cannot be reached, is busy,
        refuses, answers in part or with something else, or knows no road there.
    """
    around = _around(polygon, margin_km, "Overpass")
    span = sum(area_km2(part.convex_hull) for part in shapely.get_parts(around))
    if span > LARGEST_KM2:
        raise InputError(too_large(span, LARGEST_KM2))
    watch = Watch((overpass_url or OVERPASS_URL).rstrip("/"), patience or Patience())
    folder = cache or road_cache()
    key = cache_key("overpass", watch.url, around.normalize().wkb_hex)
    return cached(key, lambda: _fetch(around, watch, folder / "overpass"), folder)


def _around(polygon: shapely.Geometry, margin_km: float, name: str) -> shapely.Geometry:
    around = with_margin(polygon, margin_km)
    if around.is_empty:
        raise InputError(no_roads(name))
    return around


def _fetch(around: shapely.Geometry, watch: Watch, answers: Path) -> RoadNetwork:
    graph = nx.compose_all(ask_overpass(around, _roads_of, watch, answers))
    with osmnx_settings():
        network = _usable(network_of_graph(graph, "Overpass"), around)
    dates = ", ".join(sorted(watch.as_of - {""}))
    return replace(network, notes=(dated("Overpass", dates), *network.notes)) if dates else network


def ask_overpass(
    around: shapely.Geometry, ask: Callable[[shapely.Polygon], Found], watch: Watch, answers: Path
) -> list[Found]:
    """Return what OSMnx gets for each part of a polygon, in smaller pieces where an answer breaks off.

    Parameters
    ----------
    around
        Polygon or MultiPolygon in WGS-84 degrees.
    ask
        Calls OSMnx for one part.
    watch
        Looks at every answer.
    answers
        Folder where they are kept.

    Raises
    ------
    InputError
        If the service cannot be reached, is busy, refuses, or answers in part or with something else.
    """
    try:
        return _asked(around, ask, watch, answers)
    except OverpassError as error:
        raise InputError(error.message) from error
    except requests.RequestException as error:
        raise InputError(unreachable(watch.url)) from error


def _asked(
    around: shapely.Geometry, ask: Callable[[shapely.Polygon], Found], watch: Watch, answers: Path
) -> list[Found]:
    slots = has_slots(watch.url)
    for piece_m2 in PIECES_M2[:-1]:
        try:
            with _overpass_settings(watch, answers, piece_m2, slots):
                return [_part(part, ask, answers) for part in shapely.get_parts(around)]
        except PartialAnswerError:
            continue
    with _overpass_settings(watch, answers, PIECES_M2[-1], slots):
        return [_part(part, ask, answers) for part in shapely.get_parts(around)]


def _part(part: shapely.Polygon, ask: Callable[[shapely.Polygon], Found], answers: Path) -> Found:
    try:
        return ask(part)
    except json.JSONDecodeError:
        _drop_damaged(answers)
        return ask(part)


def _roads_of(part: shapely.Polygon) -> nx.MultiDiGraph:
    try:
        return ox.graph_from_polygon(
            part, network_type="drive", simplify=False, retain_all=True, truncate_by_edge=True
        )
    except json.JSONDecodeError:
        raise
    except ValueError:  # OSMnx's word for an answer without roads, or with none inside
        return nx.MultiDiGraph(crs=ox.settings.default_crs)


@contextmanager
def _overpass_settings(watch: Watch, answers: Path, piece_m2: float, slots: bool) -> Iterator[None]:
    """Let OSMnx ask the service of `watch` under its eyes, and put back what it changes in the process."""
    resolver = socket.getaddrinfo  # OSMnx replaces it, to stay with one of several servers of a name
    with (
        osmnx_settings(
            cache_folder=answers,
            default_access='["access"!~"private"]',
            doh_url_template=None,
            http_user_agent="outlet-network-planner",
            max_query_area_size=piece_m2,
            overpass_memory=None,
            overpass_rate_limit=slots,
            overpass_settings="[out:json][timeout:{timeout}]{maxsize}",
            overpass_url=watch.url,
            requests_kwargs={"hooks": {"response": watch}},
            requests_timeout=180,
            use_cache=True,
        ),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="This area is", category=UserWarning)
        try:
            yield
        finally:
            socket.getaddrinfo = resolver


def _drop_damaged(answers: Path) -> None:
    """Remove answers not written to their end: OSMnx writes them in place, and stops at such a one."""
    for file in answers.glob("*.json"):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            file.unlink(missing_ok=True)


def _read(paths: list[Path], around: shapely.Geometry, name: str) -> RoadNetwork:
    extracts = [path for path in paths if is_extract(path)]
    parts = [_of_graphml(path, around) for path in paths if not is_extract(path)]
    if extracts:
        parts.append(_of_extracts(extracts, around, " + ".join(path.name for path in extracts)))
    network = parts[0] if len(parts) == 1 else joined_networks(parts)
    return _usable(replace(network, name=name), around)


def _usable(network: RoadNetwork, around: shapely.Geometry) -> RoadNetwork:
    part = largest_component(network, regions_of(network, around))
    if not len(part.tail):  # one-way streets that lead nowhere
        raise InputError(no_roads(network.name))
    return part


def _of_extracts(paths: list[Path], around: shapely.Geometry, name: str) -> RoadNetwork:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "roads.osm"
        cropped(paths, around, {"highway": None}, file, keep=driving.is_driven, tags=_TAGS)
        with osmnx_settings():
            return network_of_graph(_graph_of(file, name), name)


def _graph_of(file: Path, name: str) -> nx.MultiDiGraph:
    try:
        return ox.graph_from_xml(file, simplify=False, retain_all=True)
    except ValueError as error:  # OSMnx's word for a file that has nothing in it
        raise InputError(no_roads(name)) from error


def _of_graphml(path: Path, around: shapely.Geometry) -> RoadNetwork:
    with osmnx_settings():
        try:
            return _of_graph_file(path, around)
        except InputError:
            raise
        except Exception as error:  # the XML parser's, NetworkX's, and what OSMnx trips over in other graphs
            raise InputError(no_graph(path.name)) from error


def _of_graph_file(path: Path, around: shapely.Geometry) -> RoadNetwork:
    graph = ox.load_graphml(path)
    if ox.projection.is_projected(graph.graph["crs"]):
        graph = ox.project_graph(graph, to_latlong=True)
    missing = [1 for _, _, length in graph.edges(data="length") if length is None]
    if missing:
        raise InputError(without_lengths(path.name, len(missing)))
    return network_of_graph(_cut(graph, around, path.name), path.name)


def _cut(graph: nx.MultiDiGraph, around: shapely.Geometry, name: str) -> nx.MultiDiGraph:
    try:
        return ox.truncate.truncate_graph_polygon(graph, around, truncate_by_edge=True)
    except ValueError as error:  # OSMnx's word for a graph that has no node there
        raise InputError(no_roads(name)) from error


def network_of_graph(graph: nx.MultiDiGraph, name: str) -> RoadNetwork:
    """Return an OSMnx graph in degrees as a network, simplified and with travel times where it has none.

    Nodes stay where the class of road or its limit changes, so that each edge has one speed; merged over such
    a place OSMnx would take the mean of the limits, whatever their lengths, and the first class of a set,
    which is another one in every process.

    Raises
    ------
    InputError
        If it has no edge.
    """
    if not graph.number_of_edges():
        raise InputError(no_roads(name))
    if not graph.graph.get("simplified", False):
        graph = ox.simplify_graph(graph, edge_attrs_differ=["highway", "maxspeed"])
    notes: list[Note] = []
    if any(seconds is None for _, _, seconds in graph.edges(data="travel_time")):
        notes += _add_times(graph, name)
    if not graph.number_of_edges():  # simplifying may have left a point
        raise InputError(no_roads(name))
    return network_of_frames(*ox.graph_to_gdfs(graph), name, notes)


def _add_times(graph: nx.MultiDiGraph, name: str) -> list[Note]:
    """Give every edge its travel time by OSMnx's rules; return what had to be assumed."""
    for *_, data in graph.edges(data=True):
        data.setdefault("highway", _UNTOLD)
    odd = _drop_unlikely_limits(graph)
    classes = {_first(kind) for _, _, kind in graph.edges(data="highway")}
    limited = {_first(data["highway"]) for *_, data in graph.edges(data=True) if data.get("maxspeed")}
    assumed = {str(kind): driving.ASSUMED_KMH.get(str(kind), driving.OTHER_KMH) for kind in classes - limited}
    ox.add_edge_speeds(graph, hwy_speeds=assumed, fallback=driving.OTHER_KMH)
    ox.add_edge_travel_times(graph)
    notes = [odd_limits(name, odd)] if odd else []
    return [*notes, assumed_speeds(name, assumed)] if assumed else notes


def _drop_unlikely_limits(graph: nx.MultiDiGraph) -> set[str]:
    """Remove the limits that OSMnx cannot read or that no road has; return the latter."""
    try:
        ox.add_edge_speeds(graph, agg=_mean_of_lists)
    except ValueError:  # OSMnx's word for a graph in which no edge has a limit that it can read
        for *_, data in graph.edges(data=True):
            data.pop("maxspeed", None)
        return set()
    odd = set()
    for *_, data in graph.edges(data=True):
        kmh = data.pop("speed_kph")
        if not driving.LIKELY_KMH[0] <= kmh <= driving.LIKELY_KMH[1]:
            limit = data.pop("maxspeed", None)
            odd |= {str(limit)} if np.isfinite(kmh) else set()
    return odd


def _mean_of_lists(values: Any) -> float:
    """Return the mean of the limits of one edge; no number for those of a class, which are not wanted yet."""
    return float("nan") if getattr(values, "name", None) == "speed_kph" else float(np.mean(values))


@contextmanager
def osmnx_settings(**changed: object) -> Iterator[None]:
    """Hold OSMnx's settings at their defaults but for `changed`, then give back those that were.

    They are the process's, so only one thread is inside at a time.
    """
    fixed: dict[str, object] = {
        "all_oneway": False,
        "bidirectional_network_types": ["walk"],
        "cache_only_mode": False,
        "default_crs": "epsg:4326",
        "log_console": False,
        "log_file": False,
        "useful_tags_node": [],
        "useful_tags_way": list(_TAGS),
    }
    with _lock:
        names = {**fixed, **changed}
        before = {name: getattr(ox.settings, name) for name in names}
        try:
            for name, value in names.items():
                setattr(ox.settings, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(ox.settings, name, value)


def _first(kind: object) -> object:
    return kind[0] if isinstance(kind, list) else kind
