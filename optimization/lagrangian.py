"""A lower bound on `distance` without an integer program, and what it settles.

Relax "every point is served once" with multipliers v_i, and floors of covers with prices mu. What
remains falls apart by site: with c_ij = w_i d_ij, less mu times what serving i from j adds to a
floor, site j is worth rho_j = sum_i min(0, c_ij - v_i), and at most p sites open, so

    L(v, mu) = sum_i v_i + (sum of the p least rho_j) + mu * need

is a lower bound for every v and every mu >= 0 (Cornuejols, Fisher and Nemhauser 1977, with a price
on the floor). Rows and other kept objectives are left out, which can only lower it. A floor may be
priced on the served pair because each point is served from its nearest open site: if any site is
within the cover's distance, the nearest one is. Covers that count only some sites are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from optimization.arrays import (
    BoolArray,
    Csr,
    FloatArray,
    IntArray,
    dense_distances,
    keep_pairs,
    row_of_pair,
)
from optimization.covering import Covering
from optimization.problem import Objective
from optimization.stage import KEEP_TOLERANCE, Stage


@dataclass(frozen=True, slots=True, eq=False)
class PricedFloor:
    """A floor: what each served pair, or the way out (I,), adds to it, and what it needs."""

    near: FloatArray
    base: FloatArray
    need: float


class Round(NamedTuple):
    """The relaxed problem at some multipliers."""

    bound: float
    worth: FloatArray
    chosen: IntArray
    served: FloatArray
    multiplier: FloatArray
    prices: FloatArray
    base: FloatArray
    covered: FloatArray


@dataclass(slots=True, eq=False)
class Relaxation:
    """The relaxed problem in numbers, and the best round so far.

    `weighted` (I, J) is weight times distance over the points of positive weight, `base` (I,) the
    same to the nearest fixed site or to `beyond` (infinite without either), `sites` (M,) the sites
    that can be new, `cost` their columns, `limit` how many of them at most.
    """

    stage: Stage
    weighted: FloatArray
    base: FloatArray
    sites: IntArray
    cost: FloatArray
    limit: int
    floors: list[PricedFloor] = field(default_factory=list)
    best: Round | None = None

    @property
    def bound(self) -> float:
        """The best proven bound."""
        return -math.inf if self.best is None else self.best.bound

    def evaluate(self, multiplier: FloatArray, prices: FloatArray) -> Round:
        """Return the relaxed problem's value and solution, and remember the best."""
        cost, base = self.priced(prices)
        multiplier = np.minimum(multiplier, base)
        slack = np.minimum(cost - multiplier[:, None], 0.0)
        worth = slack.sum(axis=0)
        chosen = np.arange(len(worth))
        if self.limit < len(worth):
            chosen = np.argpartition(worth, self.limit - 1)[: self.limit] if self.limit else chosen[:0]
        hit = slack[:, chosen] < 0
        served = hit.sum(axis=1).astype(np.float64)
        idle = (served == 0) & (multiplier >= base)
        covered = np.array(
            [(part.near[:, chosen] * hit).sum() + part.base[idle].sum() for part in self.floors]
        )
        bound = float(multiplier.sum() + worth[chosen].sum())
        bound += sum(price * part.need for price, part in zip(prices.tolist(), self.floors, strict=True))
        result = Round(bound, worth, chosen, served + idle, multiplier, prices, base, covered)
        if self.best is None or bound > self.best.bound:
            self.best = result
        return result

    def priced(self, prices: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return costs and ways out less what serving adds to priced floors."""
        cost, base = self.cost, self.base
        for price, part in zip(prices.tolist(), self.floors, strict=True):
            if price > 0:
                cost, base = cost - price * part.near, base - price * part.base
        return cost, base


def relax(stage: Stage) -> Relaxation:
    """Return the relaxation of a stage, its floors not priced yet."""
    instance = stage.instance
    heavy = instance.weight > 0
    weight = instance.weight[heavy]
    weighted = dense_distances(stage.reach)[heavy] * weight[:, None]
    way_out = math.inf if instance.beyond is None or stage.must_serve else instance.beyond
    base = np.minimum(weighted[:, instance.fixed > 0].min(axis=1, initial=math.inf), way_out * weight)
    sites = np.flatnonzero((instance.fixed == 0) & (instance.units > 0))
    return Relaxation(stage, weighted, base, sites, weighted[:, sites], most_sites(stage, sites))


def most_sites(stage: Stage, sites: IntArray) -> int:
    """Return the most new sites that kept cost, budget and max_open allow."""
    instance = stage.instance
    limit = min(instance.max_open, float(len(sites)))
    spend = min([instance.budget, *(value for name, value in stage.kept if name is Objective.COST)])
    if math.isfinite(spend):
        spent = np.cumsum(np.sort(instance.cost[sites]))
        limit = min(limit, float(np.searchsorted(spent, spend + 1e-6 * max(1.0, spend), side="right")))
    return math.floor(limit + 1e-9)


def price_floors(relaxation: Relaxation) -> bool:
    """Add a price for every floor that the best round breaks and that can be priced; False without any."""
    stage = relaxation.stage
    if not stage.firm:
        return False
    distance = dense_distances(stage.reach)
    for covering in stage.presence:
        if covering.limit.sites.all():
            for group in np.flatnonzero(covering.need > 0).tolist():
                part = _floor(relaxation, covering, group, distance)
                if _is_broken(part, relaxation.best):
                    relaxation.floors.append(part)
    if relaxation.best is not None:
        relaxation.best = relaxation.best._replace(
            prices=np.zeros(len(relaxation.floors)), covered=np.zeros(len(relaxation.floors))
        )
    return bool(relaxation.floors)


def _is_broken(part: PricedFloor, best: Round | None) -> bool:
    if best is None:
        return True
    near = np.maximum(part.near[:, best.chosen].max(axis=1, initial=0.0), part.base)
    return float(near.sum()) < part.need


def _floor(relaxation: Relaxation, covering: Covering, group: int, distance: FloatArray) -> PricedFloor:
    instance, limit = relaxation.stage.instance, covering.limit
    heavy = instance.weight > 0
    weight = np.where(limit.group == group, limit.weight, 0.0)
    near = distance <= limit.within
    fixed = near[:, instance.fixed > 0].any(axis=1)
    return PricedFloor(
        near=weight[heavy, None] * near[np.ix_(heavy, relaxation.sites)],
        base=(weight * fixed)[heavy],
        # points without demand of their own are left out of the relaxation: taken as covered
        need=float(covering.need[group]) - float(weight[~heavy].sum()),
    )


def settled_sites(relaxation: Relaxation, goal: float) -> tuple[BoolArray, BoolArray]:
    """Return which sites stay closed, and which open, in every plan whose value is below `goal`.

    Opening a site that L leaves closed adds its rho less the worst chosen one; closing a chosen
    site takes its rho away and lets the next one in.
    """
    closed = np.zeros(len(relaxation.stage.instance.units), dtype=bool)
    opened, best, limit = closed.copy(), relaxation.best, relaxation.limit
    if best is None or not limit:
        return closed, opened
    order = np.argsort(best.worth, kind="stable")
    inside, outside = order[:limit], order[limit:]
    goal += KEEP_TOLERANCE * max(1.0, abs(goal))
    closed[relaxation.sites[outside]] = best.bound + best.worth[outside] - best.worth[inside[-1]] > goal
    following = best.worth[outside[0]] if len(outside) else 0.0
    opened[relaxation.sites[inside]] = best.bound - best.worth[inside] + following > goal
    return closed, opened


def left_pairs(relaxation: Relaxation, goal: float) -> Csr:
    """Return the pairs by which a point may be served in a plan whose value is below `goal`.

    Serving point i at site j adds max(0, c_ij - v_i) to the bound, and rho_j less the worst chosen
    one if j is not among the chosen.
    """
    stage, best = relaxation.stage, relaxation.best
    reach, limit = stage.reach, relaxation.limit
    if best is None:
        return reach
    heavy = stage.instance.weight > 0
    added = np.zeros(reach.shape)
    cost, _ = relaxation.priced(best.prices)
    added[np.ix_(heavy, relaxation.sites)] = np.maximum(0.0, cost - best.multiplier[:, None])
    if 0 < limit < len(best.worth):
        worst = np.partition(best.worth, limit - 1)[limit - 1]
        added[:, relaxation.sites] += np.maximum(0.0, best.worth - worst)
    extra = added[row_of_pair(reach), reach.indices]
    return keep_pairs(reach, best.bound + extra <= goal + KEEP_TOLERANCE * max(1.0, abs(goal)))
