"""What people upload: read apart, refused in one sentence each, never left on the disk."""

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from geodata.limits import UPLOAD, UPLOADS
from geodata.messages import InputError, message_data, message_from, say
from geodata.schemas import Datum, Tables
from geodata.tables import read_tables
from planner.intake import Upload, digest_of, plain_name, read_polygons, read_upload

EXAMPLE = Path(__file__).parents[2] / "examples" / "de"
FILES = {
    "sales": ("sales.csv", (EXAMPLE / "sales.csv").read_bytes()),
    "outlets": ("outlets.csv", (EXAMPLE / "outlets.csv").read_bytes()),
    "areas": ("areas.geojson", (EXAMPLE / "areas.geojson").read_bytes()),
}
VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource>'
    b"</OGRVRTLayer></OGRVRTDataSource>"
)
DEEP = b'{"type": "FeatureCollection", "features": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = [
    "${alert(1)}",
    "</script><img src=x onerror=alert(1)>",
    "=cmd()",
    "javascript:alert(1)",
    "`${top.location='//x'}`",
    "<b>bold</b>",
    "a\\u2028b",
    "'); DROP TABLE scenarios;--",
    "![x](http://x.test/y)",
    "{{7*7}}",
]


def here(files: Mapping[str, Path], datums: Mapping[str, Datum]) -> Tables:
    """Read in this process, under the same limits: what a file does, without waiting for a process."""
    return read_tables(**files, datum=datums, limits=UPLOADS)


def refused(files: Mapping[str, Upload]) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_upload(files, read=here)
    return [str(message) for message in caught.value.messages]


def bomb() -> bytes:
    """Return a workbook of 200 kB that unpacks to 200 MB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 200_000_000)
    return made.getvalue()


def many_parts() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(UPLOAD.archive_entries + 1):
            archive.writestr(f"xl/{number}.xml", "")
    return made.getvalue()


def other_sqlite(folder: Path) -> bytes:
    """Return a database that has a GeoPackage's tables but not its mark."""
    path = folder / "other.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
        database.execute("INSERT INTO gpkg_contents VALUES ('areas', 'features')")
        database.execute("CREATE TABLE areas (adcode TEXT)")
    database.close()
    return path.read_bytes()


def test_good_files_are_read_in_a_process_of_their_own_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    intake = read_upload(FILES, {"outlets": Datum.WGS84})
    same = read_upload(FILES, read=here)
    assert intake.digest == same.digest
    assert intake.notes == same.notes
    assert intake.tables.sales.equals(same.tables.sales)
    assert [file.name for file in intake.tables.files] == ["sales.csv", "outlets.csv", "areas.geojson"]
    assert list(tmp_path.iterdir()) == []


def test_other_bytes_names_or_datums_are_other_tables() -> None:
    first = read_upload(FILES, read=here).digest
    assert read_upload(FILES, {"outlets": Datum.GCJ02}, read=here).digest != first
    assert read_upload({**FILES, "sales": ("b.csv", FILES["sales"][1])}, read=here).digest != first
    assert (
        read_upload({**FILES, "sales": ("sales.csv", FILES["sales"][1] + b"\n")}, read=here).digest != first
    )


def test_the_problems_of_all_files_come_at_once() -> None:
    bad = b"enterprise,adcode,year,vehicles\nA,99001,2022,x\nA,99001,,3\n"
    said = refused({**FILES, "sales": ("s.csv", bad), "outlets": ("o.csv", b"outlet_id,name\n1,a\n")})
    assert any("s.csv, row 2" in line for line in said)
    assert any("s.csv, row 3" in line for line in said)
    assert any("o.csv" in line for line in said)


