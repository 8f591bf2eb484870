"""Outlets and sites: where they stand, what is odd about it, and nothing mended without a word."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geodata.coordinates import from_wgs84
from geodata.messages import Note, NoteKind
from geodata.outlets import read_outlets
from geodata.schemas import Datum
from geodata.sites import read_sites

HEAD = "outlet_id,name,enterprises,kind,lon,lat,adcode,opened,status\n"


def read(
    rows: str, folder: Path, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    (folder / "outlets.csv").write_text(HEAD + rows, "utf-8")
    return read_outlets(folder / "outlets.csv", areas, datum)


def test_enterprises_kinds_dates_and_states(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    rows = "1,a,A；B、 A ;C,收集型,114.05,22.54,,2021年6月,\n2,b,B,集中贮存型,114.05,22.54,,20220301,规划\n"
    outlets, notes = read(rows, tmp_path, china)
    assert notes == []
    assert outlets["enterprises"].tolist() == ["A;B;C", "B"]
    assert outlets["kind"].tolist() == ["collection", "storage"]
    assert outlets["status"].tolist() == ["open", "planned"]
    assert outlets["opened"].tolist() == [pd.Timestamp("2021-06-01"), pd.Timestamp("2022-03-01")]
    assert outlets["adcode"].tolist() == ["440300"] * 2
    assert outlets.crs == "EPSG:4326"


def test_an_outlet_without_a_point_counts_in_its_declared_area(
    tmp_path: Path, china: gpd.GeoDataFrame
) -> None:
    outlets, notes = read("7,a,A,storage,,,广州市,,\n", tmp_path, china)
    assert outlets.loc[0, ["adcode", "declared_adcode", "located"]].tolist() == ["440100", "440100", False]
    assert outlets.geometry.isna().all()
    assert [(note.kind, note.row, note.value) for note in notes] == [(NoteKind.NOT_LOCATED, 2, "7")]


def test_an_outlet_counts_where_it_stands(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    outlets, notes = read(
        "1,a,A,storage,114.05,22.54,440100,,\n2,b,A,storage,130,20,440100,,\n", tmp_path, china
    )
    assert outlets["adcode"].tolist() == ["440300", ""]
    assert [str(note.message) for note in notes] == [
        "'a' is declared in 广州市 (440100) but lies in 深圳市 (440300), where it counts.",
        "'b' lies off every area: it counts nowhere.",
    ]


def test_an_outlet_listed_twice_is_noted_and_kept(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    spot = "storage,114.05,22.54,,,"
    rows = f"1,Shop,A;B,{spot}\n2,shop,B,storage,114.05001,22.54,,,\n3,shop,C,{spot}\n"
    outlets, notes = read(rows, tmp_path, china)
    assert len(outlets) == 3
    assert [(note.kind, note.row) for note in notes] == [(NoteKind.DUPLICATE, 3)]
    assert "rows 2, 3" in str(notes[0].message)


def test_coordinates_are_converted_from_their_datum(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    for datum in Datum:
        lon, lat = from_wgs84([114.05], [22.54], datum)
        outlets, _ = read(f"1,a,A,storage,{lon[0]},{lat[0]},,,\n", tmp_path, china, datum)
        assert outlets["lon"][0] == pytest.approx(114.05, abs=1e-5)
        assert outlets["lat"][0] == pytest.approx(22.54, abs=1e-5)


def test_swapped_axes_are_said_and_not_mended(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    areas = china.assign(
        geometry=china.translate(-70.0, 30.0)
    )  # so that swapped values are still on the globe
    spots = areas.representative_point()
    rows = "".join(
        f"{k},n{k},A,storage,{spot.y},{spot.x},{code},,\n"
        for k, (spot, code) in enumerate(zip(spots[:20], areas["adcode"][:20], strict=True))
    )
    outlets, notes = read(rows, tmp_path, areas)
    assert any("swapped" in str(note.message) for note in notes)
    assert outlets["lon"].tolist() == [spot.y for spot in spots[:20]]


def test_ten_thousand_outlets_are_quick(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    spots = china.representative_point()
    many = np.resize(np.arange(len(china)), 10_235)
    rows = "".join(f"{k},n{k},A;B,storage,{spots[j].x},{spots[j].y},,,\n" for k, j in enumerate(many))
    outlets, _ = read(rows, tmp_path, china)
    assert outlets["adcode"].tolist() == china["adcode"].to_numpy()[many].tolist()


def test_sites_keep_their_blanks(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(
        "候选点编号,候选点名称,经度,纬度,网点类型,最多网点数\n1,a,114.05,22.54,,\n2,b,130,20,收集,3\n",
        "utf-8",
    )
    sites, notes = read_sites(path, china)
    assert sites["adcode"].tolist() == ["440300", ""]
    assert sites["kind"].tolist() == ["", "collection"]
    assert sites["max_units"].isna().tolist() == [True, False]
    assert [str(note.message) for note in notes] == ["The site 'b' lies off every area; it is not offered."]
