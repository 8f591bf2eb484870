"""Who is served where, once the units are decided."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy import optimize, sparse

from optimization.arrays import (
    Csr,
    FloatArray,
    IntArray,
    csr_of,
    keep_pairs,
    nearest_site,
    row_minimum,
    row_of_pair,
    sums,
)
from optimization.flows import near_first
from optimization.problem import Objective
from optimization.stage import KEEP_TOLERANCE, Stage, cost_of, shortage_of

SMALLEST_SHARE = 1e-9
MOST_PAIRS = 20_000  # beyond, only an objective that counts distance asks for the nearest assignment
SLACKS = (KEEP_TOLERANCE, 1e-7, 1e-5)  # of what is kept: a solver's own values are true only to its tolerance
NEAR = frozenset({Objective.DISTANCE, Objective.TOTAL})


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
    if most_first(stage, targets):
        exact = bool({name for name, _ in targets} & NEAR)
        shares = assign_most(stage, units, seconds, exact=exact)
        if shares is not None:
            return shares
    kept = [target for target in targets if target[0] not in (Objective.COST, Objective.FARTHEST)]
    for slack in SLACKS:
        flow = FlowProgram(stage, units, seconds)
        for name, value in kept:
            flow.keep(name, value, slack)
        if flow.settle(Objective.COVERAGE):
            break
    flow.settle(Objective.DISTANCE)
    return flow.shares()


def assign_nearest(reach: Csr, units: IntArray) -> Csr:
    """Return each point wholly at its nearest open stored site."""
    nearest = nearest_site(reach, units > 0)
    indptr = np.concatenate(([0], np.cumsum(nearest >= 0)))
    sites = nearest[nearest >= 0]
    return csr_of(np.ones(len(sites)), sites, indptr, reach.shape)


def most_first(stage: Stage, targets: tuple[tuple[Objective, float], ...]) -> bool:
    """Return whether every assignment that serves most, as near as possible, keeps all targets.

    Group floors, shortages and single sources ask for more; so does a distance for which it may
    pay to serve less.
    """
    plain = {Objective.COST, Objective.COVERAGE, Objective.FARTHEST} | (NEAR if stage.must_serve else set())
    firm = not stage.elastic and len(stage.instance.limits[0].floor) == 1
    return firm and not stage.instance.single_source and {name for name, _ in targets} <= plain


def assign_most(stage: Stage, units: IntArray, seconds: float, *, exact: bool) -> Csr:
    """Return shares that serve as much weight as possible, then as near as possible, or None.

    Where nobody's nearest site is overloaded that is the answer; else one transportation program,
    in which service earns more than any detour costs. Large ones that need not be `exact` fill near
    sites first instead.
    """
    instance = stage.instance
    assert instance.capacity is not None
    room = instance.capacity * units
    near = assign_nearest(stage.reach, units)
    load = sums(near.indices, instance.weight[row_of_pair(near)], len(units))
    if (load <= room).all():
        return near
    pairs = keep_pairs(stage.reach, units[stage.reach.indices] > 0)
    heavy = instance.weight > 0
    pairs = keep_pairs(pairs, heavy[row_of_pair(pairs)])
    if pairs.nnz > MOST_PAIRS and not exact:
        mass: FloatArray | None = near_first(pairs, np.where(heavy, instance.weight, 0.0), room)
    else:
        mass = transport(pairs, instance.weight, room, seconds)
    if mass is None:
        return None
    # points of no weight go to their nearest site, which costs nothing
    idle = keep_pairs(near, ~heavy[row_of_pair(near)])
    share = shares_of_mass(pairs, mass, instance.weight, in_full=stage.must_serve)
    some = share > SMALLEST_SHARE
    pairs = csr_of(share, pairs.indices, pairs.indptr, pairs.shape)
    return sparse.csr_array(keep_pairs(pairs, some) + idle)


def shares_of_mass(pairs: Csr, mass: FloatArray, weight: FloatArray, *, in_full: bool) -> FloatArray:
    """Return the share of its point that every pair carries, at most 1 in all; `in_full`: exactly 1.

    The program's tolerance is of the heaviest point, and may be all there is of the lightest.
    """
    point = row_of_pair(pairs)
    share = np.minimum(1.0, mass / weight[point])
    served = sums(point, share, len(weight))
    if in_full:
        none = keep_pairs(pairs, (served == 0)[point])
        share[(served == 0)[point] & (pairs.data == row_minimum(none, none.data)[point])] = 1.0
        served = sums(point, share, len(weight))
        return np.asarray(share / np.maximum(served, 1e-300)[point])
    return np.asarray(share / np.maximum(served, 1.0)[point])


def transport(pairs: Csr, weight: FloatArray, room: FloatArray, seconds: float) -> FloatArray | None:
    """Return the mass on every pair of the transportation program, None if the clock ended it."""
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("time_limit", max(seconds, 0.1))
    point, site = row_of_pair(pairs), pairs.indices
    points = np.flatnonzero(np.diff(pairs.indptr) > 0)
    sites = np.unique(site)
    farthest = float(pairs.data.max(initial=0.0)) + 1e-9
    size = max(float(weight.max()), 1e-300)
    cost = pairs.data / farthest - 2.0 * (len(sites) + 1.0)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(cost), len(points) + len(sites)
    program.col_cost_, program.col_lower_ = cost, np.zeros(len(cost))
    program.col_upper_ = weight[point] / size
    program.row_lower_ = np.full(program.num_row_, -np.inf)
    program.row_upper_ = np.concatenate([weight[points], room[sites]]) / size
    rows = np.column_stack([np.searchsorted(points, point), len(points) + np.searchsorted(sites, site)])
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.arange(0, 2 * len(cost) + 1, 2)
    program.a_matrix_.index_ = rows.ravel()
    program.a_matrix_.value_ = np.ones(2 * len(cost))
    highs.passModel(program)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    mass: FloatArray = np.maximum(0.0, np.array(highs.getSolution().col_value)) * size
    return mass


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

    def keep(self, name: Objective, value: float, tolerance: float = KEEP_TOLERANCE) -> None:
        """Keep an objective at `value`, less a relative tolerance."""
        if name is Objective.SHORTAGE:
            self._keep_shortage(value, tolerance)
            return
        coefficients, constant = self._coefficients(name)
        limit = -value if name is Objective.COVERAGE else value - constant
        scale = max(float(np.abs(coefficients).max(initial=0.0)), 1e-300)
        slack = tolerance * max(1.0, abs(value))
        row = np.zeros(len(coefficients), dtype=np.int64)
        self._add(row, coefficients / scale, np.array([-np.inf]), np.array([(limit + slack) / scale]))

    def _keep_shortage(self, value: float, tolerance: float) -> None:
        left = value - shortage_of(self.stage, self.units) + tolerance * max(1.0, value)
        shares = sparse.csr_array((1, self.pairs.nnz))
        prices = self.stage.instance.limits[0].shortage_weight.reshape(1, -1)
        self.rows.append(sparse.hstack([shares, sparse.csr_array(prices)]))
        self.lower.append(np.array([-np.inf]))
        self.upper.append(np.array([left]))

    def settle(self, name: Objective) -> bool:
        """Optimise an objective on top of what is kept, then keep it; on failure keep the last shares."""
        coefficients, constant = self._coefficients(name)
        if not len(coefficients):
            return True
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
            return False
        self.best = answer.x[: len(coefficients)]
        reached = float(coefficients @ self.best)
        self.keep(name, -reached if name is Objective.COVERAGE else reached + constant)
        return True

    def _most_short(self) -> FloatArray:
        return np.full(self.floors, 1.0 if self.stage.elastic else 0.0)

    def shares(self) -> Csr:
        """Return the shares, with what is below 1e-9 left out."""
        values = np.clip(self.best, 0.0, 1.0)
        if self.stage.instance.single_source:
            values = np.round(values)
        shares = csr_of(values, self.pairs.indices, self.pairs.indptr, self.pairs.shape)
        return keep_pairs(shares, values > SMALLEST_SHARE)
