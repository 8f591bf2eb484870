"""Capacity by cuts over units: whom the open sites can serve is a maximum flow, its limits minimum cuts.

For every set D of classes, with d(D, j) the weight of D within reach of site j,

    served(D) <= sum_j h_j(y_j),   h_j(k) = min(capacity_j * k, d(D, j)),

and the floors hold if and only if, for every D, the right side is at least what must be served of
D (Gale 1957; Hoffman 1960). Since h_j is concave, its chord from k to k + 1 units is above it at
all whole units: the row is linear, and exact at the chord's ends. From 0 units the chord's slope is
min(capacity_j, d(D, j)), so the rows say as much as x_ij <= y_j does in the compact program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from optimization.arrays import FloatArray, IntArray
from optimization.cuts import NO_CUTS, Cuts, cuts_of, stack
from optimization.flows import Network, floor_network, value_network
from optimization.instance import FLOOR_TOLERANCE
from optimization.model import Linear, Model, Term
from optimization.problem import Objective
from optimization.rounding import rounded_rows
from optimization.stage import Stage

if TYPE_CHECKING:
    from optimization.flow_kernels import Flow

LARGEST = 1e3  # coefficient of a row: the solver's tolerance is absolute
VIOLATED = 1e-5  # of a row with such coefficients
LEAST_PART = 1e-12  # of what a row asks: smaller coefficients are not scaled up
LONGEST_CHAIN = 16
MEMORY = 300  # rows that are rounded
LEAST_BROKEN = 1e-3
MOST_PARTS = 100  # components of a minimum cut that become rows of their own


@dataclass(slots=True, eq=False)
class Need:
    """A network that must carry its whole demand, less what its variables say.

    `value` is the variable of the coverage: then so much must flow. `short` are variables by group,
    each of which takes `full` (S,) off the floor of its group at 1.
    """

    network: Network
    flow: Flow
    value: Any = None
    short: list[Any] = field(default_factory=list)
    full: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def firm(self) -> bool:
        """True if its rows are over units alone."""
        return self.value is None and not self.short

    def spare(self, columns: FloatArray) -> FloatArray:
        """Return what may stay unserved (S,) at these values of the columns."""
        if not self.short:
            return self.network.spare
        shortage = columns[[variable.index for variable in self.short]]
        return np.maximum(0.0, self.network.reachable - self.full * (1.0 - shortage))


class MinCuts:
    """The family of cuts that stands for capacity, in the objectives cost, coverage and shortage.

    With `round_up`, rows are rounded as well: a stronger relaxation, but a larger one.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.round_up = True
        self.needs: list[Need] = []
        self.columns: IntArray = np.zeros(0, dtype=np.int64)
        free = len(stage.undecided)
        self.rows_seen, self.lower_seen = np.zeros((0, free)), np.zeros(0)

    def define(self, model: Model) -> list[Term]:
        """Add the coverage and the shortages of floors; return what these cost in `shortage`."""
        stage, self.model = self.stage, model
        if Objective.COVERAGE in stage.names:
            network = value_network(stage)
            served = model.variable("t", float(network.weight.sum()))
            model.values[Objective.COVERAGE] = Linear([(served, 1.0)])
            self.needs.append(Need(network, network.empty(), served))
        floor = floor_network(stage)
        if floor is None:
            return []
        if floor.lost > floor.allowed:
            model.impossible = True
        need = Need(floor, floor.empty())
        self.needs.append(need)
        return self._define_shortages(model, need) if stage.elastic and not stage.must_serve else []

    def _define_shortages(self, model: Model, need: Need) -> list[Term]:
        """Let every floor fall short by a variable, at least by what no site reaches."""
        limit, network = self.stage.instance.limits[0], need.network
        total = self.stage.coverings[0].total[network.short]
        need.full = limit.floor[network.short] * total
        for full, reachable in zip(need.full.tolist(), network.reachable.tolist(), strict=True):
            short = model.variable("s", 1.0)
            model.add([(short, 1.0)], 1.0 - (reachable / full + FLOOR_TOLERANCE), np.inf)
            need.short.append(short)
        prices = limit.shortage_weight[network.short].tolist()
        return list(zip(need.short, prices, strict=True))

    def separate(self, units: FloatArray, columns: FloatArray) -> Cuts:
        """Return the rows of minimum cuts at `units` (J,) that `columns` violate."""
        whole = bool((units == np.round(units)).all())
        length = LONGEST_CHAIN if whole else 1
        found = [cuts for need in self.needs for cuts in self._chain(need, units, columns, length)]
        broken = violated(stack(found), columns)
        if whole or not self.round_up or len(self.needs) != 1 or not self.needs[0].firm:
            return broken
        self._remember(broken)
        return stack([broken, self._rounded(columns)])

    def _chain(self, need: Need, units: FloatArray, columns: FloatArray, length: int) -> list[Cuts]:
        """Return the minimum cuts at these units, and at those that a repair passes through.

        What more units break, fewer break all the more.
        """
        network, found, units = need.network, [], units.copy()
        cost = np.maximum(self.stage.instance.cost, 1e-9)
        for _ in range(length):
            found.append(self._minimum_cuts(need, units, columns))
            level = need.flow.class_level
            if length == 1 or not found[-1].count or need.value is not None:
                break
            arcs = network.arcs
            near = np.bincount(
                arcs.site, network.weight[network.tails] * (level[network.tails] >= 0), len(need.flow.slack)
            )[: len(units)]
            gain = np.where(units < network.most, np.minimum(network.capacity, near), 0.0) / cost
            if gain.max(initial=0.0) <= 0:
                break
            units[int(np.argmax(gain))] += 1
        return found

    def _remember(self, cuts: Cuts) -> None:
        """Keep the newest rows, over the columns of units alone."""
        if cuts.count:
            matrix = sparse.csr_array(
                (cuts.data, cuts.indices, cuts.indptr),
                shape=(cuts.count, int(self._unit_columns().max()) + 1),
            )
            at = self._unit_columns()
            rows = matrix[:, at[at >= 0]].toarray()
            self.rows_seen = np.vstack([rows, self.rows_seen])[:MEMORY]
            self.lower_seen = np.concatenate([cuts.lower, self.lower_seen])[:MEMORY]

    def _rounded(self, columns: FloatArray) -> Cuts:
        """Return rounded rows that `columns` violate."""
        at = self._unit_columns()
        at = at[at >= 0]
        instance = self.stage.instance
        room = (instance.units - instance.fixed)[self._unit_columns() >= 0].astype(np.float64)
        rows, lower = rounded_rows(self.rows_seen, self.lower_seen, room, columns[at], LEAST_BROKEN)
        if not len(rows):
            return NO_CUTS
        row, site = np.nonzero(np.abs(rows) > 1e-12)
        factor = LARGEST / np.abs(rows).max(axis=1)
        return cuts_of(
            row,
            at[site],
            rows[row, site] * factor[row],
            lower=lower * factor,
            upper=np.full(len(rows), np.inf),
        )

    def _minimum_cuts(self, need: Need, units: FloatArray, columns: FloatArray) -> Cuts:
        network = need.network
        if network.serve(units, need.flow, need.spare(columns)) <= network.allowed:
            return NO_CUTS
        inside = need.flow.class_level >= 0
        if not inside.any():
            return NO_CUTS
        if need.value is not None:
            return self.rows(need, np.where(inside, 0, -1), units)
        parts = components(network, inside)
        together = self.rows(need, np.where(inside, 0, -1), units)
        return stack([self.rows(need, parts, units), together]) if parts.max() > 0 else together

    def rows(self, need: Need, part: IntArray, units: FloatArray) -> Cuts:
        """Return the row of every set of classes: `part` (P,) numbers the sets, -1 is in none."""
        network, count = need.network, int(part.max()) + 1
        slope, there = chords(network, part, units)
        lower, extra, taken = self._demands(need, part)
        lower = lower - there
        if not extra and need.value is None:
            # a whole unit gives all that is asked, or more
            slope = np.minimum(slope, np.maximum(lower, 0.0)[:, None])
        row, site = np.nonzero(slope)
        column, value = self._unit_columns()[site], slope[row, site]
        if extra:
            index = np.array([variable.index for variable in extra], dtype=np.int64)
            more_row, more = np.nonzero(taken)
            row, column = np.concatenate([row, more_row]), np.concatenate([column, index[more]])
            value = np.concatenate([value, taken[more_row, more]])
        keep = column >= 0
        row, column, value = row[keep], column[keep], value[keep]
        # a row without sites, which nothing meets, must stay a number that the solver takes
        largest = np.maximum(1e-300, LEAST_PART * np.abs(lower))
        np.maximum.at(largest, row, np.abs(value))
        factor = LARGEST / largest
        order = np.argsort(row, kind="stable")
        row = row[order]
        return cuts_of(
            row, column[order], value[order] * factor[row], lower=lower * factor, upper=np.full(count, np.inf)
        )

    def _demands(self, need: Need, part: IntArray) -> tuple[FloatArray, list[Any], FloatArray]:
        """Return what each set must be served with, and the coefficients of further variables."""
        network, count = need.network, int(part.max()) + 1
        inside = part >= 0
        if need.value is not None:
            outside = network.weight.sum() - np.bincount(part[inside], network.weight[inside], count)
            return -outside, [need.value], np.full((count, 1), -1.0)
        groups = len(self.stage.coverings[0].total)
        key = part[inside] * groups + network.group[inside]
        demand = np.bincount(key, network.weight[inside], count * groups).reshape(count, groups)
        short = network.short
        spare = network.reachable - need.full if need.short else network.spare
        pressing = np.maximum(0.0, demand[:, short] - spare)
        demand[:, short] = pressing
        taken = np.where(pressing > 0, need.full, 0.0) if need.short else np.zeros((count, 0))
        return demand.sum(axis=1) - network.allowed, need.short, taken

    def _unit_columns(self) -> IntArray:
        """Return the column of every site's further units, -1 without one."""
        if not len(self.columns):
            self.columns = np.full(len(self.stage.instance.units), -1, dtype=np.int64)
            for site, variable in self.model.units.items():
                self.columns[site] = variable.index
        return self.columns


