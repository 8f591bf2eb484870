"""How far a limit would have to give way, so that the others can be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, sparse

from optimization.arrays import FloatArray, IntArray, keep_pairs, row_of_pair, sums
from optimization.conflicts import Oracle
from optimization.parts import Part, asked_of, counted, restricted, row_range, values_of
from optimization.problem import LocationProblem
from optimization.result import Outcome, Plan

SHARE_STEP = 1e-3
RELATIVE_STEP = 1e-4
EXACT = 1e-6


class Repair(NamedTuple):
    """The value to which a limit must give way: a number, or capacities (J,); and whether it is the least."""

    value: Any
    proven: bool


def least_repair(
    oracle: Oracle, part: Part, kept: Sequence[Part], changed: Mapping[Part, Any] | None = None
) -> Repair | None:
    """Return the value nearest to what is asked at which `part` can be kept with the others.

    Parameters
    ----------
    oracle : Oracle
        Of the problem.
    part : Part
        The limit that gives way.
    kept : sequence of Part
        The others.
    changed : mapping of Part to a value
        Others that have given way before.

    Returns
    -------
    Repair or None
        None if the others cannot be kept together, or time is out.
    """
    relaxed = restricted(oracle.problem, [one for one in kept if one != part], changed)
    if part.kind == "max_open":
        return _least_cost(oracle, counted(relaxed))
    if part.kind == "budget":
        return _least_cost(oracle, relaxed)
    if (alone := served_alone(relaxed, oracle.problem, part)) is not None:
        return _most_served(oracle, alone)
    start = oracle.plan(relaxed)
    if start.open is None:
        return None
    if part.kind == "capacity":
        return _enlarged(oracle, kept, changed or {}, start)
    return _nearest(oracle, part, kept, changed or {}, start)


def served_alone(relaxed: LocationProblem, problem: LocationProblem, part: Part) -> LocationProblem | None:
    """Return a problem whose coverage is what a floor asks for, where no other floor needs the reach.

    Parameters
    ----------
    relaxed : LocationProblem
        Without the floor.
    problem : LocationProblem
        With it.
    part : Part
        The floor or a cover's.
    """
    if part.kind not in ("floor", "cover"):
        return None
    instance, limit = problem.instance, problem.instance.limits[part.number]
    others = any(one.floor.any() for one in relaxed.instance.limits)
    members = limit.group == part.group
    if part.kind == "floor" and members.all():
        return relaxed if not relaxed.instance.limits[0].floor.any() else None
    if others or relaxed.capacity is not None:
        return None
    # no price for what is left: a cover's own distances are of another kind than `beyond`
    reach = keep_pairs(*instance.near(limit))
    weight = np.where(members, limit.weight, 0.0)
    return replace(relaxed, weight=weight, reach=reach, covers=(), beyond=None)


def _most_served(oracle: Oracle, problem: LocationProblem) -> Repair | None:
    plan = oracle.plan(problem, ("coverage",), SHARE_STEP)
    total = float(problem.instance.weight.sum())
    if plan.covered is None or total <= 0:
        return None
    return Repair(plan.covered / total, plan.outcome is Outcome.OPTIMAL)


def _least_cost(oracle: Oracle, problem: LocationProblem) -> Repair | None:
    plan = oracle.plan(problem, gap=EXACT)
    if plan.objective is None or plan.bound is None:
        return None
    return Repair(plan.objective, plan.objective - plan.bound <= 10 * EXACT * max(1.0, plan.objective))


def _nearest(
    oracle: Oracle, part: Part, kept: Sequence[Part], changed: Mapping[Part, Any], start: Plan
) -> Repair:
    """Halve the way between what a plan reaches and what is asked; the answer is what a plan reaches."""
    instance = oracle.problem.instance
    sign = -1.0 if part.kind == "upper" else 1.0
    whole = part.kind in ("lower", "upper") and _whole_row(instance.rows[[part.number]].data)
    step = _step(part, asked_of(instance, part), whole=whole)
    reached = _reached(oracle, part, start)
    asked = _hopeful(oracle, part)
    proven = True
    while sign * (asked - reached) > step * (1 + 1e-6):
        middle = (reached + asked) / 2
        middle = (math.ceil if sign > 0 else math.floor)(middle) if whole else middle
        trial = oracle.plan(restricted(oracle.problem, kept, {**changed, part: middle}))
        if trial.open is None:
            proven &= trial.outcome is Outcome.INFEASIBLE
            asked = middle if not whole else middle - sign
            if whole and sign * (asked - reached) <= 0:
                break
            continue
        better = _reached(oracle, part, trial)
        reached = max(better, middle) if sign > 0 else min(better, middle)
    return Repair(reached, proven)


def _whole_row(coefficients: FloatArray) -> bool:
    return bool(np.all(coefficients == np.round(coefficients)))


def _step(part: Part, asked: float, *, whole: bool) -> float:
    if whole:
        return 0.5
    return SHARE_STEP if part.kind in ("floor", "cover") else RELATIVE_STEP * max(1.0, abs(asked))


def _reached(oracle: Oracle, part: Part, plan: Plan) -> float:
    assert plan.open is not None
    return values_of(oracle.problem.instance, plan.open, plan.assignment, [part])[part]


def _hopeful(oracle: Oracle, part: Part) -> float:
    """Return what is asked, as far as the room of a row allows it."""
    instance = oracle.problem.instance
    asked = asked_of(instance, part)
    least, most = row_range(instance)
    if part.kind == "lower":
        return min(asked, float(most[part.number]))
    return max(asked, float(least[part.number])) if part.kind == "upper" else asked


def _enlarged(
    oracle: Oracle, kept: Sequence[Part], changed: Mapping[Part, Any], start: Plan
) -> Repair | None:
    """Return capacities that suffice: as little more in all as the best units found allow.

    All capacities grow alike by the least factor that leaves a plan (found by halving); for its
    units, the least sum of enlargements that serves what the floors ask is a linear program. With a
    single source it is what that plan's own assignment needs, not proven the least.
    """
    instance = oracle.problem.instance
    assert instance.capacity is not None
    assert start.open is not None
    part, low, high, plan = Part("capacity"), 1.0, 2.0, start
    while high / low > 1.01 and oracle.clock.left > 0:
        middle = high if plan is start else (low + high) / 2
        trial = oracle.plan(restricted(oracle.problem, kept, {**changed, part: instance.capacity * middle}))
        if trial.open is not None:
            high, plan = middle, trial
        else:
            low, high = middle, 2 * high if plan is start else high
        if high > 1e6:
            break
    if oracle.problem.single_source:
        return Repair(instance.capacity + carried(oracle.problem, plan), False)
    floors = restricted(oracle.problem, kept, changed).instance.limits[0]
    extra = least_extra(oracle.problem, plan.open if plan.open is not None else start.open, floors)
    return None if extra is None else Repair(instance.capacity + extra, False)


def carried(problem: LocationProblem, plan: Plan) -> FloatArray:
    """Return the enlargement of one unit's capacity (J,) that a plan's own assignment needs."""
    instance = problem.instance
    assert instance.capacity is not None
    assert plan.open is not None
    served: Any = plan.assignment
    load = sums(served.indices, served.data * instance.weight[row_of_pair(served)], len(plan.open))
    return np.maximum(0.0, load / np.maximum(plan.open, 1) - instance.capacity)


def least_extra(problem: LocationProblem, units: IntArray, floors: Any) -> FloatArray | None:
    """Return the least enlargement of one unit's capacity (J,) with which these units meet the floors."""
    instance = problem.instance
    assert instance.capacity is not None
    point, site = row_of_pair(instance.reach), instance.reach.indices
    use = units[site] > 0
    point, site = point[use], site[use]
    pairs, sites, points = len(point), len(units), len(instance.weight)
    number = np.arange(pairs)
    flow = sparse.csr_array((np.ones(pairs), (point, number)), shape=(points, pairs))
    load = sparse.csr_array((instance.weight[point], (site, number)), shape=(sites, pairs))
    group = floors.group[point]
    mass = sparse.csr_array((instance.weight[point], (group, number)), shape=(len(floors.floor), pairs))
    total = sums(floors.group, instance.weight, len(floors.floor))
    none, free = sparse.csr_array((points, sites)), sparse.csr_array((len(floors.floor), sites))
    matrix = sparse.vstack(
        [
            sparse.hstack([flow, none]),
            sparse.hstack([load, -sparse.eye_array(sites)]),
            sparse.hstack([-mass, free]),
        ],
        format="csr",
    )
    limits = np.concatenate([np.ones(points), instance.capacity * units, -floors.floor * total])
    answer = optimize.linprog(
        np.concatenate([np.zeros(pairs), np.ones(sites)]), A_ub=matrix, b_ub=limits, method="highs"
    )
    if answer.x is None:
        return None
    extra = np.asarray(answer.x[pairs:] / np.maximum(units, 1), dtype=np.float64)
    # a hair more than the program's own tolerance, so that the repaired problem has a plan
    return np.where(extra > 1e-7, extra * (1 + 1e-6) + 1e-6, 0.0)
