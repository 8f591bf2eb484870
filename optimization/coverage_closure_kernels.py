"""Compiled search for the set of sites whose weight covered, less their prices, is most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

DEEPEST = 60
FEW = 150  # nodes after which a value that is enough ends the search


@njit(cache=True, nogil=True)
def gain_of(site: int, count: Any, sites: Any, weight: Any) -> float:
    """Return the weight that `site` covers where `count` is zero."""
    start, row = sites
    gain = 0.0
    for k in range(start[site], start[site + 1]):
        if count[row[k]] == 0:
            gain += weight[row[k]]
    return gain


@njit(cache=True, nogil=True)
def most_of(gain: Any, first: int, end: int, room: float, least: float) -> float:
    """Return a bound on what a few more sites add: their gains, or all that is left less their prices."""
    total, most = 0.0, 0.0
    for i in range(first, end):
        total += gain[i]
        rest = room - (i - first + 1) * least
        most = max(most, min(total, rest))
        if total > rest:
            break
    return most


@njit(cache=True, nogil=True)
def best_set(
    sites: Any,
    weight: Any,
    shared: Any,
    price: Any,
    forced: int,
    floor: float,
    enough: float,
    most_nodes: int,
) -> Any:
    """Return the most that weight covered less prices was, a set that reaches it, and a bound on the most.

    Depth first over sites in order of gain. What a site adds falls as others open (submodularity):
    one whose gain is no more than its price is never looked at again below.

    Parameters
    ----------
    sites
        Classes of each site, (start, index).
    weight, shared, price
        Of each class (P,), of each pair of sites (J, J), of each site (J,); prices are not negative.
    forced
        A site that must be in the set and pays no price, or -1.
    floor
        Sets worth no more are of no interest: the value is at least this, the set perhaps empty.
    enough
        A value from which any set will do, after a few nodes.
    most_nodes
        After these the search gives up: what it left unsearched is in the bound.
    """
    width = len(price)
    deepest = min(DEEPEST, width + 1)
    count = np.zeros(len(weight), np.int32)
    cand = np.zeros((deepest + 1, width), np.int32)
    gain = np.zeros((deepest + 1, width))
    size, at = np.zeros(deepest + 1, np.int32), np.zeros(deepest + 1, np.int32)
    value, room = np.zeros(deepest + 1), np.zeros(deepest + 1)
    chosen, best_chosen = np.zeros(deepest + 1, np.int32), np.zeros(deepest + 1, np.int32)
    best, best_size, nodes, base = floor, 0, 0, 0
    most = floor
    room[0] = weight.sum()
    if forced >= 0:
        base, chosen[0] = 1, forced
        value[0] = shared[forced, forced]
        room[0] -= value[0]
        for k in range(sites[0][forced], sites[0][forced + 1]):
            count[sites[1][k]] += 1
        if value[0] > best:
            best, best_size, best_chosen[0] = value[0], 1, forced
    least = np.inf
    for j in range(width):
        if j != forced:
            profit = shared[j, j] - price[j] - (shared[forced, j] if forced >= 0 else 0.0)
            if profit > 0:
                cand[0, size[0]], gain[0, size[0]] = j, profit
                size[0] += 1
                least = min(least, price[j])
    order = np.argsort(-gain[0, : size[0]])
    cand[0, : size[0]], gain[0, : size[0]] = cand[0, : size[0]][order], gain[0, : size[0]][order]
    depth = 0
    while depth >= 0:
        first = at[depth]
        if base + depth >= deepest and first < size[depth]:
            most = max(most, value[depth] + most_of(gain[depth], first, size[depth], room[depth], least))
        if (
            base + depth >= deepest
            or first >= size[depth]
            or value[depth] + most_of(gain[depth], first, size[depth], room[depth], least) <= best
        ):
            depth -= 1
            if depth >= 0:
                gone = chosen[base + depth]
                for k in range(sites[0][gone], sites[0][gone + 1]):
                    count[sites[1][k]] -= 1
            continue
        nodes += 1
        if nodes > most_nodes or (nodes > FEW and best >= enough):
            for i in range(depth + 1):
                most = max(most, value[i] + most_of(gain[i], at[i], size[i], room[i], least))
            return best, best_chosen[:best_size].copy(), max(most, best)
        new = cand[depth, first]
        at[depth] += 1
        below = value[depth] + gain[depth, first]
        left = room[depth] - gain[depth, first] - price[new]
        chosen[base + depth] = new
        if below > best:
            best, best_size = below, base + depth + 1
            best_chosen[:best_size] = chosen[:best_size]
        # what each site can add at most, by pairs of sites; exact for the second site of a set
        many, total = 0, 0.0
        for i in range(first + 1, size[depth]):
            other = cand[depth, i]
            profit = min(gain[depth, i], shared[other, other] - shared[new, other] - price[other])
            if profit > 0:
                cand[depth + 1, many], gain[depth + 1, many] = other, profit
                many += 1
                total += profit
        if below + min(total, left) <= best:
            continue
        for k in range(sites[0][new], sites[0][new + 1]):
            count[sites[1][k]] += 1
        kept = 0
        for i in range(many):
            other, profit = cand[depth + 1, i], gain[depth + 1, i]
            if base + depth > 0:
                profit = gain_of(other, count, sites, weight) - price[other]
            if profit > 0:
                place = kept
                while place > 0 and gain[depth + 1, place - 1] < profit:
                    gain[depth + 1, place] = gain[depth + 1, place - 1]
                    cand[depth + 1, place] = cand[depth + 1, place - 1]
                    place -= 1
                cand[depth + 1, place], gain[depth + 1, place] = other, profit
                kept += 1
        value[depth + 1], room[depth + 1] = below, left
        size[depth + 1], at[depth + 1] = kept, 0
        depth += 1
    return best, best_chosen[:best_size].copy(), max(most, best)
