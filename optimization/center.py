"""The least radius: a search over the sorted distances, each step a feasibility problem.

Where any choice of at most p sites will do, a radius is possible if p sites cover every point (the
set covers of Minieka 1970): a search for small covers finds the radius, and a tree proves that the
next smaller one takes more than p. Elsewhere each step is an integer program.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimization.arrays import Csr, FloatArray, IntArray, row_minimum
from optimization.center_cover import Verdict, decide, farthest_first
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.priced import is_free
from optimization.problem import SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.service import new_sites
from optimization.stage import Answer, Stage, value_of, within_limits

FEW_NODES = 300
SEARCHES = ((2_000, 0.02), (20_000, 0.002))  # steps, and how near to the best radius they go
GAP_SHARE = 0.9


@dataclass(slots=True, eq=False)
class Radii:
    """The distances that could be the answer: up to `low` proven impossible, `high` has the plan `best`."""

    stage: Stage
    values: FloatArray
    low: int = -1
    high: int = -1
    best: IntArray | None = None
    shares: Csr = None

    def __post_init__(self) -> None:
        """Start knowing nothing."""
        self.high = len(self.values)

    @property
    def value(self) -> float:
        """The best radius."""
        return math.inf if self.best is None else float(self.values[self.high])

    def goal(self, gap: float) -> int:
        """Return the radius that, once impossible, proves the best one within the gap."""
        within = self.values[self.high] * (1.0 - GAP_SHARE * gap)
        return min(self.high, int(np.searchsorted(self.values, within, side="right"))) - 1

    def at(self, number: int) -> Stage:
        """Return the stage that asks for any plan within a radius; at `beyond` nobody need be served."""
        radius, beyond = self.values[number], None if self.stage.must_serve else self.stage.instance.beyond
        free = beyond is not None and radius >= beyond
        return replace(self.stage, objective=None, radius=None if free else float(radius))

    def take(self, number: int, units: IntArray, shares: Csr = None) -> None:
        """Keep a plan found within radius `number`; without capacity it may reach less far than that."""
        told = shares is None and not self.stage.flows
        reached = value_of(self.stage, self.stage.objective, units) if told else math.inf
        self.high = min(number, int(np.searchsorted(self.values, reached)))
        self.best, self.shares = units, shares

    def halve(self, decide: Callable[[int], Verdict], until: Callable[[], int]) -> bool:
        """Halve between impossible and possible, up to `until`; False if a radius stays open."""
        while self.low < until():
            middle = (self.low + 1 + until()) // 2
            verdict = decide(middle)
            if verdict.units is not None:
                self.take(middle, verdict.units, verdict.shares)
            elif verdict.impossible:
                self.low = middle
            else:
                return False
        return True

    def answer(self, gap: float, method: str) -> Answer:
        """Return the best plan; the next radius not proven impossible is the bound."""
        next_ = float(self.values[self.low + 1]) if self.low + 1 < len(self.values) else math.nan
        if self.best is None:
            none = self.low == len(self.values) - 1
            return Answer(Outcome.INFEASIBLE if none else Outcome.TIME_LIMIT, None, math.nan, next_, method)
        outcome = proven_outcome(self.value, next_, gap)
        return Answer(outcome, self.best, self.value, next_, method, self.shares)


def solve_farthest(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock, *, tight: bool = False
) -> Answer:
    """Return the plan with the smallest largest distance.

    Only stored distances (and `beyond`) can be the answer. At the time limit the next untested
    radius is the bound.
    """
    radii, covers = Radii(stage, candidate_radii(stage)), by_covers(stage, options)
    if start is not None and not stage.flows and len(radii.values):
        radii.take(len(radii.values) - 1, start)

    def by_program(number: int) -> Verdict:
        answer = solve_compact(radii.at(number), None, options, clock, tight=tight)
        return Verdict(answer.open, answer.outcome is Outcome.INFEASIBLE, answer.assignment)

    def within(number: int) -> Verdict:
        if not covers or radii.at(number).radius is None:
            return by_program(number)
        return decide(radii.at(number), options, clock)

    if radii.best is None and len(radii.values):
        # the largest radius first: without a plan there, there is none at all
        last = len(radii.values) - 1
        verdict = within(last)
        if verdict.units is not None:
            radii.take(last, verdict.units, verdict.shares)
        elif verdict.impossible:
            radii.low = last
    if radii.best is not None:
        if covers:
            search_covers(radii, options, clock)
        radii.halve(within, lambda: radii.goal(options.gap))
    return radii.answer(options.gap, "covering within radii" if covers else "search over radii")


def by_covers(stage: Stage, options: SolverOptions) -> bool:
    """Return whether a radius is possible if so many sites cover all points."""
    return is_free(stage) and not stage.flows and len(new_sites(stage)) > 0 and options.solver == "highs"


def search_covers(radii: Radii, options: SolverOptions, clock: Clock) -> None:
    """Find a small radius by searches without a proof, then prove the one below it impossible.

    One hard proof is enough where the search has found the best radius.
    """
    stage = radii.stage
    first = farthest_first(stage)
    if within_limits(stage, first) and value_of(stage, stage.objective, first) < radii.value:
        radii.take(len(radii.values) - 1, first)
    for steps, width in SEARCHES:
        least, goal = radii.low, radii.goal(options.gap)
        while goal - least > 1 and clock.left > 0:
            if radii.values[goal] - radii.values[max(least, 0)] <= width * radii.value:
                break
            middle = (least + 1 + goal) // 2
            verdict = decide(radii.at(middle), options, clock, nodes=0, steps=steps)
            if verdict.units is not None:
                radii.take(middle, verdict.units)
                goal = radii.goal(options.gap)
            else:
                least = middle
                radii.low = middle if verdict.impossible else radii.low
    while radii.low < radii.goal(options.gap) and clock.left > 0:
        goal = radii.goal(options.gap)
        verdict = decide(radii.at(goal), options, clock, nodes=FEW_NODES)
        if verdict.units is not None:
            radii.take(goal, verdict.units)
        elif verdict.impossible:
            radii.low = goal
        else:
            return


def candidate_radii(stage: Stage) -> FloatArray:
    """Return the distances that could be the answer: none below any point's nearest site."""
    instance = stage.instance
    reach = stage.reach
    usable = np.where(instance.units[reach.indices] > 0, reach.data, np.inf)
    nearest = row_minimum(reach, usable)
    beyond = None if stage.must_serve else instance.beyond
    if beyond is None and not np.isfinite(nearest).all():
        return np.zeros(0)
    least = float(np.where(np.isfinite(nearest), nearest, beyond or 0.0).max(initial=0.0))
    radii = np.unique(np.append(usable[np.isfinite(usable)], [least, *([] if beyond is None else [beyond])]))
    return radii[radii >= least]
