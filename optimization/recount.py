"""Count every plan again, from the problem alone, before it is handed out.

Nothing here uses the models or the merged coverings: a mistake there shows as a difference here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import Csr, FloatArray, IntArray, row_of_pair, sums
from optimization.instance import FLOOR_TOLERANCE, CoverLimit, Instance
from optimization.problem import Objective

ROW_TOLERANCE = 1e-6


class RecountError(RuntimeError):
    """A plan does not keep its own limits: a mistake in this package, never of the data."""


@dataclass(frozen=True, slots=True)
class Recount:
    """What a plan is worth: every objective's value, weight covered and shortages by name."""

    values: dict[Objective, float]
    covered: float
    shortage: dict[str, float]


def recount(
    instance: Instance, units: IntArray, assignment: Csr, *, elastic: bool, serve_all: bool
) -> Recount:
    """Return the values of a plan; raises RecountError naming the first limit it breaks."""
    _check_units(instance, units)
    served = _check_assignment(instance, units, assignment)
    if serve_all and (served < 1 - 1e-6).any():
        raise RecountError(f"demand point {int(np.argmin(served))} is not served in full.")
    rows, row_price = _rows(instance, units, elastic=elastic)
    floors, floor_price = _floors(instance, units, served, elastic=elastic)
    cost = float(instance.cost @ (units - instance.fixed))
    distance, farthest = _distances(instance, assignment, served)
    values = {
        Objective.COST: cost,
        Objective.COVERAGE: float(instance.weight @ served),
        Objective.DISTANCE: distance,
        Objective.FARTHEST: farthest,
        Objective.TOTAL: cost + distance,
        Objective.SHORTAGE: row_price + floor_price,
    }
    return Recount(values, values[Objective.COVERAGE], rows | floors)


def _check_units(instance: Instance, units: IntArray) -> None:
    if (units < instance.fixed).any() or (units > instance.units).any():
        raise RecountError("a site holds fewer units than exist there, or more than fit.")
    opened = int((units - instance.fixed).sum())
    if opened > instance.max_open + 1e-9:
        raise RecountError(f"{opened} units are opened, more than max_open {instance.max_open:g}.")
    cost = float(instance.cost @ (units - instance.fixed))
    if cost > instance.budget + ROW_TOLERANCE * max(1.0, instance.budget):
        raise RecountError(f"opening costs {cost:g}, more than the budget {instance.budget:g}.")


def _check_assignment(instance: Instance, units: IntArray, assignment: Csr) -> FloatArray:
    """Return the share of every point that is served, after checking each share's right to be."""
    point, site = row_of_pair(assignment), assignment.indices
    _distance_of(instance.reach, point, site)
    if (units[site] == 0).any():
        raise RecountError("a demand point is served at a site that is not open.")
    served = sums(point, assignment.data, len(instance.weight))
    if (served > 1 + 1e-6).any():
        raise RecountError(f"demand point {int(np.argmax(served))} is served more than once.")
    if instance.capacity is not None:
        load = sums(site, assignment.data * instance.weight[point], len(units))
        size = instance.capacity * units
        if (load > size + ROW_TOLERANCE * np.maximum(1e-3 * instance.weight.sum(), size)).any():
            raise RecountError(f"site {int(np.argmax(load - size))} serves more than its capacity.")
    return np.minimum(served, 1.0)


def _distance_of(reach: Csr, point: IntArray, site: IntArray) -> FloatArray:
    """Return the stored distance of each pair; raises where a pair is not stored."""
    low, high = reach.indptr[point].astype(np.int64), reach.indptr[point + 1].astype(np.int64)
    end = high
    while (low < high).any():  # halves each row's sorted sites: no list of all stored pairs
        middle = (low + high) // 2
        below = (low < high) & (reach.indices[np.minimum(middle, reach.nnz - 1)] < site)
        low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
    at = np.minimum(low, max(reach.nnz - 1, 0))
    if (low >= end).any() or (len(at) and (reach.indices[at] != site).any()):
        raise RecountError("a demand point is served over a pair that is not stored.")
    return np.asarray(reach.data[at], dtype=np.float64)


def _distances(instance: Instance, assignment: Csr, served: FloatArray) -> tuple[float, float]:
    far = _distance_of(instance.reach, row_of_pair(assignment), assignment.indices)
    mass = assignment.data * instance.weight[row_of_pair(assignment)]
    left = np.where(served < 1 - 1e-6, 1.0 - served, 0.0)
    beyond = np.nan if instance.beyond is None else instance.beyond
    missing = float(instance.weight @ left)
    distance = float(mass @ far) + (beyond * missing if missing > 0 else 0.0)
    farthest = float(far.max(initial=0.0))
    return distance, max(farthest, beyond) if left.any() else farthest


def _rows(instance: Instance, units: IntArray, *, elastic: bool) -> tuple[dict[str, float], float]:
    """Return what each row is short of, and the weighted relative sum over elastic rows."""
    actual = instance.rows @ units.astype(np.float64)
    slack = ROW_TOLERANCE * np.maximum(1.0, abs(instance.rows) @ units)
    if (actual > instance.upper + slack).any():
        raise RecountError(
            f"row {instance.row_names[int(np.argmax(actual - instance.upper))]} is over its limit."
        )
    short, price = {}, 0.0
    for row in np.flatnonzero(actual < instance.lower - 1e-9 * np.maximum(1.0, abs(instance.lower))).tolist():
        missing = float(instance.lower[row] - actual[row])
        if not (elastic and instance.lower[row] > 0):
            if missing > slack[row]:
                raise RecountError(f"row {instance.row_names[row]} is short by {missing:g}.")
            continue
        short[instance.row_names[row]] = missing
        price += float(instance.row_weight[row]) * missing / float(instance.lower[row])
    return short, price


def _floors(
    instance: Instance, units: IntArray, served: FloatArray, *, elastic: bool
) -> tuple[dict[str, float], float]:
    """Return the share each floor is short of, and the weighted relative sum."""
    short: dict[str, float] = {}
    price = 0.0
    for number, limit in enumerate(instance.limits):
        reached = served if number == 0 else _present(instance, limit, units)
        total = sums(limit.group, limit.weight, len(limit.floor))
        share = sums(limit.group, limit.weight * reached, len(limit.floor)) / np.where(total > 0, total, 1.0)
        missing = np.where(total > 0, limit.floor - share, 0.0)
        tolerance = FLOOR_TOLERANCE + (1e-7 if number == 0 and instance.capacity is not None else 1e-12)
        for group in np.flatnonzero(missing > tolerance).tolist():
            if not elastic:
                raise RecountError(f"{limit.label(group)} is short by {missing[group]:g} of its weight.")
            short[limit.label(group)] = float(missing[group])
            price += float(limit.shortage_weight[group] * missing[group] / limit.floor[group])
    return short, price


def _present(instance: Instance, limit: CoverLimit, units: IntArray) -> FloatArray:
    reach = instance.reach if limit.reach is None else limit.reach
    near = np.flatnonzero(
        limit.sites[reach.indices] & (units[reach.indices] > 0) & (reach.data <= limit.within)
    )
    present = np.zeros(len(instance.weight))
    present[np.searchsorted(reach.indptr, near, side="right") - 1] = 1.0
    return present
