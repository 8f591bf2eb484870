"""The limits of a problem one by one: what can be left out, tightened or loosened on its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from optimization.arrays import BoolArray, FloatArray, IntArray, row_of_pair, sums
from optimization.instance import FLOOR_TOLERANCE, CoverLimit, Instance
from optimization.problem import LocationProblem

ROW_TOLERANCE = 1e-7


class Part(NamedTuple):
    """One limit that can be left out.

    Attributes
    ----------
    kind : str
        `max_open`, `budget`, `capacity`, `upper` or `lower` (sides of a row), `cover` or `floor`.
    number : int
        Of the row, or of the limit in `Instance.limits`.
    group : int
        Of a cover or floor.
    """

    kind: str
    number: int = 0
    group: int = 0


def parts_of(instance: Instance) -> list[Part]:
    """Return every limit that could bind, in the order in which limits are best given up."""
    room = float((instance.units - instance.fixed).sum())
    price = float(instance.cost @ (instance.units - instance.fixed))
    found = [Part("max_open")] if instance.max_open < room else []
    found += [Part("budget")] if instance.budget < price else []
    found += [Part("capacity")] if instance.capacity is not None and instance.limits[0].floor.any() else []
    least, most = row_range(instance)
    found += [Part("upper", int(row)) for row in np.flatnonzero(instance.upper < most)]
    found += [Part("lower", int(row)) for row in np.flatnonzero(instance.lower > least)]
    for number in [*range(1, len(instance.limits)), 0]:
        floors = np.flatnonzero(instance.limits[number].floor > 0)
        found += [Part("cover" if number else "floor", number, int(group)) for group in floors]
    return found


def row_range(instance: Instance) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most of every row (R,) over all units that fit."""
    up, down = instance.rows.maximum(0.0), instance.rows.minimum(0.0)
    least = up @ instance.fixed + down @ instance.units
    most = up @ instance.units + down @ instance.fixed
    return np.asarray(least, dtype=np.float64), np.asarray(most, dtype=np.float64)


def reachable(instance: Instance, limit: CoverLimit) -> BoolArray:
    """Return the demand points (I,) that some site could cover."""
    pairs, near = instance.near(limit)
    usable = near & (instance.units[pairs.indices] > 0)
    return np.bincount(row_of_pair(pairs)[usable], minlength=pairs.shape[0]) > 0


def hopeless(instance: Instance, part: Part) -> bool:
    """Return whether a part cannot hold even alone: more than the room or the reach allows."""
    least, most = row_range(instance)
    if part.kind in ("lower", "upper"):
        slack = ROW_TOLERANCE * max(1.0, abs(most[part.number]), abs(least[part.number]))
        below = most[part.number] < instance.lower[part.number] - slack
        above = least[part.number] > instance.upper[part.number] + slack
        return bool(below if part.kind == "lower" else above)
    if part.kind in ("floor", "cover"):
        limit = instance.limits[part.number]
        share = _shares(limit, reachable(instance, limit).astype(np.float64))[part.group]
        return bool(share < limit.floor[part.group] - FLOOR_TOLERANCE)
    return False


def _shares(limit: CoverLimit, served: FloatArray) -> FloatArray:
    """Return the share of the weight of every group (G,) that is served; 1 where there is none."""
    total = sums(limit.group, limit.weight, len(limit.floor))
    share = sums(limit.group, limit.weight * served, len(limit.floor)) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, share, 1.0)


def values_of(
    instance: Instance, units: IntArray, assignment: Any, parts: Collection[Part]
) -> dict[Part, float]:
    """Return what each part comes to in a plan: units, cost, row, share; of capacity the overload."""
    actual = instance.rows @ units.astype(np.float64)
    share: dict[int, FloatArray] = {}
    for number in {part.number for part in parts if part.kind in ("floor", "cover")}:
        limit = instance.limits[number]
        pairs, near = instance.near(limit)
        near &= units[pairs.indices] > 0
        present = np.bincount(row_of_pair(pairs)[near], minlength=len(limit.weight)) > 0
        served = np.minimum(np.asarray(assignment.sum(axis=1)).ravel(), 1.0)
        share[number] = _shares(limit, present.astype(np.float64) if number else served)
    values = {
        "max_open": float((units - instance.fixed).sum()),
        "budget": float(instance.cost @ (units - instance.fixed)),
        "capacity": _overload(instance, units, assignment),
    }

    def value(part: Part) -> float:
        if part.kind in ("lower", "upper"):
            return float(actual[part.number])
        return float(share[part.number][part.group]) if part.number in share else values[part.kind]

    return {part: value(part) if part.kind not in values else values[part.kind] for part in parts}


