"""Hold a network against a rule set: findings, and what they say of each area."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd

from geodata.schemas import Role, Tables
from planner.network import Floats, Network, Quantity, network_of
from planner.rules.base import Status, Unit
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario

ORDER = {str(Status.MET): 0, str(Status.UNKNOWN): 1, str(Status.SHORT): 2}
"""From good to bad; an area is as bad as its worst duty."""
NO_DUTY = "none"


def check(tables: Tables, rules: RuleSet, scenario: Scenario) -> pd.DataFrame:
    """Return the findings of a network: every requirement with what was found.

    Returns
    -------
    DataFrame
        rule_id, kind, enterprise, role, level, adcode, area, required, actual, shortage, unit, status
        (met, short, unknown), assumed, duty, outlet_kind; sorted by rule, enterprise, role and adcode.
    """
    return findings_of(network_of(tables, scenario, territory=rules.territory), rules)


def findings_of(network: Network, rules: RuleSet) -> pd.DataFrame:
    """Return the findings of a network that is lined up already."""
    return rules.findings(network)


def sales_within_reach(network: Network, rules: RuleSet) -> float | None:
    """Return the share of all sales near an outlet of their enterprise.

    Near is what the first rule about the reach of sales says of each role; None without such a rule.
    """
    reached = total = 0.0
    for _, sales, near in _sales_near(network, rules):
        reached, total = reached + float(near.sum()), total + float(sales.sum())
    return reached / total if total > 0 else None


def reached_sales(tables: Tables, rules: RuleSet, scenario: Scenario) -> pd.DataFrame:
    """Return the sales near an outlet of their enterprise, by enterprise and area; see `sales_within_reach`.

    Returns
    -------
    DataFrame
        enterprise, role, adcode, province_adcode, sales, reached; rows with sales only, and none where no
        rule says how near.
    """
    network = network_of(tables, scenario, territory=rules.territory)
    provinces = tables.areas.set_index("adcode")["province_adcode"]
    columns = ["enterprise", "role", "adcode", "province_adcode", "sales", "reached"]
    parts = []
    for role, sales, near in _sales_near(network, rules):
        party, area = np.nonzero(sales > 0)
        codes = network.adcodes[area]
        values = (
            network.enterprises[party], str(role), codes, provinces.loc[codes].to_numpy(),
            sales[party, area], near[party, area],
        )  # fmt: skip
        parts.append(pd.DataFrame(dict(zip(columns, values, strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _sales_near(network: Network, rules: RuleSet) -> Iterator[tuple[Role, Floats, Floats]]:
    """Yield the sales (P, A) of each role that a rule about reach binds, and what of them is near."""
    for role in Role:
        rule = sales_reach_rule(rules, {str(role)})
        if rule is None:
            continue
        share = rule.area_share(network, rule.covered(network, network.of_kind(rule.outlet_kind)))
        sales = network.quantity[Quantity.SALES] * network.parties(role)[:, None]
        yield role, sales, sales * share


def sales_reach_rule(rules: RuleSet, roles: Collection[str]) -> ReachShare | None:
    """Return the first rule that says for one of the roles how far from its sales an outlet may be."""
    reach = (rule for rule in rules.rules if isinstance(rule, ReachShare) and str(rule.role) in roles)
    return next((rule for rule in reach if rule.parameters.of == "sales"), None)


def area_status(
    tables: Tables, findings: pd.DataFrame, scenario: Scenario, *, territory: Sequence[str] = ()
) -> pd.DataFrame:
    """Return what the findings say of each area.

    Only duties count. An area is as bad as its worst finding of its own; one with sales that has none, as
    those of its province, and where that has none either, as those of the nation. `missing_outlets` adds up
    what its enterprises lack by their strictest count each.

    Parameters
    ----------
    territory
        Leading digits of the adcodes that the rule set binds, as the nation's findings do not tell; empty:
        all.

    Returns
    -------
    DataFrame
        adcode, name, province_adcode, province, pinyin, name_en, sales, duties, met, short, unknown,
        missing_outlets, status (met, short, unknown, none); one row per area, in the order of `tables.areas`.
    """
    columns = ["adcode", "name", "province_adcode", "province", "pinyin", "name_en"]
    areas = pd.DataFrame(tables.areas[columns])
    duties = findings[findings["duty"].astype(bool)]
    own = _counts(duties[duties["level"] == "area"]).reindex(areas["adcode"])
    above = _counts(duties[duties["level"] == "province"]).reindex(areas["province_adcode"])
    nation = _counts(duties[duties["level"] == "nation"])["status"]
    bound = areas["adcode"].str.startswith(tuple(territory)) if territory else True
    sells = sold_areas(tables, scenario).reindex(areas["adcode"]).to_numpy()
    has_own = own["duties"].notna().to_numpy()
    wider = pd.Series(above["status"].to_numpy(), index=areas.index, dtype=object)
    wider = wider.where(wider.notna() | ~np.asarray(bound), next(iter(nation), NO_DUTY))
    status = np.where(has_own, own["status"], np.where(sells > 0, wider, NO_DUTY))
    counts = own[["duties", "met", "short", "unknown", "missing_outlets"]].fillna(0).astype(int)
    counts.index = areas.index
    return pd.concat(
        [
            areas.assign(sales=np.nan_to_num(sells)),
            counts,
            pd.Series(status, index=areas.index, dtype=object, name="status").fillna(NO_DUTY),
        ],
        axis=1,
    )


def sold_areas(tables: Tables, scenario: Scenario) -> pd.Series:
    """Return the units sold in the study's year, by adcode; provinces' rows count for all their areas."""
    sales = tables.sales[tables.sales["year"] == scenario.year]
    units = sales["vehicles"].fillna(0.0) + sales["batteries"].fillna(0.0)
    by_code = units.groupby(sales["adcode"]).sum()
    areas = tables.areas.set_index("adcode")["province_adcode"]
    own = by_code.reindex(areas.index).fillna(0.0)
    is_area = areas.index == areas.to_numpy()
    above = by_code.reindex(areas.to_numpy()).fillna(0.0).to_numpy() * ~is_area
    return pd.Series(own + above / areas.groupby(areas).transform("size").to_numpy(), dtype=float)


def _counts(findings: pd.DataFrame) -> pd.DataFrame:
    """Return, by adcode, how many findings there are of each status, the worst, and the outlets missing."""
    order = findings["status"].map(ORDER)
    frame = findings.assign(
        order=order,
        met=findings["status"].eq(str(Status.MET)),
        short=findings["status"].eq(str(Status.SHORT)),
        unknown=findings["status"].eq(str(Status.UNKNOWN)),
        lacking=findings["shortage"].where(
            findings["unit"].eq(str(Unit.OUTLETS)) & ~_too_many(findings), 0.0
        ),
    )
    party = frame.groupby(["adcode", "enterprise", "role", "outlet_kind"], observed=True)["lacking"].max()
    counted = frame.groupby("adcode").agg(
        duties=("status", "size"), met=("met", "sum"), short=("short", "sum"), unknown=("unknown", "sum"),
        order=("order", "max"),
    )  # fmt: skip
    names = {rank: name for name, rank in ORDER.items()}
    return counted.assign(
        status=counted["order"].map(names),
        missing_outlets=party.groupby("adcode").sum().reindex(counted.index),
    )


def _too_many(findings: pd.DataFrame) -> "pd.Series[bool]":
    """Return which findings no new outlet mends: a property lacking, or too many outlets."""
    surplus = findings["actual"] > findings["required"]
    return findings["kind"].eq("attribute") | (findings["kind"].eq("proportion") & surplus)
