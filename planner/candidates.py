"""Where outlets could open: sites and kinds of outlets, and outlets of others that could be joined."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.messages import Note, NoteKind, say
from geodata.schemas import OutletKind, Tables
from planner.network import Bools, Floats, Ints, Network
from planner.rules.attribute import Attribute
from planner.rules.base import Rule, Unit
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario

ATTRIBUTES = ["area_m2", "stock_cap_t", "pickups_per_year"]


@dataclass(frozen=True)
class Candidates:
    """Candidates as a table and as arrays (C,), sorted by area and site.

    `table` has site_id, name, adcode, lon, lat, kind, opening_cost, area_m2, stock_cap_t, pickups_per_year,
    action and the user's own columns. `units` is NaN where the site holds as many as any rule asks. `site`
    numbers the sites: candidates with the same number share its units. `outlet` is the position of an outlet
    that would be joined, -1 for a new one. `given` says whether the sites are the user's.
    """

    table: pd.DataFrame
    kind: npt.NDArray[np.object_]
    area: Ints
    lonlat: Floats
    annual_t: Floats
    cost: Floats
    units: Floats
    site: Ints
    outlet: Ints
    given: bool

    def within(self, areas: Ints) -> Ints:
        """Return the positions of the candidates that stand in these areas, sorted."""
        starts = np.searchsorted(self.area, areas, side="left")
        ends = np.searchsorted(self.area, areas, side="right")
        spans = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
        return np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)


def candidates_of(tables: Tables, network: Network, rules: RuleSet, scenario: Scenario) -> Candidates:
    """Return every candidate: each site with each kind it may hold, and outlets to join where allowed."""
    parts = [_site_candidates(tables, scenario)]
    if scenario.allow_joining:
        parts.append(_joinable(network, rules, scenario))
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    position = pd.Series(np.arange(len(network.adcodes)), index=network.adcodes)
    area = table["adcode"].map(position).fillna(-1).to_numpy(dtype=np.int64)
    table = table.assign(_area=area).sort_values(["_area", "site_id", "action", "kind"], kind="stable")
    table = table[table["_area"] >= 0].reset_index(drop=True)
    return Candidates(
        table=table.drop(columns=["_area", "_outlet", "max_units"]),
        kind=table["kind"].to_numpy(dtype=object),
        area=table["_area"].to_numpy(dtype=np.int64),
        lonlat=table[["lon", "lat"]].to_numpy(dtype=float),
        annual_t=(table["stock_cap_t"] * table["pickups_per_year"]).to_numpy(dtype=float),
        cost=table["opening_cost"].to_numpy(dtype=float),
        units=table["max_units"].to_numpy(dtype=float),
        site=(table["action"] + "|" + table["site_id"]).factorize()[0].astype(np.int64),
        outlet=table["_outlet"].to_numpy(dtype=np.int64),
        given=tables.sites is not None,
    )


def admitted(candidates: Candidates, rules: Iterable[Rule], chosen: Ints) -> Bools:
    """Return which of the `chosen` candidates no rule forbids."""
    forbidding = [rule for rule in rules if isinstance(rule, Attribute)]
    allowed = np.ones(len(chosen), dtype=bool)
    if forbidding:
        table = candidates.table.iloc[chosen]
        for rule in forbidding:
            allowed &= rule.admits(table)
    return allowed


def site_notes(tables: Tables, rules: RuleSet, scenario: Scenario) -> list[Note]:
    """Say what is assumed of the sites."""
    new = scenario.new_outlet.collection
    notes = [
        Note(
            NoteKind.ASSUMPTION,
            say(
                "New collection outlets are taken to have {area:g} m², {stock:g} t and {pickups:g} pick-ups "
                "a year, and to cost {cost:g}; storage outlets {storage_stock:g} t, {storage_pickups:g} "
                "pick-ups and {storage_cost:g}, where the site does not say (assumed).",
                area=new.area_m2 or 0,
                stock=new.stock_cap_t,
                pickups=new.pickups_per_year,
                cost=new.opening_cost,
                storage_stock=scenario.new_outlet.storage.stock_cap_t,
                storage_pickups=scenario.new_outlet.storage.pickups_per_year,
                storage_cost=scenario.new_outlet.storage.opening_cost,
            ),
        )
    ]
    if tables.sites is None:
        text = say("No sites were given: outlets may open at every demand point (assumed).")
        notes.append(Note(NoteKind.ASSUMPTION, text))
    if scenario.allow_joining and counts_capacity(rules):
        text = say(
            "No outlet of another enterprise is offered for joining: a rule counts capacity, and joining "
            "would thin the parts of those that the outlet serves already."
        )
        notes.append(Note(NoteKind.PROGRAM, text))
    return notes


def _site_candidates(tables: Tables, scenario: Scenario) -> pd.DataFrame:
    sites = default_sites(tables) if tables.sites is None else pd.DataFrame(tables.sites)
    sites = sites.drop(columns=["geometry"], errors="ignore")
    kinds = []
    for kind in OutletKind:
        holds = sites[sites["kind"].isin(["", str(kind)])]
        new = getattr(scenario.new_outlet, str(kind))
        blanks = {name: getattr(new, name) for name in [*ATTRIBUTES, "opening_cost"]}
        filled = {
            name: holds[name].astype(float).fillna(np.nan if value is None else value)
            for name, value in blanks.items()
        }
        kinds.append(holds.assign(kind=str(kind), action="open", _outlet=-1, **filled))
    table = pd.concat(kinds, ignore_index=True)
    units = table["max_units"].astype(float)
    return table.assign(max_units=units if tables.sites is None else units.fillna(1.0))


def default_sites(tables: Tables) -> pd.DataFrame:
    """Return the demand points as sites that can hold either kind."""
    demand = tables.demand
    blank = dict.fromkeys([*ATTRIBUTES, "opening_cost", "max_units"], np.nan)
    names = tables.areas.set_index("adcode")["name"]
    return pd.DataFrame(
        {
            "site_id": demand["point_id"],
            "name": demand["adcode"].map(names),
            "adcode": demand["adcode"],
            "lon": demand["lon"],
            "lat": demand["lat"],
            "kind": "",
        }
    ).assign(**blank)


def counts_capacity(rules: RuleSet) -> bool:
    """Return whether a rule counts capacity: then outlets of others can't be joined."""
    return any(rule.unit is Unit.TONNES for rule in rules.rules)


def _joinable(network: Network, rules: RuleSet, scenario: Scenario) -> pd.DataFrame:
    """Return the located outlets as candidates to join.

    Where a rule counts capacity, none is offered: another enterprise in it would thin the parts of those it
    serves already, and a plan must not make them short.
    """
    outlets = network.outlets
    located = np.flatnonzero(np.isfinite(network.outlet_lonlat).all(axis=1) & (not counts_capacity(rules)))
    table = pd.DataFrame(outlets.iloc[located]).drop(columns=["geometry"], errors="ignore")
    cost = {str(kind): getattr(scenario.new_outlet, str(kind)).opening_cost for kind in OutletKind}
    return table.assign(
        site_id=table["outlet_id"],
        opening_cost=table["kind"].map(cost).astype(float) * scenario.join_cost,
        max_units=1.0,
        action="join",
        _outlet=located,
    )
