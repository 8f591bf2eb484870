"""Stages that capacity decides, over units alone: heuristics, cuts of minimum cuts, integer programs.

For `cost` and `coverage`, with demand that may be split. Who is served where is a flow for given
units (see `flows`), so that units are all there is to decide.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optimization.arrays import IntArray
from optimization.capacity_search import CapacitySearch
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.coverage import CoverCuts
from optimization.coverage_left import left_to_cover
from optimization.cuts import Family
from optimization.flows import Network, floor_network, value_network
from optimization.live import Live
from optimization.mincut import MinCuts
from optimization.model import build_master
from optimization.plain import knapsack
from optimization.problem import Objective, SolverOptions
from optimization.result import ROUNDING, Outcome, proven_outcome, relative_gap
from optimization.search import Search, root, rounds
from optimization.stage import (
    KEEP_TOLERANCE,
    Answer,
    Stage,
    cost_of,
    kept_holds,
    shortage_of,
    within_limits,
)
from optimization.tree import branch

PATIENCE = 15
FIRST_GAP = 0.01
FEW_SITES = 120  # undecided after the root: up to there a tree of ours is faster than integer programs
NODE_ROUNDS = 2
IMPROVE_EVERY = 50
BY_UNITS = frozenset({Objective.COST, Objective.COVERAGE, Objective.SHORTAGE})


def applies(stage: Stage) -> bool:
    """Return whether units alone tell what the stage asks."""
    return stage.flows and not stage.instance.single_source and stage.names <= BY_UNITS


class FlowValue:
    """The true value of units, by flows: to be minimised, infinite where a limit breaks."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.floor = floor_network(stage)
        self.value = value_network(stage) if Objective.COVERAGE in stage.names else None
        self.floor_flow = None if self.floor is None else self.floor.empty()
        self.value_flow = None if self.value is None else self.value.empty()
        self.without_kept = replace(stage, kept=())

    def __call__(self, units: IntArray) -> float:
        """Return the value of units (J,)."""
        stage = self.stage
        if not within_limits(self.without_kept, units) or not self._floors_hold(units):
            return math.inf
        values = {name: self._measure(name, units) for name in stage.names}
        if not all(kept_holds(name, value, values[name]) for name, value in stage.kept):
            return math.inf
        if stage.objective is None:
            return 0.0
        return -values[stage.objective] if stage.objective is Objective.COVERAGE else values[stage.objective]

    def _floors_hold(self, units: IntArray) -> bool:
        if self.floor is None or (self.stage.elastic and not self.stage.must_serve):
            return True
        assert self.floor_flow is not None
        return self.floor.serve(units.astype(np.float64), self.floor_flow) <= self.floor.allowed

    def _measure(self, name: Objective, units: IntArray) -> float:
        if name is Objective.COST:
            return cost_of(self.stage.instance, units)
        if name is Objective.COVERAGE:
            assert self.value is not None
            assert self.value_flow is not None
            left = self.value.serve(units.astype(np.float64), self.value_flow)
            return float(self.stage.coverings[0].total.sum()) - left
        return shortage_of(self.stage, units) + self._floor_shortage(units)

    def _floor_shortage(self, units: IntArray) -> float:
        """Return the least price of what floors are short of: the dearest floors are served first.

        What can be served of each group is a polymatroid, over which greed is optimal (Edmonds 1970).
        """
        network, limit = self.floor, self.stage.instance.limits[0]
        if network is None or self.stage.must_serve:
            return 0.0
        assert self.floor_flow is not None
        full = (limit.floor * self.stage.coverings[0].total)[network.short]
        dearness = limit.shortage_weight[network.short] / full
        spare, price = network.reachable.copy(), 0.0
        for number in np.argsort(-dearness, kind="stable").tolist():
            missing = max(0.0, full[number] - network.reachable[number])
            spare[number] = max(0.0, network.reachable[number] - full[number])
            left = network.serve(units.astype(np.float64), self.floor_flow, spare)
            spare[number] += left
            short = left + missing
            price += dearness[number] * short if short > KEEP_TOLERANCE * full[number] else 0.0
        return float(price)


