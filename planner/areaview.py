"""One area as its page shows it: figures, requirements, what is reached, and the years to come."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from geodata.schemas import Role, Tables
from maps.palette import MARKS
from planner.check import sales_reach_rule
from planner.forecast import forecast, totals
from planner.language import Language, Translator
from planner.network import Network, Quantity, network_of, used_by
from planner.report_answer import Figure
from planner.report_digest import (
    Digest,
    asks_for_outlets,
    kind_words,
    role_words,
    status_words,
    unit_words,
)
from planner.rules.base import Status, Unit
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet
from planner.rules.wording import source_in
from planner.scenario import Scenario
from planner.sentences import with_sentences
from planner.study import Study
from planner.within import Within, within_of

YEARS_AHEAD = 10
MOSTLY = 0.5
"""A place counts as reached where more than this part of what is sold there has an outlet near."""


@dataclass(frozen=True)
class AreaView:
    """An area, for one enterprise or for all of them.

    Attributes
    ----------
    adcode, enterprise
        What is looked at; an empty enterprise: all.
    label
        The area's name in the reader's language.
    duties
        Its findings that are duties, its province's and the nation's among them, worst first.
    points
        Its demand points: point_id, lon, lat, quantity (units sold), reached (part of them that has an outlet
        near; NaN where no rule says how near).
    within
        How near that is; None where no rule says.
    outlets
        The outlets that stand in it and count.
    years
        sales, stock, retired_t by year, up to ten years after the study's.
    role
        Of whose sales these are.
    """

    adcode: str
    enterprise: str
    label: str
    duties: pd.DataFrame
    points: pd.DataFrame
    within: Within | None
    outlets: pd.DataFrame
    years: pd.DataFrame
    role: Role

    @property
    def unreached(self) -> pd.DataFrame | None:
        """The demand points with sales that are mostly out of reach; None where no rule says how near."""
        if self.within is None:
            return None
        sold = self.points["quantity"] > 0
        return self.points[sold & (self.points["reached"] < MOSTLY)].reset_index(drop=True)

    @property
    def reached_share(self) -> float | None:
        """The part of the sales that has an outlet near; None where it is not known."""
        total = float(self.points["quantity"].sum())
        if self.within is None or total <= 0:
            return None
        return float((self.points["quantity"] * self.points["reached"]).sum()) / total

    def count(self, status: str) -> int:
        """Return how many duties have a status."""
        return int(self.duties["status"].eq(status).sum())


def area_view(digest: Digest, adcode: str, *, enterprise: str = "", growth: float | None = None) -> AreaView:
    """Return what there is to say of an area.

    Parameters
    ----------
    growth
        Of the sales after the table's last year, see `planner.forecast`; None: no further sales.
    """
    study = digest.study
    network = local_network(study.tables, study.rules, study.scenario, adcode, enterprise)
    rule = sales_reach_rule(study.rules, set(network.roles))
    role = Role.MAKER if network.parties(Role.MAKER).any() else Role.BATTERY_MAKER
    standing = study.counted_outlets
    standing = standing[standing["adcode"] == adcode]
    if enterprise:
        standing = standing[used_by(standing["enterprises"], [enterprise])]
    return AreaView(
        adcode=adcode,
        enterprise=enterprise,
        label=digest.names.get(adcode, adcode),
        duties=_duties(digest, adcode, enterprise),
        points=_points(network, rule, adcode),
        within=None if rule is None else within_of(rule, network),
        outlets=standing.reset_index(drop=True),
        years=_years(study, adcode, enterprise, role, growth),
        role=role,
    )


def local_network(
    tables: Tables, rules: RuleSet, scenario: Scenario, adcode: str, enterprise: str = ""
) -> Network:
    """Return the network of an area's province, with all outlets: those across its border may serve it."""
    local = _local(tables, adcode, enterprise)
    return network_of(local, scenario, territory=rules.territory)


def local_study(study: Study, adcode: str, enterprise: str = "") -> Study:
    """Return a study of an area's province alone, with all outlets; its findings stay those of the whole."""
    return replace(study, tables=_local(study.tables, adcode, enterprise))


def _local(tables: Tables, adcode: str, enterprise: str) -> Tables:
    province = tables.areas.loc[tables.areas["adcode"] == adcode, "province_adcode"]
    areas = tables.areas[tables.areas["province_adcode"].isin(province)].reset_index(drop=True)
    sales = tables.sales
    kept = sales["adcode"].eq(adcode) | sales["adcode"].isin(province)
    if enterprise:
        kept &= sales["enterprise"].eq(enterprise)
    demand = tables.demand[tables.demand["adcode"].isin(areas["adcode"])]
    return replace(tables, areas=areas, sales=sales[kept], demand=demand)


