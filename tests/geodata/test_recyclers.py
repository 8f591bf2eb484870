"""Recyclers: read from any format, in either language, and every misfit named."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geodata.coordinates import from_wgs84
from geodata.messages import InputError, NoteKind
from geodata.recyclers import read_recyclers
from geodata.schemas import Datum
from tests.geodata.tablefiles import WRITERS

TABLE = pd.DataFrame(
    {"recycler_id": ["R1", "R2"], "name": ["One", ""], "lon": [114.05, 113.3], "lat": [22.54, 23.1]}
)


@pytest.mark.parametrize("form", WRITERS)
def test_the_same_in_every_format(form: str, tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    write, ending = WRITERS[form]
    write(TABLE, tmp_path / f"recyclers{ending}")
    found, notes = read_recyclers(tmp_path / f"recyclers{ending}", china)
    assert notes == []
    assert found.columns.tolist() == ["recycler_id", "name", "lon", "lat"]
    assert found["name"].tolist() == ["One", "R2"]
    assert found["lon"].tolist() == [114.05, 113.3]


def test_points_of_a_geometry_and_chinese_headers(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    points = gpd.points_from_xy(TABLE["lon"], TABLE["lat"])
    table = gpd.GeoDataFrame(
        {"企业编号": ["R1", "R2"], "名称": ["甲", "乙"]}, geometry=points, crs="EPSG:4326"
    )
    table.to_file(tmp_path / "r.gpkg")
    found, _ = read_recyclers(tmp_path / "r.gpkg", china)
    assert found["recycler_id"].tolist() == ["R1", "R2"]
    assert found["lat"].tolist() == pytest.approx([22.54, 23.1])


def test_coordinates_are_converted_and_places_far_away_noted(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    lon, lat = from_wgs84([114.05], [22.54], Datum.GCJ02)
    (tmp_path / "r.csv").write_text(f"recycler_id,name,lon,lat\nR,,{lon[0]},{lat[0]}\nS,Far,2,48\n", "utf-8")
    found, notes = read_recyclers(tmp_path / "r.csv", china, Datum.GCJ02)
    assert found["lon"][0] == pytest.approx(114.05, abs=1e-5)
    assert [(note.kind, note.row, note.value) for note in notes] == [(NoteKind.COORDINATES, 3, "S")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recycler_id,lon,lat\nR,114,\n", "row 2, column 'lat'"),
        ("recycler_id,lon,lat\nR,114,95\n", "row 2, column 'lat'"),
        ("recycler_id,lon,lat\nR,114,22\nR,115,22\n", "'R' is in row 2 too"),
        ("recycler_id,lon\nR,114\n", "lat"),
        ("", "r.csv"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, said: str, tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    (tmp_path / "r.csv").write_text(text, "utf-8")
    with pytest.raises(InputError) as raised:
        read_recyclers(tmp_path / "r.csv", china)
    assert said in str(raised.value)


def test_a_header_alone_is_no_recycler(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    (tmp_path / "r.csv").write_text("recycler_id,lon,lat\n", "utf-8")
    assert read_recyclers(tmp_path / "r.csv", china)[0].empty
