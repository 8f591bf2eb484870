"""A first plan by greed: repeat the unit that mends most of what is short for its cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray
from optimization.instance import Instance
from optimization.stage import Stage, within_limits

TINY = 1e-12


def greedy_plan(stage: Stage, start: IntArray | None = None) -> IntArray | None:
    """Return units that keep every limit, grown from `start` (default the fixed ones), or None.

    Rows, floors and service are mended together; elastic limits are taken as firm. None says only
    that greed found no plan.
    """
    firm = replace(stage, elastic=False)
    instance, needs = firm.instance, Needs(firm)
    units = (instance.fixed if start is None else start).copy()
    price = np.maximum(instance.cost, 1e-9)
    while True:
        gain = needs.gains(units)
        if gain is None:
            return units if within_limits(firm, units) else None
        score = np.where(may_open(instance, units), gain / price, 0.0)
        if score.max(initial=0.0) <= TINY:
            return None
        units[int(np.argmax(score))] += 1


def drop_needless(stage: Stage, units: IntArray) -> IntArray:
    """Return `units` without those that no limit needs, the dearest first."""
    firm, units = replace(stage, elastic=False), units.copy()
    opened = np.flatnonzero(units > stage.instance.fixed)
    for site in opened[np.argsort(-stage.instance.cost[opened], kind="stable")].tolist():
        while units[site] > stage.instance.fixed[site]:
            units[site] -= 1
            if not within_limits(firm, units):
                units[site] += 1
                break
    return units


def best_change(
    units: IntArray,
    profit: FloatArray,
    closing: IntArray,
    fits: Callable[[IntArray], bool],
    *,
    least: float,
    tried: int,
) -> IntArray | None:
    """Return `units` after the most profitable change that fits, None without any.

    `profit` (K + 1, J) is that of a unit less at the k-th of `closing` and one more at j; the last row
    closes nothing. The `tried` best above `least` are tried.
    """
    flat = profit.ravel()
    best = np.argpartition(-flat, min(tried, len(flat) - 1))[:tried]
    best = best[np.argsort(-flat[best], kind="stable")]
    for at in best[flat[best] > least].tolist():
        changed = units.copy()
        out, into = divmod(at, len(units))
        if out < len(closing):
            changed[closing[out]] -= 1
        changed[into] += 1
        if fits(changed):
            return changed
    return None


def may_open(instance: Instance, units: IntArray) -> BoolArray:
    """Return the sites where one more unit breaks no upper limit."""
    may = units < instance.units
    opened = units - instance.fixed
    if opened.sum() + 1 > instance.max_open:
        return np.zeros(len(units), dtype=bool)
    may &= instance.cost @ opened + instance.cost <= instance.budget + 1e-9
    if np.isfinite(instance.upper).any():
        rows = instance.rows
        left = instance.upper - rows @ units + 1e-9
        may[rows.indices[rows.data > np.repeat(left, np.diff(rows.indptr))]] = False
        # a row that is over already forbids every site, unless it brings the row back
        for row in np.flatnonzero(left < 0).tolist():
            may &= rows[[row]].toarray().ravel() <= left[row]
    return np.asarray(may)


class Needs:
    """What is still short, as relative gains per site."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.rows = stage.instance.rows
        self.lower = np.where(np.isfinite(stage.instance.lower), stage.instance.lower, -np.inf)
        self.patterns = [covering.pattern.T.tocsr() for covering in stage.presence]
        self.service: Csr | None = None
        if stage.must_serve:
            self.service = stage.reach.copy()
            self.service.data = np.ones(self.service.nnz)
            self.service_by_site = self.service.T.tocsr()

    def gains(self, units: IntArray) -> FloatArray | None:
        """Return what a unit at each site would mend, None when nothing is short."""
        parts = [*self._row_gains(units), *self._cover_gains(units), *self._service_gains(units)]
        return np.sum(parts, axis=0) if parts else None

    def _row_gains(self, units: IntArray) -> list[FloatArray]:
        short = self.lower - self.rows @ units
        slack = 1e-9 * np.maximum(1.0, np.abs(np.where(np.isfinite(self.lower), self.lower, 0.0)))
        return [
            np.minimum(short[row], np.maximum(self.rows[[row]].toarray().ravel(), 0.0)) / short[row]
            for row in np.flatnonzero(short > slack).tolist()
        ]

    def _cover_gains(self, units: IntArray) -> list[FloatArray]:
        gains = []
        for covering, by_site in zip(self.stage.presence, self.patterns, strict=True):
            if not covering.need.any():
                continue
            covered = covering.covered(units > 0)
            short = covering.need - np.bincount(
                covering.group, covering.weight * covered, len(covering.total)
            )
            if (short > 0).any():
                value = np.where(covered, 0.0, covering.weight * (short > 0)[covering.group])
                gains.append((by_site @ value) / short[short > 0].sum())
        return gains

    def _service_gains(self, units: IntArray) -> list[FloatArray]:
        if self.service is None:
            return []
        left = self.service @ (units > 0) < 0.5
        return [(self.service_by_site @ left.astype(np.float64)) / left.sum()] if left.any() else []
