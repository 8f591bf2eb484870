"""Run HiGHS or CBC on a PuLP model, and read back the true status and bound."""

from __future__ import annotations

import math
import re
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import highspy
import pulp
from pulp.apis import coin_api

from optimization.clock import Clock
from optimization.problem import SolverOptions
from optimization.result import Outcome


class SolverError(RuntimeError):
    """A solver could not be run at all."""


@dataclass(frozen=True, slots=True)
class Run:
    """How to run a solver once.

    Seconds left, gaps, the constant of the objective, and tighter tolerances if a recount asks.
    """

    options: SolverOptions
    seconds: float
    relative_gap: float
    absolute_gap: float
    offset: float = 0.0
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a solver found: outcome, value of each variable, proven bound (minimisation)."""

    outcome: Outcome
    values: dict[Any, float]
    bound: float


def run_solver(model: pulp.LpProblem, run: Run, start: dict[Any, float]) -> Found:
    """Solve `model` from `start` with the solver that the options name."""
    if run.seconds <= 0:
        return Found(Outcome.TIME_LIMIT, {}, -math.inf)
    return SOLVERS[run.options.solver](model, run, start)


def run_highs(model: pulp.LpProblem, run: Run, start: dict[Any, float]) -> Found:
    """Solve with HiGHS; PuLP's own status would call a time-out optimal, so HiGHS is asked."""
    began = time.perf_counter()
    solver = pulp.HiGHS(msg=False, gapRel=run.relative_gap, gapAbs=run.absolute_gap, **_highs_settings(run))
    solver.createAndConfigureSolver(model)
    solver.buildSolverModel(model)
    highs = model.solverModel
    highs.changeObjectiveOffset(run.offset)  # PuLP leaves it out, and the relative gap needs it
    if start:
        columns = [variable.index for variable in start]
        highs.setSolution(len(columns), columns, list(start.values()))
    left = run.seconds - (time.perf_counter() - began)
    if left <= 0:
        return Found(Outcome.TIME_LIMIT, {}, -math.inf)
    highs.setOptionValue("time_limit", left)
    if highs.run() == highspy.HighsStatus.kError:
        # the scheduler is shared by the process and refuses another number of threads until reset
        highspy.Highs.resetGlobalScheduler(True)
        highs.run()
    return _read_highs(model, highs, run.offset)


def _highs_settings(run: Run) -> dict[str, Any]:
    settings: dict[str, Any] = {"threads": run.options.threads, "random_seed": run.options.seed}
    if run.tight:
        settings |= {"mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9}
    return settings


def _read_highs(model: pulp.LpProblem, highs: Any, offset: float) -> Found:
    status, info = highs.getModelStatus(), highs.getInfo()
    names = highspy.HighsModelStatus
    if status in (names.kInfeasible, names.kUnboundedOrInfeasible):
        return Found(Outcome.INFEASIBLE, {}, math.inf)
    whole = any(variable.cat == pulp.LpInteger for variable in model.variables())
    bound = info.mip_dual_bound - offset if whole else -math.inf
    if info.primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
        return Found(Outcome.TIME_LIMIT, {}, bound)
    column = highs.getSolution().col_value
    values = {variable: column[variable.index] for variable in model.variables()}
    if status == names.kOptimal:
        value = info.objective_function_value - offset
        return Found(Outcome.OPTIMAL, values, min(bound, value) if whole else value)
    return Found(Outcome.FEASIBLE, values, bound)


def run_cbc(model: pulp.LpProblem, run: Run, start: dict[Any, float]) -> Found:
    """Solve with CBC as a process; the bound is the one its log states, never a guess."""
    clock = Clock.of(run.seconds)
    log = _cbc_log(model, run)
    if UNSURE_CBC in log:
        # its preprocessing says so of feasible programs too, and without preprocessing CBC dies of
        # some infeasible ones: HiGHS decides
        return run_highs(model, replace(run, seconds=clock.left), start)
    return _read_cbc(model, log, run.absolute_gap)


def _cbc_log(model: pulp.LpProblem, run: Run) -> str:
    """Run CBC, leave its values in `model` and return what it logged."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "cbc.log"
        solver = pulp.COIN_CMD(
            path=_cbc_path(),
            msg=False,
            timeLimit=max(run.seconds, 0.01),
            gapRel=0.0 if run.offset else run.relative_gap,
            gapAbs=run.absolute_gap,
            threads=run.options.threads if run.options.threads > 1 else None,
            options=[f"randomSeed {run.options.seed + 1}", *(TIGHT_CBC if run.tight else ())],
            logPath=str(log),
        )
        try:
            model.solve(solver)
        except pulp.PulpSolverError as error:
            raise SolverError(f"CBC could not be run: {error}") from error
        return log.read_text(encoding="utf-8", errors="replace")


def _cbc_path() -> str | None:
    if pulp.COIN_CMD().available():
        return None
    path = getattr(coin_api, "pulp_cbc_path", None)
    if path is None or not Path(path).exists():
        raise SolverError("CBC is not installed; use the solver 'highs' or install CBC.")
    return str(path)


def _read_cbc(model: pulp.LpProblem, log: str, allowed: float) -> Found:
    if model.sol_status == pulp.LpSolutionInfeasible:
        return Found(Outcome.INFEASIBLE, {}, math.inf)
    bound, stated = _cbc_bound(log)
    if model.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Found(Outcome.TIME_LIMIT, {}, bound)
    if "No feasible solution" in log or ("Objective value:" not in log and "Result - " in log):
        return Found(Outcome.TIME_LIMIT, {}, bound)
    values = {variable: float(variable.value() or 0.0) for variable in model.variables()}
    proven = model.sol_status == pulp.LpSolutionOptimal and "Stopped" not in log
    value = float(pulp.value(model.objective) or 0.0)
    if proven:
        # without a stated bound the search ended by itself, up to the absolute gap it was allowed
        return Found(Outcome.OPTIMAL, values, min(bound, value) if stated else value - allowed)
    return Found(Outcome.FEASIBLE, values, bound)


def _cbc_bound(log: str) -> tuple[float, bool]:
    """Return the last bound that the log proves, and whether it is the final one, stated as such."""
    final = re.findall(r"Lower bound:\s+(\S+)", log)
    running = re.findall(r"best possible (\S+?)[,\s]", log)
    running = running or re.findall(r"Continuous objective value is (\S+)", log)
    try:
        bound = float((final or running or ["-inf"])[-1])
    except ValueError:
        return -math.inf, False
    return (bound, bool(final)) if abs(bound) < 1e49 else (-math.inf, False)


UNSURE_CBC = "Pre-processing says infeasible or unbounded"
TIGHT_CBC = ("primalT 1e-9", "integerT 1e-9")
SOLVERS = {"highs": run_highs, "cbc": run_cbc}
