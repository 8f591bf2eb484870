"""Road networks from OpenStreetMap by OSMnx: from the user's files or from the Overpass service."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmnx as ox
import shapely

from geodata import driving
from geodata.extracts import SUFFIXES, cropped, is_extract
from geodata.files import file_digest
from geodata.margins import with_margin
from geodata.messages import InputError, Message, Note, NoteKind, say
from geodata.roadcache import cache_key, cached
from geodata.roadnetwork import CREDIT, RoadNetwork, largest_component, network_from_arrays

_DIGITS = 6  # of metres and seconds: sums in another order differ far below, and the digest shall not
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
    all this the largest part is kept in which one can drive everywhere and back.

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
    around = with_margin(polygon, margin_km)
    digests = [file_digest(_found(path)) for path in paths]
    key = cache_key("files", names, *digests, around.normalize().wkb_hex)
    return cached(key, lambda: _read(list(paths), around, names), cache)


def _read(paths: list[Path], around: shapely.Geometry, name: str) -> RoadNetwork:
    extracts = [path for path in paths if is_extract(path)]
    parts = [_of_graphml(path, around) for path in paths if not is_extract(path)]
    if extracts:
        parts.append(_of_extracts(extracts, around, " + ".join(path.name for path in extracts)))
    network = parts[0] if len(parts) == 1 else _merged(parts)
    return largest_component(replace(network, name=name))


def _of_extracts(paths: list[Path], around: shapely.Geometry, name: str) -> RoadNetwork:
    with tempfile.TemporaryDirectory() as folder, osmnx_settings():
        file = Path(folder) / "roads.osm"
        cropped(paths, around, {"highway": None}, file, keep=driving.is_driven)
        try:
            graph = ox.graph_from_xml(file, simplify=False, retain_all=True)
        except ox._errors.InsufficientResponseError as error:
            raise InputError(_no_roads(name)) from error
        return network_of_graph(graph, name)


def _of_graphml(path: Path, around: shapely.Geometry) -> RoadNetwork:
    with osmnx_settings():
        try:
            graph = ox.load_graphml(path)
            if ox.projection.is_projected(graph.graph["crs"]):
                graph = ox.project_graph(graph, to_latlong=True)
            missing = [1 for _, _, length in graph.edges(data="length") if length is None]
        except Exception as error:  # the XML parser's, NetworkX's, and what OSMnx trips over in other graphs
            text = say(
                "{file}: cannot be read as a graph of roads: give a GraphML file saved by OSMnx "
                "(save_graphml).",
                file=path.name,
            )
            raise InputError(text) from error
        if missing:
            text = say(
                "{file}: {count} edges have no length: save the graph with OSMnx, which adds them.",
                file=path.name,
                count=len(missing),
            )
            raise InputError(text)
        return network_of_graph(_cut(graph, around, path.name), path.name)


def _cut(graph: nx.MultiDiGraph, around: shapely.Geometry, name: str) -> nx.MultiDiGraph:
    try:
        return ox.truncate.truncate_graph_polygon(graph, around, truncate_by_edge=True)
    except ValueError as error:  # OSMnx's word for a graph that has no node there
        raise InputError(_no_roads(name)) from error


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
        raise InputError(_no_roads(name))
    if not graph.graph.get("simplified", False):
        graph = ox.simplify_graph(graph, edge_attrs_differ=["highway", "maxspeed"])
    notes: list[Note] = []
    if any(seconds is None for _, _, seconds in graph.edges(data="travel_time")):
        notes += _add_times(graph, name)
    return _arrays(graph, name, notes)


def _arrays(graph: nx.MultiDiGraph, name: str, notes: list[Note]) -> RoadNetwork:
    if not graph.number_of_edges():
        raise InputError(_no_roads(name))
    nodes, edges = ox.graph_to_gdfs(graph)
    edges = edges.reset_index()
    position = {node: place for place, node in enumerate(nodes.index)}
    lines = edges.geometry.to_numpy()
    return network_from_arrays(
        nodes.index.to_numpy(),
        nodes["x"].to_numpy(),
        nodes["y"].to_numpy(),
        edges["u"].map(position).to_numpy(),
        edges["v"].map(position).to_numpy(),
        edges["length"].to_numpy(dtype=float).round(_DIGITS),
        edges["travel_time"].to_numpy(dtype=float).round(_DIGITS),
        xy=shapely.get_coordinates(lines),
        start=np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(lines))]),
        name=name,
        notes=notes,
    )


def _add_times(graph: nx.MultiDiGraph, name: str) -> list[Note]:
    """Give every edge its travel time by OSMnx's rules; return what had to be assumed."""
    odd = _drop_unlikely_limits(graph)
    classes = {_first(kind) for _, _, kind in graph.edges(data="highway")}
    limited = {_first(data["highway"]) for *_, data in graph.edges(data=True) if data.get("maxspeed")}
    assumed = {str(kind): driving.ASSUMED_KMH.get(str(kind), driving.OTHER_KMH) for kind in classes - limited}
    ox.add_edge_speeds(graph, hwy_speeds=assumed, fallback=driving.OTHER_KMH)
    ox.add_edge_travel_times(graph)
    notes = [_odd_limits(name, odd)] if odd else []
    return [*notes, _assumed_speeds(name, assumed)] if assumed else notes


