"""Search over a master: its relaxation with cuts at the root, then rounds of integer programs (or a tree).

All values here are to be minimised: coverage is negative. A plan counts only when its true value
has been worked out from the stage; a relaxation's own value is only ever a bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.clock import Clock
from optimization.cuts import NO_CUTS, Cuts, Family, stack
from optimization.live import Live, Relaxed
from optimization.problem import Objective
from optimization.result import Outcome, proven_outcome
from optimization.stage import Answer, Stage, value_of, within_limits

WHOLE = 1e-6
FIRST_GAP = 0.02


class Primal(Protocol):
    """A heuristic: from fractional units (J,), or nothing, to whole ones that keep every limit."""

    def improve(self, units: FloatArray | None, best: IntArray | None, clock: Clock) -> IntArray | None:
        """Return units (J,), hopefully better than `best`, or None."""


def true_value(stage: Stage) -> Callable[[IntArray], float]:
    """Return the value of units (J,), to be minimised and infinite if a limit breaks; without flows."""
    sign = -1.0 if stage.objective is Objective.COVERAGE else 1.0

    def value(units: IntArray) -> float:
        return sign * value_of(stage, stage.objective, units) if within_limits(stage, units) else math.inf

    return value


@dataclass(slots=True, eq=False)
class Search:
    """A master with its families, the best plan so far, the best bound, and the sites it settled.

    `doubt` is the least bound of a part that could not be searched to its end: no proof goes beyond.
    """

    stage: Stage
    live: Live
    families: Sequence[Family]
    primal: Primal
    value_of: Callable[[IntArray], float]
    gap: float
    clock: Clock
    best: IntArray | None = None
    value: float = math.inf
    bound: float = -math.inf
    impossible: bool = False
    doubt: float = math.inf
    settled: bool = False
    lower: IntArray = field(init=False)
    upper: IntArray = field(init=False)

    def __post_init__(self) -> None:
        """Start from what may open at all; a row that nothing can meet ends the search at once."""
        self.impossible = self.live.model.impossible
        instance = self.stage.instance
        self.lower, self.upper = instance.fixed.copy(), instance.fixed.copy()
        undecided = self.stage.undecided
        self.upper[undecided] = instance.units[undecided]
        if self.stage.opened is not None:
            self.lower = np.maximum(self.lower, self.stage.opened.astype(np.int64))

    @property
    def cutoff(self) -> float:
        """Only plans below this are sought: others prove the best plan within the gap."""
        if self.best is None:
            return math.inf
        room = max(0.9 * self.gap, 1e-10) * max(1.0, abs(self.value))
        return self.value - (max(room, 1.0 - 100 * WHOLE) if self.live.whole else room)

    @property
    def done(self) -> bool:
        """True if nothing is left to seek: the plan is proven, or there is none."""
        return self.impossible or self.bound >= self.cutoff

    def offer(self, units: IntArray | None) -> bool:
        """Take units as the best plan if they are; their true value decides."""
        if units is None:
            return False
        value = self.value_of(units)
        if value >= self.value:
            return False
        self.best, self.value = units.copy(), value
        return True

    def separate(self, relaxed: Relaxed, at: FloatArray) -> Cuts:
        """Return the cuts of all families made at units `at` that the relaxed solution violates."""
        return stack(family.separate(at, relaxed.columns) for family in self.families)

    def settle(self, relaxed: Relaxed) -> None:
        """Settle sites by reduced cost: units that would lift the bound to the cutoff are not sought."""
        room = self.cutoff - relaxed.bound
        if not (math.isfinite(room) and room > 0):
            return
        rising, falling = relaxed.reduced > WHOLE, relaxed.reduced < -WHOLE
        steps = np.floor(np.minimum(room / np.where(rising | falling, np.abs(relaxed.reduced), 1.0), 1e9))
        at_lower, at_upper = relaxed.units <= self.lower + WHOLE, relaxed.units >= self.upper - WHOLE
        upper = np.where(rising & at_lower, np.minimum(self.upper, self.lower + steps), self.upper)
        lower = np.where(falling & at_upper, np.maximum(self.lower, self.upper - steps), self.lower)
        if (upper < self.upper).any() or (lower > self.lower).any():
            self.settled = True
            self.lower, self.upper = lower.astype(np.int64), upper.astype(np.int64)
            self.live.restrict(self.lower, self.upper)

    def closed(self, relaxed: Relaxed) -> None:
        """Note that nothing is left within the bounds: no plan at all, or none below the cutoff."""
        if relaxed.outcome is Outcome.INFEASIBLE:
            self.impossible = self.best is None and not self.settled
            self.bound = max(self.bound, self.cutoff)

    def answer(self, method: str) -> Answer:
        """Return the best plan with its bound, in the natural sense of the objective."""
        if self.best is None:
            outcome = Outcome.INFEASIBLE if self.impossible else Outcome.TIME_LIMIT
            return Answer(outcome, None, math.nan, self.live.sign * self.bound, method)
        bound = min(self.bound, self.doubt)
        bound = math.ceil(bound - WHOLE) if self.live.whole and bound > -math.inf else bound
        value, bound = self.live.sign * self.value, self.live.sign * min(bound, self.value)
        return Answer(proven_outcome(value, bound, self.gap), self.best, value, bound, method)


def root(search: Search, *, patience: int = 6, improve_every: int = 5) -> Relaxed:
    """Solve the relaxation with cuts, made between the last solution and an inner point.

    In-out separation (Ben-Ameur and Neto 2007; Fischetti, Ljubic and Sinnl 2016): cuts made at the
    relaxed solution itself hop between its extreme points. Ends when no cut is violated, when the
    bound has not closed 1 % of the gap for `patience` rounds, at the proof, or by the clock.
    """
    live, stale, number = search.live, 0, 0
    inner = None if search.best is None else search.best.astype(np.float64)
    while not search.impossible:
        relaxed = live.relax(search.clock)
        if relaxed.outcome is not Outcome.OPTIMAL:
            search.closed(relaxed)
            return relaxed
        room = search.value - search.bound
        stale = 0 if relaxed.bound > search.bound + 0.01 * min(room, 1e300) or number == 0 else stale + 1
        search.bound = max(search.bound, relaxed.bound)
        if number % improve_every == 0:
            search.offer(search.primal.improve(relaxed.units, search.best, search.clock))
        if search.done or search.clock.left <= 0:
            return relaxed
        search.settle(relaxed)
        inner = relaxed.units if inner is None else (inner + relaxed.units) / 2
        cuts = search.separate(relaxed, inner) if stale < patience else NO_CUTS
        if not cuts.count:
            cuts = search.separate(relaxed, relaxed.units)
        if not cuts.count or stale >= patience:
            search.offer(search.primal.improve(relaxed.units, search.best, search.clock))
            return relaxed
        live.add(cuts)
        live.purge()
        number += 1
    return Relaxed(Outcome.INFEASIBLE, math.inf)


def rounds(search: Search, *, gap: float = FIRST_GAP, settings: dict[str, object] | None = None) -> None:
    """Close the gap by integer programs with a falling gap; every solution found is repaired and cut."""
    while not search.done and search.clock.left > 0:
        seen: list[FloatArray] = []
        found = search.live.mip(search.clock, gap, search.best, seen.append, settings)
        if found.outcome is Outcome.INFEASIBLE:
            search.closed(found)
            return
        search.bound = max(search.bound, min(found.bound, search.cutoff))
        added = sum(_learn(search, columns) for columns in seen)
        if not added and gap <= search.gap / 2:
            return
        gap = max(gap / 4, search.gap / 2) if gap > WHOLE else search.gap / 2


def _learn(search: Search, columns: FloatArray) -> int:
    """Add the cuts that a whole solution breaks, and offer it, repaired; return how many cuts."""
    units = np.round(search.live.units_of(columns))
    search.offer(units.astype(np.int64))
    search.offer(search.primal.improve(units, search.best, search.clock))
    relaxed = Relaxed(Outcome.OPTIMAL, -math.inf, columns, units)
    cuts = search.separate(relaxed, units)
    search.live.add(cuts)
    return cuts.count
