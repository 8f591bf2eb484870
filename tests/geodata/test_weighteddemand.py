from pathlib import Path
from random import Random

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import weighteddemand
from geodata.attribution import from_openstreetmap
from geodata.demand import read_demand
from geodata.grid import grid_for
from geodata.messages import InputError, NoteKind
from geodata.rawtable import RawTable
from geodata.schemas import CRS, Datum
from geodata.weighteddemand import is_density, point_demand
from tests.geodata.densities import areas_of, by_area, texts

AREAS = areas_of(shapely.box(10, 50, 11, 51), shapely.box(11, 50, 12, 51), shapely.box(12, 50, 13, 51))
POINTS = st.lists(
    st.tuples(st.floats(10.001, 11.999), st.floats(50.001, 50.999), st.integers(1, 500)),
    min_size=1,
    max_size=30,
)


def table(rows: list[tuple[float, float, float]], **more: object) -> RawTable:
    frame = pd.DataFrame(rows, columns=["lon", "lat", "vehicles"]).assign(**more)
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return RawTable("cars.csv", frame)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cars.csv"
    path.write_text(text, encoding="utf-8")
    return path


@given(POINTS, st.sampled_from([1.0, 4.0, 30.0, 400.0]))
@settings(max_examples=20)
def test_merging_keeps_what_each_area_has_and_stays_in_its_cells(
    rows: list[tuple[float, float, float]], cell_km: float
) -> None:
    points, _ = point_demand(table(rows), AREAS, cell_km=cell_km)
    np.testing.assert_allclose(by_area(points), 1.0, rtol=1e-12)
    own = points[points["cell_km"].notna()]
    code = np.array(["a0" if lon <= 11 else "a1" for lon, _, _ in rows])
    weight = np.array([weight for *_, weight in rows], dtype=float)
    grid = grid_for(AREAS[AREAS["adcode"].isin(code)], cell_km)
    given = pd.DataFrame(np.array(rows)[:, :2], columns=["lon", "lat"]).assign(code=code, weight=weight)
    given["column"], given["row"] = grid.cell(*grid.plane(given["lon"].to_numpy(), given["lat"].to_numpy()))
    expected = given.groupby(["code", "column", "row"])["weight"].sum()
    expected = expected / expected.groupby("code").transform("sum")
    column, row = grid.cell(*grid.plane(own["lon"].to_numpy(), own["lat"].to_numpy()))
    found = own.assign(column=column, row=row).groupby(["adcode", "column", "row"])["weight"].sum()
    assert found.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@given(POINTS, st.randoms())
@settings(max_examples=15)
def test_neither_order_nor_splitting_changes_anything(
    rows: list[tuple[float, float, float]], random: Random
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    halves = [(lon, lat, weight / 2) for lon, lat, weight in rows for _ in range(2)]
    first, turned, split = (
        point_demand(table(some), AREAS, cell_km=5)[0] for some in (rows, shuffled, halves)
    )
    pd.testing.assert_frame_equal(first, turned, check_exact=True)
    pd.testing.assert_frame_equal(first, split)
    names = [point_demand(table(some), AREAS)[0] for some in (rows, shuffled)]
    pd.testing.assert_frame_equal(*names)


def test_addresses_without_area_or_name_are_placed(tmp_path: Path) -> None:
    path = written(
        tmp_path, "地址,经度,纬度,保有量\n甲,10.5,50.5,30\n乙,10.6,50.5,10\n丙,11.5,50.5,7\n丁,40,50,3\n"
    )
    points, notes = read_demand(path, AREAS)
    own = points[points["adcode"].isin(["a0", "a1"])]
    assert own["weight"].tolist() == [0.75, 0.25, 1.0]
    assert own["point_id"].tolist() == ["a0-1", "a0-2", "a1-1"]
    assert own["地址"].tolist() == ["甲", "乙", "丙"]
    assert own["population_weight"].isna().all()
    assert (
        "1 of 4 points, with 6.0% of the weight, lie off every area and are left out, first in row 5"
        in texts(notes)
    )
    assert [note.kind for note in notes] == [NoteKind.COORDINATES, NoteKind.ASSUMPTION]
    np.testing.assert_allclose(by_area(points), 1.0)


def test_people_alone_are_both_weights_and_both_may_be_given(tmp_path: Path) -> None:
    alone, _ = read_demand(written(tmp_path, "lon,lat,population\n10.5,50.5,3\n10.7,50.5,1\n"), AREAS)
    own = alone[alone["adcode"] == "a0"]
    assert own["weight"].tolist() == own["population_weight"].tolist() == [0.75, 0.25]
    text = "lon,lat,registrations,population\n10.5,50.5,0,3\n10.9,50.5,8,1\n"
    both, _ = read_demand(written(tmp_path, text), AREAS, cell_km=5)
    own = both[both["adcode"] == "a0"].sort_values("lon")
    assert own["weight"].tolist() == [0.0, 1.0]
    assert own["population_weight"].tolist() == [0.75, 0.25]


def test_a_point_counts_for_the_area_it_names(tmp_path: Path) -> None:
    text = "area,lon,lat,vehicles\na1,10.5,50.5,5\n,10.6,50.5,1\n"
    points, _ = read_demand(written(tmp_path, text), AREAS)
    assert points.loc[points["lon"] == 10.5, "adcode"].item() == "a1"
    assert points.loc[points["lon"] == 10.6, "adcode"].item() == "a0"


def test_a_demand_table_is_merged_too_if_asked(tmp_path: Path) -> None:
    text = "point_id,adcode,lon,lat,weight\nx,a0,10.5,50.5,1\ny,a0,10.5001,50.5,1\nz,a1,10.5,50.5,4\n"
    points, notes = read_demand(written(tmp_path, text), AREAS, cell_km=2)
    own = points[points["cell_km"].notna()]
    assert own["weight"].tolist() == [1.0, 1.0]
    assert own.loc[own["adcode"] == "a1", "lon"].item() == pytest.approx(10.5)  # named so, wherever it lies
    assert "3 points were merged into 2, those of cells of 2 km" in texts(notes)


def test_many_points_are_merged_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighteddemand, "MANY_POINTS", 3)
    few, _ = point_demand(table([(10.5, 50.5, 1.0)] * 3), AREAS)
    many, notes = point_demand(table([(10.5, 50.5, 1.0)] * 4), AREAS)
    assert ("cell_km" in few, "cell_km" in many) == (False, True)
    assert "4 points were merged into 1, those of cells of 0.3 km" in texts(notes)


