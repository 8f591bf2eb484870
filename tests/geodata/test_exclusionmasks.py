"""Land to keep off: inside is out, near is as the ellipsoid says, and every refusal has its reason."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geodata.exclusionmasks import OWN, Mask, nearest_shape, polygons_of, read_mask, refused
from geodata.messages import InputError, say

GEOD = Geod(ellps="WGS84")
SQUARE = shapely.box(114.0, 22.5, 114.02, 22.52)


def mask(*shapes: shapely.Geometry, name: str = "", keep_off_m: float = 0.0) -> Mask:
    return Mask("water", say("water"), np.array(shapes, dtype=object), (name,) * len(shapes), keep_off_m)


def plane_distance(lon: float, lat: float, shape: shapely.Geometry) -> float:
    """Measure in an azimuthal equidistant plane around the point: its straight lines are geodesics."""
    plane = Transformer.from_crs(4326, f"+proj=aeqd +lon_0={lon} +lat_0={lat} +ellps=WGS84", always_xy=True)
    dense = shapely.segmentize(shape, 0.002)
    flat = shapely.transform(dense, lambda xy: np.column_stack(plane.transform(xy[:, 0], xy[:, 1])))
    return float(shapely.distance(flat, shapely.Point(0, 0)))


@given(
    st.floats(-75, 75), st.floats(-179, 179), st.floats(0.001, 0.2), st.floats(0, 360), st.floats(1, 20_000)
)
def test_distances_are_those_on_the_ground(
    lat: float, lon: float, size: float, bearing: float, away: float
) -> None:
    x, y, _ = GEOD.fwd(lon, lat, bearing, away)
    corners = [(lon, lat), (lon - size, lat + size / 3), (lon + size / 2, lat + size), (lon + size, lat)]
    shape = shapely.Polygon(corners)
    position, metres = nearest_shape(np.array([x]), np.array([y]), np.array([shape], object), 60_000.0)
    if shapely.intersects_xy(shape, x, y):
        assert metres[0] == 0
    else:
        assert position[0] == 0
        assert metres[0] == pytest.approx(plane_distance(x, y, shape), abs=0.5)


@given(st.lists(st.tuples(st.floats(113.9, 114.1), st.floats(22.4, 22.6)), min_size=1, max_size=20),
       st.floats(0, 5_000))  # fmt: skip
def test_a_wider_distance_never_lets_more_pass(points: list[tuple[float, float]], metres: float) -> None:
    lon, lat = np.array(points).T
    inside = refused(lon, lat, [mask(SQUARE)])
    near = refused(lon, lat, [mask(SQUARE, keep_off_m=metres)])
    wider = refused(lon, lat, [mask(SQUARE, keep_off_m=metres * 1.5)])
    assert inside.keys() <= near.keys() <= wider.keys()
    assert {row for row, one in near.items() if one.distance_m == 0} == inside.keys()
    assert all(one.distance_m < metres for one in near.values() if one.distance_m)


def test_a_hole_is_outside_and_a_border_inside() -> None:
    lake = shapely.Polygon(
        SQUARE.exterior.coords, [shapely.box(114.005, 22.505, 114.015, 22.515).exterior.coords]
    )
    found = refused([114.01, 114.0, 114.001, 114.03], [22.51, 22.51, 22.501, 22.51], [mask(lake)])
    assert found.keys() == {1, 2}


def test_the_reason_says_which_land_and_how_near() -> None:
    x, y, _ = GEOD.fwd(114.02, 22.51, 90, 43.2)
    park = Mask("protected", say("protected land"), np.array([SQUARE], object), ("=A1",), 100)
    found = refused([x, 114.01, 115.0], [y, 22.51, 22.51], [park, mask(SQUARE, name="Lake")])
    assert str(found[0].reason) == "43.2 m from protected land '=A1', 100 m asked"
    assert str(found[1].reason) == "inside protected land '=A1'"
    assert found.keys() == {0, 1}
    assert str(refused([114.01], [22.51], [mask(SQUARE)])[0].reason) == "inside water"


def test_exactly_as_far_as_asked_is_far_enough() -> None:
    x, y, _ = GEOD.fwd(114.02, 22.51, 90, 100)
    away = nearest_shape(np.array([x]), np.array([y]), np.array([SQUARE], object), 200.0)[1][0]
    assert away == pytest.approx(100, abs=0.01)
    assert refused([x], [y], [mask(SQUARE, keep_off_m=away)]) == {}
    assert "m from" in str(refused([x], [y], [mask(SQUARE, keep_off_m=np.nextafter(away, 200))])[0].reason)


def test_nothing_to_keep_off_refuses_nothing() -> None:
    assert refused([114.01], [22.51], [mask(keep_off_m=100)]) == {}
    assert refused([], [], [mask(SQUARE, keep_off_m=100)]) == {}
    assert refused([np.nan], [np.nan], [mask(SQUARE, keep_off_m=100)]) == {}


def test_only_surface_is_kept() -> None:
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    mixed = shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)]), shapely.MultiPolygon([SQUARE])])
    mended, kept, line, none = polygons_of(
        np.array([bow, mixed, shapely.LineString([(0, 0), (1, 1)]), None], object)
    )
    assert mended.area == pytest.approx(0.5)
    assert kept.equals(SQUARE)
    assert line is None
    assert none is None


@pytest.mark.parametrize("ending", ["geojson", "gpkg"])
def test_a_users_polygons_keep_their_reason(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"flood zone.{ending}"
    frame = gpd.GeoDataFrame({"Reason": ["<b>Flood</b>", ""]}, geometry=[SQUARE, SQUARE], crs=4326)
    (frame.to_crs(3857) if ending == "gpkg" else frame).to_file(path)
    own = read_mask(path, keep_off_m=50)
    assert (own.name, own.names, own.keep_off_m) == (OWN, ("<b>Flood</b>", "flood zone"), 50)
    assert refused([114.01], [22.51], [own]).keys() == {0}


def test_what_is_no_polygon_is_said_by_row(tmp_path: Path) -> None:
    path = tmp_path / "own.geojson"
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in
                ({"type": "Point", "coordinates": [1, 2]}, SQUARE.__geo_interface__, None)]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    with pytest.raises(InputError) as raised:
        read_mask(path)
    assert [message.values["row"] for message in raised.value.messages] == [1, 3]
