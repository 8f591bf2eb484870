"""Capacities as flows over units: cuts that hold for every plan, flows that are maximal, plans that fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from optimization import Cover, LocationProblem, Outcome, SolverOptions, solve
from optimization.arrays import row_of_pair
from optimization.assignment import transport
from optimization.capacity import FlowValue
from optimization.flows import floor_network, near_first, value_network
from optimization.live import Live
from optimization.mincut import MinCuts
from optimization.model import build_master
from optimization.problem import Objective
from optimization.rounding import rounded_rows
from optimization.solve import first_stage
from tests.optimization.brute import candidates, evaluate
from tests.optimization.problems import problems

MANY = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def stage_of(problem: LocationProblem, *names: Objective) -> Any:
    return replace(first_stage(problem, names), objective=names[-1])


def flow_by_scipy(network: Any, units: Any) -> float:
    """The maximum flow for whole units, by scipy, which takes whole numbers only."""
    classes, sites = len(network.weight), len(network.capacity) + len(network.spare)
    source, sink = classes + sites, classes + sites + 1
    tail = np.concatenate([np.full(classes, source), network.tails, classes + np.arange(sites)])
    head = np.concatenate([np.arange(classes), classes + network.arcs.site, np.full(sites, sink)])
    size = np.concatenate([network.weight, network.limits(units), network.rooms(units)])
    graph = sparse.csr_array((size.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
    return float(maximum_flow(graph, source, sink).flow_value)


@MANY
@given(problems(capacity=True))
def test_flows_are_maximal(problem: LocationProblem) -> None:
    whole = replace(problem, weight=np.round(np.asarray(problem.weight) * 7), coverage_floor=None)
    network = value_network(stage_of(whole, Objective.COVERAGE))
    flow = network.empty()
    for units, _ in candidates(whole):
        left = network.serve(units.astype(float), flow) - network.lost
        assert network.weight.sum() - left == pytest.approx(flow_by_scipy(network, units.astype(float)))


@pytest.mark.parametrize("name", [Objective.COST, Objective.COVERAGE])
def test_cuts_hold_for_every_plan(name: Objective) -> None:
    @MANY
    @given(problems(capacity=True))
    def check(problem: LocationProblem) -> None:
        problem = replace(problem, single_source=False)
        stage = stage_of(problem, name)
        if not stage.flows or not len(stage.undecided):
            return
        family = MinCuts(stage)
        live = Live(build_master(stage, [family]), SolverOptions())
        plans = [(y, evaluate(problem, y, f, (name,))) for y, f in candidates(problem)]
        random = np.random.default_rng(0)
        room = stage.instance.units - stage.instance.fixed
        for _ in range(4):
            columns = np.zeros(live.highs.getNumCol())
            columns[live.at] = random.random(len(live.at)) * room[live.sites]
            if name is Objective.COVERAGE:
                columns[live.model.values[name].terms[0][0].index] = problem.weight.sum()
            cuts = family.separate(live.units_of(columns), columns)
            rows = sparse.csr_array((cuts.data, cuts.indices, cuts.indptr), shape=(cuts.count, len(columns)))
            for units, values in plans:
                if values is None:
                    continue
                columns[live.at] = (units - stage.instance.fixed)[live.sites]
                if name is Objective.COVERAGE:
                    columns[live.model.values[name].terms[0][0].index] = -values[0]
                assert (rows @ columns >= cuts.lower - 1e-5).all()

    check()


@MANY
@given(problems(capacity=True))
def test_the_value_of_units_is_that_of_their_best_assignment(problem: LocationProblem) -> None:
    problem = replace(problem, single_source=False)
    stage = stage_of(problem, Objective.SHORTAGE)
    value = FlowValue(stage)
    for units, fixed in candidates(problem):
        expected = evaluate(problem, units, fixed, ("shortage",))
        if expected is None:
            assert not np.isfinite(value(units))
        else:
            assert value(units) == pytest.approx(expected[0], abs=1e-7)


def test_rounded_rows_hold_for_whole_units() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        row = random.integers(1, 9, (1, 3)).astype(float)
        room = random.integers(1, 3, 3).astype(float)
        lower = np.array([random.uniform(0.2, 0.9) * float(row[0] @ room)])
        rows, right = rounded_rows(row, lower, room, random.random(3) * room, 1e-6)
        for units in np.ndindex(*(room.astype(int) + 1)):
            if row[0] @ units >= lower[0]:
                assert (rows @ units >= right).all()


def line(capacity: Any, **limits: Any) -> LocationProblem:
    """Three points of weight 2 in a row, each within reach of its own site and the next."""
    reach = sparse.csr_array(np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]]))
    return LocationProblem(np.full(3, 2.0), reach, capacity=capacity, **limits)


def test_one_site_short_of_room_calls_for_its_neighbour() -> None:
    plan = solve(line([9.0, 4.0, 2.0], coverage_floor=1.0), "cost")
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.open.tolist() == [0, 1, 1]


def test_the_roomiest_site_serves_most() -> None:
    plan = solve(line([9.0, 4.0, 5.0], max_open=1), "coverage")
    assert plan.objective == pytest.approx(4.0)


def test_too_little_room_anywhere_is_infeasible() -> None:
    assert solve(line([1.0, 1.0, 1.0], coverage_floor=0.9), "cost").outcome is Outcome.INFEASIBLE


def test_groups_share_the_room_that_their_floors_leave() -> None:
    problem = line([0.0, 3.0, 0.0], demand_group=[0, 1, 1], coverage_floor=[0.5, 1.0], max_open=1)
    network = floor_network(stage_of(problem, Objective.COST))
    assert network is not None
    assert network.lost == pytest.approx(2.0)
    assert solve(problem, "cost").outcome is Outcome.INFEASIBLE


def test_a_crowded_nearest_site_sends_some_away() -> None:
    plan = solve(line([2.0, 2.0, 4.0], coverage_floor=1.0, fixed_open=[0, 1, 1]), ("cost",))
    load = plan.assignment.T @ np.full(3, 2.0)
    assert (load <= np.array([2.0, 2.0, 4.0]) + 1e-6).all()
    assert plan.covered == pytest.approx(6.0)


def test_the_same_seed_gives_the_same_plan() -> None:
    random = np.random.default_rng(3)
    far = random.random((60, 15))
    reach = sparse.csr_array(np.where(far < 0.4, far + 0.1, 0.0))
    weight = random.integers(1, 9, 60).astype(float)
    problem = LocationProblem(
        weight,
        reach,
        opening_cost=random.uniform(1, 3, 15),
        capacity=np.full(15, weight.sum() / 5),
        coverage_floor=0.9,
    )
    first, second = (solve(problem, "cost") for _ in range(2))
    assert first.open.tolist() == second.open.tolist()
    assert first.bound == second.bound


def test_filling_near_sites_first_serves_as_much_as_the_transportation_program() -> None:
    random = np.random.default_rng(5)
    far = random.random((80, 12))
    pairs = sparse.csr_array(np.where(far < 0.5, far + 0.1, 0.0))
    weight, room = random.integers(0, 9, 80).astype(float), np.full(12, 25.0)
    near, best = near_first(pairs, weight, room), transport(pairs, weight, room, 10.0)
    for mass in (near, best):
        assert (np.bincount(pairs.indices, mass, 12) <= room + 1e-6).all()
        assert (np.bincount(row_of_pair(pairs), mass, 80) <= weight + 1e-6).all()
    assert near.sum() == pytest.approx(best.sum())
    assert best @ pairs.data <= near @ pairs.data + 1e-6


def problem_of(weight: Any, pairs: Any, sites: int, **limits: Any) -> LocationProblem:
    """A problem from (point, site, distance) triplets."""
    point, site, far = (list(column) for column in zip(*pairs, strict=True)) if pairs else ([], [], [])
    reach = sparse.csr_array((np.array(far, dtype=float), (point, site)), shape=(len(weight), sites))
    return LocationProblem(np.array(weight), reach, **limits)


def test_a_floor_over_no_weight_asks_for_nothing() -> None:
    rows = sparse.csr_array(np.array([[0.0, 2.0]]))
    problem = problem_of([0.0], [], 2, capacity=[3.0, 3.0], coverage_floor=1.0, rows=rows, row_lower=[1.0])
    assert solve(problem, ("cost", "coverage")).open.tolist() == [0, 1]


def test_a_group_that_no_site_reaches_falls_short_in_full() -> None:
    problem = problem_of(
        [1.0, 1.0],
        [(0, 0, 1.0)],
        1,
        capacity=[5.0],
        demand_group=[0, 1],
        coverage_floor=[0.5, 0.5],
        budget=0.0,
    )
    assert solve(problem, "shortage").objective == pytest.approx(2.0)


def test_demand_beyond_what_exists_can_serve_is_infeasible() -> None:
    pairs = [(0, 2, 7.0), (1, 0, 4.0), (1, 2, 8.0), (2, 0, 1.0), (2, 2, 0.0), (3, 0, 1.0)]
    problem = problem_of(
        [4.0, 4.0, 2.0, 2.0], pairs, 3, capacity=[2.0] * 3, fixed_open=[0, 1, 1], max_units=[2, 1, 1]
    )
    assert solve(problem, ("cost", "coverage", "distance")).outcome is Outcome.INFEASIBLE


def test_cost_after_coverage_may_have_nothing_to_fill() -> None:
    problem = problem_of(
        [1.0],
        [(0, 1, 4.0), (0, 2, 2.0)],
        3,
        capacity=[6.0, 6.0, 4.0],
        fixed_open=[0, 0, 1],
        max_units=[0, 3, 3],
    )
    plan = solve(problem, ("coverage", "cost"))
    assert [stage.value for stage in plan.objectives] == [1.0, 0.0]


def test_dear_units_do_not_hide_a_detour() -> None:
    weight = [0.40848724910230144, 0.42233495, 0.22890218, 0.82482566]
    far = [[3, 6, 8, 5], [5, 7, 3, 3], [5, 5, 5, 6], [4, 0, 5, 7]]
    problem = problem_of(
        weight,
        [(i, j, far[i][j]) for i in range(4) for j in range(4)],
        4,
        opening_cost=[84000.0, 48000.0, 77000.0, 98000.0],
        capacity=[4.0, 2.0, 7.0, 7.0],
        beyond=16.0,
        demand_group=[0, 1, 1, 0],
        coverage_floor=[0.8, 0.5],
        covers=(
            Cover("near", 4.0, 0.6, sites=[False, True, True, True], weight=[1.0, 2.0, 0.0, 1.0]),
            Cover("far", 7.0, [0.8, 0.8], group=[1, 1, 0, 0], weight=[3.0, 2.0, 0.0, 3.0]),
        ),
    )
    plan = solve(problem, ("distance", "total"), SolverOptions(gap=0.0))
    assert plan.objectives[1].value == pytest.approx(209000 + plan.objectives[0].value)


def test_points_lighter_than_the_solver_sees_are_served_once() -> None:
    random = np.random.default_rng(7)
    far = random.random((30, 6)) + 0.1
    weight = random.integers(1, 9, 30) * 10.0 ** random.integers(-6, 6, 30)
    problem = LocationProblem(weight, sparse.csr_array(far), capacity=np.full(6, weight.sum() / 2.5))
    served = solve(problem, ("cost", "distance")).assignment.sum(axis=1)
    assert served == pytest.approx(np.ones(30))


def test_costs_in_the_billions_are_proven_too() -> None:
    random = np.random.default_rng(1)
    weight = random.integers(1, 100, 30).astype(float)
    problem = LocationProblem(
        weight,
        sparse.csr_array(random.random((30, 12)) + 0.1),
        opening_cost=np.round(random.uniform(2e10, 1e11, 12)),
        capacity=weight.sum() / 12 * random.uniform(1, 4, 12),
    )
    plan = solve(problem, ("coverage", "cost"))
    assert plan.outcome is Outcome.OPTIMAL
