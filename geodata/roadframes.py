"""Tables of a graph's nodes and edges, as OSMnx gives them, made a road network."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from geodata.messages import Note
from geodata.roadnetwork import RoadNetwork, network_from_arrays

_DIGITS = 6  # of metres and seconds: sums in another order differ far below, and the digest shall not


def network_of_frames(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, name: str, notes: Sequence[Note]
) -> RoadNetwork:
    """Return the network of nodes and edges.

    Parameters
    ----------
    nodes
        x, y (EPSG:4326 degrees), indexed by id.
    edges
        length (m), travel_time (s) and lines, indexed by the ids u and v and a key.
    name, notes
        What the network is called, and what is to be said of it.
    """
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
