"""`sites` on the command line: what it writes, reads back and refuses, and whose data all outputs name."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from geodata.attribution import from_openstreetmap
from geodata.boundaries import read_areas
from geodata.sites import read_sites
from planner.cli import main
from planner.credits import OPENSTREETMAP
from planner.exports import write_exports
from planner.language import translator
from planner.livemap import paint_data
from planner.report_digest import digest_of
from planner.study_folder import read_study
from tests.geodata.osmfiles import Osm, square
from tests.geodata.overpass import serving

ROOT = Path(__file__).parents[1]
DE = ROOT / "examples" / "de"
PLACES = [f"--areas={DE / 'areas.geojson'}", f"--osm={DE / 'places.osm'}"]
LAND = ["--exclude=water,protected", "--exclude", "residential", "--keep-off=residential=100"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LC_ALL", "C")

    def call(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


@pytest.mark.parametrize("ending", ["csv", "geojson", "gpkg"])
def test_the_table_is_one_of_sites_in_every_format(run: Run, tmp_path: Path, ending: str) -> None:
    out = tmp_path / "new" / f"found.{ending}"
    code, said, _ = run("sites", *PLACES, *LAND, "--out", out)
    assert code == 0
    assert OPENSTREETMAP in said
    names = {"found.gpkg"} if ending == "gpkg" else {f"found.{ending}", f"found_excluded.{ending}"}
    assert {path.name for path in out.parent.iterdir()} == names
    sites, notes = read_sites(out, read_areas(DE / "areas.geojson"))
    assert len(sites) == 7
    assert notes == []
    assert set(sites["kind"]) == {""}
    assert set(sites["place_kind"]) >= {"car_dealer", "scrap_yard", "industrial"}
    assert from_openstreetmap(sites)


def test_what_is_left_out_is_there_with_its_reason(run: Run, tmp_path: Path) -> None:
    run("sites", *PLACES, *LAND, "--out", tmp_path / "s.csv")
    excluded = pd.read_csv(tmp_path / "s_excluded.csv")
    assert excluded["reason"].tolist() == [
        "70.2 m from residential land, 100 m asked",
        "inside water 'Birkensee'",
        "inside protected land 'Ulmenmoor'",
    ]
    run("sites", *PLACES, *LAND, "--out", tmp_path / "s.gpkg")
    layers = pyogrio.list_layers(tmp_path / "s.gpkg")[:, 0].tolist()
    assert layers == ["sites", "excluded", "credits"]
    assert len(gpd.read_file(tmp_path / "s.gpkg", layer="excluded")) == 3
    run("sites", *PLACES, *LAND, "--out", tmp_path / "s.geojson")
    assert json.loads((tmp_path / "s_excluded.geojson").read_text("utf-8"))["credits"] == [OPENSTREETMAP]


def test_machines_read_how_many_of_each_kind(run: Run, tmp_path: Path) -> None:
    _, said, _ = run("sites", *PLACES, *LAND, "--kind=car_repair,fuel", "--json", "--out", tmp_path / "s.csv")
    answer = json.loads(said)
    nothing = {"water": 0, "protected": 0, "residential": 0}
    assert answer["kinds"] == {
        "car_repair": {"found": 2, "excluded": nothing | {"water": 1, "residential": 1}, "kept": 0},
        "fuel": {"found": 1, "excluded": nothing, "kept": 1},
    }
    assert (answer["sites"], answer["excluded"], answer["credits"]) == (1, 2, [OPENSTREETMAP])


def test_areas_are_chosen_by_code_name_or_province(run: Run, tmp_path: Path) -> None:
    def found(*options: str) -> list[str]:
        run("sites", *PLACES, *options, "--out", tmp_path / "s.csv")
        return sorted(pd.read_csv(tmp_path / "s.csv", dtype=str)["adcode"].unique())

    assert found("--adcode=99001", "--adcode", "Ulmenfeld") == ["99001", "99006"]
    assert len(found("--adcode=99")) == len(found()) == 6


def test_own_polygons_keep_sites_off(run: Run, tmp_path: Path) -> None:
    own = gpd.GeoDataFrame({"reason": ["flood zone"]}, geometry=[shapely.box(9, 50.7, 9.2, 50.9)], crs=4326)
    own.to_file(tmp_path / "own.geojson")
    options = [f"--exclude-file={tmp_path / 'own.geojson'}", "--keep-off=own=50"]
    run("sites", *PLACES, *options, "--out", tmp_path / "s.csv")
    assert pd.read_csv(tmp_path / "s_excluded.csv")["reason"].tolist() == [
        "inside excluded land 'flood zone'"
    ]


def test_what_others_wrote_is_not_replaced_and_what_we_wrote_is(run: Run, tmp_path: Path) -> None:
    for ending in ("csv", "geojson", "gpkg"):
        ours, theirs = tmp_path / f"ours.{ending}", tmp_path / f"theirs.{ending}"
        assert [run("sites", *PLACES, "--out", ours)[0] for _ in range(2)] == [0, 0]
        theirs.write_bytes(b"site_id,name\n1,2\n")
        code, _, said = run("sites", *PLACES, "--out", theirs)
        assert (code, theirs.read_bytes()) == (2, b"site_id,name\n1,2\n")
        assert "is there already" in said
    beside = tmp_path / "new_excluded.csv"
    beside.write_text("mine")
    assert run("sites", *PLACES, "--out", tmp_path / "new.csv")[0] == 2
    assert not (tmp_path / "new.csv").exists()
    assert beside.read_text() == "mine"


def test_a_write_that_fails_leaves_all_as_it_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, beside = tmp_path / "s.csv", tmp_path / "s_excluded.csv"
    run("sites", *PLACES, "--kind=fuel", "--out", out)
    before = out.read_bytes(), beside.read_bytes()
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if Path(target) == beside and not self.name.endswith(".old"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    code, _, said = run("sites", *PLACES, *LAND, "--out", out)
    assert code == 2
    assert "No space left" in said
    assert (out.read_bytes(), beside.read_bytes()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"s.csv", "s_excluded.csv"}
    (tmp_path / "file").write_text("")
    assert run("sites", *PLACES, "--out", tmp_path / "file" / "s.csv")[0] == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--kind=shop"], "--kind shop: is not known"),
        (["--exclude=sea"], "--exclude sea: is not known"),
        (["--keep-off=water"], "--keep-off water: give one of"),
        (["--keep-off=water=-1"], "metres from 0 to 50000"),
        (["--keep-off=water=nan"], "metres from 0 to 50000"),
        (["--keep-off=own=5"], "--exclude-file"),
        (["--adcode=Nowhere"], "no area has this code or name"),
        (["--exclude-file=none.geojson"], "cannot be found"),
        (["--osm=none.osm.pbf"], "none.osm.pbf"),
        (["--out=s.txt"], ".csv, .geojson, .gpkg"),
    ],
)
def test_a_mistake_is_one_sentence(run: Run, tmp_path: Path, options: list[str], sentence: str) -> None:
    given = [*PLACES, "--out", str(tmp_path / "s.csv"), *options]
    code, _, said = run("sites", *given)
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_the_overpass_service_is_asked_where_no_file_is_given(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    osm = Osm()
    osm.node(9.1, 50.8, shop="car", name="Autohaus")
    osm.ring(square(9.1, 50.81), natural="water")
    options = [PLACES[0], "--adcode=99001", "--exclude=water", "--out", str(tmp_path / "s.csv")]
    with serving((200, json.dumps({"elements": osm.elements()}).encode())) as overpass:
        code, _, _ = run("sites", *options, "--overpass", overpass.url)
    assert code == 0
    assert pd.read_csv(tmp_path / "s.csv")["name"].tolist() == ["Autohaus"]
    assert "car_repair" in overpass.asked[0]
    code, _, said = run("sites", *options, "--adcode=99002", "--overpass=http://127.0.0.1:9/api")
    assert code == 2
    assert "cannot be reached" in said


def test_hostile_names_come_back_as_they_are(run: Run, tmp_path: Path) -> None:
    names = ["=1+1", "@cmd|' /C calc'!A0", "<script>alert(1)</script>", 'a,"b"', "{name}", "'x", "a\u202eb"]
    osm = Osm()
    for place, name in enumerate(names):
        osm.node(9.1 + place / 100, 50.8, shop="car", name=name)
    file = osm.write(tmp_path / "names.osm")
    for ending in ("csv", "geojson", "gpkg"):
        out = tmp_path / f"s.{ending}"
        assert run("sites", PLACES[0], f"--osm={file}", "--out", out)[0] == 0
        assert read_sites(out, read_areas(DE / "areas.geojson"))[0]["name"].tolist() == names
    assert "\n'=1+1" not in (tmp_path / "s.csv").read_text()
    assert ",'=1+1," in (tmp_path / "s.csv").read_text()


def test_it_speaks_chinese(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("sites", *PLACES, *LAND, "--lang=zh", "--out", tmp_path / "s.csv")
    t = translator("zh")
    assert code == 0
    assert t("Scrapyard") in said
    assert t("inside {what}", what=t("{kind} '{name}'", kind=t("water"), name="Birkensee")) in set(
        pd.read_csv(tmp_path / "s_excluded.csv")["reason"]
    )


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sites")
    data = [f"--{name}={DE / file}" for name, file in
            (("sales", "sales.csv"), ("areas", "areas.geojson"), ("demand", "demand.csv"))]  # fmt: skip
    for command in (
        ["sites", *PLACES, f"--out={folder / 'sites.csv'}"],
        ["place", *data, f"--sites={folder / 'sites.csv'}", "--rules=de-altfahrzeugv", "--lang=en",
         f"--out={folder / 'study'}"],
    ):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code in {None, 0, 3}
    return folder / "study"


def test_every_output_of_a_study_names_whose_data_it_uses(planned: Path, tmp_path: Path, run: Run) -> None:
    assert json.loads((planned / "summary.json").read_text("utf-8"))["credits"] == [OPENSTREETMAP]
    assert OPENSTREETMAP in (planned / "report.html").read_text("utf-8")
    book = openpyxl.load_workbook(planned / "report.xlsx", read_only=True)
    cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    assert OPENSTREETMAP in cells
    with closing(sqlite3.connect(planned / "study.gpkg")) as package:
        assert package.execute("SELECT credit FROM credits").fetchall() == [(OPENSTREETMAP,)]
        assert package.execute("SELECT DISTINCT source FROM sites").fetchall() == [("OpenStreetMap",)]
    assert run("map", planned, "--out", tmp_path / "map.html")[0] == 0
    assert "OpenStreetMap contributors" in (tmp_path / "map.html").read_text("utf-8")
    (tmp_path / "exports").mkdir()
    for one in write_exports(read_study(planned), tmp_path / "exports", translator("en")):
        if one.path.suffix == ".geojson":
            assert OPENSTREETMAP in json.loads(one.path.read_text("utf-8"))["credits"], one.name
    drawn = json.loads(paint_data(digest_of(read_study(planned), translator("en"))))
    assert drawn["owed"] == [OPENSTREETMAP]
    assert run("verify", planned)[0] == 0


def test_a_table_without_openstreetmap_owes_no_credit() -> None:
    assert not from_openstreetmap(None)
    assert not from_openstreetmap(pd.DataFrame({"site_id": ["1"]}))
    assert not from_openstreetmap(pd.DataFrame({"source": ["survey", None]}))
    assert from_openstreetmap(pd.DataFrame({"source": ["survey", "Open Street Map 2026"]}))
    assert from_openstreetmap(pd.DataFrame({"来源": [None, "openstreetmap"]}))
