"""A real city by road, from extract to report: planned, drawn, verified, and unlike the straight line."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from planner.cli import main
from tests.browser import helsinki

RULES = """
id = "city"
title = "A city's own"
source = "test"
[[rules]]
id = "near"
kind = "reach_share"
role = "maker"
outlet_kind = "collection"
source = "test"
assumption = true
parameters = { share = 0.95, minutes = 2 }
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study planned by minutes, on a grid of demand so fine that roads matter."""
    folder = tmp_path_factory.mktemp("helsinki")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        files = helsinki.files() | {"rules": ("rules.toml", RULES.encode())}
        for name, content in files.values():
            (folder / name).write_bytes(content)
        _demand().to_csv(folder / "demand.csv", index=False)
        options = [f"--{table}={folder / name}" for table, (name, _) in files.items()]
        roads = ["--metric=road-min", f"--roads={helsinki.extract()}"]
        with pytest.raises(SystemExit) as ended:
            main(["place", *options, *roads, "--lang=en", f"--out={folder / 'study'}"])
    assert not ended.value.code
    return folder / "study"


def _demand() -> pd.DataFrame:
    lons = np.linspace(helsinki.WEST + 0.0006, helsinki.EAST - 0.0006, 14)
    lats = np.linspace(helsinki.SOUTH + 0.0006, helsinki.NORTH - 0.0006, 18)
    lon, lat = (axis.ravel() for axis in np.meshgrid(lons, lats))
    frame = pd.DataFrame({"lon": lon.round(6), "lat": lat.round(6), "weight": 1 + np.arange(len(lon)) % 7})
    code = np.where(frame["lon"] < 24.9445, helsinki.WEST_CODE, helsinki.EAST_CODE)
    return frame.assign(adcode=code, point_id=[f"D{at}" for at in range(len(frame))])


def summary(study: Path) -> Any:
    return json.loads((study / "summary.json").read_text(encoding="utf-8"))


def test_the_plan_by_road_is_proven_and_another_than_by_straight_line(study: Path) -> None:
    figures = summary(study)
    straight = figures["by_straight_line"]
    assert (figures["outcome"], figures["gap"], figures["duties_met"]) == ("optimal", 0.0, figures["duties"])
    assert straight["new_outlets"] < figures["new_outlets"]
    assert straight["duties_short_by_road"] > 0
    assert straight["sales_within_reach_by_road"] < 0.95 <= figures["sales_within_reach_share"]
    assert figures["credits"] == ["© OpenStreetMap contributors (ODbL 1.0)"]


def test_service_areas_and_ways_are_those_of_the_plan(study: Path) -> None:
    areas, ways = (gpd.read_file(study / "study.gpkg", layer=name) for name in ("service_areas", "routes"))
    plan = pd.read_csv(study / "plan.csv")
    assert set(areas["outlet_id"]) == {"H-1", *plan["outlet_id"]}
    assert areas.geometry.is_valid.all()
    assert ways.geometry.is_valid.all()
    assert ways["on_road"].all()
    assert (ways["minutes"] <= 2).mul(ways["units"]).sum() / ways["units"].sum() >= 0.95
    straight_km = ways.to_crs(3067).length / 1000
    assert np.allclose(straight_km, ways["km"], rtol=0.01, atol=0.003)


def test_the_report_says_how_the_plans_differ(study: Path) -> None:
    page = (study / "report.html").read_text(encoding="utf-8")
    for said in ("What roads change", "Plan by straight line", "Within 2 min by road", "OpenStreetMap"):
        assert said in page


def test_verify_agrees_by_road(study: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(study)])
    assert not ended.value.code
