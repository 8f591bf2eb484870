"""Spacing: new outlets keep apart, whatever the plan, at the least cost there is; and what it prevents."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from geodata.reach import great_circle_km
from geodata.schemas import Tables
from optimization import LocationProblem, solve
from planner.language import translator
from planner.rules.ruleset import RuleSet
from planner.spaced import spacing_differences
from planner.spacing import cliques, too_near
from planner.study import Study, place_study
from planner.study_folder import write_study
from planner.verify import verify
from tests.planner.worlds import KM, at, code, demand, rule, rules, scenario, tables

SOME = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
A, B = code(1), code(2)


def planned(world: Tables, asked: RuleSet, spacing_km: float, **parts: object) -> Study:
    return place_study(world, asked, scenario(spacing_km=spacing_km, **parts), workers=1)


def places(count: int, seed: int = 0) -> np.ndarray:
    return np.array([100.0, 30.0]) + np.random.default_rng(seed).random((count, 2)) * 0.3


@settings(SOME, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 40))
def test_cliques_hold_every_pair_and_nothing_else(seed: int, spacing_km: float) -> None:
    found = places(int(np.random.default_rng(seed).integers(0, 30)), seed)
    near = too_near(found, found, spacing_km)
    together = {frozenset(pair) for clique in cliques(near) for pair in combinations(clique.tolist(), 2)}
    rows, columns = near.tocoo().coords
    assert together == {frozenset(pair) for pair in zip(rows, columns, strict=True) if pair[0] != pair[1]}


def test_many_places_within_the_spacing_are_one_row() -> None:
    found = places(1000)
    assert len(list(cliques(too_near(found, found, 100.0)))) == 1


def test_rows_are_few_where_places_lie_dense() -> None:
    found = places(1000)
    near = too_near(found, found, 5.0)
    assert len(list(cliques(near))) < near.nnz / 20


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Tables, RuleSet, float]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # around the border of the two areas, so that plans of both come near each other
    side = [-1, -1, -1, 1, 1, 1]
    points = [
        ((A, B)[x > 0], 101 + x * (0.01 + 0.2 * rng.random()), 30.5 + 0.3 * rng.random(), 1.0) for x in side
    ]
    standing = [at(A, points[0][1] - 0.02, points[0][2])] if rng.random() < 0.4 else []
    world = tables([A, B], [("M", A, 4000), ("M", B, 4000)], standing, demand(points))
    least = [rule("presence", min_outlets=int(rng.integers(1, 3)))]
    if rng.random() < 0.5:
        least.append(rule("reach_share", share=0.6, distance_km=float(rng.integers(5, 40))))
    return world, rules(*least), float(rng.choice([3.0, 12.0, 25.0]))


def fewest(world: Tables, study: Study, spacing_km: float) -> float:
    """The fewest outlets that keep apart and meet every duty, of all sets of sites; infinite if none does."""
    from planner.check import findings_of
    from planner.network import network_of, with_outlets
    from planner.study import with_new

    bare = network_of(world, study.scenario)
    sites, old = world.demand, world.outlets[["lon", "lat"]].to_numpy(float)
    for size in range(len(sites) + 1):
        for chosen in combinations(range(len(sites)), size):
            rows = sites.iloc[list(chosen)]
            every = np.concatenate([rows[["lon", "lat"]].to_numpy(float), old])
            far = great_circle_km(every[:, None, 0], every[:, None, 1], every[None, :, 0], every[None, :, 1])
            if (far[:size] + np.eye(size, len(every)) * 1e6 < spacing_km).any():
                continue
            new = pd.DataFrame({column: [np.nan] * size for column in PLAN}).assign(
                outlet_id=[f"N{n}" for n in range(size)], site_id="", name="new", area="", action="",
                reason="", adcode=rows["adcode"].to_numpy(), lon=rows["lon"].to_numpy(),
                lat=rows["lat"].to_numpy(), kind="collection", enterprises="M", opening_cost=1.0,
            )  # fmt: skip
            network = with_outlets(bare, with_new(world.outlets, new), study.scenario.year)
            if not (findings_of(network, study.rules)["status"] == "short").any():
                return size
    return np.inf


PLAN = ["outlet_id", "area_m2", "stock_cap_t", "pickups_per_year"]


@SOME
@given(worlds())
def test_plans_keep_apart_at_the_least_cost(found: tuple[Tables, RuleSet, float]) -> None:
    world, asked, spacing_km = found
    study = planned(world, asked, spacing_km)
    assert not list(spacing_differences(study.new_outlets, world.outlets, spacing_km))
    assert study.placement is not None
    best = fewest(world, study, spacing_km)
    if study.placement.outcome == "optimal":
        assert len(study.new_outlets) == best
    else:
        assert best == np.inf


def test_a_site_holds_one_outlet_and_existing_ones_keep_others_away() -> None:
    points = demand([(A, 100.5, 30.5, 1.0), (A, 100.5, 30.5 + 3 * KM, 1.0), (A, 100.5, 30.5 + 30 * KM, 1.0)])
    world = tables([A], [("M", A, 9000)], [at(A, 100.5, 30.5 + 1 * KM)], points)
    study = planned(world, rules(rule("presence", min_outlets=2)), 5.0)
    assert study.new_outlets["lat"].tolist() == pytest.approx([30.5 + 30 * KM])


def test_what_spacing_is_in_the_way_of_is_said() -> None:
    points = demand([(A, 100.5, 30.5, 1.0), (A, 100.5, 30.5 + 3 * KM, 1.0)])
    study = planned(tables([A], [("M", A, 9000)], (), points), rules(rule("presence", min_outlets=2)), 5.0)
    assert study.placement is not None
    assert study.placement.outcome == "infeasible"
    conflicts = study.placement.conflicts.set_index("rule_id")
    assert conflicts.loc["spacing", "adcode"] == A
    told = conflicts.loc["spacing", "template"].format(**conflicts.loc["spacing", "values"])
    assert "at least 5 km apart" in told
    assert "need 2" in told
    assert "presence" in conflicts.index
    assert len(study.new_outlets) == 1


def test_kinds_and_enterprises_do_not_keep_each_other_away() -> None:
    asked = rules(rule("presence", outlet_kind="collection"), rule("presence", "s", outlet_kind="storage"))
    world = tables([A], [("M", A, 9000), ("N", A, 9000)], (), demand([(A, 100.5, 30.5, 1.0)]))
    assert len(planned(world, asked, 50.0).new_outlets) == 4


def test_a_limit_of_the_run_and_total_keep_apart_too() -> None:
    points = demand([((A, B)[n > 2], 101 + 0.02 * (n - 2.5), 30.5, 1.0) for n in range(6)])
    world = tables(
        [A, B], [("M", area, 9000, "maker", y) for area in (A, B) for y in (2015, 2022)], (), points
    )
    asked = rules(rule("presence"))
    limited = planned(world, asked, 8.0, max_new=1)
    total = planned(world, asked, 8.0, objective="total", haulage={"per_vehicle_km": 0.001})
    for study in (limited, total):
        assert not list(spacing_differences(study.new_outlets, world.outlets, 8.0))
    assert len(limited.new_outlets) == 1
    assert len(total.new_outlets) >= 2


def test_verify_names_an_outlet_that_is_too_near(tmp_path: Path) -> None:
    points = demand([(A, 100.5, 30.5, 1.0), (A, 100.5, 30.5 + 30 * KM, 1.0)])
    study = planned(tables([A], [("M", A, 9000)], (), points), rules(rule("presence", min_outlets=2)), 20.0)
    write_study(study, tmp_path / "study", translator("en"))
    assert verify(tmp_path / "study") is None
    text = (tmp_path / "study/inputs/scenario.toml").read_text("utf-8")
    tighter = text.replace("spacing_km = 20.0", "spacing_km = 40.0")
    assert tighter != text
    (tmp_path / "study/inputs/scenario.toml").write_text(tighter, "utf-8")
    assert "nearer than 40 km" in str(verify(tmp_path / "study"))


def test_the_engine_takes_thousands_of_rows() -> None:
    found = places(1200)
    near = too_near(found, found, 2.0)
    rows = list(cliques(near))
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    matrix = sparse.csr_array(
        (np.ones(indptr[-1]), np.concatenate(rows), indptr), shape=(len(rows), len(found))
    )
    count = sparse.csr_array(np.ones((1, len(found))))
    problem = LocationProblem(
        np.ones(len(found)),
        too_near(found, found, 6.0),
        rows=sparse.vstack([count, matrix], format="csr"),
        row_lower=np.concatenate([[40.0], np.full(len(rows), -np.inf)]),
        row_upper=np.concatenate([[np.inf], np.ones(len(rows))]),
    )
    plan = solve(problem, ("cost",))
    assert plan.objective == 40
    chosen = found[np.flatnonzero(plan.open)]
    assert too_near(chosen, chosen, 2.0).nnz == 40


def test_nothing_changes_where_all_sites_are_far_apart() -> None:
    world = tables([A, B], [("M", A, 3000), ("M", B, 3000)])
    asked = rules(rule("presence"), rule("reach_share", share=1.0, distance_km=50.0))
    one, other = planned(world, asked, 20.0), place_study(world, asked, scenario(), workers=1)
    pd.testing.assert_frame_equal(one.new_outlets, other.new_outlets)
