"""The compiled ascent of the Lagrangian bound over sorted rows (see `lagrangian`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from optimization.row_kernels import FAR


@njit(cache=True, nogil=True)
def select(values: Any, count: int, rank: int) -> float:
    """Return the value with `rank` others before it, in place with smaller ones first (Hoare 1961)."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return float(values[rank])


@njit(cache=True, nogil=True)
def choose(worth: Any, state: Any, limit: int, chosen: Any) -> Any:
    """Mark the forced sites and the least worth of the free ones, in place, `limit` in all.

    Returns (sum of worth, worst worth taken by choice or 0 if there is room, best worth left or 0).
    """
    room, total, free = limit, 0.0, 0
    values = np.empty(len(worth))
    for j in range(len(worth)):
        chosen[j] = state[j] == 1
        if state[j] == 1:
            room -= 1
            total += worth[j]
        elif state[j] == 0 and worth[j] < 0:
            values[free] = worth[j]
            free += 1
    if room <= 0:
        following = 0.0
        for j in range(free):
            following = min(following, values[j])
        return total, -FAR, following
    if free <= room:
        for j in range(len(worth)):
            if state[j] == 0 and worth[j] < 0:
                chosen[j] = True
                total += worth[j]
        return total, 0.0, 0.0
    following = select(values, free, room)
    worst = values[0]
    for j in range(1, room):
        worst = max(worst, values[j])
    taken = 0
    for j in range(len(worth)):
        if state[j] == 0 and worth[j] < worst:
            chosen[j] = True
            total += worth[j]
            taken += 1
    for j in range(len(worth)):
        if taken == room:
            break
        if state[j] == 0 and worth[j] == worst:
            chosen[j] = True
            total += worth[j]
            taken += 1
    return total, worst, following


@njit(cache=True, nogil=True)
def settle(
    worth: Any, chosen: Any, state: Any, bound: float, worst: float, following: float, cutoff: float
) -> None:
    """Close and open sites, in place, whose other value would lift the bound to `cutoff` or above.

    Opening a site left out costs its worth, less the worst chosen one where there is no room;
    closing a chosen one loses its worth, and lets the next one in.
    """
    for j in range(len(worth)):
        if state[j] == 0:
            if chosen[j]:
                if bound - worth[j] + following >= cutoff:
                    state[j] = 1
            elif bound + worth[j] - worst >= cutoff:
                state[j] = -1


