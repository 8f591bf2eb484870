import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from exactextract import exact_extract
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.density import measured, write_raster
from geodata.assignment import assign_areas
from geodata.demand import DEMAND_COLUMNS, read_demand
from geodata.grid import Grid, centroids, grid_for
from geodata.messages import InputError, NoteKind
from geodata.rasterdemand import people_by_cell
from geodata.rasterfile import opened_raster
from geodata.rawtable import Limits
from tests.geodata.densities import CELL, LEFT, TOP, areas_of, by_area, people, raster, texts, two_areas

ROOT = Path(__file__).parents[2]


def zonal_sums(path: Path, areas: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """The whole raster at once, by exactextract alone."""
    with rasterio.open(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = exact_extract(str(path), areas.to_crs(file.crs.to_wkt()), ["sum"])
    return np.array([one["properties"]["sum"] for one in found])


def counted(path: Path, areas: gpd.GeoDataFrame, grid: Grid, window_cells: int = 400) -> pd.DataFrame:
    with opened_raster(path) as one:
        return people_by_cell(one, areas, grid, window_cells=window_cells)[0]


@given(
    st.integers(0, 99),
    st.sampled_from([1.0, 3.0, 7.5, 40.0]),
    st.sampled_from([60, 400, 10_000]),
    st.booleans(),
)
@settings(max_examples=20)
def test_an_area_s_people_are_the_raster_s_zonal_sum_whatever_the_cells_and_windows(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cell_km: float, window: int, tiled: bool
) -> None:
    how = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {"blockysize": 3}
    values = people(seed=seed)
    values[values < 2] = -9
    path = raster(tmp_path_factory.mktemp("r") / "p.tif", values, nodata=-9, **how)
    areas = two_areas()
    sums = counted(path, areas, grid_for(areas, cell_km), window)
    np.testing.assert_allclose(sums.groupby("area")["weight"].sum(), zonal_sums(path, areas), rtol=1e-6)
    assert not sums.duplicated(["area", "column", "row"]).any()


def test_cells_on_a_border_are_divided_and_nobody_is_lost(tmp_path: Path) -> None:
    values = people()
    points, notes = read_demand(raster(tmp_path / "p.tif", values), two_areas(), cell_km=5)
    np.testing.assert_allclose(by_area(points), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(points["weight"], points["population_weight"])
    assert tuple(points.columns) == (*DEMAND_COLUMNS, "cell_km")
    assert set(points["cell_km"]) == {5.0}
    assert points["point_id"].is_unique
    assert f"the {round(float(values.sum(dtype=float))):,} people" in texts(notes)
    assert [note.kind for note in notes] == [NoteKind.ASSUMPTION]


def test_every_point_stands_in_its_area_and_its_cell(tmp_path: Path) -> None:
    comb = shapely.union_all(
        [
            shapely.box(10.1, 51.1, 10.9, 51.15),
            *(shapely.box(x, 51.1, x + 0.01, 51.9) for x in (10.1, 10.5, 10.89)),
        ]
    )
    areas = areas_of(comb, shapely.difference(shapely.box(10, 51, 11, 52), comb))
    path = raster(tmp_path / "p.tif", people())
    grid = grid_for(areas, 8.0)
    sums = counted(path, areas, grid)
    points = centroids(grid, sums, areas)
    np.testing.assert_array_equal(
        assign_areas(points["lon"], points["lat"], areas), points["adcode"].to_numpy(dtype=object)
    )
    column, row = grid.cell(*grid.plane(points["lon"].to_numpy(), points["lat"].to_numpy()))
    there = (column == sums["column"]) & (row == sums["row"])
    assert there.mean() > 0.97  # the rest are slivers whose raster cell has its centre in the next cell
    assert (np.abs(column - sums["column"]).max(), np.abs(row - sums["row"]).max()) <= (1, 1)


def test_a_point_is_the_centroid_of_the_people_it_stands_for(tmp_path: Path) -> None:
    values = np.zeros((50, 50), np.int32)
    values[10, 10], values[10, 12] = 300, 100
    points, _ = read_demand(
        raster(tmp_path / "p.tif", values), areas_of(shapely.box(10, 51, 11, 52)), cell_km=50
    )
    (point,) = points.to_dict("records")
    assert point["weight"] == 1.0
    assert point["lon"] == pytest.approx(LEFT + (10.5 + 0.25 * 2) * CELL, abs=1e-5)
    assert point["lat"] == pytest.approx(TOP - 10.5 * CELL, abs=1e-4)


@pytest.mark.parametrize("how", ["south up", "scaled", "integers", "nan", "projected"])
def test_the_same_people_however_they_are_stored(tmp_path: Path, how: str) -> None:
    values, areas, path = np.floor(people() * 10), two_areas(), tmp_path / "other.tif"
    expected = zonal_sums(raster(tmp_path / "plain.tif", values), areas)
    if how == "south up":
        turned = np.ascontiguousarray(values[::-1])
        raster(path, turned, transform=Affine(CELL, 0, LEFT, 0, CELL, TOP - 50 * CELL))
    elif how == "scaled":
        raster(path, values / 4)
        with rasterio.open(path, "r+") as file:
            file.scales = (4.0,)
    elif how == "integers":
        raster(path, values.astype(np.uint32), compress="deflate", nodata=4_000_000_000)
    elif how == "nan":
        expected = zonal_sums(raster(path, np.where(values > 500, np.nan, values)), areas)
    else:
        areas, path = in_metres(tmp_path, values)
        expected = zonal_sums(path, areas)
    points, notes = read_demand(path, areas, cell_km=5)
    found = counted(path, areas, grid_for(areas, 5.0)).groupby("area")["weight"].sum()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(by_area(points), 1.0)
    assert ("hold no number (NaN) and count as empty" in texts(notes)) == (how == "nan")


def in_metres(tmp_path: Path, values: NDArray[np.float32]) -> tuple[gpd.GeoDataFrame, Path]:
    frame = gpd.GeoSeries([shapely.box(300_000, 5_600_000, 400_000, 5_700_000)], crs=25832)
    areas = areas_of(*frame.to_crs(4326))
    where = Affine(2000, 0, 300_000, 0, -2000, 5_700_000)
    return areas, raster(tmp_path / "metres.tif", values, transform=where, crs=25832)


def test_a_raster_of_the_whole_world_in_an_equal_area_projection(tmp_path: Path) -> None:
    where = Affine(100_000, 0, -18_041_000, 0, -100_000, 9_000_000)
    path = raster(tmp_path / "world.tif", people(180, 361), transform=where, crs="ESRI:54009")
    areas = areas_of(shapely.box(10, 50, 25, 60), shapely.box(100, -10, 130, 20))
    points, notes = read_demand(path, areas)
    sums = counted(path, areas, grid_for(areas, 100.0))
    np.testing.assert_allclose(sums.groupby("area")["weight"].sum(), zonal_sums(path, areas), rtol=1e-6)
    assert (by_area(points) - 1).abs().max() < 1e-9
    assert [note.kind for note in notes] == [NoteKind.ASSUMPTION]


def test_areas_the_raster_knows_nobody_in_are_named_and_assumed(tmp_path: Path) -> None:
    areas = areas_of(
        shapely.box(10, 51, 11, 52), shapely.box(10.2, 50, 10.4, 50.9), shapely.box(20, 50, 21, 51)
    )
    points, notes = read_demand(raster(tmp_path / "p.tif", people()), areas, cell_km=5)
    np.testing.assert_allclose(by_area(points), 1.0)
    assert "no point in 2 of the areas (a1, a2); where sales are in them is assumed" in texts(notes)
    assert points.loc[points["adcode"] == "a1", "cell_km"].isna().all()


def test_areas_that_the_raster_cuts_off_are_named(tmp_path: Path) -> None:
    areas = areas_of(shapely.box(10.5, 51, 12, 52))
    _, notes = read_demand(raster(tmp_path / "p.tif", people()), areas, cell_km=5)
    assert "ends inside 1 of the areas (a0); only their people within it count" in texts(notes)


def test_cells_are_never_finer_than_the_raster(tmp_path: Path) -> None:
    points, notes = read_demand(raster(tmp_path / "p.tif", people()), two_areas(), cell_km=0.5)
    assert set(points["cell_km"]) == {2.0}
    assert "cells of 0.5 km are finer than the raster, so 2 km were taken" in texts(notes)


def test_without_a_size_there_are_about_100_000_points_at_most(china: gpd.GeoDataFrame) -> None:
    grid = grid_for(china)
    assert (grid.lon, grid.lat) == (104, 29)
    assert 10 <= grid.cell_km <= 15
    assert grid == grid_for(china.sample(frac=1, random_state=1))


def test_so_many_cells_are_refused(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    with pytest.raises(InputError, match=r"Cells of 0.5 km would be about .* choose 12 km or more"):
        grid_for(china, 0.5)
    with pytest.raises(InputError, match=r"cell of 0\.001 km is no useful size"):
        read_demand(raster(tmp_path / "p.tif", people()), two_areas(), cell_km=0.001)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"transform": Affine(CELL, 0.001, LEFT, 0.001, -CELL, TOP)}, "its cells are rotated"),
        ({"transform": Affine(1, 0, 0, 0, 1, 0)}, "does not say where its cells lie"),
        ({"crs": None}, "does not say its coordinate system"),
        ({"values": -people()}, r"p.tif, raster row 1, column 1: -\d.* is no number of people"),
        ({"values": np.full((50, 50), np.inf, np.float32)}, "row 1, column 1: inf is no number of people"),
        ({"values": np.full((50, 50), 3.4e38, np.float32)}, "is no number of people; if it stands"),
        ({"values": people()[None].repeat(3, 0)}, "has 3 bands of float32"),
        ({"values": np.zeros((50, 50), np.complex64)}, "1 bands of complex64"),
        ({"values": np.zeros((50, 50), np.uint8)}, "has no people in any of the areas"),
        ({"transform": Affine(CELL, 0, 100, 0, -CELL, 0)}, "has no people in any of the areas"),
    ],
)
def test_a_bad_raster_is_one_clear_sentence(tmp_path: Path, how: dict[str, Any], sentence: str) -> None:
    how = {"values": people()} | how
    path = raster(tmp_path / "p.tif", **how)
    with pytest.raises(InputError, match=sentence) as caught:
        read_demand(path, two_areas())
    assert len(caught.value.messages) == 1


