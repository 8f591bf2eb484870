"""The overview: a checked network narrowed to what a reader asks for, as figures and ranked tables."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from geodata.schemas import OutletKind
from maps.palette import MARKS
from planner.language import Translator
from planner.network import used_by
from planner.report_answer import Figure, figures
from planner.report_digest import (
    Digest,
    by_status,
    kind_words,
    role_words,
    status_words,
)
from planner.rules.base import Rule
from planner.scenario import Frozen
from planner.sentences import with_sentences
from planner.study import Study

RANK = {"short": 0, "unknown": 1, "met": 2}
SAID = 40
"""Findings of one area that are said in sentences; all are on the area's page."""


class Filters(Frozen):
    """What a reader looks at; empty: all of it.

    Attributes
    ----------
    enterprise
        One enterprise's duties, sales and outlets.
    province
        The adcode of one province.
    rule
        The id of one rule.
    role
        Vehicle makers or battery makers.
    """

    enterprise: str = ""
    province: str = ""
    rule: str = ""
    role: str = ""

    @property
    def of_map(self) -> "Filters":
        """The same without the province: the map shows the nation whatever part of it is looked at."""
        return self.model_copy(update={"province": ""})


@dataclass(frozen=True, slots=True)
class Ranking:
    """A table to show: the codes its rows are about, and the columns by the words over them."""

    codes: tuple[str, ...]
    frame: pd.DataFrame


def narrowed(study: Study, filters: Filters) -> Study:
    """Return a study of one enterprise, rule or role: its findings, sales and outlets.

    All areas stay, so that maps of the study and of its parts lie on each other; `in_province` keeps a
    province's. Filters compose in any order.
    """
    tables = study.tables
    sales, outlets = tables.sales, tables.outlets
    for column, value in (("enterprise", filters.enterprise), ("role", filters.role)):
        sales = sales[sales[column].eq(value)] if value else sales
    for names in _users(study, filters):
        outlets = outlets[used_by(outlets["enterprises"], names)]
    earlier = study.findings_before
    return replace(
        study,
        tables=replace(tables, sales=sales, outlets=outlets),
        findings=_asked(study.findings, filters),
        findings_before=None if earlier is None else _asked(earlier, filters),
    )


