"""Compiled loops of the set cover heuristic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def weighted_rows_search(
    row_start: Any,
    row_site: Any,
    site_start: Any,
    site_row: Any,
    cost: Any,
    chosen: Any,
    margin: float,
    steps: int,
    patience: int,
    seed: int,
) -> Any:
    """Return the cheapest cover met by a search with row weights (Gao, Weise and Li 2015).

    A site leaves, the one that the weighted rows miss least for its cost; then sites that cover a
    random uncovered row enter, and the rows left uncovered weigh more. A site that has left may
    enter again only after something in its neighbourhood has changed (configuration checking).

    Parameters
    ----------
    row_start, row_site, site_start, site_row
        The rows (P,) over sites (J,) as csr, and by site.
    cost : float (J,)
        Cost of each site, above 0.
    chosen : bool (J,)
        A cover to start from.
    margin : float
        How much cheaper a better cover must be.
    steps, patience : int
        Steps in all, and without a better cover, after which the search ends.
    """
    np.random.seed(seed)
    rows, sites = len(row_start) - 1, len(site_start) - 1
    weight = np.ones(rows)
    count = np.zeros(rows, np.int64)
    now, best = chosen.copy(), chosen.copy()
    score = np.zeros(sites)
    stamp = np.zeros(sites, np.int64)
    ready = np.ones(sites, np.bool_)
    open_rows = np.zeros(rows, np.int64)
    place = np.full(rows, -1)
    members = np.zeros(sites, np.int64)
    spot = np.full(sites, -1)
    size, missing, spent = 0, 0, 0.0
    for site in range(sites):
        if now[site]:
            members[size] = site
            spot[site] = size
            size += 1
            spent += cost[site]
            for at in range(site_start[site], site_start[site + 1]):
                count[site_row[at]] += 1
    for site in range(sites):
        for at in range(site_start[site], site_start[site + 1]):
            row = site_row[at]
            if (now[site] and count[row] == 1) or (not now[site] and count[row] == 0):
                score[site] += 1.0
    best_cost, tabu, last = spent, -1, 0
    step = 0
    while step < steps and step - last < patience:
        step += 1
        # a cover: keep it, and go below it
        first = True
        while size > 0 and (missing == 0 or first):
            if missing == 0 and spent < best_cost - 0.5 * margin:
                best[:] = now
                best_cost = spent
                last = step
            first = missing == 0
            leaving = -1
            for number in range(size):
                site = members[number]
                if site == tabu and missing > 0:
                    continue
                if leaving < 0:
                    leaving = site
                    continue
                one, other = score[site] * cost[leaving], score[leaving] * cost[site]
                if one < other or (one == other and stamp[site] < stamp[leaving]):
                    leaving = site
            if leaving < 0:
                break
            spent -= cost[leaving]
            now[leaving] = False
            size -= 1
            members[spot[leaving]] = members[size]
            spot[members[size]] = spot[leaving]
            spot[leaving] = -1
            stamp[leaving] = step
            ready[leaving] = False
            for at in range(site_start[leaving], site_start[leaving + 1]):
                row = site_row[at]
                count[row] -= 1
                if count[row] == 0:
                    open_rows[missing] = row
                    place[row] = missing
                    missing += 1
                for next_ in range(row_start[row], row_start[row + 1]):
                    site = row_site[next_]
                    if site == leaving:
                        continue
                    ready[site] = True
                    if count[row] == 0 or (count[row] == 1 and now[site]):
                        score[site] += weight[row]
        while missing > 0:
            row = open_rows[np.random.randint(missing)]
            entering, barred = -1, True
            for at in range(row_start[row], row_start[row + 1]):
                site = row_site[at]
                # where every site of the row has just left, the best of them comes back
                if barred and ready[site]:
                    entering, barred = site, False
                    continue
                if not barred and not ready[site]:
                    continue
                if entering < 0:
                    entering = site
                    continue
                one, other = score[site] * cost[entering], score[entering] * cost[site]
                if one > other or (one == other and stamp[site] < stamp[entering]):
                    entering = site
            if entering < 0 or spent + cost[entering] > best_cost - margin + 1e-9 * best_cost:
                break
            spent += cost[entering]
            now[entering] = True
            members[size] = entering
            spot[entering] = size
            size += 1
            stamp[entering] = step
            tabu = entering
            for at in range(site_start[entering], site_start[entering + 1]):
                row = site_row[at]
                count[row] += 1
                if count[row] == 1:
                    missing -= 1
                    moved = open_rows[missing]
                    open_rows[place[row]] = moved
                    place[moved] = place[row]
                    place[row] = -1
                for next_ in range(row_start[row], row_start[row + 1]):
                    site = row_site[next_]
                    if site == entering:
                        continue
                    ready[site] = True
                    if count[row] == 1 or (count[row] == 2 and now[site]):
                        score[site] -= weight[row]
            for number in range(missing):
                row = open_rows[number]
                weight[row] += 1.0
                for at in range(row_start[row], row_start[row + 1]):
                    score[row_site[at]] += 1.0
            if spent + 1e-9 * best_cost >= best_cost - margin:
                break
    return best
