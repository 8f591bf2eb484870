"""Location problems as integer programs: numbers only, no geography."""

from optimization.explain import explain
from optimization.frontier import frontier, marginal_prices
from optimization.many import solve_many, solve_stream
from optimization.problem import Cover, LocationProblem, Objective, SolverOptions
from optimization.recount import RecountError
from optimization.result import Conflict, Outcome, Plan, StageResult
from optimization.solve import solve, solve_plainly
from optimization.solver import SolverError
from optimization.workers import Workers

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
    "Workers",
    "explain",
    "frontier",
    "marginal_prices",
    "solve",
    "solve_many",
    "solve_plainly",
    "solve_stream",
]
