"""Every file format gives the same table back, whatever the text in it; no file reads another."""

import json
import sqlite3
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from geodata.columns import DEFINITIONS, OUTLETS, SALES, folded
from geodata.files import open_table, read_frame
from geodata.messages import InputError
from geodata.outlets import OUTLET_COLUMNS, read_outlets
from geodata.rawtable import Limits
from geodata.sales import read_sales
from geodata.validation import canonical
from tests.geodata.tablefiles import WRITERS, located

HOSTILE = st.sampled_from(
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        '"quoted"',
        "a,b",
        "line\nbreak",
        "007",
        "1e5",
        "全角　空白",
        "🔋电池",
        "NA",
    ]
) | st.sampled_from(
    [
        "null",
        "-",
        "@x",
        "<img onerror=1>",
        "${x}",
        "a;b",
        "1,200",
        "TRUE",
        "2022-01-01",
        "'s",
        "İ",
        "ﬁ",
        "nan",
    ]
)
TEXT = HOSTILE | st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=12
)
NAMES = TEXT.map(str.strip).filter(bool)
NUMBERS = st.integers(0, 10**7) | st.floats(0, 1e7, allow_subnormal=False)


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(NAMES, NUMBERS, NAMES), min_size=1, max_size=6, unique_by=lambda row: row[0]))
def test_every_format_round_trips_hostile_text(form: str, rows: list[tuple[str, float, str]]) -> None:
    write, ending = WRITERS[form]
    frame = pd.DataFrame(rows, columns=["enterprise", "vehicles", "remark"])
    frame.insert(1, "adcode", "004403")
    frame.insert(2, "year", 2022)
    frame["vehicles"] = frame["vehicles"].astype(float)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sales{ending}"
        write(frame, path)
        back = canonical(open_table(path), SALES)
    assert back["enterprise"].tolist() == frame["enterprise"].tolist()
    assert back["remark"].tolist() == frame["remark"].tolist()
    assert back["adcode"].tolist() == ["004403"] * len(frame)
    assert back["vehicles"].tolist() == pytest.approx(frame["vehicles"].tolist(), rel=1e-15)


def outlet_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "outlet_id": ["001", "2"],
            "name": ["=1+1", "店, 二"],
            "enterprises": ["A；B", "A"],
            "kind": ["收集型", "storage"],
            "lon": [114.05, 113.3],
            "lat": [22.54, 23.1],
            "adcode": ["440300", "广州"],
            "area_m2": [25.5, None],
            "opened": ["2021-06-30", ""],
            "own column": ["x", "y"],
        }
    )


