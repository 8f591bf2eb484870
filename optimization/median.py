"""The p-median: swaps and a Lagrangian bound, then an integer program of whatever is left.

A plan near the optimum and a bound near it settle most sites and most pairs (see `lagrangian`), or
prove the plan outright; the compact program of the rest is small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.greedy import greedy_plan
from optimization.lagrangian import Relaxation, Round, left_pairs, price_floors, relax, settled_sites
from optimization.plain import easy_bound
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.stage import Answer, Stage, value_of, within_limits
from optimization.swap import swap_distances

LARGEST = 4_000_000
ROUNDS = 400
PATIENCE = 20
LEAST_STEP = 1e-3
IMPROVE_EVERY = 40
MOMENTUM = 0.3


def applies(stage: Stage) -> bool:
    """Return whether the bound can be worked out: distance without flows, of a dense size."""
    points, sites = stage.instance.reach.shape
    weighty = bool(stage.instance.weight.any()) and sites > 0
    return stage.objective is Objective.DISTANCE and not stage.flows and weighty and points * sites <= LARGEST


def solve_median(stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock) -> Answer | None:
    """Answer `distance` by swaps, bound and, where a gap is left, a small integer program."""
    units = start if start is not None else greedy_plan(stage)
    if units is None or not within_limits(stage, units):
        return None
    climb = Climb(relax(stage), units, options, clock)
    climb.fill()
    climb.swap()
    climb.run()
    if not climb.proven and price_floors(climb.relaxation):
        climb.run()
    if climb.proven:
        bound = min(climb.relaxation.bound, climb.value)
        return Answer(Outcome.OPTIMAL, climb.units, climb.value, bound, "Lagrangian bound")
    return finish(climb)


@dataclass(slots=True)
class Climb:
    """The bound climbs by subgradient steps, the plan descends by swaps."""

    relaxation: Relaxation
    units: IntArray
    options: SolverOptions
    clock: Clock

    @property
    def value(self) -> float:
        """The value of the best plan."""
        return value_of(self.relaxation.stage, Objective.DISTANCE, self.units)

    @property
    def proven(self) -> bool:
        """True if the bound is within the gap of the plan."""
        bound = min(self.relaxation.bound, self.value)
        return proven_outcome(self.value, bound, self.options.gap) is Outcome.OPTIMAL

    def fill(self) -> None:
        """Open further sites, the most useful first, while the limits allow."""
        relaxation, stage = self.relaxation, self.relaxation.stage
        units = self.units.copy()
        least = np.minimum(relaxation.base, relaxation.weighted[:, units > 0].min(axis=1, initial=math.inf))
        closed = (units == 0) & (stage.instance.units > 0)
        for _ in range(relaxation.limit - int((units[relaxation.sites] > 0).sum())):
            now = np.where(np.isfinite(least), least, 0.0)[:, None]
            gain = np.where(closed, np.maximum(0.0, now - relaxation.weighted).sum(axis=0), 0.0)
            site = int(np.argmax(gain))
            if gain[site] <= 0:
                break
            units[site] += 1
            if not within_limits(stage, units):
                break
            self.units = units.copy()
            closed[site] = False
            least = np.minimum(least, relaxation.weighted[:, site])

    def swap(self) -> None:
        """Swap sites while that helps."""
        self.units = self._swapped(self.units)

    def _swapped(self, units: IntArray) -> IntArray:
        relaxation = self.relaxation
        return swap_distances(relaxation.stage, units, relaxation.weighted, relaxation.base, self.clock)

    def run(self) -> None:
        """Raise the bound until it proves the plan, or stops rising."""
        relaxation, floors = self.relaxation, self.relaxation.floors
        multiplier, prices = self._start()
        # steps in proportion to the multipliers themselves: weights differ by orders of magnitude
        pace = np.abs(multiplier) + 1e-3 * float(np.abs(multiplier).mean()) + 1e-300
        price_pace = self.value / (float(relaxation.stage.instance.weight.sum()) ** 2 + 1e-300)
        slope, price_slope = np.zeros(len(pace)), np.zeros(len(floors))
        needs = np.array([part.need for part in floors])
        value, step, stale = self.value, 1.5, 0
        for number in range(ROUNDS):
            before = relaxation.bound
            now = relaxation.evaluate(multiplier, prices)
            stale = 0 if relaxation.bound > before + 1e-7 * abs(value) else stale + 1
            if self._ends(value, step):
                return
            if number % IMPROVE_EVERY == IMPROVE_EVERY - 1:
                self._improve(now)
                value = self.value
            step, stale = (step / 2, 0) if stale >= PATIENCE else (step, stale)
            slope = 1.0 - now.served + MOMENTUM * slope
            price_slope = needs - now.covered + MOMENTUM * price_slope
            length = float(slope @ (pace * slope)) + price_pace * float(price_slope @ price_slope)
            if length <= 0:
                return
            move = step * (value - now.bound) / length
            multiplier = now.multiplier + move * pace * slope
            prices = np.maximum(0.0, prices + move * price_pace * price_slope)

    def _start(self) -> tuple[FloatArray, FloatArray]:
        """Return the best multipliers so far; at first each point's second nearest open cost."""
        relaxation = self.relaxation
        if relaxation.best is not None:
            return relaxation.best.multiplier, relaxation.best.prices
        is_open = self.units[relaxation.sites] > 0
        columns = np.sort(np.column_stack([relaxation.cost[:, is_open], relaxation.base]), axis=1)
        first, second = columns[:, 0], columns[:, min(1, columns.shape[1] - 1)]
        multiplier = np.where(np.isfinite(second), second, np.where(np.isfinite(first), 1.5 * first, 0.0))
        return multiplier, np.zeros(0)

    def _ends(self, value: float, step: float) -> bool:
        close = value - self.relaxation.bound <= self.options.gap * max(1.0, abs(value))
        return close or step < LEAST_STEP or self.clock.left <= 0

    def _improve(self, now: Round) -> None:
        """Take the relaxed sites as a plan, where that keeps the limits and is better after swaps."""
        relaxation, instance = self.relaxation, self.relaxation.stage.instance
        trial = instance.fixed.copy()
        trial[relaxation.sites[now.chosen]] += 1
        trial = with_surplus(trial, self.units)
        if (trial <= instance.units).all() and within_limits(relaxation.stage, trial):
            trial = self._swapped(trial)
            if value_of(relaxation.stage, Objective.DISTANCE, trial) < self.value:
                self.units = trial


