"""Cuts from whole plans of a region: what its sites cover together, not what their halves add up to.

For the classes of a part and any prices lambda >= 0 of its sites, the weight theta covered obeys

    theta <= v + sum_j lambda_j u_j,    v = max_S f(S) - sum_{j in S} lambda_j,

where f(S) is the weight that the sites S cover: an open set is one of the S. All these cuts together
are the concave closure of f, so that they cut off what `coverage` alone cannot: halves of sites that
overlap (Fenchel cuts, Boyd 1994; local cuts, Applegate, Bixby, Chvatal and Cook 2001).
The prices that cut most at u minimise v + lambda u over the sets found so far, and the set that
breaks them most is found by `best_set`. Sites that u leaves shut get the least price that keeps v,
one after another (lifting, Padberg 1975).

A region is one part, or a part with those that share its sites most: theta is then their sum. Larger
regions see more of what overlaps, and as they overlap themselves none is at the edge of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from scipy import sparse

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, sums
from optimization.clock import Clock
from optimization.cuts import NO_CUTS, Cuts, cuts_of
from optimization.model import Model, Term

if TYPE_CHECKING:
    from optimization.coverage import CoverCuts

MOST_SITES = 150  # of a part: beyond, sets are too many to search
MOST_NODES = 20_000
LIFTING_NODES = 200
ENOUGH = 0.6  # share of the deepest violation that a cut must have
LONGEST_REST = 8  # rounds that a region without a cut is left alone
MOST_SETS = 60  # new sets for one cut
SLACK = 2e-5  # of the weight of a part: v need not be found more exactly
LEAST_VIOLATION = 1e-4
OUT = 0.8  # share of the relaxed point in the point that is cut off
SCALE = 1e3


class Region:
    """One region: its classes over its sites, and the sets of sites found so far, as rows of a program."""

    def __init__(self, pattern: Csr, weight: FloatArray) -> None:
        by_site = pattern.tocsc()
        self.sites: IntArray = np.flatnonzero(np.diff(by_site.indptr))
        by_site = by_site[:, self.sites]
        self.weight, self.total = weight, float(weight.sum())
        self.classes = by_site.indptr.astype(np.int32), by_site.indices.astype(np.int32)
        weighted = by_site.multiply(weight[:, None])
        self.shared: FloatArray = (by_site.T @ sparse.csc_array(weighted)).toarray()
        self.single: FloatArray = np.diagonal(self.shared).copy()
        self.unit = SCALE / max(self.total, 1e-300)
        self.sets: set[tuple[int, ...]] = set()
        self.program = self._program()

    def _program(self) -> Any:
        """Return the program over v and the prices; a price of all that a site covers shuts it."""
        program: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        program.setOptionValue("output_flag", False)
        program.setOptionValue("threads", 1)
        # the sets stay, the weights of the objective change: the primal simplex goes on from the last basis
        program.setOptionValue("presolve", "off")
        program.setOptionValue("solver", "simplex")
        program.setOptionValue("simplex_strategy", 4)
        upper = np.append(SCALE, self.single * self.unit)
        program.addVars(len(upper), np.zeros(len(upper)), upper)
        program.changeColCost(0, 1.0)
        return program

    def cut(self, units: FloatArray, theta: float) -> tuple[float, FloatArray] | None:
        """Return v and the prices of a cut that keeps theta down at `units`; None if there is none."""
        zero = units <= 1e-6
        width = len(units)
        self.program.changeColsCost(width, np.arange(1, width + 1, dtype=np.int32), units)
        for _ in range(MOST_SETS):
            self.program.run()
            columns = np.array(self.program.getSolution().col_value) / self.unit
            value, price = float(columns[0]), np.where(zero, self.single, np.maximum(columns[1:], 0.0))
            room = theta - value - float(price @ units)
            if room < LEAST_VIOLATION * self.total:
                return None
            _, found, most = self._best(price, -1, value + SLACK * self.total, MOST_NODES)
            new = self._learn(found)
            if most <= value + max((1.0 - ENOUGH) * room, SLACK * self.total):
                return most, self._lifted(price, zero, most)
            if not new:
                return None
        return None

    def _best(
        self, price: FloatArray, forced: int, floor: float, nodes: int
    ) -> tuple[float, IntArray, float]:
        """Return the most found, a set that reaches it, and a bound on the most (see `best_set`)."""
        from optimization.coverage_closure_kernels import best_set

        enough = floor + SLACK * self.total if forced < 0 else np.inf
        found = best_set(self.classes, self.weight, self.shared, price, forced, floor, enough, nodes)
        return found[0], found[1], found[2]

    def _learn(self, found: IntArray) -> bool:
        """Add a set to the program; False if it is known, or empty."""
        key = tuple(sorted(found.tolist()))
        if not key or key in self.sets:
            return False
        self.sets.add(key)
        column = np.array([0, *(site + 1 for site in key)], dtype=np.int32)
        self.program.addRow(self._covered(key) * self.unit, np.inf, len(column), column, np.ones(len(column)))
        return True

    def _covered(self, key: tuple[int, ...]) -> float:
        start, index = self.classes
        held = np.zeros(len(self.weight), dtype=bool)
        for site in key:
            held[index[start[site] : start[site + 1]]] = True
        return float(self.weight[held].sum())

    def _lifted(self, price: FloatArray, zero: BoolArray, limit: float) -> FloatArray:
        """Lower the prices of shut sites as far as no set is worth more than `limit`."""
        price = price.copy()
        shut = np.flatnonzero(zero)
        for site in shut[np.argsort(-self.single[shut], kind="stable")].tolist():
            _, found, most = self._best(price, site, limit, LIFTING_NODES)
            price[site] = min(most - limit, price[site])
            self._learn(found)
        return price


class Closures:
    """The family of closures of regions of `size` parts of a covering; its thetas are those of `cover`."""

    def __init__(self, cover: CoverCuts, size: int, clock: Clock) -> None:
        self.cover, self.clock = cover, clock
        self.parts = neighbours(cover, size)
        self.regions: list[Region | None] = [None] * len(self.parts)
        self.failed, self.waits = np.zeros(len(self.parts), np.int64), np.zeros(len(self.parts), np.int64)

    def define(self, model: Model) -> list[Term]:
        """Add nothing: the thetas are there."""
        del model
        return []

    def region(self, number: int) -> Region:
        """Return a region, made when it is first asked for."""
        region = self.regions[number]
        if region is None:
            left = self.cover.left
            own = np.flatnonzero(np.isin(self.cover.part, self.parts[number]))
            region = self.regions[number] = Region(left.pattern[own], left.weight[own])
        return region

    def separate(self, units: FloatArray, columns: FloatArray) -> Cuts:
        """Return a cut for each region where one between `columns` and `units` (J,), or at `columns`, helps.

        A region without a cut waits, twice as long each time; all are asked before none is said to help.
        """
        site_column, theta_column = self.cover.at or self.cover.columns()
        own = np.where(site_column >= 0, columns[site_column], 0.0)
        between = OUT * own + (1.0 - OUT) * np.where(site_column >= 0, units, 0.0)
        theta = self.cover.unit * columns[theta_column]
        self.waits = np.maximum(self.waits - 1, 0)
        found: list[tuple[int, float, FloatArray]] = []
        for asked in (np.flatnonzero(self.waits == 0), np.flatnonzero(self.waits > 0)):
            if not found:
                self._ask(asked, (between, own), theta, found)
        return self._rows(found, site_column, theta_column) if found else NO_CUTS

    def _ask(
        self,
        asked: IntArray,
        points: tuple[FloatArray, FloatArray],
        theta: FloatArray,
        found: list[tuple[int, float, FloatArray]],
    ) -> None:
        for number in asked.tolist():
            if self.clock.left <= 0:
                return
            region, most = self.region(number), float(theta[self.parts[number]].sum())
            if len(region.sites) > MOST_SITES:
                continue
            cut = next(filter(None, (region.cut(point[region.sites], most) for point in points)), None)
            self.failed[number] = 0 if cut else self.failed[number] + 1
            self.waits[number] = 0 if cut else min(LONGEST_REST, 2 ** self.failed[number])
            if cut:
                found.append((number, *cut))

    def _rows(
        self, found: list[tuple[int, float, FloatArray]], site_column: IntArray, theta_column: IntArray
    ) -> Cuts:
        unit = self.cover.unit
        column, value = [], []
        for number, _, price in found:
            thetas = theta_column[self.parts[number]]
            column.append(np.concatenate([thetas, site_column[self.region(number).sites]]))
            value.append(np.concatenate([np.ones(len(thetas)), -price / unit]))
        return cuts_of(
            np.repeat(np.arange(len(found)), [len(one) for one in column]),
            np.concatenate(column),
            np.concatenate(value),
            lower=np.full(len(found), -np.inf),
            upper=np.array([limit / unit for _, limit, _ in found]),
        )


def neighbours(cover: CoverCuts, size: int) -> list[IntArray]:
    """Return, for each part, itself with the parts that share most with it, `size` in all; each set once."""
    pattern, parts = cover.left.pattern, cover.parts
    shared = sums(cover.key, np.repeat(cover.left.weight, np.diff(pattern.indptr)), parts * cover.sites)
    shared = shared.reshape(parts, cover.sites)
    shared /= np.maximum(np.sqrt((shared**2).sum(axis=1)), 1e-300)[:, None]
    alike = shared @ shared.T
    groups: set[tuple[int, ...]] = set()
    for part in range(parts):
        group = [part]
        while len(group) < min(size, parts):
            likeness = alike[group].sum(axis=0)
            likeness[group] = -np.inf
            group.append(int(np.argmax(likeness)))
        groups.add(tuple(sorted(group)))
    return [np.array(group, dtype=np.int64) for group in sorted(groups)]
