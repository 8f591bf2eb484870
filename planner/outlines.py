"""Outlines of an area and those around it, finer than a map of the whole country draws them."""

from collections import OrderedDict
from threading import Lock

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geodata.boundaries import drawing_tolerance, province_outlines, simplified
from maps.layers import Data, stepped

TOLERANCE = 0.0005
"""How far a line may lie from where it is, degrees: 50 m."""
MOST_CORNERS = 16_000
"""Corners of the areas drawn, which make about 180 kB: enough for every packaged area and its neighbours."""
MARGIN = 60 / 111
"""How much around an area is drawn as finely, degrees of latitude: 60 km."""
MOST_KEPT = 24


class Outlines:
    """Fine outlines by the digest of the areas and the code of one: made once, by whoever asks first."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, str], Data | None] = OrderedDict()
        self._lock = Lock()

    def around(self, areas: gpd.GeoDataFrame, digest: str, adcode: str) -> Data | None:
        """Return the outlines around an area, see `fine_outlines`; `digest` tells these areas from others."""
        with self._lock:
            key = (digest, adcode)
            if key not in self._made:
                self._made[key] = fine_outlines(areas, adcode)
            self._made.move_to_end(key)
            while len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)
            return self._made[key]


OUTLINES = Outlines()


def fine_outlines(areas: gpd.GeoDataFrame, adcode: str) -> Data | None:
    """Return the outlines of an area and of all within 60 km of the box around it, to draw only.

    Parameters
    ----------
    areas
        EPSG:4326, as they are measured.
    adcode
        The area.

    Returns
    -------
    Data or None
        at: the places of the areas in the table, (N,); shape: each one's polygons, each a list of rings;
        lines: the borders of provinces along them; both as `maps.layers.stepped` has them. The nearest
        areas, as many as make a small file; None where the map of all is as fine, or one area is too large.
    """
    if drawing_tolerance(areas) <= TOLERANCE:
        return None
    near = _near(areas, adcode)
    wider = _touching(areas, near)
    drawn = simplified(areas.iloc[wider], TOLERANCE)
    corners = np.cumsum(shapely.get_num_coordinates(drawn.geometry.to_numpy()[np.searchsorted(wider, near)]))
    at = np.sort(near[corners <= MOST_CORNERS])
    if not len(at):
        return None
    shown = drawn[np.isin(wider, at)]
    return {
        "at": at.tolist(),
        "shape": [[_rings(part) for part in shapely.get_parts(shape)] for shape in shown.geometry],
        "lines": [stepped(shapely.get_coordinates(line)) for line in _province_lines(drawn, shown)],
    }


def _near(areas: gpd.GeoDataFrame, adcode: str) -> npt.NDArray[np.intp]:
    """Return the places of the areas in the box around one, 60 km wider on each side; the nearest first."""
    west, south, east, north = areas.loc[areas["adcode"] == adcode].total_bounds
    high = MARGIN
    wide = MARGIN / max(0.1, float(np.cos(np.radians((south + north) / 2))))
    box = shapely.box(west - wide, south - high, east + wide, north + high)
    shapes = areas.geometry.to_numpy()
    found = np.flatnonzero(shapely.intersects(box, shapes))
    itself = areas["adcode"].to_numpy()[found] == adcode
    away = shapely.distance(shapes[found[itself]][0], shapes[found])
    return found[np.lexsort((away, ~itself))]


def _touching(areas: gpd.GeoDataFrame, near: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the places of some areas and of those beside them: what is a border takes both its sides."""
    boxes = areas.geometry.bounds.to_numpy()
    first, other = boxes[near][:, None], boxes[None]
    apart = (first[..., :2] > other[..., 2:]) | (other[..., :2] > first[..., 2:])
    return np.flatnonzero(~apart.any(axis=2).all(axis=0))


def _rings(polygon: shapely.Polygon) -> list[list[int]]:
    return [stepped(shapely.get_coordinates(ring)) for ring in (polygon.exterior, *polygon.interiors)]


def _province_lines(drawn: gpd.GeoDataFrame, shown: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the borders of provinces along the areas shown, each line once."""
    borders = shapely.union_all(province_outlines(drawn).geometry.to_numpy())
    edges = shapely.union_all(shapely.boundary(shown.geometry.to_numpy()))
    parts = shapely.get_parts(shapely.intersection(borders, edges))
    lines = parts[shapely.get_dimensions(parts) == 1]
    merged: npt.NDArray[np.object_] = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    return merged
