from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata.assignment import assign_areas
from geodata.demand import read_demand
from geodata.grid import Grid, grid_for
from geodata.messages import InputError
from geodata.polygondemand import parts_of_cells, polygon_demand
from geodata.rawtable import RawTable
from geodata.schemas import CRS, Datum
from tests.geodata.densities import areas_of, by_area, texts, two_areas

WEST, EAST = shapely.box(10, 50, 11, 51), shapely.box(11, 50, 12, 51)
AREAS = areas_of(WEST, EAST)
BOXES = st.lists(
    st.builds(
        lambda x, y, w, h: shapely.box(x, y, x + w, y + h),
        st.floats(10, 11.4),
        st.floats(50, 50.4),
        st.floats(0.05, 0.6),
        st.floats(0.05, 0.6),
    ),
    min_size=1,
    max_size=6,
)


def raw(shapes: list[shapely.Geometry], values: list[float], crs: object = CRS, **more: object) -> RawTable:
    frame = pd.DataFrame({"vehicles": np.asarray(values, dtype=float)}).assign(**more)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return RawTable("districts.gpkg", frame, np.array(shapes, dtype=object), crs=gpd.GeoSeries(crs=crs).crs)


def in_plane(shapes: list[shapely.Geometry], grid: Grid) -> NDArray[np.object_]:
    return np.array(grid.shapes(gpd.GeoSeries(shapes, crs=CRS)))


@given(BOXES, st.sampled_from([9.0, 17.0, 60.0]), st.data())
@settings(max_examples=15)
def test_a_cell_gets_the_share_of_each_polygon_s_surface_in_it(
    shapes: list[shapely.Geometry], cell_km: float, data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.integers(1, 900), min_size=len(shapes), max_size=len(shapes)))
    points, _ = polygon_demand(raw(shapes, values), AREAS, cell_km=cell_km)
    np.testing.assert_allclose(by_area(points), 1.0, rtol=1e-9)
    own = points[points["cell_km"].notna()]
    reached = AREAS[[bool(shapely.intersects(area, shapes).any()) for area in AREAS.geometry]]
    grid = grid_for(reached, cell_km)
    plane = in_plane(shapes, grid)
    for code, area in zip(reached["adcode"], in_plane(list(reached.geometry), grid), strict=True):
        each = np.array(values) * shapely.area(shapely.intersection(area, plane)) / shapely.area(plane)
        part = own[own["adcode"] == code]
        corner = (
            np.array([point.split(":")[1:] for point in part["point_id"]], dtype=float).T * cell_km * 1000
        )
        cells = shapely.box(*corner, *(corner + cell_km * 1000))
        inside = shapely.area(shapely.intersection(cells[:, None], shapely.intersection(area, plane)))
        expected = (np.array(values) * inside / shapely.area(plane)).sum(axis=1) / each.sum()
        np.testing.assert_allclose(part["weight"], expected, rtol=1e-5, atol=1e-6)


@given(BOXES, st.integers(0, 99))
@settings(max_examples=15)
def test_neither_order_nor_splitting_a_polygon_changes_anything(
    shapes: list[shapely.Geometry], seed: int
) -> None:
    values = list(range(1, len(shapes) + 1))
    order = np.random.default_rng(seed).permutation(len(shapes))
    left, low, right, high = shapes[0].bounds
    middle = (left + right) / 2
    halves = [shapely.box(left, low, middle, high), shapely.box(middle, low, right, high)]
    areas = shapely.area(in_plane(halves, grid_for(AREAS)))
    shares = [values[0] * area / areas.sum() for area in areas]
    first = polygon_demand(raw(shapes, values), AREAS, cell_km=20)[0]
    turned = polygon_demand(raw([shapes[k] for k in order], [values[k] for k in order]), AREAS, cell_km=20)[0]
    split = polygon_demand(raw([*halves, *shapes[1:]], [*shares, *values[1:]]), AREAS, cell_km=20)[0]
    pd.testing.assert_frame_equal(first, turned, rtol=1e-5, atol=1e-6)
    pd.testing.assert_frame_equal(first, split, rtol=1e-5, atol=1e-6)


