"""The live HiGHS object of a master: cuts are added to it, its relaxation is solved again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
import pulp

from optimization.arrays import FloatArray, IntArray
from optimization.clock import Clock
from optimization.cuts import Cuts
from optimization.model import Model
from optimization.problem import Objective, SolverOptions
from optimization.result import Outcome
from optimization.solver import SolverError

STALE = 12  # rounds after which a cut that never binds is taken out
Status = highspy.HighsModelStatus
IMPOSSIBLE = (Status.kInfeasible, Status.kUnboundedOrInfeasible)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A solved relaxation, everything to be minimised and in the unit of the stage's objective.

    `outcome` is optimal, infeasible or time limit. `bound` is a lower bound on the objective (on
    minus the coverage); `columns` (N,) are all values, `units` (J,) the units, existing ones
    included, and `reduced` (J,) what the bound rises by with one unit more (if positive), or with
    one less (if negative).
    """

    outcome: Outcome
    bound: float = -math.inf
    columns: FloatArray = field(default_factory=lambda: np.zeros(0))
    units: FloatArray = field(default_factory=lambda: np.zeros(0))
    reduced: FloatArray = field(default_factory=lambda: np.zeros(0))


class Live:
    """A master in HiGHS, its units continuous; `mip` solves a copy with whole units."""

    def __init__(self, model: Model, options: SolverOptions) -> None:
        self.model, self.options = model, options
        solver = pulp.HiGHS(msg=False, mip=False, threads=options.threads, random_seed=options.seed)
        solver.createAndConfigureSolver(model.lp)
        solver.buildSolverModel(model.lp)
        self.highs: Any = model.lp.solverModel
        # the scheduler is shared by the process and refuses another number of threads until reset
        highspy.Highs.resetGlobalScheduler(True)
        # cuts keep the basis dual feasible: the dual simplex goes on from it
        self.highs.setOptionValue("solver", "simplex")
        instance = model.stage.instance
        self.fixed, self.room = instance.fixed, instance.units
        self.sites = np.array(sorted(model.units), dtype=np.int64)
        self.at = np.array([model.units[site].index for site in self.sites.tolist()], dtype=np.int32)
        name = model.stage.objective
        self.sign = -1.0 if name is Objective.COVERAGE else 1.0
        self.scale = abs(model.scale)
        self.constant = 0.0 if name is None else self.sign * model.values[name].constant
        self.whole = name is Objective.COST and instance.whole_costs
        self.rows = int(self.highs.getNumRow())
        self.age: IntArray = np.zeros(0, dtype=np.int64)

    def add(self, cuts: Cuts) -> None:
        """Add cuts as rows."""
        if cuts.count:
            self.age = np.concatenate([self.age, np.zeros(cuts.count, dtype=np.int64)])
            hand_over(self.highs, cuts)

    def restrict(self, lower: IntArray, upper: IntArray) -> None:
        """Set bounds on the units (J,), existing ones included."""
        low = (lower - self.fixed)[self.sites].astype(np.float64)
        high = (upper - self.fixed)[self.sites].astype(np.float64)
        self.highs.changeColsBounds(len(self.at), self.at, low, high)

    def relax(self, clock: Clock) -> Relaxed:
        """Solve the relaxation from the last basis."""
        if clock.left <= 0:
            return Relaxed(Outcome.TIME_LIMIT)
        # its clock runs over all its runs
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + clock.left)
        self.highs.run()
        status = self.highs.getModelStatus()
        if status in IMPOSSIBLE:
            return Relaxed(Outcome.INFEASIBLE, math.inf)
        if status != Status.kOptimal:
            return Relaxed(Outcome.TIME_LIMIT)
        solution = self.highs.getSolution()
        columns = np.array(solution.col_value)
        reduced = np.zeros(len(self.fixed))
        reduced[self.sites] = np.array(solution.col_dual)[self.at] / self.scale
        bound = self.natural(self.highs.getInfo().objective_function_value)
        return Relaxed(Outcome.OPTIMAL, bound, columns, self.units_of(columns), reduced)

    def natural(self, value: float) -> float:
        """Return an objective of the solver in the unit of the stage, to be minimised."""
        return value / self.scale + self.constant if math.isfinite(value) else value

    def units_of(self, columns: FloatArray) -> FloatArray:
        """Return the units (J,) that columns stand for, existing ones included."""
        units = self.fixed.astype(np.float64)
        units[self.sites] += columns[self.at]
        return units

    def purge(self) -> None:
        """Take out cuts that have not bound for a while; they come back if a solution breaks them."""
        basic = np.array(self.highs.getBasis().row_status[self.rows :]) == highspy.HighsBasisStatus.kBasic
        self.age = np.where(basic, self.age + 1, 0)
        stale = np.flatnonzero(self.age > STALE)
        if len(stale) > max(50, len(self.age) // 10):
            self.highs.deleteRows(len(stale), (self.rows + stale).astype(np.int32))
            self.age = np.delete(self.age, stale)

    def mip(
        self,
        clock: Clock,
        gap: float,
        start: IntArray | None = None,
        found: Callable[[FloatArray], None] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> Relaxed:
        """Solve a copy with whole units to a relative gap.

        Parameters
        ----------
        clock
            Ends the run; HiGHS's own limit alone is overrun.
        gap
            Relative gap at which to stop.
        start
            Units (J,) to start from.
        found
            Called with the columns of every better solution.
        settings
            Further options of HiGHS.

        Returns
        -------
        Relaxed
            With the proven bound, and the best solution's columns and units if there is one.
        """
        highs = self._copy(clock, gap, settings or {})
        if start is not None:
            values = (start - self.fixed)[self.sites].astype(np.float64)
            highs.setSolution(len(self.at), self.at, values)
        if found is not None:
            highs.cbMipImprovingSolution.subscribe(lambda event: _report(event, found))
        highs.cbMipInterrupt.subscribe(lambda event: event.interrupt(clock.left <= 0))
        highs.run()
        if highs.getModelStatus() in IMPOSSIBLE:
            return Relaxed(Outcome.INFEASIBLE, math.inf)
        info = highs.getInfo()
        bound = self.natural(info.mip_dual_bound - self.constant * self.scale)
        if info.primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
            return Relaxed(Outcome.TIME_LIMIT, bound)
        columns = np.array(highs.getSolution().col_value)
        optimal = highs.getModelStatus() == Status.kOptimal
        outcome = Outcome.OPTIMAL if optimal else Outcome.TIME_LIMIT
        return Relaxed(outcome, bound, columns, np.round(self.units_of(columns)))

    def _copy(self, clock: Clock, gap: float, settings: dict[str, Any]) -> Any:
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        own = {
            "output_flag": False,
            "threads": self.options.threads,
            "random_seed": self.options.seed,
            "mip_rel_gap": gap,
            "mip_abs_gap": 0.0,
            "time_limit": max(clock.left, 0.01),
        }
        for name, value in (own | settings).items():
            highs.setOptionValue(name, value)
        highs.passModel(self.highs.getLp())
        highs.changeObjectiveOffset(self.constant * self.scale)
        whole = np.full(len(self.at), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        highs.changeColsIntegrality(len(self.at), self.at, whole)
        return highs


def hand_over(highs: Any, cuts: Cuts) -> None:
    """Add rows to a HiGHS object in one go; raises SolverError if it refuses them."""
    status = highs.addRows(
        cuts.count,
        cuts.lower,
        cuts.upper,
        len(cuts.indices),
        cuts.indptr[:-1].astype(np.int32),
        cuts.indices.astype(np.int32),
        cuts.data,
    )
    if status == highspy.HighsStatus.kError:
        raise SolverError("HiGHS refused rows: their coefficients lie too far apart.")


def _report(event: Any, found: Callable[[FloatArray], None]) -> None:
    found(np.array(event.data_out.mip_solution))
