"""What the optimiser proposes for an area passes the checker, off the parts that are excluded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization import Outcome
from planner.draft import Draft, Exclusion, TriedSite, added
from planner.drafted import drafted_study
from planner.ground import ground_of
from planner.language import translator
from planner.proposal import Asked, accepted, conflict_sentences, proof, propose, sentence, shut_out
from planner.refusals import inside
from planner.study import check_study
from planner.trial import trial
from tests.planner import worlds

CODES = [worlds.code(1), worlds.code(2)]
POINTS = worlds.demand(
    [(code, 100.1 + at + 0.2 * step, 30.5, 1.0 + step) for at, code in enumerate(CODES) for step in range(5)]
)
SETS = {
    "local": worlds.rules(
        worlds.rule("presence"), worlds.rule("ratio", quantity="sales", per=40),
        worlds.rule("reach_share", share=0.8, distance_km=30),
    ),
    "across": worlds.rules(worlds.rule("reach_share", share=0.9, distance_km=60, across_borders=True)),
    "share": worlds.rules(
        worlds.rule("reach_share", "near", share=0.8, distance_km=30),
        worlds.rule("area_share", rule="near", share=0.5),
    ),
    "proportion": worlds.rules(
        worlds.rule("presence"), worlds.rule("proportion", quantity="sales", tolerance=1.5),
    ),
    "capacity": worlds.rules(worlds.rule("capacity", outlet_kind="collection", relieved_by=["storage"])),
}  # fmt: skip
EN = translator("en")


def world(units: int = 100):
    rows = [("M", CODES[0], units), ("M", CODES[1], units // 2), ("M", CODES[0], units, "maker", 2014)]
    return worlds.tables(
        CODES, [*rows, ("N", CODES[0], 10)], [worlds.at(CODES[0], 100.1, 30.5, enterprises="N")], POINTS
    )


def site(number: int, lon: float, code: str = CODES[0]) -> TriedSite:
    return TriedSite(
        outlet_id=f"T-{number:04d}", name="s", kind="collection", enterprises="M", lon=lon, lat=30.5,
        adcode=code, stock_cap_t=5, pickups_per_year=12,
    )  # fmt: skip


def asked(**parts: object) -> Asked:
    return Asked(**{"enterprise": "M", "adcode": CODES[0], "time_limit_s": 20.0, **parts})


@pytest.mark.parametrize("name", SETS)
@settings(max_examples=4)
@given(units=st.sampled_from([10, 100, 400]), tried=st.lists(st.sampled_from([100.3, 100.7]), unique=True))
def test_a_proposal_passes_the_checker(name: str, units: int, tried: list[float]) -> None:
    tables, rules, scenario = world(units), SETS[name], worlds.scenario()
    draft = Draft(sites=tuple(site(at, lon) for at, lon in enumerate(tried)))
    found = propose(tables, rules, scenario, draft, asked())
    assert found.outcome is Outcome.OPTIMAL
    assert found.nothing_short or found.bound <= found.value + 1e-6
    whole = accepted(draft, found, tables)
    ground = ground_of(tables, rules, scenario, enterprise="M", adcode=CODES[0])
    assert trial(ground, tables, whole).short == 0
    after = drafted_study(check_study(tables, rules, scenario), whole)
    own = after.duties[after.duties["enterprise"].eq("M") & after.duties["adcode"].isin([CODES[0], "000000"])]
    assert own["status"].eq("met").all()
    assert whole.sites[: len(draft.sites)] == draft.sites


def test_excluded_parts_stay_free_and_what_is_in_the_way_is_said() -> None:
    tables, scenario = world(), worlds.scenario()
    rules = worlds.rules(worlds.rule("reach_share", share=0.8, distance_km=5))
    west = Exclusion(name="west", corners=((100.0, 30.0), (100.4, 30.0), (100.4, 31.0), (100.0, 31.0)))
    free = propose(tables, rules, scenario, Draft(), asked())
    some = propose(tables, rules, scenario, Draft(exclusions=(west,)), asked())
    assert free.outcome is Outcome.OPTIMAL
    assert some.sites
    assert not inside(west, [one.lon for one in some.sites], [one.lat for one in some.sites]).any()
    everything = Exclusion(name="all", corners=((99.0, 29.0), (103.0, 29.0), (103.0, 32.0), (99.0, 32.0)))
    none = propose(tables, rules, scenario, Draft(exclusions=(everything,)), asked())
    assert none.outcome is Outcome.INFEASIBLE
    assert not none.sites
    assert conflict_sentences(none, {CODES[0]: "Area"}, EN)
    assert "least shortage" in sentence(none, EN)


def test_limits_hold() -> None:
    tables, rules, scenario = world(), SETS["local"], worlds.scenario()
    full = propose(tables, rules, scenario, Draft(), asked())
    assert len(full.sites) == 3
    for few in (asked(max_new=1), asked(budget=1.0), asked(objective="coverage", max_new=1)):
        found = propose(tables, rules, scenario, Draft(), few)
        assert len(found.sites) == 1
        assert found.outcome is Outcome.INFEASIBLE
        assert any("max_open" in text or "budget" in text for text in conflict_sentences(found, {}, EN))


def test_objectives_choose() -> None:
    tables, rules, scenario = world(), worlds.rules(worlds.rule("presence")), worlds.scenario()
    near = propose(tables, rules, scenario, Draft(), asked(objective="distance", max_new=5))
    assert (near.first, len(near.sites)) == ("distance", 5)
    least = propose(tables, rules, scenario, Draft(), asked(objective="shortage"))
    assert (least.first, len(least.sites), least.outcome) == ("shortage", 1, Outcome.OPTIMAL)
    said = proof(least, EN)
    assert said is not None
    assert "Proven best by relative shortage" in EN(said)


def test_nothing_short_needs_nothing() -> None:
    tables, rules, scenario = world(), worlds.rules(worlds.rule("presence")), worlds.scenario()
    draft = Draft(sites=(site(1, 100.5),))
    found = propose(tables, rules, scenario, draft, asked())
    assert found.nothing_short
    assert "nothing to propose" in sentence(found, EN)
    assert accepted(draft, found, tables) == draft


def test_accepting_whole_and_in_part() -> None:
    tables, rules, scenario = world(), SETS["local"], worlds.scenario()
    found = propose(tables, rules, scenario, Draft(), asked())
    whole = accepted(Draft(), found, tables)
    assert whole.proven is not None
    assert whole.proven.bound == found.bound == 3
    one = accepted(Draft(), found, tables, frozenset([found.sites[0].outlet_id]))
    assert (len(one.sites), one.proven) == (1, None)
    taken = added(Draft(), found.sites[0].model_copy(update={"lon": 100.9}))
    both = accepted(taken, found, tables)
    assert len({each.outlet_id for each in both.sites}) == len(found.sites) + 1
    assert both.proven is None
    assert all(each.origin == "proposal" for each in whole.sites)


def test_what_is_excluded_after_asking_is_not_accepted() -> None:
    tables, rules, scenario = world(), SETS["local"], worlds.scenario()
    found = propose(tables, rules, scenario, Draft(), asked())
    first = found.sites[0]
    around = tuple((first.lon + x, first.lat + y) for x, y in ((-0.01, -0.01), (0.01, -0.01), (0, 0.01)))
    draft = Draft(exclusions=(Exclusion(name="lake", corners=around),))
    out = shut_out(draft, found)
    assert first.outlet_id in out
    after = accepted(draft, found, tables, under="all")
    assert {each.outlet_id for each in after.sites} == {each.outlet_id for each in found.sites} - out
    assert after.accepted is None
