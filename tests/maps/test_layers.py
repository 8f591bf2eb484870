import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, Polygon

from maps.layers import area_layer, display_names, line_layer, outlet_layer, outlines
from planner.language import translator

EN = translator("en")


def test_a_reader_of_english_sees_the_english_name_where_there_is_one(areas: gpd.GeoDataFrame) -> None:
    assert display_names(areas, chinese=False).tolist()[:2] == ["Shenzhen", "</script><b>"]
    assert display_names(areas, chinese=True).tolist()[0] == "深圳市"


def test_labels_stand_inside_their_areas(areas: gpd.GeoDataFrame) -> None:
    data = area_layer(areas, chinese=True)
    points = gpd.points_from_xy(*np.array(data["at"]).T)
    assert gpd.GeoSeries(points, crs=areas.crs).within(areas.geometry).all()


def test_outlines_keep_holes_and_are_rounded() -> None:
    shape = Polygon([(0, 0), (9.123456, 0), (9, 9)], [[(4, 1), (6, 1), (6, 3)]])
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shape], crs="EPSG:4326")
    [[rings]] = outlines(frame)
    assert len(rings) == 2
    assert rings[0][1] == [9.1235, 0.0]


def test_small_countries_keep_more_decimals() -> None:
    shape = Polygon([(0, 0), (0.0123456, 0), (0.01, 0.01)])
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shape], crs="EPSG:4326")
    [[rings]] = outlines(frame)
    assert rings[0][1] == [0.0123456, 0.0]


def test_lines_stay_lines_and_polygons_give_their_outline() -> None:
    lines = gpd.GeoDataFrame({"a": [1]}, geometry=[LineString([(0, 0), (1, 1)])], crs="EPSG:4326")
    assert line_layer(lines) == [[[0.0, 0.0], [1.0, 1.0]]]
    shape = gpd.GeoDataFrame({"a": [1]}, geometry=[Polygon([(0, 0), (1, 0), (1, 1)])], crs="EPSG:4326")
    [ring] = line_layer(shape)
    assert ring[0] == ring[-1]
    assert line_layer(None) == []


def test_outlets_without_a_point_are_counted_but_not_drawn(outlets: pd.DataFrame) -> None:
    data = outlet_layer(outlets, ["same", "same", "other"], EN, new=False)
    assert data["lon"] == [113.5, 114.5]
    assert data["member"] == [0, 1]
    assert data["notes"] == ["same"]
    assert data["left"] == 1
