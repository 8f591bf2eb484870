"""One objective of a solve, with what earlier objectives have settled; and its measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, keep_pairs, nearest_distance
from optimization.covering import Covering
from optimization.instance import Instance
from optimization.problem import Objective
from optimization.result import Outcome

KEEP_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """An objective to optimise while earlier ones stay at their incumbents.

    Attributes
    ----------
    objective : Objective or None
        None asks for any feasible plan.
    kept : tuple of (Objective, float)
        Earlier objectives with the values that must not get worse.
    serve_all : bool
        Every demand point must be served in full.
    elastic : bool
        Rows with a positive lower bound and floors may fall short, at a price in `shortage`.
    radius : float or None
        Service by pairs of at most this distance, for everyone.
    new_units : int or None
        The number of further units every plan has, where kept cost settles it.
    closed, opened : bool array (J,) or None
        Sites that a bound has settled: without further units, and with at least one.
    pairs : csr_array (I, J) or None
        The pairs over which a bound leaves points to be assigned to undecided sites.
    """

    instance: Instance
    coverings: tuple[Covering, ...]
    objective: Objective | None
    kept: tuple[tuple[Objective, float], ...] = ()
    serve_all: bool = False
    elastic: bool = False
    radius: float | None = None
    new_units: int | None = None
    closed: BoolArray | None = None
    opened: BoolArray | None = None
    pairs: Csr = None

    @property
    def sure(self) -> BoolArray:
        """Sites that are open in every plan of this stage."""
        fixed = self.instance.fixed > 0
        return fixed if self.opened is None else fixed | self.opened

    @property
    def undecided(self) -> IntArray:
        """Sites where further units may open in this stage."""
        free = self.instance.free
        return free if self.closed is None else free[~self.closed[free]]

    @property
    def reach(self) -> Csr:
        """The pairs that may serve in this stage."""
        reach = self.instance.reach
        return reach if self.radius is None else keep_pairs(reach, reach.data <= self.radius)

    @property
    def must_serve(self) -> bool:
        """True if every demand point must be served in full."""
        return self.serve_all or self.radius is not None

    @property
    def names(self) -> frozenset[Objective]:
        """The objectives whose value matters in this stage."""
        named = {name for name, _ in self.kept}
        return frozenset(named if self.objective is None else {*named, self.objective})

    @property
    def firm(self) -> bool:
        """True if no row or floor may fall short: a shortage kept at 0 forbids what has a price."""
        none = any(name is Objective.SHORTAGE and value <= KEEP_TOLERANCE for name, value in self.kept)
        return not self.elastic or (none and self._all_priced)

    @property
    def _all_priced(self) -> bool:
        rows = self.instance.row_weight[elastic_rows(self.instance)]
        floors = [part.limit.shortage_weight[part.limit.floor > 0] for part in self.coverings]
        return all(bool((weights > 0).all()) for weights in (rows, *floors))

    @property
    def presence(self) -> tuple[Covering, ...]:
        """The coverings that ask for presence only; with capacity the floor is about service."""
        return self.coverings if self.instance.capacity is None else self.coverings[1:]

    @property
    def flows(self) -> bool:
        """True if capacity decides who is served, so that units alone do not tell the value."""
        asks = {Objective.COVERAGE, Objective.DISTANCE, Objective.TOTAL, Objective.FARTHEST}
        return self.instance.capacity is not None and bool(
            self.must_serve or self.names & asks or self.instance.limits[0].floor.any()
        )


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one method found for a stage; `open` is None without a plan."""

    outcome: Outcome
    open: IntArray | None
    value: float
    bound: float
    method: str
    assignment: Csr = None


def cost_of(instance: Instance, units: IntArray) -> float:
    """Return the cost of the units beyond the fixed ones."""
    return float(instance.cost @ (units - instance.fixed))


def elastic_rows(instance: Instance) -> BoolArray:
    """Return which rows may fall short in the objective `shortage`."""
    return instance.lower > 0


