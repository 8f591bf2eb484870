"""The Lagrangian branch and bound: its bound never lies, and its proofs hold."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from optimization import Cover, LocationProblem, Outcome, SolverOptions, solve
from optimization.clock import Clock
from optimization.floor_reach import reaches_of
from optimization.median import applies, first_multipliers, first_plans, shorten, solve_median, tree_of
from optimization.priced import floors_of
from optimization.problem import Objective
from optimization.service import service_of
from optimization.solve import first_stage
from optimization.stage import Stage
from tests.optimization.brute import best
from tests.optimization.problems import problems

EXACT = SolverOptions(gap=0.0)
FEW = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def stage_of(problem: LocationProblem, name: Objective) -> Stage:
    return replace(first_stage(problem, (name,)), objective=name)


def full(distance: np.ndarray) -> sparse.csr_array:
    row, column = np.divmod(np.arange(distance.size), distance.shape[1])
    return sparse.csr_array((distance.ravel(), (row, column)), shape=distance.shape)


def square(points: int, sites: int, seed: int, **limits: Any) -> LocationProblem:
    rng = np.random.default_rng(seed)
    at, place = rng.random((points, 2)) * 100, rng.random((sites, 2)) * 100
    distance = np.hypot(*(at[:, None] - place[None]).transpose(2, 0, 1))
    return LocationProblem(rng.integers(1, 100, points).astype(float), full(distance), **limits)


def graph(nodes: int, most: int, seed: int) -> LocationProblem:
    """A random graph like those of the OR-Library's pmed files: n*n/50 edges, lengths 1 to 100."""
    rng = np.random.default_rng(seed)
    edges, path = np.full((nodes, nodes), np.inf), rng.permutation(nodes)
    ends = np.concatenate(
        [np.column_stack([path[:-1], path[1:]]), rng.integers(0, nodes, (nodes**2 // 50, 2))]
    )
    edges[ends[:, 0], ends[:, 1]] = edges[ends[:, 1], ends[:, 0]] = rng.integers(1, 101, len(ends))
    np.fill_diagonal(edges, np.inf)
    return LocationProblem(np.ones(nodes), full(shortest_path(edges)), max_open=most)


@pytest.mark.parametrize("name", [Objective.DISTANCE, Objective.TOTAL])
def test_the_root_bound_is_below_the_best_of_all_combinations(name: Objective) -> None:
    @FEW
    @given(problems())
    def check(problem: LocationProblem) -> None:
        stage, expected = stage_of(problem, name), best(problem, (name.value,))
        if expected is None or not applies(stage):
            return
        clock = Clock.of(60)
        plans = first_plans(service_of(stage), None, EXACT, clock)
        if plans is None:
            return
        tree = tree_of(plans, EXACT, clock)
        root = tree.root(first_multipliers(plans, plans.find_prices(0)))
        assert plans.value >= expected[0] - 1e-9
        assert min(root.bound, tree.cutoff) <= expected[0] + 1e-6 * max(1.0, expected[0])

    check()


@pytest.mark.parametrize("seed", range(3))
def test_a_median_is_the_best_of_all_sets(seed: int) -> None:
    problem = square(40, 12, seed, max_open=4)
    distance, weight = problem.reach.toarray(), problem.instance.weight
    least = min(weight @ distance[:, list(chosen)].min(axis=1) for chosen in combinations(range(12), 4))
    plan = solve(problem, "distance", EXACT)
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.objective == pytest.approx(least)


def test_two_towns_get_an_outlet_each() -> None:
    distance = np.array([[0.0, 1.0, 9.0], [1.0, 0.0, 9.0], [9.0, 9.0, 0.0]])
    plan = solve(LocationProblem([2.0, 1.0, 1.0], full(distance), max_open=2), "distance")
    assert plan.open.tolist() == [1, 0, 1]
    assert plan.objective == 1.0


def test_opening_pays_only_where_it_saves_more() -> None:
    distance = np.array([[0.0, 8.0], [8.0, 0.0]])
    problem = LocationProblem([1.0, 1.0], full(distance), opening_cost=[3.0, 9.0])
    plan = solve(problem, "total")
    assert plan.open.tolist() == [1, 0]
    assert plan.objective == 11.0


@pytest.mark.parametrize(("nodes", "most"), [(300, 5), (500, 100), (600, 60)])
def test_random_graphs_are_proven(nodes: int, most: int) -> None:
    plan = solve(graph(nodes, most, seed=nodes), "distance", EXACT)
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.bound == plan.objective


def test_uncapacitated_location_is_proven() -> None:
    cost = np.random.default_rng(0).integers(1000, 3000, 100).astype(float)
    plan = solve(square(400, 100, 0, opening_cost=cost), "total", EXACT)
    assert plan.outcome is Outcome.OPTIMAL
    assert "Lagrangian" in plan.notes[0]


def test_a_floor_has_a_price() -> None:
    cover = Cover("reach", within=18.0, floor=0.8)
    problem = square(150, 150, 1, covers=(cover,), beyond=400.0)
    plan = solve(problem, ("cost", "distance"))
    assert plan.outcome is Outcome.OPTIMAL
    assert not plan.shortage


def test_short_rows_bound_no_more_than_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = square(300, 60, 2, max_open=8)
    stage, expected = stage_of(problem, Objective.DISTANCE), solve(problem, "distance", EXACT)
    monkeypatch.setattr("optimization.median.LONG", 0)
    clock = Clock.of(60)
    plans = first_plans(service_of(stage), None, EXACT, clock)
    assert plans is not None
    tree = tree_of(plans, EXACT, clock)
    shorten(tree, plans)
    assert len(tree.service.cost) < len(plans.service.cost)
    answer = solve_median(stage, None, EXACT, clock)
    assert answer is not None
    assert answer.outcome is Outcome.OPTIMAL
    assert answer.value == pytest.approx(expected.objective)
    assert math.isfinite(answer.bound)


def test_a_point_of_no_weight_is_served_all_the_same() -> None:
    pairs = sparse.csr_array(([2.0, 1.41, 1.41, 2.0, 1.0], ([0, 0, 1, 1, 1], [0, 1, 0, 1, 2])), shape=(2, 3))
    plan = solve(LocationProblem([0.0, 3.0], pairs, opening_cost=[4.86, 2.84, 2.59]), "total", EXACT)
    assert plan.open.tolist() == [0, 1, 1]
    assert plan.bound == pytest.approx(8.43)


def test_a_value_of_a_rank_is_that_of_the_sorted_values() -> None:
    from optimization.lagrangian_kernels import select

    rng = np.random.default_rng(5)
    for count in range(1, 40):
        values, rank = rng.integers(0, 9, count).astype(float), int(rng.integers(0, count))
        ordered = np.sort(values)
        assert select(values, count, rank) == ordered[rank]
        assert (values[:rank] <= ordered[rank]).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_floor_settles_only_sites_that_no_plan_can_do_without_or_with(seed: int) -> None:
    distance = np.random.default_rng(seed).integers(1, 40, (30, 10)).astype(float)
    sets = [np.isin(np.arange(10), chosen) for chosen in combinations(range(10), 3)]
    most = max(float((distance[:, chosen].min(axis=1) <= 9).mean()) for chosen in sets)
    keeping = [chosen for chosen in sets if (distance[:, chosen].min(axis=1) <= 9).mean() >= most - 0.03]
    floor = min(float((distance[:, chosen].min(axis=1) <= 9).mean()) for chosen in keeping)
    cover = Cover("near", within=9.0, floor=floor)
    problem = LocationProblem(np.ones(30), full(distance), max_open=3, covers=(cover,))
    service = service_of(stage_of(problem, Objective.DISTANCE))
    (reach,) = reaches_of(service, floors_of(service))
    state, shares = np.zeros(10, dtype=np.int8), reach.first_shares
    for _ in range(20):
        shares, enough = reach.settle(state, shares, 3)
        assert enough
    assert all(chosen[state == 1].all() and not chosen[state == -1].any() for chosen in keeping)
    state[:] = -1
    assert not reach.settle(state, shares, 3)[1]
