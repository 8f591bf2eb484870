"""Plans under capacities: greed by flows, needless units dropped, neighbours emptied and repaired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from optimization.arrays import FloatArray, IntArray
from optimization.clock import Clock
from optimization.flows import Network
from optimization.problem import Objective
from optimization.stage import KEEP_TOLERANCE, Stage

if TYPE_CHECKING:
    from optimization.capacity_kernels import Limits, Plan, Sizes

KICKS = 40  # tries to mend a plan
RARE = tuple(4**power for power in range(1, 12))  # calls at which there is more than rounding
MOST_EMPTIED = 6
EXCHANGES = 2000
LEAST_LIKE = 0.05
FIRM_UNIT = 0.7  # the part of a unit from which a relaxation's unit is opened at once
SEED = 88_172_645_463_325_252


class CapacitySearch:
    """Heuristics over whole units, of a stage whose limits are firm.

    For `cost` the network's whole demand must flow; for `coverage` as much as can. `goal` tells the
    cost below which there is nothing to seek.
    """

    def __init__(self, stage: Stage, network: Network | None, seed: int) -> None:
        self.stage = stage
        wanted = stage.objective in (Objective.COST, Objective.COVERAGE) and not stage.elastic
        self.network = network if wanted else None
        self.random = np.array([SEED + seed * 2_654_435_761], dtype=np.int64)
        self.calls = 0
        self.goal: Callable[[], float] = lambda: 0.0

    def improve(self, units: FloatArray | None, best: IntArray | None, clock: Clock) -> IntArray | None:
        """Return units (J,) grown from fractional ones, or from those that exist, or None."""
        network = self.network
        if network is None or clock.left <= 0:
            return None
        # kicks ever more rarely: most calls only round
        self.calls += 1
        rare = self.calls in RARE
        likes = np.ones(len(network.fixed))
        if units is not None:
            likes = np.maximum(LEAST_LIKE, units - network.fixed)
        if self.stage.objective is Objective.COVERAGE:
            return self._more_served(network, likes) if rare or self.calls == 1 else None
        return self._cheaper(network, units, best, likes, KICKS if rare else 0)

    def greedy(self) -> IntArray | None:
        """Return a plan for `cost` by greed alone, or None."""
        network = self.network
        if network is None or self.stage.objective is not Objective.COST:
            return None
        return self._kicked(network, network.fixed, np.ones(len(network.fixed)), 0)

    def _cheaper(
        self,
        network: Network,
        units: FloatArray | None,
        best: IntArray | None,
        likes: FloatArray,
        tries: int,
    ) -> IntArray | None:
        """Return a cheap plan: from the units rounded, or from the best one."""
        begin = network.fixed
        if units is not None:
            begin = begin + np.floor(units - begin + 1.0 - FIRM_UNIT).astype(np.int64)
        plans = [self._kicked(network, begin, likes, tries)]
        if best is not None and units is not None and tries:
            plans.append(self._kicked(network, best, likes, tries))
        found = [plan for plan in plans if plan is not None]
        cost = [float(self.stage.instance.cost @ plan) for plan in found]
        return found[int(np.argmin(cost))] if found else None

    def _kicked(self, network: Network, begin: IntArray, likes: FloatArray, tries: int) -> IntArray | None:
        """Return these units repaired, without needless ones, and better by kicks."""
        from optimization import capacity_kernels as kernels

        arcs, sizes, limits = network.arcs, self.sizes, self.limits
        plan, spare, kept = (self.plan(network, units) for units in (begin, network.fixed, network.fixed))
        rest = (network.allowed, network.eps)
        if kernels.repair(arcs, sizes, limits, plan, likes, *rest) > network.allowed:
            return None
        order = kernels.dear_first(sizes, plan, self.random)
        kernels.drop(arcs, sizes, limits, plan, spare, order, *rest)
        kernels.kicks(
            arcs,
            sizes,
            limits,
            plan,
            kept,
            spare,
            likes,
            tries,
            MOST_EMPTIED,
            self.goal(),
            self.random,
            *rest,
        )
        units: IntArray = kept.units.copy()
        return units

    def _more_served(self, network: Network, likes: FloatArray) -> IntArray | None:
        """Return units that serve much, by greed and exchanges."""
        from optimization import capacity_kernels as kernels

        arcs, sizes, limits = network.arcs, self.sizes, self.limits
        plan, spare = self.plan(network, network.fixed), self.plan(network, network.fixed)
        rest = (network.allowed, network.eps)
        if not np.isfinite(kernels.repair(arcs, sizes, limits, plan, likes, *rest)):
            return None
        kernels.exchange(arcs, sizes, limits, plan, spare, EXCHANGES, self.random, *rest)
        units: IntArray = plan.units.copy()
        return units

    @cached_property
    def sizes(self) -> Sizes:
        """Costs, capacities and demand, as the compiled loops take them."""
        from optimization.capacity_kernels import Sizes

        network, cost = self.network, self.stage.instance.cost
        assert network is not None
        return Sizes(cost, network.capacity, network.fixed, network.most, network.weight, network.tails)

    @cached_property
    def limits(self) -> Limits:
        """Rows and covers by site, as the compiled loops take them."""
        return limits_of(self.stage)

    def plan(self, network: Network, units: IntArray) -> Plan:
        """Return a plan of these units (J,) with nothing served yet."""
        from optimization.capacity_kernels import Plan

        flow, limits = network.empty(), self.limits
        flow.slack[:] = network.rooms(units.astype(np.float64))
        count = np.zeros(len(limits.mass), dtype=np.int64)
        is_open = np.repeat(units > 0, np.diff(limits.class_start))
        np.add.at(count, limits.member[is_open], 1)
        covered = np.bincount(limits.group, limits.mass * (count > 0), len(limits.need)).astype(np.float64)
        activity = np.zeros(len(limits.lower))
        by_site = np.repeat(units, np.diff(limits.row_start))
        np.add.at(activity, limits.row, limits.value * by_site)
        return Plan(units.copy(), activity, count, covered, network.limits(units.astype(np.float64)), flow)


def rows_of(stage: Stage) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return all that is linear in the units as rows (R, J) with lower and upper limits (R,)."""
    instance = stage.instance
    most = [
        (np.ones(len(instance.units)), np.floor(instance.max_open + 1e-9)),
        (instance.cost, instance.budget),
    ]
    most += [
        (instance.cost, value + KEEP_TOLERANCE * max(1.0, value))
        for name, value in stage.kept
        if name is Objective.COST
    ]
    most = [(row, limit) for row, limit in most if np.isfinite(limit)]
    upper = [limit + float(row @ instance.fixed) for row, limit in most]
    return (
        np.vstack([instance.rows.toarray(), *(row[None, :] for row, _ in most)]),
        np.concatenate([instance.lower, np.full(len(most), -np.inf)]),
        np.concatenate([instance.upper, np.array(upper)]),
    )