def test_points_from_geometry_and_another_datum(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    path = tmp_path / "cars.gpkg"
    gpd.GeoDataFrame({"cars": [2]}, geometry=[shapely.Point(114.06, 22.55)], crs=CRS).to_file(path)
    points, _ = read_demand(path, china, Datum.GCJ02)
    own = points[points["point_id"] == "440300-1"]
    assert 114.05 < own["lon"].item() < 114.0595


@pytest.mark.parametrize(("source", "owed"), [("OpenStreetMap", True), ("a survey", False)])
@pytest.mark.parametrize("cell_km", [None, 5.0])
def test_merged_points_still_say_that_they_are_openstreetmap_s(
    tmp_path: Path, source: str, owed: bool, cell_km: float | None
) -> None:
    text = f"lon,lat,vehicles,source\n10.5,50.5,3,{source}\n10.5001,50.5,3,\n"
    points, _ = read_demand(written(tmp_path, text), AREAS, cell_km=cell_km)
    assert from_openstreetmap(points) == owed


def test_a_header_without_rows_assumes_everything(tmp_path: Path) -> None:
    points, notes = read_demand(written(tmp_path, "lon,lat,vehicles\n"), AREAS, cell_km=5)
    np.testing.assert_allclose(by_area(points), 1.0)
    assert "no point in 3 of the areas" in texts(notes)


def test_a_demand_table_is_no_density() -> None:
    whole = table([(1.0, 2.0, 3.0)], point_id="x", adcode="a0")
    assert not is_density(whole)
    assert is_density(table([(1.0, 2.0, 3.0)], point_id="x"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("postcode,vehicles\n10115,5\n", "has no coordinates; add longitude and latitude"),
        ("lon,postcode,vehicles\n10.5,10115,5\n", "'lat' .* is missing"),
        ("lon,lat,colour\n10.5,50.5,red\n", "'weight' .* is missing"),
        ("lon,lat,vehicles\n10.5,50.5,-5\n", "row 2, column 'vehicles': -5 is below 0"),
        ("lon,lat,vehicles\n10.5,50.5,many\n", "row 2, column 'vehicles': 'many'"),
        ("lon,lat,vehicles\n10.5,,5\n", "row 2, column 'lat'"),
        ("lon,lat,vehicles\n10.5,50.5,\n", "row 2, column 'vehicles'"),
        ("lon,lat,vehicles\n10.5,50.5,0\n", "its rows weigh 0 together"),
        ("lon,lat,vehicles\n50.5,10.5,1\n", "none of its points lies in any of the areas"),
        (
            "point_id,lon,lat,vehicles\nx,10.5,50.5,1\nx,10.6,50.5,1\n",
            "row 3, column 'point_id': 'x' is in row 2",
        ),
        ("city,lon,lat,vehicles\nAtlantis,10.5,50.5,1\n", "row 2, column 'city': 'Atlantis' is no area"),
    ],
)
def test_a_bad_density_is_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_demand(written(tmp_path, text), AREAS)
    assert len(caught.value.messages) == 1
