"""`ratio`: one outlet for every so many vehicles, tonnes or people."""

from typing import Annotated, Literal

from pydantic import Field

from geodata.messages import Message, say
from planner.network import Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.rules.base import (
    Requirement,
    Rule,
    Supply,
    count_rows,
    count_supply,
    measured,
    required_outlets,
)
from planner.scenario import Frozen, Positive


class RatioParameters(Frozen):
    """One outlet per `per` of `quantity`, and at least `min_outlets`."""

    quantity: Quantity
    per: Positive
    min_outlets: Annotated[int, Field(ge=0)] = 1


class Ratio(Rule):
    """n >= max(min_outlets, ceil(q / per)) where q > 0."""

    kind: Literal["ratio"] = "ratio"
    parameters: RatioParameters

    def statement(self) -> Message:
        """Say what the rule asks."""
        return say(
            "One outlet for every {per:,.0f} of {quantity}, and at least {number}",
            per=self.parameters.per,
            quantity=quantity_name(self.parameters.quantity),
            number=self.parameters.min_outlets,
        )

    def requirement(self, network: Network) -> Requirement:
        """Ask for the number that the quantity calls for."""
        quantity, known = measured(network, self.parameters.quantity, self.level)
        least, per = self.parameters.min_outlets, self.parameters.per
        return Requirement(
            (quantity > 0) | ~known, required_outlets(quantity, per=per, min_outlets=least), known
        )

    def supply(self, network: Network) -> Supply:
        """Count the outlets."""
        return count_supply(network, self)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """Σy >= the required number."""
        return count_rows(self, program, asked)


def quantity_name(quantity: Quantity) -> Message:
    """Return a quantity's name for people."""
    return {
        Quantity.SALES: say("units sold in the year"),
        Quantity.STOCK: say("units in use at the end of the year"),
        Quantity.RETIRED_T: say("tonnes of batteries retired in the year"),
        Quantity.POPULATION: say("inhabitants"),
    }[quantity]
