"""Bad tables: one clear sentence each, with file, row, column, value and remedy, and no file left behind."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import xlsxwriter

from geodata import tables
from geodata.boundaries import read_areas
from geodata.demand import read_demand
from geodata.messages import InputError
from geodata.tables import read_tables

GOOD_SALES = b"enterprise,adcode,year,vehicles\nA,440300,2022,10\n"
SALES = "enterprise,role,adcode,year,vehicles,batteries,stock,chemistry,pack_kg\n"
OUTLETS = "outlet_id,name,enterprises,kind,lon,lat,adcode,area_m2,opened,status\n"
SITES = "site_id,name,lon,lat,kind,max_units\n"
Write = Callable[[Path], object]


@dataclass(frozen=True)
class Bad:
    """A bad table: its kind, file, content, and what the sentence must say."""

    kind: str
    file: str
    content: bytes | Write
    said: tuple[str, ...]
    count: int = 1

    @property
    def table(self) -> str:
        return self.file.split(".")[0]

    def write(self, path: Path) -> None:
        if isinstance(self.content, bytes):
            path.write_bytes(self.content)
        else:
            self.content(path)


def sales(kind: str, rows: str, *said: str, count: int = 1) -> Bad:
    return Bad(kind, "sales.csv", (SALES + rows).encode(), said, count)


def outlets(kind: str, rows: str, *said: str, count: int = 1) -> Bad:
    return Bad(kind, "outlets.csv", (OUTLETS + rows).encode(), said, count)


def sites(kind: str, rows: str, *said: str) -> Bad:
    return Bad(kind, "sites.csv", (SITES + rows).encode(), said)


def raw(kind: str, file: str, content: bytes | Write, *said: str, count: int = 1) -> Bad:
    return Bad(kind, file, content, said, count)


def workbook(*rows: list[object], merge: str = "", sheet: str = "Sheet1", more: str = "") -> Write:
    def write(path: Path) -> None:
        with xlsxwriter.Workbook(str(path)) as book:
            page = book.add_worksheet(sheet)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
            if merge:
                page.merge_range(merge, rows[1][0])
            if more:
                book.add_worksheet(more).write_row(0, 0, ["enterprise", "adcode", "year", "vehicles"])

    return write


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 50_000_000)


def far_corner(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["enterprise", "adcode", "year", "vehicles"])
        page.write_string(1_048_575, 16_383, "stray")


def no_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", b"hello")


def half_a_workbook(path: Path) -> None:
    workbook(["enterprise", "adcode", "year", "vehicles"], ["A", "440300", 2022, 5])(path)
    path.write_bytes(path.read_bytes()[:-400])


def parquet(path: Path) -> None:
    pd.DataFrame({"enterprise": ["A"], "adcode": ["440300"], "year": [2022]}).to_parquet(path)


def half_parquet(path: Path) -> None:
    parquet(path)
    path.write_bytes(path.read_bytes()[:-40])


def database(path: Path) -> None:
    import sqlite3

    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE t (a)")
    base.close()


def polygons(path: Path) -> None:
    frame = {"outlet_id": ["1"], "name": ["n"], "enterprises": ["A"], "kind": ["storage"]}
    gpd.GeoDataFrame(frame, geometry=[shapely.box(113, 22, 114, 23)], crs=4326).to_file(path)


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'  # noqa: E501
DEEP = b'{"type": "FeatureCollection", "features": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HEAD: list[object] = ["enterprise", "adcode", "year", "vehicles"]


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch, china: gpd.GeoDataFrame) -> None:
    """Read China's areas and the assumed demand once, not for every bad table."""
    monkeypatch.setattr(tables, "read_areas", lambda path, **how: read_areas(path, **how) if path else china)
    monkeypatch.setattr(
        tables,
        "read_demand",
        lambda path, areas, datum, **how: (
            read_demand(path, areas, datum, **how) if path else (pd.DataFrame(), [])
        ),
    )