def test_the_parts_of_cells_make_up_the_areas() -> None:
    areas = two_areas()
    grid = grid_for(areas, 6.0)
    whole = grid.shapes(areas.geometry)
    parts = parts_of_cells(areas, grid, whole.to_numpy())
    np.testing.assert_allclose(parts.area.groupby(parts["area"]).sum(), whole.area, rtol=1e-9)
    assert not parts.duplicated(["area", "column", "row"]).any()


def test_points_stand_in_their_areas() -> None:
    bay = shapely.difference(shapely.box(10, 50, 11, 51), shapely.box(10.2, 50.3, 10.8, 51))
    areas = areas_of(bay, shapely.box(10.2, 50.3, 10.8, 51))
    points, _ = polygon_demand(raw([shapely.box(10, 50, 11, 51)], [5]), areas, cell_km=30)
    found = assign_areas(points["lon"], points["lat"], areas)
    np.testing.assert_array_equal(found, points["adcode"].to_numpy(dtype=object))


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "parquet"])
def test_polygons_of_any_format_and_coordinate_system(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"districts.{ending}"
    frame = gpd.GeoDataFrame({"车辆数": [30, 10]}, geometry=[WEST, shapely.box(10, 50, 10.5, 51)], crs=CRS)
    frame = frame if ending == "geojson" else frame.to_crs(25832)
    frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
    points, notes = read_demand(path, AREAS, cell_km=4)
    own = points[points["adcode"] == "a0"]
    assert own.loc[own["lon"] < 10.5, "weight"].sum() == pytest.approx(25 / 40, rel=0.03)
    assert "points of cells of 4 km" in texts(notes)
    assert "cover 3,9" in texts(notes)
    assert "km² more than once" in texts(notes)
    assert "no point in 1 of the areas (a1)" in texts(notes)


def test_people_alone_are_both_weights() -> None:
    table = raw([WEST], [1.0])
    people = RawTable(
        "d.gpkg", table.frame.rename(columns={"vehicles": "population"}), table.geometry, table.crs
    )
    points, _ = polygon_demand(people, AREAS, cell_km=30)
    own = points[points["adcode"] == "a0"]
    np.testing.assert_allclose(own["weight"], own["population_weight"])


def test_what_lies_off_and_what_is_mended_is_said() -> None:
    bow = shapely.Polygon([(10.1, 50.1), (10.9, 50.9), (10.9, 50.1), (10.1, 50.9)])
    points, notes = polygon_demand(raw([bow, shapely.box(11, 50.2, 13, 50.8)], [1, 2]), AREAS, cell_km=10)
    np.testing.assert_allclose(by_area(points), 1.0)
    assert "1 polygons cross themselves and were mended, first in row 1" in texts(notes)
    assert "33.3% of the weight of its polygons lies off every area and is left out" in texts(notes)


def test_polygons_in_another_datum_are_brought_to_wgs84(china: gpd.GeoDataFrame) -> None:
    table = raw([shapely.box(114.05, 22.54, 114.06, 22.55)], [1])
    plain, other = (
        polygon_demand(table, china, datum, cell_km=0.2)[0].query("adcode == '440300'")["lon"].mean()
        for datum in (Datum.WGS84, Datum.GCJ02)
    )
    assert 0.003 < plain - other < 0.008


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (raw([WEST, None], [1, 1]), "row 2: its geometry is missing"),
        (raw([WEST, shapely.LineString([(10, 50), (11, 51)])], [1, 1]), "row 2: its geometry is LineString"),
        (raw([shapely.box(500_000, 1, 600_000, 2)], [1]), "row 1: its corners are no degrees"),
        (raw([WEST], [-1]), "row 1, column 'vehicles': -1 is below 0"),
        (raw([WEST], [0]), "its rows weigh 0 together"),
        (raw([shapely.box(50, 10, 51, 11)], [1]), "none of its polygons lies in any of the areas"),
        (raw([WEST], [1], crs=None), "does not say its coordinate system"),
    ],
)
def test_bad_polygons_are_one_clear_sentence(table: RawTable, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        polygon_demand(table, AREAS, cell_km=20)
    assert len(caught.value.messages) == 1
