"""Facilities under capacities where distance counts, against brute force."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from optimization import LocationProblem, Outcome, SolverOptions, cfl
from optimization.clock import Clock
from optimization.problem import Objective
from optimization.solve import first_stage
from tests.optimization.brute import best
from tests.optimization.problems import problems


@pytest.mark.parametrize("name", [Objective.TOTAL, Objective.DISTANCE])
def test_the_best_of_all_combinations(name: Objective, monkeypatch: Any) -> None:
    monkeypatch.setattr(cfl, "FEWEST_PAIRS", 1)
    answered = []

    @settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(problems(capacity=True, beyond=False, floors=False))
    def check(problem: LocationProblem) -> None:
        sites = problem.reach.shape[1]
        problem = replace(
            problem,
            weight=np.asarray(problem.weight) + 0.5,
            capacity=np.asarray(problem.capacity) * 3,
            single_source=False,
            fixed_open=np.minimum(1, np.asarray(problem.fixed_open)),
            max_units=np.ones(sites, dtype=int),
            covers=(),
        )
        stage = replace(first_stage(problem, [name]), objective=name)
        if not cfl.applies(stage):
            return
        options = SolverOptions(gap=0.0)
        answer, expected = cfl.solve_facilities(stage, None, options, Clock.of(60.0)), best(problem, (name,))
        if answer is None or answer.open is None:
            return
        assert expected is not None
        answered.append(answer)
        assert answer.outcome is Outcome.OPTIMAL
        assert answer.value == pytest.approx(expected[0], rel=1e-6, abs=1e-6)

    check()
    assert len(answered) > 40
