"""The least radius: a search over the sorted distances, each step a feasibility problem."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optimization.arrays import FloatArray, IntArray, row_minimum
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.problem import SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.stage import Answer, Stage


def solve_farthest(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock, *, tight: bool = False
) -> Answer:
    """Return the plan with the smallest largest distance.

    Only stored distances (and `beyond`) can be the answer. All radii up to `low` are proven
    impossible, `high` has a plan; halving the list between them ends with both neighbours, or at
    the time limit with the next untested radius as the bound.
    """
    del start  # a plan within a radius is either found or not; nothing is improved
    radii = candidate_radii(stage)
    low, high, best, shares = -1, len(radii), None, None
    while high - low > 1:
        # the largest radius first: without a plan there, there is none at all
        middle = len(radii) - 1 if high == len(radii) else (low + high) // 2
        answer = solve_compact(at_radius(stage, radii[middle]), None, options, clock, tight=tight)
        if answer.open is not None:
            high, best, shares = middle, answer.open, answer.assignment
        elif answer.outcome is Outcome.INFEASIBLE:
            low = middle
        else:
            break
    method = "search over radii"
    if best is None:
        outcome = Outcome.INFEASIBLE if low == len(radii) - 1 else Outcome.TIME_LIMIT
        return Answer(outcome, None, math.nan, radii[low + 1] if low + 1 < len(radii) else math.nan, method)
    value, bound = float(radii[high]), float(radii[low + 1])
    return Answer(proven_outcome(value, bound, options.gap), best, value, bound, method, shares)


def candidate_radii(stage: Stage) -> FloatArray:
    """Return the distances that could be the answer: none below any point's nearest site."""
    instance = stage.instance
    reach = stage.reach
    usable = np.where(instance.units[reach.indices] > 0, reach.data, np.inf)
    nearest = row_minimum(reach, usable)
    beyond = None if stage.must_serve else instance.beyond
    if beyond is None and not np.isfinite(nearest).all():
        return np.zeros(0)
    least = float(np.where(np.isfinite(nearest), nearest, beyond or 0.0).max(initial=0.0))
    radii = np.unique(np.append(usable[np.isfinite(usable)], [least, *([] if beyond is None else [beyond])]))
    return radii[radii >= least]


def at_radius(stage: Stage, radius: float) -> Stage:
    """Return the stage that asks for any plan within `radius`; at `beyond` nobody need be served."""
    beyond = None if stage.must_serve else stage.instance.beyond
    free = beyond is not None and radius >= beyond
    return replace(stage, objective=None, radius=None if free else float(radius))
