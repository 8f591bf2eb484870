"""Better plans for `distance` and `total`: adds, drops and swaps of sites, all weighed at once.

Where any choice of at most so many sites will do, the search runs in compiled loops, with kicks.
Where floors and rows bind too, every move's effect on each of them is tabled beside its profit
(the same gain, loss and extra, of covered weight in place of distance), and the stage itself has
the last word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.clock import Clock
from optimization.priced import Floors, Limits
from optimization.service import Service
from optimization.stage import value_of, within_limits

TRIED = 40
STRENGTH = 3
PAIRS_TOGETHER = 5_000_000  # times kicks, between looks at the clock
LEAST_GAIN = 1e-9
MOST_TABLED = 8
HALVINGS = 12
PRICED_KICKS = 8
FIRST_PRICE = 0.1
STEEPER = (1.0, 2.0, 8.0)


class Priced(NamedTuple):
    """Cost of each pair and way out under some price, in the order of the rows."""

    cost: FloatArray
    base: FloatArray


@dataclass(slots=True)
class Plans:
    """The best plan so far and the ways to better ones.

    Attributes
    ----------
    units, value
        The best plan (J,) and its value on the stage.
    free : bool
        Any choice of at most `limit` sites keeps every limit, so that only values matter.
    """

    service: Service
    floors: Floors
    limits: Limits
    units: IntArray
    value: float
    free: bool
    clock: Clock

    @property
    def is_open(self) -> BoolArray:
        """Which of the sites (M,) the best plan opens."""
        return np.asarray(self.units[self.service.sites] > 0)

    def begin(self, units: IntArray | None) -> None:
        """Take `units` as the plan at hand if they keep every limit."""
        stage = self.service.stage
        if units is not None and within_limits(stage, units):
            self.units, self.value = units, value_of(stage, stage.objective, units)

    def narrow(self, service: Service, floors: Floors, limits: Limits) -> None:
        """Go on over fewer sites."""
        self.service, self.floors, self.limits = service, floors, limits

    def search(self, kicks: int, seed: int) -> None:
        """Search by kicked descents from the plan at hand, where any choice of sites will do."""
        from optimization.swap_kernels import search_sets

        draws, is_open = np.random.default_rng(seed).random((kicks, STRENGTH, 2)), self.is_open
        together = max(1, PAIRS_TOGETHER // max(1, len(self.service.cost)))
        for first in range(0, kicks, together):
            last = min(kicks, first + together)
            search_sets(*self.service.rows, is_open, self.service.limit, self._least, draws, first, last)
            self._take(is_open)
            if self.clock.left <= 0:
                return

    def find_prices(self, seed: int) -> FloatArray:
        """Return prices at which the best sets about keep the floors, and keep the plans found.

        Halving between prices at which a floor is broken and is kept, all floors at once.
        """
        from optimization.row_kernels import covered_by
        from optimization.swap_kernels import search_sets

        service, need = self.service, self.floors.need
        draws = np.random.default_rng(seed).random((PRICED_KICKS, STRENGTH, 2))
        low, high = np.zeros(len(need)), np.full(len(need), np.inf)
        prices, first = np.zeros(len(need)), FIRST_PRICE * abs(self.value) / np.maximum(need, 1e-300)
        for _ in range(HALVINGS if (need > 0).any() else 0):
            is_open, priced = self.is_open, self._at_prices(prices)
            rows = service.start, service.site, *priced, service.fee
            search_sets(*rows, is_open, service.limit, self._least, draws, 0, len(draws))
            broken = covered_by(service.start, service.site, self.floors.parts, is_open) < need
            if not broken.any():
                self._take(self._moved(is_open))
            low, high = np.where(broken, prices, low), np.where(broken, high, prices)
            dearer = np.where(np.isinf(high), np.maximum(first, 2.0 * low), (low + high) / 2)
            prices = np.where((need > 0) & (high > 0), dearer, 0.0)
            if self.clock.left <= 0 or not prices.any():
                break
        return prices

    def descend(self) -> None:
        """Improve the plan at hand by moves alone."""
        self._take(self._moved(self.is_open))

    def kick(self, kicks: int, prices: FloatArray, seed: int) -> None:
        """Improve kicked copies of the best plan."""
        from optimization.swap_kernels import kick

        draws = np.random.default_rng(seed).random((kicks, STRENGTH, 2))
        for number in range(kicks):
            if self.clock.left <= 0:
                return
            trial = self.is_open
            kick(trial, draws[number, : 1 + number % STRENGTH])
            self.improve(trial, prices)

    def improve(self, chosen: BoolArray, prices: FloatArray) -> float:
        """Take the sites that a bound chose as a plan, after moves; return the best value."""
        for steeper in (0.0,) if self.free else (0.0, *STEEPER):
            is_open = chosen.copy()
            if steeper:
                if not prices[: len(self.floors.need)].any():
                    break
                self._descend(is_open, self._at_prices(steeper * prices[: len(self.floors.need)]))
            if self.free or within_limits(self.service.stage, self._units_of(is_open)):
                self._take(self._moved(is_open))
                break
        return self.value

    @property
    def _least(self) -> float:
        return LEAST_GAIN * max(1.0, abs(self.value) if math.isfinite(self.value) else 0.0)

    def _units_of(self, is_open: BoolArray) -> IntArray:
        trial = self.service.stage.instance.fixed.copy()
        trial[self.service.sites[is_open]] += 1
        return with_surplus(trial, self.units)

    def _take(self, is_open: BoolArray) -> None:
        """Keep a plan that is better than the best, as measured on the stage itself."""
        from optimization.row_kernels import total_of_set

        if total_of_set(*self.service.rows, is_open) >= self.value:
            return
        units, stage = self._units_of(is_open), self.service.stage
        value = value_of(stage, stage.objective, units)
        if value < self.value and within_limits(stage, units):
            self.units, self.value = units, value

    def _moved(self, is_open: BoolArray) -> BoolArray:
        """Return the sites after the best moves that keep the limits."""
        is_open = is_open.copy()
        if self.free:
            self._descend(is_open, Priced(self.service.cost, self.service.base))
        else:
            tables = self._tables()
            while self.clock.left > 0 and self._move_guarded(is_open, tables):
                pass
        return is_open

    def _descend(self, is_open: BoolArray, priced: Priced) -> None:
        from optimization.swap_kernels import descend

        service = self.service
        descend(service.start, service.site, *priced, service.fee, is_open, service.limit, self._least)

    def _at_prices(self, prices: FloatArray) -> Priced:
        """Return costs less what serving adds to priced floors; sorted as before."""
        from optimization.row_kernels import at_prices

        service = self.service
        return Priced(*at_prices(service.start, service.cost, service.base, self.floors.parts, prices))

    def _of_floor(self, floor: int) -> Priced:
        """Return minus what every pair and way out adds to a floor."""
        from optimization.row_kernels import at_prices

        service, prices = self.service, np.zeros(len(self.floors.need))
        prices[floor] = 1.0
        nothing = np.zeros(len(service.cost)), np.zeros(len(service.base))
        return Priced(*at_prices(service.start, *nothing, self.floors.parts, prices))

    def _tables(self) -> list[tuple[Priced, float]]:
        """Return the floors that moves are held to beforehand, with what each needs."""
        needed = np.flatnonzero(self.floors.need > 0)
        if len(needed) > MOST_TABLED:
            return []
        return [(self._of_floor(floor), float(self.floors.need[floor])) for floor in needed.tolist()]

    def _move_guarded(self, is_open: BoolArray, tables: list[tuple[Priced, float]]) -> bool:
        """Make the best move that keeps the limits, in place; False if none helps."""
        service, closing = self.service, np.flatnonzero(is_open)
        fee = np.append(service.fee, 0.0)
        profit = self._changes(is_open, closing, Priced(service.cost, service.base))
        profit += np.append(service.fee[closing], 0.0)[:, None] - fee[None, :]
        profit[:, :-1][:, is_open] = -np.inf
        if len(closing) >= service.limit:
            profit[-1, :] = -np.inf
        for part, need in tables:
            there = -self._worth(part, is_open)
            profit[there + self._changes(is_open, closing, part) < need - 1e-9 * abs(need)] = -np.inf
        self._hold_rows(profit, is_open, closing)
        return self._take_move(profit, is_open, closing)

    def _hold_rows(self, profit: FloatArray, is_open: BoolArray, closing: IntArray) -> None:
        for row, right in zip(self.limits.coefficients, self.limits.right, strict=True):
            after = row[is_open].sum() - np.append(row[closing], 0.0)[:, None] + np.append(row, 0.0)[None, :]
            profit[after > right + 1e-9 * max(1.0, abs(right))] = -np.inf

    def _take_move(self, profit: FloatArray, is_open: BoolArray, closing: IntArray) -> bool:
        flat = profit.ravel()
        count = min(TRIED, len(flat))
        best = np.argpartition(-flat, count - 1)[:count]
        for at in best[np.argsort(-flat[best], kind="stable")].tolist():
            if flat[at] <= self._least:
                return False
            trial = is_open.copy()
            out, into = divmod(at, profit.shape[1])
            if out < len(closing):
                trial[closing[out]] = False
            if into < len(is_open):
                trial[into] = True
            if within_limits(self.service.stage, self._units_of(trial)):
                is_open[:] = trial
                return True
        return False

    def _worth(self, part: Priced, is_open: BoolArray) -> float:
        from optimization.row_kernels import value_of_set

        return float(value_of_set(self.service.start, self.service.site, *part, is_open))

    def _changes(self, is_open: BoolArray, closing: IntArray, part: Priced) -> FloatArray:
        """Return what every move saves: rows the K closing sites and none, columns all sites and none."""
        from optimization.swap_kernels import move_profits

        service, sites = self.service, len(is_open)
        slot = np.full(sites, -1, dtype=np.int64)
        slot[closing] = np.arange(len(closing))
        gain, loss, extra = move_profits(service.start, service.site, *part, is_open, slot, len(closing))
        table = np.zeros((len(closing) + 1, sites + 1))
        table[:-1, :-1] = extra
        table[:, :-1] += gain
        table[:-1, :] -= loss[:, None]
        return table


def with_surplus(trial: IntArray, units: IntArray) -> IntArray:
    """Return `trial` with as many units in all as `units`, where `units` has several at a site."""
    trial = trial.copy()
    surplus = int(units.sum() - trial.sum())
    for site in np.flatnonzero(units > np.maximum(trial, 1)).tolist():
        extra = max(0, min(surplus, int(units[site] - trial[site])))
        trial[site] += extra
        surplus -= extra
    return trial
