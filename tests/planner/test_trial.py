"""What tried sites change is exactly what a check of the whole network says, wherever they stand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.draft import Draft, TriedSite
from planner.drafted import drafted_study
from planner.ground import ground_of
from planner.language import translator
from planner.rules.ruleset import RuleSet, load_rule_set
from planner.study import check_study
from planner.trial import KEY, Trial, answer, trial
from tests.planner import worlds

CODES = [worlds.code(1), worlds.code(2), worlds.code(1, "14"), worlds.code(2, "14")]
MAKERS = ("M", "N", "B")
LEVELS = {"area": "area", "province": "province_adcode"}
SETS = {
    "counts": worlds.rules(
        worlds.rule("presence"),
        worlds.rule("ratio", quantity="sales", per=40),
        worlds.rule("reach_share", share=0.8, distance_km=60),
        worlds.rule("presence", "battery", role="battery_maker", level="province"),
    ),
    "everywhere": worlds.rules(worlds.rule("presence", quantity="none", min_outlets=2)),
    "across": worlds.rules(
        worlds.rule("reach_share", share=0.9, distance_km=120, across_borders=True),
        worlds.rule("ratio", quantity="stock", per=30),
    ),
    "proportion": worlds.rules(worlds.rule("proportion", quantity="sales", tolerance=1.5)),
    "capacity": worlds.rules(
        worlds.rule("capacity", outlet_kind="collection", relieved_by=["storage"]),
        worlds.rule("attribute", column="area_m2", at_least=12.0),
        worlds.rule("threshold", quantity="stock", at_least=50, outlet_kind="storage"),
    ),
    "share": worlds.rules(
        worlds.rule("reach_share", "near", share=0.8, distance_km=30),
        worlds.rule("area_share", rule="near", share=0.5),
    ),
    "province": worlds.rules(
        worlds.rule("reach_share", share=0.7, distance_km=60, level="province"),
        worlds.rule("ratio", quantity="retired_t", per=0.1),
    ),
}


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    sites = []
    for number in range(draw(st.integers(0, 4))):
        area = draw(st.integers(0, 3))
        owner = draw(st.sampled_from(["M", "N", "M;N", "B"]))
        kind, step = draw(st.sampled_from(["collection", "storage"])), draw(st.sampled_from([0.1, 0.5, 0.9]))
        sites.append(
            TriedSite(
                outlet_id=f"T-{number:04d}", name="site", kind=kind, enterprises=owner, lon=100 + area + step,
                lat=30.5, adcode=CODES[area], area_m2=draw(st.sampled_from([None, 10.0, 20.0])),
                stock_cap_t=5.0, pickups_per_year=12.0,
            )
        )  # fmt: skip
    return Draft(sites=tuple(sites))


@st.composite
def tables(draw: st.DrawFn):
    units = st.integers(0, 120)
    sold = [
        (maker, code, draw(units), "maker", year)
        for maker in ("M", "N") for code in CODES for year in (2014, 2021, 2022)
        if draw(st.booleans())
    ]  # fmt: skip
    sold += [("B", draw(st.sampled_from(["130000", "140000"])), draw(units), "battery_maker", 2022)]
    sold += [("M", CODES[0], 50, "maker", 2022)]
    standing = [
        worlds.at(CODES[area], 100 + area + draw(st.sampled_from([0.2, 0.5])), 30.5,
                  enterprises=draw(st.sampled_from(["M", "N", "M;N", "N;B", "Z"])),
                  kind=draw(st.sampled_from(["collection", "storage"])))
        for area in range(4) if draw(st.booleans())
    ]  # fmt: skip
    points = worlds.demand(
        [
            (code, 100.2 + at + 0.6 * half, 30.5, 1.0 + half)
            for at, code in enumerate(CODES)
            for half in (0, 1)
        ]
    )
    return worlds.tables(
        CODES, pd.DataFrame(sold).drop_duplicates([0, 1, 3, 4]).values.tolist(), standing, points
    )


def expected(found: Trial, study, name: str) -> pd.DataFrame:
    """What the whole network's findings say of the enterprise in the area, its province and the nation."""
    findings: pd.DataFrame = getattr(study, name)
    codes = {"area": found.ground.adcode, "province": f"{found.ground.adcode[:2]}0000", "nation": "000000"}
    own = findings["enterprise"].eq(found.ground.enterprise)
    wanted: pd.DataFrame = findings[own & findings["adcode"].eq(findings["level"].map(codes))]
    return wanted.reset_index(drop=True)


