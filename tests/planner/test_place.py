"""Plans: every plan passes the checker, and no cheaper one does."""

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization import Outcome
from planner.check import findings_of
from planner.network import network_of
from planner.openings import spread
from planner.place import place
from planner.shortage import weighted_shortage
from planner.study import place_study, planned_network, with_new
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

CODES = [code(1), code(2)]
APART = ["attribute", "proportion"]


def short(findings):
    return findings[findings["duty"] & findings["status"].eq("short")]


def lacking(findings):
    """Duties whose known part is not enough: what a plan mends."""
    below = findings["actual"] < findings["required"] - 1e-9
    too_many = findings["kind"].eq("proportion") & findings["status"].eq("short")
    return findings[findings["duty"] & (below | too_many) & findings["status"].ne("met")]


def openings(tables, sizes):
    """Every way to open some outlets at the demand points, as rows of a plan."""
    points = tables.demand.to_dict("records")
    names = sorted(tables.sales["enterprise"].unique())
    places = [(point, name) for point in points for name in names]
    for size in sizes:
        for chosen in combinations_with_replacement(range(len(places)), size):
            yield pd.DataFrame(
                [
                    {
                        "outlet_id": f"n{number}",
                        "site_id": places[pick][0]["point_id"],
                        "name": "new",
                        "area": "",
                        "kind": "collection",
                        "area_m2": 10.0,
                        "stock_cap_t": 5.0,
                        "pickups_per_year": 12.0,
                        "enterprises": places[pick][1],
                        "action": "open",
                        "opening_cost": 1.0,
                        "reason": "",
                        **{key: places[pick][0][key] for key in ("adcode", "lon", "lat")},
                    }
                    for number, pick in enumerate(chosen)
                ]
            )


def rechecked(tables, rule_set, assumed, new):
    opened = replace(tables, outlets=with_new(tables.outlets, new))
    return findings_of(network_of(opened, assumed), rule_set)


def fewest(tables, rule_set, assumed, most):
    """The least number of new outlets with which nothing lacks; None if `most` are not enough."""
    for size in range(most + 1):
        for new in openings(tables, [size]):
            if not len(lacking(rechecked(tables, rule_set, assumed, new))):
                return size
    return None


quantities = st.sampled_from(["sales", "stock"])
asked = {
    "presence": st.builds(lambda n, level: rule("presence", min_outlets=n, level=level),
                          st.integers(1, 2), st.sampled_from(["area", "province", "nation"])),
    "ratio": st.builds(lambda per, q: rule("ratio", quantity=q, per=per),
                       st.sampled_from([50, 120]), quantities),
    "threshold": st.builds(lambda q: rule("threshold", quantity=q, at_least=100), quantities),
    "capacity": st.just(rule("capacity")),
    "reach_share": st.builds(
        lambda share, km, across, level: rule("reach_share", share=share, distance_km=km,
                                              across_borders=across, level=level),
        st.sampled_from([0.5, 0.8, 1.0]), st.sampled_from([20, 60]), st.booleans(),
        st.sampled_from(["area", "nation"])),
    "proportion": st.builds(lambda t: rule("proportion", tolerance=t), st.sampled_from([1.2, 2.0])),
    "attribute": st.just(rule("attribute", column="area_m2", at_least=10)),
    "area_share": st.just(rule("area_share", rule="named", share=0.5)),
}  # fmt: skip
named = rule("ratio", "named", quantity="sales", per=60)


@st.composite
def small_worlds(draw, kinds=tuple(asked)):
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2, unique=True))
    picked = [draw(asked[kind]) for kind in chosen]
    if "area_share" in chosen:
        picked = [item for item in picked if item["kind"] not in ("proportion", "reach_share")]
        picked = [{**item, "level": "area"} if "level" in item else item for item in picked] + [named]
    points = draw(
        st.lists(
            st.tuples(st.sampled_from([0.1, 0.4, 0.9]), st.integers(1, 3)),
            min_size=1,
            max_size=2,
            unique_by=lambda point: point[0],
        )
    )
    rows = [(CODES[0], 100 + x, 30.5, float(w)) for x, w in points] + [(CODES[1], 101.1, 30.5, 1.0)]
    sold = [("M", item, draw(st.integers(0, 180))) for item in CODES]
    old = [("M", item, draw(st.sampled_from([0, 4000])), "maker", 2014) for item in CODES]
    standing = draw(
        st.lists(
            st.sampled_from(
                [at(CODES[0], 100.1, 30.5), at(CODES[1], 101.9, 30.5), {"adcode": CODES[1]},
                 at(CODES[0], 100.9, 30.5, area_m2=5.0)]
            ),
            max_size=2,
        )
    )  # fmt: skip
    return worlds.tables(CODES, [*sold, *old], standing, worlds.demand(rows)), worlds.rules(*picked)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(small_worlds())
