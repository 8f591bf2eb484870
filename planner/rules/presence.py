"""`presence`: at least so many outlets wherever the enterprise sells (or in every area)."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from geodata.messages import Message, say
from planner.network import Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.rules.base import Requirement, Rule, Supply, count_rows, count_supply, measured
from planner.rules.ratio import quantity_name
from planner.scenario import Frozen


class PresenceParameters(Frozen):
    """At least `min_outlets` where `quantity` is above zero; `none` asks it of every area."""

    min_outlets: Annotated[int, Field(ge=1)] = 1
    quantity: Quantity | Literal["none"] = Quantity.SALES


class Presence(Rule):
    """n >= min_outlets where q > 0."""

    kind: Literal["presence"] = "presence"
    parameters: PresenceParameters = PresenceParameters()

    def statement(self) -> Message:
        """Say what the rule asks."""
        number, quantity = self.parameters.min_outlets, self.parameters.quantity
        if quantity == "none":
            return say("Outlets in every territory: at least {number}", number=number)
        if quantity is Quantity.SALES:
            return say("Outlets wherever it sells: at least {number}", number=number)
        return say(
            "Outlets wherever there are {quantity}: at least {number}",
            quantity=quantity_name(quantity),
            number=number,
        )

    def requirement(self, network: Network) -> Requirement:
        """Ask for the minimum wherever the quantity is above zero."""
        least = self.parameters.min_outlets
        if self.parameters.quantity == "none":
            bound = network.levels[self.level].sums(network.bound.astype(float)) > 0
            owed = np.broadcast_to(bound, (len(network.enterprises), len(bound)))
            return Requirement(owed, np.where(owed, float(least), 0.0), np.ones_like(owed))
        quantity, known = measured(network, self.parameters.quantity, self.level)
        return Requirement((quantity > 0) | ~known, np.where(quantity > 0, float(least), 0.0), known)

    def supply(self, network: Network) -> Supply:
        """Count the outlets."""
        return count_supply(network, self)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """Σy >= min_outlets."""
        return count_rows(self, program, asked)