@pytest.mark.parametrize(
    ("table", "name", "content", "word"),
    [
        ("areas", "areas.geojson", VRT, "XML"),
        ("areas", "areas.gpkg", VRT, "XML"),
        ("areas", "areas.vrt", VRT, "ending"),
        ("areas", "areas.geojson", DEEP, "nested too deeply"),
        ("areas", "areas.geojson", b'{"type": "Topology"', "damaged"),
        ("sales", "sales.xlsx", many_parts(), "unpack"),
        ("sales", "sales.csv", b"", "empty"),
        ("sales", "sales.csv", FILES["sales"][1][:3] + b"\x00\x01", "not a text file"),
        ("sales", "sales.xlsx", b"PK\x03\x04 half a workbook", "damaged"),
        ("sales", "sales.parquet", b"PAR1 half a table", "damaged"),
        ("sales", "sales.csv", b"a" * (21_000_000), "is 21 MB; files up to 20 MB"),
        ("sales", "sales.csv", b"x\n" * 500_002, "rows"),
        ("sales", "sales.csv", b",".join(b"c%d" % n for n in range(300)) + b"\n", "300 columns"),
    ],
)  # fmt: skip
def test_what_no_table_is_is_refused_in_one_sentence(
    table: str, name: str, content: bytes, word: str
) -> None:
    said = refused({**FILES, table: (name, content)})
    assert len(said) == 1
    assert word in said[0]
    assert name in said[0]


def test_a_raster_of_people_and_recyclers_are_read_apart(tmp_path: Path) -> None:
    # half a degree beyond the areas on each side, so that every one has people
    people = raster(tmp_path / "people.tif", np.ones((100, 190), np.float32))
    recyclers = b"recycler_id,name,lon,lat\nV1,Verwerter,9.5,51\n"
    demand = (people.name, people.read_bytes())
    found = read_upload({**FILES, "demand": demand, "recyclers": ("r.csv", recyclers)}, cell_km=25.0)
    points = found.tables.demand
    assert points.groupby("adcode")["weight"].sum().to_numpy() == pytest.approx(1)
    assert set(points["cell_km"]) == {25.0}
    assert found.tables.recyclers is not None
    assert found.tables.recyclers["recycler_id"].tolist() == ["V1"]
    assert len({digest_of(FILES, {}, cell_km=km) for km in (None, 25.0, 50.0)}) == 3


def raster(path: Path, values: np.ndarray) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", dtype=values.dtype, height=values.shape[0], width=values.shape[1], count=1,
        crs=4326, transform=Affine(0.02, 0, 8.0, 0, -0.02, 52.5),
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path


def test_a_raster_that_is_none_or_of_another_table_is_refused(tmp_path: Path) -> None:
    people = raster(tmp_path / "people.tif", np.ones((5, 5), np.float32)).read_bytes()
    assert "content is" in refused({**FILES, "demand": ("a.tif", VRT)})[0]
    assert "only demand" in refused({**FILES, "outlets": ("a.tif", people)})[0]


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    assert "would unpack to 200 MB" in refused({**FILES, "sales": ("sales.xlsx", bomb())})[0]


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    assert "damaged" in refused({**FILES, "areas": ("areas.gpkg", other_sqlite(tmp_path))})[0]


def test_a_file_that_takes_too_long_or_too_much_is_ended() -> None:
    from geodata.apart import read_tables_apart

    files = {"sales": EXAMPLE / "sales.csv", "areas": EXAMPLE / "areas.geojson"}
    with pytest.raises(InputError, match="longer than 0 seconds"):
        read_tables_apart(files, {}, seconds=0.05)
    with pytest.raises(InputError, match="more memory"):
        read_tables_apart(files, {}, memory_bytes=200 * 1024**2)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x.csv", "x.csv"),
        ("C:\\Users\\me\\销量 2026.xlsx", "销量 2026.xlsx"),
        ("a.zip!b.gpkg", "a.zip_b.gpkg"),
        ("/vsicurl/http://x.test/a.geojson", "a.geojson"),
        ("=cmd()|' calc'!A0.csv", "_cmd()_ calc_A0.csv"),
        ("..", "table"),
        ("x" * 300 + ".csv", "x" * 80 + ".csv"),
        ("a\x00\n<b>.csv", "a_b_.csv"),
    ],
)
def test_names_lose_their_folders_and_what_is_no_letter(name: str, kept: str) -> None:
    assert plain_name(name) == kept


