"""Answer a stage by its compact integer program."""

from __future__ import annotations

import math

import numpy as np
import pulp

from optimization.arrays import Csr, IntArray, csr_of
from optimization.clock import Clock
from optimization.model import Linear, Model, build_model
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.solver import Found, Run, run_solver
from optimization.stage import Answer, Stage, value_of, within_limits

HAND_OVER_S = 2e-5  # per pair
CBC_DIGITS = 6e-8  # relative: it prints eight digits of each value
GAP_SHARE = 0.99  # solvers stop a little inside the gap, so that rounding undoes no proof


def solve_compact(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock, *, tight: bool = False
) -> Answer:
    """Build the program, run the solver from `start`, read the answer in its natural sense."""
    method = f"integer program ({options.solver})"
    if clock.left <= hand_over_s(stage):
        return Answer(Outcome.TIME_LIMIT, None, math.nan, math.nan, method)
    model = build_model(stage)
    if model.impossible:
        return Answer(Outcome.INFEASIBLE, None, math.nan, math.nan, "a row that nothing can meet")
    if not model.lp.variables():
        units = stage.instance.fixed.copy()
        value = _value(model, {}, units)
        return Answer(Outcome.OPTIMAL, units, value, value, "nothing to decide")
    found = run_solver(model.lp, _run(model, options, clock, tight=tight), _start(model, start))
    bound = natural_bound(model, found)
    if not found.outcome.has_plan:
        return Answer(found.outcome, None, math.nan, bound, method)
    units = _units(model, found)
    if not stage.flows and not within_limits(stage, units):
        # true only within the solver's tolerance: once more with tighter ones, else it does not count
        again = Answer(Outcome.TIME_LIMIT, None, math.nan, bound, f"{method}, within its tolerance only")
        return again if tight else solve_compact(stage, start, options, clock, tight=True)
    value = _value(model, found.values, units, digits=options.solver == "cbc")
    bound = max(bound, value) if stage.objective is Objective.COVERAGE else min(bound, value)
    outcome = proven_outcome(value, bound, options.gap)
    return Answer(outcome, units, value, bound, method, _shares(model, found))


def hand_over_s(stage: Stage) -> float:
    """Return a guess of the seconds it takes to write the model and hand it over."""
    assigned = stage.flows or bool(stage.names & {Objective.DISTANCE, Objective.TOTAL})
    pairs = stage.reach if stage.pairs is None else stage.pairs
    return HAND_OVER_S * float(pairs.nnz) if assigned else 0.0


def _run(model: Model, options: SolverOptions, clock: Clock, *, tight: bool) -> Run:
    name, scale = model.stage.objective, abs(model.scale)
    offset = 0.0 if name is None else model.scale * model.values[name].constant
    gap = GAP_SHARE * options.gap
    return Run(options, clock.left, gap, gap * scale, offset, tight)


def _start(model: Model, units: IntArray | None) -> dict[pulp.LpVariable, float]:
    if units is None:
        return {}
    fixed = model.stage.instance.fixed
    return {variable: float(units[site] - fixed[site]) for site, variable in model.units.items()}


def _units(model: Model, found: Found) -> IntArray:
    """Round the solver's values; HiGHS gives 2.999999999999998 for 3."""
    units = model.stage.instance.fixed.copy()
    for site, variable in model.units.items():
        units[site] += round(found.values.get(variable, 0.0))
    return units


def _value(
    model: Model, values: dict[pulp.LpVariable, float], units: IntArray, *, digits: bool = False
) -> float:
    """Return the objective; `digits`: at its worst within the digits CBC prints, so that it can be kept."""
    name = model.stage.objective
    if not model.stage.flows or name is Objective.COST:
        return value_of(model.stage, name, units)
    if name is None:
        return 0.0
    linear = model.values[name]
    # whole within the solver's tolerance is not whole: a dear unit short of 1e-9 would hide a detour
    values = values | {model.units[site]: round(values.get(model.units[site], 0.0)) for site in model.units}
    size = sum(abs(coefficient * values.get(variable, 0.0)) for variable, coefficient in linear.terms)
    worse = CBC_DIGITS * size if digits else 0.0
    return evaluate(linear, values) + (-worse if name is Objective.COVERAGE else worse)


def evaluate(linear: Linear, values: dict[pulp.LpVariable, float]) -> float:
    """Return the value of a linear expression."""
    return linear.constant + sum(
        coefficient * values.get(variable, 0.0) for variable, coefficient in linear.terms
    )


def natural_bound(model: Model, found: Found) -> float:
    """Return the solver's bound without scale and constant, in the natural sense of the objective."""
    name = model.stage.objective
    if name is None:
        return 0.0
    bound = found.bound / model.scale
    if name is Objective.COST and model.stage.instance.whole_costs and math.isfinite(bound):
        bound = math.ceil(bound - 1e-6)
    bound += model.values[name].constant
    if name is Objective.COVERAGE:
        return min(bound, float(model.stage.instance.weight.sum()))
    return max(bound, 0.0)


def _shares(model: Model, found: Found) -> Csr:
    """Return the whole shares of a single-source answer; other shares are worked out afresh."""
    instance = model.stage.instance
    if not (instance.single_source and model.shares):
        return None
    chosen = sorted(pair for pair, variable in model.shares.items() if found.values.get(variable, 0.0) > 0.5)
    points = np.array([point for point, _ in chosen], dtype=np.int64)
    sites = np.array([site for _, site in chosen], dtype=np.int64)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(points, minlength=instance.reach.shape[0]))))
    return csr_of(np.ones(len(sites)), sites, indptr, instance.reach.shape)
