import runpy
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geodata.assignment import assign_areas
from geodata.boundaries import read_areas
from geodata.demand import DEMAND_COLUMNS, default_demand, density, grid_points, read_demand
from geodata.messages import InputError, NoteKind
from geodata.places import area_of_county, counties, county_polygons, places, places_of
from geodata.schemas import Datum

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return read_areas()


@pytest.fixture(scope="module")
def demand(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    return read_demand(None, areas)[0]


def squares(n: int, codes: list[str] | None = None) -> gpd.GeoDataFrame:
    codes = codes or [str(k) for k in range(n)]
    table = {"adcode": codes, "name": codes, "province_adcode": "00", "province": "x", "population": np.nan}
    table |= {"pinyin": "", "name_en": codes}
    return gpd.GeoDataFrame(table, geometry=[shapely.box(10 + k, 50, 11 + k, 51) for k in range(n)], crs=4326)


def test_every_area_has_points_whose_weights_sum_to_one(
    areas: gpd.GeoDataFrame, demand: pd.DataFrame
) -> None:
    totals = demand.groupby("adcode")["weight"].sum()
    assert totals.index.tolist() == areas["adcode"].tolist()
    np.testing.assert_allclose(totals, 1.0, atol=1e-12)
    assert (demand["weight"] > 0).all()
    assert demand["point_id"].is_unique
    assert demand["population_weight"].isna().all()
    assert tuple(demand.columns[: len(DEMAND_COLUMNS)]) == DEMAND_COLUMNS


def test_every_point_stands_in_its_area_or_just_off_it(areas: gpd.GeoDataFrame, demand: pd.DataFrame) -> None:
    np.testing.assert_array_equal(
        assign_areas(demand["lon"], demand["lat"], areas), demand["adcode"].to_numpy(dtype=object)
    )


def test_that_it_is_assumed_is_said(areas: gpd.GeoDataFrame) -> None:
    _, notes = read_demand(None, areas)
    assert [note.kind for note in notes] == [NoteKind.ASSUMPTION]


def test_a_county_weighs_by_its_number_of_places_and_a_place_by_its_people() -> None:
    county = pd.DataFrame(
        {"county": ["a1", "a2", "b1"], "adcode": ["a", "a", "b"], "name": "x", "lon": 1.0, "lat": 2.0}
    )
    place = pd.DataFrame(
        {
            "place_id": list("123456"),
            "name": "p",
            "lon": 5.0,
            "lat": 6.0,
            "population": [900, 400, 0, 0, 0, 5],
            "county": ["a1", "a1", "a1", "a2", "a2", ""],
        }
    )
    made = density(place, county).set_index("point_id")["weight"]
    first, second = np.sqrt(5), np.sqrt(4)
    assert made["P1"] == pytest.approx(first / (first + second) * 30 / 50)
    assert made["P2"] == pytest.approx(first / (first + second) * 20 / 50)
    assert made["P4"] == made["P5"] == pytest.approx(second / (first + second) / 2)
    assert made["Cb1"] == 1.0
    assert set(made.index) == {"P1", "P2", "P4", "P5", "Cb1"}


COUNTIES = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, 3_000_000), max_size=4)), min_size=1, max_size=6
)


@given(COUNTIES)
def test_weights_sum_to_one_whatever_the_places(made: list[tuple[str, list[int]]]) -> None:
    county = pd.DataFrame(
        [(f"c{k}", area, "x", 1.0, 2.0) for k, (area, _) in enumerate(made)],
        columns=["county", "adcode", "name", "lon", "lat"],
    )
    place = pd.DataFrame(
        [
            (f"{k}-{j}", "p", 1.0, 2.0, people, f"c{k}")
            for k, (_, ps) in enumerate(made)
            for j, people in enumerate(ps)
        ],
        columns=["place_id", "name", "lon", "lat", "population", "county"],
    ).astype({"county": str, "place_id": str, "population": float})
    points = density(place, county)
    totals = points.groupby("adcode")["weight"].sum()
    assert set(totals.index) == set(county["adcode"])
    np.testing.assert_allclose(totals, 1.0, atol=1e-12)
    assert (points["weight"] > 0).all()


def test_no_place_counts_for_more_than_600_000_people() -> None:
    county = pd.DataFrame({"county": ["c"], "adcode": ["a"], "name": "x", "lon": 1.0, "lat": 2.0})
    place = pd.DataFrame(
        {
            "place_id": ["1", "2"],
            "name": "p",
            "lon": 1.0,
            "lat": 2.0,
            "population": [20_000_000, 600_000],
            "county": "c",
        }
    )
    assert density(place, county)["weight"].tolist() == [0.5, 0.5]


