"""What is asked: a location problem, its covers and the solver's settings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from optimization.arrays import Csr
from optimization.instance import Instance, instance_of


class Objective(StrEnum):
    """What can be optimised; `coverage` is maximised, all others are minimised."""

    COST = "cost"
    COVERAGE = "coverage"
    DISTANCE = "distance"
    FARTHEST = "farthest"
    TOTAL = "total"
    SHORTAGE = "shortage"


SERVES_EVERYONE = frozenset({Objective.DISTANCE, Objective.FARTHEST, Objective.TOTAL})


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """A share of weight that must have an open site near.

    Parameters
    ----------
    name : str
        Names the cover in shortages, conflicts and `frontier`.
    within : float
        Largest distance that counts, in the unit of the distances; a pair at exactly `within` counts.
    floor : float or array (G,)
        Least share, 0 to 1; one per group when `group` is given (one number then holds for each).
    sites : bool array (J,), optional
        Sites that count; default all.
    group : int array (I,), optional
        Group of each demand point, 0 to G-1; default one group.
    weight : float array (I,), optional
        Weights this cover counts; default those of the problem.
    shortage_weight : float or array (G,)
        Weight of the relative shortage of this floor in the objective `shortage`.
    reach : scipy.sparse.csr_array (I, J), optional
        Pairs and distances of this cover's own, in any unit, where `within` is not measured as the
        problem's `reach` is; they need not be among its pairs. Default: those of the problem.
    """

    name: str
    within: float
    floor: Any
    sites: Any = None
    group: Any = None
    weight: Any = None
    shortage_weight: Any = 1.0
    reach: Csr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LocationProblem:
    """Where to open outlets: demand points, sites, stored pairs and limits.

    I demand points, J sites, R rows, G groups. Distances, weights and costs are in the caller's
    own units.

    Parameters
    ----------
    weight : float array (I,)
        Demand at each point, at least 0.
    reach : scipy.sparse.csr_array (I, J)
        Stored entries are the usable pairs, their values the distances; stored zeros count.
    opening_cost : float array (J,), optional
        Cost of one unit; default 1.
    capacity : float array (J,), optional
        Weight that one unit can serve; default unlimited.
    single_source : bool
        With capacity: each demand point wholly at one site.
    fixed_open : int or bool array (J,), optional
        Outlets that exist; default none.
    max_units : int array (J,), optional
        Most outlets at a site, existing ones included; default max(1, fixed_open).
    rows, row_lower, row_upper, row_names, row_weight
        Linear limits over the units, existing ones included: csr (R, J), float (R,) twice,
        names (R,) and weights (R,) in the objective `shortage`.
    demand_group, coverage_floor
        Least share of weight served over stored pairs: in total (one number), or (G,) per group
        of `demand_group` (I,).
    covers : tuple of Cover
        Shares of weight that must have an open site near.
    floor_weight : float or array (G,), optional
        Weight of `coverage_floor` in the objective `shortage`; default 1.
    max_open, budget : float, optional
        Most units and most cost beyond the existing ones.
    beyond : float, optional
        Distance that unserved weight counts in `distance`, `farthest` and `total`; at least the
        largest stored distance. None: all must be served.

    Raises
    ------
    ValueError
        Wrong shapes, NaN, negative weights, costs or distances (a cover's own too), more existing
        outlets than `max_units`, floors outside 0 to 1, `beyond` below the largest stored distance.
    """

    weight: Any
    reach: Csr
    opening_cost: Any = None
    capacity: Any = None
    single_source: bool = False
    fixed_open: Any = None
    max_units: Any = None
    rows: Csr = None
    row_lower: Any = None
    row_upper: Any = None
    row_names: Any = None
    row_weight: Any = None
    demand_group: Any = None
    coverage_floor: Any = None
    covers: tuple[Cover, ...] = ()
    floor_weight: Any = None
    max_open: float | None = None
    budget: float | None = None
    beyond: float | None = None
    instance: Instance = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check every part once, and keep the filled-in form that all methods work on.

        The large parts are then those of that form, not the caller's: they are held, and pickled
        for a worker, once.
        """
        instance = instance_of(self)
        object.__setattr__(self, "instance", instance)
        object.__setattr__(self, "weight", instance.weight)
        object.__setattr__(self, "reach", instance.reach)
        object.__setattr__(self, "covers", instance.with_own_reach(self.covers))
        if self.rows is not None:
            object.__setattr__(self, "rows", instance.rows)


@dataclass(frozen=True, slots=True)
class SolverOptions:
    """How hard to try.

    Parameters
    ----------
    solver : {"highs", "cbc"}
        The integer programming solver.
    time_limit_s : float
        For the whole call, all objectives together.
    gap : float
        |objective - bound| / max(1, |objective|) at which a plan is called optimal.
    threads, seed : int
        Same threads and seed give the same plan where the gap, not the clock, ends the run.
    tie_break_s : float
        Most seconds for the last of several objectives, which only chooses among plans that are
        equal in all before it.
    """

    solver: Literal["highs", "cbc"] = "highs"
    time_limit_s: float = 60.0
    gap: float = 1e-4
    threads: int = 1
    seed: int = 0
    tie_break_s: float = math.inf

    def __post_init__(self) -> None:
        """Refuse settings that no solver could follow."""
        if self.solver not in ("highs", "cbc"):
            raise ValueError(f"solver is {self.solver!r}; choose 'highs' or 'cbc'.")
        if not self.time_limit_s >= 0:
            raise ValueError(f"time_limit_s is {self.time_limit_s}; it must be at least 0.")
        if not self.tie_break_s >= 0:
            raise ValueError(f"tie_break_s is {self.tie_break_s}; it must be at least 0.")
        if not 0 <= self.gap < 1:
            raise ValueError(f"gap is {self.gap}; it must be at least 0 and below 1.")
        if self.threads < 1:
            raise ValueError(f"threads is {self.threads}; it must be at least 1.")
