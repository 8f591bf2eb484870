"""A network of roads as arrays: what searches, maps and studies are given, whoever read it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from geodata.messages import InputError, Note, NoteKind, message_data, message_from, say

CREDIT = "© OpenStreetMap contributors (ODbL 1.0)"
NODES_FILE, EDGES_FILE = "roads_nodes.parquet", "roads_edges.parquet"
_OWN_NETWORK_KM = 50.0  # with less, both directions counted, a region's roads are those of an islet

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """Directed road edges with what they take, as arrays; make one with `network_from_arrays`.

    Attributes
    ----------
    node_id
        Shape (N,), ascending: OpenStreetMap's ids.
    lon, lat
        Shape (N,), WGS-84 degrees.
    tail, head
        Shape (M,), positions of nodes; one row for each direction that may be driven. Parallel edges and
        edges from a node to itself are kept.
    length_m, seconds
        Shape (M,), length in metres and free-flow travel time by OSMnx's rules.
    xy
        Shape (K, 2), WGS-84 degrees: the vertices of all edges, each from tail to head.
    start
        Shape (M + 1,): edge e has the vertices ``xy[start[e]:start[e + 1]]``, at least two.
    name
        The names of the files it was read from, or "Overpass".
    digest
        SHA-256 of the arrays.
    credit
        Whom every output that uses it must name.
    notes
        What the reader noticed.
    """

    node_id: IntArray
    lon: FloatArray
    lat: FloatArray
    tail: IntArray
    head: IntArray
    length_m: FloatArray
    seconds: FloatArray
    xy: FloatArray
    start: IntArray
    name: str
    digest: str
    credit: str = CREDIT
    notes: tuple[Note, ...] = ()


def network_from_arrays(
    node_id: ArrayLike,
    lon: ArrayLike,
    lat: ArrayLike,
    tail: ArrayLike,
    head: ArrayLike,
    length_m: ArrayLike,
    seconds: ArrayLike,
    *,
    xy: ArrayLike | None = None,
    start: ArrayLike | None = None,
    name: str = "",
    credit: str = CREDIT,
    notes: Sequence[Note] = (),
) -> RoadNetwork:
    """Return the network of these arrays in its own order, which no order of theirs changes.

    Nodes are sorted by id; edges by tail, head, length, time, then by their vertices.

    Parameters
    ----------
    node_id, lon, lat, tail, head, length_m, seconds, xy, start, name, credit, notes
        As in `RoadNetwork`; without `xy` and `start` the edges are straight lines.

    Raises
    ------
    ValueError
        If shapes do not fit, an id comes twice, an edge names no node, or a length or time is negative or no
        number.
    """
    ids, ends = np.asarray(node_id, dtype=np.int64), (_ints(tail), _ints(head))
    places, takes = (_floats(lon), _floats(lat)), (_floats(length_m), _floats(seconds))
    _require(ids, places, ends, takes)
    if xy is None or start is None:
        xy, start = _straight(places, ends)
    nodes = np.argsort(ids, kind="stable")
    position = np.empty_like(nodes)
    position[nodes] = np.arange(len(nodes))
    tails, heads = position[ends[0]], position[ends[1]]
    vertices, first = _floats(xy).reshape(-1, 2), _ints(start)
    _require_lines(vertices, first, len(tails))
    edges = _edge_order(tails, heads, *takes, vertices, first)
    vertices, first = _taken(vertices, first, edges)
    arrays = (
        *(ids[nodes], places[0][nodes], places[1][nodes]),
        *(tails[edges], heads[edges], takes[0][edges], takes[1][edges], vertices, first),
    )
    return RoadNetwork(*arrays, name, _digest(*arrays), credit, tuple(notes))


def subnetwork(network: RoadNetwork, nodes: NDArray[np.bool_], edges: NDArray[np.bool_]) -> RoadNetwork:
    """Return the network of `nodes` (N,) and of those `edges` (M,) that have both their ends among them."""
    edges = edges & nodes[network.tail] & nodes[network.head]
    kept = np.flatnonzero(edges).astype(np.int64)
    position = np.cumsum(nodes).astype(np.int64) - 1
    xy, start = _taken(network.xy, network.start, kept)
    arrays = (
        *(network.node_id[nodes], network.lon[nodes], network.lat[nodes]),
        *(position[network.tail[kept]], position[network.head[kept]]),
        *(network.length_m[kept], network.seconds[kept], xy, start),
    )
    return RoadNetwork(*arrays, network.name, _digest(*arrays), network.credit, network.notes)


def largest_component(network: RoadNetwork, region: IntArray | None = None) -> RoadNetwork:
    """Return the part with the most road in which one can drive from every node to every other and back.

    What is left out, such as islands and one-way ends, is said in a note: in kilometres of road, both
    directions of a road counted once, and in pieces that hang together.

    Parameters
    ----------
    network
        The roads.
    region
        Shape (N,): which of several regions that lie apart each node is in, -1 for none. Each region keeps
        the part with the most road in it, if that is a town's and not an islet's.
    """
    count = len(network.node_id)
    graph = sparse.coo_array((np.ones(len(network.tail)), (network.tail, network.head)), shape=(count, count))
    pieces, piece = sparse.csgraph.connected_components(graph.tocsr(), directed=True, connection="strong")
    if pieces <= 1:
        return network
    inside = piece[network.tail] == piece[network.head]
    km = np.bincount(piece[network.tail][inside], network.length_m[inside] / 1000.0, minlength=pieces)
    kept = {int(np.argmax(km))} | (set() if region is None else _largest_of_each(network, piece, region))
    nodes = np.isin(piece, list(kept))
    part = subnetwork(network, nodes, np.ones(len(network.tail), dtype=bool))
    left = () if nodes.all() else (_left_out(network, nodes),)
    apart = (_apart(network.name, len(kept)),) if len(kept) > 1 else ()
    return replace(part, notes=(*network.notes, *left, *apart))


def _largest_of_each(network: RoadNetwork, piece: IntArray, region: IntArray) -> set[int]:
    """Return the pieces that have the most road of a region, if it is enough for a network of its own."""
    regions = max(int(region.max(initial=-1)) + 1, 1)
    inside = (piece[network.tail] == piece[network.head]) & (region[network.tail] >= 0)
    tail = network.tail[inside]
    size = (int(piece.max(initial=-1)) + 1) * regions
    km = np.bincount(piece[tail] * regions + region[tail], network.length_m[inside] / 1000.0, minlength=size)
    table = km.reshape(-1, regions)
    return {
        int(best) for place, best in enumerate(table.argmax(axis=0)) if table[best, place] >= _OWN_NETWORK_KM
    }


def write_roads(network: RoadNetwork, directory: Path) -> None:
    """Write `network` to `directory` as two Parquet files, `roads_nodes` and `roads_edges`."""
    nodes = {"node_id": network.node_id, "lon": network.lon, "lat": network.lat}
    edges = {name: getattr(network, name) for name in ("tail", "head", "length_m", "seconds")}
    offsets = pa.array(network.start, pa.int64())
    for column, name in enumerate(("lon", "lat")):
        values = pa.array(np.ascontiguousarray(network.xy[:, column]))
        edges[name] = pa.LargeListArray.from_arrays(offsets, values)
    about = {
        "name": network.name,
        "digest": network.digest,
        "credit": network.credit,
        "notes": [_note_data(note) for note in network.notes],
    }
    pq.write_table(pa.table(nodes), directory / NODES_FILE)
    table = pa.table(edges).replace_schema_metadata({"roads": json.dumps(about, ensure_ascii=False)})
    pq.write_table(table, directory / EDGES_FILE)


def read_roads_back(directory: Path) -> RoadNetwork | None:
    """Return the network that `write_roads` wrote to `directory`; None if none is there.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the arrays are not those that were written.
    """
    paths = directory / NODES_FILE, directory / EDGES_FILE
    if not any(path.exists() for path in paths):
        return None
    try:
        network, digest = _network_of(*(pq.read_table(path) for path in paths))
        whole = network.digest == digest
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AssertionError):
        whole = False
    if not whole:
        text = say(
            "{file}: the roads are damaged: make the study again.", file=f"{directory.name}/{EDGES_FILE}"
        )
        raise InputError(text)
    return network


def _network_of(nodes: pa.Table, edges: pa.Table) -> tuple[RoadNetwork, str]:
    about = json.loads(edges.schema.metadata[b"roads"])
    lon, lat = (edges[name].combine_chunks() for name in ("lon", "lat"))
    parts = [lon.chunk(0), lat.chunk(0)] if isinstance(lon, pa.ChunkedArray) else [lon, lat]
    xy = np.column_stack([np.asarray(part.values) for part in parts])
    columns = [np.asarray(nodes[name]) for name in ("node_id", "lon", "lat")]
    columns += [np.asarray(edges[name]) for name in ("tail", "head", "length_m", "seconds")]
    notes = tuple(
        Note(NoteKind(note["kind"]), message_from(note["message"]), note["source"]) for note in about["notes"]
    )
    network = network_from_arrays(
        *columns,
        xy=xy,
        start=np.asarray(parts[0].offsets),
        name=about["name"],
        credit=about["credit"],
        notes=notes,
    )
    return network, about["digest"]


def _note_data(note: Note) -> dict[str, object]:
    return {"kind": note.kind.value, "message": message_data(note.message), "source": note.source}


def _left_out(network: RoadNetwork, nodes: NDArray[np.bool_]) -> Note:
    gone = ~(nodes[network.tail] & nodes[network.head])
    low, high = np.minimum(network.tail, network.head)[gone], np.maximum(network.tail, network.head)[gone]
    roads = np.unique(np.column_stack([low, high, np.rint(network.length_m[gone] * 10)]), axis=0)
    count = len(nodes)
    graph = sparse.coo_array((np.ones(len(low)), (low, high)), shape=(count, count)).tocsr()
    outside = np.unique(np.concatenate([low, high]))
    outside = outside[~nodes[outside]]  # nodes without a road are no piece
    pieces, _ = sparse.csgraph.connected_components(graph[outside][:, outside], directed=False)
    text = say(
        "{name}: {km} km of road in {pieces} pieces are left out: one cannot drive from there to the main "
        "network and back.",
        name=network.name,
        km=f"{roads[:, 2].sum() / 10_000:.1f}",
        pieces=pieces,
    )
    return Note(NoteKind.ROADS, text, source=network.name)


def _apart(name: str, count: int) -> Note:
    text = say(
        "{name}: the areas lie apart, and so do their roads: {count} networks are kept, with no way by road "
        "from one to another.",
        name=name,
        count=count,
    )
    return Note(NoteKind.ROADS, text, source=name)


def _straight(
    places: tuple[FloatArray, FloatArray], ends: tuple[IntArray, IntArray]
) -> tuple[FloatArray, IntArray]:
    nodes = np.column_stack(ends).ravel()
    return np.column_stack([places[0][nodes], places[1][nodes]]), np.arange(
        len(ends[0]) + 1, dtype=np.int64
    ) * 2


def _edge_order(
    tail: IntArray, head: IntArray, length_m: FloatArray, seconds: FloatArray, xy: FloatArray, start: IntArray
) -> IntArray:
    """Return the positions that sort the edges; sums of vertices tell parallel ones of one length apart."""
    if not len(tail):
        return np.zeros(0, dtype=np.int64)
    x, y = np.add.reduceat(xy, start[:-1], axis=0).T
    return np.lexsort([y, x, seconds, length_m, head, tail]).astype(np.int64)


def _taken(xy: FloatArray, start: IntArray, edges: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the vertices of `edges` alone, in that order, and where each edge's begin."""
    counts = np.diff(start)[edges]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    within = np.arange(first[-1], dtype=np.int64) - np.repeat(first[:-1], counts)
    return np.ascontiguousarray(xy[np.repeat(start[:-1][edges], counts) + within]), first


