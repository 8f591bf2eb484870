"""Opening, moving and spacing where distances are by road, with gaps and one-way streets."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from geodata.reach import TravelUnit
from geodata.schemas import Tables
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from planner.spaced import spacing_differences
from planner.study import place_study, planned_network
from tests.planner.roadworlds import crossing, roads, scenario, tables
from tests.planner.test_by_road import road_worlds
from tests.planner.test_haulage import hauled, recyclers
from tests.planner.test_total import EXACT, PRICES, recounted
from tests.planner.worlds import code, rule, rules

SOME = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
A = code(1)
World = tuple[Tables, RuleSet, Scenario]


def test_tonnes_go_on_by_road_in_the_direction_they_may() -> None:
    sold = [("M", A, 900, "maker", year) for year in (2015, 2022)]
    world = tables(sold, [(A, 0, 0, 1.0)], [(A, 0, 0)], roads(one_way=[0]))
    world = replace(world, recyclers=recyclers(crossing(1, 0), crossing(4, 3)))
    there = hauled(world, rules(rule("presence")), scenario("road-min"))
    back = hauled(world, rules(rule("presence")), scenario("road-min", roads={"direction": "back"}))
    assert there["destination"].tolist() == back["destination"].tolist() == ["R0"]
    assert back["km"][0] > 2 * there["km"][0]


@SOME
@given(road_worlds())
def test_opening_and_moving_by_road_are_what_they_cost(found: World) -> None:
    world, asked, assumed = found
    sold = world.sales.assign(year=2015)
    again = np.concatenate([world.sales.to_numpy(dtype=object), sold.to_numpy(dtype=object)])
    sales = type(sold)(again, columns=sold.columns).astype(sold.dtypes)
    world = replace(world, sales=sales, recyclers=recyclers(crossing(2, 1)))
    parts = {"objective": "total", "haulage": PRICES, "solver": EXACT, "spacing_km": 5.0}
    study = place_study(
        world, asked, Scenario.model_validate({**assumed.model_dump(), **parts}), workers=1, straight=False
    )
    assert study.placement is not None
    assert not (study.findings["status"] == "short").any()
    assert study.placement.objective == pytest.approx(recounted(study))
    assert study.placement.bound <= study.placement.objective + 1e-9
    assert not list(spacing_differences(study.new_outlets, world.outlets, 5.0))
    assert study.haulage is not None
    network = planned_network(study, study.new_outlets)
    if study.haulage["km"].notna().any():
        far = network.measure.nearest(network.outlet_lonlat, crossing_of(study.tables), 1, TravelUnit.KM)
        assert study.haulage["km"].max() <= far.data.max() + 1e-9


def crossing_of(world: Tables) -> np.ndarray:
    assert world.recyclers is not None
    return world.recyclers[["lon", "lat"]].to_numpy(dtype=float)