def _points(network: Network, rule: ReachShare | None, adcode: str) -> pd.DataFrame:
    """Return the area's demand points with what is sold there, and which part of it is reached."""
    area = int(np.argmax(network.adcodes == adcode))
    here = np.flatnonzero(network.point_area == area)
    sold = network.quantity[Quantity.SALES][:, area]
    weight = network.point_weight[here]
    frame = pd.DataFrame(
        {
            "point_id": network.point_ids[here],
            "lon": network.point_lonlat[here, 0],
            "lat": network.point_lonlat[here, 1],
            "quantity": weight * float(sold.sum()),
            "reached": np.nan,
        }
    )
    if rule is None:
        return frame
    sold = np.where(network.parties(rule.role), sold, 0.0)
    covered = rule.covered(network, network.of_kind(rule.outlet_kind))[here]
    total = float(sold.sum())
    return frame.assign(reached=(covered @ sold) / total if total > 0 else 0.0)


def _duties(digest: Digest, adcode: str, enterprise: str) -> pd.DataFrame:
    areas = digest.areas.set_index("adcode")
    codes = {"area": adcode, "province": areas.at[adcode, "province_adcode"], "nation": "000000"}
    duties = digest.duties
    own = duties["adcode"].eq(duties["level"].map(codes).astype(object))
    if enterprise:
        own &= duties["enterprise"].eq(enterprise)
    return duties[own].reset_index(drop=True)


def _years(study: Study, adcode: str, enterprise: str, role: Role, growth: float | None) -> pd.DataFrame:
    """Return the area's sales, vehicles (or packs) in use and retired tonnes by year."""
    local = _local(study.tables, adcode, enterprise)
    sales = local.sales[local.sales["role"].astype(str) == str(role)]
    if sales.empty:
        return pd.DataFrame(columns=["year", "sales", "stock", "retired_t"])
    first, year = int(sales["year"].min()), study.scenario.year
    years = range(min(first, year), max(year, int(sales["year"].max())) + YEARS_AHEAD + 1)
    table = forecast(sales, local.areas, local.demand, study.scenario, years, growth=growth)
    return totals(table[table["adcode"] == adcode])


def answer(view: AreaView, t: Translator) -> str:
    """Return the answer in one sentence."""
    total, short = len(view.duties), view.count(Status.SHORT)
    if not total:
        return t("{area}: no duty under these rules.", area=view.label)
    missing = missing_in(view)
    if short and missing:
        return t.plural(
            "{area}: {short} of {total} duties short; {n} outlet missing.",
            "{area}: {short} of {total} duties short; {n} outlets missing.",
            missing,
            area=view.label, short=t.number(short), total=t.number(total),
        )  # fmt: skip
    if short:
        return t("{area}: {short} of {total} duties short.", area=view.label, short=t.number(short),
                 total=t.number(total))  # fmt: skip
    if unknown := view.count(Status.UNKNOWN):
        return t("{area}: no duty is short, but {unknown} of {total} cannot be told: a figure is missing.",
                 area=view.label, total=t.number(total), unknown=t.number(unknown))  # fmt: skip
    return t("{area}: all {total} duties are met.", area=view.label, total=t.number(total))


def missing_in(view: AreaView) -> int:
    """Return the outlets missing in the area: of each enterprise the strictest count of each kind."""
    duties = view.duties
    asked = duties[asks_for_outlets(duties) & duties["level"].eq("area") & duties["shortage"].gt(0)]
    strictest = asked.groupby(["enterprise", "role", "outlet_kind"], observed=True)["shortage"].max()
    return int(strictest.sum())


def figures(view: AreaView, study: Study, t: Translator) -> list[Figure]:
    """Return the figures of an area: sales, in use, retired, outlets, sales within reach."""
    year = study.scenario.year
    now, last = _of_year(view.years, year), _of_year(view.years, year - 1)
    unit = t("vehicles") if view.role is Role.MAKER else t("batteries")
    shown = [
        Figure(t.number(now["sales"]), t("{unit} sold", unit=unit), _since(now, last, "sales", year, t)),
        Figure(t.number(now["stock"]), t("{unit} in use", unit=unit), _since(now, last, "stock", year, t)),
        Figure(t.number(now["retired_t"], 1), t("t retired"), _since(now, last, "retired_t", year, t)),
        Figure(t.number(len(view.outlets)), t("existing outlets"), _kinds(view, t)),
    ]  # fmt: skip
    if view.within is not None and view.reached_share is not None:
        near = t("of sales within {limit}", limit=view.within.words(t))
        shown.append(Figure(t.percent(view.reached_share), near, t("of an outlet of their maker")))
    return shown


def _of_year(years: pd.DataFrame, year: int) -> dict[str, float]:
    rows = years[years["year"] == year]
    return {
        name: float(rows[name].iloc[0]) if len(rows) else float("nan")
        for name in ("sales", "stock", "retired_t")
    }