def test_a_plan_without_shortage_leaves_nothing_short_but_what_it_lists(world):
    tables, rule_set = world
    study = place_study(tables, rule_set, worlds.scenario())
    left = short(study.findings)
    listed = study.placement.conflicts[["rule_id", "enterprise", "adcode"]].apply(tuple, axis=1).tolist()
    assert all(key in listed for key in left[["rule_id", "enterprise", "adcode"]].apply(tuple, axis=1))
    if study.placement.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE):
        assert set(left["kind"]) <= set(APART)
        assert set(study.placement.conflicts["cause"]) <= {"property", "too_many"}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(small_worlds(kinds=tuple(k for k in asked if k not in APART)))
def test_no_cheaper_plan_passes_the_checker(world):
    tables, rule_set = world
    assumed = worlds.scenario()
    placement = place(tables, rule_set, assumed)
    if placement.outcome is Outcome.OPTIMAL:
        most = int(placement.objective)
        least = fewest(tables, rule_set, assumed, min(most, 3))
        assert least == (most if most <= 3 else None)
    else:
        assert placement.outcome is Outcome.INFEASIBLE
        assert fewest(tables, rule_set, assumed, 2) is None


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 300), min_size=2, max_size=3), st.sampled_from([1.2, 1.6, 2.5]), st.integers(0, 6)
)
def test_proportion_over_a_whole_enterprise_is_exact(units, tolerance, stand):
    codes = [code(n) for n in range(1, len(units) + 1)]
    tables = worlds.tables(
        codes, [("M", c, u) for c, u in zip(codes, units, strict=True)], [at(codes[0], 100.5, 30.5)] * stand
    )
    rule_set, assumed = (
        worlds.rules(rule("presence"), rule("proportion", tolerance=tolerance)),
        worlds.scenario(),
    )
    study = place_study(tables, rule_set, assumed)
    if study.placement.outcome is Outcome.OPTIMAL and not len(short(study.findings)):
        most = int(study.placement.objective)
        assert fewest(tables, rule_set, assumed, min(most, 3)) == (most if most <= 3 else None)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 400), min_size=2, max_size=3),
    st.sampled_from([0.34, 0.5, 0.67, 1.0]),
    st.lists(st.integers(0, 2), max_size=2),
)
def test_area_share_keeps_the_cheapest_areas(units, share, stand):
    codes = [code(n) for n in range(1, len(units) + 1)]
    standing = [at(codes[n % len(codes)], 100.5 + n % len(codes), 30.5) for n in stand]
    tables = worlds.tables(codes, [("M", c, u) for c, u in zip(codes, units, strict=True)], standing)
    rule_set = worlds.rules(rule("ratio", "named", quantity="sales", per=100),
                            rule("area_share", rule="named", share=share))  # fmt: skip
    placement = place(tables, rule_set, worlds.scenario())
    assert placement.outcome is Outcome.OPTIMAL
    most = int(placement.objective)
    assert fewest(tables, rule_set, worlds.scenario(), min(most, 3)) == (most if most <= 3 else None)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(0, 200), st.integers(1, 200)),
    st.integers(0, 3),
    st.booleans(),
)
def test_a_limit_on_the_run_is_shared_out_exactly(ours, theirs, limit, by_budget):
    points = worlds.demand(
        [(CODES[0], 100.1, 30.5, 2.0), (CODES[0], 100.9, 30.5, 1.0), (CODES[1], 101.5, 30.5, 1)]
    )
    sold = [("M", c, u) for c, u in zip(CODES, ours, strict=True)]
    sold += [("N", c, u) for c, u in zip(CODES, theirs, strict=True)]
    tables = worlds.tables(CODES, sold, [at(CODES[0], 100.1, 30.5)], points)
    rule_set = worlds.rules(rule("ratio", quantity="sales", per=80),
                            rule("reach_share", share=0.9, distance_km=30))  # fmt: skip
    assumed = worlds.scenario(**({"budget": float(limit)} if by_budget else {"max_new": limit}))
    study = place_study(tables, rule_set, assumed)
    assert len(study.new_outlets) <= limit

    def left(new):
        return weighted_shortage(tables, rule_set, assumed, rechecked(tables, rule_set, assumed, new))

    least = min(left(new) for new in openings(tables, range(limit + 1)))
    if study.placement.limited:
        assert study.placement.objective == pytest.approx(least, abs=1e-7)
        assert study.placement.bound <= study.placement.objective + 1e-9
        assert left(study.new_outlets) == pytest.approx(least, abs=1e-7)
    else:
        assert not len(short(study.findings))


