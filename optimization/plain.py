"""Answers that need no integer programming solver, each with its proof.

*Bound met.* A row  sum a_j u_j >= b  with u_j at most room_j cannot be met for less than its
fractional knapsack: fill b with the cheapest cost per a_j first. The same holds for the floor of a
cover: a set covers at most the sum of what its sites cover alone. The largest of these bounds
(rounded up where costs are whole) holds for all limits together; a greedy plan that costs no more
is optimal. So the count rule decides wherever a greedy cover needs no more outlets than the count.

*Enumeration.* With equal costs only the number of units matters. Sets are tested by size from the
bound up; the first size with a feasible set is least, because every smaller set was tested. Of
that size all sets are tested, so the one with the least distance is optimal.

*Nearest for all.* No plan is nearer than every point's nearest usable site. If all of those can be
open within the limits, that plan is optimal: with one outlet at most, or with as many as points.

*No choice.* Where nothing more may open, there is one plan.

*Nothing missing.* A shortage is at least 0; a plan that keeps every limit has none.
"""

from __future__ import annotations

import numpy as np

from optimization.arrays import FloatArray, IntArray, nearest_site
from optimization.clock import Clock
from optimization.enumeration import TooManyError, feasible_sets, nearest_of
from optimization.greedy import drop_needless, greedy_plan
from optimization.instance import Instance
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome, relative_gap
from optimization.stage import KEEP_TOLERANCE, Answer, Stage, cost_of, value_of, within_limits

MOST_ENUMERATED = 8
"""Units beyond which sets are not enumerated."""


def is_plain(stage: Stage) -> bool:
    """Return whether a stage is without flows, keeps nothing but cost and shortage, and has firm limits.

    An elastic stage may do with less than these methods would open; only that no shortage is needed
    is seen from a plan that keeps every limit.
    """
    kept = {name for name, _ in stage.kept}
    simple = not stage.flows and kept <= {Objective.COST, Objective.SHORTAGE}
    return simple and (stage.firm or stage.objective is Objective.SHORTAGE)


def has_no_choice(stage: Stage) -> bool:
    """Return whether no further unit may open, so that units alone decide everything."""
    instance = stage.instance
    prices = instance.cost[instance.free]
    affordable = prices <= instance.budget + KEEP_TOLERANCE * max(1.0, instance.budget)
    return not stage.flows and (instance.max_open < 1 or not affordable.any())


def only_plan(stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock) -> Answer | None:
    """Answer any objective where nothing more may open: by what stands, or that it is not enough."""
    del start, options, clock
    units = stage.instance.fixed
    if not within_limits(stage, units):
        return Answer(Outcome.INFEASIBLE, None, np.nan, np.nan, "nothing more may open")
    value = value_of(stage, stage.objective, units)
    return Answer(Outcome.OPTIMAL, units.copy(), value, value, "nothing more may open")


def bound_met(stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock) -> Answer | None:
    """Answer `cost` where a greedy plan meets a knapsack bound."""
    del start, clock
    units = greedy_plan(stage)
    if units is None:
        return None
    bound = cost_bound(stage)
    value = cost_of(stage.instance, units)
    if relative_gap(value, bound) > options.gap:
        units = drop_needless(stage, units)
        value = cost_of(stage.instance, units)
    if value > bound and relative_gap(value, bound) > options.gap:
        return least_number(stage, units, bound)
    return Answer(Outcome.OPTIMAL, units, value, min(bound, value), "a limit decides")


def least_number(stage: Stage, units: IntArray, bound: float) -> Answer | None:
    """Answer `cost` by testing every smaller set, where costs are equal and the sets few."""
    instance = stage.instance
    price = equal_price(instance)
    if price is None:
        return None
    least, found = round(bound / price), round(cost_of(instance, units) / price)
    if found > MOST_ENUMERATED:
        return None
    try:
        for size in range(least, found):
            for block in feasible_sets(stage, size):
                units = with_sites(instance, block[0])
                return Answer(Outcome.OPTIMAL, units, size * price, size * price, "enumeration")
    except TooManyError:
        return None
    return Answer(Outcome.OPTIMAL, units, found * price, found * price, "enumeration")


