"""Medians and uncapacitated location: moves, the Lagrangian bound, and its branch and bound.

`distance` and `total` without capacity. A plan near the optimum and a bound near it settle most
sites; the tree over the rest proves the plan. Where limits bind that no price can be put on, the
tree is cut short and a compact integer program answers for what is left.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optimization.arrays import FloatArray, IntArray, keep_pairs
from optimization.clock import Clock
from optimization.compact import hand_over_s, solve_compact
from optimization.floor_reach import reaches_of
from optimization.greedy import greedy_plan
from optimization.lagrangian import left_pairs, settled_sites
from optimization.median_tree import Node, Tree
from optimization.plain import easy_bound
from optimization.priced import (
    counts_units,
    floors_of,
    is_free,
    is_priced,
    limits_of,
    one_unit_each,
)
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.service import Service, new_sites, service_of
from optimization.stage import Answer, Stage
from optimization.swap import Plans

LARGEST = 20_000_000
MOST_SITES = 5_000
KICKS = 40
GUARDED_KICKS = 8
UNPRICED_NODES = 100
SHRINK = 0.8
LONG = 200_000
CAP = 1.2
PRICE_SHARES = (1.0, 0.5, 0.25, 0.1)
METHOD = "Lagrangian branch and bound"


def applies(stage: Stage) -> bool:
    """Return whether the stage asks `distance` or `total` without flows, and is of a size for it."""
    instance = stage.instance
    asked = stage.objective in (Objective.DISTANCE, Objective.TOTAL) and not stage.flows
    if not asked or not instance.weight.any() or instance.reach.nnz > LARGEST or idle_demands(stage):
        return False
    return 0 < len(new_sites(stage)) <= MOST_SITES


def idle_demands(stage: Stage) -> bool:
    """Return whether a point of no weight, which no multiplier sees, must be served and may go unserved."""
    idle = np.flatnonzero(stage.instance.weight == 0)
    if not stage.must_serve or not len(idle):
        return False
    usable, reach = stage.instance.units > 0, stage.reach[idle]
    by_any = np.diff(keep_pairs(reach, usable[reach.indices]).indptr)
    for_sure = np.diff(keep_pairs(reach, stage.sure[reach.indices]).indptr)
    return bool(((by_any < usable.sum()) & (for_sure == 0)).any())


def solve_median(stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock) -> Answer | None:
    """Answer `distance` or `total` by moves, bound and branch and bound; None without a first plan."""
    plans = first_plans(service_of(stage), start, options, clock)
    if plans is None:
        return None
    prices = plans.find_prices(options.seed)
    tree = tree_of(plans, options, clock)
    shorten(tree, plans)
    root = tree.root(first_multipliers(plans, prices))
    if root.bound < tree.cutoff:
        plans.kick(0 if plans.free else GUARDED_KICKS, root.prices, options.seed)
        tree.value = plans.value
        root = shrink(tree, root, plans)
        tree.search(root, math.inf if is_priced(stage) else UNPRICED_NODES)
    bound = min(plans.value, max(tree.bound, easy_bound(stage)))
    outcome = proven_outcome(plans.value, bound, options.gap)
    answer = Answer(outcome, plans.units, plans.value, bound, f"{METHOD}, {tree.nodes} nodes")
    settled = is_priced(stage) and math.isinf(tree.unsettled)
    return answer if settled or outcome is Outcome.OPTIMAL else finish(answer, tree, root, options)


def first_plans(
    service: Service, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Plans | None:
    """Return a first plan after moves, or None where none is found."""
    stage, free = service.stage, is_free(service.stage)
    plans = Plans(
        service, floors_of(service), limits_of(service), stage.instance.fixed, math.inf, free, clock
    )
    plans.begin(start)
    if free:
        plans.search(KICKS, options.seed)
    if math.isinf(plans.value):
        plans.begin(greedy_plan(stage))
    if math.isinf(plans.value):
        return None
    if not free:
        plans.descend()
    return plans


def tree_of(plans: Plans, options: SolverOptions, clock: Clock) -> Tree:
    """Return the search over the sites that `plans` choose from."""
    service = plans.service
    return Tree(
        service=service,
        floors=plans.floors,
        limits=plans.limits,
        value=plans.value,
        improve=plans.improve,
        gap=options.gap,
        clock=clock,
        complete=one_unit_each(service.stage),
        counted=counts_units(service),
        cap=np.full(len(service.base), math.inf),
        reaches=reaches_of(service, plans.floors),
    )


def shorten(tree: Tree, plans: Plans) -> None:
    """Drop the far end of the rows, where it is large and nothing but the bound needs it.

    Rows that lie close together in memory are read several times faster. A multiplier is held below
    what is dropped: the bound stays a bound, and multipliers hardly ever want to be that large.
    """
    service = tree.service
    if len(service.cost) > LONG and tree.complete and not len(tree.floors.need):
        tree.cap = np.maximum(CAP * second_nearest(plans, np.zeros(0)), service.base * 1e-9)
        tree.service = service.short(tree.cap)


def first_multipliers(plans: Plans, prices: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return multipliers and prices to start from: the prices found, and shares of them."""
    rows = np.zeros(len(plans.limits.right))
    shares = PRICE_SHARES if prices.any() else (1.0,)
    return [(second_nearest(plans, share * prices), np.append(share * prices, rows)) for share in shares]


