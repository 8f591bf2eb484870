"""Explanations against brute force: conflicts are conflicts, none is smaller, and repairs repair."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy import sparse

from optimization import Cover, LocationProblem, SolverOptions, explain
from optimization.clock import Clock
from optimization.conflicts import Oracle, irreducible
from optimization.explain import _sets
from optimization.parts import Part, parts_of, restricted
from optimization.repairs import least_repair
from tests.optimization.brute import best
from tests.optimization.problems import problems
from tests.optimization.test_pictures import line

OFTEN = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def has_plan(problem: LocationProblem, parts: Any, changed: Any = None) -> bool:
    return best(restricted(problem, parts, changed), ("cost",)) is not None


def judged(problem: LocationProblem) -> None:
    """Every promise of `explain`, for one problem."""
    found = explain(problem)
    parts = parts_of(problem.instance)
    assert (found == []) == (best(problem, ("cost",)) is not None)
    if not found:
        return
    oracle = Oracle(problem, SolverOptions(), Clock.of(60))
    findings = _sets(oracle)
    given_up: list[Part] = []
    for members, proven in findings.sets:
        assert proven
        assert not has_plan(problem, members)
        kept = [part for part in parts if part not in given_up]
        if len(kept) <= 8:
            smaller = combinations(kept, len(members) - 1)
            assert all(has_plan(problem, few) for few in smaller)
        given_up.append(min(members, key=parts.index))
    for part in findings.given_up:
        findings.given_up[part] = least_repair(oracle, part, findings.kept, findings.changed)
    assert has_plan(problem, findings.kept, findings.changed)
    for one in found:
        assert np.isfinite([one.required, one.attainable, one.shortage]).all()
        assert one.sentence == one.template.format(**one.values)
        assert one.name in one.together or one.kind == "point"


@OFTEN
@given(problems(beyond=True))
def test_explanations_of_random_problems(problem: LocationProblem) -> None:
    judged(problem)


@settings(OFTEN, max_examples=25)
@given(problems(capacity=True, beyond=True))
def test_explanations_with_capacity(problem: LocationProblem) -> None:
    judged(problem)


def test_an_irreducible_set_of_things() -> None:
    asked: list[tuple[int, ...]] = []

    def can_hold(items: Any) -> bool:
        asked.append(tuple(items))
        return not {3, 11, 40} <= set(items)

    assert sorted(irreducible(range(64), can_hold)) == [3, 11, 40]
    assert len(asked) < 40


# Sound: three points, three sites each within reach of its own point, and room for more.
SITES = 3


def sound(**limits: Any) -> LocationProblem:
    return line([0, 10, 20], [0, 10, 20], radius=1, max_units=[2, 2, 2], **limits)


def count(*sites: int) -> np.ndarray:
    row = np.zeros(SITES)
    row[list(sites)] = 1
    return row


def rows(**sides: Any) -> dict[str, Any]:
    """Rows by name: (coefficients, lower, upper)."""
    table = list(sides.values())
    return {
        "rows": sparse.csr_array(np.array([row[0] for row in table])),
        "row_lower": [row[1] for row in table],
        "row_upper": [row[2] for row in table],
        "row_names": list(sides),
    }


FINE = (count(0, 1, 2), 1, 6)
PLANTED = {
    "a row beyond its room": (rows(fine=FINE, high=(count(0), 5, 9)), {"high"}),
    "two rows at odds": (
        rows(fine=FINE, low=(count(0, 1), -1, 1), high=(count(0, 1), 3, 9)),
        {"low", "high"},
    ),
    "a maximum below a row": (
        {"max_open": 2, **rows(fine=FINE, high=(count(0, 1), 3, 9))},
        {"max_open", "high"},
    ),
    "a budget below a floor": (
        {"budget": 2, "coverage_floor": 1.0, **rows(fine=FINE)},
        {"budget", "coverage_floor"},
    ),
    "a side below what exists": (
        {"fixed_open": [2, 0, 0], **rows(fine=FINE, low=(count(0), -1, 1))},
        {"low"},
    ),
    "capacities too small": (
        {"capacity": [1.0, 0.25, 1.0], "coverage_floor": 1.0, **rows(fine=FINE)},
        {"capacity", "coverage_floor"},
    ),
    "a cover beyond reach": (
        {
            "covers": (Cover("near", 0.5, 1.0, sites=[True, False, True]), Cover("ok", 1, 0.5)),
            **rows(fine=FINE),
        },
        {"near", "1"},
    ),
    "one group of two": (
        {"demand_group": [0, 1, 1], "coverage_floor": [1.0, 1.0], "max_units": [2, 0, 2]},
        {"coverage_floor[1]", "1"},
    ),
    "two maxima": (
        {"max_open": 2, "budget": 2, "coverage_floor": 1.0, **rows(fine=FINE)},
        {"max_open", "budget", "coverage_floor"},
    ),
    "two causes that have nothing in common": (
        {
            "max_open": 3,
            **rows(fine=FINE, high=(count(0), 5, 9), low=(count(1), -1, 0), more=(count(1), 1, 2)),
        },
        {"high", "low", "more"},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_cause_is_named_and_nothing_else(name: str) -> None:
    limits, causes = PLANTED[name]
    found = explain(line([0, 10, 20], [0, 10, 20], radius=1, **{"max_units": [2, 2, 2], **limits}))
    assert {one.name for one in found} == causes
    assert all(one.proven for one in found)


def test_both_maxima_are_named_with_what_they_must_be_together() -> None:
    limits = {"max_open": 2, "budget": 5, "opening_cost": [2, 3, 4], "coverage_floor": 1.0}
    first, second, floor = explain(sound(**limits))
    assert (first.required, second.required) == (3, 9)
    for one in (first, second):
        assert "max_open to 3 and the budget to 9" in one.repair
    assert floor.attainable == pytest.approx(2 / 3)
    assert "Demand points 0, 1, 2 alone" in floor.sentence


def test_the_capacity_that_is_missing() -> None:
    problem = line([0, 10, 20], [0, 10, 20], radius=1, capacity=[1.0, 0.25, 1.0], coverage_floor=1.0)
    found = {one.kind: one for one in explain(problem)}
    assert found["capacity"].shortage == pytest.approx(0.75, abs=1e-4)
    assert "1: 0.75" in found["capacity"].repair
    assert found["floor"].attainable == pytest.approx(0.75, abs=2e-3)


def test_a_repair_that_does_not_suffice_says_so() -> None:
    limits = {"max_open": 1, "coverage_floor": 1.0, **rows(fine=FINE, high=(count(0, 1), 3, 9))}
    first, *others = explain(sound(**limits))
    assert (first.name, first.required, first.repair) == ("max_open", 4, "Raise max_open to 4.")
    assert others
    assert all("does not suffice" in one.repair for one in others)


def test_what_time_leaves_unproven_says_so() -> None:
    limits = {"max_open": 2, "coverage_floor": 1.0, **rows(fine=FINE, high=(count(0, 1), 3, 9))}
    found = explain(sound(**limits), SolverOptions(time_limit_s=0.0))
    assert found
    assert all(("Time ran out" in one.sentence) is not one.proven for one in found)
