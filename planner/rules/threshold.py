"""`threshold`: outlets are owed only where a quantity is large enough."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from geodata.messages import Message, say
from planner.network import EPSILON, Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.rules.base import Requirement, Rule, Supply, count_rows, count_supply, measured
from planner.rules.ratio import quantity_name
from planner.scenario import Frozen, Positive


class ThresholdParameters(Frozen):
    """At least `min_outlets` where `quantity` reaches `at_least`."""

    quantity: Quantity
    at_least: Positive
    min_outlets: Annotated[int, Field(ge=1)] = 1


class Threshold(Rule):
    """q >= at_least asks for n >= min_outlets; below it nothing is asked.

    Where the quantity isn't known in full and its known part stays below, whether the threshold is reached
    can't be said: the finding is `unknown`.
    """

    kind: Literal["threshold"] = "threshold"
    parameters: ThresholdParameters

    def statement(self) -> Message:
        """Say what the rule asks."""
        return say(
            "Outlets where there are {at_least:,.0f} {quantity} or more: at least {number}",
            number=self.parameters.min_outlets,
            at_least=self.parameters.at_least,
            quantity=quantity_name(self.parameters.quantity),
        )

    def requirement(self, network: Network) -> Requirement:
        """Ask for the minimum where the threshold is reached."""
        quantity, known = measured(network, self.parameters.quantity, self.level)
        reached = quantity >= self.parameters.at_least - EPSILON
        required = np.where(reached, float(self.parameters.min_outlets), 0.0)
        return Requirement(reached | ~known, required, known)

    def supply(self, network: Network) -> Supply:
        """Count the outlets."""
        return count_supply(network, self)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """Σy >= min_outlets."""
        return count_rows(self, program, asked)
