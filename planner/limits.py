"""A limit on the whole run: one master problem shares it out over the curves of the scopes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from optimization import LocationProblem, SolverOptions, solve
from planner.curves import STEP, Option, curves_of
from planner.network import Floats, Network, Quantity
from planner.run import LIMITED, SHORTAGE_TOTAL, Job, Planned, Run, solved
from planner.scope import Scope

SCALE = 1e6
"""The master counts shortage in millionths of all sales, so that its gap means something."""


@dataclass(frozen=True, slots=True)
class Master:
    """The weighted relative shortage that is left, and its proven lower bound, as shares of all sales."""

    objective: float
    bound: float


@dataclass(frozen=True)
class Limited:
    """A run within its limits: the scopes' plans, and the master's weighted shortage with its bound."""

    planned: list[Planned]
    master: Master


def within_limits(run: Run, planned: list[Planned]) -> Limited | None:
    """Return plans that keep the run's `max_new` and `budget`; None where the plans keep them already.

    Each scope's curve says how its relative shortage, weighted by its share of the sales, falls with the
    outlets it may open (or the cost it may spend). The master chooses one point of each curve: the least
    weighted shortage in all, ties to the larger coverage. The curves hold every point where the shortage
    changes, so no division of the limit is better.
    """
    scenario = run.world.scenario
    max_new, budget = scenario.max_new, scenario.budget
    units, cost = sum(item.units for item in planned), sum(item.cost for item in planned)
    if (max_new is None or units <= max_new) and (budget is None or cost <= budget):
        return None
    weights = sales_shares(run.world.network, [item.job.scope for item in planned])
    curves = curves_of(run, planned)
    chosen, bound = share_out(curves, weights, max_new=max_new, budget=budget, options=run.options)
    jobs = [_limited(item.job, option, run) for item, option in zip(planned, chosen, strict=True)]
    final = solved(run, jobs, LIMITED if run.world.moves is None else SHORTAGE_TOTAL)
    left = np.array([_shortage(item, option) for item, option in zip(final, chosen, strict=True)])
    judged = [_judged(now, before) for now, before in zip(final, planned, strict=True)]
    return Limited(judged, Master(float(weights @ left), min(bound, float(weights @ left))))


def _limited(job: Job, option: Option, run: Run) -> Job:
    """Return a scope's job within what the master gave it."""
    scenario = run.world.scenario
    return replace(
        job,
        apart=job.apart | option.apart,
        storage=None,
        max_open=None if scenario.max_new is None else option.units,
        budget=None if scenario.budget is None else option.cost * (1 + STEP / 10),
    )


def _shortage(item: Planned, option: Option) -> float:
    values = [stage.value for stage in item.plan.objectives if stage.name == "shortage"]
    return values[0] if values else option.shortage


def _judged(final: Planned, before: Planned) -> Planned:
    """Return the plan within its limit: feasible only if it could be, and nothing is short."""
    short = _shortage(final, Option(0, 0.0, 0.0, 0.0)) > STEP or bool(final.job.apart)
    return replace(final, conflicts=before.conflicts, feasible=before.feasible and not short)


def share_out(
    curves: Sequence[Sequence[Option]],
    weights: Floats,
    *,
    max_new: int | None,
    budget: float | None,
    options: SolverOptions,
) -> tuple[list[Option], float]:
    """Choose one point of each curve within the limits: the least weighted shortage, then most coverage.

    Parameters
    ----------
    weights
        (S,) share of the sales of each scope.

    Returns
    -------
    The chosen option of each scope, and a proven lower bound of the weighted shortage.
    """
    flat = [(scope, option) for scope, points in enumerate(curves) for option in points]
    scope_of = np.array([scope for scope, _ in flat], dtype=np.int64)
    shortage = np.array([option.shortage for _, option in flat])
    unproven = np.array([option.shortage - option.bound for _, option in flat])
    columns = len(flat)
    one_each = sparse.csr_array((np.ones(columns), (scope_of, np.arange(columns))), (len(curves), columns))
    units = np.array([[option.units for _, option in flat]], dtype=float)
    cost = np.array([[option.cost for _, option in flat]])
    most_units = np.inf if max_new is None else float(max_new)
    most_cost = np.inf if budget is None else budget * (1 + 1e-9)
    ones = np.ones(len(curves))
    reach, weight = _coverage_steps(flat, scope_of, weights)
    problem = LocationProblem(
        weight=weight,
        reach=reach,
        opening_cost=SCALE * weights[scope_of] * shortage,
        max_units=np.ones(columns, dtype=np.int64),
        rows=sparse.vstack([one_each, sparse.csr_array(units), sparse.csr_array(cost)], format="csr"),
        row_lower=np.concatenate([ones, [-np.inf, -np.inf]]),
        row_upper=np.concatenate([ones, [most_units, most_cost]]),
    )
    plan = solve(problem, ("cost", "coverage"), replace(options, gap=1e-9))
    if plan.open is None or plan.bound is None:
        raise RuntimeError("opening nothing keeps every limit, so the master has a plan")
    chosen = [flat[at][1] for at in np.flatnonzero(plan.open)]
    slack = np.zeros(len(curves))
    np.maximum.at(slack, scope_of, np.maximum(unproven, 0.0))
    return chosen, max(plan.bound / SCALE - float(weights @ slack), 0.0)


def _coverage_steps(
    flat: list[tuple[int, Option]], scope_of: np.ndarray, weights: Floats
) -> tuple[sparse.csr_array, Floats]:
    """Return coverage as demand points: a step between two levels of a scope is served by all above it."""
    rows: list[int] = []
    columns: list[int] = []
    step_weights: list[float] = []
    coverage = np.array([option.coverage for _, option in flat])
    for scope in range(len(weights)):
        members = np.flatnonzero(scope_of == scope)
        below = 0.0
        for level in np.unique(coverage[members]):
            above = members[coverage[members] >= level]
            rows += [len(step_weights)] * len(above)
            columns += above.tolist()
            step_weights.append(weights[scope] * (level - below))
            below = level
    reach = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(step_weights), len(flat)))
    return reach, np.array(step_weights)


def sales_shares(network: Network, scopes: Sequence[Scope]) -> Floats:
    """Return each scope's share (S,) of the sales of all these scopes: its weight in the master.

    A scope that owes something but sells nothing this year weighs as one unit sold, so that it is not
    forgotten.
    """
    sales = network.quantity[Quantity.SALES]
    sold = np.array([sum(sales[party][s.areas].sum() for party in s.parties.values()) for s in scopes])
    sold = np.where(sold > 0, sold, 1.0)
    return np.asarray(sold / sold.sum())
