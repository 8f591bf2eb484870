"""Studies: their figures, their folder, and that verify sees what was changed."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from geodata.messages import InputError
from planner.folders import replaced_folder
from planner.forecast import write_forecast
from planner.language import translator
from planner.study import check_study, place_study, summary_of
from planner.study_folder import read_study, write_study
from planner.verify import verify
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B = code(1), code(2)
RULES = worlds.rules(
    rule("presence"), rule("ratio", quantity="sales", per=100), rule("reach_share", share=0.9, distance_km=30)
)
FILES = {"summary.json", "findings.csv", "study.gpkg", "report.xlsx", "report.html", "inputs"}


def small_tables():
    points = worlds.demand([(A, 100.1, 30.5, 2.0), (A, 100.9, 30.5, 1.0), (B, 101.5, 30.5, 1.0)])
    sold = [("M", A, 250), ("M", B, 90), ("=1+1", B, 5)]
    return worlds.tables([A, B], sold, [at(A, 100.1, 30.5, name='<img src=x onerror="x">')], points)


@pytest.fixture(scope="module")
def placed():
    return place_study(small_tables(), RULES, worlds.scenario())


def test_the_figures_of_a_check():
    summary = summary_of(check_study(small_tables(), RULES, worlds.scenario()))
    assert (summary["areas"], summary["areas_with_sales"], summary["areas_compliant"]) == (2, 2, 0)
    assert (summary["duties"], summary["duties_met"], summary["outlets"]) == (9, 1, 1)
    assert summary["findings"]["ratio"] == {"met": 0, "short": 3, "unknown": 0}
    assert summary["outcome"] is None
    assert summary["sales_within_reach_share"] == pytest.approx(250 * 2 / 3 / 345)


def test_the_figures_of_a_plan(placed):
    summary = summary_of(placed)
    assert summary["outcome"] == "optimal"
    assert summary["new_outlets"] == summary["objective"] == summary["bound"] == 4
    assert summary["duties"] == summary["duties_met"] == 9
    assert placed.exit_code == 0


def test_a_folder_holds_everything_and_verifies(placed, tmp_path):
    folder = tmp_path / "study"
    write_study(placed, folder, translator("en"))
    assert FILES | {"plan.csv", "scopes.csv"} == {item.name for item in folder.iterdir()}
    assert verify(folder) is None
    layers = {name for name, _ in pyogrio.list_layers(folder / "study.gpkg")}
    assert layers == {"areas", "demand", "outlets", "sites", "findings", "plan", "unreached"}
    assert len(gpd.read_file(folder / "study.gpkg", layer="plan")) == 4
    again = read_study(folder)
    pd.testing.assert_frame_equal(again.findings, placed.findings)
    assert json.loads((folder / "summary.json").read_text())["seconds"]


def test_the_plan_is_itself_a_valid_outlets_table(placed, tmp_path):
    from geodata.outlets import read_outlets

    write_study(placed, tmp_path / "study", translator("en"))
    outlets, _ = read_outlets(tmp_path / "study" / "plan.csv", placed.tables.areas, "wgs84")
    assert outlets["adcode"].tolist() == placed.new_outlets["adcode"].tolist()
    assert outlets["enterprises"].tolist() == placed.new_outlets["enterprises"].tolist()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("summary.json", '"new_outlets": 4', '"new_outlets": 5'),
        ("summary.json", '"duties_met": 9', '"duties_met": 8'),
        ("summary.json", '"outcome": "optimal"', '"outcome": "infeasible"'),
        ("findings.csv", ",met,", ",short,"),
        ("plan.csv", "101.5", "101.6"),
        ("plan.csv", ",1.0,presence", ",0.5,presence"),
    ],
)
def test_verify_names_what_was_changed(placed, tmp_path, file, old, new):
    folder = tmp_path / "study"
    write_study(placed, folder, translator("en"))
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    difference = verify(folder)
    assert difference is not None
    assert file in str(difference) or file == "plan.csv"


def test_a_limited_plan_verifies(tmp_path):
    study = place_study(small_tables(), RULES, worlds.scenario(max_new=2))
    assert study.placement.limited
    assert (len(study.new_outlets), study.exit_code) == (2, 1)
    write_study(study, tmp_path / "study", translator("zh"))
    assert verify(tmp_path / "study") is None


def test_only_findings_writes_two_files(tmp_path):
    study = check_study(small_tables(), RULES, worlds.scenario())
    write_study(study, tmp_path / "study", translator("en"), only_findings=True)
    assert {item.name for item in (tmp_path / "study").iterdir()} == {"summary.json", "findings.csv"}
    with pytest.raises(InputError, match="no whole study"):
        read_study(tmp_path / "study")


def test_a_study_replaces_a_study_and_nothing_else(placed, tmp_path):
    write_study(placed, tmp_path / "study", translator("en"), only_findings=True)
    write_study(placed, tmp_path / "study", translator("en"), only_findings=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="other"):
        write_study(placed, other, translator("en"))
    assert [item.name for item in other.iterdir()] == ["letter.txt"]


def test_a_failure_leaves_nothing_behind(placed, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("no room")

    monkeypatch.setattr("planner.report.write_report", fail)
    with pytest.raises(RuntimeError):
        write_study(placed, tmp_path / "study", translator("en"))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_one_stands_in_can_be_written(tmp_path, monkeypatch):
    target = tmp_path / "here"
    target.mkdir()
    monkeypatch.chdir(target)
    with replaced_folder(Path(), marker="a") as fresh:
        (fresh / "a").write_text("new")
    assert (target / "a").read_text() == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["here"]


def test_a_linked_folder_is_written_where_it_leads(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with replaced_folder(tmp_path / "link", marker="a") as fresh:
        (fresh / "a").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"


def test_the_root_cannot_be_replaced():
    with pytest.raises(InputError, match="another folder"), replaced_folder(Path("/"), marker="etc"):
        pytest.fail("nothing may be written")


@pytest.mark.parametrize("failing", [1, 2])
def test_the_old_folder_is_there_again_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch, failing):
    target, calls, rename = tmp_path / "study", [], Path.rename
    target.mkdir()
    (target / "a").write_text("old")

    def failing_rename(self, to):
        calls.append(to)
        if len(calls) == failing:
            raise OSError("busy")
        return rename(self, to)

    def replace_it():
        with replaced_folder(target, marker="a") as fresh:
            (fresh / "a").write_text("new")
            monkeypatch.setattr(Path, "rename", failing_rename)

    with pytest.raises(InputError, match=r"study: cannot be written \(busy\)"):
        replace_it()
    assert (target / "a").read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["study"]


@pytest.mark.parametrize("name", ["mkdtemp", "iterdir"])
def test_a_folder_that_may_not_be_written_is_said_so(tmp_path, monkeypatch, name):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    owner = {"mkdtemp": tempfile, "iterdir": Path}[name]
    monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(InputError, match="Permission denied"), replaced_folder(tmp_path, marker="a"):
        pytest.fail("nothing may be written")


def test_a_file_in_the_way_is_said_so(tmp_path):
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", tmp_path / "file" / "study"):
        with pytest.raises(InputError, match="file"), replaced_folder(target, marker="a"):
            pytest.fail("nothing may be written")


def test_a_forecast_is_no_formula(tmp_path):
    table = pd.DataFrame({"enterprise": ["=1+1", "M"], "area": ["@here", "B"], "sales": [-1.0, 2.0]})
    write_forecast(table, tmp_path / "forecast.csv")
    lines = (tmp_path / "forecast.csv").read_text("utf-8").splitlines()
    assert lines == ["enterprise,area,sales", "'=1+1,'@here,-1.0", "M,B,2.0"]


def test_a_failing_property_gives_exit_code_3(tmp_path):
    tables = worlds.tables([A], [("M", A, 5)], [at(A, 100.5, 30.5, area_m2=1.0)])
    study = place_study(
        tables, worlds.rules(rule("attribute", column="area_m2", at_least=10)), worlds.scenario()
    )
    assert (study.exit_code, study.placement.outcome) == (3, "optimal")
    write_study(study, tmp_path / "study", translator("en"))
    assert verify(tmp_path / "study") is None
    unmet = replace(study, placement=None)
    assert unmet.exit_code == 1
