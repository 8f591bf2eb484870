from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from maps import shapes
from maps.layers import Fact
from maps.shapes import route_layer, zone_layer
from planner.language import translator

EN = translator("en")


def walked(steps: list[int]) -> np.ndarray:
    return np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / 1e5


def zones(shapes_: list[object], new: list[bool]) -> gpd.GeoDataFrame:
    names = [f"o{n}" for n in range(len(new))]
    return gpd.GeoDataFrame({"outlet_id": names, "new": new}, geometry=shapes_, crs="EPSG:4326")


def test_what_outlets_reach_is_told_apart_by_edge_and_colour_and_counted() -> None:
    table = zones([box(0, 0, 1, 1), box(1, 1, 2, 2), Polygon()], [False, True, True])
    layer: Any = zone_layer(table, EN, title="Reach", unit="outlets")
    assert [(kind["count"], kind["shape"]) for kind in layer["classes"]] == [(1, "zone"), (1, "zone-new")]
    assert layer["member"] == [0, 1]
    assert layer["of"] == ["o0", "o1"]
    assert layer["left"] == 1


squares = st.tuples(st.floats(0, 3), st.floats(0, 3), st.floats(0.2, 2))


@settings(deadline=None, max_examples=40)
@given(st.lists(squares, min_size=1, max_size=5))
def test_rings_wind_so_that_overlaps_stay_filled_and_holes_stay_holes(corners) -> None:
    """The scripts fill by the winding number; a canvas is imitated by adding signed areas up."""
    parts = [
        Polygon(box(x, y, x + s, y + s).exterior, [box(x + s / 3, y + s / 3, x + s / 2, y + s / 2).exterior])
        for x, y, s in corners
    ]
    layer: Any = zone_layer(zones(parts, [False] * len(parts)), EN, title="", unit="")
    rings = [walked(ring) for one in layer["shape"] for ring in one]
    surface = shapely.union_all(parts)
    for at in np.random.default_rng(0).uniform(0, 5, (30, 2)):
        point = Point(at)
        if surface.boundary.distance(point) < 1e-3:
            continue
        winding = sum(
            (1 if shapely.is_ccw(shapely.linearrings(ring)) else -1)
            for ring in rings
            if Polygon(ring).contains(point)
        )
        assert (winding != 0) == surface.contains(point)


def test_large_layers_are_made_light_and_stay_in_place(monkeypatch) -> None:
    monkeypatch.setattr(shapes, "MOST_CORNERS", 500)
    round_ones = [
        MultiPolygon([Point(x, 0).buffer(0.4, 200), Point(x, 2).buffer(0.4, 200)]) for x in range(5)
    ]
    layer: Any = zone_layer(zones(round_ones, [False] * 5), EN, title="", unit="")
    drawn = [Polygon(walked(ring)) for one in layer["shape"] for ring in one]
    assert sum(len(one.exterior.coords) for one in drawn) <= 500
    whole, light = shapely.union_all(round_ones), shapely.union_all(drawn)
    assert whole.symmetric_difference(light).area < 0.03 * whole.area


def test_routes_keep_their_order_names_and_figures() -> None:
    lines = [LineString([(0, 0), (0.5, 0.2), (1, 1)]), LineString([(5, 5), (6, 6)])]
    routes = gpd.GeoDataFrame(
        {"name": ["<b>", "${x}"], "hint": ["1 km", "2 km"], "on_road": [True, False]},
        geometry=lines,
        crs="EPSG:4326",
    )
    layer: Any = route_layer(routes, [Fact("km", ("1", "2"))], EN, title="Routes")
    assert layer["text"] == ["<b>", "${x}"]
    assert layer["member"] == [0, 1]
    assert np.allclose(walked(layer["path"][0]), shapely.get_coordinates(lines[0]))
    assert layer["facts"][0]["values"] == ["1", "2"]
