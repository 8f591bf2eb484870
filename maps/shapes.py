"""Polygons and lines that lie on the areas: what outlets reach by road, and the ways to them."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from maps.layers import Data, Fact, stepped
from maps.words import Words

Shapes = npt.NDArray[np.object_]

MOST_CORNERS = 120_000
"""Corners of one layer, which make about 1 MB: more are slow to draw and not seen."""
SEEN = 20_000
"""Parts of the longer side of a layer: what is smaller is not seen where all of it is."""
COARSEST = 0.05
"""Degrees that a line may be moved to make a layer light; beyond, shapes would be others."""


def zone_layer(zones: gpd.GeoDataFrame, t: Words, *, title: str, unit: str, on: bool = True) -> Data:
    """Return what outlets reach, as polygons: those of one class are one surface, so overlaps do not add up.

    Parameters
    ----------
    zones
        Polygons in EPSG:4326: outlet_id, new (whether the outlet is proposed). Empty shapes are left out.
    t
        The language of the legend.
    title, unit
        What the polygons are.
    on
        Whether they are shown when the map opens.
    """
    drawn = zones[~(zones.geometry.is_empty | zones.geometry.isna())]
    new = drawn["new"].to_numpy(dtype=bool)
    kinds = [
        (t("existing outlets"), int((~new).sum()), "outlet", "zone"),
        (t("new outlets"), int(new.sum()), "new", "zone-new"),
    ]
    return {
        **_base("zones", title, unit, on=on, draws="polygons"),
        "classes": [
            {"label": label, "count": count, "fill": fill, "shape": shape, "plus": False}
            for label, count, fill, shape in kinds
        ],
        "member": new.astype(int).tolist(),
        "of": drawn["outlet_id"].astype(str).tolist(),
        "shape": [_rings(shape) for shape in _light(drawn.geometry.to_numpy())],
        "left": len(zones) - len(drawn),
        "left_text": t("no road reaches anything"),
    }


def route_layer(
    routes: gpd.GeoDataFrame, facts: Sequence[Fact], t: Words, *, title: str, on: bool = False
) -> Data:
    """Return ways from demand points to outlets as lines that can be chosen by mouse and by keyboard.

    Parameters
    ----------
    routes
        LineStrings in EPSG:4326: name (what the way leads from and to), hint (its length in a word),
        on_road (False: a straight line, since an end is off the network).
    facts
        Figures on each way's card, in the order of `routes`.
    t
        The language of the legend.
    title
        What the lines are.
    on
        Whether they are shown when the map opens.
    """
    by_road = routes["on_road"].to_numpy(dtype=bool)
    kinds = [
        (t("by road"), int(by_road.sum()), "route"),
        (t("straight line, off the roads"), int((~by_road).sum()), "route-off"),
    ]
    return {
        **_base("routes", title, t("places"), on=on, draws="lines"),
        "classes": [
            {"label": label, "count": count, "fill": "accent", "shape": shape, "plus": False}
            for label, count, shape in kinds
        ],
        "member": (~by_road).astype(int).tolist(),
        "text": routes["name"].astype(str).tolist(),
        "hint": routes["hint"].astype(str).tolist(),
        "facts": [{"label": fact.label, "values": list(fact.values)} for fact in facts],
        "path": [stepped(shapely.get_coordinates(line)) for line in _light(routes.geometry.to_numpy())],
    }


def _base(name: str, title: str, unit: str, *, on: bool, draws: str) -> Data:
    """Return what every layer has, without points."""
    return {
        "name": name, "title": title, "unit": unit, "on": on, "draws": draws,
        "lon": [], "lat": [], "text": [], "note": [], "notes": [], "left": 0, "left_text": "",
    }  # fmt: skip


def _light(shapes: Shapes) -> Shapes:
    """Return shapes of at most `MOST_CORNERS` corners together, as little changed as that allows."""
    left, low, right, high = shapely.total_bounds(shapes)
    tolerance, drawn = max(right - left, high - low, 0.2) / SEEN, shapes
    while shapely.get_num_coordinates(drawn).sum() > MOST_CORNERS and tolerance <= COARSEST:
        drawn = shapely.simplify(drawn, tolerance, preserve_topology=True)
        tolerance *= 3
    return drawn


def _rings(shape: shapely.Geometry) -> list[list[int]]:
    """Return the rings of a polygon or of several, outer ones one way round and holes the other."""
    parts = [shapely.geometry.polygon.orient(part) for part in shapely.get_parts(shape)]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [stepped(shapely.get_coordinates(ring)) for ring in rings]