@njit(cache=True, nogil=True)
def ascend(
    rows: Any,
    floors: Any,
    limits: Any,
    state: Any,
    multiplier: Any,
    prices: Any,
    numbers: Any,
    steps: int,
    patience: int,
) -> Any:
    """Raise the Lagrangian bound by deflected subgradient steps.

    Parameters
    ----------
    rows : (start, site, cost, base, fee, cap)
        The sorted rows, each row's way out (I,), each site's fee (M,), and the most a multiplier may
        be (I,): rows need not hold pairs that cost as much.
    floors : (end (C, I), label (C, I), gain (C, I), there (C, I), need (F,))
        The pairs before `end` add `gain` to floor `label`; so does the way out where `there`.
        Coverings in order of their distance.
    limits : (coefficients (R, M), right (R,))
        coefficients @ chosen <= right.
    state : int8 (M,)
        1 open, -1 closed, 0 free; settled ones are written back.
    multiplier, prices : float (I,), (F + R,)
        Where to start; the best are written back.
    numbers : (limit, target, cutoff, step, least step)
        Most sites, value the steps aim at, bound that ends the run, step length and its least; the
        step length is written back.

    Returns
    -------
    bound, worth, chosen, frequency
        Best bound, its worths (M,) and sites (M,), and how often each site was chosen lately (M,).
    """
    start, site, cost, base, fee, cap = rows
    end, label, gain, there, need = floors
    coefficients, right = limits
    limit, target, cutoff, step, least_step = int(numbers[0]), numbers[1], numbers[2], numbers[3], numbers[4]
    points, sites, kinds, priced = len(base), len(fee), len(end), len(need)
    v, mu = multiplier.copy(), prices.copy()
    best, best_worth = -np.inf, np.zeros(sites)
    best_chosen, chosen = np.zeros(sites, np.bool_), np.zeros(sites, np.bool_)
    frequency, slope, price_slope = np.zeros(sites), np.zeros(points), np.zeros(len(mu))
    pace = np.abs(v)
    pace += 1e-3 * pace.sum() / max(1, points) + 1e-300
    price_pace = _price_paces(need, coefficients, right, target)
    worth, last, stale = np.empty(sites), np.empty(points, np.int64), 0
    for _ in range(steps):
        worth[:] = fee
        for r in range(len(right)):
            if mu[priced + r] > 0:
                worth += mu[priced + r] * coefficients[r]
        bound = 0.0
        for i in range(points):
            shift, out = 0.0, base[i]
            for c in range(kinds):
                shift += mu[label[c, i]] * gain[c, i]
                out -= mu[label[c, i]] * there[c, i]
            v[i] = min(v[i], out, cap[i])
            bound += v[i]
            c, last[i], least = 0, start[i + 1], v[i]
            if kinds == 0:
                for k in range(start[i], start[i + 1]):
                    if cost[k] >= least:
                        last[i] = k
                        break
                    worth[site[k]] += cost[k] - least
                continue
            for k in range(start[i], start[i + 1]):
                while c < kinds and k >= end[c, i]:
                    shift -= mu[label[c, i]] * gain[c, i]
                    c += 1
                slack = cost[k] - shift - least
                if slack >= 0:
                    last[i] = k
                    break
                worth[site[k]] += slack
        total, worst, following = choose(worth, state, limit, chosen)
        bound += total
        for f in range(priced):
            bound += mu[f] * need[f]
        for r in range(len(right)):
            bound -= mu[priced + r] * right[r]
        if bound > best + 1e-7 * abs(target):
            stale = 0
        else:
            stale += 1
        if bound > best:
            best = bound
            best_worth[:] = worth
            best_chosen[:] = chosen
            multiplier[:] = v
            prices[:] = mu
            settle(worth, chosen, state, bound, worst, following, cutoff)
        if best >= cutoff:
            break
        frequency *= 0.9
        for j in range(sites):
            if chosen[j]:
                frequency[j] += 0.1
        if stale >= patience:
            step, stale = step / 2, 0
            if step < least_step:
                break
        price_slope *= 0.3
        for f in range(priced):
            price_slope[f] += need[f]
        for r in range(len(right)):
            price_slope[priced + r] += coefficients[r][chosen].sum() - right[r]
        length = 0.0
        for i in range(points):
            out, times, c = base[i], 0, 0
            if kinds == 0:
                for k in range(start[i], last[i]):
                    times += chosen[site[k]]
            else:
                for d in range(kinds):
                    out -= mu[label[d, i]] * there[d, i]
                for k in range(start[i], last[i]):
                    while c < kinds and k >= end[c, i]:
                        c += 1
                    if chosen[site[k]]:
                        times += 1
                        for d in range(c, kinds):
                            price_slope[label[d, i]] -= gain[d, i]
            if times == 0 and v[i] >= out:
                times = 1
                for d in range(kinds):
                    price_slope[label[d, i]] -= there[d, i]
            slope[i] = 1.0 - times + 0.3 * slope[i]
            length += pace[i] * slope[i] * slope[i]
        for f in range(len(mu)):
            if mu[f] > 0 or price_slope[f] > 0:
                length += price_pace[f] * price_slope[f] * price_slope[f]
        if length <= 0:
            break
        move = step * (target - bound) / length
        for i in range(points):
            v[i] += move * pace[i] * slope[i]
        for f in range(len(mu)):
            mu[f] = max(0.0, mu[f] + move * price_pace[f] * price_slope[f])
    numbers[3] = step
    return best, best_worth, best_chosen, frequency


@njit(cache=True, nogil=True)
def _price_paces(need: Any, coefficients: Any, right: Any, target: float) -> Any:
    """Return a scale for every price: value over the square of what its limit measures."""
    paces = np.empty(len(need) + len(right))
    for f in range(len(need)):
        paces[f] = abs(target) / (need[f] * need[f] + 1e-300)
    for r in range(len(right)):
        size = max(abs(right[r]), np.abs(coefficients[r]).max())
        paces[len(need) + r] = abs(target) / (size * size + 1e-300)
    return paces
