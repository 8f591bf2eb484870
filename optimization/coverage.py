"""Covers as Benders cuts: how much weight has an open site, without a variable for any demand point.

The classes of a covering are gathered in parts of one group each. With A the classes of a part that
u does not cover in full (sum_{j in N(p)} u_j < 1), the weight theta covered in the part obeys

    theta <= sum_{p not in A} w_p + sum_j (sum_{p in A, j in N(p)} w_p) u_j

for every whole u and any A at all, since a class adds at most w_p and at most w_p sum_j u_j
(Cordeau, Furini and Ljubic 2019); at u itself the right side is the weight covered. Classes that a
floor cannot do without are rows of a set cover instead: sum_{j in N(p)} u_j >= 1.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, row_of_pair, sums
from optimization.clock import Clock
from optimization.coverage_closure import Closures
from optimization.coverage_left import Left, left_to_cover, left_to_serve
from optimization.coverage_search import CoverageSearch
from optimization.covering import Covering
from optimization.cuts import NO_CUTS, Cuts, cuts_of, stack
from optimization.domination import undominated_columns, undominated_rows
from optimization.live import Live
from optimization.model import Linear, Model, Term, build_master
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome
from optimization.search import Search, root, true_value
from optimization.setcover import SetCoverSearch, is_set_cover
from optimization.setcover_cuts import ThreeRows
from optimization.stage import Answer, Stage
from optimization.thrift import Thrift
from optimization.tree import branch

PARTS = 60  # parts in all: fewer make weak cuts, more a slow relaxation
CLASSES_OF_A_PART = 8
MANY_CLASSES = 20_000  # from which more parts make a faster relaxation
MANY_PARTS = 150
VIOLATION = 1e-7  # relative to the weight of a part
THETA_SCALE = 1e4
REGIONS = (1, 2, 3, 4)  # parts in a region
NEAR = 5.0  # gaps of the proof: nearer, a tree is faster than cuts of larger regions
LEAST_FALLING = 0.02  # share of needless sites from which leaving them out pays

Heuristic: TypeAlias = CoverageSearch | SetCoverSearch | Thrift


def parts_of(pattern: Csr, weight: FloatArray, group: IntArray, count: int) -> IntArray:
    """Return a part for each class: the first of `count` greedily chosen sites that covers it.

    Cuts are strong where the classes of a part share their sites. Without coordinates the sites
    themselves are the regions: a greedy cover makes discs that overlap little.
    """
    part = np.full(len(weight), -1, dtype=np.int64)
    if len(weight) <= count:
        return np.arange(len(weight))
    by_site, left = pattern.T.tocsr(), weight.copy()
    for number in range(count - 1):
        site = int(np.argmax(by_site @ left))
        rows = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        rows = rows[part[rows] < 0]
        if not len(rows):
            break
        part[rows], left[rows] = number, 0.0
    part[part < 0] = count
    if len(weight) > MANY_CLASSES:
        part = compact_parts(pattern, weight, part)
    label = part * (int(group.max()) + 1) + group
    return np.asarray(np.unique(label, return_inverse=True)[1]).ravel()


def compact_parts(pattern: Csr, weight: FloatArray, part: IntArray) -> IntArray:
    """Return each class's part anew: the one whose classes are reached from its sites most.

    What greed leaves over is scattered; here it falls to the parts around it, as in k-means.
    """
    number = np.unique(part, return_inverse=True)[1].ravel()
    count = int(number.max()) + 1
    key = number[row_of_pair(pattern)] + count * pattern.indices.astype(np.int64)
    shared = sums(key, np.repeat(weight, np.diff(pattern.indptr)), pattern.shape[1] * count)
    shared = shared.reshape(-1, count)
    shared /= np.sqrt((shared**2).sum(axis=0))[None, :]
    shared /= np.maximum(np.sqrt(pattern.T @ weight), 1e-300)[:, None]
    return np.asarray((pattern @ shared).argmax(axis=1))


class CoverCuts:
    """The family of one covering: a variable theta per part, rows for what must be covered."""

    def __init__(self, left: Left, *, wants_value: bool, parts: int | None = None) -> None:
        self.left, self.wants_value = left, wants_value
        if parts is None:
            parts = MANY_PARTS if len(left.weight) > MANY_CLASSES else PARTS
        count = int(np.clip(len(left.weight) // CLASSES_OF_A_PART, min(parts, 12), parts))
        self.part = parts_of(left.pattern, left.weight, left.group, count)
        self.parts = int(self.part.max()) + 1 if len(self.part) else 0
        self.sites = left.pattern.shape[1]
        self.total = sums(self.part, left.weight, self.parts)
        self.key = (self.part * self.sites)[row_of_pair(left.pattern)] + left.pattern.indices
        self.unit = max(float(left.covering.total.max(initial=0.0)), 1e-300) / THETA_SCALE
        self.must = left.must[undominated_rows(left.must)]
        self.thetas: list[Any] = []
        self.at: tuple[IntArray, IntArray] | None = None
        self.model: Model | None = None

    def define(self, model: Model) -> list[Term]:
        """Theta of every part, the floor of every group over them; returns weighted shortages."""
        self.model = model
        left, limit = self.left, self.left.covering.limit
        model.impossible = model.impossible or left.impossible
        self.thetas = [model.variable("t", float(most) / self.unit) for most in self.total]
        terms: list[list[Term]] = [[] for _ in left.need]
        group = np.zeros(self.parts, dtype=np.int64)
        group[self.part] = left.group
        for theta, number in zip(self.thetas, group.tolist(), strict=True):
            terms[number].append((theta, self.unit))
        if self.wants_value:
            every = [term for part in terms for term in part]
            model.values[Objective.COVERAGE] = Linear(every, float(left.settled.sum()))
        shortages: list[Term] = []
        for number in np.flatnonzero(left.need > 0).tolist():
            if model.stage.elastic:
                short = model.variable("s", 1.0)
                shortages.append((short, float(limit.shortage_weight[number])))
                full = float(limit.floor[number] * left.covering.total[number])
                row = [*terms[number], (short, full)]
                model.add(row, full - float(left.settled[number]), np.inf, scaled=True)
            else:
                model.add(terms[number], float(left.need[number]), np.inf, scaled=True)
        return shortages

    def separate(self, units: FloatArray, columns: FloatArray) -> Cuts:
        """Return the cuts at `units` (J,) that `columns` violate, and the must rows they violate."""
        if self.at is None:
            self.at = self.columns()
        site_column, theta_column = self.at
        own = np.where(site_column >= 0, columns[site_column], 0.0)
        return stack([self._part_cuts(units, columns[theta_column], own), self._must_rows(own)])

    def columns(self) -> tuple[IntArray, IntArray]:
        """Return the columns of the units (J,), -1 where there is none, and of the thetas."""
        assert self.model is not None
        column = np.full(self.sites, -1, dtype=np.int64)
        for site, unit in self.model.units.items():
            column[site] = unit.index
        return column, np.array([theta.index for theta in self.thetas], dtype=np.int64)

    def _part_cuts(self, units: FloatArray, theta: FloatArray, own: FloatArray) -> Cuts:
        left = self.left
        if not self.parts:
            return NO_CUTS
        assert self.at is not None
        open_weight = np.where(left.pattern @ units < 1.0 - 1e-9, left.weight, 0.0)
        slope = sums(self.key, np.repeat(open_weight, np.diff(left.pattern.indptr)), self.parts * self.sites)
        slope = slope.reshape(self.parts, self.sites)
        constant = self.total - sums(self.part, open_weight, self.parts)
        excess = self.unit * theta - constant - slope @ own
        over = np.flatnonzero(excess > VIOLATION * np.maximum(self.total, self.unit))
        row, site = np.nonzero(slope[over])
        both = np.concatenate([np.arange(len(over)), row])
        order = np.argsort(both, kind="stable")
        return cuts_of(
            both[order],
            np.concatenate([self.at[1][over], self.at[0][site]])[order],
            np.concatenate([np.ones(len(over)), -slope[over[row], site] / self.unit])[order],
            lower=np.full(len(over), -np.inf),
            upper=constant[over] / self.unit,
        )

    def _must_rows(self, own: FloatArray) -> Cuts:
        short = self.must[np.flatnonzero(self.must @ own < 1.0 - 1e-6)]
        assert self.at is not None
        return cuts_of(
            row_of_pair(short),
            self.at[0][short.indices],
            np.ones(short.nnz),
            lower=np.ones(short.shape[0]),
            upper=np.full(short.shape[0], np.inf),
        )


def applies(stage: Stage) -> bool:
    """Return whether a stage is about covers and units alone."""
    known = {Objective.COST, Objective.COVERAGE, Objective.SHORTAGE}
    return stage.objective in known and not stage.flows and stage.names <= known | {Objective.FARTHEST}


def solve_coverage(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Answer | None:
    """Answer a stage about covers by swaps, the relaxation with Benders cuts, and a tree over it."""
    if options.solver != "highs":
        return None
    stage, families = cover_families(stage)
    model = build_master(stage, families)
    if model.impossible:
        return Answer(Outcome.INFEASIBLE, None, math.nan, math.nan, "a floor that nothing can meet")
    if not model.units:
        return None
    primal, method = _heuristic(stage, [family.left for family in families], options.seed)
    search = Search(stage, Live(model, options), families, primal, true_value(stage), options.gap, clock)
    search.offer(primal.first(start, clock))
    if isinstance(primal, SetCoverSearch):
        search.families = [*families, ThreeRows(model, primal.rows)]
    root(search)
    search.families = families
    if isinstance(primal, CoverageSearch) and primal.compiled:
        close_regions(search, families, primal)
    branch(search)
    return search.answer(method)


def close_regions(search: Search, families: list[CoverCuts], primal: CoverageSearch) -> None:
    """Add closures of larger and larger regions, as long as a tree would have much to do.

    Before each size the best plan is kicked on: sites that a better one settles make all cheaper.
    """
    for size in REGIONS:
        proof = search.value - search.cutoff
        if search.done or search.clock.left <= 0 or (size > 1 and search.value - search.bound < NEAR * proof):
            break
        if search.best is not None:
            search.offer(primal.kicked_often(search.best, search.clock))
        search.families = [*families, *(Closures(family, size, search.clock) for family in families)]
        root(search)
    search.families = families


def cover_families(stage: Stage) -> tuple[Stage, list[CoverCuts]]:
    """Return the stage without needless sites, and what is left of its coverings."""
    lefts = _lefts(stage)
    closed = needless_sites(stage, lefts)
    if closed is not None:
        stage = replace(stage, closed=closed)
        lefts = _lefts(stage)
    values = [wants_value(stage, left.covering) for left in lefts]
    return stage, [CoverCuts(left, wants_value=value) for left, value in zip(lefts, values, strict=True)]


def _lefts(stage: Stage) -> list[Left]:
    lefts = [left_to_cover(stage, part, wants_value=wants_value(stage, part)) for part in stage.presence]
    return [*lefts, left_to_serve(stage)] if stage.must_serve else lefts


def wants_value(stage: Stage, covering: Covering) -> bool:
    """Return whether the weight covered by `covering` is an objective of the stage."""
    return Objective.COVERAGE in stage.names and covering is stage.coverings[0]


def needless_sites(stage: Stage, lefts: list[Left]) -> BoolArray | None:
    """Return the sites (J,) that another one makes needless, None if they are too few to matter.

    Where there are no rows, only cover and cost tell sites apart (see `undominated_columns`), and a
    second unit at a site adds nothing.
    """
    if len(stage.instance.lower) or stage.opened is not None or not lefts:
        return None
    rows = [part for left in lefts for part in (left.must[undominated_rows(left.must)], left.pattern)]
    stacked = sparse.csr_array(sparse.vstack(rows))
    stacked.sort_indices()
    closed = np.ones(stacked.shape[1], dtype=bool)
    closed[undominated_columns(stacked, stage.instance.cost)] = False
    falling = int(closed[stage.undecided].sum())
    return closed if falling > LEAST_FALLING * len(stage.undecided) else None


def _heuristic(stage: Stage, lefts: list[Left], seed: int) -> tuple[Heuristic, str]:
    if stage.objective is Objective.COVERAGE:
        return CoverageSearch(stage, lefts[0].pattern, lefts[0].weight, seed), "Benders cuts of covers"
    if is_set_cover(stage, lefts):
        return SetCoverSearch(stage, lefts, seed), "row weights and a tree over undominated rows"
    return Thrift(stage, lefts, seed), "Benders cuts of covers, under a falling budget"
