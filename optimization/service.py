"""Serving every point from its nearest open site: costs in sorted rows, and the limits with a price.

What `distance` and `total` ask, as sites to choose and rows of costs:

    min  sum_j fee_j y_j + sum_i min(base_i, min_{j: y_j = 1} cost_ij)      at most `limit` sites

`cost` is weight times distance, `base` the same to the nearest fixed site or to `beyond`. Limits that
bind besides are in `priced`. A cover that measures its own distances has rows of its own, which cost
nothing: a price on its floor then pays for a class of its points as soon as one of its sites is open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from optimization.arrays import BoolArray, FloatArray, IntArray, keep_pairs, row_minimum, row_of_pair, sums
from optimization.covering import Covering
from optimization.problem import Objective
from optimization.stage import Stage

WHOLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class OwnRows:
    """The rows of a cover with its own distances, from row `first` on: of each its weight and group (P,).

    `there` (G,) is what fixed sites cover.
    """

    covering: Covering
    first: int
    weight: FloatArray
    group: IntArray
    there: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """The sorted rows of a stage over its points of positive weight.

    Attributes
    ----------
    start, site, cost, distance : int (I + 1,), int32 (N,), float (N,), float (N,)
        Row i holds the pairs start[i] to start[i + 1], the cheapest first; `site` numbers `sites`.
    base : float (I,)
        Cost of the way out; more than any plan is worth where there is none (`must`).
    fee : float (M,)
        What opening adds to the objective.
    sites, points : int (M,), int (I,)
        Column and row numbers in the problem; -1 for a cover's own rows.
    own : tuple of OwnRows
        The rows of covers that measure their own distances, after all others.
    limit : int
        The most sites a plan may have.
    grain : float
        The objective is a whole multiple of it; 0 if it is not known to be.
    """

    stage: Stage
    start: IntArray
    site: IntArray
    cost: FloatArray
    distance: FloatArray
    base: FloatArray
    must: BoolArray
    fee: FloatArray
    sites: IntArray
    points: IntArray
    limit: int
    grain: float
    own: tuple[OwnRows, ...] = ()

    @property
    def rows(self) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
        """The arrays as the compiled loops take them."""
        return self.start, self.site, self.cost, self.base, self.fee

    def round_up(self, bound: float) -> float:
        """Return the least value a plan can have that is not below `bound`."""
        if not self.grain or not math.isfinite(bound):
            return bound
        return math.ceil(bound / self.grain - 1e-6) * self.grain

    def short(self, cap: FloatArray) -> Service:
        """Return the service with the pairs of each row that cost less than `cap` (I,) alone."""
        row = np.repeat(np.arange(len(self.base)), np.diff(self.start))
        return self._kept(self.cost < cap[row])

    def only(self, kept: IntArray) -> Service:
        """Return the service over the sites `kept` (numbers in `sites`) alone."""
        number = np.full(len(self.sites), -1, dtype=np.int32)
        number[kept] = np.arange(len(kept))
        left = self._kept(np.asarray(number[self.site] >= 0))
        return replace(left, site=np.asarray(number[left.site]), fee=self.fee[kept], sites=self.sites[kept])

    def _kept(self, mask: BoolArray) -> Service:
        ends = np.concatenate(([0], np.cumsum(mask)))
        return replace(
            self,
            start=ends[self.start],
            site=self.site[mask],
            cost=self.cost[mask],
            distance=self.distance[mask],
        )


def service_of(stage: Stage) -> Service:
    """Return the sorted rows of a stage that asks `distance` or `total`, without flows."""
    instance, points = stage.instance, np.flatnonzero(stage.instance.weight > 0)
    weight = instance.weight[points]
    sites = new_sites(stage)
    fixed = row_minimum(
        stage.reach, np.where(instance.fixed[stage.reach.indices] > 0, stage.reach.data, np.inf)
    )
    reach = stage.reach if len(points) == len(fixed) else stage.reach[points]
    number = np.full(reach.shape[1], -1, dtype=np.int32)
    number[sites] = np.arange(len(sites))
    # a pair no nearer than a fixed site serves nobody
    pairs = keep_pairs(reach, (number[reach.indices] >= 0) & (reach.data < fixed[points][row_of_pair(reach)]))
    start, site, distance = pairs.indptr.astype(np.int64), number[pairs.indices], pairs.data
    order = by_distance(start, distance)
    site, distance = site[order], distance[order]
    cost = distance * np.repeat(weight, np.diff(start))
    way_out = math.inf if instance.beyond is None or stage.must_serve else instance.beyond
    base = np.minimum(fixed[points], way_out) * weight
    fee = _prices(stage)[sites]
    dearest = np.where(np.diff(start) > 0, cost[np.maximum(start[1:], 1) - 1] if len(cost) else 0.0, 0.0)
    safe = np.where(np.isfinite(base), base, 0.0)
    # no plan that serves everyone is worth that much
    far = 2.0 * float(np.maximum(dearest, safe).sum() + fee.sum()) + 1.0
    service = Service(
        stage=stage,
        start=start,
        site=site,
        cost=cost,
        distance=distance,
        base=np.where(np.isfinite(base), base, far),
        must=np.isinf(base),
        fee=fee,
        sites=sites,
        points=points,
        limit=most_sites(stage, sites),
        grain=grain_of(np.concatenate([cost, safe, _prices(stage)])),
    )
    for part in stage.presence:
        if stage.firm and part.limit.reach is not None and part.need.any():
            service = _with_own_rows(service, part, number)
    return service


def _with_own_rows(service: Service, part: Covering, number: npt.NDArray[np.int32]) -> Service:
    """Return the service with the rows of a cover; `number` (J,) is that of each site, -1 of others."""
    done = part.covered(service.stage.instance.fixed > 0)
    pairs = keep_pairs(part.pattern[~done], number[part.pattern[~done].indices] >= 0)
    rows, size = pairs.shape[0], pairs.nnz
    there = sums(part.group[done], part.weight[done], len(part.total))
    own = OwnRows(part, len(service.base), part.weight[~done], part.group[~done], there)
    return replace(
        service,
        start=np.concatenate([service.start, service.start[-1] + pairs.indptr[1:].astype(np.int64)]),
        site=np.concatenate([service.site, number[pairs.indices]]),
        cost=np.concatenate([service.cost, np.zeros(size)]),
        distance=np.concatenate([service.distance, np.zeros(size)]),
        base=np.concatenate([service.base, np.zeros(rows)]),
        must=np.concatenate([service.must, np.zeros(rows, dtype=bool)]),
        points=np.concatenate([service.points, np.full(rows, -1)]),
        own=(*service.own, own),
    )


def by_distance(start: IntArray, distance: FloatArray) -> IntArray:
    """Return the order (N,) that sorts every row by distance, ties in the order of sites."""
    size = np.diff(start)
    if len(size) and size[0] and (size == size[0]).all():
        rows = np.argsort(distance.reshape(-1, size[0]), axis=1, kind="stable")
        return np.asarray((rows + start[:-1, None]).ravel())
    return np.lexsort((distance, np.repeat(np.arange(len(size)), size)))


def _prices(stage: Stage) -> FloatArray:
    """Return what a unit at each site (J,) adds to the objective."""
    instance = stage.instance
    return instance.cost if stage.objective is Objective.TOTAL else np.zeros(len(instance.cost))


def new_sites(stage: Stage) -> IntArray:
    """Return the sites without an outlet where one may open."""
    return np.flatnonzero((stage.instance.fixed == 0) & (stage.instance.units > 0))


def grain_of(values: FloatArray) -> float:
    """Return 1 if all values are whole and small enough to be added exactly, else 0."""
    whole = (
        len(values) > 0 and float(np.abs(values).sum()) < 1e15 and bool((values == np.round(values)).all())
    )
    return 1.0 if whole else 0.0


def most_sites(stage: Stage, sites: IntArray) -> int:
    """Return the most new sites that kept cost, budget and max_open allow."""
    instance = stage.instance
    limit = min(instance.max_open, float(len(sites)))
    spend = most_spent(stage)
    if math.isfinite(spend):
        spent = np.cumsum(np.sort(instance.cost[sites]))
        limit = min(limit, float(np.searchsorted(spent, spend, side="right")))
    return math.floor(limit + 1e-9)


def most_spent(stage: Stage) -> float:
    """Return the most that kept cost and budget allow to spend, and a little more."""
    spend = min([stage.instance.budget, *(value for name, value in stage.kept if name is Objective.COST)])
    return spend + 1e-6 * max(1.0, spend) if math.isfinite(spend) else spend
