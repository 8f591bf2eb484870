"""Location problems as integer programs: numbers only, no geography."""

from optimization.explain import explain
from optimization.frontier import frontier
from optimization.many import solve_many
from optimization.problem import Cover, LocationProblem, Objective, SolverOptions
from optimization.recount import RecountError
from optimization.result import Conflict, Outcome, Plan, StageResult
from optimization.solve import solve, solve_plainly
from optimization.solver import SolverError

__all__ = [
    "Conflict",
    "Cover",
    "LocationProblem",
    "Objective",
    "Outcome",
    "Plan",
    "RecountError",
    "SolverError",
    "SolverOptions",
    "StageResult",
    "explain",
    "frontier",
    "solve",
    "solve_many",
    "solve_plainly",
]
