"""The slow and obvious answer: every combination of units, every assignment by linear program."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from scipy import optimize

from optimization import LocationProblem

TOLERANCE = 1e-9


def distances(problem: LocationProblem, own: Any = None) -> np.ndarray:
    """Dense distances (a cover's own, if given), infinity where no pair is stored (stored zeros kept)."""
    dense = np.full(problem.reach.shape, np.inf)
    coo = (problem.reach if own is None else own).tocoo()
    dense[coo.row, coo.col] = coo.data
    return dense


def candidates(problem: LocationProblem) -> Any:
    sites = problem.reach.shape[1]
    fixed = np.zeros(sites, int) if problem.fixed_open is None else np.asarray(problem.fixed_open, int)
    units = np.maximum(1, fixed) if problem.max_units is None else np.asarray(problem.max_units, int)
    for y in product(*(range(low, high + 1) for low, high in zip(fixed, units, strict=True))):
        yield np.array(y), fixed


def groups_of(problem: LocationProblem, group: Any, floor: Any, weight: Any) -> Any:
    if floor is None:
        return []
    if np.ndim(floor) == 0 and group is None:
        return [(float(floor), np.ones(len(weight), bool))]
    floors = np.full(int(np.max(group)) + 1, float(floor)) if np.ndim(floor) == 0 else np.asarray(floor)
    return [(float(f), np.asarray(group) == g) for g, f in enumerate(floors)]


def evaluate(problem: LocationProblem, y: Any, fixed: Any, objectives: Any) -> Any:
    """Lexicographic values of the best assignment for these units, or None if a limit breaks."""
    weight, far = np.asarray(problem.weight, float), distances(problem)
    sites = far.shape[1]
    cost = np.ones(sites) if problem.opening_cost is None else np.asarray(problem.opening_cost, float)
    opening = float(cost @ (y - fixed))
    elastic = "shortage" in objectives
    if problem.max_open is not None and (y - fixed).sum() > problem.max_open:
        return None
    if problem.budget is not None and opening > problem.budget + 1e-9:
        return None
    price = 0.0
    if problem.rows is not None:
        actual = problem.rows.toarray() @ y
        lower = np.full(len(actual), -np.inf) if problem.row_lower is None else np.asarray(problem.row_lower)
        upper = np.full(len(actual), np.inf) if problem.row_upper is None else np.asarray(problem.row_upper)
        if (actual > upper + 1e-9).any():
            return None
        mass = np.ones(len(actual)) if problem.row_weight is None else np.asarray(problem.row_weight)
        for a, low, m in zip(actual, lower, mass, strict=True):
            if a < low - 1e-9:
                if not (elastic and low > 0):
                    return None
                price += m * (low - a) / low
    for cover in problem.covers:
        near = (distances(problem, cover.reach) <= cover.within) & (y > 0)
        if cover.sites is not None:
            near = near & np.asarray(cover.sites, bool)
        has, own = near.any(axis=1), weight if cover.weight is None else np.asarray(cover.weight, float)
        for floor, members in groups_of(problem, cover.group, cover.floor, own):
            total = own[members].sum()
            share = own[members & has].sum() / total if total > 0 else 1.0
            if share < floor - TOLERANCE:
                if not elastic:
                    return None
                price += cover.shortage_weight * (floor - share) / floor
    everyone = problem.beyond is None and bool({"distance", "total", "farthest"} & set(objectives))
    return service(problem, y, opening, price, objectives, everyone, elastic)


def service(
    problem: LocationProblem,
    y: Any,
    opening: float,
    price: float,
    objectives: Any,
    everyone: bool,
    elastic: bool,
) -> Any:
    weight, far = np.asarray(problem.weight, float), distances(problem)
    usable = np.isfinite(far) & (y > 0)
    group = None if np.ndim(problem.coverage_floor) == 0 else problem.demand_group
    floors = groups_of(problem, group, problem.coverage_floor, weight)
    if problem.capacity is not None:
        return flow(problem, y, opening, price, objectives, everyone, elastic, usable, far, floors)
    has = usable.any(axis=1)
    if everyone and not has.all():
        return None
    for floor, members in floors:
        total = weight[members].sum()
        share = weight[members & has].sum() / total if total > 0 else 1.0
        if share < floor - TOLERANCE:
            if not elastic:
                return None
            price += (floor - share) / floor
    least = np.where(usable, far, np.inf).min(axis=1, initial=np.inf)
    if problem.beyond is not None:
        least = np.where(has, least, problem.beyond)
    distance = float(sum(w * d for w, d in zip(weight, least, strict=True) if w > 0))
    values = {
        "cost": opening,
        "coverage": float(weight[has].sum()),
        "distance": distance,
        "farthest": float(least.max(initial=0.0)),
        "total": opening + distance,
        "shortage": price,
    }
    return tuple(-values[name] if name == "coverage" else values[name] for name in objectives)


def flow(
    problem: LocationProblem,
    y: Any,
    opening: float,
    price: float,
    objectives: Any,
    everyone: bool,
    elastic: bool,
    usable: Any,
    far: Any,
    floors: Any,
) -> Any:
    """Capacity: a small lexicographic program over shares and relative shortages of the floors."""
    weight = np.asarray(problem.weight, float)
    points, sites = far.shape
    pairs = [(i, j) for i in range(points) for j in range(sites) if usable[i, j]]
    n, g = len(pairs), len(floors)
    beyond = 0.0 if problem.beyond is None else problem.beyond
    rows, low, high = [], [], []

    def add(coefficients: Any, lower: Any, upper: Any) -> None:
        rows.append(coefficients)
        low.append(lower)
        high.append(upper)

    for i in range(points):
        add([float(p[0] == i) for p in pairs] + [0.0] * g, 1.0 if everyone else 0.0, 1.0)
    for j in range(sites):
        add([weight[i] * (k == j) for i, k in pairs] + [0.0] * g, 0.0, float(problem.capacity[j] * y[j]))
    for number, (floor, members) in enumerate(floors):
        total = weight[members].sum()
        short = [floor * total if s == number else 0.0 for s in range(g)]
        add([weight[i] * members[i] for i, _ in pairs] + short, (floor - TOLERANCE) * total, np.inf)
    bounds = optimize.Bounds([0.0] * (n + g), [1.0] * n + [1.0 if elastic else 0.0] * g)
    whole = np.array([int(problem.single_source)] * n + [0] * g)
    vectors = {
        "coverage": ([-weight[i] for i, _ in pairs] + [0.0] * g, 0.0),
        "distance": ([weight[i] * (far[i, j] - beyond) for i, j in pairs] + [0.0] * g, beyond * weight.sum()),
        "shortage": ([0.0] * n + [1.0] * g, price),
        "cost": ([0.0] * (n + g), opening),
    }
    vectors["total"] = (vectors["distance"][0], vectors["distance"][1] + opening)
    values = []
    if n + g == 0:
        if (np.array(low) > 1e-12).any():
            return None
        return tuple(vectors[name][1] for name in objectives)
    for name in objectives:
        vector, constant = vectors[name]
        answer = optimize.milp(
            vector,
            integrality=whole,
            bounds=bounds,
            constraints=optimize.LinearConstraint(np.array(rows), low, high),
        )
        if answer.x is None:
            return None
        values.append(answer.fun + constant)
        add(vector, -np.inf, answer.fun + 1e-9)
    return tuple(values)


def best(problem: LocationProblem, objectives: Any) -> tuple[float, ...] | None:
    """The lexicographically best values over all units, natural sense; None if there is no plan."""
    found = [evaluate(problem, y, fixed, objectives) for y, fixed in candidates(problem)]
    found = [values for values in found if values is not None]
    if not found:
        return None
    for k in range(len(objectives)):
        least = min(values[k] for values in found)
        found = [values for values in found if values[k] <= least + 1e-7 * max(1.0, abs(least))]
    return tuple(-v if name == "coverage" else v for name, v in zip(objectives, found[0], strict=True))
