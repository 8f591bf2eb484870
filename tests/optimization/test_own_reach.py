"""Covers that measure distances of their own."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy import optimize, sparse

from optimization import Cover, LocationProblem, Outcome, SolverOptions, explain, frontier, solve
from optimization.many import fingerprint
from tests.optimization.brute import best
from tests.optimization.problems import csr, problems
from tests.optimization.test_brute_force import FLOWS, agrees

SOME = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
OBJECTIVES = [
    ("cost",),
    ("coverage",),
    ("distance",),
    ("farthest",),
    ("total",),
    ("shortage", "cost", "distance"),
    ("cost", "distance"),
    ("cost", "total"),
]


def pictured(**changed: Any) -> LocationProblem:
    """Two points, two sites: near by the problem's distances is far by the cover's own."""
    everywhere = np.ones((2, 2), bool)
    own = csr(everywhere, np.array([[900.0, 100.0], [900.0, 100.0]]))
    cover = replace(Cover("by road", 100.0, 1.0, reach=own), **changed)
    return LocationProblem([1.0, 1.0], csr(everywhere, np.array([[1.0, 2.0], [1.0, 2.0]])), covers=(cover,))


def test_the_cover_decides_by_its_own_distances() -> None:
    assert solve(pictured(), ("cost", "distance")).open.tolist() == [0, 1]


@pytest.mark.parametrize("objectives", OBJECTIVES, ids="-".join)
def test_the_best_of_all_combinations(objectives: Any) -> None:
    @SOME
    @given(problems(own=True))
    def check(problem: LocationProblem) -> None:
        agrees(problem, objectives)

    check()


@pytest.mark.parametrize("objectives", FLOWS, ids="-".join)
def test_the_best_of_all_combinations_with_capacity(objectives: Any) -> None:
    @settings(SOME, max_examples=8)
    @given(problems(capacity=True, own=True))
    def check(problem: LocationProblem) -> None:
        agrees(problem, objectives)

    check()


def program(problem: LocationProblem, service: float) -> float:
    """The least opening cost plus `service` times weighted distance, by one plain integer program."""
    far, cover, weight = problem.reach.toarray(), problem.covers[0], np.asarray(problem.weight)
    points, sites = far.shape
    near = cover.reach.toarray() <= cover.within
    shares = points * sites
    serve = np.hstack([np.kron(np.eye(points), np.ones(sites)), np.zeros((points, sites + points))])
    at_open = np.hstack([np.eye(shares), np.tile(-np.eye(sites), (points, 1)), np.zeros((shares, points))])
    has = np.hstack([np.zeros((points, shares)), -near.astype(float), np.eye(points)])
    floor = np.concatenate([np.zeros(shares + sites), weight])
    low = np.concatenate([np.ones(points), np.full(shares + points, -np.inf), [cover.floor * weight.sum()]])
    high = np.concatenate([np.ones(points), np.zeros(shares + points), [np.inf]])
    answer = optimize.milp(
        np.concatenate([service * (weight[:, None] * far).ravel(), problem.opening_cost, np.zeros(points)]),
        integrality=np.concatenate([np.zeros(shares), np.ones(sites + points)]),
        bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(np.vstack([serve, at_open, has, floor]), low, high),
    )
    return float(answer.fun)


@pytest.mark.parametrize("seed", range(6))
def test_larger_problems_agree_with_a_plain_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, sites = 40, 14
    everywhere = np.ones((points, sites), bool)
    own = csr(everywhere, 100 * rng.random((points, sites)))
    problem = LocationProblem(
        rng.random(points),
        csr(everywhere, rng.random((points, sites))),
        opening_cost=np.round(1 + 2 * rng.random(sites), 3),
        covers=(Cover("own", 25.0, 0.85, reach=own),),
    )
    for objective, service in (("cost", 0.0), ("total", 1.0)):
        plan = solve(problem, (objective,), SolverOptions(gap=1e-9))
        assert plan.outcome is Outcome.OPTIMAL
        assert plan.objective == pytest.approx(program(problem, service), rel=1e-6)


def mixed(seed: int) -> LocationProblem:
    """Covers with their own distances beside one without, fixed sites, rows and maxima."""
    rng = np.random.default_rng(seed)
    points, sites = 15, 8

    def pairs(share: float, longest: float) -> Any:
        return csr(rng.random((points, sites)) < share, longest * rng.random((points, sites)))

    fixed = (rng.random(sites) < 0.2).astype(int)
    group, some = rng.integers(0, 2, points), rng.random(sites) < 0.8
    covers = (
        Cover("groups", 30.0, rng.uniform(0.3, 0.9, 2), group=group, reach=pairs(0.8, 100.0)),
        Cover("some", 4.0, 0.5, weight=rng.random(points), reach=pairs(0.7, 10.0), sites=some),
        Cover("nested", 0.6, 0.6),
    )
    rows = {"rows": sparse.csr_array(np.ones((1, sites))), "row_lower": [float(rng.integers(1, 5))]}
    return LocationProblem(
        rng.random(points) * (rng.random(points) < 0.9),
        pairs(0.9, 1.0),
        fixed_open=fixed,
        opening_cost=rng.random(sites),
        covers=covers,
        beyond=[None, 2.0][seed % 2],
        max_open=int(rng.integers(3, 7)),
        **(rows if rng.random() < 0.5 else {}),
    )


@pytest.mark.parametrize("seed", range(12))
def test_covers_of_all_kinds_together(seed: int) -> None:
    for objectives in (("total",), ("cost", "distance"), ("distance",)):
        agrees(mixed(seed), objectives)


@SOME
@given(problems())
def test_the_problems_own_distances_change_nothing(problem: LocationProblem) -> None:
    own = tuple(replace(cover, reach=problem.reach.copy()) for cover in problem.covers)
    same = replace(problem, covers=own)
    for objectives in (("cost", "distance"), ("total",), ("shortage", "cost")):
        one, other = (solve(each, objectives, SolverOptions(gap=0.0)) for each in (problem, same))
        assert one.outcome is other.outcome
        if one.outcome.has_plan:
            assert [s.value for s in one.objectives] == pytest.approx([s.value for s in other.objectives])


@SOME
@given(problems(own=True))
def test_a_conflict_is_named_exactly_where_there_is_no_plan(problem: LocationProblem) -> None:
    assert bool(explain(problem)) is (best(problem, ("cost",)) is None)


def test_a_repair_holds_and_nothing_better_does() -> None:
    far = csr(np.ones((2, 2), bool), np.array([[900.0, 100.0], [900.0, 200.0]]))
    problem = replace(pictured(reach=far), beyond=5.0)
    (found,) = [one for one in explain(problem) if one.kind == "cover"]
    assert (found.required, found.attainable) == (1.0, 0.5)
    least = replace(problem.covers[0], floor=found.attainable)
    assert solve(replace(problem, covers=(least,))).outcome is Outcome.OPTIMAL


def test_a_frontier_over_the_cover_keeps_its_distances() -> None:
    table = frontier(pictured(), "cover:by road", (0.0, 1.0))
    assert table["objective"].tolist() == [0.0, 1.0]


def test_pickled_whole_and_told_apart() -> None:
    problem = pictured()
    again = pickle.loads(pickle.dumps(problem))
    assert again.covers[0].reach.toarray().tolist() == problem.covers[0].reach.toarray().tolist()
    assert problem.covers[0].reach is problem.instance.limits[1].reach
    assert fingerprint(problem) == fingerprint(pictured())
    assert fingerprint(problem) != fingerprint(pictured(reach=problem.reach))


@pytest.mark.parametrize(
    ("reach", "sentence"),
    [
        (csr(np.ones((2, 3), bool), np.ones((2, 3))), r"cover 'by road': reach has shape \(2, 3\)"),
        (csr(np.ones((2, 2), bool), np.full((2, 2), np.nan)), "cover 'by road': reach holds a distance"),
        (csr(np.ones((2, 2), bool), np.full((2, 2), -1.0)), "cover 'by road': reach holds the distance -1.0"),
        (np.ones((2, 2)), "cover 'by road': reach is a ndarray"),
    ],
)
def test_wrong_distances_are_named(reach: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        pictured(reach=reach)
