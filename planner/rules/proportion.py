"""`proportion`: outlets are spread over the areas as the sales are."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from geodata.messages import Message, say
from planner.network import Bools, Floats, Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.rules.base import (
    Requirement,
    Rule,
    Status,
    Supply,
    Verdict,
    count_supply,
    measured,
    row_name,
)
from planner.rules.ratio import quantity_name
from planner.scenario import Frozen

SLACK = 1e-6
"""How far a bound may be missed: its coefficients are fractions, and solvers hold rows to this."""


class ProportionParameters(Frozen):
    """Each territory's part of the outlets is its part of `quantity`, within the factor `tolerance`."""

    quantity: Quantity = Quantity.SALES
    tolerance: Annotated[float, Field(gt=1, allow_inf_nan=False)]


class Proportion(Rule):
    """N·s/τ - 1 <= n <= N·s·τ + 1, with s = q/Σq and N = Σn over the territories with q > 0.

    "Matching the sales volume", read literally and within one outlet.
    """

    kind: Literal["proportion"] = "proportion"
    parameters: ProportionParameters

    @property
    def binds_areas(self) -> bool:
        """Parts are parts of a whole."""
        return True

    @property
    def binds_all(self) -> bool:
        """All areas of the enterprise hang together."""
        return True

    def statement(self) -> Message:
        """Say what the rule asks."""
        return say(
            "Outlets in proportion to the {quantity}, within a factor of {tolerance:g} and one outlet",
            quantity=quantity_name(self.parameters.quantity),
            tolerance=self.parameters.tolerance,
        )

    def shares(self, network: Network) -> Floats:
        """Return each territory's share s of the party's quantity, (P, T)."""
        quantity, _ = measured(network, self.parameters.quantity, self.level)
        total = quantity.sum(axis=1, keepdims=True)
        return np.asarray(quantity / np.where(total > 0, total, 1.0), dtype=float)

    def bounds(self, network: Network) -> tuple[Floats, Floats]:
        """Return the least and the most outlets, (P, T) each, not rounded."""
        share = self.shares(network)
        whole = np.where(share > 0, network.counts(self.outlet_kind, self.level), 0.0).sum(axis=1)[:, None]
        tolerance = self.parameters.tolerance
        return whole * share / tolerance - 1.0, whole * share * tolerance + 1.0

    def requirement(self, network: Network) -> Requirement:
        """Ask for the least number of outlets wherever there is something to match."""
        quantity, known = measured(network, self.parameters.quantity, self.level)
        least = np.maximum(np.ceil(self.bounds(network)[0] - SLACK), 0.0)
        whole = np.broadcast_to(known.all(axis=1, keepdims=True), known.shape)
        return Requirement((quantity > 0) | ~known, least, whole)

    def supply(self, network: Network) -> Supply:
        """Count the outlets."""
        return count_supply(network, self)

    def verdict(self, network: Network) -> Verdict:
        """Hold the count between both bounds; too many outlets are short of nothing, but break the rule.

        Where there are too many, the number asked for is the upper bound.
        """
        asked, found = self.requirement(network), self.supply(network)
        low, high = self.bounds(network)
        broken = (found.actual < low - SLACK) | (found.actual > high + SLACK)
        broken &= self._measured(network)
        fine = np.where(asked.certain, str(Status.MET), str(Status.UNKNOWN))
        status = np.where(broken, str(Status.SHORT), fine).astype(object)
        over = broken & (found.actual > high + SLACK)
        required = np.where(over, np.floor(high + SLACK), asked.required)
        return Verdict(Requirement(asked.owed, required, asked.certain), found, status)

    def to_plan(self, network: Network) -> Requirement:
        """Ask it of parties whose parts can be told; a missing population leaves all parts open."""
        asked = self.requirement(network)
        return Requirement(asked.owed & self._measured(network), asked.required, asked.certain)

    def _measured(self, network: Network) -> Bools:
        """Return for which parties (P, T) every part is measured; a late history measures a part of each."""
        _, known = measured(network, self.parameters.quantity, self.level)
        told = known.all(axis=1, keepdims=True) | (self.parameters.quantity is not Quantity.POPULATION)
        return np.broadcast_to(told, known.shape)

    def too_many(self, network: Network) -> Bools:
        """Return where (P, T) the outlets that stand are too many: opening others can't mend that."""
        return np.asarray(network.counts(self.outlet_kind, self.level) > self.bounds(network)[1] + SLACK)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """N - N·s/τ >= -1 and n - N·s·τ <= 1; the upper side isn't written where it is broken already."""
        network, tolerance = program.network, self.parameters.tolerance
        share, too_many = self.shares(network), self.too_many(network)
        rows: list[Row | CoverRow] = []
        for party, place in program.owed(self.role, self.level, asked.owed):
            here = program.standing_in(self.outlet_kind, self.level, place).astype(float)
            whole = self._whole(program, share[party] > 0)
            part, name = share[party, place], row_name(self, network, place)
            rows.append(Row(f"{name}|least", here - whole * part / tolerance, -1.0))
            if not too_many[party, place]:
                rows.append(Row(f"{name}|most", here - whole * part * tolerance, -np.inf, 1.0))
        return rows

    def _whole(self, program: Program, counted: Bools) -> Floats:
        area = program.columns.area
        place = np.where(area >= 0, program.network.levels[self.level].of_area[area], -1)
        inside = (place >= 0) & counted[place]
        return np.asarray(program.of_kind(self.outlet_kind) & inside, dtype=float)
