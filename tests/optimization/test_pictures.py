"""One small picture of each classic, whose answer is visible by eye."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from optimization import Cover, LocationProblem, Outcome, solve
from tests.optimization.problems import csr


def line(
    points: Any, sites: Any, *, radius: float = 10.0, weight: Any = None, **limits: Any
) -> LocationProblem:
    """Points and sites on a line; pairs up to `radius` apart."""
    far = np.abs(np.asarray(points, float)[:, None] - np.asarray(sites, float)[None, :])
    mass = np.ones(len(points)) if weight is None else np.asarray(weight, float)
    return LocationProblem(mass, csr(far <= radius, far), **limits)


def test_one_shared_site_covers_two_points() -> None:
    plan = solve(line([0, 2], [0, 1, 2], radius=1, coverage_floor=1.0))
    assert plan.open.tolist() == [0, 1, 0]
    assert plan.outcome is Outcome.OPTIMAL


def test_half_the_weight_needs_one_site() -> None:
    plan = solve(line([0, 5, 9], [0, 5, 9], radius=1, weight=[5, 3, 2], coverage_floor=0.5))
    assert plan.open.tolist() == [1, 0, 0]
    assert plan.covered == 5


def test_a_floor_in_each_group_needs_a_site_in_each() -> None:
    problem = line([0, 9], [0, 9], radius=1, weight=[9, 1], demand_group=[0, 1], coverage_floor=[1.0, 1.0])
    assert solve(problem).open.tolist() == [1, 1]


def test_one_outlet_covers_the_heavier_end() -> None:
    plan = solve(line([0, 9], [0, 9], radius=1, weight=[1, 3], max_open=1), "coverage")
    assert plan.open.tolist() == [0, 1]
    assert plan.bound >= plan.objective == 3


def test_the_budget_buys_what_it_can() -> None:
    problem = line([0, 9], [0, 9], radius=1, weight=[1, 3], opening_cost=[1, 5], budget=4)
    assert solve(problem, "coverage").open.tolist() == [1, 0]


def test_the_median_of_three_is_the_middle() -> None:
    plan = solve(line([0, 1, 2], [0, 1, 2], max_open=1), "distance")
    assert plan.open.tolist() == [0, 1, 0]
    assert plan.objective == 2


def test_the_center_of_a_line_is_its_middle() -> None:
    plan = solve(line([0, 1, 10], [0, 5, 10], weight=[99, 99, 1], max_open=1), "farthest")
    assert plan.open.tolist() == [0, 1, 0]
    assert plan.objective == 5


def test_a_second_outlet_pays_when_it_saves_more_than_it_costs() -> None:
    assert solve(line([0, 4], [0, 4], opening_cost=[3, 3]), "total").open.sum() == 2
    assert solve(line([0, 4], [0, 4], opening_cost=[5, 5]), "total").open.sum() == 1


def test_capacity_splits_a_point_over_two_sites() -> None:
    plan = solve(line([0], [0, 1], weight=[10], capacity=[6, 6]), "distance")
    assert plan.assignment.toarray() == pytest.approx(np.array([[0.6, 0.4]]))
    assert plan.objective == pytest.approx(4)


def test_single_source_does_not_split() -> None:
    points = line([0, 1], [0, 1], weight=[4, 4], capacity=[5, 5], single_source=True)
    assert solve(points, "distance").assignment.toarray().tolist() == [[1, 0], [0, 1]]
    assert solve(line([0], [0, 1], weight=[10], capacity=[6, 6], single_source=True), "distance").outcome == (
        "infeasible"
    )


def test_two_units_hold_twice_the_capacity() -> None:
    problem = line([0], [0], weight=[10], capacity=[5], max_units=[3], coverage_floor=1.0)
    assert solve(problem).open.tolist() == [2]


def test_an_existing_outlet_counts_but_costs_nothing() -> None:
    count = sparse.csr_array(np.ones((1, 2)))
    plan = solve(line([0, 9], [0, 9], fixed_open=[1, 0], rows=count, row_lower=[2]))
    assert plan.open.tolist() == [1, 1]
    assert plan.objective == 1


def test_a_metropolis_takes_several_units_a_site() -> None:
    count = sparse.csr_array(np.ones((1, 2)))
    problem = line([0, 9], [0, 9], rows=count, row_lower=[262], max_units=[262, 262])
    plan = solve(problem, ("cost", "distance"))
    assert plan.open.sum() == 262
    assert plan.objectives[1].value == 0


def test_least_shortage_names_what_is_short() -> None:
    count = sparse.csr_array(np.ones((1, 2)))
    problem = line([0, 9], [0, 9], rows=count, row_lower=[4], row_names=["count"])
    plan = solve(problem, ("shortage", "cost"))
    assert plan.shortage == {"count": 2}
    assert plan.objective == 0.5
    assert solve(problem).outcome is Outcome.INFEASIBLE


def test_unserved_weight_counts_at_beyond() -> None:
    problem = line([0, 50], [0, 1], weight=[1, 2], beyond=20)
    plan = solve(problem, "distance")
    assert plan.objective == 40
    assert plan.covered == 1
    assert solve(line([0, 50], [0, 1]), "distance").outcome is Outcome.INFEASIBLE


def test_stored_zeros_are_pairs() -> None:
    reach = sparse.csr_array((np.zeros(1), ([0], [0])), shape=(1, 2))
    plan = solve(LocationProblem(np.ones(1), reach, coverage_floor=1.0))
    assert plan.open.tolist() == [1, 0]


def test_a_cover_counts_only_its_own_sites() -> None:
    near = Cover("storage", within=1, floor=1.0, sites=[False, True])
    assert solve(line([0], [0, 1], covers=(near,))).open.tolist() == [0, 1]


def test_a_cover_counts_a_pair_at_exactly_its_distance() -> None:
    assert solve(line([0], [3], covers=(Cover("at", within=3, floor=1.0),))).objective == 1
    assert solve(line([0], [3], covers=(Cover("less", within=2.9, floor=1.0),))).outcome == "infeasible"


def test_a_share_is_met_at_its_edge_despite_rounding() -> None:
    weight = np.full(10, 0.1)  # eight of these add to less than 0.8
    far = np.zeros((10, 10))
    problem = LocationProblem(weight, csr(np.eye(10, dtype=bool), far), coverage_floor=0.8)
    assert solve(problem).objective == 8


def test_whole_costs_round_the_bound_up() -> None:
    plan = solve(line([0, 2, 4], [1, 3], radius=1, coverage_floor=1.0, opening_cost=[2, 3]))
    assert plan.bound == plan.objective == 5


def test_nothing_to_decide() -> None:
    empty = LocationProblem(np.zeros(0), sparse.csr_array((0, 0)))
    assert solve(empty, ("cost", "coverage")).objective == 0
    assert solve(line([0], [0], fixed_open=[1], coverage_floor=1.0), ("cost", "distance")).open.tolist() == [
        1
    ]
