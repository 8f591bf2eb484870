"""What was planned: new outlets, the scopes' outcomes, and what no plan can mend."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from geodata.messages import Note
from optimization import Conflict, Outcome, StageResult
from planner.run import Planned
from planner.scope import Scope
from planner.sentences import sentence

SCOPE_COLUMNS = [
    "scope", "enterprise", "areas", "points", "sites", "outcome", "objective", "bound", "gap", "shortage",
    "seconds", "method",
]  # fmt: skip
CONFLICT_COLUMNS = [
    "scope", "enterprise", "adcode", "rule_id", "cause", "required", "attainable", "shortage", "unit",
    "template", "values",
]  # fmt: skip
DUTY = ["enterprise", "rule_id", "adcode"]
BY_HAND = "chosen by hand"
"""The method of scopes whose sites a person chose: no bound is known, and nothing is proven."""
WORST_FIRST = [Outcome.TIME_LIMIT, Outcome.INFEASIBLE, Outcome.FEASIBLE, Outcome.OPTIMAL]


@dataclass(frozen=True, slots=True)
class Placement:
    """The plan of a whole run.

    Attributes
    ----------
    outlets
        The new outlets, one row each: the columns of plan.csv.
    scopes
        One row per scope: scope, enterprise, areas (;-separated adcodes), points, sites, outcome, objective
        (cost), bound, gap, shortage, seconds, method.
    conflicts
        Duties that this plan leaves short, and what explains each: scope, enterprise, adcode, rule_id, cause
        (rows, property, too_many, limit, time, areas), required, attainable, shortage, unit, and the sentence
        as `template` and `values`.
    outcome, objective, bound, gap
        The worst outcome, and the costs summed; with a limit on the whole run, the master's shortage.
    limited
        Whether `max_new` or `budget` decided.
    notes
        What was assumed or noticed.
    """

    outlets: pd.DataFrame
    scopes: pd.DataFrame
    conflicts: pd.DataFrame
    outcome: Outcome
    objective: float
    bound: float
    gap: float
    limited: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether a person chose the outlets, not the optimiser."""
        return bool(len(self.scopes)) and bool(self.scopes["method"].eq(BY_HAND).all())

    @property
    def held_back(self) -> bool:
        """Whether only the limit of the run leaves anything short."""
        hopeless = ~self.conflicts["cause"].isin(["limit", "time"])
        return self.limited and self.outcome is Outcome.INFEASIBLE and not hopeless.any()


def worst(outcomes: Iterable[str]) -> Outcome:
    """Return the worst of some outcomes; optimal if there are none."""
    found = {Outcome(outcome) for outcome in outcomes}
    return next((outcome for outcome in WORST_FIRST if outcome in found), Outcome.OPTIMAL)


def worth_in_total(placement: Placement, value: float) -> Placement:
    """Return a placement whose objective is what opening and moving cost in the whole network.

    It stays as it is where a limit of the run decided: then its objective is the shortage.
    """
    if placement.limited:
        return placement
    bound = placement.bound if np.isnan(placement.bound) else min(placement.bound, value)
    return replace(placement, objective=value, bound=bound, gap=abs(value - bound) / max(1.0, abs(value)))


def scope_row(scope: Scope, adcodes: Iterable[str], item: Planned | None) -> dict[str, object]:
    """Return a scope's row; without a plan there was nothing to do. A shortage plan is infeasible."""
    plan = None if item is None else item.plan
    stages = {stage.name: stage for stage in plan.objectives} if plan else {}
    value, bound = (0.0, 0.0) if item is None else _value_and_bound(item, stages)
    outcome = Outcome.OPTIMAL if item is None else item.plan.outcome if item.feasible else Outcome.INFEASIBLE
    return {
        "scope": scope.name,
        "enterprise": scope.enterprise,
        "areas": ";".join(adcodes),
        "points": item.size[0] if item else 0,
        "sites": item.size[1] if item else 0,
        "outcome": str(outcome),
        "objective": value,
        "bound": bound,
        "gap": abs(value - bound) / max(1.0, abs(value)),
        "shortage": stages["shortage"].value if "shortage" in stages else 0.0,
        "seconds": float(plan.seconds.get("total", 0.0)) if plan else 0.0,
        "method": "; ".join(plan.notes) if plan else "nothing is short",
    }


def _value_and_bound(item: Planned, stages: Mapping[str, StageResult]) -> tuple[float, float]:
    """Return the cost of a scope's plan (and of moving, where that counts), and what is proven of it."""
    if "total" in stages:
        value = item.cost + item.moving
        return value, max(0.0, min(value, stages["total"].bound - item.left_out))
    return (stages["cost"].value, stages["cost"].bound) if "cost" in stages else (0.0, 0.0)


def conflict_row(scope: str, enterprise: str, conflict: Conflict) -> dict[str, object]:
    """Return the engine's conflict as a row; rows and covers are named RULE|CODE."""
    rule, _, code = conflict.name.partition("|")
    return {
        "scope": scope,
        "enterprise": enterprise,
        "adcode": code.partition("|")[0],
        "rule_id": rule,
        "cause": "rows",
        "required": conflict.required,
        "attainable": conflict.attainable,
        "shortage": conflict.shortage,
        "unit": conflict.unit,
        "template": conflict.template or conflict.sentence,
        "values": dict(conflict.values),
    }


def residual_conflicts(placement: Placement, findings: pd.DataFrame) -> pd.DataFrame:
    """Return the placement's conflicts with every duty that stays short after it, and why.

    Causes: `property` and `too_many` (opening other outlets doesn't mend them), `areas` (too few areas can
    hold the named rule), `limit`, `time`, `rows` (the scope was planned for the least shortage).
    """
    short = findings[findings["duty"].astype(bool) & findings["status"].eq("short")]
    outcome = {
        (str(enterprise), code): str(state)
        for enterprise, areas, state in zip(
            *(placement.scopes[name] for name in ("enterprise", "areas", "outcome")), strict=True
        )
        for code in str(areas).split(";")
    }
    rows = [
        {
            "scope": "",
            "enterprise": finding["enterprise"],
            "adcode": finding["adcode"],
            "rule_id": finding["rule_id"],
            "cause": _cause(finding, outcome, limited=placement.limited),
            "required": finding["required"],
            "attainable": finding["actual"],
            "shortage": finding["shortage"],
            "unit": finding["unit"],
            "template": sentence(finding).template,
            "values": sentence(finding).values,
        }
        for finding in ({str(k): v for k, v in row.items()} for row in short.to_dict("records"))
    ]
    residual = pd.DataFrame(rows, columns=CONFLICT_COLUMNS)
    said = pd.MultiIndex.from_frame(placement.conflicts[DUTY].astype(str))
    residual = residual[~pd.MultiIndex.from_frame(residual[DUTY].astype(str)).isin(said)]
    parts = [part for part in (placement.conflicts, residual) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else placement.conflicts


def _cause(finding: Mapping[str, object], outcome: Mapping[tuple[str, str], str], *, limited: bool) -> str:
    """Return why a finding stays short."""
    kind, enterprise = finding["kind"], str(finding["enterprise"])
    if kind == "attribute":
        return "property"
    if kind == "proportion" and float(str(finding["actual"])) > float(str(finding["required"])):
        return "too_many"
    if limited:
        return "limit"
    if outcome.get((enterprise, str(finding["adcode"]))) == str(Outcome.TIME_LIMIT):
        return "time"
    return "areas" if kind == "area_share" else "rows"