def test_a_path_in_a_name_leads_nowhere() -> None:
    intake = read_upload({**FILES, "sales": ("../../x.csv", FILES["sales"][1])}, read=here)
    assert intake.tables.files[0].name == "x.csv"


def test_sales_are_needed_and_nothing_else_is_known() -> None:
    assert "sales table" in refused({"outlets": FILES["outlets"]})[0]
    assert "no table 'passwd'" in refused({**FILES, "passwd": ("a.csv", b"a")})[0]


def test_too_many_enterprises_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.intake.MOST_PARTIES", 5)
    assert "split it by enterprise" in refused(FILES)[0]


def test_hostile_names_are_names() -> None:
    rows = "".join(f'"{name}",99001,2026,10\n' for name in HOSTILE)
    sales = f"enterprise,adcode,year,vehicles\n{rows}".encode()
    content = json.loads(FILES["areas"][1])
    content["features"][0]["properties"]["name"] = HOSTILE[1]
    files = {"sales": ("s.csv", sales), "areas": ("a.geojson", json.dumps(content).encode())}
    tables = read_upload(files, read=here).tables
    assert set(tables.sales["enterprise"]) == set(HOSTILE)
    assert tables.areas["name"].iloc[0] == HOSTILE[1]


def test_messages_travel_as_json() -> None:
    message = say("{file} is {inner}", file="a", inner=say("{n} rows", n=3))
    assert message_from(json.loads(json.dumps(message_data(message)))) == message


def drawing(*geometries: object, name: str = "wetland") -> Upload:
    features = [{"type": "Feature", "properties": {"name": name}, "geometry": one} for one in geometries]
    return "parks.geojson", json.dumps({"type": "FeatureCollection", "features": features}).encode()


SQUARE = [[114.0, 22.5], [114.1, 22.5], [114.1, 22.6], [114.0, 22.6], [114.0, 22.5]]
HOLE = [[114.04, 22.54], [114.06, 22.54], [114.06, 22.56], [114.04, 22.54]]
FAR = [[[x + 1, y] for x, y in SQUARE]]


def test_polygons_become_exclusions() -> None:
    found = read_polygons(
        drawing(
            {"type": "Polygon", "coordinates": [SQUARE]},
            {"type": "MultiPolygon", "coordinates": [[SQUARE], FAR]},
        )
    )
    assert [one.name for one in found] == ["wetland"] * 3
    assert found[0].corners == ((114.0, 22.5), (114.1, 22.5), (114.1, 22.6), (114.0, 22.6))


@pytest.mark.parametrize(
    ("upload", "word"),
    [
        (drawing({"type": "Point", "coordinates": [1, 2]}), "no surface"),
        (drawing({"type": "Polygon", "coordinates": [SQUARE, HOLE]}), "a hole"),
        (drawing({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}), "crosses"),
        (drawing({"type": "Polygon", "coordinates": [[[0, 0], [1e6, 0], [1, 1], [0, 0]]]}), "no degrees"),
        (drawing(None), "no surface"),
        (drawing(), "at least one"),
        (("parks.geojson", DEEP), "nested"),
        (("parks.geojson", VRT), "XML"),
        (("parks.gpkg", b"SQLite format 3\x00"), "no GeoJSON"),
        (("parks.geojson", b'{"features": ' + b" " * 2_000_001 + b"[]}"), "MB"),
    ],
)
def test_other_drawings_are_refused(upload: Upload, word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        read_polygons(upload)
    assert len(caught.value.messages) == 1


def test_a_drawing_without_names_is_numbered() -> None:
    upload = ("p.json", json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
    ]}).encode())  # fmt: skip
    assert [one.name for one in read_polygons(upload)] == ["1"]
