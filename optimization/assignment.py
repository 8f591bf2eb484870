"""Who is served where, once the units are decided."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize, sparse

from optimization.arrays import Csr, FloatArray, IntArray, csr_of, keep_pairs, nearest_site, row_of_pair
from optimization.problem import Objective
from optimization.stage import KEEP_TOLERANCE, Stage, cost_of, shortage_of


def assign(
    stage: Stage, units: IntArray, targets: tuple[tuple[Objective, float], ...], seconds: float
) -> Csr:
    """Return the share (I, J) of each demand point served at each site.

    Without capacity each point goes to its nearest open stored site. With capacity the shares
    solve small linear (single source: integer) programs with the units fixed: every target
    (objective, value) is kept, then as much weight as possible is served, then as near as possible.
    """
    if stage.instance.capacity is None:
        return assign_nearest(stage.instance.reach, units)
    flow = FlowProgram(stage, units, seconds)
    for name, value in targets:
        if name not in (Objective.COST, Objective.FARTHEST):
            flow.keep(name, value)
    flow.settle(Objective.COVERAGE)
    flow.settle(Objective.DISTANCE)
    return flow.shares()


def assign_nearest(reach: Csr, units: IntArray) -> Csr:
    """Return each point wholly at its nearest open stored site."""
    nearest = nearest_site(reach, units > 0)
    indptr = np.concatenate(([0], np.cumsum(nearest >= 0)))
    sites = nearest[nearest >= 0]
    return csr_of(np.ones(len(sites)), sites, indptr, reach.shape)


class FlowProgram:
    """Shares over the stored pairs of open sites, with rows that grow as goals are settled."""

    def __init__(self, stage: Stage, units: IntArray, seconds: float) -> None:
        self.stage, self.units, self.seconds = stage, units, seconds
        self.pairs = keep_pairs(stage.reach, units[stage.reach.indices] > 0)
        self.point = row_of_pair(self.pairs)
        self.rows: list[Any] = []
        self.lower: list[FloatArray] = []
        self.upper: list[FloatArray] = []
        self.floors = len(stage.instance.limits[0].floor)
        self._limits()

    def _limits(self) -> None:
        """Each point at most (or exactly) once, loads within capacity, floors less their shortage."""
        stage, instance = self.stage, self.stage.instance
        self.best = np.zeros(self.pairs.nnz)
        assert instance.capacity is not None
        points, sites = instance.reach.shape
        mass = instance.weight[self.point]
        self._add(self.point, np.ones(len(mass)), np.full(points, float(stage.must_serve)), np.ones(points))
        size = instance.capacity * self.units
        scale = np.where(size > 0, size, 1.0)
        load = mass / scale[self.pairs.indices]
        self._add(self.pairs.indices, load, np.full(sites, -np.inf), (size > 0).astype(np.float64))
        total, floor = stage.coverings[0].total, instance.limits[0].floor
        scale = np.where(total > 0, total, 1.0)
        group = instance.limits[0].group[self.point]
        need = stage.coverings[0].need / scale
        self._add(group, mass / scale[group], need, np.full(len(need), np.inf), short=floor)

    def _add(
        self,
        row: IntArray,
        values: FloatArray,
        lower: FloatArray,
        upper: FloatArray,
        short: FloatArray | None = None,
    ) -> None:
        shares = sparse.csr_array((values, (row, np.arange(len(row)))), shape=(len(lower), len(row)))
        shortages = np.zeros((len(lower), self.floors)) if short is None else np.diag(short)
        self.rows.append(sparse.hstack([shares, sparse.csr_array(shortages)]))
        self.lower.append(lower)
        self.upper.append(upper)

    def _coefficients(self, name: Objective) -> tuple[FloatArray, float]:
        """Return coefficients to minimise and the constant that makes them the objective."""
        instance = self.stage.instance
        mass = instance.weight[self.point]
        if name is Objective.COVERAGE:
            return -mass, 0.0
        beyond = 0.0 if instance.beyond is None or self.stage.must_serve else instance.beyond
        constant = beyond * float(instance.weight.sum())
        if name is Objective.TOTAL:
            constant += cost_of(instance, self.units)
        return mass * (self.pairs.data - beyond), constant

    def keep(self, name: Objective, value: float) -> None:
        """Keep an objective at `value`."""
        if name is Objective.SHORTAGE:
            self._keep_shortage(value)
            return
        coefficients, constant = self._coefficients(name)
        limit = -value if name is Objective.COVERAGE else value - constant
        scale = max(float(np.abs(coefficients).max(initial=0.0)), 1e-300)
        slack = KEEP_TOLERANCE * max(1.0, abs(value))
        row = np.zeros(len(coefficients), dtype=np.int64)
        self._add(row, coefficients / scale, np.array([-np.inf]), np.array([(limit + slack) / scale]))

    def _keep_shortage(self, value: float) -> None:
        left = value - shortage_of(self.stage, self.units) + KEEP_TOLERANCE * max(1.0, value)
        shares = sparse.csr_array((1, self.pairs.nnz))
        prices = self.stage.instance.limits[0].shortage_weight.reshape(1, -1)
        self.rows.append(sparse.hstack([shares, sparse.csr_array(prices)]))
        self.lower.append(np.array([-np.inf]))
        self.upper.append(np.array([left]))

    def settle(self, name: Objective) -> None:
        """Optimise an objective on top of what is kept, then keep it; on failure keep the last shares."""
        coefficients, constant = self._coefficients(name)
        if not len(coefficients):
            return
        scale = max(float(np.abs(coefficients).max()), 1e-300)
        whole, floors = self.stage.instance.single_source, self.floors
        answer = optimize.milp(
            np.concatenate([coefficients / scale, np.zeros(floors)]),
            integrality=np.concatenate([np.full(len(coefficients), int(whole)), np.zeros(floors)]),
            bounds=optimize.Bounds(0, np.append(np.ones(len(coefficients)), self._most_short())),
            constraints=optimize.LinearConstraint(
                sparse.csc_array(sparse.vstack(self.rows)),
                np.concatenate(self.lower),
                np.concatenate(self.upper),
            ),
            options={"time_limit": max(self.seconds, 0.1)},
        )
        if answer.x is None:
            return
        self.best = answer.x[: len(coefficients)]
        reached = float(coefficients @ self.best)
        self.keep(name, -reached if name is Objective.COVERAGE else reached + constant)

    def _most_short(self) -> FloatArray:
        return np.full(self.floors, 1.0 if self.stage.elastic else 0.0)

    def shares(self) -> Csr:
        """Return the shares, with what is below 1e-9 left out."""
        values = np.clip(self.best, 0.0, 1.0)
        if self.stage.instance.single_source:
            values = np.round(values)
        shares = csr_of(values, self.pairs.indices, self.pairs.indptr, self.pairs.shape)
        return keep_pairs(shares, values > 1e-9)
