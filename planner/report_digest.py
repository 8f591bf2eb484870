"""What a study says in a few figures, worked out once for the report and the workbook."""

import re
from dataclasses import dataclass

import pandas as pd

from geodata.reach import TravelUnit
from geodata.romanize import english_name
from geodata.schemas import OutletKind, Role
from planner.check import NO_DUTY, area_status
from planner.language import Language, Translator
from planner.network import NATION_CODE
from planner.rules.base import Status, Unit
from planner.rules.wording import title_in
from planner.study import Study

WORST = 500
"""Findings that the report prints; all are in findings.csv."""
BY_AREA = 6
"""Findings on an area's card."""
PROVINCE_RANK = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|[省市]$")
ENGLISH_PROVINCES = {
    "内蒙古自治区": "Inner Mongolia",
    "陕西省": "Shaanxi",
    "广西壮族自治区": "Guangxi",
    "西藏自治区": "Xizang",
    "宁夏回族自治区": "Ningxia",
    "新疆维吾尔自治区": "Xinjiang",
    "香港特别行政区": "Hong Kong",
    "澳门特别行政区": "Macao",
    "台湾省": "Taiwan",
}


@dataclass(frozen=True, slots=True)
class Digest:
    """A study counted up.

    Attributes
    ----------
    study
        The study itself.
    areas
        One row per area in the order of the study's areas: the columns of `Study.area_status`, with
        `status_before`, `missing_before` and `label`, the name in the reader's language.
    duties
        The findings that are duties, with `area` in the reader's language and `severity`, worst first.
    lacking, lacking_before
        The missing outlets by enterprise and province, see `missing_outlets`; how many there were before the
        plan.
    names
        The name of every area and province in the reader's language, by code.
    t
        The reader's language.
    """

    study: Study
    areas: pd.DataFrame
    duties: pd.DataFrame
    lacking: pd.DataFrame
    lacking_before: int
    names: dict[str, str]
    t: Translator

    @property
    def planned(self) -> bool:
        """Whether outlets were planned, or the network only checked."""
        return self.study.placement is not None

    def with_duty(self) -> pd.DataFrame:
        """Return the areas that have a duty."""
        return self.areas[self.areas["status"] != NO_DUTY]

    def count(self, status: str) -> int:
        """Return the number of areas of a status."""
        return int((self.areas["status"] == status).sum())

    def missing(self) -> int:
        """Return the outlets missing in all."""
        return int(self.lacking["missing"].sum())


def digest_of(study: Study, t: Translator) -> Digest:
    """Count a study up for a reader."""
    names = place_names(study, t)
    areas = study.area_status()
    lacking = missing_outlets(study.duties, areas)
    before, lacking_before = areas, lacking
    if study.findings_before is not None:
        earlier = study.findings_before
        before = area_status(study.tables, earlier, study.scenario, territory=study.rules.territory)
        lacking_before = missing_outlets(earlier[earlier["duty"].astype(bool)], areas)
    counted = areas.assign(
        label=areas["adcode"].map(names),
        status_before=before["status"],
        missing_before=before["missing_outlets"],
    )
    return Digest(
        study=study,
        areas=counted,
        duties=worst_first(named(study.duties, names), counted),
        lacking=lacking,
        lacking_before=int(lacking_before["missing"].sum()),
        names=names,
        t=t,
    )


def place_names(study: Study, t: Translator) -> dict[str, str]:
    """Return the names of areas and provinces in the reader's language, by code."""
    areas = study.tables.areas
    chinese = t.language is Language.CHINESE
    english = areas["name_en"].where(areas["name_en"].fillna("") != "", areas["name"])
    provinces = dict(zip(areas["province_adcode"], areas["province"].fillna(""), strict=True))
    places = {code: name if chinese else english_province(name) for code, name in provinces.items()}
    places |= dict(zip(areas["adcode"], areas["name"] if chinese else english, strict=True))
    return places | {NATION_CODE: t("the whole country")}


def outlet_names(study: Study) -> dict[str, str]:
    """Return the name of every outlet, existing or new, by its id; the id where it has no name."""
    names: dict[str, str] = {}
    for outlets in (study.counted_outlets, study.new_outlets):
        said = outlets["name"].fillna("").astype(str)
        names |= dict(zip(outlets["outlet_id"].astype(str), said, strict=True))
    return {outlet: name or outlet for outlet, name in names.items()}


def province_name(digest: Digest, name: str) -> str:
    """Return the name of a province in the reader's language."""
    return name if digest.t.language is Language.CHINESE else english_province(name)


def short_province(name: str) -> str:
    """Return a Chinese province's name without its rank, as maps write it: 内蒙古, 广西, 北京."""
    return PROVINCE_RANK.sub("", name) or name


def english_province(name: str) -> str:
    """Return the English name of a province; for those not in the usual form, the one in use."""
    return ENGLISH_PROVINCES.get(name) or english_name(name)


