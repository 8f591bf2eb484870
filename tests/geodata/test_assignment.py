from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.assignment import assign_areas, locate, territory_of
from geodata.boundaries import read_areas

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return read_areas()


def board(*shapes: shapely.Geometry, codes: list[str] | None = None) -> gpd.GeoDataFrame:
    codes = codes or [f"{k:06d}" for k in range(len(shapes))]
    table = {"adcode": codes, "province_adcode": "000000"}
    return gpd.GeoDataFrame(table, geometry=list(shapes), crs="EPSG:4326")


def brute_force(lon: float, lat: float, areas: gpd.GeoDataFrame) -> str:
    """Return the area that contains the point, else the lowest code among those that touch it, else ""."""
    point = shapely.Point(lon, lat)
    inside = areas["adcode"][shapely.contains(areas.geometry.to_numpy(), point)]
    touching = areas["adcode"][shapely.intersects(areas.geometry.to_numpy(), point)]
    return min(inside, default=min(touching, default=""))


@settings(max_examples=30, deadline=None)
@given(points=st.lists(st.tuples(st.floats(73, 136), st.floats(3, 54)), min_size=1, max_size=8))
def test_agrees_with_brute_force_over_china(
    areas: gpd.GeoDataFrame, points: list[tuple[float, float]]
) -> None:
    lon, lat = np.array(points).T
    expected = [brute_force(x, y, areas) for x, y in points]
    assert assign_areas(lon, lat, areas, snap_km=-1.0).tolist() == expected


GRID = st.integers(0, 8).map(lambda k: k / 2)


@given(
    boxes=st.lists(st.tuples(GRID, GRID, GRID, GRID), min_size=1, max_size=5),
    points=st.lists(st.tuples(GRID, GRID), min_size=1, max_size=10),
)
def test_agrees_with_brute_force_on_borders_corners_and_overlaps(
    boxes: list[tuple[float, float, float, float]], points: list[tuple[float, float]]
) -> None:
    made = board(*(shapely.box(x, y, x + w + 0.5, y + h + 0.5) for x, y, w, h in boxes))
    lon, lat = np.array(points).T
    assert assign_areas(lon, lat, made, snap_km=-1.0).tolist() == [brute_force(x, y, made) for x, y in points]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_vertices_of_real_borders_go_to_the_lowest_code(areas: gpd.GeoDataFrame, data: st.DataObject) -> None:
    shape = areas.geometry.iloc[data.draw(st.integers(0, len(areas) - 1))]
    corners = shapely.get_coordinates(shape)
    x, y = corners[data.draw(st.integers(0, len(corners) - 1))]
    assert assign_areas([x], [y], areas).tolist() == [brute_force(x, y, areas)]


def test_the_order_of_rows_changes_nothing(areas: gpd.GeoDataFrame) -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(100, 122, 500), rng.uniform(22, 42, 500)
    shuffled = areas.sample(frac=1, random_state=1)
    np.testing.assert_array_equal(assign_areas(lon, lat, areas), assign_areas(lon, lat, shuffled))
    back = assign_areas(lon[::-1], lat[::-1], areas)[::-1]
    np.testing.assert_array_equal(assign_areas(lon, lat, areas), back)


def test_up_to_three_kilometres_off_goes_to_the_nearest() -> None:
    made = board(shapely.box(10, 50, 11, 51), shapely.box(11.05, 50, 12, 51))
    found = locate([9.97, 9.95, 11.02, 11.03, 11.5], [50.5, 50.5, 50.5, 50.5, 51.026], made)
    assert found.adcode.tolist() == ["000000", "", "000000", "000001", "000001"]
    assert found.offset_km[0] == pytest.approx(0.03 * 111.195 * np.cos(np.radians(50.5)), rel=2e-3)
    assert found.offset_km[4] == pytest.approx(0.026 * 111.195, rel=1e-6)
    assert np.isnan(found.offset_km[1])
    assert "2 points" not in str([note.message for note in found.notes()])


def test_a_tie_goes_to_the_lowest_code() -> None:
    made = board(shapely.box(1, 0, 2, 1), shapely.box(0.96, 0, 0.98, 1), codes=["000001", "000000"])
    assert assign_areas([0.99], [0.5], made).tolist() == ["000000"]


def test_a_special_area_of_gansu_goes_to_the_nearest_however_far_and_says_so(areas: gpd.GeoDataFrame) -> None:
    deep = locate([101.05], [38.1], areas)
    assert deep.left_out.tolist() == [True]
    metres = areas.to_crs("EPSG:32647").distance(
        gpd.GeoSeries.from_xy([101.05], [38.1], crs=4326).to_crs("EPSG:32647")[0]
    )
    assert deep.adcode.tolist() == [areas["adcode"][metres.idxmin()]]
    assert deep.offset_km[0] == pytest.approx(metres.min() / 1000, rel=0.01)
    assert deep.offset_km[0] > 3
    (note,) = deep.notes("outlets.csv")
    assert note.source == "outlets.csv"
    assert "629700" in str(note.message)


def test_a_point_keeps_to_its_own_territory(areas: gpd.GeoDataFrame) -> None:
    sea = [118.21638], [24.41141]
    assert assign_areas(*sea, areas).tolist() == ["350500"]
    assert assign_areas(*sea, areas, territory=["TW"]).tolist() == [""]
    assert assign_areas(*sea, areas, territory=["CN"]).tolist() == ["350500"]


def test_territory_is_told_by_the_code() -> None:
    codes = pd.Series(["110000", "710000", "810000", "820000", "x"])
    assert territory_of(codes).tolist() == ["CN", "TW", "HK", "MO", "CN"]


def test_nowhere_and_nothing(areas: gpd.GeoDataFrame) -> None:
    assert assign_areas([np.nan, 0.0], [30.0, 0.0], areas).tolist() == ["", ""]
    assert assign_areas([], [], areas).tolist() == []


@pytest.mark.skipif(not SHARED.exists(), reason="the reference table is not there")
def test_every_county_of_the_reference_table_lies_in_its_prefecture(areas: gpd.GeoDataFrame) -> None:
    table = pd.read_csv(SHARED / "counties.csv", dtype={"prefecture_adcode": str})
    table = table[table["prefecture_adcode"].isin(areas["adcode"])]
    found = assign_areas(table["lon"], table["lat"], areas)
    assert (found == table["prefecture_adcode"].to_numpy(dtype=object)).mean() > 0.999
