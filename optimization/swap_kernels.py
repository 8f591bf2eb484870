"""Compiled moves of the median's search: adds, drops and swaps over sorted rows, and kicks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from optimization.row_kernels import nearest_two, total_of_set


@njit(cache=True, nogil=True)
def move_profits(start: Any, site: Any, cost: Any, base: Any, is_open: Any, slot: Any, count: int) -> Any:
    """Return what opening saves (M,), what closing costs (K,) and what a swap saves besides (K, M).

    Gain, loss and extra of Resende and Werneck (2007); `slot` numbers the K open sites that may
    close, -1 elsewhere. Swapping r for i saves gain[i] - loss[r] + extra[r, i].
    """
    sites = len(is_open)
    gain, loss, extra = np.zeros(sites), np.zeros(count), np.zeros((count, sites))
    rows = len(base)
    first, second, at = np.empty(rows), np.empty(rows), np.empty(rows, np.int64)
    nearest_two(start, site, cost, base, is_open, (first, second, at))
    for row in range(rows):
        a, b = first[row], second[row]
        closing = slot[at[row]] if at[row] >= 0 else -1
        if closing >= 0:
            loss[closing] += b - a
        limit = b if closing >= 0 else a
        for k in range(start[row], start[row + 1]):
            c = cost[k]
            if c >= limit:
                break
            if c < a:
                gain[site[k]] += a - c
                if closing >= 0:
                    extra[closing, site[k]] += b - a
            else:
                extra[closing, site[k]] += b - c
    return gain, loss, extra


@njit(cache=True, nogil=True)
def best_move(gain: Any, loss: Any, extra: Any, fee: Any, is_open: Any, opened: Any, may_add: bool) -> Any:
    """Return (profit, closing, opening) of the best add, drop or swap; -1 for neither side."""
    best, out, into = 0.0, -1, -1
    sites = len(fee)
    for i in range(sites):
        if not is_open[i] and may_add and gain[i] - fee[i] > best:
            best, out, into = gain[i] - fee[i], -1, i
    for r in range(len(opened)):
        saved = fee[opened[r]] - loss[r]
        if saved > best:
            best, out, into = saved, opened[r], -1
        for i in range(sites):
            if not is_open[i]:
                profit = gain[i] - fee[i] + saved + extra[r, i]
                if profit > best:
                    best, out, into = profit, opened[r], i
    return best, out, into


@njit(cache=True, nogil=True)
def descend(
    start: Any, site: Any, cost: Any, base: Any, fee: Any, is_open: Any, limit: int, least: float
) -> None:
    """Make the best add, drop or swap, in place, until none saves more than `least`."""
    slot = np.full(len(fee), -1, np.int64)
    while True:
        opened = np.flatnonzero(is_open)
        slot[:] = -1
        slot[opened] = np.arange(len(opened))
        gain, loss, extra = move_profits(start, site, cost, base, is_open, slot, len(opened))
        profit, out, into = best_move(gain, loss, extra, fee, is_open, opened, len(opened) < limit)
        if profit <= least:
            return
        if out >= 0:
            is_open[out] = False
        if into >= 0:
            is_open[into] = True


@njit(cache=True, nogil=True)
def kick(is_open: Any, draws: Any) -> None:
    """Swap some random open sites for random closed ones, in place; `draws` (S, 2) in [0, 1)."""
    for s in range(len(draws)):
        opened, closed = np.flatnonzero(is_open), np.flatnonzero(~is_open)
        if not len(opened) or not len(closed):
            return
        is_open[opened[int(draws[s, 0] * len(opened))]] = False
        is_open[closed[int(draws[s, 1] * len(closed))]] = True


@njit(cache=True, nogil=True)
def search_sets(
    start: Any,
    site: Any,
    cost: Any,
    base: Any,
    fee: Any,
    is_open: Any,
    limit: int,
    least: float,
    draws: Any,
    first: int,
    last: int,
) -> None:
    """Improve a set of at most `limit` sites, in place, by descents from kicked copies of the best.

    `draws` (kicks, strength, 2), of which the kicks from `first` to `last` are made.
    """
    descend(start, site, cost, base, fee, is_open, limit, least)
    best = total_of_set(start, site, cost, base, fee, is_open)
    for number in range(first, last):
        trial = is_open.copy()
        kick(trial, draws[number, : 1 + number % draws.shape[1]])
        descend(start, site, cost, base, fee, trial, limit, least)
        value = total_of_set(start, site, cost, base, fee, trial)
        if value < best - least:
            best = value
            is_open[:] = trial