def test_a_damaged_a_foreign_and_a_large_file_are_said(tmp_path: Path) -> None:
    whole = raster(tmp_path / "p.tif", people(200, 200))
    half = tmp_path / "half.tif"
    half.write_bytes(whole.read_bytes()[:40_000])
    vrt = tmp_path / "p.vrt"
    vrt.write_bytes(b'<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand/></VRTDataset>')
    named = tmp_path / "named.tif"
    named.write_bytes(vrt.read_bytes())
    for path, sentence in [
        (half, "half.tif is damaged"),
        (vrt, "p.vrt has an ending we do not read"),
        (named, "named as GeoTIFF but its content is XML"),
    ]:
        with pytest.raises(InputError, match=sentence):
            read_demand(path, two_areas())
    with pytest.raises(InputError, match="has 40,000 cells"):
        read_demand(whole, two_areas(), limits=Limits(raster_cells=1000))
    with pytest.raises(InputError, match="rasters up to 0 MB are read"):
        read_demand(whole, two_areas(), limits=Limits(raster_bytes=1000))


@pytest.mark.slow
def test_fifty_million_cells_take_less_than_a_gigabyte(tmp_path: Path) -> None:
    found = measured(write_raster(tmp_path / "people.tif"))
    assert found["megabytes"] < 1000
    assert found["sums_off"] < 1e-6
    assert found["weights_off"] < 1e-9
    assert 50_000 < found["points"] < 130_000


def test_reading_demand_without_a_raster_loads_no_raster_library() -> None:
    code = (
        "import sys; from geodata.demand import read_demand; from geodata.boundaries import read_areas; "
        "import geodata.owndemand; print({'rasterio', 'exactextract', 'tobler'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