def second_nearest(plans: Plans, prices: FloatArray) -> FloatArray:
    """Return each row's second nearest open cost at these prices."""
    from optimization.row_kernels import at_prices, nearest_two

    service = plans.service
    first, second = np.empty(len(service.base)), np.empty(len(service.base))
    at = np.empty(len(service.base), dtype=np.int64)
    cost, base = at_prices(service.start, service.cost, service.base, plans.floors.parts, prices)
    nearest_two(service.start, service.site, cost, base, plans.is_open, (first, second, at))
    alone = service.must & (second >= base)
    return np.asarray(np.minimum(np.where(alone, 1.5 * first, second), base))


def shrink(tree: Tree, root: Node, plans: Plans) -> Node:
    """Leave out the sites that the root has closed, of tree and plans, if they are many; return the root."""
    kept = np.flatnonzero(root.state >= 0)
    if len(kept) > SHRINK * len(root.state):
        return root
    service = plans.service.only(kept)
    plans.narrow(service, floors_of(service), limits_of(service))
    tree.service, tree.floors, tree.limits = tree.service.only(kept), plans.floors, plans.limits
    tree.reaches = reaches_of(tree.service, tree.floors)
    parts = {name: getattr(root, name)[kept] for name in ("state", "worth", "chosen", "frequency")}
    return root._replace(**parts)


def finish(answer: Answer, tree: Tree, root: Node, options: SolverOptions) -> Answer:
    """Solve the compact program of the sites and pairs that the root's bound has left.

    Only plans better than the tree's cutoff are sought: if there is none, the plan at hand is
    within the gap.
    """
    stage = tree.service.stage
    closed, opened = settled_sites(tree.service, root)
    rest = replace(stage, closed=closed, opened=opened, pairs=left_pairs(tree, root))
    if tree.clock.left <= hand_over_s(rest):
        return answer
    found = solve_compact(rest, answer.open, options, tree.clock)
    left = math.inf if found.outcome is Outcome.INFEASIBLE else found.bound
    proven = min(tree.cutoff, left) if not math.isnan(left) else -math.inf
    bound = max(answer.bound, tree.service.round_up(proven))
    units, value = answer.open, answer.value
    if found.open is not None and found.value < value:
        units, value = found.open, found.value
    bound = min(bound, value)
    method = f"{answer.method}, then {found.method}"
    return Answer(proven_outcome(value, bound, options.gap), units, value, bound, method)
