"""Facilities under capacities where distance counts: CFLP and the capacitated p-median, at size.

A Lagrangian bound on the rows "every point is served in full" settles most sites; what is left is
an integer program over units and shipments. With multipliers v_i, site j is worth

    rho_j = fee_j + min { sum_i (d_ij - v_i) x_ij : 0 <= x_ij <= w_i, sum_i x_ij <= capacity_j },

and  sum_i w_i v_i + sum_j min(0, rho_j)  is a bound (Cornuejols, Sridharan and Thizy 1991) as good
as that of the program with x_ij <= w_i y_j. Those rows are too many to write down: the program gets
the ones that its relaxation breaks. Whole units obey them all by the rows of capacity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from optimization.arrays import FloatArray, IntArray, dense_distances, keep_pairs, row_of_pair
from optimization.assignment import transport
from optimization.clock import Clock
from optimization.cuts import NO_CUTS, Cuts
from optimization.live import Live, Relaxed, hand_over
from optimization.model import Linear, Model, Term, build_master
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome, proven_outcome
from optimization.stage import Answer, Stage, cost_of, linear_limits_met

FEWEST_PAIRS = 20_000  # below, the whole program is quick
MOST_CELLS = 2_000_000
ROUNDS = 300
PATIENCE = 15
LEAST_STEP = 0.01
PLAN_EVERY = 25
SWAPPED = 4  # sites to close and to open that a pass of swaps tries
SWAP_PASSES = 6
LINK_ROUNDS = 12
LINKED = 1e-3  # a share above its site's units by this much gets a row


def applies(stage: Stage) -> bool:
    """Return whether a stage is a large one of splittable service for everyone at single units."""
    instance = stage.instance
    known = {Objective.TOTAL, Objective.DISTANCE, Objective.COST}
    plain = stage.flows and stage.must_serve and not stage.elastic and not instance.single_source
    cells = instance.reach.shape[0] * instance.reach.shape[1]
    return (
        plain
        and stage.objective in (Objective.TOTAL, Objective.DISTANCE)
        and stage.names - {stage.objective} <= {Objective.COST}
        and known >= stage.names
        and bool((instance.units <= 1).all() and (instance.weight > 0).all())
        and not any(part.need.any() for part in stage.presence)
        and instance.reach.nnz >= FEWEST_PAIRS
        and cells <= MOST_CELLS
    )


def solve_facilities(
    stage: Stage, start: IntArray | None, options: SolverOptions, clock: Clock
) -> Answer | None:
    """Answer a stage by the Lagrangian bound, and an integer program of the sites it leaves."""
    if options.solver != "highs":
        return None
    bound = Bound(stage, clock)
    bound.offer(start)
    bound.climb(options.gap)
    if bound.best is None:
        return None
    cutoff = bound.value - 0.9 * options.gap * max(1.0, abs(bound.value))
    proven = bound.bound
    if proven < cutoff:
        left = program(bound, cutoff, options, clock)
        proven = max(proven, min(left, cutoff))
    proven = min(proven, bound.value)
    outcome = proven_outcome(bound.value, proven, options.gap)
    return Answer(outcome, bound.best, bound.value, proven, "Lagrangian bound, then the sites it leaves")


@dataclass(slots=True, eq=False)
class Bound:
    """The bound, what sites are worth at it, and the best plan so far."""

    stage: Stage
    clock: Clock
    best: IntArray | None = None
    value: float = math.inf
    bound: float = -math.inf
    worth: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def fees(self) -> FloatArray:
        """What opening each site adds to the objective."""
        instance = self.stage.instance
        fee = instance.cost * (1 - instance.fixed)
        return fee if self.stage.objective is Objective.TOTAL else np.zeros(len(fee))

    def offer(self, units: IntArray | None) -> bool:
        """Take units as the best plan if everyone can be served at them and that is better."""
        if units is None or not linear_limits_met(self.stage, units):
            return False
        instance = self.stage.instance
        pairs = keep_pairs(self.stage.reach, units[self.stage.reach.indices] > 0)
        assert instance.capacity is not None
        if (np.diff(pairs.indptr) == 0).any():
            return False
        mass = transport(pairs, instance.weight, instance.capacity * units, self.clock.left)
        if mass is None or mass.sum() < instance.weight.sum() * (1 - 1e-9):
            return False
        value = float(mass @ pairs.data)
        value += cost_of(instance, units) if self.stage.objective is Objective.TOTAL else 0.0
        if value >= self.value:
            return False
        self.best, self.value = units.copy(), value
        return True

    def climb(self, gap: float) -> None:
        """Raise the bound by subgradient steps, with a plan from the worthiest sites now and then."""
        from optimization.cfl_kernels import worths

        instance = self.stage.instance
        assert instance.capacity is not None
        weight, sites = instance.weight, len(instance.units)
        cost = np.ascontiguousarray(dense_distances(self.stage.reach).T)
        room, fees = instance.capacity * instance.units, self.fees
        taken, worth = np.zeros(cost.shape), np.zeros(sites)
        multiplier = np.partition(cost, min(2, sites - 1), axis=0)[min(2, sites - 1)]
        multiplier = np.where(np.isfinite(multiplier), multiplier, cost[np.isfinite(cost)].max())
        highest, step, stale = multiplier, 1.0, 0
        for number in range(ROUNDS):
            worths(cost, weight, room, multiplier, worth, taken)
            rho = worth + fees
            chosen = self._chosen(rho)
            now = float(weight @ multiplier + rho[chosen].sum())
            stale = 0 if now > self.bound + 1e-6 * abs(self.bound) else stale + 1
            if now > self.bound:
                self.bound, self.worth, highest = now, rho, multiplier
            if number % PLAN_EVERY == PLAN_EVERY - 1 or number == 0:
                self._plan(self.worth)
            if self.clock.left <= 0 or step < LEAST_STEP:
                break
            if self.value - self.bound <= gap * max(1.0, abs(self.value)):
                break
            if stale >= PATIENCE:
                step, stale, multiplier = step / 2, 0, highest
                continue
            slope = weight - taken[chosen].sum(axis=0)
            goal = self.value if math.isfinite(self.value) else 1.1 * abs(now) + 1.0
            length = float(slope @ slope)
            if length <= 0:
                break
            multiplier = multiplier + step * max(goal - now, 1e-9 * abs(goal)) / length * slope
        self._plan(self.worth)
        self._swap()

    def _swap(self) -> None:
        """Swap the least worthy open sites for the worthiest closed ones while that helps."""
        for _ in range(SWAP_PASSES):
            before = self.value
            for units in self._neighbours():
                if self.clock.left <= 0 or self.offer(units):
                    break
            if self.value >= before:
                return

    def _neighbours(self) -> list[IntArray]:
        """Return the best plan with a site less, or one site for another, the most promising first."""
        if self.best is None:
            return []
        instance, rho = self.stage.instance, self.worth
        order = np.argsort(rho, kind="stable")
        out = [j for j in order[::-1].tolist() if self.best[j] > instance.fixed[j]][: 2 * SWAPPED]
        into = [j for j in order.tolist() if self.best[j] < instance.units[j]][:SWAPPED]
        moves = [(rho[j] - rho[k], j, k) for j in into for k in out] + [(-rho[k], -1, k) for k in out]
        found = []
        for _, opened, closed in sorted(moves):
            units = self.best.copy()
            units[closed] = 0
            if opened >= 0:
                units[opened] = 1
            found.append(units)
        return found

    def _chosen(self, rho: FloatArray) -> IntArray:
        """Return the sites that are open in the relaxed problem."""
        instance = self.stage.instance
        free = np.flatnonzero((instance.fixed == 0) & (instance.units > 0))
        best = free[np.argsort(rho[free], kind="stable")]
        best = best[rho[best] < 0][: self._most()]
        return np.concatenate([np.flatnonzero(instance.fixed > 0), best])

    def _most(self) -> int:
        most = self.stage.instance.max_open
        return int(most + 1e-9) if math.isfinite(most) else len(self.stage.instance.units)

    def _plan(self, rho: FloatArray) -> None:
        """Try the worthiest sites that have enough room, and a few less or more."""
        instance = self.stage.instance
        assert instance.capacity is not None
        free = np.flatnonzero((instance.fixed == 0) & (instance.units > 0))
        order = free[np.argsort(rho[free], kind="stable")]
        room = float(instance.capacity @ instance.fixed) + np.cumsum(instance.capacity[order])
        enough = int(np.searchsorted(room, instance.weight.sum())) + 1
        cheap = int((rho[order] < 0).sum())
        for count in dict.fromkeys((enough, enough + 1, enough + 2, cheap, cheap + 1)):
            if enough <= count <= min(len(order), self._most()) and self.clock.left > 0:
                units = instance.fixed.copy()
                units[order[:count]] = 1
                self.offer(units)

    def settled(self, cutoff: float) -> tuple[IntArray, IntArray]:
        """Return least and most units (J,) of plans below `cutoff`: others lift the bound beyond it."""
        instance, rho = self.stage.instance, self.worth
        chosen = self._chosen(rho)
        is_chosen = np.zeros(len(rho), dtype=bool)
        is_chosen[chosen] = True
        full = len(chosen) - int((instance.fixed > 0).sum()) >= self._most()
        free = (instance.fixed == 0) & (instance.units > 0)
        least_out = min(0.0, float(rho[free & ~is_chosen].min(initial=0.0))) if full else 0.0
        worst_in = float(rho[free & is_chosen].max(initial=-math.inf)) if full else 0.0
        room = cutoff - self.bound + 1e-9 * max(1.0, abs(cutoff))
        close = free & ~is_chosen & (rho - worst_in > room)
        keep = free & is_chosen & (least_out - rho > room)
        return np.where(keep, 1, instance.fixed), np.where(close, 0, instance.units)


def program(bound: Bound, cutoff: float, options: SolverOptions, clock: Clock) -> float:
    """Solve the integer program of what is left, offer its plan, and return its bound."""
    lower, upper = bound.settled(cutoff)
    stage = replace(bound.stage, closed=upper == 0, opened=lower > 0)
    live = Live(build_master(stage, [Apart()]), options)
    links = Shipments(stage, live)
    relaxed = links.tighten(clock)
    if relaxed.outcome is Outcome.INFEASIBLE:
        return cutoff
    if relaxed.bound >= cutoff or clock.left <= 0:
        return relaxed.bound
    found = live.mip(clock, 0.5 * options.gap, bound.best, None, {"mip_heuristic_effort": 0.02})
    if found.outcome is Outcome.INFEASIBLE:
        return cutoff
    if len(found.units):
        bound.offer(np.round(found.units).astype(np.int64))
    return max(found.bound, relaxed.bound)


class Apart:
    """Distance as a family without a variable of its own: the columns of shipments carry their prices."""

    def define(self, model: Model) -> list[Term]:
        """Write a distance of nothing."""
        model.values[Objective.DISTANCE] = Linear()
        return []

    def separate(self, units: FloatArray, columns: FloatArray) -> Cuts:
        """Return no cuts."""
        del units, columns
        return NO_CUTS


class Shipments:
    """Columns and rows of who is served where, added to a live master in bulk."""

    def __init__(self, stage: Stage, live: Live) -> None:
        instance, self.live = stage.instance, live
        assert instance.capacity is not None
        usable = stage.sure.copy()
        usable[stage.undecided] = True
        self.pairs = keep_pairs(stage.reach, usable[stage.reach.indices])
        self.point, self.site = row_of_pair(self.pairs), self.pairs.indices.astype(np.int64)
        count, base = len(self.point), int(live.highs.getNumCol())
        price = live.scale * instance.weight[self.point] * self.pairs.data
        nothing = np.zeros(0)
        starts, none = np.zeros(count, np.int32), nothing.astype(np.int32)
        live.highs.addCols(count, price, np.zeros(count), np.ones(count), 0, starts, none, nothing)
        self.share = base + np.arange(count)
        self.unit = np.full(len(instance.units), -1, dtype=np.int64)
        self.unit[live.sites] = live.at
        self.linked = np.zeros(count, dtype=bool)
        points = np.ones(len(instance.weight))
        indptr = self.pairs.indptr.astype(np.int64)
        hand_over(live.highs, Cuts(indptr, self.share, np.ones(count), points, points))
        self._add_loads(instance.capacity, instance.weight, instance.fixed)
        live.rows = int(live.highs.getNumRow())

    def _add_loads(self, capacity: FloatArray, weight: FloatArray, fixed: IntArray) -> None:
        """What a site serves is at most its capacity times its units; in shares of the capacity."""
        order = np.argsort(self.site, kind="stable")
        sites, starts = np.unique(self.site[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        parts, values, indptr = [], [], [0]
        for site, start, end in zip(sites.tolist(), starts.tolist(), ends.tolist(), strict=True):
            own = order[start:end]
            size = float(capacity[site]) or 1.0  # without capacity: nothing is served
            column, value = self.share[own], weight[self.point[own]] / size
            if self.unit[site] >= 0 and capacity[site] > 0:
                column, value = np.append(column, self.unit[site]), np.append(value, -1.0)
            parts.append(column)
            values.append(value)
            indptr.append(indptr[-1] + len(column))
        upper = fixed[sites] * (capacity[sites] > 0).astype(np.float64)
        least = np.full(len(sites), -np.inf)
        rows = Cuts(np.array(indptr), np.concatenate(parts), np.concatenate(values), least, upper)
        hand_over(self.live.highs, rows)

    def tighten(self, clock: Clock) -> Relaxed:
        """Solve the relaxation with ever more rows share <= units, where it breaks them."""
        relaxed = self.live.relax(clock)
        for _ in range(LINK_ROUNDS):
            if relaxed.outcome is not Outcome.OPTIMAL:
                return relaxed
            open_part = np.where(self.unit >= 0, relaxed.columns[self.unit], 1.0)
            broken = (relaxed.columns[self.share] > open_part[self.site] + LINKED) & ~self.linked
            at = np.flatnonzero(broken & (self.unit[self.site] >= 0))
            if not len(at):
                return relaxed
            self.linked[at] = True
            columns = np.column_stack([self.share[at], self.unit[self.site[at]]]).ravel()
            values = np.tile([1.0, -1.0], len(at))
            least, zero = np.full(len(at), -np.inf), np.zeros(len(at))
            rows = Cuts(np.arange(0, 2 * len(at) + 1, 2), columns, values, least, zero)
            hand_over(self.live.highs, rows)
            relaxed = self.live.relax(clock)
        return relaxed
