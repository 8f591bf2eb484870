"""The tree and the rounds of integer programs over masters that rows alone describe."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimization import LocationProblem, Outcome, SolverOptions, solve
from optimization.clock import Clock
from optimization.live import Live
from optimization.model import build_master
from optimization.problem import Objective
from optimization.search import Search, root, rounds, true_value
from optimization.solve import first_stage
from optimization.tree import branch


class Nothing:
    """No heuristic: the search must find every plan itself."""

    def improve(self, units, best, clock):
        return None


def rows_only(seed: int, size: int) -> LocationProblem:
    """Random rows to be met at least cost, some sites with several units, some outlets there."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 3, (size, size)).astype(float) * (rng.random((size, size)) < 0.5)
    most = rng.integers(1, 4, size)
    return LocationProblem(
        np.ones(1),
        sparse.csr_array(np.ones((1, size))),
        opening_cost=rng.choice([rng.integers(1, 9, size).astype(float), rng.random(size)]),
        fixed_open=np.minimum(rng.integers(0, 2, size) * (rng.random(size) < 0.3), most),
        max_units=most,
        rows=sparse.csr_array(matrix),
        row_lower=rng.integers(0, 6, size).astype(float),
        row_upper=np.full(size, rng.choice([8.0, np.inf])),
    )


def searched(problem: LocationProblem, close, gap: float = 0.0):
    stage = replace(first_stage(problem, (Objective.COST,)), objective=Objective.COST)
    live = Live(build_master(stage, []), SolverOptions())
    search = Search(stage, live, [], Nothing(), true_value(stage), gap, Clock.of(30))
    root(search)
    close(search)
    return search.answer("test")


@pytest.mark.parametrize("close", [branch, rounds])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_the_search_agrees_with_the_compact_program(close, seed: int, size: int) -> None:
    problem = rows_only(seed, size)
    expected, answer = solve(problem, "cost", SolverOptions(gap=0.0)), searched(problem, close)
    if expected.outcome is Outcome.INFEASIBLE:
        assert answer.outcome is Outcome.INFEASIBLE
        return
    assert answer.outcome is Outcome.OPTIMAL
    assert answer.value == pytest.approx(expected.objective, abs=1e-6)
    assert answer.bound == pytest.approx(expected.objective, abs=1e-6)


@pytest.mark.parametrize("close", [branch, rounds])
def test_three_sites_of_which_two_are_needed(close) -> None:
    problem = LocationProblem(
        np.ones(1), sparse.csr_array(np.ones((1, 3))), rows=sparse.csr_array(np.ones((1, 3))), row_lower=[1.5]
    )
    answer = searched(problem, close)
    assert (answer.outcome, answer.value, answer.bound) == (Outcome.OPTIMAL, 2.0, 2.0)