def _asked(findings: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Return the findings of an enterprise, rule and role."""
    wanted = {"enterprise": filters.enterprise, "rule_id": filters.rule, "role": filters.role}
    for column, value in wanted.items():
        findings = findings[findings[column].eq(value)] if value else findings
    return findings


def _users(study: Study, filters: Filters) -> list[list[str]]:
    """Return whose outlets are kept: those of an enterprise, and those of all enterprises of a role."""
    kept = [[filters.enterprise]] if filters.enterprise else []
    if filters.role:
        sales = study.tables.sales
        kept.append(sales.loc[sales["role"].eq(filters.role), "enterprise"].unique().tolist())
    return kept


def in_province(digest: Digest, province: str) -> Digest:
    """Return what was counted of one province, its own duties among it; "" for all.

    Duties over the whole nation belong to no province.
    """
    if not province:
        return digest
    areas = digest.areas[digest.areas["province_adcode"] == province]
    codes = [*areas["adcode"], province]
    tables = digest.study.tables
    within = tables.areas[tables.areas["province_adcode"] == province]
    duties = digest.duties
    return replace(
        digest,
        study=replace(digest.study, tables=replace(tables, areas=within)),
        areas=areas,
        duties=duties[duties["adcode"].isin(codes) & duties["level"].ne("nation")],
        lacking=digest.lacking[digest.lacking["province_adcode"] == province],
    )


def reach_share(reached: pd.DataFrame, filters: Filters) -> float | None:
    """Return the share of the sales looked at that an outlet of their enterprise is near.

    Parameters
    ----------
    reached
        From `planner.check.reached_sales`.
    filters
        What is looked at; a rule changes nothing, as the share is not of one rule.
    """
    wanted = {
        "enterprise": filters.enterprise,
        "province_adcode": filters.province,
        "role": filters.role,
    }
    for column, value in wanted.items():
        reached = reached[reached[column].eq(value)] if value else reached
    sold = float(reached["sales"].sum())
    return float(reached["reached"].sum()) / sold if sold > 0 else None


def key_figures(digest: Digest, reached: pd.DataFrame, filters: Filters) -> list[Figure]:
    """Return at most five figures of what is looked at."""
    return figures(digest, reach_share(reached, filters))


def area_ranking(digest: Digest, status: str = "") -> Ranking:
    """Return the areas of a status ("" for all), the largest shortage first."""
    t, words = digest.t, status_words(digest.t)
    areas = digest.areas if not status else digest.areas[digest.areas["status"] == status]
    areas = areas.assign(rank=areas["status"].map(RANK).fillna(3))
    keys = ["rank", "missing_outlets", "short", "sales", "adcode"]
    areas = areas.sort_values(keys, ascending=[True, False, False, False, True], kind="stable")
    signs = {name: f"{MARKS[name]} {word}" for name, word in words.items()}
    frame = pd.DataFrame(
        {
            t("Status"): areas["status"].map(signs),
            t("Area"): areas["label"],
            t("Missing"): areas["missing_outlets"],
            t("Province"): areas["province_adcode"].map(digest.names),
            t("Outlets"): areas["outlets"],
            t("Sales"): areas["sales"].round().astype("int64"),
            t("Duties short"): areas["short"],
        }
    )
    return Ranking(tuple(areas["adcode"].astype(str)), frame.reset_index(drop=True))


def province_ranking(digest: Digest) -> Ranking:
    """Return the provinces, the most outlets missing first: areas met, short and unknown."""
    t, areas = digest.t, digest.areas
    counts = areas.groupby(["province_adcode", "status"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["short", "unknown", "met"], fill_value=0)
    missing = digest.lacking.groupby("province_adcode")["missing"].sum()
    counts = counts.assign(missing=missing.reindex(counts.index).fillna(0).astype(int)).reset_index()
    counts = counts[counts[["short", "unknown", "met"]].sum(axis=1) > 0]
    counts = counts.sort_values(
        ["missing", "short", "province_adcode"], ascending=[False, False, True], kind="stable"
    )
    return _counted(counts, counts["province_adcode"].map(digest.names), t("Province"), t("areas"), t)


def enterprise_ranking(digest: Digest) -> Ranking:
    """Return the enterprises, the most outlets missing first: duties met, short and unknown."""
    t = digest.t
    missing = digest.lacking.groupby("enterprise")["missing"].sum()
    counts = by_status(digest.duties, "enterprise").reset_index()
    counts = counts.assign(missing=counts["enterprise"].map(missing).fillna(0).astype(int))
    counts = counts.sort_values(
        ["missing", "short", "enterprise"], ascending=[False, False, True], kind="stable"
    )
    return _counted(counts, counts["enterprise"], t("Enterprise"), t("duties"), t)


def _counted(counts: pd.DataFrame, names: pd.Series, title: str, unit: str, t: Translator) -> Ranking:
    frame = pd.DataFrame(
        {
            title: names.to_numpy(),
            t("Outlets missing"): counts["missing"].to_numpy(),
            **{
                f"{MARKS[status]} {status_words(t)[status]} ({unit})": counts[status].to_numpy()
                for status in RANK
            },
        }
    )
    return Ranking(tuple(counts.iloc[:, 0].astype(str)), frame)


def outlet_list(digest: Digest, adcode: str) -> Ranking:
    """Return the outlets of one area that count."""
    t, kinds = digest.t, kind_words(digest.t)
    outlets = digest.study.counted_outlets
    outlets = outlets[outlets["adcode"] == adcode]
    storage = outlets["kind"].astype(str).eq(str(OutletKind.STORAGE))
    frame = pd.DataFrame(
        {
            t("Outlet"): outlets["name"].astype(str),
            t("Kind"): np.where(storage, kinds["storage"], kinds["collection"]),
            t("Enterprises"): outlets["enterprises"].fillna("").astype(str).str.replace(";", " · "),
            t("Area (m²)"): outlets["area_m2"],
            t("Stock cap (t)"): outlets["stock_cap_t"],
        }
    )
    return Ranking(tuple(outlets["outlet_id"].astype(str)), frame.reset_index(drop=True))


def area_duties(digest: Digest, adcode: str) -> pd.DataFrame:
    """Return the worst duties of an area as a table: status, finding and what to do, rule, assumed.

    Where the area has no duty of its own, those of its province.
    """
    duties = digest.duties[digest.duties["adcode"] == adcode]
    if duties.empty:
        province = digest.areas.loc[digest.areas["adcode"] == adcode, "province_adcode"]
        duties = digest.duties[digest.duties["adcode"].isin(province)]
    t = digest.t
    said, words = with_sentences(duties.head(SAID), t.gettext), status_words(t)
    return pd.DataFrame(
        {
            t("Status"): [f"{MARKS[status]} {words[status]}" for status in said["status"].astype(str)],
            t("Finding and what to do"): said["sentence"].astype(str).to_numpy(),
            t("Rule"): said["rule_id"].astype(str).to_numpy(),
            t("Assumed"): np.where(said["assumed"].astype(bool), t("assumed"), ""),
        }
    )


def rules_to_choose(study: Study) -> dict[str, Rule]:
    """Return the rules that ask something by themselves, by id, in the order of the rule set."""
    return {rule.id: rule for rule in study.rules.rules if rule.id not in study.rules.named}


def roles_to_choose(study: Study, t: Translator) -> dict[str, str]:
    """Return the roles that sell anything, by what they are called."""
    present = set(map(str, study.tables.sales["role"].unique()))
    return {role: word for role, word in role_words(t).items() if role in present}


def provinces_to_choose(digest: Digest) -> dict[str, str]:
    """Return the names of all provinces by adcode, in the order of the codes."""
    codes = sorted(map(str, digest.areas["province_adcode"].unique()))
    return {code: digest.names.get(code) or code for code in codes}
