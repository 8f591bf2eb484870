"""Plans for `coverage` by greed, swaps and kicks, all swaps of a plan weighed at once.

With c_p the number of open sites that cover class p, closing k and opening j changes the covered
weight by gain(j) - loss(k) + extra(k, j): what j covers alone, what only k covers, and the part of
the latter that j covers too (Resende and Werneck 2007, for the maximal covering problem).
"""

from __future__ import annotations

import math

import numpy as np

from optimization.arrays import Csr, FloatArray, IntArray, row_of_pair
from optimization.clock import Clock
from optimization.greedy import best_change, greedy_plan
from optimization.stage import Stage, linear_limits_met, within_limits

TRIED = 40
KICKS = 8
LARGE = 150_000  # pairs from which compiled loops pay for being loaded
COMPILED_KICKS = 250  # a call, between looks at the clock
ROUNDING_KICKS = 250
COMPILED_CALLS = 3  # without a better plan


class Swaps:
    """Classes to cover (P, J), with open sites and the best single changes to them."""

    def __init__(self, stage: Stage, pattern: Csr, weight: FloatArray) -> None:
        self.stage, self.pattern, self.weight = stage, pattern, weight
        self.by_site = pattern.T.tocsr()
        self.row, self.site = row_of_pair(pattern), pattern.indices.astype(np.int64)
        instance = stage.instance
        self.cost, self.fixed = instance.cost, instance.fixed
        self.may = np.zeros(len(self.fixed), dtype=bool)
        self.may[stage.undecided] = True
        self.simple = not (
            len(instance.lower) or stage.kept or stage.must_serve or stage.elastic or stage.opened is not None
        ) and not any(covering.need.any() for covering in stage.presence)

    def room(self, units: IntArray) -> tuple[float, float]:
        """Return how many more units and how much more cost the maxima allow."""
        instance, new = self.stage.instance, units - self.fixed
        return instance.max_open - float(new.sum()), instance.budget - float(self.cost @ new)

    def fits(self, units: IntArray) -> bool:
        """Return whether units keep every limit, without a full count where maxima are all there is."""
        return linear_limits_met(self.stage, units) if self.simple else within_limits(self.stage, units)

    def fill(self, units: IntArray) -> IntArray:
        """Open the site that covers most for its cost, again and again, while the limits allow."""
        units = units.copy()
        left = np.where(self.pattern @ (units > 0) > 0.5, 0.0, self.weight)
        price = np.maximum(self.cost, 1e-9)
        barred = ~self.may | (units > 0)
        while True:
            count, money = self.room(units)
            barred |= self.cost > money + 1e-9
            if count < 1 or barred.all():
                return units
            score = np.where(barred, 0.0, (self.by_site @ left) / price)
            site = int(np.argmax(score))
            if score[site] <= 0:
                return units
            units[site] += 1
            barred[site] = True
            if not self.simple and not self.fits(units):
                units[site] -= 1
                continue
            left[self.by_site.indices[self.by_site.indptr[site] : self.by_site.indptr[site + 1]]] = 0.0

    def climb(self, units: IntArray, clock: Clock) -> IntArray:
        """Make the best change, again and again, while one helps."""
        units = units.copy()
        least = 1e-9 * float(self.weight.sum())
        while clock.left > 0:
            profit, closing = self.profits(units)
            changed = best_change(units, profit, closing, self.fits, least=least, tried=TRIED)
            if changed is None:
                return units
            units = changed
        return units

    def profits(self, units: IntArray) -> tuple[FloatArray, IntArray]:
        """Return what each change adds, (K + 1, J): closing none in the last row; and the K sites."""
        sites = len(units)
        closing = np.flatnonzero((units == 1) & (self.fixed == 0) & self.may)
        count = self.pattern @ (units > 0).astype(np.float64)
        gain = self.by_site @ np.where(count < 0.5, self.weight, 0.0)
        once = np.where((count > 0.5) & (count < 1.5), self.weight, 0.0)
        place = np.full(sites, -1)
        place[closing] = np.arange(len(closing))
        owner = np.full(len(self.weight), -1)
        mine = (once[self.row] > 0) & (place[self.site] >= 0)
        owner[self.row[mine]] = place[self.site[mine]]
        alone = owner[self.row] >= 0
        key = owner[self.row[alone]] * sites + self.site[alone]
        extra = np.bincount(key, once[self.row[alone]], len(closing) * sites).reshape(-1, sites)
        loss = extra[np.arange(len(closing)), closing]
        profit = np.vstack([gain + extra - loss[:, None], gain])
        money = self.room(units)[1] + np.append(self.cost[closing], 0.0)
        barred = ~self.may | (units > 0)
        profit[(self.cost > money[:, None] + 1e-9) | barred] = -math.inf
        if self.room(units)[0] < 1:
            profit[-1] = -math.inf
        return profit, closing

    def value(self, units: IntArray) -> float:
        """Return the weight covered."""
        return float(self.weight @ (self.pattern @ (units > 0) > 0.5))


