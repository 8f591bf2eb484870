"""What another step costs: one solve per value of a floor, a maximum or a budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from optimization.problem import LocationProblem, SolverOptions
from optimization.solve import DEFAULT_OPTIONS, solve

MAXIMA = ("max_open", "budget")


def frontier(
    problem: LocationProblem,
    over: str,
    values: Iterable[float],
    objective: str | None = None,
    options: SolverOptions = DEFAULT_OPTIONS,
) -> pd.DataFrame:
    """Return the best objective for every value of one limit.

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
    rows = []
    for value in values:
        plan = solve(with_limit(problem, over, value), (name,), options)
        numbers = (np.nan if part is None else part for part in (plan.objective, plan.bound, plan.gap))
        rows.append((value, *numbers, plan.outcome.value))
    return pd.DataFrame(rows, columns=["value", "objective", "bound", "gap", "outcome"])


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
