"""Compiled search for plans under capacities; import this module only where it is needed.

A plan is whole units, a maximum flow for them (see `flow_kernels`) and what its limits count: the
activity of every row, and for each group of every cover the weight that has an open site.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from optimization.arrays import FloatArray, IntArray
from optimization.flow_kernels import Arcs, Flow, augment, search

TINY = 1e-9


class Sizes(NamedTuple):
    """What a unit at each site costs and holds, the units there are and may be; demand of classes."""

    cost: FloatArray
    capacity: FloatArray
    fixed: IntArray
    most: IntArray
    weight: FloatArray
    tail: IntArray


class Limits(NamedTuple):
    """Rows over units by site, and classes of covers by site with their weights, groups and needs."""

    row_start: IntArray
    row: IntArray
    value: FloatArray
    lower: FloatArray
    upper: FloatArray
    class_start: IntArray
    member: IntArray
    mass: FloatArray
    group: IntArray
    need: FloatArray


class Plan(NamedTuple):
    """Units, what the limits count of them, what each arc carries at most and does carry."""

    units: IntArray
    activity: FloatArray
    present: IntArray
    covered: FloatArray
    limit: FloatArray
    flow: Flow


@njit(cache=True, nogil=True)
def draw(random: IntArray) -> float:
    """Return the next number from 0 to 1 (xorshift, Marsaglia 2003)."""
    x = random[0]
    x ^= (x << 13) & 0x7FFFFFFFFFFFFFFF
    x ^= x >> 7
    x ^= (x << 17) & 0x7FFFFFFFFFFFFFFF
    random[0] = x
    return float(x & 0xFFFFFFFFFFFF) / 281474976710656.0


@njit(cache=True, nogil=True)
def change(arcs: Arcs, sizes: Sizes, limits: Limits, plan: Plan, site: int, by: int) -> None:
    """Open (`by` 1) or close (-1) a unit; what the site no longer holds is left at its classes."""
    flow, units = plan.flow, plan.units
    before = units[site]
    units[site] = before + by
    for k in range(limits.row_start[site], limits.row_start[site + 1]):
        plan.activity[limits.row[k]] += by * limits.value[k]
    if (before == 0) != (units[site] == 0):
        for k in range(limits.class_start[site], limits.class_start[site + 1]):
            c = limits.member[k]
            plan.present[c] += by
            if plan.present[c] == (1 if by > 0 else 0):
                plan.covered[limits.group[c]] += by * limits.mass[c]
        full = 1.0 if by > 0 else 0.0
        for k in range(arcs.back[site], arcs.back[site + 1]):
            plan.limit[arcs.arc[k]] = full * sizes.weight[arcs.tail[k]]
    flow.slack[site] += by * sizes.capacity[site]
    empty = units[site] == 0
    if flow.slack[site] < 0 or empty:
        for k in range(arcs.back[site], arcs.back[site + 1]):
            a = arcs.arc[k]
            less = flow.on[a] if empty else min(flow.on[a], -flow.slack[site])
            flow.on[a] -= less
            flow.left[arcs.tail[k]] += less
            flow.slack[site] += less
            if not empty and flow.slack[site] >= 0:
                break
        if empty:
            flow.slack[site] = 0.0


@njit(cache=True, nogil=True)
def violation(limits: Limits, plan: Plan) -> float:
    """Return by how much rows and covers are broken in all, each relative to its limit."""
    total = 0.0
    for r in range(len(limits.lower)):
        size = max(1.0, abs(plan.activity[r]))
        if plan.activity[r] < limits.lower[r] - TINY * size:
            total += (limits.lower[r] - plan.activity[r]) / max(1.0, abs(limits.lower[r]))
        if plan.activity[r] > limits.upper[r] + TINY * size:
            total += (plan.activity[r] - limits.upper[r]) / max(1.0, abs(limits.upper[r]))
    for g in range(len(limits.need)):
        if plan.covered[g] < limits.need[g]:
            total += (limits.need[g] - plan.covered[g]) / max(TINY, limits.need[g])
    return total


@njit(cache=True, nogil=True)
def may_open(limits: Limits, sizes: Sizes, plan: Plan, site: int) -> bool:
    """Return whether one more unit fits at the site and breaks no upper limit further."""
    if plan.units[site] >= sizes.most[site]:
        return False
    for k in range(limits.row_start[site], limits.row_start[site + 1]):
        r, value = limits.row[k], limits.value[k]
        if value > 0 and plan.activity[r] + value > limits.upper[r] + TINY * max(1.0, abs(limits.upper[r])):
            return False
    return True


@njit(cache=True, nogil=True)
def gain(arcs: Arcs, sizes: Sizes, limits: Limits, plan: Plan, site: int, left: float) -> float:
    """Return what one more unit mends of what is short, each part relative to its shortage.

    Of the demand that is left a unit takes at most its capacity, and no more than what lies in its
    reach on the source side of the minimum cut (the last search's levels).
    """
    flow, total = plan.flow, 0.0
    if left > 0:
        near, direct = 0.0, 0.0
        for k in range(arcs.back[site], arcs.back[site + 1]):
            p = arcs.tail[k]
            if flow.class_level[p] >= 0:
                near += sizes.weight[p]
                direct += flow.left[p]
        most = min(sizes.capacity[site], left)
        total += (min(most, near) + 0.1 * min(most, direct)) / left
    for k in range(limits.row_start[site], limits.row_start[site + 1]):
        r = limits.row[k]
        short = limits.lower[r] - plan.activity[r]
        if short > TINY * max(1.0, abs(limits.lower[r])) and limits.value[k] > 0:
            total += min(short, limits.value[k]) / short
    if plan.units[site] == 0:
        for k in range(limits.class_start[site], limits.class_start[site + 1]):
            c = limits.member[k]
            g = limits.group[c]
            if plan.present[c] == 0 and plan.covered[g] < limits.need[g]:
                short = limits.need[g] - plan.covered[g]
                total += min(short, limits.mass[c]) / short
    return total


@njit(cache=True, nogil=True)
def repair(
    arcs: Arcs,
    sizes: Sizes,
    limits: Limits,
    plan: Plan,
    likes: FloatArray,
    allowed: float,
    eps: float,
) -> float:
    """Open the unit that mends most for its price until nothing is short; return what is left.

    Prices are divided by `likes` (J,): the values of a relaxation, or random numbers. Returns
    infinity if rows or covers stay broken.
    """
    left = augment(arcs, plan.limit, plan.flow, eps)
    while True:
        broken = violation(limits, plan)
        if left <= allowed and broken <= 0:
            return left
        best, at = TINY, -1
        for site in range(len(sizes.cost)):
            if may_open(limits, sizes, plan, site):
                short = left if left > allowed else 0.0
                score = gain(arcs, sizes, limits, plan, site, short)
                score *= likes[site] / max(TINY, sizes.cost[site])
                if score > best:
                    best, at = score, site
        if at < 0:
            return np.inf if broken > 0 else left
        change(arcs, sizes, limits, plan, at, 1)
        left = augment(arcs, plan.limit, plan.flow, eps)


@njit(cache=True, nogil=True)
def save(plan: Plan, to: Plan) -> None:
    """Copy a plan."""
    to.units[:] = plan.units
    to.activity[:] = plan.activity
    to.present[:] = plan.present
    to.covered[:] = plan.covered
    to.limit[:] = plan.limit
    to.flow.on[:] = plan.flow.on
    to.flow.left[:] = plan.flow.left
    to.flow.slack[:] = plan.flow.slack


@njit(cache=True, nogil=True)
def drop(
    arcs: Arcs,
    sizes: Sizes,
    limits: Limits,
    plan: Plan,
    spare: Plan,
    order: IntArray,
    allowed: float,
    eps: float,
) -> None:
    """Close units in this order of sites as long as everything stays served."""
    for site in order:
        while plan.units[site] > sizes.fixed[site]:
            slack = plan.flow.slack[site]
            load = sizes.capacity[site] * plan.units[site] - slack
            freed = load - sizes.capacity[site] * (plan.units[site] - 1)
            if freed - allowed > plan.flow.slack.sum() - slack:
                break
            save(plan, spare)
            change(arcs, sizes, limits, plan, site, -1)
            if violation(limits, plan) <= 0 and fits(arcs, plan, allowed, eps):
                continue
            save(spare, plan)
            break


@njit(cache=True, nogil=True)
def fits(arcs: Arcs, plan: Plan, allowed: float, eps: float) -> bool:
    """Return whether all that is left can be served elsewhere; the flow is augmented."""
    left = plan.flow.left.sum()
    if left > allowed and left - allowed > plan.flow.slack.sum():
        return False
    return augment(arcs, plan.limit, plan.flow, eps) <= allowed


@njit(cache=True, nogil=True)
def exchange(
    arcs: Arcs,
    sizes: Sizes,
    limits: Limits,
    plan: Plan,
    spare: Plan,
    tries: int,
    random: IntArray,
    allowed: float,
    eps: float,
) -> float:
    """Swap units, one for one, as long as no more is left for it; return what is left.

    A site opens only next to the source side of the minimum cut: no other can serve more.
    """
    flow, sites = plan.flow, len(sizes.cost)
    left = augment(arcs, plan.limit, flow, eps)
    opening = np.zeros(sites, np.int64)
    closing = np.zeros(sites, np.int64)
    fresh = True
    opens, closes = 0, 0
    for _ in range(tries):
        if left <= allowed:
            break
        if fresh:
            search(arcs, plan.limit, flow, eps)
            opens, closes = 0, 0
            for site in range(sites):
                if plan.units[site] > sizes.fixed[site]:
                    closing[closes] = site
                    closes += 1
                if plan.units[site] < sizes.most[site]:
                    for k in range(arcs.back[site], arcs.back[site + 1]):
                        if flow.class_level[arcs.tail[k]] >= 0:
                            opening[opens] = site
                            opens += 1
                            break
            fresh = False
        if opens == 0 or closes == 0:
            break
        into = opening[int(draw(random) * opens)]
        out = closing[int(draw(random) * closes)]
        # of two sites to close, the emptier
        other = closing[int(draw(random) * closes)]
        if flow.slack[other] > flow.slack[out]:
            out = other
        if into == out:
            continue
        save(plan, spare)
        change(arcs, sizes, limits, plan, out, -1)
        change(arcs, sizes, limits, plan, into, 1)
        after = np.inf
        if violation(limits, plan) <= 0:
            after = augment(arcs, plan.limit, flow, eps)
        if after <= left:
            left = after
            fresh = True
        else:
            save(spare, plan)
    return left


@njit(cache=True, nogil=True)
def empty_near(arcs: Arcs, sizes: Sizes, limits: Limits, plan: Plan, many: int, random: IntArray) -> None:
    """Close about `many` units, each sharing demand with the one before."""
    sites = len(sizes.cost)
    site = int(draw(random) * sites)
    for _ in range(8 * many):
        if many <= 0:
            break
        if plan.units[site] > sizes.fixed[site]:
            change(arcs, sizes, limits, plan, site, -1)
            many -= 1
        width = arcs.back[site + 1] - arcs.back[site]
        if width == 0:
            site = int(draw(random) * sites)
            continue
        p = arcs.tail[arcs.back[site] + int(draw(random) * width)]
        width = arcs.indptr[p + 1] - arcs.indptr[p]
        following = arcs.site[arcs.indptr[p] + int(draw(random) * width)]
        site = following if following < sites else int(draw(random) * sites)


@njit(cache=True, nogil=True)
def spent(sizes: Sizes, plan: Plan) -> float:
    """Return the cost of the units beyond the fixed ones."""
    total = 0.0
    for site in range(len(sizes.cost)):
        total += sizes.cost[site] * (plan.units[site] - sizes.fixed[site])
    return total


@njit(cache=True, nogil=True)
def dear_first(sizes: Sizes, plan: Plan, random: IntArray) -> IntArray:
    """Return the sites in order of cost per load, the dearest first, a little shaken."""
    sites = len(sizes.cost)
    score = np.zeros(sites)
    for site in range(sites):
        load = sizes.capacity[site] * plan.units[site] - plan.flow.slack[site]
        score[site] = -sizes.cost[site] / max(TINY, load) * (0.8 + 0.4 * draw(random))
    return np.argsort(score)


@njit(cache=True, nogil=True)
def kicks(
    arcs: Arcs,
    sizes: Sizes,
    limits: Limits,
    plan: Plan,
    best: Plan,
    spare: Plan,
    likes: FloatArray,
    tries: int,
    most: int,
    goal: float,
    random: IntArray,
    allowed: float,
    eps: float,
) -> float:
    """Close neighbours, repair, drop, keep what is not dearer, down to `goal`; return the least cost.

    `plan` must keep every limit; so does `best`, which holds the cheapest plan in the end.
    """
    save(plan, best)
    least = spent(sizes, best)
    liked = likes.copy()
    for _ in range(tries):
        if least <= goal:
            break
        empty_near(arcs, sizes, limits, plan, 2 + int(draw(random) * (most - 1)), random)
        for site in range(len(likes)):
            liked[site] = likes[site] * (0.7 + 0.6 * draw(random))
        left = repair(arcs, sizes, limits, plan, liked, allowed, eps)
        if left <= allowed:
            drop(arcs, sizes, limits, plan, spare, dear_first(sizes, plan, random), allowed, eps)
        cost = spent(sizes, plan)
        if left <= allowed and cost <= least * (1 + TINY) + TINY:
            least = min(cost, least)
            save(plan, best)
        else:
            save(best, plan)
    return least
