"""Tried sites and proposals where it is measured by road: as a check of the whole network says."""

import pickle
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization import Outcome
from planner.areaview import area_view, haulage_in, nearest_point
from planner.draft import Draft, TriedSite
from planner.drafted import drafted_study
from planner.ground import ground_of
from planner.language import translator
from planner.proposal import Asked, accepted, proof, propose, propose_on
from planner.report_digest import digest_of
from planner.scenario import Haulage
from planner.study import check_study
from planner.study_folder import write_study
from planner.trial import KEY, answer, trial
from planner.verify import verify
from tests.planner import roadworlds, worlds

ONE, TWO = worlds.code(1), worlds.code(2)
EN = translator("en")
POINTS = [(ONE, 0, 0, 1.0), (ONE, 4, 3, 3.0), (ONE, 2, 1, 1.0), (TWO, 6, 1, 1.0), (TWO, 9, 3, 2.0)]
CROSSINGS = [(column, row) for column in range(10) for row in range(4)]
RULES = {
    "minutes": worlds.rules(worlds.rule("presence"), worlds.rule("reach_share", share=0.7, minutes=45)),
    "km under minutes": worlds.rules(worlds.rule("reach_share", share=0.9, distance_km=30)),
    "across": worlds.rules(worlds.rule("reach_share", share=0.9, minutes=60, across_borders=True)),
}


def world(missing: frozenset[int] = frozenset(), one_way: frozenset[int] = frozenset()):
    sold = [("M", ONE, 100), ("M", TWO, 60), ("N", ONE, 20), ("M", ONE, 100, "maker", 2014)]
    return roadworlds.tables(sold, POINTS, [(ONE, 0, 0)], roadworlds.roads(missing, one_way))


def site(number: int, column: int, row: int) -> TriedSite:
    lon, lat = roadworlds.crossing(column, row)
    return TriedSite(
        outlet_id=f"T-{number:04d}", name="s", kind="collection", enterprises="M", lon=lon, lat=lat,
        adcode=ONE if column < 5 else TWO, stock_cap_t=5, pickups_per_year=12,
    )  # fmt: skip


streets = st.frozensets(st.integers(0, len(roadworlds.streets()) - 1), max_size=12)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=8)
@given(
    missing=streets,
    one_way=streets,
    metric=st.sampled_from(["road-km", "road-min"]),
    places=st.lists(st.sampled_from(CROSSINGS), max_size=3, unique=True),
)
def test_a_trial_by_road_says_what_a_check_of_everything_says(name, missing, one_way, metric, places) -> None:
    tables, scenario = world(missing, one_way), roadworlds.scenario(metric)
    draft = Draft(sites=tuple(site(at, *place) for at, place in enumerate(places)))
    ground = ground_of(tables, RULES[name], scenario, enterprise="M", adcode=ONE)
    found = trial(ground, tables, draft)
    after = drafted_study(check_study(tables, RULES[name], scenario), draft).findings
    whole = after[after["enterprise"].eq("M") & after["adcode"].eq(ONE)].reset_index(drop=True)
    columns = [*KEY, "required", "actual", "shortage", "status"]
    pd.testing.assert_frame_equal(found.after[columns], whole[columns])


def test_a_trial_says_minutes() -> None:
    ground = ground_of(world(), RULES["minutes"], roadworlds.scenario("road-min"), enterprise="M", adcode=ONE)
    found = trial(ground, world(), Draft(sites=(site(1, 4, 3),)))
    assert found.reached is not None
    assert found.reached.within.circle_km is None
    assert answer(found, EN) == "+1 outlet: 1 duty newly met, +60.0 % of sales within 45 min"


@pytest.mark.parametrize("name", RULES)
def test_a_proposal_by_road_passes_the_checker_from_another_process_too(name: str) -> None:
    tables, scenario = world(missing=frozenset({3, 12, 30})), roadworlds.scenario("road-min")
    ground = ground_of(tables, RULES[name], scenario, enterprise="M", adcode=ONE)
    assert trial(ground, tables, Draft()).short > 0
    sent = pickle.loads(pickle.dumps(ground))
    found = propose_on(sent, Draft(), Asked("M", ONE, time_limit_s=20.0))
    assert found.outcome is Outcome.OPTIMAL
    assert trial(ground, tables, accepted(Draft(), found, tables)).short == 0


def test_the_least_total_weighs_opening_against_moving(tmp_path) -> None:
    recyclers = pd.DataFrame({"recycler_id": ["R"], "name": ["R"], "lon": [100.9], "lat": [30.8]})
    tables = replace(world(), recyclers=recyclers)
    rules = RULES["minutes"]
    values = {}
    for price in (0.0001, 1000.0):
        prices = Haulage(per_tonne_km=price, per_vehicle_km=price)
        scenario = roadworlds.scenario("road-min", haulage=prices, objective="total", history_complete=True)
        found = propose(tables, rules, scenario, Draft(), Asked("M", ONE, "total", time_limit_s=20.0))
        assert found.first == "total"
        assert found.outcome is Outcome.OPTIMAL
        assert "opening and moving" in EN(proof(found, EN))
        values[price] = len(found.sites)
        draft = accepted(Draft(), found, tables)
        study = drafted_study(check_study(tables, rules, scenario), draft)
        assert study.haulage is not None
        write_study(study, tmp_path / str(price), EN)
        assert verify(tmp_path / str(price)) is None
    assert values[1000.0] > values[0.0001]


def test_an_area_says_what_its_outlets_move_and_which_place_is_near() -> None:
    recyclers = pd.DataFrame({"recycler_id": ["R"], "name": ["R"], "lon": [100.9], "lat": [30.8]})
    scenario = roadworlds.scenario("road-min")
    study = check_study(replace(world(), recyclers=recyclers), RULES["minutes"], scenario)
    found = haulage_in(study, ONE, "M")
    assert found is not None
    assert found["outlet_id"].tolist() == ["o0"]
    assert (found["km"] > 0).all()
    assert haulage_in(check_study(world(), RULES["minutes"], scenario), ONE) is None
    shown = area_view(digest_of(study, EN), ONE, enterprise="M")
    assert nearest_point(shown.points, *roadworlds.crossing(4, 2)) == "p1"
    assert nearest_point(shown.points.iloc[:0], 100.0, 30.0) == ""
