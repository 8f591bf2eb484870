"""The least radius: a search over the sorted distances, each step a feasibility problem."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from optimization.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    csr_of,
    keep_pairs,
    nearest_distance,
    row_minimum,
)
from optimization.clock import Clock
from optimization.compact import solve_compact
from optimization.domination import undominated_rows
from optimization.median_tree import Tree
from optimization.priced import Floors, Limits, is_free
from optimization.problem import SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.service import Service, most_sites, new_sites
from optimization.stage import Answer, Stage, value_of, within_limits
from optimization.swap import STRENGTH

KICKS = 12
MOST_NODES = 400


def solve_farthest(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock, *, tight: bool = False
) -> Answer:
    """Return the plan with the smallest largest distance.

    Only stored distances (and `beyond`) can be the answer. All radii up to `low` are proven
    impossible, `high` has a plan; halving the list between them ends with both neighbours, or at
    the time limit with the next untested radius as the bound.
    """
    del start  # a plan within a radius is either found or not; nothing is improved
    radii = candidate_radii(stage)
    low, high, best, shares = -1, len(radii), None, None
    while high - low > 1:
        # the largest radius first: without a plan there, there is none at all
        middle = len(radii) - 1 if high == len(radii) else (low + high) // 2
        answer = answer_within(at_radius(stage, radii[middle]), options, clock, tight=tight)
        if answer.open is not None:
            reached = value_of(stage, stage.objective, answer.open) if answer.assignment is None else math.inf
            high = min(middle, int(np.searchsorted(radii, reached)))
            best, shares = answer.open, answer.assignment
        elif answer.outcome is Outcome.INFEASIBLE:
            low = middle
        else:
            break
    method = "search over radii"
    if best is None:
        outcome = Outcome.INFEASIBLE if low == len(radii) - 1 else Outcome.TIME_LIMIT
        return Answer(outcome, None, math.nan, radii[low + 1] if low + 1 < len(radii) else math.nan, method)
    value, bound = float(radii[high]), float(radii[low + 1])
    return Answer(proven_outcome(value, bound, options.gap), best, value, bound, method, shares)


def answer_within(stage: Stage, options: SolverOptions, clock: Clock, *, tight: bool) -> Answer:
    """Return any plan within the radius of `stage`: by covering where that decides, else by a program."""
    if is_free(stage) and not stage.flows and stage.radius is not None and len(new_sites(stage)):
        answer = cover_within(stage, options, clock)
        if answer is not None:
            return answer
    return solve_compact(stage, None, options, clock, tight=tight)


def cover_within(stage: Stage, options: SolverOptions, clock: Clock) -> Answer | None:
    """Decide by a tree whether `limit` sites can cover every point; None if it takes too long.

    Covering is locating with fee 1 a site, no cost of service, and limit + 1 for whom nobody serves:
    a plan within the radius is worth at most `limit`.
    """
    service = cover_of(stage)
    most, method = service.limit, "covering within a radius"
    plans = Covers(service, np.zeros(len(service.sites), dtype=bool), most + 1.0)
    plans.search(options.seed)
    if plans.value > most:
        service = plans.service = undominated(service)
        tree = covering_tree(service, plans, clock)
        root = tree.root([(first_shares(service), np.zeros(0))])
        tree.search(root, MOST_NODES, lambda: plans.value <= most)
        if plans.value > most:
            proven = tree.bound > most + 0.5
            return Answer(Outcome.INFEASIBLE, None, math.nan, math.nan, method) if proven else None
    units = stage.instance.fixed.copy()
    units[service.sites[plans.is_open]] += 1
    return Answer(Outcome.OPTIMAL, units, 0.0, 0.0, method) if within_limits(stage, units) else None


def undominated(service: Service) -> Service:
    """Return covering without the rows that hold all sites of another row."""
    rows = csr_of(service.distance, service.site, service.start, (len(service.base), len(service.sites)))
    rows.sort_indices()
    kept = undominated_rows(rows)
    rows = rows[kept]
    return replace(
        service,
        start=rows.indptr.astype(np.int64),
        site=rows.indices.astype(np.int32),
        cost=np.zeros(rows.nnz),
        distance=rows.data,
        base=service.base[kept],
        must=service.must[kept],
        points=service.points[kept],
    )


def covering_tree(service: Service, plans: Covers, clock: Clock) -> Tree:
    """Return the search for the least number of sites, up to one more than allowed."""
    points, sites = len(service.base), len(service.sites)
    whole, real = np.zeros((0, points), dtype=np.int64), np.zeros((0, points))
    return Tree(
        service=replace(service, limit=sites),
        floors=Floors(whole, whole, real, real, np.zeros(0)),
        limits=Limits(np.zeros((0, sites)), np.zeros(0)),
        value=plans.value,
        improve=plans.improve,
        gap=0.0,
        clock=clock,
        complete=True,
        counted=False,
        cap=np.full(points, math.inf),
    )


def cover_of(stage: Stage) -> Service:
    """Return the rows of covering: the sites within the radius of every point without a fixed one."""
    instance, reach = stage.instance, stage.reach
    served = np.isfinite(nearest_distance(reach, instance.fixed > 0))
    points, sites = np.flatnonzero(~served), new_sites(stage)
    number = np.full(reach.shape[1], -1, dtype=np.int32)
    number[sites] = np.arange(len(sites))
    rows = reach[points]
    pairs = keep_pairs(rows, number[rows.indices] >= 0)
    limit = most_sites(stage, sites)
    return Service(
        stage=stage,
        start=pairs.indptr.astype(np.int64),
        site=number[pairs.indices],
        cost=np.zeros(pairs.nnz),
        distance=pairs.data,
        base=np.full(len(points), limit + 1.0),
        must=np.ones(len(points), dtype=bool),
        fee=np.ones(len(sites)),
        sites=sites,
        points=points,
        limit=limit,
        grain=1.0,
    )


def first_shares(service: Service) -> FloatArray:
    """Return a multiplier for each row that pays no site more than its fee: one over its largest site."""
    size = np.bincount(service.site, minlength=len(service.sites)).astype(np.float64)
    rows = csr_of(service.cost, service.site, service.start, (len(service.base), len(size)))
    largest = row_minimum(rows, -size[service.site])
    return np.where(np.isfinite(largest), -1.0 / np.minimum(largest, -1.0), service.base)


@dataclass(slots=True)
class Covers:
    """The smallest choice of sites that covers all rows, as far as it is known."""

    service: Service
    is_open: BoolArray
    value: float

    def search(self, seed: int) -> None:
        """Search by kicked descents from greed."""
        from optimization.swap_kernels import search_sets

        draws, trial = np.random.default_rng(seed).random((KICKS, STRENGTH, 2)), self.is_open.copy()
        search_sets(*self.service.rows, trial, len(self.service.sites), 0.5, draws)
        self._take(trial)

    def improve(self, chosen: BoolArray, prices: FloatArray) -> float:
        """Take the sites that a bound chose, after moves; return the least number known."""
        from optimization.swap_kernels import descend

        del prices
        trial = chosen.copy()
        descend(*self.service.rows, trial, len(self.service.sites), 0.5)
        self._take(trial)
        return self.value

    def _take(self, trial: BoolArray) -> None:
        from optimization.row_kernels import total_of_set

        value = total_of_set(*self.service.rows, trial)
        if value < self.value - 0.5:
            self.is_open, self.value = trial, value


def candidate_radii(stage: Stage) -> FloatArray:
    """Return the distances that could be the answer: none below any point's nearest site."""
    instance = stage.instance
    reach = stage.reach
    usable = np.where(instance.units[reach.indices] > 0, reach.data, np.inf)
    nearest = row_minimum(reach, usable)
    beyond = None if stage.must_serve else instance.beyond
    if beyond is None and not np.isfinite(nearest).all():
        return np.zeros(0)
    least = float(np.where(np.isfinite(nearest), nearest, beyond or 0.0).max(initial=0.0))
    radii = np.unique(np.append(usable[np.isfinite(usable)], [least, *([] if beyond is None else [beyond])]))
    return radii[radii >= least]


def at_radius(stage: Stage, radius: float) -> Stage:
    """Return the stage that asks for any plan within `radius`; at `beyond` nobody need be served."""
    beyond = None if stage.must_serve else stage.instance.beyond
    free = beyond is not None and radius >= beyond
    return replace(stage, objective=None, radius=None if free else float(radius))
