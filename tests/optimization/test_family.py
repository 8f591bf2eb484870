"""Every classic against brute force, and what must not change an answer, or can only change it one way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization import LocationProblem, Outcome, solve
from tests.optimization.family import CLASSICS, instances, with_split_point, with_useless_site
from tests.optimization.test_brute_force import EXACT, agrees

HEALTH = list(HealthCheck)
FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=HEALTH)
MANY = settings(max_examples=400, deadline=None, suppress_health_check=HEALTH, print_blob=True)


def run(check: Callable[..., None], strategy: Any, how: settings) -> None:
    how(given(strategy)(check))()


def against_brute_force(name: str, how: settings) -> None:
    objectives, traits = CLASSICS[name]
    run(lambda problem: agrees(problem, objectives), instances(traits), how)


def value(problem: LocationProblem, objectives: Any) -> float | None:
    plan = solve(problem, objectives, EXACT)
    assert plan.outcome in (Outcome.OPTIMAL, Outcome.INFEASIBLE), plan
    return plan.objective


def same(first: float | None, second: float | None, factor: float = 1.0) -> None:
    assert (first is None) == (second is None)
    if first is not None:
        assert second == pytest.approx(factor * first, rel=1e-6, abs=1e-6)


def scaled_weights(problem: LocationProblem, objectives: Any) -> None:
    factor = 3.0
    larger = replace(
        problem,
        weight=factor * np.asarray(problem.weight),
        capacity=None if problem.capacity is None else factor * np.asarray(problem.capacity),
        # in `total` costs and weighted distances stand side by side
        opening_cost=factor * problem.instance.cost if objectives[0] == "total" else problem.opening_cost,
        budget=factor * problem.budget
        if objectives[0] == "total" and problem.budget is not None
        else problem.budget,
    )
    scales = objectives[0] in ("coverage", "distance", "total")
    same(value(problem, objectives), value(larger, objectives), factor if scales else 1.0)


def useless_site(problem: LocationProblem, objectives: Any) -> None:
    same(value(problem, objectives), value(with_useless_site(problem), objectives))


def split_point(problem: LocationProblem, objectives: Any) -> None:
    if not problem.single_source:
        halved = with_split_point(problem, 0, 0.25)
        same(value(problem, objectives), value(halved, objectives))
        quartered = with_split_point(halved, 1, 0.5)
        same(value(problem, objectives), value(quartered, objectives))


def tightened(problem: LocationProblem, objectives: Any) -> None:
    before = value(problem, objectives)
    sign = -1.0 if objectives[0] == "coverage" else 1.0
    stricter = [replace(problem, max_open=1), replace(problem, budget=1.5)]
    if objectives[0] != "shortage":
        stricter.append(replace(problem, coverage_floor=1.0, demand_group=None))
        full = tuple(replace(cover, floor=np.ones(np.shape(cover.floor))[()]) for cover in problem.covers)
        stricter.append(replace(problem, covers=full))
    if problem.max_open is not None and problem.max_open < 1:
        stricter = stricter[1:]
    if problem.budget is not None and problem.budget < 1.5:
        stricter = [one for one in stricter if one.budget != 1.5]
    for one in stricter:
        after = value(one, objectives)
        if after is not None:
            assert before is not None
            assert sign * after >= sign * before - 1e-6 * max(1.0, abs(before))


CHANGES = {
    "weights scaled": scaled_weights,
    "a useless site": useless_site,
    "a point split": split_point,
    "tightened": tightened,
}


def unchanged(change: str, how: settings) -> None:
    pairs = st.sampled_from(sorted(CLASSICS)).flatmap(
        lambda name: st.tuples(instances(CLASSICS[name][1]), st.just(CLASSICS[name][0]))
    )
    run(lambda pair: CHANGES[change](*pair), pairs, how)


@pytest.mark.parametrize("name", CLASSICS)
def test_every_classic_against_brute_force(name: str) -> None:
    against_brute_force(name, FEW)


@pytest.mark.parametrize("change", CHANGES)
def test_what_must_hold_between_two_answers(change: str) -> None:
    unchanged(change, settings(FEW, max_examples=40))


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSICS)
def test_every_classic_against_brute_force_often(name: str) -> None:
    against_brute_force(name, MANY)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_what_must_hold_between_two_answers_often(change: str) -> None:
    unchanged(change, MANY)
