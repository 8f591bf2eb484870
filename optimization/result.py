"""What is answered: outcome, plan, conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from optimization.arrays import Csr, IntArray


class Outcome(StrEnum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    TIME_LIMIT = "time_limit"

    @property
    def has_plan(self) -> bool:
        """True if there is a plan to read."""
        return self in (Outcome.OPTIMAL, Outcome.FEASIBLE)


class StageResult(NamedTuple):
    """One objective's value and proven bound, in its natural sense."""

    name: str
    value: float
    bound: float
    gap: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The best plan found, and how good it is proven to be.

    Attributes
    ----------
    outcome : Outcome
        Optimal: every objective within the gap. Feasible: a plan, not proven. Infeasible: proven
        that there is none. Time limit: none found in time.
    open : int array (J,) or None
        Units at each site, existing ones included.
    objective, bound, gap : float or None
        Of the first objective, in its natural sense: the bound of `coverage` is above its value,
        every other bound below.
    objectives : tuple of StageResult
        Name, value, bound, gap and outcome of every objective, in order.
    assignment : csr_array (I, J) or None
        Share of each demand point served at each site.
    covered : float or None
        Weight served over stored pairs.
    shortage : mapping
        What is short by name: units of a row, share of weight of a floor.
    seconds : mapping
        Time by step, and `total`.
    notes : tuple of str
        How each objective was answered.
    """

    outcome: Outcome
    open: IntArray | None = None
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    objectives: tuple[StageResult, ...] = ()
    assignment: Csr = None
    covered: float | None = None
    shortage: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """One limit that cannot be met together with the others.

    Attributes
    ----------
    kind : str
        `row`, `floor`, `cover`, `point`, `max_open`, `budget`, `capacity` or `limits` (the upper
        side of a row).
    name : str
        Name of the row, the floor with its group, the cover, or the point's number.
    required, attainable, shortage : float
        In `unit`; shortage is required less attainable.
    unit : str
        `units` of a row, `share` of weight, `weight`, `outlets` or `cost`.
    repair : str
        The least change of this limit that resolves it while all others stay, in English.
    sentence : str
        What is wrong and the repair, in English: `template` filled with `values`.
    template, values
        The same sentence for translation.
    together : tuple of str
        Names of the limits that cannot hold together, this one included: leave out any one of them
        and the others can.
    proven : bool
        Whether time sufficed to prove that `together` is smallest and the change least.
    """

    kind: str
    name: str
    required: float
    attainable: float
    shortage: float
    unit: str
    repair: str
    sentence: str
    template: str = ""
    values: Mapping[str, float | str] = field(default_factory=dict)
    together: tuple[str, ...] = ()
    proven: bool = True


ROUNDING = 1e-7  # relative: what floating point leaves of a proof


def proven_outcome(objective: float, bound: float, gap: float) -> Outcome:
    """Return optimal if the bound is within `gap` (or rounding) of the objective, else feasible."""
    close = relative_gap(objective, bound) <= max(gap, ROUNDING)
    return Outcome.OPTIMAL if close else Outcome.FEASIBLE


def relative_gap(objective: float, bound: float) -> float:
    """Return |objective - bound| / max(1, |objective|)."""
    return abs(objective - bound) / max(1.0, abs(objective))
