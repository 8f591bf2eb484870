"""The part of a study that one enterprise's findings in one area depend on: small, so that trying is fast."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from geodata.schemas import Role, Tables
from planner.candidates import counts_capacity
from planner.check import findings_of
from planner.network import Level, Network, names_in, network_of, used_by
from planner.rules.base import Rule
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario


@dataclass(frozen=True)
class Ground:
    """The tables of an enterprise in the areas that its rules tie to one area.

    Attributes
    ----------
    tables
        Of these areas, the enterprise, and whoever shares outlets with it where a rule counts capacity;
        outlets without geometry.
    enterprise, adcode
        Who tries sites, and where.
    enterprises
        The enterprise and those whose figures its findings depend on.
    """

    tables: Tables
    rules: RuleSet
    scenario: Scenario
    enterprise: str
    adcode: str
    enterprises: frozenset[str]

    @cached_property
    def network(self) -> Network:
        """The network as it is."""
        return network_of(self.tables, self.scenario, territory=self.rules.territory)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """The enterprise's findings as the network is."""
        return self.findings_with(self.network)

    @cached_property
    def before(self) -> pd.DataFrame:
        """The findings of the area, its province and the nation, as the network is."""
        return self.own(self.findings)

    def findings_with(self, network: Network) -> pd.DataFrame:
        """Return the enterprise's findings of this network, in the order of the rules."""
        findings = findings_of(network, self.rules)
        return findings[findings["enterprise"] == self.enterprise].reset_index(drop=True)

    def own(self, findings: pd.DataFrame) -> pd.DataFrame:
        """Return the findings of the area, of its province and of the nation."""
        at = int(np.argmax(self.network.adcodes == self.adcode))
        levels = self.network.levels.items()
        codes = {str(level): places.codes[places.of_area[at]] for level, places in levels}
        return findings[findings["adcode"] == findings["level"].map(codes)].reset_index(drop=True)


def ground_of(
    tables: Tables,
    rules: RuleSet,
    scenario: Scenario,
    *,
    enterprise: str,
    adcode: str,
    also: Iterable[str] = (),
) -> Ground:
    """Return what the findings of an enterprise in an area depend on.

    Parameters
    ----------
    also
        Enterprises that will share new outlets with it.
    """
    involved = _sharing(tables.outlets["enterprises"], {enterprise}) if counts_capacity(rules) else set()
    involved |= {enterprise, *also}
    codes = tied_areas(tables, rules, enterprise=enterprise, adcode=adcode, sharing=involved)
    areas = tables.areas[tables.areas["adcode"].isin(codes)].reset_index(drop=True)
    whole = len(areas) == len(tables.areas)
    outlets = pd.DataFrame(tables.outlets.drop(columns="geometry"))
    kept = used_by(outlets["enterprises"], involved)
    kept &= whole | outlets["adcode"].isin(codes)
    return Ground(
        tables=replace(
            tables,
            areas=areas,
            sales=_sales(tables, involved, areas, scenario.year),
            outlets=outlets[kept].reset_index(drop=True),
            demand=tables.demand[tables.demand["adcode"].isin(codes)].reset_index(drop=True),
            sites=None if tables.sites is None else tables.sites[tables.sites["adcode"].isin(codes)],
        ),
        rules=rules,
        scenario=scenario,
        enterprise=enterprise,
        adcode=adcode,
        enterprises=frozenset(involved),
    )


def tied_areas(
    tables: Tables, rules: RuleSet, *, enterprise: str, adcode: str, sharing: Iterable[str] = ()
) -> set[str]:
    """Return the codes of the areas that the enterprise's rules look at together with this one.

    What a battery maker states for a province is spread over all its areas, so these belong together where it
    or one of those `sharing` outlets with it is one.
    """
    role_of, owner = tables.sales["role"].astype(str), tables.sales["enterprise"]
    roles = set(role_of[owner == enterprise])
    spread = str(Role.BATTERY_MAKER) in set(role_of[owner.isin({enterprise, *sharing})])
    bound = [rule for rule in rules.rules if str(rule.role) in roles]
    areas = tables.areas
    if any(_binds_nation(rule) for rule in bound):
        return set(areas["adcode"])
    if spread or any(rule.level is Level.PROVINCE for rule in bound):
        province = areas.loc[areas["adcode"] == adcode, "province_adcode"]
        return set(areas.loc[areas["province_adcode"].isin(province), "adcode"])
    return {adcode}


def _binds_nation(rule: Rule) -> bool:
    return rule.level is Level.NATION or rule.binds_all


def _sharing(enterprises: pd.Series, names: set[str]) -> set[str]:
    """Return the names, and all who share an outlet with them, and so on."""
    parts = names_in(enterprises)
    found, last = set(names), 0
    while len(found) > last:
        last = len(found)
        found |= set(parts[parts.index.isin(parts.index[parts.isin(found)])])
    return found - {""}


def _sales(tables: Tables, names: set[str], areas: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the sales of some enterprises in some areas.

    Rows of nothing keep what the whole table says: that an enterprise is there, though it sells elsewhere
    only, and how far back the table goes.
    """
    own = tables.sales[tables.sales["enterprise"].isin(names)]
    here = own["adcode"].isin(areas["adcode"]) | own["adcode"].isin(areas["province_adcode"])
    rows, first = own[here], tables.sales["year"].min()
    nothing = {"year": first, "vehicles": 0.0, "batteries": 0.0, "stock": np.nan, "pack_kg": np.nan}
    party = ["enterprise", "role"]
    absent = own[own["year"] <= year].drop_duplicates(party)
    present = pd.MultiIndex.from_frame(rows.loc[rows["year"] <= year, party].astype(str))
    absent = absent[~pd.MultiIndex.from_frame(absent[party].astype(str)).isin(present)]
    added = [absent.assign(adcode=areas["adcode"].iloc[0], **nothing)]
    if len(rows) and first < rows["year"].min():
        added.append(rows.iloc[:1].assign(**nothing))
    parts = [part for part in (rows, *added) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else rows
