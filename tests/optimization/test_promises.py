"""What holds for every problem: order, monotony, honesty about time, untouched input."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimization import Cover, LocationProblem, Outcome, SolverOptions, solve, solve_plainly
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.median import solve_median
from optimization.problem import Objective
from optimization.recount import RecountError, recount
from optimization.solve import first_stage
from tests.optimization.problems import csr, problems

EXACT = SolverOptions(gap=0.0)
FEW = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def scattered(
    points: int, seed: int, *, least: int, radius: float = 60.0, share: float = 0.8, **limits: Any
) -> Any:
    """Points in a square that are sites as well, with a count and a cover."""
    rng = np.random.default_rng(seed)
    place = rng.random((points, 2)) * 200
    far = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    weight = rng.pareto(1.5, points) + 0.1
    return LocationProblem(
        weight / weight.sum(),
        csr(far <= 2 * radius, far),
        rows=sparse.csr_array(np.ones((1, points))),
        row_lower=[least],
        **{
            "max_units": np.full(points, 4),
            "covers": (Cover("reach", radius, share),),
            "beyond": 4 * radius,
            **limits,
        },
    )


@FEW
@given(problems(), st.integers(0, 99))
def test_the_order_of_points_and_sites_changes_nothing(problem: LocationProblem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    i, j = rng.permutation(problem.reach.shape[0]), rng.permutation(problem.reach.shape[1])
    turned = permuted(problem, i, j)
    one, other = solve(problem, ("cost", "distance"), EXACT), solve(turned, ("cost", "distance"), EXACT)
    assert one.outcome == other.outcome
    values = [stage.value for stage in other.objectives]
    assert [stage.value for stage in one.objectives] == pytest.approx(values, rel=1e-6, abs=1e-6)


def permuted(problem: LocationProblem, i: Any, j: Any) -> Any:
    def at(values: Any, order: Any) -> Any:
        return None if values is None else np.asarray(values)[order]

    covers = tuple(
        replace(c, sites=at(c.sites, j), group=at(c.group, i), weight=at(c.weight, i)) for c in problem.covers
    )
    return replace(
        problem,
        weight=at(problem.weight, i),
        reach=problem.reach[i][:, j],
        opening_cost=at(problem.opening_cost, j),
        fixed_open=at(problem.fixed_open, j),
        max_units=at(problem.max_units, j),
        rows=None if problem.rows is None else problem.rows[:, j],
        demand_group=at(problem.demand_group, i),
        covers=covers,
    )


@FEW
@given(st.integers(0, 10_000), st.floats(20, 80), st.floats(0.3, 1.0))
def test_a_larger_radius_or_a_smaller_share_never_costs_more(seed: int, radius: float, share: float) -> None:
    base = scattered(14, seed, least=1)

    def cost(within: float, floor: Any) -> Any:
        return solve(replace(base, covers=(Cover("reach", within, floor),))).objective

    now = cost(radius, share)
    assert cost(radius * 1.2, share) <= now
    assert cost(radius, share * 0.8) <= now


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_and_the_swaps_agree_with_the_integer_program(seed: int) -> None:
    problem = scattered(30, seed, least=3 + seed, share=0.95 if seed % 2 else 0.6)
    stage = replace(
        first_stage(problem, (Objective.COST, Objective.DISTANCE)),
        objective=Objective.DISTANCE,
        kept=((Objective.COST, solve(problem).objective),),
    )
    start = solve(problem).open
    quick = solve_median(stage, start, SolverOptions(), Clock.of(60))
    slow = solve_compact(stage, None, SolverOptions(gap=0.0), Clock.of(60))
    assert quick.bound - 1e-9 <= slow.value <= quick.value + 1e-9
    assert quick.value == pytest.approx(slow.value, rel=1e-4, abs=1e-4)


@FEW
@given(problems())
def test_a_plain_answer_is_the_solver_s_answer(problem: LocationProblem) -> None:
    objectives = ("cost", "distance")
    plain = solve_plainly(problem, objectives, EXACT)
    if plain is None or plain.open is None:
        return
    stage = replace(first_stage(problem, [Objective(name) for name in objectives]), objective=Objective.COST)
    cost = solve_compact(stage, None, EXACT, Clock.of(60))
    assert plain.objective == pytest.approx(cost.value, abs=1e-6)
    later = replace(stage, objective=Objective.DISTANCE, kept=((Objective.COST, cost.value),))
    distance = solve_compact(later, None, EXACT, Clock.of(60))
    assert plain.objectives[1].value == pytest.approx(distance.value, abs=1e-6)


@pytest.mark.parametrize("limit", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("objectives", [("cost", "distance"), ("coverage",), ("total",), ("farthest",)])
def test_a_plan_at_the_time_limit_never_claims_more_than_is_proven(limit: float, objectives: Any) -> None:
    problem = scattered(70, 1, least=9, radius=30, share=0.9, max_open=14)
    best = solve(problem, objectives, SolverOptions(gap=1e-3))
    plan = solve(problem, objectives, SolverOptions(time_limit_s=limit))
    assert plan.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    sign = -1 if objectives[0] == "coverage" else 1
    slack = 1e-6 + 1e-3 * abs(best.objective)
    assert sign * plan.bound <= sign * best.objective + slack
    assert sign * plan.objective >= sign * best.bound - slack
    for stage in plan.objectives:
        honest = abs(stage.value - stage.bound) / max(1, abs(stage.value))
        assert stage.gap == pytest.approx(honest)
        assert (stage.outcome is Outcome.OPTIMAL) == (honest <= 1e-4 + 1e-9)


def test_a_tie_break_without_time_keeps_the_plan_of_the_objective_before() -> None:
    rng = np.random.default_rng(5)
    far = rng.random((40, 30))
    pairs = sparse.csr_array((far.ravel(), np.divmod(np.arange(far.size), 30)), shape=far.shape)
    problem = LocationProblem(rng.random(40), pairs, covers=(Cover("near", 0.2, 0.9),))
    plan = solve(problem, ("cost", "distance"), SolverOptions(tie_break_s=0.0))
    assert plan.objectives[0] == solve(problem, "cost").objectives[0]
    assert plan.objectives[1].bound <= plan.objectives[1].value


def test_nothing_found_in_no_time_is_a_time_limit() -> None:
    problem = scattered(30, 1, least=1, capacity=np.full(30, 0.1), beyond=None)
    plan = solve(problem, "distance", SolverOptions(time_limit_s=0))
    assert plan.outcome is Outcome.TIME_LIMIT
    assert plan.open is None


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = scattered(40, 3, least=5)
    one, other = (solve(problem, ("cost", "distance")) for _ in range(2))
    assert one.open.tolist() == other.open.tolist()


def test_the_caller_s_arrays_stay_as_they_are() -> None:
    reach = sparse.csr_array(([3.0, 1.0], [1, 0], [0, 2]), shape=(1, 2))
    weight = np.ones(1)
    solve(LocationProblem(weight, reach, coverage_floor=1.0), ("cost", "distance"))
    assert reach.indices.tolist() == [1, 0]
    assert weight.flags.writeable


def test_the_recount_catches_a_plan_that_breaks_a_limit() -> None:
    problem = scattered(10, 1, least=5)
    nearest = sparse.csr_array((10, 10))
    with pytest.raises(RecountError, match="short by 5"):
        recount(problem.instance, np.zeros(10, dtype=np.int64), nearest, elastic=False, serve_all=False)


@pytest.mark.parametrize(
    "objectives",
    [("cost", "distance"), ("coverage", "cost"), ("total",), ("shortage", "cost"), ("farthest",)],
)
def test_cbc_agrees_with_highs(objectives: Any) -> None:
    for seed in range(3):
        problem = scattered(16, seed, least=3, share=0.9, max_open=4 if objectives[0] == "coverage" else None)
        one = solve(problem, objectives, SolverOptions(gap=1e-6))
        other = solve(problem, objectives, SolverOptions(gap=1e-6, solver="cbc"))
        assert one.outcome == other.outcome
        values = [stage.value for stage in other.objectives]
        assert [stage.value for stage in one.objectives] == pytest.approx(values, rel=1e-5, abs=1e-5)


def test_cbc_says_infeasible() -> None:
    problem = scattered(8, 0, least=9, max_units=np.ones(8), covers=())
    assert solve(problem, options=SolverOptions(solver="cbc")).outcome is Outcome.INFEASIBLE


def test_the_number_of_threads_may_change_within_a_process() -> None:
    problem = scattered(20, 2, least=3)
    values = [solve(problem, "total", SolverOptions(threads=threads)).objective for threads in (1, 2, 1)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-4)


def test_what_cbc_only_suspects_to_be_infeasible_is_proven() -> None:
    reach = sparse.csr_array(([0.481], ([0], [2])), shape=(1, 3))
    odd = LocationProblem(
        [5.0],
        reach,
        fixed_open=[0, 1, 0],
        rows=sparse.csr_array([[2.0, 0.0, 0.0], [2.0, 0.0, 2.0]]),
        row_lower=[-1.0, 3.0],
        row_upper=[2.0, 3.0],
        beyond=0.481,
    )
    plan = solve(odd, ("distance", "total"), SolverOptions(solver="cbc", gap=0.0))
    assert plan.outcome is Outcome.INFEASIBLE


def test_a_flow_that_cbc_prints_with_eight_digits_can_be_kept() -> None:
    reach = sparse.csr_array([[1.0]])
    limits = {"rows": reach, "row_lower": [1.0]}
    problem = LocationProblem([6.0], reach, capacity=[1.0], **limits)
    plan = solve(problem, ("coverage", "cost"), SolverOptions(solver="cbc"))
    assert plan.outcome is Outcome.OPTIMAL
    assert [stage.value for stage in plan.objectives] == pytest.approx([1.0, 1.0], abs=1e-6)


def test_a_limit_without_a_price_is_not_made_firm_by_a_shortage_of_0() -> None:
    rows = sparse.csr_array([[1.0]])
    problem = LocationProblem([1.0], rows, rows=rows, row_lower=[1.0], row_weight=[0.0])
    assert [stage.value for stage in solve(problem, ("shortage", "cost")).objectives] == [0.0, 0.0]


def test_solvers_stop_inside_the_gap_so_that_rounding_undoes_no_proof() -> None:
    reach = sparse.csr_array(([3.0, 5.0, 0.0], [1, 0, 0], [0, 1, 1, 2, 3]), shape=(4, 3))
    near = Cover("near", 4.0, [1.0, 0.3], sites=[1, 1, 0], group=[0] * 4, shortage_weight=[0.38769356, 0.8])
    problem = LocationProblem(
        [5.0, 4.0, 4.0, 3.0], reach, capacity=[4.8, 0.9, np.inf], covers=(near, Cover("all", 6.0, 1.0))
    )
    assert solve(problem, "shortage", SolverOptions(solver="cbc")).outcome is Outcome.OPTIMAL


@pytest.mark.parametrize("limit", [{"max_open": 0}, {"budget": 0.5}])
@pytest.mark.parametrize(
    "objectives", [("shortage", "cost", "coverage"), ("distance",), ("farthest", "total")]
)
def test_where_nothing_more_may_open_what_stands_is_the_plan(limit: dict[str, Any], objectives: Any) -> None:
    problem = replace(scattered(12, 3, least=2), fixed_open=np.arange(12) == 4, **limit)
    if "shortage" not in objectives:
        problem = replace(problem, rows=None, row_lower=None, row_upper=None, row_names=None, covers=())
    plan = solve_plainly(problem, objectives, EXACT)
    assert plan is not None
    assert plan.outcome is Outcome.OPTIMAL
    assert np.flatnonzero(plan.open).tolist() == [4]
    short = scattered(12, 3, least=2, fixed_open=np.arange(12) == 4, **limit)
    assert solve(short, ("cost",), EXACT).outcome is Outcome.INFEASIBLE


@pytest.mark.parametrize("unit", [1.0, 3.0, 0.1, 1e-3, 7e5])
def test_of_sets_that_are_equally_near_the_first_is_chosen_in_any_unit(unit: float) -> None:
    far = np.array([[0.0, 0.7, 0.1], [0.7, 0.0, 0.7], [0.1, 0.7, 0.0]])  # the outer two are alike
    problem = LocationProblem(
        unit * np.array([0.3, 0.1, 0.3]), csr(far >= 0, unit * far), max_open=1, max_units=np.array([1, 1, 1])
    )
    for least in (None, [1.0]):
        rows = None if least is None else sparse.csr_array(np.ones((1, 3)))
        plan = solve(replace(problem, rows=rows, row_lower=least), ("cost", "distance"), EXACT)
        assert np.flatnonzero(plan.open).tolist() == [0]


@pytest.mark.parametrize("objectives", ["cost", "coverage", "distance", "total", ("cost", "distance")])
@pytest.mark.parametrize("seconds", [1e-6, 0.02])
def test_a_plan_that_the_clock_ends_has_a_bound(objectives: Any, seconds: float) -> None:
    problem = scattered(120, 3, least=6, max_open=20)
    plan = solve(problem, objectives, SolverOptions(time_limit_s=seconds))
    for stage in plan.objectives:
        assert np.isfinite(stage.bound)
        assert stage.bound >= stage.value if stage.name == "coverage" else stage.bound <= stage.value
    assert plan.open is None or len(plan.objectives)
