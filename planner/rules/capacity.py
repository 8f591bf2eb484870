"""`capacity`: what outlets can pass on in a year must hold what comes back in it."""

from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from geodata.messages import Message, say
from geodata.schemas import OutletKind
from planner.division import served_by_division
from planner.network import EPSILON, Bools, Floats, KindAsked, Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.rules.base import (
    Requirement,
    Rule,
    Status,
    Supply,
    Unit,
    Verdict,
    measured,
    row_name,
    status_of,
)
from planner.rules.ratio import quantity_name
from planner.scenario import Frozen


class CapacityParameters(Frozen):
    """Stock capacity times pick-ups must reach `quantity`, or an outlet of a `relieved_by` kind stands."""

    quantity: Quantity = Quantity.RETIRED_T
    relieved_by: tuple[OutletKind, ...] = ()


class Capacity(Rule):
    """Σ stock_cap_t·pickups_per_year >= q, or an outlet of a relieving kind.

    A shared outlet is divided by the enterprises' retired tonnes in its area (assumed). Before anybody is
    called short for it, every division is tried at once, as a flow.
    """

    kind: Literal["capacity"] = "capacity"
    parameters: CapacityParameters = CapacityParameters()

    @property
    def unit(self) -> Unit:
        """Tonnes a year."""
        return Unit.TONNES

    def statement(self) -> Message:
        """Say what the rule asks."""
        asked = quantity_name(self.parameters.quantity)
        if self.parameters.relieved_by:
            return say("Capacity for the {quantity}, or a storage outlet instead", quantity=asked)
        return say("Capacity for the {quantity}", quantity=asked)

    def requirement(self, network: Network) -> Requirement:
        """Ask for the quantity that comes in a year."""
        quantity, known = measured(network, self.parameters.quantity, self.level)
        return Requirement((quantity > 0) | ~known, quantity, known)

    def supply(self, network: Network) -> Supply:
        """Add up each party's part of its outlets' capacity; a blank capacity may be anything."""
        annual, counted = annual_t(network.outlets), network.of_kind(self.outlet_kind)
        part = capacity_parts(network)
        known = np.where(counted, np.nan_to_num(annual), 0.0)
        blank = network.per_area((counted & np.isnan(annual)).astype(float))
        territories = network.levels[self.level]
        actual = territories.sums(_by_area(network, part, known))
        return Supply(actual, np.where(territories.sums(blank) > 0, np.inf, actual))

    def relieved(self, network: Network) -> Bools:
        """Return where (P, T) an outlet of a relieving kind stands."""
        counts = [network.counts(KindAsked(kind), self.level) for kind in self.parameters.relieved_by]
        return np.asarray(
            sum(counts, np.zeros((len(network.enterprises), len(network.levels[self.level])))) > 0
        )

    def verdict(self, network: Network) -> Verdict:
        """Hold the capacity against what comes; relief and a fair division both count as met."""
        asked, found = self.requirement(network), self.supply(network)
        status, relieved = status_of(asked, found), self.relieved(network)
        bound = network.parties(self.role)[:, None]
        status[relieved] = str(Status.MET)
        short = (status == str(Status.SHORT)) & asked.owed & bound
        if short.any():
            needs = np.where(bound & ~relieved, asked.required, 0.0)
            counted = network.of_kind(self.outlet_kind)
            annual = np.where(counted, np.nan_to_num(annual_t(network.outlets)), 0.0)
            served = served_by_division(network, self.level, annual, needs, short)
            status[served] = np.where(asked.certain[served], str(Status.MET), str(Status.UNKNOWN))
            found = Supply(np.where(served, asked.required, found.actual), found.possible)
        return Verdict(asked, found, status)

    def to_plan(self, network: Network) -> Requirement:
        """Return what the program must ask for: not what some division of shared outlets serves already."""
        verdict = self.verdict(network)
        asked, below = verdict.asked, verdict.found.actual < verdict.asked.required - EPSILON
        owed = asked.owed & below & (verdict.status != str(Status.MET))
        return Requirement(owed, asked.required, asked.certain)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """Σ capacity·y + q·Σ relieving y >= q, a row in tonnes a year."""
        rows: list[Row | CoverRow] = []
        for party, place in program.owed(self.role, self.level, asked.owed & (asked.required > 0)):
            tonnes = float(asked.required[party, place])
            inside = program.standing_in(self.outlet_kind, self.level, place)
            coefficient = np.where(inside, program.columns.annual_t, 0.0)
            for kind in self.parameters.relieved_by:
                relieves = program.standing_in(KindAsked(kind), self.level, place)
                coefficient = np.where(relieves, np.maximum(coefficient, tonnes), coefficient)
            rows.append(Row(row_name(self, program.network, place), coefficient, tonnes))
        return rows


def annual_t(outlets: pd.DataFrame) -> Floats:
    """Return what each outlet passes on in a year, in tonnes: stock capacity times pick-ups; NaN if blank."""
    return np.asarray(outlets["stock_cap_t"] * outlets["pickups_per_year"], dtype=float)


def capacity_parts(network: Network) -> sparse.csr_array:
    """Return each party's part (O, P) of each outlet's capacity: by retired tonnes in the outlet's area.

    The parts of the enterprises that an outlet lists sum to 1; they are equal where nobody retires anything
    there. Both roles of one enterprise hold the enterprise's part.
    """
    listed = network.listed.tocoo()
    same = network.enterprises[:, None] == network.enterprises[None, :]
    tonnes = np.asarray(same.astype(float) @ network.quantity[Quantity.RETIRED_T])
    area = network.outlet_area[listed.row]
    weight = np.where(area >= 0, tonnes[listed.col, area], 0.0)
    once = weight / same.sum(axis=1)[listed.col]
    total = np.bincount(listed.row, weights=once, minlength=listed.shape[0])[listed.row]
    equal = 1.0 / network.sharers[listed.row]
    part = np.where(total > 0, weight / np.where(total > 0, total, 1.0), equal)
    return sparse.csr_array((part, (listed.row, listed.col)), shape=listed.shape)


def _by_area(network: Network, part: sparse.csr_array, value: Floats) -> Floats:
    standing = np.flatnonzero(network.outlet_area >= 0)
    place = sparse.csr_array(
        (value[standing], (network.outlet_area[standing], standing)),
        shape=(len(network.adcodes), len(value)),
    )
    return np.asarray((place @ part).toarray(), dtype=float).T