def nothing_missing(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Answer | None:
    """Answer `shortage` where a plan keeps every limit."""
    del start, options, clock
    units = greedy_plan(stage)
    return None if units is None else Answer(Outcome.OPTIMAL, units, 0.0, 0.0, "nothing missing")


def nearest_for_all(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Answer | None:
    """Answer `distance` where every point's nearest site can be open."""
    del clock
    instance = stage.instance
    usable = instance.units > 0
    bound = value_of(stage, Objective.DISTANCE, instance.units)
    if start is not None and relative_gap(value_of(stage, Objective.DISTANCE, start), bound) <= options.gap:
        return Answer(
            Outcome.OPTIMAL, start, value_of(stage, Objective.DISTANCE, start), bound, "nearest for all"
        )
    nearest = nearest_site(stage.reach, usable)[instance.weight > 0]
    sites = np.setdiff1d(np.unique(nearest[nearest >= 0]), np.flatnonzero(instance.fixed))
    units = with_sites(instance, sites)
    if stage.new_units is not None and len(sites) > stage.new_units:
        return None
    grown = units if within_limits(stage, units) else greedy_plan(stage, units)
    if grown is None or not within_limits(stage, grown):
        return None
    return Answer(
        Outcome.OPTIMAL, grown, value_of(stage, Objective.DISTANCE, grown), bound, "nearest for all"
    )


def nearest_set(stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock) -> Answer | None:
    """Answer `distance` by enumeration, where the number of units is settled and the sets few."""
    del start, options, clock
    size = stage.new_units
    if size is None or size > MOST_ENUMERATED:
        return None
    try:
        nearest = nearest_of(stage, feasible_sets(stage, size))
    except TooManyError:
        return None
    if nearest is None:
        return None
    sites, value = nearest
    return Answer(Outcome.OPTIMAL, with_sites(stage.instance, sites), value, value, "enumeration")


def with_sites(instance: Instance, sites: IntArray) -> IntArray:
    """Return the fixed units and one more at each of `sites` (two where a site is named twice)."""
    return instance.fixed + np.bincount(sites, minlength=len(instance.fixed)).astype(np.int64)


def equal_price(instance: Instance) -> float | None:
    """Return the cost of a unit if all free sites share it and it is above 0."""
    prices = np.unique(instance.cost[instance.free])
    return float(prices[0]) if len(prices) == 1 and prices[0] > 0 else None


def cost_bound(stage: Stage) -> float:
    """Return a proven lower bound on cost: the dearest single row or floor."""
    instance = stage.instance
    free = instance.free
    room = (instance.units - instance.fixed)[free].astype(np.float64)
    needs = instance.lower - instance.rows @ instance.fixed
    needed = np.flatnonzero(needs > 1e-9)
    rows = instance.rows[needed][:, free].toarray()
    bounds = [
        knapsack(instance.cost[free], row, room, need) for row, need in zip(rows, needs[needed], strict=True)
    ]
    fixed = instance.fixed > 0
    for covering in stage.presence:
        short = covering.need - covering.weight_covered(fixed)
        for group in np.flatnonzero(short > 0).tolist():
            open_weight = np.where(covering.covered(fixed) | (covering.group != group), 0.0, covering.weight)
            gain = (open_weight @ covering.pattern)[free]
            bounds.append(knapsack(instance.cost[free], gain, np.ones(len(free)), short[group]))
    best = max(bounds, default=0.0)
    price = equal_price(instance)
    if price is not None:
        return price * float(np.ceil(best / price - 1e-9))
    return float(np.ceil(best - 1e-9)) if instance.whole_costs else best


def first_plan(stage: Stage) -> IntArray | None:
    """Return an easily found plan to start from, or None."""
    if stage.flows:
        return None
    units = greedy_plan(stage)
    if units is not None and within_limits(stage, units):
        return drop_needless(stage, units)
    fixed = stage.instance.fixed
    return fixed if within_limits(stage, fixed) else None


def easy_bound(stage: Stage) -> float:
    """Return a bound on the objective that needs no solver, in its natural sense."""
    instance, name = stage.instance, stage.objective
    if name is Objective.COVERAGE:
        return float(stage.coverings[0].weight_covered(instance.units > 0).sum())
    if name in (Objective.COST, Objective.TOTAL) and not stage.elastic:
        cost = cost_bound(stage)
        return cost if name is Objective.COST else cost + value_of(stage, Objective.DISTANCE, instance.units)
    if name in (Objective.DISTANCE, Objective.FARTHEST):
        return value_of(stage, name, instance.units)
    return 0.0


def knapsack(cost: FloatArray, gain: FloatArray, room: FloatArray, need: float) -> float:
    """Return the least cost of gaining `need`, units split at will; 0 where it cannot be gained."""
    useful = gain > 0
    gain = np.minimum(gain[useful], need)
    order = np.argsort(cost[useful] / gain, kind="stable")
    gained = np.cumsum((gain * room[useful])[order])
    if not len(gained) or gained[-1] < need:
        return 0.0
    spent = np.cumsum((cost[useful] * room[useful])[order])
    last = int(np.searchsorted(gained, need))
    short = gained[last] - need
    at = order[last]
    return float(spent[last] - short * cost[useful][at] / gain[at])