def solve_capacity(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Answer | None:
    """Answer a stage by heuristics, cuts of minimum cuts and integer programs over units."""
    if options.solver != "highs":
        return None
    value = FlowValue(stage)
    if not len(stage.undecided):
        return only_plan(stage, value)
    primal = CapacitySearch(stage, value.floor if value.value is None else value.value, options.seed)
    units = primal.greedy()
    plain = enough_capacity(stage, value, units, options.gap)
    if plain is not None:
        return plain
    families: list[Family] = [MinCuts(stage)]
    families += [
        CoverCuts(left_to_cover(stage, part, wants_value=False), wants_value=False)
        for part in stage.presence
        if part.need.any()
    ]
    live = Live(build_master(stage, families), options)
    search = Search(stage, live, families, primal, value, options.gap, clock)
    primal.goal = lambda: goal_of(search)
    search.offer(start)
    search.offer(units)
    if stage.objective is Objective.COVERAGE:
        search.offer(primal.improve(None, search.best, clock))
    root(search, patience=PATIENCE)
    if not search.done and int((search.upper > search.lower).sum()) <= FEW_SITES:
        branch(search, rounds=NODE_ROUNDS, improve_every=IMPROVE_EVERY)
    elif not search.done:
        rounds(search, gap=FIRST_GAP)
    answer = search.answer("minimum cuts over units")
    unsettled = answer.outcome in (Outcome.TIME_LIMIT, Outcome.FEASIBLE) and clock.left > 0
    return finished(stage, answer, options, clock) if unsettled else answer


def finished(stage: Stage, answer: Answer, options: SolverOptions, clock: Clock) -> Answer:
    """Leave to the compact program what the tolerances of the cuts leave in doubt, while there is time."""
    found = solve_compact(stage, answer.open, options, clock)
    if answer.open is None or found.outcome is Outcome.OPTIMAL:
        return found
    sign = -1.0 if stage.objective is Objective.COVERAGE else 1.0
    best = found if found.open is not None and sign * found.value < sign * answer.value else answer
    bounds = [sign * one.bound for one in (answer, found) if math.isfinite(one.bound)]
    bound = sign * min(max(bounds), sign * best.value) if bounds else answer.bound
    return replace(best, bound=bound, outcome=proven_outcome(best.value, bound, options.gap))


def only_plan(stage: Stage, value: FlowValue) -> Answer:
    """Answer a stage that has nothing to decide."""
    units = stage.instance.fixed.copy()
    found = value(units)
    if not math.isfinite(found):
        return Answer(Outcome.INFEASIBLE, None, math.nan, math.nan, "nothing to decide")
    found = -found if stage.objective is Objective.COVERAGE else found
    return Answer(Outcome.OPTIMAL, units, found, found, "nothing to decide")


def goal_of(search: Search) -> float:
    """Return the value that would prove itself by the bound so far."""
    bound = search.bound
    if search.live.whole and math.isfinite(bound):
        bound = math.ceil(bound - 1e-6)
    return bound + 0.9 * search.gap * abs(bound) if math.isfinite(bound) else bound


def enough_capacity(stage: Stage, value: FlowValue, units: IntArray | None, gap: float) -> Answer | None:
    """Answer `cost` where the units of a greedy plan cost no more than enough capacity, wherever it lies."""
    if units is None:
        return None
    bound = knapsack_bound(stage, value.floor)
    if math.isinf(bound):
        return None
    cost = value(units)
    if stage.instance.whole_costs:
        bound = math.ceil(bound - 1e-6)
    if not math.isfinite(cost) or relative_gap(cost, min(bound, cost)) > max(gap, ROUNDING):
        return None
    return Answer(Outcome.OPTIMAL, units, cost, min(bound, cost), "no less capacity is enough")


def knapsack_bound(stage: Stage, floor: Network | None) -> float:
    """Return the least cost of enough capacity, wherever it is; for other objectives no bound."""
    if stage.objective is not Objective.COST or floor is None or stage.elastic:
        return -math.inf
    instance = stage.instance
    tails = floor.arcs.site
    real = tails < len(floor.capacity)
    reach = np.bincount(tails[real], floor.weight[floor.tails][real], len(floor.capacity))
    there = np.minimum(instance.fixed * floor.capacity, reach).sum()
    free = instance.free
    gain = np.minimum(floor.capacity, reach)[free]
    need = float(floor.weight.sum() - floor.spare.sum() - floor.allowed - there)
    room = (instance.units - instance.fixed)[free].astype(np.float64)
    return knapsack(instance.cost[free], gain, room, need) if need > 0 else 0.0
