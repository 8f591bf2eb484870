"""What tried sites change: the findings of an enterprise in an area before and after, at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geodata.messages import Message, say
from geodata.schemas import Tables
from planner.check import sales_reach_rule
from planner.draft import Draft, TriedSite, plan_rows
from planner.ground import Ground, ground_of
from planner.language import Translator
from planner.network import Network, Quantity, with_outlets
from planner.report_digest import asks_for_outlets
from planner.rules.base import Status
from planner.rules.reach_share import ReachShare
from planner.study import new_rows
from planner.within import Within, within_of

KEY = ["rule_id", "enterprise", "role", "level", "adcode"]


@dataclass(frozen=True, slots=True)
class Reached:
    """The sales of an enterprise in an area that have an outlet near: of how many, how near."""

    within: Within
    sales: float
    before: float
    after: float

    @property
    def newly(self) -> float:
        """The units sold that the tried sites reach, and nothing reached before."""
        return self.after - self.before

    @property
    def newly_share(self) -> float:
        """The same as a share of the sales."""
        return self.newly / self.sales if self.sales > 0 else 0.0


@dataclass(frozen=True)
class Trial:
    """What tried sites change for one enterprise in one area.

    Attributes
    ----------
    ground
        What the findings depend on.
    sites
        The tried sites of the enterprise in the areas that its rules tie together.
    beyond
        Those in other areas, where they count instead.
    before, after
        The enterprise's findings in the area, its province and the nation, as far as rules ask something.
    elsewhere
        Findings of other areas, tied to this one, whose status or shortage changes: as they are after.
    reached
        The sales within reach, by the first rule about the reach of sales; None where there is none.
    missing_before, missing_after
        Outlets missing in the area, or what its province or the nation lacks: the strictest count of each
        kind.
    """

    ground: Ground
    sites: tuple[TriedSite, ...]
    beyond: tuple[TriedSite, ...]
    before: pd.DataFrame
    after: pd.DataFrame
    elsewhere: pd.DataFrame
    reached: Reached | None
    missing_before: int
    missing_after: int

    @property
    def changes(self) -> pd.DataFrame:
        """The findings after, with `actual_before`, `shortage_before` and `status_before`, in their order."""
        names = ["required", "actual", "shortage", "status"]
        earlier = self.before[[*KEY, *names]]
        return self.after.merge(earlier, on=KEY, how="left", suffixes=("", "_before"))

    @property
    def newly_met(self) -> int:
        """How many duties are met that were not."""
        both = self.changes
        met = both["duty"].astype(bool) & both["status"].eq(str(Status.MET))
        return int((met & both["status_before"].ne(str(Status.MET))).sum())

    @property
    def short(self) -> int:
        """How many duties stay short."""
        return int((self.after["duty"].astype(bool) & self.after["status"].eq(str(Status.SHORT))).sum())


def trial(ground: Ground, tables: Tables, draft: Draft) -> Trial:
    """Return what the draft's sites change.

    Parameters
    ----------
    ground
        See `ground_of`; cached by whoever calls, since only the draft changes from step to step.
    tables
        The whole tables, in case the sites bring in enterprises that the ground doesn't hold.
    """
    sites = tuple(site for site in draft.sites if ground.enterprise in site.users)
    ground = _wide_enough(ground, tables, sites)
    network = with_sites_opened(ground, draft, tables)
    findings = ground.findings_with(network)
    after = ground.own(findings)
    tied = set(ground.tables.areas["adcode"])
    return Trial(
        ground=ground,
        sites=tuple(site for site in sites if site.adcode in tied),
        beyond=tuple(site for site in sites if site.adcode not in tied),
        before=ground.before,
        after=after,
        elsewhere=_elsewhere(ground, findings),
        reached=reached(ground, network),
        missing_before=missing(ground.before),
        missing_after=missing(after),
    )


def _wide_enough(ground: Ground, tables: Tables, sites: tuple[TriedSite, ...]) -> Ground:
    """Return a ground that holds everyone who shares a tried site."""
    users = {name for site in sites for name in site.users}
    if users <= ground.enterprises:
        return ground
    return ground_of(
        tables,
        ground.rules,
        ground.scenario,
        enterprise=ground.enterprise,
        adcode=ground.adcode,
        also=users | ground.enterprises,
    )


def with_sites_opened(ground: Ground, draft: Draft, tables: Tables) -> Network:
    """Return the ground's network with the draft's sites opened."""
    rows = plan_rows(draft, tables, ground.scenario)
    if not len(rows):
        return ground.network
    standing = ground.tables.outlets
    parts = [part for part in (standing, new_rows(standing, rows)) if len(part)]
    return with_outlets(ground.network, pd.concat(parts, ignore_index=True), ground.scenario.year)


def reached(ground: Ground, network: Network) -> Reached | None:
    """Return the sales in the area that have an outlet near, as it is and with this network."""
    roles = set(network.roles[network.enterprises == ground.enterprise])
    rule = sales_reach_rule(ground.rules, roles)
    if rule is None:
        return None
    area = int(np.argmax(network.adcodes == ground.adcode))
    party = int(np.argmax((network.enterprises == ground.enterprise) & network.parties(rule.role)))
    sales = float(network.quantity[Quantity.SALES][party, area])
    after = _area_share(rule, network, party, area)
    before = after if network is ground.network else _area_share(rule, ground.network, party, area)
    return Reached(within_of(rule, network), sales, sales * before, sales * after)


def _area_share(rule: ReachShare, network: Network, party: int, area: int) -> float:
    covered = rule.covered(network, network.of_kind(rule.outlet_kind))
    return float(rule.area_share(network, covered)[party, area])


def _elsewhere(ground: Ground, findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of other territories that changed."""
    if len(ground.tables.areas) == 1:
        return findings.iloc[:0]
    earlier = ground.findings[[*KEY, "status", "shortage"]]
    both = findings.merge(earlier, on=KEY, how="left", suffixes=("", "_before"))
    changed = both["status"].ne(both["status_before"]) | both["shortage"].ne(both["shortage_before"])
    own = pd.MultiIndex.from_frame(ground.own(findings)[KEY])
    other = ~pd.MultiIndex.from_frame(both[KEY]).isin(own)
    return both[changed & other].reset_index(drop=True)