def _overload(instance: Instance, units: IntArray, assignment: Any) -> float:
    if instance.capacity is None:
        return 0.0
    mass = assignment.data * instance.weight[row_of_pair(assignment)]
    load = sums(assignment.indices, mass, len(units))
    return float(np.maximum(0.0, load - instance.capacity * units).max(initial=0.0))


def holds(instance: Instance, part: Part, value: float) -> bool:
    """Return whether a part is kept at this value."""
    asked = asked_of(instance, part)
    if part.kind in ("floor", "cover"):
        return value >= asked - FLOOR_TOLERANCE
    slack = ROW_TOLERANCE * max(1.0, abs(asked))
    return value >= asked - slack if part.kind == "lower" else value <= asked + slack


def asked_of(instance: Instance, part: Part) -> float:
    """Return the limit itself; of capacity 0, the overload that is allowed."""
    if part.kind in ("floor", "cover"):
        return float(instance.limits[part.number].floor[part.group])
    sides = {"lower": instance.lower, "upper": instance.upper}
    if part.kind in sides:
        return float(sides[part.kind][part.number])
    return {"max_open": instance.max_open, "budget": instance.budget, "capacity": 0.0}[part.kind]


def restricted(
    problem: LocationProblem,
    kept: Collection[Part],
    changed: Mapping[Part, Any] | None = None,
    points: Mapping[Part, BoolArray] | None = None,
) -> LocationProblem:
    """Return the problem with only some of its limits.

    Parameters
    ----------
    problem : LocationProblem
        With all its limits.
    kept : collection of Part
        Those that stay.
    changed : mapping of Part to a value
        Limits that stay at another value: a number, or capacities (J,).
    points : mapping of Part to bool array (I,)
        Floors and covers that ask only for these demand points.
    """
    instance, new = problem.instance, {} if changed is None else changed
    keeps = {*kept, *new}

    def side(kind: str, otherwise: float) -> FloatArray:
        rows = (Part(kind, row) for row in range(len(instance.lower)))
        asked = (new.get(part, asked_of(instance, part)) if part in keeps else otherwise for part in rows)
        return np.fromiter(asked, dtype=np.float64, count=len(instance.lower))

    def single(kind: str) -> Any:
        part = Part(kind)
        return new.get(part, getattr(problem, kind)) if part in keeps else None

    served = _floors(instance.limits[0], 0, keeps, new, points or {})
    covers = []
    for number, cover in enumerate(problem.covers, start=1):
        floors = _floors(instance.limits[number], number, keeps, new, points or {})
        if np.any(floors["floor"]):
            covers.append(replace(cover, **floors))
    return replace(
        problem,
        capacity=single("capacity"),
        max_open=single("max_open"),
        budget=single("budget"),
        row_lower=side("lower", -np.inf),
        row_upper=side("upper", np.inf),
        demand_group=served["group"],
        coverage_floor=served["floor"],
        floor_weight=None,
        covers=tuple(covers),
    )


def _floors(
    limit: CoverLimit,
    number: int,
    keeps: Collection[Part],
    changed: Mapping[Part, Any],
    points: Mapping[Part, BoolArray],
) -> dict[str, Any]:
    """Return groups and floors of a limit; demand points that are left out form a last group."""
    floor, group = limit.floor.copy(), limit.group.copy()
    for number_in_limit in range(len(limit.floor)):
        part = Part("cover" if number else "floor", number, number_in_limit)
        floor[number_in_limit] = changed.get(part, limit.floor[number_in_limit]) if part in keeps else 0.0
        if part in points:
            group[(group == number_in_limit) & ~points[part]] = len(limit.floor)
    if group.max(initial=0) == len(limit.floor):
        floor = np.append(floor, 0.0)
    # one floor in total stays one number, which more methods know
    single = len(floor) == 1 and not limit.grouped
    result: dict[str, Any] = {
        "floor": float(floor[0]) if single else floor,
        "group": None if single else group,
    }
    return result if not number else result | {"shortage_weight": 1.0}


def counted(problem: LocationProblem) -> LocationProblem:
    """Return the problem with every opening cost 1, so that `cost` counts units; a budget becomes a row."""
    instance = problem.instance
    sites = len(instance.fixed)
    rows, lower, upper = [instance.rows], [instance.lower], [instance.upper]
    if np.isfinite(instance.budget):
        rows.append(sparse.csr_array(instance.cost[None, :]))
        lower.append(np.array([-np.inf]))
        upper.append(np.array([instance.budget + float(instance.cost @ instance.fixed)]))
    return replace(
        problem,
        opening_cost=np.ones(sites),
        budget=None,
        rows=sparse.csr_array(sparse.vstack(rows)),
        row_lower=np.concatenate(lower),
        row_upper=np.concatenate(upper),
        row_names=None,
        row_weight=None,
    )
