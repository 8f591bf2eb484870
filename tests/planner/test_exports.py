"""Exports: one study in every form, complete, the same bytes each time, and nothing that executes."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import load_workbook

from geodata.cells import unguarded
from planner.draft import Draft, TriedSite
from planner.drafted import drafted_study
from planner.exports import EXPORTS, Written, credits_of, geojson, outlet_frame, stem, write_exports
from planner.language import translator
from planner.report_answer import figures
from planner.report_digest import digest_of
from planner.study import Study, check_study, summary_of
from planner.verify import verify
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B = code(1), code(2)
HOSTILE = "=cmd()|'</script><img src=x onerror=alert(1)>${alert(1)}"
RULES = worlds.rules(
    rule("presence"), rule("ratio", quantity="sales", per=100), rule("reach_share", share=0.9, distance_km=30)
)


def checked() -> Study:
    sold = [("M", A, 250), ("M", B, 90), (HOSTILE, B, 5)]
    standing = [at(A, 100.1, 30.5, name=HOSTILE), {"adcode": B, "name": "not located"}]
    return check_study(worlds.tables([A, B], sold, standing), RULES, worlds.scenario())


def tried() -> Study:
    site = TriedSite(
        outlet_id=f"T{A}-0001", name=HOSTILE, kind="collection", enterprises="M", lon=100.9, lat=30.5,
        adcode=A, area_m2=10, stock_cap_t=5, pickups_per_year=12,
    )  # fmt: skip
    return drafted_study(checked(), Draft(sites=(site,)))


@pytest.fixture(scope="module", params=["en", "zh"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Written, ...]:
    return write_exports(tried(), tmp_path_factory.mktemp("exports"), translator(request.param))


def file(written: tuple[Written, ...], name: str) -> Path:
    return next(one.path for one in written if one.export.name == name)


def test_every_form_is_written(written: tuple[Written, ...]) -> None:
    assert [one.export for one in written][: len(EXPORTS)] == list(EXPORTS)
    assert [one.export.name for one in written[len(EXPORTS) :]] == ["unreached.geojson"]
    assert all(one.size == one.path.stat().st_size > 0 for one in written)
    assert {one.name for one in written} >= {"test-2022-study.zip", "test-2022-report.html"}


def test_the_folder_verifies(written: tuple[Written, ...], tmp_path: Path) -> None:
    with zipfile.ZipFile(file(written, "study.zip")) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert names == sorted(names)
    assert {Path(name).parts[0] for name in names} == {"test-2022"}
    assert verify(tmp_path / "test-2022") is None
    assert (tmp_path / "test-2022" / "report.html").read_bytes() == file(written, "report.html").read_bytes()


def test_the_same_study_gives_the_same_bytes(written: tuple[Written, ...], tmp_path: Path) -> None:
    language = "zh" if "网点" in file(written, "report.html").read_text("utf-8") else "en"
    later = replace(tried(), seconds={"check": 1.25})
    again = write_exports(later, tmp_path, translator(language))
    assert [one.path.read_bytes() for one in again] == [one.path.read_bytes() for one in written]


def test_the_figures_on_the_page_are_those_of_the_summary(written: tuple[Written, ...]) -> None:
    with zipfile.ZipFile(file(written, "study.zip")) as archive:
        summary = json.loads(archive.read("test-2022/summary.json"))
    study, page = tried(), file(written, "report.html").read_text("utf-8")
    assert summary == {**summary_of(study), "seconds": {}}
    shown = figures(digest_of(study, translator("en")), study.sales_within_reach)
    assert [one.value for one in shown[:2]] == [str(summary["areas_compliant"]), str(summary["duties_met"])]
    for one in shown:
        assert re.search(rf">\s*{re.escape(one.value)}\s*<", page), one
    status = json.loads(file(written, "areas.geojson").read_text("utf-8"))["features"]
    met = [one for one in status if one["properties"]["status"] == "met"]
    assert len(met) == summary["areas_compliant"]


def test_geojson_is_plain(written: tuple[Written, ...]) -> None:
    outlets = json.loads(file(written, "outlets.geojson").read_text("utf-8"))
    assert outlets["type"] == "FeatureCollection"
    assert "crs" not in outlets
    rows = [one["properties"] for one in outlets["features"]]
    assert [row["new"] for row in rows] == [False, False, True]
    assert rows[0]["name"] == HOSTILE
    assert [one["geometry"] is None for one in outlets["features"]] == [False, True, False]
    assert rows[0]["reason"] is None
    read = gpd.read_file(file(written, "areas.geojson"))
    assert (len(read), read.crs.to_epsg()) == (2, 4326)


def test_formulas_are_disarmed(written: tuple[Written, ...]) -> None:
    plan = pd.read_csv(file(written, "plan.csv"), dtype=str)
    assert plan["name"][0].startswith("'=")
    assert unguarded(plan["name"][0]).startswith(HOSTILE)
    for sheet in load_workbook(file(written, "report.xlsx")):
        assert not [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert "<img src=x" not in file(written, "report.html").read_text("utf-8")


def test_a_check_has_no_plan(tmp_path: Path) -> None:
    names = [one.export.name for one in write_exports(checked(), tmp_path, translator("en"))]
    assert "plan.csv" not in names
    assert names == [*(one.name for one in EXPORTS if one.name != "plan.csv"), "unreached.geojson"]


def test_no_outlets_are_no_features() -> None:
    study = check_study(worlds.tables([A], [("M", A, 5)]), RULES, worlds.scenario())
    assert json.loads(geojson(outlet_frame(study), []))["features"] == []


@pytest.mark.parametrize(
    ("rules", "expected"), [("../../x y", "x-y-2022"), ("规则", "rules-2022"), ("a", "a-2022")]
)
def test_names_of_files_are_plain(rules: str, expected: str) -> None:
    study = checked()
    assert stem(replace(study, rules=study.rules.model_copy(update={"id": rules}))) == expected


def test_credits_are_said() -> None:
    study = checked()
    t = translator("en")
    assert credits_of(study, t)[0] == "Boundaries: user's file"
    sample = replace(study, tables=replace(study.tables, sample=True))
    assert [one for one in credits_of(sample, t) if "Fictional" in one or "EOL-power-battery" in one]
