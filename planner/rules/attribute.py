"""`attribute`: every outlet of a kind has a property: enough floor, not too much stock."""

from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from geodata.messages import Message, say
from planner.network import EPSILON, Bools, KindAsked, Network
from planner.program import CoverRow, Program, Row
from planner.rules.base import Requirement, Rule, Supply
from planner.scenario import Frozen

Bound = Annotated[float, Field(allow_inf_nan=False)]


class AttributeParameters(Frozen):
    """The column of the outlets table, and its least or greatest value (or both)."""

    column: str
    at_least: Bound | None = None
    at_most: Bound | None = None

    @model_validator(mode="after")
    def _bounds_leave_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is above at_most, so no outlet can have it")
        return self


class Attribute(Rule):
    """Every outlet of the kind has `column` between `at_least` and `at_most`.

    It is asked where the enterprise has such outlets. Opening others can't mend an outlet that fails.
    """

    kind: Literal["attribute"] = "attribute"
    parameters: AttributeParameters

    def statement(self) -> Message:
        """Say what the rule asks."""
        asked = self.parameters
        values = {"column": asked.column, "low": asked.at_least, "high": asked.at_most}
        if asked.at_most is None:
            return say("Every outlet has {column} of at least {low:g}", **values)
        if asked.at_least is None:
            return say("Every outlet has {column} of at most {high:g}", **values)
        return say("Every outlet has {column} between {low:g} and {high:g}", **values)

    def holds(self, table: pd.DataFrame) -> tuple[Bools, Bools]:
        """Return which rows have the property, and which don't say."""
        value = _numbers(table, self.parameters.column)
        low = -np.inf if self.parameters.at_least is None else self.parameters.at_least
        high = np.inf if self.parameters.at_most is None else self.parameters.at_most
        blank = np.isnan(value)
        with np.errstate(invalid="ignore"):
            inside = (value >= low - EPSILON) & (value <= high + EPSILON)
        return inside & ~blank, blank

    def requirement(self, network: Network) -> Requirement:
        """Ask it of all outlets of the kind."""
        number = network.counts(self.outlet_kind, self.level)
        return Requirement(number > 0, number, np.ones(number.shape, dtype=bool))

    def supply(self, network: Network) -> Supply:
        """Count those that have it, and those that may."""
        counted = network.of_kind(self.outlet_kind)
        holds, blank = self.holds(network.outlets)
        sums = network.levels[self.level].sums
        actual = sums(network.per_area((counted & holds).astype(float)))
        return Supply(actual, actual + sums(network.per_area((counted & blank).astype(float))))

    def admits(self, candidates: pd.DataFrame) -> Bools:
        """Keep candidates of other kinds, and those that have the property."""
        asked = self.outlet_kind is KindAsked.ANY
        concerned = np.full(len(candidates), True) if asked else candidates["kind"].eq(str(self.outlet_kind))
        return np.asarray(~concerned | self.holds(candidates)[0], dtype=bool)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:  # noqa: ARG002
        """No rows: the rule chooses which sites are offered."""
        return []


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    if column not in table.columns:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
