"""Compiled loop of the Lagrangian bound under capacities; import this module only where it is needed."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimization.arrays import FloatArray


@njit(cache=True, nogil=True)
def worths(
    cost: FloatArray,
    weight: FloatArray,
    room: FloatArray,
    multiplier: FloatArray,
    worth: FloatArray,
    taken: FloatArray,
) -> None:
    """Set what each site is worth at these multipliers, and what it takes of every point.

    Site j takes the points of the most negative cost_ij - v_i first, up to its room: a continuous
    knapsack. `cost` and `taken` are (J, I), the rest (I,) or (J,).
    """
    sites, points = cost.shape
    gain = np.empty(points)
    at = np.empty(points, np.int64)
    for j in range(sites):
        count = 0
        for i in range(points):
            taken[j, i] = 0.0
            slack = cost[j, i] - multiplier[i]
            if slack < 0:
                gain[count] = slack
                at[count] = i
                count += 1
        left, total = room[j], 0.0
        for k in np.argsort(gain[:count]):
            i = at[k]
            amount = min(left, weight[i])
            taken[j, i] = amount
            total += amount * gain[k]
            left -= amount
            if left <= 0:
                break
        worth[j] = total
