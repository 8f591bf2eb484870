"""Cheaper plans: as much as possible of what the limits ask, under a falling budget.

What rows and floors ask is one number, sum_l v_l min(1, have_l / ask_l). Under a budget it is
raised by opening, and by closing one site and opening another; when all is met, the budget falls
below the plan's cost. So the least cost is sought as the most coverage is (see `coverage_search`).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from optimization.arrays import FloatArray, IntArray, row_of_pair
from optimization.clock import Clock
from optimization.coverage_left import Left
from optimization.greedy import best_change, drop_needless, greedy_plan
from optimization.problem import Objective
from optimization.stage import Stage, cost_of, elastic_rows, linear_limits_met, value_of, within_limits

LARGEST = 8_000_000  # entries of a table of changes
TRIED = 20
KICKS = 12


class Asked:
    """What rows and floors ask of the units, and what every change of one or two sites gives.

    `ask` (L,) with values `worth` (L,): first rows, then the floors of all coverings.
    """

    def __init__(self, stage: Stage, lefts: list[Left]) -> None:
        instance = stage.instance
        self.stage, self.cost, self.fixed = stage, instance.cost, instance.fixed
        self.may = np.zeros(len(self.fixed), dtype=bool)
        self.may[stage.undecided] = True
        lower = instance.lower - instance.rows @ self.fixed
        asked = np.flatnonzero(np.isfinite(instance.lower) & (lower > 1e-9))
        self.rows: FloatArray = instance.rows[asked].toarray()
        self._stack(lefts)
        soft = stage.elastic & elastic_rows(instance)[asked]
        row_worth = np.where(soft, instance.row_weight[asked], 1.0)
        self.row_ask = lower[asked]
        self.ask = np.concatenate([self.row_ask, self.need])
        self.worth = np.concatenate([row_worth, self.floor_worth])

    def _stack(self, lefts: list[Left]) -> None:
        """Put the classes of all floors that are asked into one pattern, must rows among them."""
        patterns, weights, groups, needs, worths, first = [], [], [], [], [], 0
        for left in lefts:
            asked = left.asked
            number = np.cumsum(asked) - 1 + first
            for pattern, weight, group in (
                (left.pattern, left.weight, left.group),
                (left.must, left.must_weight, left.must_group),
            ):
                keep = asked[group]
                patterns.append(pattern[keep])
                weights.append(weight[keep])
                groups.append(number[group[keep]])
            needs.append(left.whole_need[asked])
            price = left.covering.limit.shortage_weight[asked]
            worths.append(price if self.stage.elastic else np.ones(len(price)))
            first += int(asked.sum())
        empty = sparse.csr_array((0, len(self.fixed)))
        self.pattern = sparse.csr_array(sparse.vstack([empty, *patterns]))
        self.weight = np.concatenate([np.zeros(0), *weights])
        self.group = np.concatenate([np.zeros(0, dtype=np.int64), *groups])
        self.need = np.concatenate([np.zeros(0), *needs])
        self.floor_worth = np.concatenate([np.zeros(0), *worths])
        self.by_site = self.pattern.T.tocsr()
        self.row, self.site = row_of_pair(self.pattern), self.pattern.indices.astype(np.int64)

    def have(self, units: IntArray) -> FloatArray:
        """Return what the units give to each limit (L,)."""
        covered = self.pattern @ (units > 0) > 0.5
        floors = np.bincount(self.group, self.weight * covered, len(self.need))
        return np.concatenate([self.rows @ (units - self.fixed), floors])

    def met(self, units: IntArray) -> float:
        """Return the worth of what is met."""
        return float(self.worth @ np.minimum(1.0, self.have(units) / self.ask))

    def changes(self, units: IntArray) -> tuple[FloatArray, IntArray] | None:
        """Return what closing each of K sites (none in the last row) and opening each of J adds to `met`."""
        sites, groups = len(units), len(self.need)
        closing = np.flatnonzero((units > self.fixed) & self.may)
        if (len(closing) + 1) * sites * max(1, groups) > LARGEST:
            return None
        present, own = units > 0, closing[(units == 1)[closing]]
        count = self.pattern @ present.astype(np.float64)
        place = np.full(sites, -1)
        place[own] = np.searchsorted(closing, own)
        new = np.where(count < 0.5, self.weight, 0.0)
        gain = np.bincount(self.group[self.row] * sites + self.site, new[self.row], groups * sites).reshape(
            groups, 1, sites
        )
        once = np.where((count > 0.5) & (count < 1.5), self.weight, 0.0)
        owner = np.full(len(self.weight), -1)
        mine = (once[self.row] > 0) & (place[self.site] >= 0)
        owner[self.row[mine]] = place[self.site[mine]]
        row = self.row[owner[self.row] >= 0]
        site = self.site[owner[self.row] >= 0]
        shape = (groups, len(closing), sites)
        key = (self.group[row] * len(closing) + owner[row]) * sites + site
        extra = np.bincount(key, once[row], math.prod(shape)).reshape(shape)
        loss = np.zeros((groups, len(closing), 1))
        loss[:, :, 0] = extra[:, np.arange(len(closing)), closing]
        have = self.have(units)
        cover = np.concatenate([gain + extra - loss, gain], axis=1)
        rows = (
            self.rows[:, None, :]
            - np.concatenate([self.rows[:, closing], np.zeros((len(self.rows), 1))], axis=1)[:, :, None]
        )
        total = np.zeros((len(closing) + 1, sites))
        for number, change in enumerate([*rows, *cover]):
            before = min(1.0, have[number] / self.ask[number])
            after = np.minimum(1.0, (have[number] + change) / self.ask[number])
            total += self.worth[number] * (after - before)
        return total, closing


class Thrift:
    """The heuristic of `cost` and `shortage`: climbs under a budget, with kicks and roundings."""

    def __init__(self, stage: Stage, lefts: list[Left], seed: int) -> None:
        self.stage, self.asked = stage, Asked(stage, lefts)
        self.random = np.random.default_rng(seed)
        self.cheaper = stage.objective is Objective.COST
        spend = [stage.instance.budget, *(value for name, value in stage.kept if name is Objective.COST)]
        self.budget = min(spend) + 1e-9
        self.whole = stage.instance.whole_costs
        self.seen: set[bytes] = set()

    def first(self, start: IntArray | None, clock: Clock, kicks: int = KICKS) -> IntArray | None:
        """Return a plan from `start` or greed, made cheaper while climbs and kicks find a way."""
        best = start if start is not None else greedy_plan(self.stage)
        if best is None or not within_limits(self.stage, best):
            fixed = self.stage.instance.fixed
            best = fixed if within_limits(self.stage, fixed) else None
        if best is None:
            return None
        best = drop_needless(self.stage, best) if self.cheaper else best
        left = kicks
        while left > 0 and clock.left > 0:
            budget = self.below(best)
            units = best if left == kicks else self._kicked(best)
            found = self._accept(self.climb(self._shed(units, budget), budget, clock), best)
            best, left = (best, left - 1) if found is None else (found, kicks - 1)
        return best

    def improve(self, units: FloatArray | None, best: IntArray | None, clock: Clock) -> IntArray | None:
        """Return a better plan from relaxed units (J,), each rounding only once."""
        if units is None:
            return None
        budget = self.below(best) if best is not None else self.budget
        rounded = self._rounded(units, budget)
        key = rounded.tobytes()
        if key in self.seen:
            return None
        self.seen.add(key)
        return self._accept(self.climb(rounded, budget, clock), best)

    def below(self, best: IntArray) -> float:
        """Return the budget under which a plan would be better than `best`."""
        if not self.cheaper:
            return self.budget
        cost = cost_of(self.stage.instance, best)
        return min(self.budget, cost - 1.0 + 1e-9 if self.whole else cost * (1 - 1e-6) - 1e-9)

    def _accept(self, units: IntArray, best: IntArray | None) -> IntArray | None:
        if not within_limits(self.stage, units):
            return None
        if best is None:
            return units
        name = self.stage.objective
        better = value_of(self.stage, name, units) < value_of(self.stage, name, best)
        return units if better else None

    def climb(self, units: IntArray, budget: float, clock: Clock) -> IntArray:
        """Make the best change within the budget, again and again, while one helps."""
        instance, asked = self.stage.instance, self.asked
        while clock.left > 0:
            changes = asked.changes(units)
            if changes is None:
                return units
            change, closing = changes
            money = budget - cost_of(instance, units) + np.append(instance.cost[closing], 0.0)
            full = ~asked.may | (units >= instance.units)
            change[(instance.cost > money[:, None]) | full] = -math.inf
            if float((units - instance.fixed).sum()) + 1 > instance.max_open:
                change[-1] = -math.inf
            changed = best_change(units, change, closing, self._upper_kept, least=1e-10, tried=TRIED)
            if changed is None:
                return units
            units = changed
        return units

    def _upper_kept(self, units: IntArray) -> bool:
        instance = self.stage.instance
        if not np.isfinite(instance.upper).any():
            return True
        return bool((instance.rows @ units <= instance.upper + 1e-9).all())

    def _shed(self, units: IntArray, budget: float) -> IntArray:
        """Close what gives least for its cost until the budget is kept."""
        units, asked = units.copy(), self.asked
        while cost_of(self.stage.instance, units) > budget:
            closing = np.flatnonzero((units > asked.fixed) & asked.may & (asked.cost > 0))
            if not len(closing):
                break
            now, loss = asked.met(units), np.zeros(len(closing))
            for number, site in enumerate(closing.tolist()):
                units[site] -= 1
                loss[number] = (now - asked.met(units)) / asked.cost[site]
                units[site] += 1
            units[closing[int(np.argmin(loss))]] -= 1
        return units

    def _kicked(self, units: IntArray) -> IntArray:
        """Close two sites at random and open two others."""
        units, asked = units.copy(), self.asked
        closing = np.flatnonzero((units > asked.fixed) & asked.may)
        out = self.random.choice(closing, min(2, len(closing)), replace=False)
        units[out] -= 1
        opening = np.flatnonzero(asked.may & (units < self.stage.instance.units))
        for site in self.random.choice(opening, min(len(out), len(opening)), replace=False).tolist():
            units[site] += 1
            if not linear_limits_met(self.stage, units):
                units[site] -= 1
        return units

    def _rounded(self, units: FloatArray, budget: float) -> IntArray:
        """Open what the relaxation opens most, while the budget and the maxima allow."""
        asked, instance = self.asked, self.stage.instance
        whole = np.maximum(asked.fixed, np.floor(units + 1e-6).astype(np.int64))
        whole = self._shed(whole, budget)
        part = units - whole
        for site in np.argsort(-part, kind="stable").tolist():
            if part[site] <= 1e-6 or (whole - asked.fixed).sum() + 1 > instance.max_open:
                break
            fits = (
                cost_of(instance, whole) + asked.cost[site] <= budget and whole[site] < instance.units[site]
            )
            whole[site] += int(fits and asked.may[site])
        return whole
