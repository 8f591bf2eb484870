"""Compiled loops over the sorted rows of `service.Service`; import only where one of them runs.

A row lists the sites that may serve a point, the cheapest first, so that every loop ends as soon as
the rest of the row is too dear to matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FAR = 1e300


@njit(cache=True, nogil=True)
def value_of_set(start: Any, site: Any, cost: Any, base: Any, is_open: Any) -> float:
    """Return the sum of each row's least cost over open sites and its way out."""
    total = 0.0
    for row in range(len(base)):
        least = base[row]
        for k in range(start[row], start[row + 1]):
            if cost[k] >= least:
                break
            if is_open[site[k]]:
                least = cost[k]
                break
        total += least
    return total


@njit(cache=True, nogil=True)
def nearest_two(start: Any, site: Any, cost: Any, base: Any, is_open: Any, out: Any) -> Any:
    """Write each row's two least open costs, the way out among them, and the site of the first.

    `out` is (first (I,), second (I,), at (I,)); `at` is -1 where the way out is nearest.
    """
    first, second, at = out
    for row in range(len(base)):
        a, b, where = base[row], FAR, -1
        for k in range(start[row], start[row + 1]):
            if cost[k] >= b:
                break
            if is_open[site[k]]:
                if cost[k] < a:
                    a, b, where = cost[k], a, site[k]
                else:
                    b = cost[k]
                    break
        first[row], second[row], at[row] = a, b, where


@njit(cache=True, nogil=True)
def total_of_set(start: Any, site: Any, cost: Any, base: Any, fee: Any, is_open: Any) -> float:
    """Return service and fees of a set of sites."""
    total = value_of_set(start, site, cost, base, is_open)
    for j in range(len(fee)):
        if is_open[j]:
            total += fee[j]
    return total


@njit(cache=True, nogil=True)
def at_prices(start: Any, cost: Any, base: Any, floors: Any, prices: Any) -> Any:
    """Return costs (N,) and ways out (I,) less what serving adds to priced floors; still sorted.

    `floors` as for `ascend`.
    """
    end, label, gain, there, _ = floors
    priced, out = cost.copy(), base.copy()
    for c in range(len(end)):
        for i in range(len(base)):
            price = prices[label[c, i]]
            if price > 0:
                out[i] -= price * there[c, i]
                for k in range(start[i], end[c, i]):
                    priced[k] -= price * gain[c, i]
    return priced, out


@njit(cache=True, nogil=True)
def covered_by(start: Any, site: Any, floors: Any, is_open: Any) -> Any:
    """Return what a set of sites adds to each floor (F,)."""
    end, label, gain, there, need = floors
    total = np.zeros(len(need))
    if not len(end):
        return total
    for i in range(len(start) - 1):
        nearest = start[i + 1]
        for k in range(start[i], end[-1, i]):
            if is_open[site[k]]:
                nearest = k
                break
        for c in range(len(end)):
            total[label[c, i]] += gain[c, i] if nearest < end[c, i] else there[c, i]
    return total