@pytest.mark.parametrize("form", WRITERS)
def test_outlets_are_the_same_from_every_format(form: str, tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    outlet_rows().to_parquet(tmp_path / "reference.parquet", index=False)
    write, ending = WRITERS[form]
    write(outlet_rows(), tmp_path / f"outlets{ending}")
    expected, _ = read_outlets(tmp_path / "reference.parquet", china)
    back, _ = read_outlets(tmp_path / f"outlets{ending}", china)
    assert list(back.columns) == [*OUTLET_COLUMNS, "own column", "geometry"]
    assert_frame_equal(pd.DataFrame(back), pd.DataFrame(expected))


@pytest.mark.parametrize(
    ("ending", "crs"), [(".gpkg", 4326), (".gpkg", 4490), (".geojson", 4326), (".parquet", 32649)]
)
def test_points_come_from_the_geometry(
    ending: str, crs: int, tmp_path: Path, china: gpd.GeoDataFrame
) -> None:
    path = tmp_path / f"outlets{ending}"
    points = located(outlet_rows()).to_crs(crs)
    points.to_parquet(path) if ending == ".parquet" else points.to_file(path)
    back, _ = read_outlets(path, china)
    assert back["lon"].tolist() == pytest.approx([114.05, 113.3], abs=1e-6)
    assert back["lat"].tolist() == pytest.approx([22.54, 23.1], abs=1e-6)
    assert back["adcode"].tolist() == ["440300", "440100"]


def test_canonical_outlets_read_back_as_they_are(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    outlet_rows().to_csv(tmp_path / "outlets.csv", index=False)
    first, _ = read_outlets(tmp_path / "outlets.csv", china)
    first.to_parquet(tmp_path / "again.parquet", index=False)
    again, _ = read_outlets(tmp_path / "again.parquet", china)
    assert_frame_equal(pd.DataFrame(again), pd.DataFrame(first))


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_a_table_with_a_header_and_no_rows_is_valid(
    form: str, tmp_path: Path, china: gpd.GeoDataFrame
) -> None:
    write, ending = WRITERS[form]
    write(outlet_rows().iloc[:0], tmp_path / f"outlets{ending}")
    back, notes = read_outlets(tmp_path / f"outlets{ending}", china)
    none, _ = read_outlets(None, china)
    assert notes == []
    assert_frame_equal(pd.DataFrame(back[list(OUTLET_COLUMNS)]), pd.DataFrame(none[list(OUTLET_COLUMNS)]))


def test_layers_without_features_are_valid_outlets_but_no_sales(
    tmp_path: Path, china: gpd.GeoDataFrame
) -> None:
    (tmp_path / "none.geojson").write_text('{"type": "FeatureCollection", "features": []}', "utf-8")
    located(outlet_rows()).iloc[:0].to_file(tmp_path / "none.gpkg")
    for name in ("none.geojson", "none.gpkg"):
        assert len(read_outlets(tmp_path / name, china)[0]) == 0
    with pytest.raises(InputError, match="no rows"):
        read_sales(tmp_path / "none.geojson", china)


def test_numbers_as_spreadsheets_and_people_write_them(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "sales.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["企 业", "行政区划代码", "年 份", "销量（辆）"])
        sheet.write_row(1, 0, ["A", 110000, 2022, 1200])
        sheet.write_row(3, 0, ["A", "４４０３００", "2022年", "1,200"])
        sheet.write_row(4, 0, ["A", 440100.0, "２０２２", " １２００ "])
        sheet.write_blank(9, 0, None, book.add_format({"bold": True}))
    sales, _ = read_sales(tmp_path / "sales.xlsx", china)
    assert sales["adcode"].tolist() == ["110000", "440300", "440100"]
    assert sales["vehicles"].tolist() == [1200.0] * 3
    assert sales["year"].tolist() == [2022] * 3


def test_row_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('enterprise\n"two\nlines"\n\nlast\n', "utf-8")
    assert read_frame(tmp_path / "a.csv").index.tolist() == [2, 4]
    as_json = {"features": [{"properties": {"name": "x"}, "geometry": None}] * 2}
    (tmp_path / "a.json").write_text(json.dumps(as_json), "utf-8")
    assert read_frame(tmp_path / "a.json").index.tolist() == [1, 2]


def test_surplus_blank_cells_at_the_end_of_rows_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("enterprise,year\nA,2022,,\nB,2021\n", "utf-8")
    assert read_frame(tmp_path / "a.csv")["year"].tolist() == ["2022", "2021"]


def test_a_worksheet_is_found_by_the_name_of_its_table(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "book.xlsx")) as book:
        book.add_worksheet("notes").write_row(0, 0, ["a"])
        book.add_worksheet("销量").write_row(0, 0, ["b"])
    raw = open_table(tmp_path / "book.xlsx", sheets=SALES.sheets)
    assert raw.source == "book.xlsx [销量]"
    assert list(raw.frame.columns) == ["b"]


def test_a_virtual_table_in_a_geopackage_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "outlets.gpkg"
    located(outlet_rows()).to_file(path)
    with sqlite3.connect(path) as base:
        base.execute("CREATE VIRTUAL TABLE other USING fts5(content)")
    base.close()
    with pytest.raises(InputError, match="damaged"):
        open_table(path)


def test_an_archive_whose_directory_lies_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "sales.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"x" * 100_000)
    content = bytearray(path.read_bytes())
    size = (100_000).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(bytes(content.replace(size, (10).to_bytes(4, "little"))))
    with pytest.raises(InputError, match="damaged"):
        open_table(path)


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "geopackage", "geojson"])
def test_rows_are_capped(form: str, tmp_path: Path) -> None:
    write, ending = WRITERS[form]
    write(pd.DataFrame({"a": range(20)}), tmp_path / f"t{ending}")
    with pytest.raises(InputError, match="20 rows; up to 10 are read"):
        open_table(tmp_path / f"t{ending}", limits=Limits(rows=10))


def test_large_files_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" * 100, "utf-8")
    with pytest.raises(InputError, match="files up to"):
        open_table(tmp_path / "t.csv", limits=Limits(file_bytes=100))


def test_no_header_means_two_columns_of_a_table() -> None:
    for definition in DEFINITIONS:
        meanings: dict[str, str] = {}
        for one in definition.fields:
            for header in {folded(name) for name in (one.name, one.chinese, *one.aliases)}:
                assert meanings.setdefault(header, one.name) == one.name, (definition.name, header)


def test_words_of_a_vocabulary_mean_one_value_each() -> None:
    for one in (field for definition in (SALES, OUTLETS) for field in definition.fields):
        words = [folded(word) for value, others in one.choices.items() for word in {value, *others}]
        assert len(words) == len(set(words)), one.name
