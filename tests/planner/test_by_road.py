"""Studies by road: rules in minutes and km, checked, planned and planned as they are checked."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.messages import InputError
from geodata.reach import TravelUnit
from optimization import Outcome
from planner.check import check
from planner.measure import RoadMeasure, road_reach
from planner.network import network_of
from planner.place import place
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import load_rule_set
from planner.straight import straight_rules, straight_sentences
from planner.study import check_study, place_study, summary_of
from tests.planner import roadworlds, worlds
from tests.planner.roadworlds import crossing
from tests.planner.test_place import fewest, short
from tests.planner.worlds import code, rule

A, B = code(1), code(2)
POINTS = [(A, 0, 0, 2.0), (A, 2, 0, 1.0), (A, 4, 0, 1.0)]


def reach(**parts):
    return rule("reach_share", share=0.9, **parts)


def status(tables, *rules, **parts):
    return check(tables, worlds.rules(*rules), roadworlds.scenario(**parts))["status"].tolist()


def test_minutes_are_those_of_the_roads():
    """Neighbours are 19 km and 19 minutes apart; without their street the way is three sides of a square."""
    tables = roadworlds.tables([("M", A, 10)], POINTS[:2], [(A, 0, 0)])
    assert status(tables, reach(minutes=39)) == ["met"]
    assert status(tables, reach(minutes=38)) == ["short"]
    around = replace(tables, roads=roadworlds.roads(missing=[0]))
    assert status(around, reach(minutes=39)) == ["short"]
    assert status(around, reach(minutes=84)) == ["met"]


def test_a_rule_is_measured_in_its_own_unit_whatever_the_metric():
    slow = roadworlds.tables([("M", A, 10)], POINTS[:2], [(A, 0, 0)], roadworlds.roads(kmh=30))
    for metric in ("road-min", "road-km"):
        assert status(slow, reach(distance_km=39), metric=metric) == ["met"]
        assert status(slow, reach(minutes=39), metric=metric) == ["short"]
        assert status(slow, reach(minutes=78), metric=metric) == ["met"]


def test_direction_matters_on_one_way_streets():
    one_way = roadworlds.roads(one_way=range(9))
    tables = roadworlds.tables([("M", A, 10)], POINTS[:2], [(A, 2, 0)], one_way)
    assert status(tables, reach(minutes=39)) == ["met"]
    back = {"roads": {"direction": "back"}}
    assert status(tables, reach(minutes=39), **back) == ["short"]
    assert status(tables, reach(minutes=84), **back) == ["met"]
    assert status(tables, reach(minutes=61), roads={"direction": "both"}) == ["met"]


def test_minutes_without_roads_are_bad_input():
    tables = roadworlds.tables([("M", A, 10)], POINTS)
    with pytest.raises(InputError, match=r"reach_share.*road-min"):
        status(tables, reach(minutes=30), metric="detour")
    with pytest.raises(InputError, match=r"reach_share.*road-min"):
        place(tables, worlds.rules(reach(minutes=30)), worlds.scenario())
    with pytest.raises(InputError, match="needs roads"):
        status(replace(tables, roads=None), reach(distance_km=30))


def test_a_changed_limit_takes_the_place_of_the_other_unit():
    for changes, limit in (
        (["maker-reach.minutes=15"], (15, TravelUnit.MIN)),
        (["maker-reach.minutes=15", "maker-reach.distance_km=9"], (9, TravelUnit.KM)),
    ):
        changed = load_rule_set("cn-2026-73", changes).by_id["maker-reach"]
        assert isinstance(changed, ReachShare)
        assert (changed.limit, changed.limit_unit) == limit


def test_roads_are_made_ready_once():
    tables, scenario = roadworlds.tables([("M", A, 10)], POINTS), roadworlds.scenario()
    first = road_reach(tables.roads, scenario)
    assert road_reach(roadworlds.roads(), scenario) is first
    assert road_reach(tables.roads, roadworlds.scenario("road-km")) is first
    assert road_reach(tables.roads, roadworlds.scenario(roads={"snap_km": 1})) is not first
    assert network_of(tables, scenario).measure == RoadMeasure(first, TravelUnit.MIN)


def test_places_off_the_roads_are_named_and_reached_by_detour():
    far = (101.6, 30.9)
    points = worlds.demand([(A, *crossing(0, 0), 1.0), (B, *far, 1.0)])
    tables = replace(roadworlds.tables([("M", B, 10)], []), demand=points)
    tables = replace(tables, outlets=worlds.outlets([worlds.at(B, 101.6, 30.8)]))
    study = check_study(tables, worlds.rules(reach(minutes=22)), roadworlds.scenario())
    assert study.off_road[["table", "id"]].to_numpy().tolist() == [["demand", "p1"]]
    assert study.off_road["off_km"].min() > 2
    notes = [str(note.message) for note in study.road_notes]
    assert any("Demand points: 1 of 1 are off the road network" in note and "p1" in note for note in notes)
    assert study.findings["status"].tolist() == ["met"]  # 11.1 km x 1.3 at 40 km/h are 21.7 minutes
    slower = roadworlds.scenario(roads={"fallback_kmh": 30})
    assert check(tables, worlds.rules(reach(minutes=22)), slower)["status"].tolist() == ["short"]


@st.composite
def road_worlds(draw):
    gaps = draw(st.sets(st.integers(0, len(roadworlds.streets()) - 1), max_size=20))
    ways = draw(st.sets(st.integers(0, len(roadworlds.streets()) - 1), max_size=20))
    column = st.integers(0, 4)
    points = draw(
        st.lists(
            st.tuples(column, st.integers(0, 3), st.integers(1, 3)),
            min_size=1,
            max_size=3,
            unique_by=lambda p: p[:2],
        )
    )
    rows = [(A, x, y, float(w)) for x, y, w in points] + [(B, 5, 0, 1.0), (B, 7, 1, 1.0)]
    standing = draw(st.lists(st.sampled_from([(A, 0, 0), (B, 5, 0), (A, 4, 2)]), max_size=2, unique=True))
    sold = [("M", item, draw(st.integers(0, 180))) for item in (A, B)]
    limits = st.sampled_from([{"minutes": 20}, {"minutes": 45}, {"distance_km": 20}, {"distance_km": 45}])
    asked = [
        rule("reach_share", "first", share=draw(st.sampled_from([0.5, 0.8, 1.0])),
             across_borders=(across := draw(st.booleans())), **draw(limits)),
        rule("reach_share", "second", share=draw(st.sampled_from([0.5, 0.9])), across_borders=across,
             **draw(limits)),
        rule("presence"),
    ]  # fmt: skip
    picked = draw(st.lists(st.sampled_from(asked), min_size=1, max_size=3, unique_by=lambda one: one["id"]))
    direction = draw(st.sampled_from(["to", "back", "both"]))
    assumed = roadworlds.scenario(
        draw(st.sampled_from(["road-km", "road-min"])), roads={"direction": direction}
    )
    network = roadworlds.roads(gaps, ways, kmh=draw(st.sampled_from([40.0, 60.0])))
    return roadworlds.tables(sold, rows, standing, network), worlds.rules(*picked), assumed


@settings(max_examples=30, deadline=None, derandomize=True)
@given(road_worlds())
def test_a_plan_by_road_passes_the_check_by_road(world):
    """Also with rules in both units at once; and every demand point is a site, so all can be met."""
    study = place_study(*world, straight=False)
    assert study.placement.outcome is Outcome.OPTIMAL
    assert not len(short(study.findings))
    assert len(study.placement.conflicts) == 0


@settings(max_examples=8, deadline=None, derandomize=True)
@given(road_worlds())
def test_no_cheaper_plan_by_road_passes_the_check(world):
    tables, rules, assumed = world
    most = int(place(tables, rules, assumed).objective)
    assert fewest(tables, rules, assumed, min(most, 2)) == (most if most <= 2 else None)


def test_the_straight_plan_is_held_against_the_roads():
    """A river with no bridge: straight lines see one town, roads see two."""
    river = [at for at, (tail, head) in enumerate(roadworlds.streets()) if head - tail == 10 and tail < 10]
    points = [(A, 2, 0, 1.0), (A, 2, 1, 1.0)]
    tables = roadworlds.tables([("M", A, 10)], points, network=roadworlds.roads(missing=river))
    study = place_study(tables, worlds.rules(reach(minutes=60)), roadworlds.scenario())
    assert study.straight is not None
    assert (len(study.new_outlets), len(study.straight.outlets)) == (2, 1)
    assert (study.straight.common, study.straight.only_by_road, study.straight.only_straight) == (1, 1, 0)
    assert study.straight.duties_short == 1
    assert study.straight.sales_within_reach == pytest.approx(0.5)
    assert summary_of(study)["by_straight_line"]["duties_short_by_road"] == 1
    assert len(straight_sentences(study)) == 4
    assert all(str(sentence) for sentence in straight_sentences(study))
    straight = straight_rules(study.rules, study.scenario).rules[0]
    assert straight.limit == pytest.approx(40 / 1.3)