def limits_of(stage: Stage) -> Limits:
    """Return the rows and the covers of a stage by site, as the compiled loops take them."""
    from optimization.capacity_kernels import Limits

    rows, lower, upper = rows_of(stage)
    site, row = np.nonzero(rows.T)
    parts = [part for part in replace(stage, elastic=False).presence if part.need.any()]
    classes = np.cumsum([0, *(len(part.weight) for part in parts)])
    groups = np.cumsum([0, *(len(part.need) for part in parts)])
    pairs = [part.pattern.tocoo() for part in parts]
    owner = joined([pair.col for pair in pairs], np.int64)
    member = joined([pair.row + base for pair, base in zip(pairs, classes[:-1], strict=True)], np.int64)
    order = np.argsort(owner, kind="stable")
    return Limits(
        starts(site, rows.shape[1]),
        row.astype(np.int64),
        rows.T[site, row],
        lower,
        upper,
        starts(owner, rows.shape[1]),
        member[order],
        joined([part.weight for part in parts], np.float64),
        joined([part.group + base for part, base in zip(parts, groups[:-1], strict=True)], np.int64),
        joined([part.need for part in parts], np.float64),
    )


def starts(owner: IntArray, count: int) -> IntArray:
    """Return where each of `count` owners begins in a list sorted by owner, and where the last ends."""
    return np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=count)))).astype(np.int64)


def joined(parts: Sequence[npt.NDArray[Any]], kind: type) -> npt.NDArray[Any]:
    """Return the parts in one array of this type, also without any."""
    return np.concatenate([np.zeros(0, dtype=kind), *(part.astype(kind) for part in parts)])
