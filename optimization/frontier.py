"""What a rule costs: the best answer for every value of a limit, and what one step less of each saves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from optimization.explain import KINDS, part_name
from optimization.parts import Part, asked_of, parts_of, restricted
from optimization.problem import LocationProblem, Objective, SolverOptions
from optimization.result import Plan, proven_outcome, relative_gap
from optimization.solve import DEFAULT_OPTIONS, solve, solve_from

MAXIMA = ("max_open", "budget")
SHARE_STEP = 0.01


def frontier(
    problem: LocationProblem,
    over: str,
    values: Iterable[float],
    objective: str | None = None,
    options: SolverOptions = DEFAULT_OPTIONS,
) -> pd.DataFrame:
    """Return the best objective for every value of one limit.

    The strictest value is solved first: its plan keeps every looser limit, so it is where the next
    one starts, and an answer no better than that is replaced by it. A bound holds for every stricter value.

    Parameters
    ----------
    problem : LocationProblem
        The problem whose limit is replaced.
    over : str
        `coverage_floor`, `max_open`, `budget` or `cover:NAME`.
    values : iterable of float
        Values of that limit, kept in their order.
    objective : str, optional
        Default: `cost` over floors, `coverage` over `max_open` and `budget`.
    options : SolverOptions
        For each solve.

    Returns
    -------
    DataFrame
        Columns value, objective, bound, gap, outcome; NaN where there is no plan.

    Raises
    ------
    ValueError
        An `over` that is not a limit of this problem.
    """
    name = objective or ("coverage" if over in MAXIMA else "cost")
    asked = [float(value) for value in values]
    # of a floor's own shortage each value asks something else: nothing carries over
    alike = over in MAXIMA or name != Objective.SHORTAGE
    strictest_first = sorted(set(asked), reverse=over not in MAXIMA)
    plans: list[Plan] = []
    for value in strictest_first:
        start = plans[-1] if plans and alike else None
        plans.append(_step(with_limit(problem, over, value), name, options, start))
    rows = _rows(plans, options.gap, maximise=name == Objective.COVERAGE, alike=alike)
    found = dict(zip(strictest_first, rows, strict=True))
    table = [(value, *found[value]) for value in asked]
    return pd.DataFrame(table, columns=["value", "objective", "bound", "gap", "outcome"])


def _step(problem: LocationProblem, name: str, options: SolverOptions, before: Plan | None) -> Plan:
    # with single source the units alone do not tell whether everyone can be served
    whole = problem.single_source and problem.capacity is not None
    return solve_from(problem, (name,), options, None if before is None or whole else before.open)


def _rows(
    plans: Sequence[Plan], gap: float, *, maximise: bool, alike: bool
) -> list[tuple[float, float, float, str]]:
    """Return objective, bound, gap and outcome of plans, strictest first.

    Where all values ask `alike`, plans carry to looser values, and bounds to stricter ones.
    """
    sign = -1.0 if maximise else 1.0
    objective = np.array([np.nan if plan.objective is None else sign * plan.objective for plan in plans])
    bound = np.array([np.nan if plan.bound is None else sign * plan.bound for plan in plans])
    if alike:
        objective = np.fmin.accumulate(objective)
        bound = np.where(np.isnan(bound), np.nan, np.fmax.accumulate(bound[::-1])[::-1])
        bound = np.fmin(bound, objective)
    rows = []
    for plan, value, proven in zip(plans, sign * objective, sign * bound, strict=True):
        if np.isnan(value) or np.isnan(proven):
            rows.append((float(value), float(proven), np.nan, plan.outcome.value))
        else:
            outcome = proven_outcome(value, proven, gap)
            rows.append((float(value) + 0.0, float(proven) + 0.0, relative_gap(value, proven), outcome.value))
    return rows


def marginal_prices(
    problem: LocationProblem, objective: str = "cost", options: SolverOptions = DEFAULT_OPTIONS
) -> pd.DataFrame:
    """Return what one step less of every limit saves, by solving again.

    A step is one unit of a row, one point (0.01) of a floor or cover, one outlet of `max_open`, and one
    percent of `budget`.

    Parameters
    ----------
    problem : LocationProblem
        With all its limits.
    objective : str
        Whose price is asked.
    options : SolverOptions
        For each solve.

    Returns
    -------
    DataFrame
        One row per limit that could bind: name, kind, limit, loosened (its value after the step),
        objective (with the step), saving (better by that much than without), saving_low and saving_high
        (between which the true saving lies, by the bounds of both), outcome. Empty if the problem
        itself has no plan.
    """
    base = solve(problem, (objective,), options)
    columns = [
        "name", "kind", "limit", "loosened", "objective", "saving", "saving_low", "saving_high", "outcome",
    ]  # fmt: skip
    rows, everything = [], parts_of(problem.instance)
    for part in everything if base.objective is not None else []:
        loosened = _loosened(problem, part)
        if loosened is None:
            continue
        plan = _step(restricted(problem, everything, {part: loosened}), objective, options, base)
        name, kind = part_name(problem, part), KINDS.get(part.kind, part.kind)
        limit = asked_of(problem.instance, part)
        rows.append(
            (name, kind, limit, loosened, plan.objective, *_saving(base, plan, objective), plan.outcome.value)
        )
    return pd.DataFrame(rows, columns=columns)


def _saving(base: Plan, plan: Plan, objective: str) -> tuple[float, float, float]:
    """Return by how much the second plan is better, and the least and the most that it can truly be."""
    sign = -1.0 if objective == Objective.COVERAGE else 1.0
    assert base.objective is not None
    assert base.bound is not None
    if plan.objective is None or plan.bound is None:
        return np.nan, 0.0, np.nan
    saving = sign * (base.objective - plan.objective)
    return (
        max(0.0, saving),
        max(0.0, sign * (base.bound - plan.objective)),
        sign * (base.objective - plan.bound),
    )


def _loosened(problem: LocationProblem, part: Part) -> float | None:
    """Return the limit one step looser; None where a step says nothing."""
    asked = asked_of(problem.instance, part)
    if part.kind in ("floor", "cover"):
        return max(0.0, asked - SHARE_STEP)
    steps = {"max_open": 1.0, "budget": 0.01 * asked, "upper": 1.0, "lower": -1.0}
    return asked + steps[part.kind] if steps.get(part.kind) else None


def with_maximum(problem: LocationProblem, name: str, value: float | None) -> LocationProblem:
    """Return `problem` with `max_open` or `budget` set to `value`."""
    return replace(problem, max_open=value) if name == "max_open" else replace(problem, budget=value)


def with_limit(problem: LocationProblem, over: str, value: float) -> LocationProblem:
    """Return `problem` with one limit set to `value`."""
    if over in MAXIMA:
        return with_maximum(problem, over, value)
    if over == "coverage_floor":
        groups = 0 if np.ndim(problem.coverage_floor) == 0 else len(problem.coverage_floor)
        return replace(problem, coverage_floor=np.full(groups, float(value)) if groups else float(value))
    names = [cover.name for cover in problem.covers]
    if not over.startswith("cover:") or over.removeprefix("cover:") not in names:
        known = ["coverage_floor", *MAXIMA, *(f"cover:{name}" for name in names)]
        raise ValueError(f"over is {over!r}; choose from {', '.join(known)}.")
    covers = tuple(
        replace(cover, floor=np.full(np.shape(cover.floor), float(value))[()])
        if f"cover:{cover.name}" == over
        else cover
        for cover in problem.covers
    )
    return replace(problem, covers=covers)
