"""Better plans for `distance` by single swaps, all pairs of sites weighed at once."""

from __future__ import annotations

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.clock import Clock
from optimization.problem import Objective
from optimization.stage import Stage, value_of, within_limits

TRIED = 40


def swap_distances(
    stage: Stage, units: IntArray, weighted: FloatArray, base: FloatArray, clock: Clock
) -> IntArray:
    """Return `units` after the best swaps, one at a time, that keep every limit.

    Gain, loss and extra of Resende and Werneck (2007): closing r and opening i changes the sum by
    -gain(i) + loss(r) - extra(r, i).

    Parameters
    ----------
    weighted : float array (I, J)
        Weight times distance, infinite where no pair is stored.
    base : float array (I,)
        Weight times the distance to the nearest fixed site or `beyond`; infinite without one.
    """
    units = units.copy()
    while clock.left > 0:
        profit = swap_profits(stage, units, weighted, base)
        if profit is None or not _take_best(stage, units, *profit):
            return units
    return units


def swap_profits(
    stage: Stage, units: IntArray, weighted: FloatArray, base: FloatArray
) -> tuple[FloatArray, IntArray, IntArray] | None:
    """Return profits (K, M) of swapping, the K sites that may close and the M that may open."""
    instance = stage.instance
    closing = np.flatnonzero((units > 0) & (instance.fixed == 0))
    opening = np.flatnonzero((units == 0) & (instance.units > 0))
    if not len(closing) or not len(opening):
        return None
    columns = np.column_stack([weighted[:, closing], base])
    nearest = np.argmin(columns, axis=1)
    rows = np.arange(len(columns))
    first = columns[rows, nearest]
    if not np.isfinite(first).all():
        return None
    columns[rows, nearest] = np.inf
    second = columns.min(axis=1)
    ceiling = 2.0 * float(weighted[np.isfinite(weighted)].sum()) + 1.0
    second = np.where(np.isfinite(second), second, ceiling)  # closing the only site must never pay
    order = np.argsort(nearest, kind="stable")
    candidates = weighted[np.ix_(order, opening)]
    gain = np.maximum(0.0, first[order, None] - candidates)
    extra = np.maximum(0.0, second[order, None] - np.maximum(candidates, first[order, None]))
    starts = np.searchsorted(nearest[order], np.arange(len(closing) + 1))
    back = np.vstack([extra, np.zeros((1, len(opening)))])
    by_site = np.add.reduceat(back, np.minimum(starts[:-1], len(order)), axis=0)
    by_site[starts[1:] == starts[:-1]] = 0.0
    last = starts[-1] if starts[-1] > starts[-2] else None
    if last is not None:
        by_site[-1] = extra[starts[-2] : last].sum(axis=0)
    loss = np.bincount(nearest, second - first, len(closing) + 1)[:-1]
    return gain.sum(axis=0)[None, :] + by_site - loss[:, None], closing, opening


def _take_best(
    stage: Stage, units: IntArray, profit: FloatArray, closing: IntArray, opening: IntArray
) -> bool:
    """Make the most profitable swaps, in place, that still help one after the other; False if none does.

    One table of profits serves several swaps: each further one is measured before it is taken.
    """
    flat = profit.ravel()
    count = min(TRIED, len(flat))
    best = np.argpartition(-flat, count - 1)[:count]
    least = 1e-9 * max(1.0, float(np.abs(flat).max()))
    now, taken = value_of(stage, Objective.DISTANCE, units), False
    for at in best[np.argsort(-flat[best], kind="stable")].tolist():
        out, into = int(closing[at // len(opening)]), int(opening[at % len(opening)])
        if flat[at] <= least or not units[out] or units[into]:
            continue
        old = units[[out, into]].copy()
        units[out] -= 1
        units[into] += 1
        then = value_of(stage, Objective.DISTANCE, units)
        if then < now - least and within_limits(stage, units):
            now, taken = then, True
        else:
            units[[out, into]] = old
    return taken
