"""Tried sites: edits, undo and redo, refusals with their reasons, and as a plan that is checked like any."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geodata.schemas import OutletKind, Tables
from optimization import Outcome
from planner.draft import (
    Accepted,
    Draft,
    Exclusion,
    TriedSite,
    added,
    content,
    edited,
    excluded,
    new_id,
    new_site,
    placement_of,
    plan_rows,
    removed,
)
from planner.drafted import crowded, drafted_study
from planner.history import History
from planner.language import translator
from planner.openings import PLAN_COLUMNS
from planner.refusals import area_at, inside, refusal
from planner.rules.ruleset import RuleSet
from planner.study import check_study
from planner.study_folder import write_study
from planner.verify import verify
from tests.planner import worlds

CODE, NEXT = worlds.code(1), worlds.code(2)
RULES = worlds.rules(worlds.rule("presence"), worlds.rule("reach_share", share=0.5, distance_km=50))
KM = 1 / 111.195


def world(**parts: object) -> Tables:
    standing = [worlds.at(CODE, 100.5, 30.5, name="Standing", enterprises="M;N")]
    return worlds.tables([CODE, NEXT], [("M", CODE, 100), ("N", CODE, 5), ("N", NEXT, 5)], standing, **parts)


def site(number: int = 1, **parts: object) -> TriedSite:
    usual = {
        "outlet_id": f"T{CODE}-{number:04d}", "name": "site", "kind": "collection", "enterprises": "M",
        "lon": 100.3, "lat": 30.3, "adcode": CODE,
    }  # fmt: skip
    return TriedSite.model_validate({**usual, **parts})


drafts = st.lists(st.integers(0, 9), max_size=3, unique=True).map(
    lambda numbers: Draft(sites=tuple(site(number) for number in numbers))
)


@given(steps=st.lists(drafts, max_size=8), back=st.integers(0, 8))
def test_redo_undoes_undo_and_undo_redo(steps: list[Draft], back: int) -> None:
    history = History()
    for step in steps:
        history = history.then(step)
    for _ in range(back):
        history = history.undo()
    if history.past:
        assert history.undo().redo() == history
    if history.future:
        assert history.redo().undo() == history


@given(steps=st.lists(drafts, min_size=1, max_size=8))
def test_undone_to_the_end_it_is_as_it_began(steps: list[Draft]) -> None:
    history = History()
    for step in steps:
        history = history.then(step)
    last = history
    while history.past:
        history = history.undo()
    assert history.now == Draft()
    while history.future:
        history = history.redo()
    assert history == last


def test_a_new_step_forgets_what_was_undone() -> None:
    one, two = Draft(sites=(site(1),)), Draft(sites=(site(2),))
    history = History().then(one).undo().then(two)
    assert (history.now, history.future) == (two, ())
    assert history.then(two) == history


def test_edits_leave_the_draft_alone() -> None:
    first = added(Draft(), site(1), site(2))
    assert [one.outlet_id for one in removed(first, f"T{CODE}-0001").sites] == [f"T{CODE}-0002"]
    assert edited(first, f"T{CODE}-0002", name="other").by_id[f"T{CODE}-0002"].name == "other"
    there = edited(first, f"T{CODE}-0001", lon=101.5, adcode=NEXT).by_id[f"T{CODE}-0001"]
    assert (there.lon, there.adcode) == (101.5, NEXT)
    assert first == added(Draft(), site(1), site(2))
    with pytest.raises(ValueError, match="there already"):
        added(first, site(1))
    with pytest.raises(KeyError):
        edited(first, "none", name="x")
    with pytest.raises(ValidationError):
        edited(first, f"T{CODE}-0001", stock_cap_t=-1)


def test_ids_are_nobody_elses() -> None:
    tables = world()
    draft = added(Draft(), site(1))
    assert new_id(draft, CODE, tables) == f"T{CODE}-0002"
    taken = worlds.tables([CODE], [("M", CODE, 1)], [worlds.at(CODE, 100.5, 30.5, outlet_id="T1")])
    assert new_id(draft, CODE, taken).startswith("TT")


def test_a_new_site_is_as_the_scenario_has_them() -> None:
    tables, scenario = world(), worlds.scenario()
    made = new_site(Draft(), tables, scenario, lon=100.2, lat=30.2, adcode=CODE, enterprises="M",
                    kind=OutletKind.STORAGE)  # fmt: skip
    assert (made.stock_cap_t, made.opening_cost, made.name) == (30, 4, f"area {CODE}")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lon": 99.0, "adcode": ""}, "No area is here"),
        ({"lon": 101.5, "lat": 30.5, "adcode": NEXT}, "M has no duty"),
        ({"enterprises": ""}, "Choose the enterprise"),
        ({"lon": 100.8, "lat": 30.8}, "excluded part 'lake'"),
        ({"lon": 100.5, "lat": 30.5 + 0.04 * KM}, "already: Standing"),
        ({"lon": 100.2, "lat": 30.2, "outlet_id": "T-0007"}, f"already: site (T{CODE}-0009)"),
    ],
)
def test_a_site_is_refused_with_its_reason(changed: dict[str, object], words: str) -> None:
    lake = Exclusion(name="lake", corners=((100.7, 30.7), (100.9, 30.7), (100.9, 30.9), (100.7, 30.9)))
    draft = excluded(added(Draft(), site(9, lon=100.2, lat=30.2)), lake)
    message = refusal(site(**changed), world(), RULES, draft)
    assert message is not None
    assert words in str(message)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"lon": 100.5, "lat": 30.5 + 0.06 * KM},
        {"lon": 100.5, "lat": 30.5, "kind": "storage"},
        {"lon": 101.5, "lat": 30.5, "adcode": NEXT, "enterprises": "N"},
        {"lon": 101.5, "lat": 30.5, "adcode": NEXT, "enterprises": "M;N"},
    ],
)
def test_a_site_is_tried_where_nothing_is_in_its_way(changed: dict[str, object]) -> None:
    assert refusal(site(**changed), world(), RULES, Draft()) is None


def test_a_site_that_is_moved_is_not_in_its_own_way() -> None:
    draft = added(Draft(), site(1))
    assert refusal(site(1, lat=30.3 + 0.01 * KM), world(), RULES, draft) is None


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"lon": 100.5, "lat": 30.5 + 4.9 * KM}, "Standing is 4.90 km away"),
        ({"lon": 100.5, "lat": 30.5 + 5.0 * KM}, ""),
        ({"lon": 100.5, "lat": 30.5 + 4.9 * KM, "kind": "storage"}, ""),
        ({"lon": 100.2, "lat": 30.2 - 3 * KM}, "0009 is 3.00 km away"),
        ({"lon": 100.2, "lat": 30.2 - 3 * KM, "outlet_id": f"T{CODE}-0009"}, ""),
    ],
)
def test_a_site_keeps_the_spacing_that_is_asked_for(changed: dict[str, object], name: str) -> None:
    draft = added(Draft(), site(9, lon=100.2, lat=30.2))
    message = refusal(site(**changed), world(), RULES, draft, spacing_km=5.0)
    assert (message is None) == (name == "")
    assert name in str(message or "")
    assert refusal(site(**changed), world(), RULES, draft) is None


def test_sites_that_were_tried_before_the_spacing_was_asked_for_are_counted() -> None:
    scenario = worlds.scenario(spacing_km=5.0)
    draft = added(Draft(), site(1, lon=100.2, lat=30.2), site(2, lon=100.2, lat=30.2 + 3 * KM))
    assert crowded(draft, check_study(world(), RULES, scenario)) == 1
    assert crowded(draft, check_study(world(), RULES, worlds.scenario())) == 0
    assert crowded(Draft(), check_study(world(), RULES, scenario)) == 0


def test_rules_that_ask_for_outlets_anywhere_let_them_be_tried_anywhere() -> None:
    rules = worlds.rules(worlds.rule("presence", quantity="none"))
    assert refusal(site(lon=101.5, lat=30.5, adcode=NEXT), world(), rules, Draft()) is None
    elsewhere: RuleSet = rules.model_copy(update={"territory": ("44",)})
    assert refusal(site(), world(), elsewhere, Draft()) is not None


def test_places_just_off_the_border_count_for_the_area() -> None:
    tables = world()
    assert area_at(100 - 2 * KM, 30.5, tables) == CODE
    assert area_at(100 - 5 * KM, 30.5, tables) == ""
    assert area_at(150.0, -10.0, tables) == ""


def test_a_shape_of_less_than_three_corners_excludes_nothing() -> None:
    assert not inside(Exclusion(name="", corners=((0, 0), (1, 1))), [0.5], [0.5]).any()
    bow = Exclusion(name="", corners=((0, 0), (1, 1), (1, 0), (0, 1)))
    assert inside(bow, [0.9, 0.5, 2.0], [0.5, 0.9, 0.5]).tolist() == [True, False, False]


def test_sites_are_rows_of_a_plan() -> None:
    rows = plan_rows(
        added(Draft(), site(1), site(2, kind="storage", stock_cap_t=30)), world(), worlds.scenario()
    )
    assert list(rows) == PLAN_COLUMNS
    assert list(rows["name"]) == ["site 0001", "site 0002"]
    assert plan_rows(Draft(), world(), worlds.scenario()).empty
    assert list(plan_rows(Draft(), world(), worlds.scenario())) == PLAN_COLUMNS


def test_what_the_optimiser_said_holds_while_nothing_is_changed() -> None:
    sites = (site(1),)
    said = Accepted(outcome=Outcome.OPTIMAL, bound=1.0, sites=content(sites))
    draft = Draft(sites=sites, accepted=said)
    assert placement_of(draft, world(), worlds.scenario()).outcome is Outcome.OPTIMAL
    assert placement_of(draft, world(), worlds.scenario()).notes == ()
    by_hand = placement_of(edited(draft, site(1).outlet_id, lon=100.4), world(), worlds.scenario())
    assert (by_hand.outcome, by_hand.bound) == (Outcome.FEASIBLE, 0.0)
    assert "chosen by hand" in str(by_hand.notes[0].message)
    assert placement_of(draft, world(), worlds.scenario(), short=True).outcome is Outcome.INFEASIBLE


@pytest.mark.slow
def test_a_study_with_tried_sites_can_be_verified(tmp_path: Path) -> None:
    tables, scenario = world(), worlds.scenario()
    corners = ((100.7, 30.7), (100.9, 30.7), (100.9, 30.9))
    shapes = (Exclusion(name="lake", corners=corners),)
    sites = (site(1), site(2, enterprises="M;N", lon=100.4), site(3, enterprises="N", lon=101.5, adcode=NEXT))
    draft = Draft(sites=sites, exclusions=shapes)
    before = check_study(tables, RULES, scenario)
    study = drafted_study(before, draft)
    assert study.findings_before is before.findings
    assert len(study.new_outlets) == 3
    folder = tmp_path / "s"
    write_study(study, folder, translator("en"))
    assert verify(folder) is None
    assert drafted_study(before, Draft()) is before


def test_users_own_sites_stay_beside_the_tried() -> None:
    own = pd.DataFrame(
        [{"site_id": "s", "name": "own", "adcode": CODE, "kind": "", "lon": 100.1, "lat": 30.1,
          "opening_cost": 1.0, "area_m2": 1.0, "stock_cap_t": 1.0, "pickups_per_year": 1.0, "max_units": 2.0}]
    )  # fmt: skip
    sites = gpd.GeoDataFrame(own, geometry=gpd.points_from_xy(own["lon"], own["lat"]), crs="EPSG:4326")
    tables = replace(world(), sites=sites)
    study = drafted_study(check_study(tables, RULES, worlds.scenario()), Draft(sites=(site(1),)))
    assert study.tables.sites is not None
    assert list(study.tables.sites["site_id"]) == ["s", site(1).outlet_id]
