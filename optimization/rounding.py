"""Mixed-integer rounding: stronger rows over whole units, from rows that hold for all of them.

From  sum_j a_j x_j >= b  with whole x_j >= 0 follows, for every d > 0 and with f the fraction of b/d,

    sum_j (floor(a_j/d) + min(1, frac(a_j/d) / f)) x_j >= ceil(b/d)

(Nemhauser and Wolsey 1990). Units near their upper bounds are counted from there; d is tried among
the coefficients of fractional units (Marchand and Wolsey 2001).
"""

from __future__ import annotations

import numpy as np

from optimization.arrays import FloatArray

LEAST_FRACTION = 1e-3
MOST_DIVISORS = 12


def rounded_rows(
    rows: FloatArray, lower: FloatArray, room: FloatArray, units: FloatArray, least: float
) -> tuple[FloatArray, FloatArray]:
    """Return the rounded rows that `units` break most, at most one of each row.

    Parameters
    ----------
    rows, lower : float (K, M), float (K,)
        Rows over M units that hold for all whole ones.
    room, units : float (M,)
        Upper bounds, and the fractional units.
    least : float
        Least violation, relative to the length of the row.

    Returns
    -------
    rows, lower
        Rows of the same shape, scaled to a length of 1.
    """
    down = units > 0.5 * room
    value = np.where(down, room - units, units)
    signed = np.where(down, -rows, rows)
    right = lower - rows[:, down] @ room[down]
    best, best_rows, best_lower = np.full(len(rows), least), rows.copy(), lower.copy()
    for divisor in _divisors(rows, units, room):
        fit = divisor > 0
        size = np.where(fit, divisor, 1.0)
        share = right / size
        part = share - np.floor(share)
        fit &= (part > LEAST_FRACTION) & (part < 1.0 - LEAST_FRACTION)
        scaled = signed / size[:, None]
        whole = np.floor(scaled + 1e-12)
        slope = whole + np.minimum(1.0, np.maximum(0.0, scaled - whole) / np.where(fit, part, 1.0)[:, None])
        bound = np.ceil(share)
        length = np.linalg.norm(slope, axis=1) + 1e-300
        broken = np.where(fit, (bound - slope @ value) / length, -1.0)
        better = broken > best
        if better.any():
            own = np.where(down, -slope[better], slope[better]) / length[better, None]
            best[better], best_rows[better] = broken[better], own
            best_lower[better] = bound[better] / length[better] + own[:, down] @ room[down]
    chosen = best > least
    return best_rows[chosen], best_lower[chosen] - 1e-9


def _divisors(rows: FloatArray, units: FloatArray, room: FloatArray) -> list[FloatArray]:
    """Return divisors (K,) to try: of every row the coefficients of its most fractional units."""
    fraction = np.minimum(units - np.floor(units), np.ceil(units) - units)
    fraction = np.where(room > 0, fraction, 0.0)
    score = np.where(rows > 0, fraction, 0.0)
    count = min(MOST_DIVISORS, rows.shape[1])
    at = np.argpartition(-score, count - 1, axis=1)[:, :count] if count else np.zeros((len(rows), 0), int)
    chosen = np.take_along_axis(np.where(score > 1e-6, rows, 0.0), at, axis=1)
    return list(chosen.T)
