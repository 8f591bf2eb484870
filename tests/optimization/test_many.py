"""Many problems at once: their order, their independence, and a worker's death."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import optimization.many as many
from optimization import LocationProblem, Outcome, SolverOptions, solve, solve_many
from optimization.problem import SolverOptions as Options
from tests.optimization.test_promises import scattered


class Deadly(SolverOptions):
    """Options that kill the process that unpacks them."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


def test_results_come_in_the_order_of_the_problems() -> None:
    problems = {name: scattered(8 + 4 * number, number, least=2) for number, name in enumerate("dacb")}
    results = list(solve_many(problems, ("cost", "distance")))
    assert [key for key, _ in results] == list("dacb")
    for key, plan in results:
        assert plan.objective == solve(problems[key], ("cost", "distance")).objective


def test_any_executor_will_do() -> None:
    problems = {number: scattered(30, number, least=4, share=0.95) for number in range(4)}
    with ThreadPoolExecutor(2) as executor:
        plans = dict(solve_many(problems, ("cost", "distance"), executor=executor))
    assert list(plans) == [0, 1, 2, 3]
    assert {plan.outcome for plan in plans.values()} == {Outcome.OPTIMAL}


def test_a_poisoned_problem_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = {number: scattered(30, number, least=4, share=0.95) for number in range(3)}
    object.__setattr__(problems[1], "instance", None)
    monkeypatch.setattr(many, "work_s", lambda problem: 0.01)
    plans = dict(solve_many(problems, ("cost", "distance")))
    assert plans[1].outcome is Outcome.TIME_LIMIT
    assert plans[1].open is None
    assert "no answer after 2 attempts" in plans[1].notes[0]
    assert plans[0].outcome is plans[2].outcome is Outcome.OPTIMAL


def test_worker_processes_survive_a_death() -> None:
    problem = scattered(30, 1, least=4, share=0.95)
    with many.Lanes() as lanes:
        good = lanes.submit((problem, ("cost",), Options()), None)
        dead = lanes.submit((problem, ("cost",), Deadly()), None)
        after = lanes.submit((problem, ("cost",), Options()), None)
        assert good.result().outcome is after.result().outcome is Outcome.OPTIMAL
        assert "a worker process died" in dead.result().notes[0]


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
def test_something_that_is_no_problem_spoils_only_its_own_plan(executor: Any) -> None:
    good = scattered(12, 1, least=3)
    broken: Any = None
    plans = dict(solve_many({"good": good, "bad": broken}, executor=executor and executor(1)))
    assert plans["good"].outcome is Outcome.OPTIMAL
    assert plans["bad"].outcome is Outcome.TIME_LIMIT
    assert "AttributeError" in plans["bad"].notes[0]


def test_an_unknown_objective_raises_at_once() -> None:
    with pytest.raises(ValueError, match="'costs' is unknown"):
        solve_many({}, ("costs",))


def test_no_problems_no_results() -> None:
    assert list(solve_many({})) == []
    lone = LocationProblem(np.ones(1), scattered(1, 0, least=1).reach)
    assert [key for key, _ in solve_many({"one": lone})] == ["one"]
