"""What has to be moved in a year, who takes it in, and where it goes from there."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.schemas import OutletKind, Tables
from planner.measure import nearest_km
from planner.network import Bools, Floats, Ints, KindAsked, Network, Quantity
from planner.quantities import history_known, retired_by_area
from planner.rules.base import Rule
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Places:
    """Places with an id: longitude and latitude, (D, 2)."""

    ids: Names
    lonlat: Floats

    def and_also(self, others: "Places") -> "Places":
        """Return these and others."""
        ids = np.concatenate([self.ids, others.ids])
        return Places(ids, np.concatenate([self.lonlat, others.lonlat]))


@dataclass(frozen=True)
class Moves:
    """What is to be moved in the study's year, at what price.

    Attributes
    ----------
    enterprises
        Names (E,), sorted.
    tonnes, vehicles
        What retires by enterprise and area (E, A): tonnes, and vehicles (packs of battery makers).
    takes_in
        The kind of outlet (E,) that takes batteries in.
    across
        Whether outlets (E,) take in beyond the area they stand in: where a reach rule serves across borders.
    recyclers
        Where all enterprises' batteries may go.
    planned
        Storage outlets that a plan opens, by enterprise.
    known
        Whether the sales reach back far enough to know all that retires.
    per_tonne_km, per_vehicle_km
        The price of a tonne from an outlet on, and of a vehicle to its outlet, each per km.
    cheapest
        Batteries go where moving costs least, as the objective `total` has it; else to the nearest outlet.
    """

    enterprises: Names
    tonnes: Floats
    vehicles: Floats
    takes_in: tuple[KindAsked, ...]
    across: Bools
    recyclers: Places
    planned: dict[str, Places]
    known: bool
    per_tonne_km: float
    per_vehicle_km: float
    cheapest: bool

    @cached_property
    def number(self) -> dict[str, int]:
        """The number of each enterprise."""
        return {str(name): at for at, name in enumerate(self.enterprises)}

    def destinations(self, network: Network, enterprise: str) -> Places:
        """Return the recyclers and the enterprise's located storage outlets, also those that are planned."""
        storage = network.outlet_kind == str(OutletKind.STORAGE)
        at = np.flatnonzero(owned(network, enterprise) & storage & located(network.outlet_lonlat))
        ids = network.outlets["outlet_id"].to_numpy(dtype=object)
        found = Places(ids[at], network.outlet_lonlat[at]).and_also(self.recyclers)
        return found.and_also(self.planned[enterprise]) if enterprise in self.planned else found


def moves_of(tables: Tables, network: Network, rules: RuleSet, scenario: Scenario) -> Moves:
    """Return what is to be moved in the study's year.

    An enterprise that is maker and battery maker moves what it owes in both roles.
    """
    names, party = np.unique(network.enterprises.astype(str), return_inverse=True)
    roles = [set(network.roles[party == number]) for number in range(len(names))]
    bound = [[rule for rule in rules.rules if str(rule.role) in own] for own in roles]
    tonnes = np.zeros((len(names), len(network.adcodes)))
    np.add.at(tonnes, party, np.nan_to_num(network.quantity[Quantity.RETIRED_T]))
    return Moves(
        enterprises=names.astype(object),
        tonnes=tonnes,
        vehicles=_vehicles(tables, network, names, scenario),
        takes_in=tuple(taking_in(own) for own in bound),
        across=np.array([_across(own) for own in bound], dtype=bool),
        recyclers=_recyclers(tables.recyclers),
        planned={},
        known=history_known(tables.sales, scenario, scenario.year),
        per_tonne_km=scenario.haulage.per_tonne_km,
        per_vehicle_km=scenario.haulage.per_vehicle_km,
        cheapest=scenario.objective == "total",
    )


def taking_in(rules: Iterable[Rule]) -> KindAsked:
    """Return the kind of outlet that takes batteries in: collection where a rule names it, else any."""
    named = any(rule.outlet_kind is KindAsked.COLLECTION for rule in rules)
    return KindAsked.COLLECTION if named else KindAsked.ANY


def onward(network: Network, lonlat: Floats, storage: Bools, where: Places) -> tuple[Ints, Floats]:
    """Return each outlet's nearest destination (O,), -1 without any, and the km (O,) to it; NaN if not known.

    From a storage outlet nothing is moved on: 0 km, and no destination.
    """
    at, km = np.full(len(lonlat), -1), np.full(len(lonlat), np.nan)
    moved = np.flatnonzero(~storage & located(lonlat))
    if len(moved) and len(where.ids):
        at[moved], km[moved] = nearest_km(network.measure, lonlat[moved], where.lonlat)
    return at, np.where(storage, 0.0, km)


def owned(network: Network, enterprise: str) -> Bools:
    """Return which outlets (O,) list an enterprise."""
    party = int(np.flatnonzero(network.enterprises == enterprise)[0])
    return np.asarray(network.listed[:, [party]].toarray().ravel() > 0)


def located(lonlat: Floats) -> Bools:
    """Return which places have coordinates."""
    return np.asarray(np.isfinite(lonlat).all(axis=1))


def _recyclers(table: pd.DataFrame | None) -> Places:
    if table is None:
        return Places(np.empty(0, dtype=object), np.empty((0, 2)))
    return Places(table["recycler_id"].to_numpy(dtype=object), table[["lon", "lat"]].to_numpy(dtype=float))


def _vehicles(tables: Tables, network: Network, names: Names, scenario: Scenario) -> Floats:
    """Return the vehicles that retire by enterprise and area (E, A), none where no rule binds."""
    units = retired_by_area(tables.sales, tables.areas, tables.demand, scenario, scenario.year)
    area = pd.Series(np.arange(len(network.adcodes)), index=network.adcodes)
    found = np.zeros((len(names), len(area)))
    at = np.searchsorted(names, units["enterprise"].to_numpy(dtype=str)), area.loc[units["adcode"]].to_numpy()
    np.add.at(found, at, np.nan_to_num(units["units"].to_numpy(dtype=float)))
    return np.where(network.bound, found, 0.0)


def _across(rules: Iterable[Rule]) -> bool:
    return any(isinstance(rule, ReachShare) and rule.parameters.across_borders for rule in rules)
