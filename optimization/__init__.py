"""Location problems as integer programs: numbers only, no geography."""

from optimization.problem import Cover, LocationProblem, Objective, SolverOptions
from optimization.result import Conflict, Outcome, Plan, StageResult
from optimization.solve import solve

__all__ = [
    "Conflict",
    "Cover",
    "LocationProblem",
    "Objective",
    "Outcome",
    "Plan",
    "SolverOptions",
    "StageResult",
    "solve",
]
