"""Every objective, with every limit mixed, against the slow and obvious answer."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from optimization import LocationProblem, Outcome, SolverOptions, solve
from tests.optimization.brute import best
from tests.optimization.problems import problems

EXACT = SolverOptions(gap=0.0)
FEW = settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def agrees(problem: LocationProblem, objectives: Any, options: SolverOptions = EXACT) -> None:
    plan, expected = solve(problem, objectives, options), best(problem, objectives)
    if expected is None:
        assert plan.outcome is Outcome.INFEASIBLE
        return
    assert plan.outcome is Outcome.OPTIMAL, (plan, expected)
    assert [stage.value for stage in plan.objectives] == pytest.approx(expected, rel=1e-6, abs=1e-6)
    for stage in plan.objectives:
        natural = stage.bound >= stage.value if stage.name == "coverage" else stage.bound <= stage.value
        assert natural
        assert stage.bound == pytest.approx(stage.value, rel=1e-6, abs=1e-6)


SINGLE = [("cost",), ("coverage",), ("distance",), ("farthest",), ("total",), ("shortage",)]
TUPLES = [
    ("cost", "distance"),
    ("coverage", "cost"),
    ("shortage", "cost", "distance"),
    ("farthest", "cost", "distance"),
    ("distance", "cost"),
    ("cost", "coverage", "farthest"),
    ("total", "coverage"),
    ("cost", "shortage"),
    ("cost", "distance", "shortage"),
]


@pytest.mark.parametrize("objectives", SINGLE + TUPLES, ids="-".join)
def test_the_best_of_all_combinations(objectives: Any) -> None:
    @FEW
    @given(problems())
    def check(problem: LocationProblem) -> None:
        agrees(problem, objectives)

    check()


FLOWS = [
    ("cost",),
    ("coverage",),
    ("distance",),
    ("total",),
    ("shortage", "cost"),
    ("cost", "coverage", "distance"),
]


@pytest.mark.parametrize("objectives", FLOWS, ids="-".join)
def test_the_best_of_all_combinations_with_capacity(objectives: Any) -> None:
    @settings(FEW, max_examples=25)
    @given(problems(capacity=True))
    def check(problem: LocationProblem) -> None:
        agrees(problem, objectives)

    check()
