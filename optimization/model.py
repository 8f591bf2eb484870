"""The compact integer program of a stage, in PuLP: stored pairs and free sites only.

u_j  units opened beyond the fixed ones, integer, only where a further unit fits
z_p  1 if a class p of a covering has an open site (continuous: it is 1 or 0 by itself)
x_ij share of demand point i served at site j, only over stored pairs
s_r  relative shortage of an elastic row or floor
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

import numpy as np
import pulp

from optimization.arrays import Csr, FloatArray, IntArray, row_minimum, sums
from optimization.covering import Covering, alike
from optimization.cuts import Family
from optimization.problem import Objective
from optimization.stage import KEEP_TOLERANCE, Stage, elastic_rows

Term: TypeAlias = tuple[Any, float]
ROW_SCALE = 1e4
OBJECTIVE_SCALE = 1e3
LARGEST_WHOLE = 1e6  # beyond, whole costs are scaled like others: the solver's tolerances are absolute


@dataclass(slots=True)
class Linear:
    """A linear expression: terms over variables and a constant."""

    terms: list[Term] = field(default_factory=list)
    constant: float = 0.0


@dataclass(slots=True)
class Model:
    """A PuLP model with the names of its parts, built by `build_model`."""

    stage: Stage
    lp: pulp.LpProblem = field(default_factory=lambda: pulp.LpProblem("location", pulp.LpMinimize))
    units: dict[int, Any] = field(default_factory=dict)
    shares: dict[tuple[int, int], Any] = field(default_factory=dict)
    values: dict[Objective, Linear] = field(default_factory=dict)
    impossible: bool = False
    scale: float = 1.0
    numbers: Any = field(default_factory=count)

    def variable(
        self, kind: str, upper: float | None, category: str = pulp.LpContinuous, lower: int = 0
    ) -> Any:
        """Return a new variable from `lower` to `upper`."""
        return self.lp.add_variable(f"{kind}{next(self.numbers):07d}", lower, upper, category)

    def add(self, terms: Iterable[Term], lower: float, upper: float, *, scaled: bool = False) -> None:
        """Add lower <= terms <= upper; a row without terms is checked at once.

        `scaled` rows are brought to coefficients of up to 1e4 before they reach the solver: its
        tolerance is absolute, 1e-6, and shares of weight are held to 1e-9.
        """
        merged: dict[Any, float] = {}
        for variable, coefficient in terms:
            merged[variable] = merged.get(variable, 0.0) + float(coefficient)
        row = [(variable, coefficient) for variable, coefficient in merged.items() if coefficient]
        if not row:
            slack = KEEP_TOLERANCE * max(1.0, abs(lower) if np.isfinite(lower) else 0.0)
            self.impossible = self.impossible or lower > slack or upper < -slack
            return
        factor = ROW_SCALE / max(abs(coefficient) for _, coefficient in row) if scaled else 1.0
        expression = pulp.LpAffineExpression([(variable, factor * value) for variable, value in row])
        if lower == upper:
            self.lp += expression == float(factor * lower)
            return
        if np.isfinite(lower):
            self.lp += expression >= float(factor * lower)
        if np.isfinite(upper):
            self.lp += expression <= float(factor * upper)


def build_model(stage: Stage) -> Model:
    """Write the program of a stage; the order below is its table of contents."""
    model = Model(stage)
    define_units(model)
    shortages = define_rows(model) + define_coverings(model)
    define_limits(model)
    if stage.flows:
        shortages += define_flows(model)
    else:
        define_service(model)
        if stage.names & {Objective.DISTANCE, Objective.TOTAL}:
            define_assignment(model)
    define_values(model, shortages)
    define_kept(model)
    define_objective(model)
    return model


def build_master(stage: Stage, families: Iterable[Family]) -> Model:
    """Write the program of a stage over units alone; `families` add what cuts will describe."""
    model = Model(stage)
    define_units(model)
    shortages = define_rows(model)
    define_limits(model)
    for family in families:
        shortages += family.define(model)
    define_values(model, shortages)
    define_kept(model)
    define_objective(model)
    return model


def define_units(model: Model) -> None:
    """u_j integer, from 0 to what still fits at the site."""
    instance = model.stage.instance
    opened = model.stage.opened
    for site in model.stage.undecided.tolist():
        room = float(instance.units[site] - instance.fixed[site])
        least = 0 if opened is None else int(opened[site] and not instance.fixed[site])
        model.units[site] = model.variable("u", room, pulp.LpInteger, least)


def define_rows(model: Model) -> list[Term]:
    """Lower <= sum a_j y_j <= upper, fixed units moved to the right; returns weighted shortages."""
    instance = model.stage.instance
    soft = elastic_rows(instance) & model.stage.elastic
    there = instance.rows @ instance.fixed
    shortages: list[Term] = []
    for row, (start, end) in enumerate(zip(instance.rows.indptr[:-1], instance.rows.indptr[1:], strict=True)):
        pairs = zip(
            instance.rows.indices[start:end].tolist(), instance.rows.data[start:end].tolist(), strict=True
        )
        terms = [(model.units[site], value) for site, value in pairs if site in model.units]
        lower, upper = instance.lower[row] - there[row], instance.upper[row] - there[row]
        if soft[row]:
            short = model.variable("s", None)
            shortages.append((short, float(instance.row_weight[row])))
            model.add([*terms, (short, instance.lower[row])], lower, np.inf)
            model.add(terms, -np.inf, upper)
        else:
            model.add(terms, lower, upper)
    return shortages


def define_limits(model: Model) -> None:
    """At most max_open units and budget cost beyond the fixed ones."""
    instance = model.stage.instance
    if np.isfinite(instance.max_open):
        model.add([(unit, 1.0) for unit in model.units.values()], -np.inf, np.floor(instance.max_open + 1e-9))
    if np.isfinite(instance.budget):
        terms = [(unit, instance.cost[site]) for site, unit in model.units.items()]
        model.add(terms, -np.inf, instance.budget)


def define_coverings(model: Model) -> list[Term]:
    """z_p <= sum of u over the covering sites, and the floor of every group over z."""
    stage = model.stage
    shortages: list[Term] = []
    for covering in stage.presence:
        wants_value = Objective.COVERAGE in stage.names and covering is stage.coverings[0]
        shortages += _define_covering(model, covering, wants_value=wants_value)
    return shortages


def _define_covering(model: Model, covering: Covering, *, wants_value: bool) -> list[Term]:
    stage, groups = model.stage, len(covering.total)
    fixed = stage.sure
    done = covering.covered(fixed)
    settled = sums(covering.group, covering.weight * done, groups)
    need = covering.need - settled
    open_groups = (need > 0) & (covering.total > 0)
    reachable = sums(covering.group, covering.weight, groups)
    terms: list[list[Term]] = [[] for _ in range(groups)]
    values = Linear(constant=float(settled.sum()))
    for row in np.flatnonzero(~done & (open_groups[covering.group] | wants_value)).tolist():
        group, weight = int(covering.group[row]), float(covering.weight[row])
        sites = [model.units[site] for site in _sites(covering.pattern, row) if site in model.units]
        if not stage.elastic and open_groups[group] and reachable[group] - weight < covering.need[group]:
            # without this class the floor is out of reach: it must be covered
            model.add([(unit, 1.0) for unit in sites], 1.0, np.inf)
            need[group] -= weight
            values.constant += weight
        elif sites:
            share = model.variable("z", 1.0)
            model.add([(unit, 1.0) for unit in sites] + [(share, -1.0)], 0.0, np.inf)
            terms[group].append((share, weight))
            values.terms.append((share, weight))
    if wants_value:
        model.values[Objective.COVERAGE] = values
    return _define_floors(model, covering, terms, np.where(open_groups, need, 0.0), settled)


def _define_floors(
    model: Model,
    covering: Covering,
    terms: list[list[Term]],
    need: FloatArray,
    settled: FloatArray,
) -> list[Term]:
    shortages: list[Term] = []
    for group in np.flatnonzero(need > 0).tolist():
        if model.stage.elastic:
            short = model.variable("s", 1.0)
            shortages.append((short, float(covering.limit.shortage_weight[group])))
            full = float(covering.limit.floor[group] * covering.total[group])
            row = [*terms[group], (short, full)]
            model.add(row, full - float(settled[group]), np.inf, scaled=True)
        else:
            slack = 1e-13 * float(covering.total[group])  # rounding of the differences
            model.add(terms[group], float(need[group]) if need[group] > slack else 0.0, np.inf, scaled=True)
    return shortages


def define_service(model: Model) -> None:
    """Without capacity: where all must be served, every class of points has an open site."""
    stage = model.stage
    if not stage.must_serve:
        return
    reach, points = stage.reach, np.arange(stage.reach.shape[0])
    first, _ = alike(reach, [], points)
    for point in first.tolist():
        sites = _sites(reach, point)
        if not stage.sure[sites].any():
            model.add([(model.units[site], 1.0) for site in sites if site in model.units], 1.0, np.inf)


def define_assignment(model: Model) -> None:
    """Without capacity: x_ij <= u_j over pairs nearer than the nearest fixed site (or `beyond`)."""
    stage, instance = model.stage, model.stage.instance
    reach = stage.reach
    fixed = stage.sure
    base = row_minimum(reach, np.where(fixed[reach.indices], reach.data, np.inf))
    if instance.beyond is not None and not stage.must_serve:
        base = np.minimum(base, instance.beyond)
    points = np.flatnonzero(instance.weight > 0)
    if stage.pairs is None:
        first, classes = alike(reach, [], points, distances=True)
    else:  # points alike in distance may differ in what the bound has left them
        reach, first, classes = stage.pairs, points, np.arange(len(points))
    weight = sums(classes, instance.weight[points], len(first))
    value = Linear(constant=float(weight @ np.where(np.isfinite(base[first]), base[first], 0.0)))
    for point, mass in zip(first.tolist(), weight.tolist(), strict=True):
        shares = []
        for site, far in zip(_sites(reach, point), _data(reach, point), strict=True):
            if site in model.units and far < base[point]:
                share = model.variable("x", 1.0)
                shares.append((share, 1.0))
                model.shares[point, site] = share
                model.add([(model.units[site], 1.0), (share, -1.0)], 0.0, np.inf)
                value.terms.append((share, mass * (far - (base[point] if np.isfinite(base[point]) else 0.0))))
        model.add(shares, -np.inf if np.isfinite(base[point]) else 1.0, 1.0)
    model.values[Objective.DISTANCE] = value


def define_flows(model: Model) -> list[Term]:
    """With capacity: shares x_ij within capacity_j y_j; returns weighted shortages of the floor."""
    stage, instance = model.stage, model.stage.instance
    assert instance.capacity is not None
    reach, limit = stage.reach, instance.limits[0]
    first, weight = _flow_classes(stage, reach)
    load: dict[int, list[Term]] = {}
    served: list[list[Term]] = [[] for _ in limit.floor]
    beyond = 0.0 if instance.beyond is None or stage.must_serve else instance.beyond
    distance = Linear(constant=beyond * float(weight.sum()))
    category = pulp.LpInteger if instance.single_source else pulp.LpContinuous
    for point, mass in zip(first.tolist(), weight.tolist(), strict=True):
        shares = []
        for site, far in zip(_sites(reach, point), _data(reach, point), strict=True):
            if not instance.units[site]:
                continue
            share = model.variable("x", 1.0, category)
            model.shares[point, site] = share
            shares.append((share, 1.0))
            load.setdefault(site, []).append((share, mass))
            distance.terms.append((share, mass * (far - beyond)))
            if site in model.units and not instance.fixed[site]:
                model.add([(model.units[site], 1.0), (share, -1.0)], 0.0, np.inf)
        model.add(shares, 1.0 if stage.must_serve else -np.inf, 1.0)
        served[int(limit.group[point])] += [(share, mass) for share, _ in shares]
    _define_loads(model, load, instance.capacity)
    model.values[Objective.DISTANCE] = distance
    model.values[Objective.COVERAGE] = Linear([term for terms in served for term in terms])
    return _define_served(model, served)


def _flow_classes(stage: Stage, reach: Csr) -> tuple[IntArray, FloatArray]:
    """Merge points alike for flows; a point that must stay whole is never merged."""
    instance, points = stage.instance, np.arange(len(stage.instance.weight))
    if not stage.must_serve:
        points = np.flatnonzero(instance.weight > 0)
    if instance.single_source:
        return points, instance.weight[points]
    far = bool(stage.names & {Objective.DISTANCE, Objective.TOTAL})
    labels = [instance.limits[0].group.astype(np.float64)]
    first, classes = alike(reach, labels, points, distances=far)
    return first, sums(classes, instance.weight[points], len(first))


def _define_loads(model: Model, load: dict[int, list[Term]], capacity: FloatArray) -> None:
    for site, terms in load.items():
        size = float(capacity[site])
        unit = [(model.units[site], -size)] if site in model.units else []
        there = size * float(model.stage.instance.fixed[site])
        model.add(terms + unit, -np.inf, there, scaled=True)


def _define_served(model: Model, served: list[list[Term]]) -> list[Term]:
    stage, limit = model.stage, model.stage.instance.limits[0]
    total = stage.coverings[0].total
    shortages: list[Term] = []
    for group in np.flatnonzero((limit.floor > 0) & (total > 0)).tolist():
        full = float(limit.floor[group] * total[group])
        if stage.elastic:
            short = model.variable("s", 1.0)
            shortages.append((short, float(limit.shortage_weight[group])))
            model.add([*served[group], (short, full)], full, np.inf, scaled=True)
        else:
            model.add(served[group], float(stage.coverings[0].need[group]), np.inf, scaled=True)
    return shortages


def define_values(model: Model, shortages: list[Term]) -> None:
    """Write every other objective as a linear expression."""
    cost = [(unit, float(model.stage.instance.cost[site])) for site, unit in model.units.items()]
    model.values[Objective.COST] = Linear(cost)
    model.values[Objective.SHORTAGE] = Linear(shortages)
    distance = model.values.get(Objective.DISTANCE, Linear())
    model.values[Objective.TOTAL] = Linear(distance.terms + cost, distance.constant)


def define_kept(model: Model) -> None:
    """Keep earlier objectives at their incumbents, plus 1e-9 relative."""
    for name, value in model.stage.kept:
        if name is Objective.FARTHEST:
            continue  # the radius of the stage says it
        kept = model.values[name]
        slack = KEEP_TOLERANCE * max(1.0, abs(value))
        if name is Objective.COVERAGE:
            model.add(kept.terms, value - kept.constant - slack, np.inf, scaled=True)
        else:
            model.add(kept.terms, -np.inf, value - kept.constant + slack, scaled=name is not Objective.COST)


def define_objective(model: Model) -> None:
    """Minimise the stage's objective, scaled to coefficients of up to 1000."""
    name = model.stage.objective
    value = Linear() if name is None else model.values[name]
    largest = max((abs(coefficient) for _, coefficient in value.terms), default=0.0)
    model.scale = (OBJECTIVE_SCALE / largest if largest > 0 else 1.0) * (
        -1 if name is Objective.COVERAGE else 1
    )
    whole = name is Objective.COST and model.stage.instance.whole_costs
    if whole and largest <= LARGEST_WHOLE:
        model.scale = 1.0  # integer coefficients let the solver round its own bound
    terms = [(variable, model.scale * float(coefficient)) for variable, coefficient in value.terms]
    # a unit that no row mentions must still be known to the solver
    mentioned = {variable for variable, _ in terms}
    terms += [(unit, 0.0) for unit in model.units.values() if unit not in mentioned]
    model.lp += pulp.LpAffineExpression(terms)


def _sites(matrix: Csr, row: int) -> list[int]:
    sites: list[int] = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
    return sites


def _data(matrix: Csr, row: int) -> list[float]:
    data: list[float] = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
    return data
