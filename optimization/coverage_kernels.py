"""Compiled swaps and kicks for `coverage`, with all changes of the covered weight kept up to date.

State of a plan with K slots for open sites: `count` (P,) open sites over each class, `total` (P,) the
sum of their slots (the one slot where count is 1), `gain` (J,) what a site would cover alone, and
`extra` (K, J) what slot k alone covers and j covers too; extra[k, slot's own site] is the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def open_in(
    slot: int, site: int, count: Any, total: Any, gain: Any, extra: Any, rows: Any, sites: Any, weight: Any
) -> None:
    """Open `site` in `slot`, in place."""
    row_start, row_site = rows
    site_start, site_row = sites
    for at in range(site_start[site], site_start[site + 1]):
        row = site_row[at]
        if count[row] == 0:
            for k in range(row_start[row], row_start[row + 1]):
                gain[row_site[k]] -= weight[row]
                extra[slot, row_site[k]] += weight[row]
        elif count[row] == 1:
            owner = total[row]
            for k in range(row_start[row], row_start[row + 1]):
                extra[owner, row_site[k]] -= weight[row]
        count[row] += 1
        total[row] += slot


@njit(cache=True, nogil=True)
def close_in(
    slot: int, site: int, count: Any, total: Any, gain: Any, extra: Any, rows: Any, sites: Any, weight: Any
) -> None:
    """Close `site`, which is open in `slot`, in place."""
    row_start, row_site = rows
    site_start, site_row = sites
    for at in range(site_start[site], site_start[site + 1]):
        row = site_row[at]
        count[row] -= 1
        total[row] -= slot
        if count[row] == 0:
            for k in range(row_start[row], row_start[row + 1]):
                gain[row_site[k]] += weight[row]
                extra[slot, row_site[k]] -= weight[row]
        elif count[row] == 1:
            owner = total[row]
            for k in range(row_start[row], row_start[row + 1]):
                extra[owner, row_site[k]] += weight[row]


@njit(cache=True, nogil=True)
def best_swap(gain: Any, extra: Any, held: Any, may: Any, cost: Any, money: float) -> Any:
    """Return the best profit with its slot and site; only sites that may open and be paid for."""
    best, slot, site = 0.0, -1, -1
    for k in range(len(held)):
        loss, purse = extra[k, held[k]], money + cost[held[k]]
        for j in range(len(gain)):
            profit = gain[j] + extra[k, j] - loss
            if profit > best and may[j] and cost[j] <= purse:
                best, slot, site = profit, k, j
    return best, slot, site


@njit(cache=True, nogil=True)
def near_site(site: int, rows: Any, sites: Any) -> int:
    """Return a random site of a random class of `site`."""
    row_start, row_site = rows
    site_start, site_row = sites
    size = site_start[site + 1] - site_start[site]
    if size == 0:
        return site
    row = site_row[site_start[site] + np.random.randint(size)]
    return int(row_site[row_start[row] + np.random.randint(row_start[row + 1] - row_start[row])])


@njit(cache=True, nogil=True)
def kick_and_climb(
    rows: Any,
    sites: Any,
    weight: Any,
    held: Any,
    may: Any,
    cost: Any,
    money: float,
    kicks: int,
    least: float,
    seed: int,
) -> Any:
    """Return the slots' sites (K,) after swaps and `kicks`, and the weight gained.

    A kick moves two to four slots that lie near one another to sites near them (three times in
    four), or any slots to any sites; what does not end as good as before is taken back.

    Parameters
    ----------
    rows, sites
        Classes over sites and sites over classes, each (start, index).
    held : int (K,)
        The site of each slot.
    may : bool (J,)
        Sites that may open, those held excluded.
    cost, money
        Of each site (J,), and what is left to spend.
    least : float
        A profit that counts.
    """
    np.random.seed(seed)
    slots, width = len(held), len(may)
    held, may = held.copy(), may.copy()
    count, total = np.zeros(len(weight), np.int32), np.zeros(len(weight), np.int32)
    gain, extra = np.zeros(width), np.zeros((slots, width))
    for row in range(len(weight)):
        for k in range(rows[0][row], rows[0][row + 1]):
            gain[rows[1][k]] += weight[row]
    for k in range(slots):
        open_in(k, held[k], count, total, gain, extra, rows, sites, weight)
    log_slot, log_site = np.zeros(1000, np.int64), np.zeros(1000, np.int64)
    gained = 0.0
    for kick in range(kicks + 1):
        made, change = 0, 0.0
        moves = 0 if kick == 0 else 2 + np.random.randint(3)
        local = np.random.random() < 0.75
        slot = np.random.randint(slots)
        while made < moves or made < len(log_slot):
            if made < moves:
                if local:
                    into = near_site(held[slot], rows, sites)
                    for _ in range(10):
                        if may[into]:
                            break
                        into = near_site(into, rows, sites)
                else:
                    slot, into = np.random.randint(slots), np.random.randint(width)
                if not may[into] or cost[into] > money + cost[held[slot]]:
                    moves -= 1
                    continue
                profit = gain[into] + extra[slot, into] - extra[slot, held[slot]]
            else:
                profit, slot, into = best_swap(gain, extra, held, may, cost, money)
                if slot < 0 or profit <= least:
                    break
            out = held[slot]
            close_in(slot, out, count, total, gain, extra, rows, sites, weight)
            open_in(slot, into, count, total, gain, extra, rows, sites, weight)
            may[out], may[into] = True, False
            held[slot] = into
            money += cost[out] - cost[into]
            log_slot[made], log_site[made] = slot, out
            made += 1
            change += profit
            if made < moves and local:
                # the next slot is one that lies near
                walk = into
                for _ in range(30):
                    walk = near_site(walk, rows, sites)
                    if not may[walk] and walk != into:
                        for k in range(slots):
                            if held[k] == walk:
                                slot = k
                        break
        if kick > 0 and change < -0.5 * least:
            while made > 0:
                made -= 1
                slot, out = log_slot[made], log_site[made]
                into = held[slot]
                close_in(slot, into, count, total, gain, extra, rows, sites, weight)
                open_in(slot, out, count, total, gain, extra, rows, sites, weight)
                may[out], may[into] = False, True
                held[slot] = out
                money += cost[into] - cost[out]
        else:
            gained += change
    return held, gained
