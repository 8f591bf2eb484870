"""`area_share`: another rule holds in a share of the areas, which ones being free."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from geodata.messages import Message, say
from planner.network import EPSILON, Network
from planner.program import CoverRow, Program, Row
from planner.rules.base import (
    Requirement,
    Rule,
    Status,
    Supply,
    Unit,
    Verdict,
    findings_frame,
    status_of,
)
from planner.scenario import Frozen


class AreaShareParameters(Frozen):
    """The id of the rule, and the share of the areas where it has to hold."""

    rule: str
    share: Annotated[float, Field(gt=0, le=1)]
    within: Literal["nation", "province"] = "nation"


class AreaShare(Rule):
    """The named rule holds in at least `share` of the areas where it asks something.

    The named rule is checked everywhere, but is no duty of its own. The level is `within`.
    """

    kind: Literal["area_share"] = "area_share"
    parameters: AreaShareParameters

    @model_validator(mode="before")
    @classmethod
    def _level_is_within(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("parameters"), dict):
            return {**values, "level": values["parameters"].get("within", "nation")}
        return values

    @property
    def unit(self) -> Unit:
        """Areas in which the named rule holds."""
        return Unit.AREAS

    @property
    def binds_areas(self) -> bool:
        """Areas stay apart: the cheapest are chosen after each was planned both ways."""
        return False

    def statement(self) -> Message:
        """Say what the rule asks."""
        values = {"rule": self.parameters.rule, "share": self.parameters.share}
        if self.parameters.within == "province":
            return say("Rule {rule} holds in {share:.0%} of each province's areas", **values)
        return say("Rule {rule} holds in {share:.0%} of the areas", **values)

    def required_areas(self, number: int) -> int:
        """Return in how many of so many areas the named rule has to hold."""
        return int(np.ceil(self.parameters.share * number - EPSILON))

    def findings_of(self, network: Network, rules: Mapping[str, Rule]) -> pd.DataFrame:
        """Count the areas where the named rule holds, against the share of those where it is asked."""
        named = rules[self.parameters.rule].verdict(network)
        sums = network.levels[self.level].sums
        owed = named.asked.owed
        number = sums(owed.astype(float))
        met = sums((owed & (named.status == str(Status.MET))).astype(float))
        unknown = sums((owed & (named.status == str(Status.UNKNOWN))).astype(float))
        required = np.where(number > 0, np.ceil(self.parameters.share * number - EPSILON), 0.0)
        asked = Requirement(number > 0, required, np.ones(number.shape, dtype=bool))
        found = Supply(met, met + unknown)
        return findings_frame(self, network, Verdict(asked, found, status_of(asked, found)))

    def requirement(self, network: Network) -> Requirement:
        """Ask nothing by itself: see `findings_of`."""
        nothing = np.zeros((len(network.enterprises), len(network.levels[self.level])))
        return Requirement(nothing > 0, nothing, nothing == 0)

    def supply(self, network: Network) -> Supply:
        """Have nothing by itself: see `findings_of`."""
        nothing = np.zeros((len(network.enterprises), len(network.levels[self.level])))
        return Supply(nothing, nothing)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:  # noqa: ARG002
        """No rows: the areas are chosen by `planner.variants`."""
        return []