def with_surplus(trial: IntArray, units: IntArray) -> IntArray:
    """Return `trial` with as many units in all as `units`, where `units` has several at a site."""
    trial = trial.copy()
    surplus = int(units.sum() - trial.sum())
    for site in np.flatnonzero(units > np.maximum(trial, 1)).tolist():
        extra = max(0, min(surplus, int(units[site] - trial[site])))
        trial[site] += extra
        surplus -= extra
    return trial


def finish(climb: Climb) -> Answer:
    """Settle sites and pairs by the bound and solve what is left.

    Only plans better than `goal` are sought: if there is none, the plan at hand is proven to be
    within the gap.
    """
    relaxation, options, value, units = climb.relaxation, climb.options, climb.value, climb.units
    goal = value - 0.9 * options.gap * max(1.0, abs(value))
    closed, opened = settled_sites(relaxation, goal)
    rest = replace(relaxation.stage, closed=closed, opened=opened, pairs=left_pairs(relaxation, goal))
    answer = solve_compact(rest, units, options, climb.clock)
    left = goal if answer.outcome is Outcome.INFEASIBLE else answer.bound
    proven = min(goal, left) if math.isfinite(left) else -math.inf
    bound = max(easy_bound(relaxation.stage), relaxation.bound, proven)
    if answer.open is not None and answer.value < value:
        units, value = answer.open, answer.value
    bound = min(bound, value)
    method = f"Lagrangian bound, then {answer.method}"
    return Answer(proven_outcome(value, bound, options.gap), units, value, bound, method)