def test_the_committed_tables_are_those_the_script_makes(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "scripts" / "rebuild_places.py"))["main"](tmp_path)
    for name in ("places.csv.gz", "counties.csv.gz"):
        made, kept = (pd.read_csv(path / name, dtype=str) for path in (tmp_path, ROOT / "geodata" / "data"))
        pd.testing.assert_frame_equal(made, kept)


def test_places_stand_in_the_county_and_area_they_name(areas: gpd.GeoDataFrame) -> None:
    table = places()
    used = table[table["county"] != ""]
    assert (used["adcode"] != "").all()
    belongs = counties().set_index("county")["adcode"]
    assert (used["county"].map(belongs) == used["adcode"]).all()
    assert (table["adcode"] == "").sum() < 20
    assert set(table["country"]) == {"CN", "HK", "MO", "TW"}


def test_a_place_on_kinmen_lands_nowhere_else() -> None:
    kinmen = places().set_index("place_id").loc["1678008"]
    assert (kinmen["country"], kinmen["adcode"], kinmen["county"]) == ("TW", "", "")


def test_every_county_belongs_to_an_area(areas: gpd.GeoDataFrame) -> None:
    polygons = county_polygons(areas)
    assert len(polygons) == 2888
    assert set(polygons["adcode"]) == set(areas["adcode"])


def test_a_county_s_area_is_itself_its_prefecture_or_its_province() -> None:
    found = area_of_county(
        pd.Series(["440305", "429004", "110101", "999999"]), pd.Series(["440300", "429004", "110000"])
    )
    assert found.tolist() == ["440300", "429004", "110000", ""]


def test_only_places_of_china_are_taken() -> None:
    record = {"geonameid": 1, "name": "A", "latitude": 1.0, "longitude": 2.0, "population": 3}
    table = places_of([record | {"countrycode": "CN"}, record | {"geonameid": 2, "countrycode": "KR"}])
    assert table.to_dict("records") == [
        {"place_id": "1", "name": "A", "lon": 2.0, "lat": 1.0, "population": 3, "country": "CN"}
    ]


@pytest.mark.skipif(not SHARED.exists(), reason="the reference table is not there")
def test_counties_weigh_about_what_the_census_says() -> None:
    n = places().groupby("county").size()
    weight = (n.reindex(counties()["county"], fill_value=0) + 2) ** 0.5
    census = pd.read_csv(SHARED / "counties.csv", dtype={"adcode": str, "prefecture_adcode": str})
    census = census.dropna(subset="population_2020").set_index("adcode")
    census = census.assign(weight=weight.reindex(census.index)).dropna(subset="weight")
    group = census["prefecture_adcode"]
    parts = census[["weight", "population_2020"]]
    share = parts / parts.groupby(group).transform("sum")
    off = (share["weight"] - share["population_2020"]).abs().groupby(group).sum() / 2
    assert off[group.value_counts() > 1].median() < 0.19


def test_a_polygon_of_one_s_own_gets_an_even_grid_and_says_so() -> None:
    points, notes = read_demand(None, squares(3))
    assert points.groupby("adcode").size().between(9, 25).all()
    np.testing.assert_allclose(points.groupby("adcode")["weight"].sum(), 1.0)
    (note,) = notes
    assert note.kind is NoteKind.ASSUMPTION
    assert "3 areas" in str(note.message)


def test_china_s_codes_on_polygons_elsewhere_do_not_get_china_s_places() -> None:
    points, _ = read_demand(None, squares(2, ["110000", "310000"]))
    assert points["lon"].between(10, 12).all()


