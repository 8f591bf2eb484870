"""What all rule kinds share: the rule as data, and the table of findings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.messages import Message
from geodata.schemas import Role
from planner.network import EPSILON, Bools, Floats, KindAsked, Level, Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.scenario import Frozen

FINDING_COLUMNS = [
    "rule_id", "kind", "enterprise", "role", "level", "adcode", "area", "required", "actual", "shortage",
    "unit", "status", "assumed", "duty", "outlet_kind",
]  # fmt: skip


class Status(StrEnum):
    """How a requirement stands: `unknown` where a missing figure could change the answer."""

    MET = "met"
    SHORT = "short"
    UNKNOWN = "unknown"


class Unit(StrEnum):
    """What a requirement is counted in."""

    OUTLETS = "outlets"
    SHARE = "share"
    TONNES = "t_per_year"
    AREAS = "areas"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a rule asks of each party in each territory, as (P, T) arrays.

    `owed` says where it asks anything; `required` is the number, or the part of it that is known where
    `certain` is false.
    """

    owed: Bools
    required: Floats
    certain: Bools


@dataclass(frozen=True, slots=True)
class Supply:
    """What each party has in each territory, (P, T): what is known, and what it may be at most."""

    actual: Floats
    possible: Floats


@dataclass(frozen=True, slots=True)
class Verdict:
    """A requirement, what was found, and the status of each party and territory, (P, T)."""

    asked: Requirement
    found: Supply
    status: npt.NDArray[np.object_]


class Rule(Frozen, ABC):
    """A rule: data with its source, that checks a network and constrains the program.

    Attributes
    ----------
    id
        Unique in its rule set.
    role, level, outlet_kind
        Who owes it, over which territory it counts, which outlets count.
    source, source_zh
        Document and article; for an assumption, what the figure rests on. The second in Chinese, if at all.
    assumption
        Whether the number is ours and not the law's.
    """

    id: str
    role: Role
    level: Level = Level.AREA
    outlet_kind: KindAsked = KindAsked.ANY
    source: str
    source_zh: str = ""
    assumption: bool = False

    @property
    def unit(self) -> Unit:
        """What this rule's requirement is counted in."""
        return Unit.OUTLETS

    @property
    def binds_areas(self) -> bool:
        """Whether this rule ties several areas of an enterprise into one problem."""
        return self.level is not Level.AREA

    @property
    def binds_all(self) -> bool:
        """Whether it ties all areas of an enterprise together, whatever its level."""
        return False

    @abstractmethod
    def statement(self) -> Message:
        """Say in one sentence what the rule asks."""

    @abstractmethod
    def requirement(self, network: Network) -> Requirement:
        """Return what is asked of each party and territory."""

    @abstractmethod
    def supply(self, network: Network) -> Supply:
        """Return what each party has."""

    def verdict(self, network: Network) -> Verdict:
        """Return the requirement, what was found, and how they stand."""
        asked, found = self.requirement(network), self.supply(network)
        return Verdict(asked, found, status_of(asked, found))

    def findings(self, network: Network) -> pd.DataFrame:
        """Return the verdict as a table, one row for each party and territory that owes something."""
        return findings_frame(self, network, self.verdict(network))

    def to_plan(self, network: Network) -> Requirement:
        """Return the part of the requirement that the program is asked to meet."""
        return self.requirement(network)

    def admits(self, candidates: pd.DataFrame) -> Bools:
        """Return which candidates (kind and attributes, one row each) may be opened under this rule."""
        return np.ones(len(candidates), dtype=bool)

    @abstractmethod
    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """Return this rule as rows of the program of one scope; `asked` is `to_plan`, worked out once."""


def status_of(asked: Requirement, found: Supply) -> npt.NDArray[np.object_]:
    """Return met, short or unknown for each party and territory, (P, T).

    A lower bound that is already too much decides `short`; `met` needs everything to be known.
    """
    enough = found.actual >= asked.required - EPSILON
    too_little = found.possible < asked.required - EPSILON
    status = np.full(asked.owed.shape, str(Status.UNKNOWN), dtype=object)
    status[enough & asked.certain] = str(Status.MET)
    status[too_little] = str(Status.SHORT)
    return status


def findings_frame(rule: Rule, network: Network, verdict: Verdict) -> pd.DataFrame:
    """Return findings as a table: a row wherever the rule asks something of a party that it binds."""
    asked, found, status = verdict.asked, verdict.found, verdict.status
    party, place = np.nonzero(asked.owed & network.parties(rule.role)[:, None])
    territories = network.levels[rule.level]
    required, actual = asked.required[party, place], found.actual[party, place]
    state = status[party, place]
    lacking = np.maximum(required - actual, 0.0)
    return pd.DataFrame(
        {
            "rule_id": rule.id,
            "kind": kind_of(rule),
            "enterprise": network.enterprises[party],
            "role": str(rule.role),
            "level": str(rule.level),
            "adcode": territories.codes[place],
            "area": territories.names[place],
            "required": required,
            "actual": actual,
            "shortage": np.where(state == str(Status.MET), 0.0, lacking),
            "unit": str(rule.unit),
            "status": state,
            "assumed": rule.assumption,
            "duty": True,
            "outlet_kind": str(rule.outlet_kind),
        },
        columns=FINDING_COLUMNS,
    )


def kind_of(rule: Rule) -> str:
    """Return the rule's kind, as rule sets spell it."""
    return str(type(rule).model_fields["kind"].default)


def required_outlets(quantity: Floats, *, per: float, min_outlets: int) -> Floats:
    """Return max(min_outlets, ceil(quantity / per - 1e-9)), and 0 where there is no quantity.

    The one place that turns a quantity into a number of outlets, for check and program alike.
    """
    return np.where(quantity > 0, np.maximum(min_outlets, np.ceil(quantity / per - EPSILON)), 0.0)


def count_supply(network: Network, rule: Rule) -> Supply:
    """Return the number of outlets of the rule's kind; an outlet counts for the area it stands in."""
    counted = network.counts(rule.outlet_kind, rule.level)
    return Supply(counted, counted)


def measured(network: Network, name: Quantity, level: Level) -> tuple[Floats, Bools]:
    """Return a quantity (P, T), unknown parts as 0, and whether it is known in full."""
    by_area = np.nan_to_num(network.quantity[name], nan=0.0)
    return network.levels[level].sums(by_area), network.known(name, level)


def count_rows(rule: Rule, program: Program, asked: Requirement) -> list[Row | CoverRow]:
    """Return a row for each territory that owes outlets: at least so many of the kind stand there."""
    return [
        Row(
            name=row_name(rule, program.network, place),
            coefficient=program.standing_in(rule.outlet_kind, rule.level, place).astype(float),
            lower=float(asked.required[party, place]),
        )
        for party, place in program.owed(rule.role, rule.level, asked.owed & (asked.required > 0))
    ]


def row_name(rule: Rule, network: Network, place: int) -> str:
    """Return the name of a rule's row: the rule and the territory's code."""
    return f"{rule.id}|{network.levels[rule.level].codes[place]}"