def named(findings: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return findings with `area` in the reader's language."""
    return findings.assign(area=findings["adcode"].map(names).fillna(findings["area"]))


def worst_first(findings: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return findings with their `severity`, worst first.

    Missing outlets and areas count one by one; a share, tonnes or outlets that lack a property count by the
    part that lacks, at most 1. Short ones stand before unknown ones, and equals are told apart by the sales
    of their area.
    """
    whole = findings["unit"].eq(str(Unit.AREAS)) | asks_for_outlets(findings)
    part = (findings["shortage"] / findings["required"].where(findings["required"] > 0)).clip(upper=1)
    severity = findings["shortage"].where(whole, part).fillna(0.0)
    order = findings["status"].map({str(Status.SHORT): 0, str(Status.UNKNOWN): 1}).fillna(2)
    sales = findings["adcode"].map(areas.set_index("adcode")["sales"]).fillna(0.0)
    ranked = findings.assign(severity=severity, order=order, sales=sales)
    ranked = ranked.sort_values(
        ["order", "severity", "sales", "adcode", "enterprise", "rule_id"],
        ascending=[True, False, False, True, True, True],
        kind="stable",
    )
    return ranked.drop(columns=["order", "sales"]).reset_index(drop=True)


def asks_for_outlets(findings: pd.DataFrame) -> "pd.Series[bool]":
    """Return which findings are short of outlets that can be opened: not of a property, nor of balance."""
    surplus = findings["kind"].eq("proportion") & (findings["actual"] > findings["required"])
    return findings["unit"].eq(str(Unit.OUTLETS)) & ~findings["kind"].eq("attribute") & ~surplus


def missing_outlets(findings: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return the outlets missing by enterprise and province: enterprise, role, province_adcode, missing.

    Where several rules ask for the same kind, the strictest counts; what a rule asks of a whole province
    counts only as far as it goes beyond what its areas lack.
    """
    asked = findings[asks_for_outlets(findings) & (findings["shortage"] > 0)]
    provinces = areas.set_index("adcode")["province_adcode"]
    asked = asked.assign(province_adcode=asked["adcode"].map(provinces).fillna(asked["adcode"]))
    party = ["enterprise", "role", "province_adcode", "outlet_kind"]
    strictest = asked.groupby([*party, "level", "adcode"], observed=True)["shortage"].max()
    by_level = strictest.groupby([*party, "level"]).sum().groupby(party).max()
    return by_level.groupby(party[:3]).sum().rename("missing").reset_index()


def failing(duties: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that are short or unknown."""
    return duties[duties["status"] != str(Status.MET)]


def by_status(duties: pd.DataFrame, key: str | list[str]) -> pd.DataFrame:
    """Return how many findings are met, short and unknown for each `key`, and of how many."""
    counts = duties.groupby([*([key] if isinstance(key, str) else key), "status"], observed=True).size()
    table = counts.unstack("status", fill_value=0).reindex(columns=[str(s) for s in Status], fill_value=0)
    return table.assign(duties=table.sum(axis=1))


def sales_unit(study: Study, t: Translator) -> str:
    """Return what the study's sales are counted in."""
    roles = set(map(str, study.tables.sales["role"].unique()))
    if roles == {str(Role.MAKER)}:
        return t("vehicles")
    return t("batteries") if roles == {str(Role.BATTERY_MAKER)} else t("vehicles and batteries")


def kind_words(t: Translator) -> dict[str, str]:
    """Return the kinds of outlets in the reader's language."""
    collection, storage = str(OutletKind.COLLECTION), str(OutletKind.STORAGE)
    return {collection: t("collection"), storage: t("storage"), "any": t("any")}


def role_words(t: Translator) -> dict[str, str]:
    """Return the roles of enterprises in the reader's language."""
    return {str(Role.MAKER): t("vehicle maker"), str(Role.BATTERY_MAKER): t("battery maker")}


def status_words(t: Translator) -> dict[str, str]:
    """Return the statuses in the reader's language."""
    return {"met": t("met"), "short": t("short"), "unknown": t("unknown"), NO_DUTY: t("no duty")}


def unit_words(t: Translator) -> dict[str, str]:
    """Return the units of findings in the reader's language."""
    return {
        str(Unit.OUTLETS): t("outlets"),
        str(Unit.SHARE): t("share"),
        str(Unit.TONNES): t("t a year"),
        str(Unit.AREAS): t("areas"),
    }


def limit_words(limit: float, unit: TravelUnit, t: Translator) -> str:
    """Return a limit as it is read: 50 km, 15 min."""
    number = f"{limit:g}"
    return t("{n} min", n=number) if unit == TravelUnit.MIN else t("{n} km", n=number)


def rule_set_title(study: Study, t: Translator) -> str:
    """Return the rule set's title in the reader's language."""
    return title_in(study.rules, t.language)