class CoverageSearch:
    """The heuristic of `coverage`: greed and kicks at first, later a climb from every relaxed solution."""

    def __init__(self, stage: Stage, pattern: Csr, weight: FloatArray, seed: int) -> None:
        self.swaps = Swaps(stage, pattern, weight)
        self.random, self.seed = np.random.default_rng(seed), seed
        self.seen: set[bytes] = set()
        self.calls = 0  # of kicks: each has random numbers of its own
        self.compiled = self.swaps.simple and pattern.nnz > LARGE

    def first(self, start: IntArray | None, clock: Clock, kicks: int = KICKS) -> IntArray | None:
        """Return a plan from `start` or from greed, after swaps and kicks; None if greed finds none."""
        swaps = self.swaps
        base = start if start is not None else swaps.fixed if swaps.simple else greedy_plan(swaps.stage)
        if base is None or not swaps.fits(base):
            return None
        if self.compiled:
            return self.kicked_often(swaps.fill(base), clock)
        best = swaps.climb(swaps.fill(base), clock)
        value = swaps.value(best)
        for _ in range(kicks):
            if clock.left <= 0:
                break
            units = swaps.climb(swaps.fill(self._kicked(best)), clock)
            if swaps.value(units) > value and swaps.fits(units):
                best, value = units, swaps.value(units)
        return best

    def _kicked(self, units: IntArray) -> IntArray:
        """Close a random site and the one that shares most with it, and open two others at random."""
        units, swaps = units.copy(), self.swaps
        closing = np.flatnonzero((units > swaps.fixed) & swaps.may)
        if len(closing) < 2:
            return units
        out = self.random.choice(closing, 2, replace=False)
        units[out] -= 1
        opening = np.flatnonzero((units == 0) & swaps.may)
        for site in self.random.choice(opening, min(2, len(opening)), replace=False):
            units[site] += 1
            if not linear_limits_met(swaps.stage, units):
                units[site] -= 1
        return units

    def improve(self, units: FloatArray | None, best: IntArray | None, clock: Clock) -> IntArray | None:
        """Return the plan that a climb reaches from relaxed units (J,), each rounding only once."""
        del best  # the better of the two is kept by the search
        if units is None:
            return None
        rounded = self._rounded(units)
        key = rounded.tobytes()
        if key in self.seen or not (self.swaps.simple or within_limits(self.swaps.stage, rounded)):
            return None
        self.seen.add(key)
        if self.compiled:
            return self._climbed(self.swaps.fill(rounded), ROUNDING_KICKS, len(self.seen))
        return self.swaps.climb(self.swaps.fill(rounded), clock)

    def kicked_often(self, units: IntArray, clock: Clock) -> IntArray:
        """Return the plan after compiled swaps and kicks, until they find nothing better for a while."""
        value, stalled = self.swaps.value(units), 0
        while stalled < COMPILED_CALLS and clock.left > 0:
            self.calls += 1
            units = self._climbed(units, COMPILED_KICKS, self.calls)
            now = self.swaps.value(units)
            stalled = stalled + 1 if now <= value * (1 + 1e-6) else 0
            value = now
        return units

    def _climbed(self, units: IntArray, kicks: int, call: int) -> IntArray:
        from optimization.coverage_kernels import kick_and_climb

        swaps = self.swaps
        held = np.flatnonzero((units > swaps.fixed) & swaps.may)
        if not len(held):
            return units
        weight = float(swaps.weight.sum())
        held, _ = kick_and_climb(
            (swaps.pattern.indptr, swaps.pattern.indices),
            (swaps.by_site.indptr, swaps.by_site.indices),
            swaps.weight,
            held,
            swaps.may & (units == 0),
            swaps.cost,
            min(swaps.room(units)[1], 1e300),
            kicks,
            1e-9 * weight,
            self.seed + call,
        )
        return np.asarray(swaps.fixed + np.bincount(held, minlength=len(units)))

    def _rounded(self, units: FloatArray) -> IntArray:
        """Open what the relaxation opens most, while the limits that are linear allow."""
        swaps = self.swaps
        whole = np.maximum(swaps.fixed, np.floor(units + 1e-6).astype(np.int64))
        part = units - whole
        count, money = swaps.room(whole)
        for site in np.argsort(-part, kind="stable").tolist():
            if part[site] <= 1e-6 or count < 1:
                break
            if swaps.cost[site] <= money + 1e-9 and swaps.may[site]:
                whole[site] += 1
                count, money = count - 1, money - swaps.cost[site]
        return whole
