"""Which method answers which stage: the one place where that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optimization import capacity, cfl, coverage, median, plain
from optimization.anytime import solve_from_start
from optimization.arrays import IntArray
from optimization.clock import Clock
from optimization.problem import Objective, SolverOptions
from optimization.stage import Answer, Stage


def plain_stage(objective: Objective) -> Callable[[Stage], bool]:
    """Return the test for a stage of this objective that plain methods can answer."""
    return lambda stage: stage.objective is objective and plain.is_plain(stage)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to answer a stage, and where it applies; `run` may return None to pass."""

    name: str
    plain: bool
    applies: Callable[[Stage], bool]
    run: Callable[[Stage, IntArray | None, SolverOptions, Clock], Answer | None]


METHODS = (
    Method("no choice", True, plain.has_no_choice, plain.only_plan),
    Method("nothing missing", True, plain_stage(Objective.SHORTAGE), plain.nothing_missing),
    Method("a limit decides", True, plain_stage(Objective.COST), plain.bound_met),
    Method("nearest for all", True, plain_stage(Objective.DISTANCE), plain.nearest_for_all),
    Method("nearest set", True, plain_stage(Objective.DISTANCE), plain.nearest_set),
    Method("Benders cuts of covers", False, coverage.applies, coverage.solve_coverage),
    Method("Lagrangian branch and bound", False, median.applies, median.solve_median),
    Method("minimum cuts of capacity", False, capacity.applies, capacity.solve_capacity),
    Method("Lagrangian bound of shipments", False, cfl.applies, cfl.solve_facilities),
    Method("search over radii", False, lambda stage: stage.objective is Objective.FARTHEST, solve_from_start),
    Method("integer program", False, lambda _: True, solve_from_start),
)


def answer_stage(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock, *, plain: bool = False
) -> Answer | None:
    """Return the answer of the first method in the table that has one; `plain`: without a solver."""
    for method in METHODS:
        if method.applies(stage) and (method.plain or not plain):
            answer = method.run(stage, start, options, clock)
            if answer is not None:
                return answer
    return None