def shortage_of(stage: Stage, units: IntArray) -> float:
    """Return the weighted relative shortage of rows and presence floors."""
    instance = stage.instance
    soft = elastic_rows(instance)
    lower = np.where(soft, instance.lower, 1.0)
    short = np.where(soft, np.maximum(0.0, lower - instance.rows @ units) / lower, 0.0)
    short[short <= KEEP_TOLERANCE] = 0.0
    floors = sum(
        float(covering.limit.shortage_weight @ covering.shortage(units > 0)) for covering in stage.presence
    )
    return float(instance.row_weight @ short) + floors


def service_distance(stage: Stage, units: IntArray) -> FloatArray:
    """Return each point's distance to its nearest open site, `beyond` or infinity without one."""
    least = nearest_distance(stage.reach, units > 0)
    beyond = stage.instance.beyond
    return least if beyond is None or stage.must_serve else np.where(np.isinf(least), beyond, least)


def value_of(stage: Stage, name: Objective | None, units: IntArray) -> float:
    """Return the value of an objective for these units, without capacity."""
    if name is None:
        return 0.0
    if name is Objective.COST:
        return cost_of(stage.instance, units)
    if name is Objective.SHORTAGE:
        return shortage_of(stage, units)
    if name is Objective.COVERAGE:
        return float(stage.coverings[0].weight_covered(units > 0).sum())
    least = service_distance(stage, units)
    if name is Objective.FARTHEST:
        return float(least.max(initial=0.0))
    weight = stage.instance.weight
    # a point of no weight must be served but adds nothing
    distance = float(weight[weight > 0] @ least[weight > 0])
    return distance + (cost_of(stage.instance, units) if name is Objective.TOTAL else 0.0)


def within_limits(stage: Stage, units: IntArray) -> bool:
    """Return whether these units keep every limit of a stage without flows."""
    return (
        _units_fit(stage, units)
        and _rows_met(stage, units)
        and (stage.elastic or _floors_met(stage, units > 0))
        and (not stage.must_serve or bool(np.isfinite(service_distance(stage, units)).all()))
        and all(kept_holds(name, value, value_of(stage, name, units)) for name, value in stage.kept)
    )


def linear_limits_met(stage: Stage, units: IntArray) -> bool:
    """Return whether units keep what is linear in them: maxima, budget, rows and a kept cost."""
    costs = [value for name, value in stage.kept if name is Objective.COST]
    kept = all(kept_holds(Objective.COST, value, cost_of(stage.instance, units)) for value in costs)
    return _units_fit(stage, units) and _rows_met(stage, units) and kept


def kept_holds(name: Objective, kept: float, value: float) -> bool:
    """Return whether `value` is no worse than what an earlier stage settled."""
    slack = KEEP_TOLERANCE * max(1.0, abs(kept))
    return value >= kept - slack if name is Objective.COVERAGE else value <= kept + slack


def _units_fit(stage: Stage, units: IntArray) -> bool:
    instance = stage.instance
    fits = bool(((units >= instance.fixed) & (units <= instance.units)).all())
    opened = int((units - instance.fixed).sum())
    slack = KEEP_TOLERANCE * max(1.0, instance.budget) if np.isfinite(instance.budget) else 0.0
    return fits and opened <= instance.max_open and cost_of(instance, units) <= instance.budget + slack


def _rows_met(stage: Stage, units: IntArray) -> bool:
    instance = stage.instance
    if not len(instance.lower):
        return True
    actual = instance.rows @ units
    size = np.maximum(1.0, abs(instance.rows) @ units) * KEEP_TOLERANCE
    low = (actual >= instance.lower - size) | (elastic_rows(instance) if stage.elastic else False)
    return bool((low & (actual <= instance.upper + size)).all())


def _floors_met(stage: Stage, is_open: BoolArray) -> bool:
    return all((covering.weight_covered(is_open) >= covering.need).all() for covering in stage.presence)
