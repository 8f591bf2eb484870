"""The least radius, decided by covering."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from optimization import LocationProblem, Outcome, solve
from tests.optimization.test_median import full, graph


@pytest.mark.parametrize("seed", range(4))
def test_a_center_is_the_best_of_all_sets(seed: int) -> None:
    distance = np.random.default_rng(seed).integers(1, 40, (30, 11)).astype(float)
    least = min(distance[:, list(chosen)].min(axis=1).max() for chosen in combinations(range(11), 3))
    plan = solve(LocationProblem(np.ones(30), full(distance), max_open=3), "farthest")
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.objective == plan.bound == least


def test_a_random_graph_has_a_proven_center() -> None:
    plan = solve(graph(300, 60, seed=1), "farthest")
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.bound == plan.objective


def test_one_outlet_goes_to_the_middle() -> None:
    distance = np.array([[0.0, 2.0, 4.0], [2.0, 0.0, 2.0], [4.0, 2.0, 0.0]])
    plan = solve(LocationProblem(np.ones(3), full(distance), max_open=1), "farthest")
    assert plan.open.tolist() == [0, 1, 0]
    assert plan.objective == 2.0


def test_capacity_widens_the_radius() -> None:
    far = [2, 2**0.5, 2**0.5, 5**0.5, 5**0.5, 1, 1, 2, 2**0.5, 2**0.5]
    at = ([0, 0, 0, 1, 1, 1, 1, 2, 2, 2], [1, 2, 3, 0, 1, 2, 3, 1, 2, 3])
    problem = LocationProblem(
        [53, 92, 53],
        sparse.csr_array((far, at), shape=(3, 4)),
        capacity=[80, 70, 70, 70],
        coverage_floor=0.5,
        beyond=4.162,
    )
    plan = solve(problem, "farthest")
    assert (plan.outcome, plan.objective, plan.bound) == (Outcome.OPTIMAL, 2.0, 2.0)
