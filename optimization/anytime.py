"""Solver answers that never lose an easily found plan, nor an easily proven bound."""

from __future__ import annotations

import math
from dataclasses import replace

from optimization.arrays import IntArray
from optimization.center import solve_farthest
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.plain import easy_bound, first_plan
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.stage import Answer, Stage, value_of


def solve_from_start(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Answer | None:
    """Answer by a solver from an easily found plan, which stays if the clock ends before a better one."""
    start = start if start is not None else first_plan(stage)
    run = solve_farthest if stage.objective is Objective.FARTHEST else solve_compact
    answer = run(stage, start, options, clock)
    if answer.outcome is Outcome.INFEASIBLE or stage.flows:
        return answer
    highest = stage.objective is Objective.COVERAGE
    bounds = [easy_bound(stage), *([answer.bound] if math.isfinite(answer.bound) else [])]
    bound = min(bounds) if highest else max(bounds)
    if start is not None and (answer.open is None or _better(stage, start, answer)):
        value = value_of(stage, stage.objective, start)
        method = f"{answer.method}, ended by the clock: a first plan"
        answer = Answer(proven_outcome(value, bound, options.gap), start, value, bound, method)
    return replace(answer, bound=bound)


def _better(stage: Stage, start: IntArray, answer: Answer) -> bool:
    value = value_of(stage, stage.objective, start)
    return value > answer.value if stage.objective is Objective.COVERAGE else value < answer.value