def _drop_unlikely_limits(graph: nx.MultiDiGraph) -> int:
    """Remove the limits that OSMnx cannot read or that no road has; return how many of the latter."""
    try:
        ox.add_edge_speeds(graph, agg=_mean_of_lists)
    except ValueError:  # OSMnx's word for a graph in which no edge has a limit
        return 0
    odd = 0
    for *_, data in graph.edges(data=True):
        kmh = data.pop("speed_kph")
        if not driving.LIKELY_KMH[0] <= kmh <= driving.LIKELY_KMH[1]:
            odd += data.pop("maxspeed", None) is not None and np.isfinite(kmh)
    return odd


def _mean_of_lists(values: Any) -> float:
    """Return the mean of the limits of one edge; no number for those of a class, which are not wanted yet."""
    return float("nan") if getattr(values, "name", None) == "speed_kph" else float(np.mean(values))


def _merged(parts: list[RoadNetwork]) -> RoadNetwork:
    """Return the edges of several networks as one; nodes of one id are one."""
    ids = np.concatenate([part.node_id for part in parts])
    ids, first, place = np.unique(ids, return_index=True, return_inverse=True)
    offsets = np.cumsum([0, *(len(part.node_id) for part in parts)])
    vertices = np.cumsum([0, *(len(part.xy) for part in parts)])
    numbered = list(enumerate(parts))
    return network_from_arrays(
        ids,
        np.concatenate([part.lon for part in parts])[first],
        np.concatenate([part.lat for part in parts])[first],
        np.concatenate([place[part.tail + offsets[i]] for i, part in numbered]),
        np.concatenate([place[part.head + offsets[i]] for i, part in numbered]),
        np.concatenate([part.length_m for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        xy=np.concatenate([part.xy for part in parts]),
        start=np.concatenate([[0], *(part.start[1:] + vertices[i] for i, part in numbered)]),
        notes=[note for part in parts for note in part.notes],
    )


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
        "useful_tags_way": ["highway", "junction", "maxspeed", "oneway"],
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


def _found(path: Path) -> Path:
    if path.is_dir():
        raise InputError(say("{file} is a folder; name the file in it.", file=path.name))
    if not path.is_file():
        raise InputError(say("{file} cannot be found; check the name and the folder.", file=path.name))
    if not is_extract(path) and path.suffix.lower() != ".graphml":
        text = say(
            "{file} is no file of roads by its name: give one that ends in {endings}.",
            file=path.name,
            endings=", ".join((*SUFFIXES, ".graphml")),
        )
        raise InputError(text)
    return path


def _first(kind: object) -> object:
    return kind[0] if isinstance(kind, list) else kind


def _no_roads(name: str) -> Message:
    return say(
        "{file}: no road for cars lies in the areas or around them: give a file that covers them.", file=name
    )


def _assumed_speeds(name: str, assumed: dict[str, float]) -> Note:
    speeds = ", ".join(f"{kind} {kmh:g}" for kind, kmh in sorted(assumed.items()))
    text = say(
        "{name}: no speed limit is known for roads of these classes, so a free-flow speed in km/h is "
        "assumed: {speeds}.",
        name=name,
        speeds=speeds,
    )
    return Note(NoteKind.ASSUMPTION, text, source=name)


def _odd_limits(name: str, count: int) -> Note:
    text = say(
        "{name}: {count} speed limits below {least} or above {most} km/h are not used.",
        name=name,
        count=count,
        least=driving.LIKELY_KMH[0],
        most=driving.LIKELY_KMH[1],
    )
    return Note(NoteKind.ROADS, text, source=name)


__all__ = ["CREDIT", "network_of_graph", "osmnx_settings", "read_roads"]
