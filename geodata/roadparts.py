"""Road networks in parts: those of several files put together, those of areas apart told from each other."""

from collections.abc import Sequence

import numpy as np
import shapely

from geodata.messages import InputError, say
from geodata.roadnetwork import IntArray, RoadNetwork, network_from_arrays

_MOVED_DEGREES = 0.01  # how far a node may have been moved between the days of two files


def joined_networks(parts: Sequence[RoadNetwork]) -> RoadNetwork:
    """Return the edges of several networks as one; nodes of one id are one.

    Raises
    ------
    InputError
        If nodes of one id lie far apart: then the ids are not OpenStreetMap's, but each file's own.
    """
    ids = np.concatenate([part.node_id for part in parts])
    _require_same_places(parts, ids)
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


def _require_same_places(parts: Sequence[RoadNetwork], ids: IntArray) -> None:
    """Refuse networks in which one id means places farther apart than a node is ever moved."""
    places = np.column_stack(
        [np.concatenate([getattr(part, axis) for part in parts]) for axis in ("lon", "lat")]
    )
    order = np.argsort(ids, kind="stable")
    same = np.diff(ids[order]) == 0
    apart = (np.abs(np.diff(places[order], axis=0)) > _MOVED_DEGREES).any(axis=1)
    wrong = np.flatnonzero(same & apart)
    if len(wrong):
        text = say(
            "{files}: node {node} lies at different places in these files, so their nodes are numbered each "
            "on its own and cannot be put together: give graphs with OpenStreetMap's own node ids, or one "
            "file that holds all.",
            files=" + ".join(part.name for part in parts),
            node=int(ids[order][wrong[0]]),
        )
        raise InputError(text)


def regions_of(network: RoadNetwork, polygon: shapely.Geometry) -> IntArray:
    """Return which part of a polygon, in WGS-84 degrees, each node is in, shape (N,); -1 for none."""
    tree = shapely.STRtree(shapely.get_parts(polygon))
    node, part = tree.query(shapely.points(network.lon, network.lat), predicate="intersects")
    region = np.full(len(network.node_id), -1, dtype=np.int64)
    region[node] = part
    return region