@settings(max_examples=8, deadline=None, derandomize=True)
@given(small_worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(world, random):
    tables, rule_set = world

    def shuffled(table):
        order = list(range(len(table)))
        random.shuffle(order)
        return table.iloc[order].reset_index(drop=True)

    mixed = replace(
        tables,
        sales=shuffled(tables.sales),
        outlets=shuffled(tables.outlets),
        demand=shuffled(tables.demand),
    )
    first = place_study(tables, rule_set, worlds.scenario())
    second = place_study(mixed, rule_set, worlds.scenario())
    pd.testing.assert_frame_equal(first.findings_before, second.findings_before)
    pd.testing.assert_frame_equal(first.findings, second.findings)
    pd.testing.assert_frame_equal(first.new_outlets, second.new_outlets)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.integers(1, 5)), min_size=2, max_size=5
    ),
    st.tuples(st.floats(10, 60), st.floats(0, 40)),
    st.tuples(st.floats(0.3, 0.9), st.floats(0, 0.1)),
)
def test_a_larger_radius_or_a_smaller_share_never_costs_more(points, radii, parts):
    demand = worlds.demand([(CODES[0], 100 + x, 30 + y, float(w)) for x, y, w in points])
    tables = worlds.tables(CODES[:1], [("M", CODES[0], 10)], points=demand)

    def cost(share, km):
        asked = rule("reach_share", share=share, distance_km=km)
        return place(tables, worlds.rules(asked), worlds.scenario()).objective

    share, km = parts[0] + parts[1], radii[0]
    assert cost(share, km + radii[1]) <= cost(share, km)
    assert cost(parts[0], km) <= cost(share, km)


def test_two_towns_get_an_outlet_each():
    points = worlds.demand([(CODES[0], 100.1, 30.5, 1.0), (CODES[0], 100.9, 30.5, 1.0)])
    tables = worlds.tables(CODES[:1], [("M", CODES[0], 10)], points=points)
    study = place_study(
        tables, worlds.rules(rule("reach_share", share=1.0, distance_km=20)), worlds.scenario()
    )
    assert sorted(study.new_outlets["lon"]) == [100.1, 100.9]
    assert study.findings["status"].tolist() == ["met"]


def test_many_outlets_are_spread_by_sales():
    points = worlds.demand([(CODES[0], 100.1, 30.5, 4.0), (CODES[0], 100.9, 30.5, 1.0)])
    tables = worlds.tables(CODES[:1], [("M", CODES[0], 1000)], points=points)
    study = place_study(tables, worlds.rules(rule("ratio", quantity="sales", per=100)), worlds.scenario())
    assert study.new_outlets["lon"].value_counts().to_dict() == {100.1: 8, 100.9: 2}


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.floats(0, 100)), min_size=1, max_size=6))
def test_spreading_keeps_the_number_and_the_room(places):
    units = np.array([have for have, _, _ in places])
    room = units + np.array([more for _, more, _ in places])
    got = spread(units, room, np.array([sales for _, _, sales in places]))
    assert got.sum() == units.sum()
    assert (got >= 1).all()
    assert (got <= room).all()


def test_joining_another_outlet_is_cheaper_than_opening():
    stand = [at(CODES[0], 100.5, 30.5, enterprises="N", outlet_id="theirs")]
    tables = worlds.tables(CODES[:1], [("M", CODES[0], 10)], stand)
    rule_set = worlds.rules(rule("presence"))
    alone = place_study(tables, rule_set, worlds.scenario())
    joined = place_study(tables, rule_set, worlds.scenario(allow_joining=True))
    assert (alone.placement.objective, joined.placement.objective) == (1.0, pytest.approx(0.2))
    assert joined.new_outlets[["action", "site_id", "enterprises"]].values.tolist() == [
        ["join", "theirs", "M"]
    ]
    assert joined.findings["status"].tolist() == ["met"]


def test_what_no_outlet_can_mend_is_listed_with_its_reason():
    far = worlds.demand([(CODES[0], 100.1, 30.5, 1.0), (CODES[0], 100.9, 30.5, 1.0)])
    tables = worlds.tables(CODES[:1], [("M", CODES[0], 10)], [at(CODES[0], 100.1, 30.5, area_m2=5.0)], far)
    sites = worlds.outlets([at(CODES[0], 100.1, 30.5)]).assign(
        site_id="only", opening_cost=np.nan, max_units=1.0
    )
    tables = replace(tables, sites=sites)
    study = place_study(
        tables,
        worlds.rules(rule("attribute", column="area_m2", at_least=10),
                     rule("reach_share", share=1.0, distance_km=20)),
        worlds.scenario(),
    )  # fmt: skip
    assert study.placement.outcome is Outcome.INFEASIBLE
    assert study.exit_code == 3
    causes = study.placement.conflicts.set_index("rule_id")["cause"]
    assert causes["attribute"] == "property"
    assert set(causes[["reach_share"]]) == {"rows"}


def test_the_plan_counts_in_the_network_it_makes():
    tables = worlds.tables(CODES, [("M", item, 250) for item in CODES])
    study = place_study(tables, worlds.rules(rule("ratio", quantity="sales", per=100)), worlds.scenario())
    network = planned_network(study, study.new_outlets)
    assert len(network.outlets) == len(study.new_outlets) == 6
    assert study.placement.outcome is Outcome.OPTIMAL
