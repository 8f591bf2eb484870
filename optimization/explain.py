"""Why a problem has no plan: which limits cannot be met together, by how much, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from optimization.arrays import IntArray
from optimization.frontier import with_maximum
from optimization.instance import FLOOR_TOLERANCE, CoverLimit
from optimization.problem import LocationProblem, SolverOptions
from optimization.result import Conflict, Outcome, Plan
from optimization.solve import solve

TEMPLATES = {
    "row": "{name} needs {required} units, but only {attainable} can be had together with the other limits.",
    "floor": "{name} asks for {required} of the weight, but only {attainable} can be served.",
    "cover": "{name} asks for {required} of the weight, but only {attainable} can have an outlet near.",
    "point": "Demand point {name} has no site it could be served from, and its weight counts.",
    "max_open": "At most {attainable} outlets may be opened, but {required} are needed.",
    "budget": "The budget is {attainable}, but {required} is needed.",
    "limits": "{name} cannot be kept together with the other limits.",
}
REPAIRS = {
    "lower": "Lower the requirement to {attainable}.",
    "room": "Allow {shortage} more units at its sites.",
    "site": "Add a site within reach of demand points {points}.",
    "near": "Add a site near this demand point, or widen the reach.",
    "max_open": "Raise max_open to {required}.",
    "budget": "Raise the budget to {required}.",
    "drop": "Relax or drop it.",
}
UNITS = {
    "row": "units",
    "floor": "share",
    "cover": "share",
    "point": "weight",
    "max_open": "outlets",
    "budget": "cost",
}
LISTED_POINTS = 10


def explain(problem: LocationProblem) -> list[Conflict]:
    """Return the limits that cannot be met together; an empty list if the problem has a plan.

    The total relative shortage of rows and floors is made as small as possible, and what is then
    short is listed with what can be had. Where raising `max_open`, `budget` or both would resolve
    all of it, that is listed first, each with the least it must be. Every demand point without a
    usable pair that a floor needs is named. Conflicts among the hard limits themselves (upper
    sides, rows with a lower side of 0 or less, `max_open`, `budget`) are found by taking them up
    again one by one.

    Parameters
    ----------
    problem : LocationProblem
        Judged by its rows, floors, covers and maxima; not by objectives that serve everyone.

    Returns
    -------
    list of Conflict
        Each with a sentence in English, and its template with values for translation.
    """
    options = SolverOptions()
    plan = solve(problem, ("shortage",), options)
    if plan.outcome is Outcome.INFEASIBLE:
        return _hard_conflicts(problem, options)
    if not plan.shortage:
        return []
    return [*_maxima(problem, options), *_points(problem, plan), *_shortages(problem, plan)]


def _maxima(problem: LocationProblem, options: SolverOptions) -> Iterator[Conflict]:
    """Say what `max_open` or `budget` would have to be, where that alone resolves everything."""
    for kind, prices in (("max_open", np.ones(problem.reach.shape[1])), ("budget", problem.opening_cost)):
        limit = getattr(problem, kind)
        if limit is None:
            continue
        # without either maximum: with prices of 1 a budget would count units
        free = replace(problem, max_open=None, budget=None, opening_cost=prices)
        plan = solve(free, ("cost",), options)
        if plan.objective is not None and plan.objective > limit:
            yield conflict(kind, kind, plan.objective, float(limit), kind)


def _points(problem: LocationProblem, plan: Plan) -> Iterator[Conflict]:
    instance = problem.instance
    named: set[int] = set()
    for limit in instance.limits:
        for group in range(len(limit.floor)):
            if limit.label(group) in plan.shortage:
                named |= set(out_of_reach(problem, limit, group).tolist())
    for point in sorted(named):
        weight = float(instance.weight[point])
        yield conflict("point", str(point), weight, 0.0, "near")


def out_of_reach(problem: LocationProblem, limit: CoverLimit, group: int) -> IntArray:
    """Return the points of a group that no site could ever cover, if its floor needs some of them."""
    instance = problem.instance
    reach = instance.reach
    usable = limit.sites[reach.indices] & (reach.data <= limit.within) & (instance.units[reach.indices] > 0)
    point = np.repeat(np.arange(reach.shape[0]), np.diff(reach.indptr))
    reachable = np.bincount(point[usable], minlength=reach.shape[0]) > 0
    members = (limit.group == group) & (limit.weight > 0)
    total = float(limit.weight[members].sum())
    if float(limit.weight[members & reachable].sum()) >= (limit.floor[group] - FLOOR_TOLERANCE) * total:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(members & ~reachable)


def _shortages(problem: LocationProblem, plan: Plan) -> Iterator[Conflict]:
    instance = problem.instance
    for row, name in enumerate(instance.row_names):
        if name in plan.shortage:
            required = float(instance.lower[row])
            most = float((instance.rows[[row]].maximum(0.0) @ instance.units)[0])
            repair = "room" if most < required else "lower"
            yield conflict("row", name, required, required - plan.shortage[name], repair)
    for number, limit in enumerate(instance.limits):
        for group in range(len(limit.floor)):
            name = limit.label(group)
            if name not in plan.shortage:
                continue
            required = float(limit.floor[group])
            missing = out_of_reach(problem, limit, group)
            shown = ", ".join(map(str, missing[:LISTED_POINTS])) + (
                " …" if len(missing) > LISTED_POINTS else ""
            )
            repair = "site" if len(missing) else "lower"
            kind = "cover" if number else "floor"
            yield conflict(kind, name, required, required - plan.shortage[name], repair, points=shown)


def _hard_conflicts(problem: LocationProblem, options: SolverOptions) -> list[Conflict]:
    """Take up the hard limits one by one; each that leaves no plan is named and left out again."""
    instance = problem.instance
    soft = instance.lower > 0
    lower, upper = np.where(soft, instance.lower, -np.inf), np.full(len(instance.upper), np.inf)
    relaxed = replace(problem, row_lower=lower, row_upper=upper, max_open=None, budget=None)
    found: list[Conflict] = []
    for row, name in enumerate(instance.row_names):
        if np.isinf(instance.upper[row]) and (soft[row] or np.isinf(instance.lower[row])):
            continue
        lower[row], upper[row] = instance.lower[row], instance.upper[row]
        trial = replace(relaxed, row_lower=lower.copy(), row_upper=upper.copy())
        if solve(trial, ("shortage",), options).outcome is Outcome.INFEASIBLE:
            found.append(conflict("limits", name, float("nan"), float("nan"), "drop"))
            lower[row], upper[row] = (instance.lower[row] if soft[row] else -np.inf), np.inf
        else:
            relaxed = trial
    return found + _hard_maxima(problem, relaxed, options)


def _hard_maxima(
    problem: LocationProblem, relaxed: LocationProblem, options: SolverOptions
) -> list[Conflict]:
    found: list[Conflict] = []
    for kind in ("max_open", "budget"):
        limit = getattr(problem, kind)
        if limit is None:
            continue
        prices = np.ones(problem.reach.shape[1]) if kind == "max_open" else problem.opening_cost
        plan = solve(replace(relaxed, opening_cost=prices), ("shortage", "cost"), options)
        needed = plan.objectives[1].value if len(plan.objectives) > 1 else np.inf
        trial = with_maximum(relaxed, kind, limit)
        if solve(trial, ("shortage",), options).outcome is Outcome.INFEASIBLE:
            found.append(conflict(kind, kind, needed, float(limit), kind))
        else:
            relaxed = trial
    return found


def conflict(kind: str, name: str, required: float, attainable: float, repair: str, **extra: str) -> Conflict:
    """Return a conflict with its sentence: what is wrong, then the repair."""
    shortage = required - attainable
    numbers = {"required": required, "attainable": attainable, "shortage": shortage}
    show = percent if UNITS.get(kind) == "share" else plain_number
    values: dict[str, float | str] = {
        "name": name,
        **{key: show(value) for key, value in numbers.items()},
        **extra,
    }
    template = f"{TEMPLATES[kind]} {REPAIRS[repair]}"
    return Conflict(
        kind=kind,
        name=name,
        required=required,
        attainable=attainable,
        shortage=shortage,
        unit=UNITS.get(kind, ""),
        repair=REPAIRS[repair].format(**values),
        sentence=template.format(**values),
        template=template,
        values=values,
    )


def percent(share: float) -> str:
    """Return a share as a percentage, rounded down so that 79.99 % never reads as 80 %."""
    return f"{np.floor(share * 1000 + 1e-6) / 10:g} %"


def plain_number(value: float) -> str:
    """Return a number without needless digits."""
    return f"{round(value, 3):g}" if abs(value) < 1e6 else f"{value:.0f}"