def components(network: Network, inside: Any) -> IntArray:
    """Return the connected part of every class inside, -1 outside; small parts are joined.

    Two classes are connected if a site with a further unit reaches both.
    """
    real = network.arcs.site < len(network.capacity)
    tail, site = network.tails[real], network.arcs.site[real]
    kept = inside[tail] & (network.most > network.fixed)[site]
    classes = len(network.weight)
    size = classes + len(network.capacity)
    links = sparse.csr_array((np.ones(kept.sum()), (tail[kept], classes + site[kept])), shape=(size, size))
    _, label = connected_components(links, directed=False)
    part = np.full(classes, -1, dtype=np.int64)
    found, part[inside] = np.unique(label[:classes][inside], return_inverse=True)
    if len(found) <= MOST_PARTS:
        return part
    mass = np.bincount(part[inside], network.weight[inside])
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.argsort(-mass, kind="stable")] = np.arange(len(found))
    part[inside] = np.minimum(rank[part[inside]], MOST_PARTS - 1)
    return part


def chords(network: Network, part: IntArray, units: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slopes (K, J) over further units, and values at the existing ones (K,), of all h_j."""
    count, sites = int(part.max()) + 1, len(network.capacity)
    real = (network.arcs.site < sites) & (part[network.tails] >= 0)
    tail, site = network.tails[real], network.arcs.site[real]
    reach = np.bincount(part[tail] * sites + site, network.weight[tail], count * sites).reshape(count, sites)
    start = np.clip(np.floor(units + 1e-9), network.fixed, np.maximum(network.fixed, network.most - 1))
    before = np.minimum(network.capacity * start, reach)
    slope = np.minimum(network.capacity * (start + 1), reach) - before
    slope[:, network.most <= network.fixed] = 0.0
    return slope, (before - slope * (start - network.fixed)).sum(axis=1)


def violated(cuts: Cuts, columns: FloatArray) -> Cuts:
    """Return the cuts whose lower side is broken."""
    if not cuts.count:
        return NO_CUTS
    matrix = sparse.csr_array((cuts.data, cuts.indices, cuts.indptr), shape=(cuts.count, len(columns)))
    broken = matrix @ columns < cuts.lower - VIOLATED
    if not broken.any():
        return NO_CUTS
    kept = matrix[broken]
    return Cuts(kept.indptr, kept.indices, kept.data, cuts.lower[broken], cuts.upper[broken])
