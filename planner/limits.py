"""A limit on the whole run: curves of shortage against outlets or cost, and a master over them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from geodata.messages import say
from optimization import LocationProblem, Plan, SolverOptions, solve, solve_many
from planner.network import Floats, Network, Quantity
from planner.run import LIMITED, Planned, Run, replace_limits, solved
from planner.scope import Scope

SCALE = 1e6
"""The master counts shortage in millionths of all sales, so that its gap means something."""
STEP = 1e-5
"""How much less than a cost the next point of a curve must cost, relative."""


@dataclass(frozen=True, slots=True)
class Option:
    """One point of a scope's curve: with so many units and so much cost, this much shortage remains."""

    units: int
    cost: float
    shortage: float
    coverage: float


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
    units, cost = sum(item.units for item in planned), sum(_cost(item) for item in planned)
    if (max_new is None or units <= max_new) and (budget is None or cost <= budget):
        return None
    weights = sales_shares(run.world.network, [item.job.scope for item in planned])
    curves = curves_of(run, planned)
    chosen, master = share_out(curves, weights, max_new=max_new, budget=budget, options=run.options)
    jobs = [
        replace(
            item.job,
            max_open=option.units,
            budget=None if budget is None else option.cost * (1 + STEP / 10),
        )
        for item, option in zip(planned, chosen, strict=True)
    ]
    final = {item.job.scope.name: item for item in solved(run, jobs, LIMITED)}
    return Limited(
        [_judged(final[item.job.scope.name], item) for item in planned],
        master,
    )


def _judged(final: Planned, before: Planned) -> Planned:
    """Return the plan within its limit: feasible only if it could be, and nothing is short."""
    short = any(stage.name == "shortage" and stage.value > STEP for stage in final.plan.objectives)
    return replace(final, conflicts=before.conflicts, feasible=before.feasible and not short)


def curves_of(run: Run, planned: Sequence[Planned]) -> list[list[Option]]:
    """Return every point where each scope's least shortage changes, from what its plan needs down to nothing.

    All curves are walked at once, a step of each in every round, so that the rounds run in parallel.
    """
    walks = [_Walk.start(run, item) for item in planned]
    priced, counted = run.world.scenario.budget is not None, run.world.scenario.max_new is not None
    total = sum(item.units for item in planned)
    while active := {at: walk.problem() for at, walk in enumerate(walks) if not walk.ended}:
        for at, plan in solve_many(active, ("shortage", "cost", "coverage"), run.options, run.executor):
            walks[at].step(plan, priced=priced, counted=counted)
        done = total - sum(walk.units for walk in walks if not walk.ended)
        run.tell(say("Weighing what each outlet gains"), done, total)
    return [walk.points for walk in walks]


@dataclass(slots=True)
class _Walk:
    """The walk down one scope's curve: within `units` outlets and `cost`, the least shortage is next."""

    whole: LocationProblem
    existing: int
    units: int
    most_cost: float
    cost: float
    points: list[Option] = field(default_factory=list)
    level: int = 0
    ended: bool = False

    @classmethod
    def start(cls, run: Run, item: Planned) -> "_Walk":
        problem = run.modelled(item.job)[1]
        cost = _cost(item)
        return cls(problem, int(np.sum(problem.fixed_open)), item.units, cost, cost)

    def problem(self) -> LocationProblem:
        budget = max(self.cost, 0.0) * (1 + STEP / 10)
        return replace_limits(self.whole, max_open=self.units, budget=budget)

    def step(self, plan: Plan, *, priced: bool, counted: bool) -> None:
        """Note the point that was found, and go on to the next that may differ.

        First along the cost, if it is limited; then to fewer outlets than any point at this many used.
        """
        point = self._point(plan)
        self.points.append(point)
        self.level = max(self.level, point.units)
        if priced and point.cost > 0 and point.units > 0:
            self.cost = point.cost - STEP * max(1.0, point.cost)
            self.ended = self.cost < 0
        elif counted and self.level > 0:
            self.units, self.cost, self.level = self.level - 1, self.most_cost, 0
        else:
            self.ended = True

    def _point(self, plan: Plan) -> Option:
        if plan.open is None:
            return Option(0, 0.0, float("inf"), 0.0)
        stages = {stage.name: stage.value for stage in plan.objectives}
        total = float(np.sum(self.whole.weight)) or 1.0
        units = int(plan.open.sum()) - self.existing
        return Option(units, stages["cost"], stages["shortage"], stages["coverage"] / total)


def share_out(
    curves: Sequence[Sequence[Option]],
    weights: Floats,
    *,
    max_new: int | None,
    budget: float | None,
    options: SolverOptions,
) -> tuple[list[Option], Master]:
    """Choose one point of each curve within the limits: the least weighted shortage, then most coverage.

    Parameters
    ----------
    weights
        (S,) share of the sales of each scope.

    Returns
    -------
    The chosen option of each scope; objective, bound and gap of the master, in shares.
    """
    flat = [(scope, option) for scope, points in enumerate(curves) for option in points]
    scope_of = np.array([scope for scope, _ in flat], dtype=np.int64)
    shortage = np.array([option.shortage for _, option in flat])
    usable = np.isfinite(shortage)
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
        opening_cost=SCALE * weights[scope_of] * np.where(usable, shortage, 0.0),
        max_units=np.ones(columns, dtype=np.int64),
        rows=sparse.vstack([one_each, sparse.csr_array(units), sparse.csr_array(cost)], format="csr"),
        row_lower=np.concatenate([ones, [-np.inf, -np.inf]]),
        row_upper=np.concatenate([ones, [most_units, most_cost]]),
    )
    plan = solve(problem, ("cost", "coverage"), replace(options, gap=1e-9))
    if plan.open is None or plan.objective is None or plan.bound is None:
        raise RuntimeError("opening nothing keeps every limit, so the master has a plan")
    chosen = [flat[at][1] for at in np.flatnonzero(plan.open)]
    return chosen, Master(plan.objective / SCALE, plan.bound / SCALE)


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


def _cost(item: Planned) -> float:
    return next((stage.value for stage in item.plan.objectives if stage.name == "cost"), 0.0)


def sales_shares(network: Network, scopes: Sequence[Scope]) -> Floats:
    """Return each scope's share (S,) of the sales of all these scopes: its weight in the master."""
    sales = network.quantity[Quantity.SALES]
    sold = np.array([sum(sales[party][s.areas].sum() for party in s.parties.values()) for s in scopes])
    return np.asarray(sold / sold.sum() if sold.sum() > 0 else np.full(len(scopes), 1.0 / len(scopes)))