def test_a_part_of_china_gets_its_own_part(areas: gpd.GeoDataFrame, demand: pd.DataFrame) -> None:
    some = areas[areas["province_adcode"] == "440000"]
    points, _ = read_demand(None, some)
    expected = demand[demand["adcode"].isin(some["adcode"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(points, expected)


@given(st.floats(0.001, 30), st.floats(0.001, 30), st.floats(-70, 70))
def test_a_grid_is_inside_and_never_empty(width: float, height: float, low: float) -> None:
    shape = shapely.box(5, low, 5 + width, low + height / 4)
    points = grid_points(shape)
    assert 1 <= len(points) <= 60
    assert shapely.contains_xy(shape, points[:, 0], points[:, 1]).all()


def test_a_sickle_gets_a_point_too() -> None:
    sickle = shapely.Point(0, 0).buffer(1).difference(shapely.Point(0.01, 0).buffer(1))
    points = grid_points(sickle)
    assert len(points) >= 1
    assert shapely.intersects_xy(sickle, points[:, 0], points[:, 1]).all()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "demand.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_weights_of_any_scale_sum_to_one_and_gaps_are_assumed(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "point_id,adcode,lon,lat,weight,population_weight,note\n"
        "b,0,10.5,50.5,30,\na,0,10.2,50.2,10,\nc,1,11.5,50.5,5,7\n",
    )
    points, notes = read_demand(path, squares(3))
    weights = points.set_index("point_id")["weight"]
    assert (weights["a"], weights["b"], weights["c"]) == (0.25, 0.75, 1.0)
    assert points.set_index("point_id").loc["c", "population_weight"] == 1.0
    np.testing.assert_allclose(points.groupby("adcode")["weight"].sum(), 1.0)
    assert "note" in points
    assert [note.kind for note in notes] == [NoteKind.ASSUMPTION]
    assert "1 of the areas (2)" in str(notes[0].message)


def test_own_points_are_brought_to_wgs84(tmp_path: Path, areas: gpd.GeoDataFrame) -> None:
    path = written(tmp_path, "point_id,adcode,lon,lat,weight\na,440300,114.06,22.55,1\n")
    points, _ = read_demand(path, areas, Datum.GCJ02)
    own = points[points["point_id"] == "a"]
    assert 114.05 < own["lon"].item() < 114.0595
    assert 22.545 < own["lat"].item() < 22.5545


def test_own_points_from_geometry(tmp_path: Path) -> None:
    table = {"point_id": ["a"], "adcode": ["0"], "weight": [2.0]}
    path = tmp_path / "demand.gpkg"
    gpd.GeoDataFrame(table, geometry=[shapely.Point(10.5, 50.5)], crs=4326).to_crs(25832).to_file(path)
    points, _ = read_demand(path, squares(1))
    assert points["lon"].tolist() == [pytest.approx(10.5)]


def test_points_outside_the_area_they_name_are_noted(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "point_id,adcode,lon,lat,weight\n" + "".join(f"{k},0,50.{k},10.{k},1\n" for k in range(1, 5)),
    )
    _, notes = read_demand(path, squares(1))
    texts = [str(note.message) for note in notes]
    assert "4 of 4 points lie outside the area they name, first in row 2" in texts[0]
    assert "swapped" in texts[1]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("a,0,10.5,50.5,1\na,0,10.6,50.5,1\n", r"row 3, column 'point_id': 'a' is in row 2"),
        ("a,9,10.5,50.5,1\n", r"row 2, column 'adcode': '9' is no area"),
        ("a,0,10.5,50.5,-1\n", r"row 2, column 'weight'"),
        ("a,0,10.5,50.5,0\n", r"points of area 0 weigh 0 together"),
        ("a,0,,50.5,1\n", r"row 2, column 'lon'"),
        ("a,0,10.5,91,1\n", r"row 2, column 'lat'"),
        ("a,0,10.5,50.5,many\n", r"row 2, column 'weight': 'many'"),
        (",0,10.5,50.5,1\n", r"row 2, column 'point_id'"),
    ],
)
def test_a_bad_demand_table_is_one_clear_sentence(tmp_path: Path, rows: str, sentence: str) -> None:
    path = written(tmp_path, "point_id,adcode,lon,lat,weight\n" + rows)
    with pytest.raises(InputError, match=sentence) as caught:
        read_demand(path, squares(2))
    assert len(caught.value.messages) == 1


def test_points_name_their_area_by_any_code_or_name(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    rows = "a,广州,113.3,23.1,3\nb,440103,113.25,23.12,1\nc,4403,114.06,22.55,7\nd,Dongguan,113.75,23.02,2\n"
    points, _ = read_demand(written(tmp_path, "point_id,adcode,lon,lat,weight\n" + rows), china)
    own = points.set_index("point_id").loc[["a", "b", "c", "d"]]
    assert own["adcode"].tolist() == ["440100", "440100", "440300", "441900"]
    assert own["weight"].tolist() == [0.75, 0.25, 1.0, 1.0]


def test_all_faults_of_a_demand_table_are_said_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "point_id,adcode,lon,lat,weight\na,0,10.5,50.5,1\na,9,10.5,50.5,x\n")
    with pytest.raises(InputError) as caught:
        read_demand(path, squares(1))
    assert len(caught.value.messages) == 3


def test_the_default_is_computed_from_the_committed_places() -> None:
    assert len(default_demand()) > 10_000