BAD = [
    raw("no such file", "sales.csv", lambda path: None, "sales.csv", "cannot be found", "check the name"),
    raw("a folder", "sales.csv", lambda path: path.mkdir(), "sales.csv", "folder"),
    raw("zero bytes", "sales.csv", b"", "sales.csv", "empty", "header"),
    raw("zero bytes of outlets", "outlets.xlsx", b"", "outlets.xlsx", "empty"),
    raw("blank lines only", "sales.csv", b"\n\n\n", "sales.csv", "blank", "header"),
    raw("unknown ending", "sales.doc", GOOD_SALES, "sales.doc", ".csv, .xlsx"),
    raw("workbook named csv", "sales.csv", workbook(HEAD), "sales.csv", "CSV", "Excel (XLSX)", "save"),
    raw("csv named xlsx", "sales.xlsx", GOOD_SALES, "sales.xlsx", "plain text", "save"),
    raw("old or locked excel", "sales.xlsx", b"\xd0\xcf\x11\xe0" + b"0" * 99, "password", ".xlsx"),
    raw("html named csv", "sales.csv", b"<table><tr><td>1</td></tr></table>", "XML or HTML"),
    raw("binary named csv", "sales.csv", b"a,b\x00\x01,c\n", "sales.csv", "not a text file"),
    raw("vrt named geojson", "outlets.geojson", VRT, "outlets.geojson", "XML or HTML"),
    raw("vrt named gpkg", "outlets.gpkg", VRT, "outlets.gpkg", "XML or HTML"),
    raw("deep json", "outlets.geojson", DEEP, "outlets.geojson", "nested"),
    raw("broken json", "outlets.geojson", b'{"type": "FeatureCollection", "fea', "damaged", "again"),
    raw("no feature collection", "outlets.json", b'{"a": 1}', "FeatureCollection"),
    raw("half a surrogate", "outlets.json", b'{"features": [{"id": "\\ud800"}]}', "damaged"),
    raw("zip bomb", "sales.xlsx", bomb, "sales.xlsx", "unpack", "CSV"),
    raw("stray cell in the far corner", "sales.xlsx", far_corner, "1048576", "clear the stray cells"),
    raw("zip that is no workbook", "sales.xlsx", no_workbook, "no Excel workbook"),
    raw("half-written workbook", "sales.xlsx", half_a_workbook, "damaged", "again"),
    raw("half-written parquet", "sales.parquet", half_parquet, "damaged", "again"),
    raw("database that is no geopackage", "outlets.gpkg", database, "damaged", "GeoPackage"),
    raw("empty workbook", "sales.xlsx", workbook(), "no filled worksheet"),
    raw("half a quoted cell", "sales.csv", GOOD_SALES + b'"B,440300', "damaged"),
    raw("cut in a character", "sales.csv", GOOD_SALES + "市".encode()[:2], "damaged"),
    raw("neither utf-8 nor gb18030", "sales.csv", GOOD_SALES + b"\xff\xff,1\n", "row 3", "GB18030"),
    raw("utf-16", "sales.csv", GOOD_SALES.decode().encode("utf-16"), "UTF-16", "UTF-8"),
    raw("semicolons", "sales.csv", GOOD_SALES.replace(b",", b";"), "semicolons", "commas"),
    raw("tabs", "sales.csv", GOOD_SALES.replace(b",", b"\t"), "tabs", "commas"),
    raw("more cells than header", "sales.csv", GOOD_SALES + b"B,440300,2022,1,200\n", "row 3", "5 cells"),
    raw("header without rows", "sales.csv", b"enterprise,adcode,year,vehicles\n", "no rows", "at least one"),
    raw("missing column", "sales.csv", b"enterprise,year,vehicles\nA,2022,1\n", "'adcode'", "'year'", "Add"),
    raw("column twice", "sales.csv", b"enterprise,adcode,year,year\nA,440300,2022,1\n", "'year'", "twice"),
    raw(
        "two columns of one meaning",
        "sales.csv",
        "企业,行政区划代码,年份,登记量,上险量\nA,440300,2022,1,1\n".encode(),
        "'登记量'", "'上险量'", "vehicles", "remove or rename",
    ),
    raw("column without name", "sales.csv", b"enterprise,adcode,year,\nA,1,2022,1\n", "column D", "name it"),
    raw("title above the header", "sales.xlsx", workbook(["Sales 2022"], HEAD), "'Sales 2022'", "first row"),
    raw("blank first row", "sales.xlsx", workbook([], HEAD, ["A", "440300", 2022, 1]), "row 1", "first row"),
    raw(
        "table in another worksheet",
        "sales.xlsx",
        workbook(["a", "b"], [1, 2], sheet="notes", more="data"),
        "sales.xlsx [notes]", "data", "Name that worksheet 'sales'", count=3,
    ),
    raw(
        "merged cells",
        "sales.xlsx",
        workbook(HEAD, ["A", "440300", 2022, 1], ["", "440100", 2022, 1], merge="A2:A3"),
        "row 3", "'enterprise'", "unmerge",
    ),
    sales("blank enterprise", ",maker,440300,2022,1\n", "sales.csv, row 2", "'enterprise'", "fill it in"),
    sales("blank area", "A,maker,,2022,1\n", "row 2", "'adcode'", "blank"),
    sales("blank vehicles", "A,maker,440300,2022,\n", "row 2", "'vehicles'", "write 0"),
    sales("negative vehicles", "A,maker,440300,2022,-5\n", "row 2", "'vehicles'", "-5", "below 0"),
    sales("vehicles in words", "A,maker,440300,2022,ten\n", "row 2", "'ten'", "digits only"),
    sales("vehicles with unit", "A,maker,440300,2022,10辆\n", "row 2", "'10辆'", "digits only"),
    sales("infinite vehicles", "A,maker,440300,2022,inf\n", "row 2", "'inf'", "not a number"),
    sales("too many vehicles", "A,maker,440300,2022,1e12\n", "row 2", "1e12", "above 100000000"),
    sales("decimal comma", 'A,maker,440300,2022,"1,5"\n', "row 2", "'1,5'", "not a number"),
    sales("year too early", "A,maker,440300,1922,1\n", "row 2", "'year'", "1922", "below 2000"),
    sales("year with a fraction", "A,maker,440300,2022.5,1\n", "row 2", "'2022.5'", "whole number"),
    sales("year in words", "A,maker,440300,last,1\n", "row 2", "'year'", "'last'"),
    sales("unknown role", "A,dealer,440300,2022,1\n", "row 2", "'dealer'", "battery_maker", "write one"),
    sales("maker with batteries", "A,maker,440300,2022,,7\n", "row 2", "'batteries'", "7", "'vehicles'"),
    sales("battery maker with vehicles", "A,battery_maker,440300,2022,7\n", "'vehicles'", "to 'batteries'"),
    sales("battery maker without packs", "A,battery_maker,44,2022,,\n", "row 2", "'batteries'", "write 0"),
    sales("pack of no weight", "A,maker,440300,2022,1,,,LFP,0\n", "row 2", "'pack_kg'", "below 1"),
    sales("maker in a province", "A,maker,广东省,2022,1\n", "row 2", "'广东省'", "is a province", "440000"),
    sales("unknown code", "A,maker,999999,2022,1\n", "row 2", "'999999'", "no area we know", "110000"),
    sales("misspelt name", "A,maker,深圳布,2022,1\n", "row 2", "did you mean 深圳市 (440300)?"),
    sales("ambiguous name", "A,maker,吉林,2022,1\n", "'吉林'", "吉林省 (220000), 吉林市 (220200)", "code"),
    sales("ambiguous pinyin", "A,maker,Taizhou,2022,1\n", "泰州市 (321200), 台州市 (331000)"),
    sales("divided area", "A,maker,341400,2022,1\n", "'341400'", "合肥市", "国函〔2011〕84号"),
    sales(
        "key given twice",
        "A,maker,440300,2022,1\nB,maker,440300,2022,1\nA,maker,深圳,2022,2\n",
        "rows 2 and 4", "A", "2022", "keep one",
    ),
    sales("county twice", "A,,440305,2022,1\nA,,440305,2022,2\n", "rows 2 and 3", "440305"),
    sales("area and its county", "A,,440300,2022,9\nA,,440305,2022,2\n", "row 3", "part of 440300", "row 2"),
    outlets("identifier twice", "1,n,A,storage,,,440300\n1,m,A,storage,,,440300\n", "row 3", "'1'", "row 2"),
    outlets("blank identifier", ",n,A,storage,,,440300\n", "row 2", "'outlet_id'", "blank"),
    outlets("unknown kind", "1,n,A,shop,,,440300\n", "row 2", "'shop'", "collection (收集)"),
    outlets("unknown status", "1,n,A,storage,,,440300,,,maybe\n", "row 2", "'maybe'", "planned"),
    outlets("no date", "1,n,A,storage,,,440300,,06/30/2021\n", "row 2", "'06/30/2021'", "2021-06-30"),
    outlets("no enterprise", "1,n,;；,storage,,,440300\n", "row 2", "';；'", "names no enterprise"),
    outlets("swapped axes", "1,n,A,storage,22.5,114.1,440300\n", "row 2", "'lat'", "114.1", "swapped?"),
    outlets("longitude beyond the globe", "1,n,A,storage,1140.1,22.5,\n", "row 2", "'lon'", "1140.1"),
    outlets("only one coordinate", "1,n,A,storage,114.1,,440300\n", "row 2", "'lat'", "clear both"),
    outlets("zero, zero", "1,n,A,storage,0,0,440300\n", "row 2", "both 0", "clear both"),
    outlets("nowhere", "1,n,A,storage,,,\n", "row 2", "neither coordinates nor an area", "'adcode'"),
    outlets("unknown declared area", "1,n,A,storage,114.1,22.5,Atlantis\n", "row 2", "'Atlantis'"),
    outlets("negative floor area", "1,n,A,storage,,,440300,-1\n", "row 2", "'area_m2'", "-1"),
    raw(
        "only a longitude column",
        "outlets.csv",
        b"outlet_id,name,enterprises,kind,lon\n1,n,A,storage,114\n",
        "row 1", "'lon'", "add the other",
    ),
    raw("outlets that are polygons", "outlets.gpkg", polygons, "row 1", "Polygon", "give a point"),
    raw(
        "broken geometry",
        "outlets.geojson",
        b'{"features": [{"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "P"}}]}',
        "row 1", "not valid GeoJSON",
    ),
    raw(
        "unknown crs",
        "outlets.geojson",
        json.dumps({"features": [], "crs": {"properties": {"name": "nowhere"}}}).encode(),
        "crs", "EPSG:4326",
    ),
    sites("site without a point", "1,n,,22.5\n", "row 2", "'lon'", "fill it in"),
    sites("half a unit", "1,n,114,22.5,,1.5\n", "row 2", "'max_units'", "whole number"),
    raw("areas without polygons", "areas.csv", b"adcode,name\n1,x\n", "areas.csv", "polygons"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=[bad.kind for bad in BAD])
def test_a_bad_table_gives_one_clear_sentence_and_leaves_nothing_behind(bad: Bad, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_bytes(GOOD_SALES)
    path = tmp_path / bad.file
    bad.write(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as error:
        read_tables(**({"sales": good} | {bad.table: path}))
    sentences = [str(message) for message in error.value.messages]
    assert len(sentences) == bad.count, sentences
    assert sentences[0].startswith(bad.file)
    assert sentences[0].endswith((".", "?"))
    assert [said for said in bad.said if said not in sentences[0]] == []
    assert sorted(tmp_path.rglob("*")) == before


def test_there_are_many_kinds_of_bad_tables() -> None:
    assert len({bad.kind for bad in BAD}) >= 45


def test_all_files_are_read_before_anything_is_said(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(SALES + "A,maker,440300,2022,-1\nA,dealer,440300,2021,x\n", "utf-8")
    (tmp_path / "outlets.csv").write_text(OUTLETS + "1,n,A,shop,,,440300\n", "utf-8")
    with pytest.raises(InputError) as error:
        read_tables(tmp_path / "sales.csv", tmp_path / "outlets.csv", tmp_path / "sites.csv")
    said = [str(message) for message in error.value.messages]
    assert [sentence.split(", column")[0] for sentence in said] == [
        "sales.csv, row 2",
        "sales.csv, row 3",
        "sales.csv, row 3",
        "outlets.csv, row 2",
        "sites.csv cannot be found; check the name and the folder.",
    ]


def test_thousands_of_bad_rows_stay_readable(tmp_path: Path) -> None:
    rows = "".join(f"A{k},maker,440300,2022,-1\n" for k in range(5000))
    (tmp_path / "sales.csv").write_text(SALES + rows, "utf-8")
    with pytest.raises(InputError) as error:
        read_tables(tmp_path / "sales.csv")
    lines = str(error.value).splitlines()
    assert len(error.value.messages) == 1001
    assert len(lines) == 12
    assert lines[-2] == "… and 990 more of this kind."
    assert "4000 more rows" in lines[-1]