def missing(findings: pd.DataFrame) -> int:
    """Return the outlets that an enterprise's findings say are missing, of each kind the strictest count."""
    asked = findings[asks_for_outlets(findings)]
    most: dict[tuple[str, str], float] = {}
    names = ("duty", "role", "outlet_kind", "shortage")
    for duty, role, kind, lacking in zip(*(asked[name] for name in names), strict=True):
        if duty:
            most[role, kind] = max(most.get((role, kind), 0.0), float(lacking))
    return int(sum(most.values()))


def answer(found: Trial, t: Translator) -> str:
    """Return the gain in one sentence: +3 outlets: 2 duties met, +8.1 % of sales within 50 km."""
    number = len(found.sites)
    if not number:
        return t(_as_it_is(found, t))
    gains = t.plural("{n} duty newly met", "{n} duties newly met", found.newly_met)
    if found.reached is not None:
        near = t("{share} of sales within {limit}", share=_signed(found.reached.newly_share, t),
                 limit=found.reached.within.words(t))  # fmt: skip
        gains = t("{first}, {second}", first=gains, second=near)
    return t.plural("+{n} outlet: {gains}", "+{n} outlets: {gains}", number, gains=gains)


def _signed(share: float, t: Translator) -> str:
    return ("+" if share >= 0 else "") + t.percent(share)


def _as_it_is(found: Trial, t: Translator) -> Message:
    """Say how the area stands without sites."""
    total = int(found.after["duty"].astype(bool).sum())
    if not total:
        return say("No duty here.")
    return say("{short} of {total} duties short.", short=t.number(found.short), total=t.number(total))