@pytest.mark.parametrize("name", SETS)
@settings(max_examples=6)
@given(data=st.data())
def test_a_trial_is_the_whole_check_narrowed(name: str, data: st.DataObject) -> None:
    rules, world, draft = SETS[name], data.draw(tables()), data.draw(drafts())
    scenario = worlds.scenario(history_complete=data.draw(st.booleans()))
    maker, code = data.draw(st.sampled_from(MAKERS)), data.draw(st.sampled_from(CODES))
    found = trial(ground_of(world, rules, scenario, enterprise=maker, adcode=code), world, draft)
    before = check_study(world, rules, scenario)
    after = drafted_study(before, draft)
    assert_same(found.before, expected(found, before, "findings"))
    assert_same(found.after, expected(found, after, "findings"))


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, check_categorical=False)


def test_the_gain_in_words() -> None:
    world = worlds.tables(CODES[:1], [("M", CODES[0], 100)])
    rules = SETS["counts"]
    ground = ground_of(world, rules, worlds.scenario(), enterprise="M", adcode=CODES[0])
    site = TriedSite(
        outlet_id="T-0001", name="s", kind="collection", enterprises="M", lon=100.5, lat=30.5, adcode=CODES[0]
    )
    none, one = (trial(ground, world, Draft(sites=sites)) for sites in ((), (site,)))
    t = translator("en")
    assert answer(none, t) == "3 of 3 duties short."
    assert answer(one, t) == "+1 outlet: 2 duties newly met, +100.0 % of sales within 60 km"
    assert (one.missing_before, one.missing_after, one.newly_met) == (3, 2, 2)
    assert one.reached is not None
    assert one.reached.newly == pytest.approx(100)
    assert list(one.changes["status_before"]) == ["short"] * 3
    assert set(KEY) <= set(one.after)


def test_sites_elsewhere_count_there() -> None:
    world = worlds.tables(CODES[:2], [("M", code, 100) for code in CODES[:2]])
    ground = ground_of(world, SETS["counts"], worlds.scenario(), enterprise="M", adcode=CODES[0])
    site = TriedSite(
        outlet_id="T-0001", name="s", kind="collection", enterprises="M", lon=101.5, lat=30.5, adcode=CODES[1]
    )
    found = trial(ground, world, Draft(sites=(site,)))
    assert (found.sites, found.beyond) == ((), (site,))
    assert found.newly_met == 0


def test_a_national_rule_keeps_all_areas_and_a_local_one_its_own() -> None:
    world = worlds.tables(CODES, [("M", code, 100) for code in CODES])
    sizes = {
        name: len(ground_of(world, rules, worlds.scenario(), enterprise="M", adcode=CODES[0]).tables.areas)
        for name, rules in SETS.items()
    }
    assert sizes == {
        "counts": 1, "everywhere": 1, "across": 4, "proportion": 4, "capacity": 1, "share": 4, "province": 2,
    }  # fmt: skip


def test_presets_agree_too() -> None:
    world = worlds.tables(CODES, [("M", code, 100 + at, "maker", 2022) for at, code in enumerate(CODES)])
    rng = np.random.default_rng(1)
    for name in ("cn-2026-73", "cn-2019-46", "us-vt-batteries"):
        rules: RuleSet = replace_territory(load_rule_set(name))
        at = int(rng.integers(4))
        site = TriedSite(
            outlet_id="T-0001", name="s", kind="storage", enterprises="M", lon=100.5 + at, lat=30.5,
            adcode=CODES[at], area_m2=12, stock_cap_t=30, pickups_per_year=12,
        )  # fmt: skip
        draft, scenario = Draft(sites=(site,)), worlds.scenario()
        found = trial(ground_of(world, rules, scenario, enterprise="M", adcode=CODES[at]), world, draft)
        after = drafted_study(check_study(world, rules, scenario), draft)
        assert_same(found.after, expected(found, after, "findings"))


def replace_territory(rules: RuleSet) -> RuleSet:
    return rules.model_copy(update={"territory": ()})


def test_the_ground_leaves_the_tables_alone() -> None:
    world = worlds.tables(CODES, [("M", CODES[0], 100)])
    kept = replace(world, sales=world.sales.copy(), outlets=world.outlets.copy())
    trial(
        ground_of(world, SETS["counts"], worlds.scenario(), enterprise="M", adcode=CODES[1]), world, Draft()
    )
    pd.testing.assert_frame_equal(kept.sales, world.sales)
    pd.testing.assert_frame_equal(pd.DataFrame(kept.outlets), pd.DataFrame(world.outlets))


def test_what_a_sharer_states_for_its_province_is_spread_over_all_of_it() -> None:
    world = worlds.tables(
        CODES[:2],
        [("N", CODES[1], 1), ("N", CODES[1], 40, "maker", 2014), ("B", "130000", 50, "battery_maker")],
        [worlds.at(CODES[1], 101.2, 30.5, enterprises="N;B")],
    )
    rules, scenario = SETS["capacity"], worlds.scenario()
    found = trial(ground_of(world, rules, scenario, enterprise="N", adcode=CODES[1]), world, Draft())
    assert_same(found.before, expected(found, check_study(world, rules, scenario), "findings"))
