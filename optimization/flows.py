"""Splittable service under capacities as a flow: who can be served in full, and what forbids it.

Demand points with the same stored sites and the same floor group are merged: any service of the sum
can be handed back to its points in proportion to their weights, so nothing is lost.

A floor asks that group g be served with at least n_g of its weight W_g. A site of its own for each
group, with room W_g - n_g and reached by all of the group, takes what may stay unserved: the floors
hold if and only if everything then flows. (What the groups can be served with is a polymatroid:
Edmonds 1970; so the most that can be served in all does not depend on the floors, once they hold.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimization.arrays import Csr, FloatArray, IntArray, keep_pairs, row_of_pair, sums
from optimization.covering import alike
from optimization.instance import FLOOR_TOLERANCE
from optimization.stage import Stage

if TYPE_CHECKING:
    from optimization.flow_kernels import Arcs, Flow

TIERS = (1, 2, 3, 5, 8)
EPS = 1e-12  # of the heaviest class: what no arc need carry


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """P classes of demand and the sites, J real ones and then one for each group that may fall short.

    Attributes
    ----------
    weight, group : float (P,), int (P,)
        Demand and floor group of each class.
    arcs : Arcs
        The pairs over which a class may be served.
    capacity, spare : float (J,), float (S,)
        Room of one unit at a real site, and of the sites that take what may stay unserved.
    fixed, most : int (J,)
        Units that exist, and the most there can be.
    first, classes : int (P,), int (K,)
        A demand point of each class, and the class of each of the K demand points in `points`.
    short : int (S,)
        The groups that have such a site.
    reachable : float (S,)
        Weight of these groups that some site reaches.
    lost : float
        Demand that no site can serve though it must be served.
    allowed : float
        What may be left in all for rounding: shares are held to 1e-9.
    """

    weight: FloatArray
    group: IntArray
    arcs: Arcs
    capacity: FloatArray
    spare: FloatArray
    fixed: IntArray
    most: IntArray
    first: IntArray
    points: IntArray
    classes: IntArray
    short: IntArray
    reachable: FloatArray
    lost: float
    allowed: float

    @property
    def eps(self) -> float:
        """What counts as nothing."""
        return EPS * float(self.weight.max(initial=1e-300))

    @property
    def tails(self) -> IntArray:
        """The class of every arc."""
        return np.repeat(np.arange(len(self.weight)), np.diff(self.arcs.indptr))

    def rooms(self, units: FloatArray, spare: FloatArray | None = None) -> FloatArray:
        """Return the room of every site for these units (J,)."""
        return np.concatenate([self.capacity * units, self.spare if spare is None else spare])

    def limits(self, units: FloatArray) -> FloatArray:
        """Return what every arc carries at most: no site serves more of a class than its units' share.

        With units below 1 this is x_ij <= y_j, which makes the cut of a maximum flow the sum of
        min(capacity, demand within reach) times the units.
        """
        share = np.concatenate([np.minimum(1.0, units), np.ones(len(self.spare))])
        return np.asarray(self.weight[self.tails] * share[self.arcs.site])

    def empty(self) -> Flow:
        """Return a flow of nothing."""
        return empty_flow(self.arcs, self.weight)

    def serve(self, units: FloatArray, flow: Flow, spare: FloatArray | None = None) -> float:
        """Bring `flow` to a maximum for these units (J,); return the demand that is left."""
        from optimization.flow_kernels import augment, refit

        limits = self.limits(units)
        refit(self.arcs, self.weight, limits, self.rooms(units, spare), flow)
        return float(augment(self.arcs, limits, flow, self.eps)) + self.lost


def empty_flow(arcs: Arcs, weight: FloatArray) -> Flow:
    """Return a flow of nothing over these arcs, with all of `weight` left."""
    from optimization.flow_kernels import Flow

    classes, sites = len(weight), len(arcs.back) - 1

    def whole(size: int) -> IntArray:
        return np.zeros(size, dtype=np.int64)

    return Flow(
        np.zeros(len(arcs.site)),
        weight.copy(),
        np.zeros(sites),
        whole(classes),
        whole(sites),
        whole(classes),
        whole(sites),
        whole(classes),
        whole(2 * (classes + sites) + 2),
    )


def near_first(pairs: Csr, weight: FloatArray, room: FloatArray) -> FloatArray:
    """Return the mass on every pair of a maximum flow that fills near sites first.

    Each point's nearest sites are opened to it in tiers; what flows in one tier stays served in the
    next, though perhaps from elsewhere. Near, but not the nearest there is.
    """
    from optimization.flow_kernels import augment

    arcs = _arcs(pairs, np.zeros(pairs.shape[0], dtype=np.int64), np.zeros(0, dtype=np.int64))
    tail = row_of_pair(pairs)
    rank = np.empty(len(tail), dtype=np.int64)
    rank[np.lexsort((pairs.data, tail))] = np.arange(len(tail)) - np.repeat(
        pairs.indptr[:-1], np.diff(pairs.indptr)
    )
    flow, eps = empty_flow(arcs, weight), EPS * float(weight.max(initial=1e-300))
    flow.slack[:] = room
    for tier in (*TIERS, len(tail)):
        augment(arcs, np.where(rank < tier, weight[tail], 0.0), flow, eps)
    return flow.on


def floor_network(stage: Stage) -> Network | None:
    """Return the network in which everything flows if and only if the stage's floors hold.

    Where floors may fall short, every group that has one gets its own site for what is unserved.
    """
    served = stage.coverings[0]
    if stage.must_serve:
        return network_of(stage, served.total)
    need = served.need
    return network_of(stage, need, elastic=stage.elastic) if (need > 0).any() else None


def value_network(stage: Stage) -> Network:
    """Return the network whose maximum flow is the most weight that can be served."""
    return network_of(stage, stage.coverings[0].total)


def network_of(stage: Stage, need: FloatArray, *, elastic: bool = False) -> Network:
    """Return the network in which group g must be served with `need[g]` of its weight."""
    instance, limit, total = stage.instance, stage.instance.limits[0], stage.coverings[0].total
    assert instance.capacity is not None
    usable = (instance.capacity > 0) & (instance.units > 0)
    reach = stage.reach
    reach = keep_pairs(reach, usable[reach.indices])
    asked = (instance.weight > 0) & (need > 0)[limit.group]
    served = asked & (np.diff(reach.indptr) > 0)
    points = np.flatnonzero(served)
    whole = (need >= (1.0 - 2.0 * FLOOR_TOLERANCE) * total) & (not elastic)
    short = np.flatnonzero((need > 0) & ~whole)
    labels = [limit.group.astype(np.float64)] if len(short) else []
    first, classes = alike(reach, labels, points)
    # what no site reaches is the first to stay unserved
    reachable = sums(limit.group, np.where(served, instance.weight, 0.0), len(total))
    missing = np.where(whole, total, need) - reachable
    return Network(
        weight=sums(classes, instance.weight[points], len(first)),
        group=limit.group[first],
        arcs=_arcs(reach[first], limit.group[first], short),
        capacity=instance.capacity,
        spare=np.maximum(0.0, -missing[short]),
        fixed=instance.fixed,
        most=instance.units,
        first=first,
        points=points,
        classes=classes,
        short=short,
        reachable=reachable[short],
        lost=0.0 if elastic else float(np.maximum(0.0, missing)[need > 0].sum()),
        allowed=FLOOR_TOLERANCE * float(total[need > 0].sum()),
    )


def _arcs(reach: Csr, group: IntArray, short: IntArray) -> Arcs:
    """Return the arcs to stored sites, and from each class of a group in `short` to its own site."""
    from optimization.flow_kernels import Arcs

    classes, sites = reach.shape
    extra = np.flatnonzero(np.isin(group, short))
    tail = np.concatenate([row_of_pair(reach), extra])
    site = np.concatenate([reach.indices.astype(np.int64), sites + np.searchsorted(short, group[extra])])
    order = np.argsort(tail, kind="stable")
    tail, site = tail[order], site[order]
    back = np.argsort(site, kind="stable")
    return Arcs(
        np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=classes)))),
        site,
        np.concatenate(([0], np.cumsum(np.bincount(site, minlength=sites + len(short))))),
        back,
        tail[back],
    )