def _digest(*arrays: NDArray[np.generic]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(repr((array.dtype.str, array.shape)).encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _require(
    ids: IntArray,
    places: tuple[FloatArray, FloatArray],
    ends: tuple[IntArray, IntArray],
    takes: tuple[FloatArray, FloatArray],
) -> None:
    if {len(column) for column in places} != {len(ids)} or len({len(c) for c in (*ends, *takes)}) != 1:
        raise ValueError("The arrays of a road network do not fit each other.")
    if len(np.unique(ids)) != len(ids):
        raise ValueError("A road network names a node twice.")
    if any(len(end) and (end.min() < 0 or end.max() >= len(ids)) for end in ends):
        raise ValueError("An edge of a road network ends at no node.")
    if any(not np.isfinite(column).all() for column in places):
        raise ValueError("A node of a road network has no coordinates.")
    if any(not (np.isfinite(column) & (column >= 0)).all() for column in takes):
        raise ValueError("A length or time of a road network is negative or no number.")


def _require_lines(xy: FloatArray, start: IntArray, edges: int) -> None:
    if len(start) != edges + 1 or start[0] != 0 or start[-1] != len(xy) or (np.diff(start) < 2).any():
        raise ValueError("An edge of a road network has no line.")
    if not np.isfinite(xy).all():
        raise ValueError("A vertex of a road network has no coordinates.")


def _ints(values: ArrayLike) -> IntArray:
    return np.asarray(values, dtype=np.int64)


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
