"""A study's folder holds what moving comes to, and `verify` works it out anew."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from planner.language import translator
from planner.study import Study, check_study, place_study
from planner.study_folder import read_study, write_study
from planner.verify import verify
from tests.planner.test_haulage import recyclers
from tests.planner.test_total import total_scenario
from tests.planner.worlds import code, demand, rule, rules, scenario, tables

A = code(1)


@pytest.fixture(scope="module")
def study() -> Study:
    points = demand([(A, 100.2, 30.5, 3.0), (A, 100.8, 30.5, 1.0)])
    world = tables([A], [("M", A, 900, "maker", 2014), ("M", A, 900)], (), points)
    world = replace(world, recyclers=recyclers((100.3, 30.2)))
    return place_study(world, rules(rule("presence")), total_scenario(), workers=1)


@pytest.fixture
def folder(study: Study, tmp_path: Path) -> Path:
    write_study(study, tmp_path / "study", translator("en"))
    return tmp_path / "study"


def test_the_folder_holds_what_moving_comes_to(study: Study, folder: Path) -> None:
    assert verify(folder) is None
    assert study.haulage is not None
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["haulage"]["tonne_km"] == pytest.approx(study.haulage["tonne_km"].sum())
    cost = study.haulage["cost"].sum() + study.haulage["vehicle_cost"].sum()
    assert summary["objective"] == pytest.approx(cost + len(study.new_outlets))
    assert summary["bound"] <= summary["objective"]
    again = read_study(folder)
    pd.testing.assert_frame_equal(again.haulage, study.haulage)


def test_a_changed_figure_is_named(folder: Path) -> None:
    table = pd.read_csv(folder / "haulage.csv")
    table.assign(tonnes=table["tonnes"] + 1).to_csv(folder / "haulage.csv", index=False)
    assert "haulage.csv, row 2: tonnes" in str(verify(folder))


def test_a_moved_recycler_is_noticed(folder: Path) -> None:
    path = folder / "inputs" / "recyclers.parquet"
    table = pd.read_parquet(path)
    table.assign(lat=table["lat"] + 0.1).to_parquet(path, index=False)
    assert "haulage.csv" in str(verify(folder))


def test_a_dearer_plan_than_stated_is_noticed(folder: Path) -> None:
    path = folder / "summary.json"
    summary = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(summary | {"objective": summary["objective"] - 0.5}), "utf-8")
    assert "objective" in str(verify(folder))


def test_without_recyclers_and_prices_nothing_is_looked_at() -> None:
    assert check_study(tables([A], [("M", A, 900)]), rules(rule("presence")), scenario()).haulage is None