def _since(now: dict[str, float], last: dict[str, float], name: str, year: int, t: Translator) -> str:
    if not last[name] > 0:
        return t("{year}; no figure for the year before", year=year)
    change = now[name] / last[name] - 1
    sign = "+" if change >= 0 else ""
    return t("{year}; {change} on the year before", year=year, change=sign + t.percent(change))


def _kinds(view: AreaView, t: Translator) -> str:
    words = kind_words(t)
    counts = view.outlets["kind"].astype(str).value_counts()
    return ", ".join(
        f"{words[kind]} {t.number(int(counts.get(kind, 0)))}" for kind in ("collection", "storage")
    )


def haulage_in(study: Study, adcode: str, enterprise: str = "") -> pd.DataFrame | None:
    """Return what the area's outlets take in and move on in a year; None where it is not looked at.

    What no outlet takes in is not told by area, and is left out.
    """
    if study.haulage is None:
        return None
    outlets = study.counted_outlets
    here = set(outlets.loc[outlets["adcode"].eq(adcode), "outlet_id"])
    kept = study.haulage["outlet_id"].isin(here)
    if enterprise:
        kept &= study.haulage["enterprise"].eq(enterprise)
    return study.haulage[kept].reset_index(drop=True)


def requirements(view: AreaView, rules: RuleSet, t: Translator, *, most: int = 500) -> pd.DataFrame:
    """Return every requirement against what is there, ready to be read.

    Returns
    -------
    DataFrame
        status, rule (what it asks), enterprise, required, have, short, unit, todo (the finding in a
        sentence), source, assumed; in the order of the duties, at most `most` rows.
    """
    duties = with_sentences(view.duties.head(most), t.gettext)
    asked = {rule.id: rule for rule in rules.rules}
    stated = {rule.id: t(rule.statement()) for rule in rules.rules}
    status, units, roles = status_words(t), unit_words(t), role_words(t)
    rows = [
        {
            "status": f"{MARKS[row['status']]} {status[row['status']]}",
            "rule": stated[row["rule_id"]],
            "enterprise": row["enterprise"],
            "role": roles[row["role"]],
            "required": amount(row["required"], row["unit"], t),
            "have": amount(row["actual"], row["unit"], t),
            "short": amount(row["shortage"], row["unit"], t) if row["shortage"] > 0 else "–",
            "unit": units[row["unit"]],
            "todo": row["sentence"],
            "source": source_in(asked[row["rule_id"]], t.language),
            "assumed": t("assumed") if row["assumed"] else "",
            "rule_id": row["rule_id"],
        }
        for row in ({str(k): v for k, v in one.items()} for one in duties.to_dict("records"))
    ]
    names = ["status", "rule", "enterprise", "role", "required", "have", "short", "unit", "todo", "source",
             "assumed", "rule_id"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def amount(value: float, unit: str, t: Translator) -> str:
    """Return a number in its unit's usual form."""
    if unit == str(Unit.SHARE):
        return t.percent(value)
    return t.number(value, 1 if unit == str(Unit.TONNES) else 0)


def nearest_point(points: pd.DataFrame, lon: float, lat: float) -> str:
    """Return the id of the demand point (point_id, lon, lat) that is nearest to a place; "" of none."""
    if points.empty:
        return ""
    east = (points["lon"].to_numpy(dtype=float) - lon) * np.cos(np.radians(lat))
    north = points["lat"].to_numpy(dtype=float) - lat
    return str(points["point_id"].iloc[int(np.argmin(np.hypot(east, north)))])


def search_labels(tables: Tables, t: Translator) -> dict[str, str]:
    """Return by adcode all names an area is looked for by: in the reader's language, pinyin, its code."""
    first = ("name", "name_en") if t.language is Language.CHINESE else ("name_en", "name")
    columns = [*first, "pinyin", "adcode"]
    rows = tables.areas[columns].fillna("").astype(str).itertuples(index=False)
    return {row[-1]: " · ".join(dict.fromkeys(name for name in row if name)) for row in rows}


def enterprises_owing(study: Study, adcode: str) -> list[str]:
    """Return the enterprises with a duty in an area or its province, the one that lacks most first."""
    areas = study.tables.areas
    province = areas.loc[areas["adcode"] == adcode, "province_adcode"]
    duties = study.duties
    own = duties[duties["adcode"].eq(adcode) | duties["adcode"].isin(province)]
    lacking = own["shortage"].where(asks_for_outlets(own) & own["adcode"].eq(adcode), 0.0)
    most = own.assign(lacking=lacking, short=own["status"].eq(str(Status.SHORT)))
    order = most.groupby("enterprise").agg(lacking=("lacking", "max"), short=("short", "sum")).reset_index()
    ranked = order.sort_values(["lacking", "short", "enterprise"], ascending=[False, False, True])
    return ranked["enterprise"].astype(str).tolist()
