"""A study as a map: the tables turned into layers, colours and cards."""

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from geodata.boundaries import boundary_lines, province_outlines, simplified
from maps.layers import CardLine, Data, Fact, area_layer, demand_layer, outlet_layer
from maps.legend import Colouring, quantity_colouring, status_colouring
from maps.overview import Background, OfflineMap, overview
from planner.credits import credits_of
from planner.language import Language, Translator
from planner.report_digest import (
    BY_AREA,
    Digest,
    english_province,
    failing,
    kind_words,
    sales_unit,
    short_province,
)
from planner.sentences import with_sentences


def study_map(digest: Digest, between: Sequence[Data] = ()) -> OfflineMap:
    """Return the overview map of a study; `between` are layers above its demand and below its outlets."""
    areas = simplified(digest.study.tables.areas)
    chinese = digest.t.language is Language.CHINESE
    return overview(
        areas,
        area_layer(areas, chinese=chinese, facts=facts(digest), lines=card_lines(digest)),
        colourings=colourings(digest),
        layers=with_layers(layers(digest), between, digest),
        background=background_of(areas, digest.t, credits_of(digest.study.tables)),
        t=digest.t,
    )


def with_layers(points: Sequence[Data], between: Sequence[Data], digest: Digest) -> list[Data]:
    """Return points with layers above the demand; outlets get ids, by which what they reach is found."""
    if not between:
        return list(points)
    outlets = {"outlets": digest.study.counted_outlets, "new": digest.study.new_outlets}
    named = [
        {**layer, "id": located_ids(outlets[str(layer["name"])])} if layer["name"] in outlets else layer
        for layer in points
    ]
    return [named[0], *between, *named[1:]]


def located_ids(outlets: pd.DataFrame) -> list[str]:
    """Return the ids of the outlets that have a point on the map, in their order there."""
    placed = outlets["lon"].notna() & outlets["lat"].notna()
    return outlets.loc[placed, "outlet_id"].astype(str).tolist()


def background_of(areas: gpd.GeoDataFrame, t: Translator, credits: Sequence[str] = ()) -> Background:  # noqa: A002
    """Return what a map shows beside the areas: provinces and their names, boundary lines, credits.

    Parameters
    ----------
    areas
        Simplified, EPSG:4326.
    t
        The reader's language.
    credits
        Whom the map must name beside those who made the boundaries.
    """
    chinese, china = t.language is Language.CHINESE, is_china(areas)
    provinces = {str(name) for name in areas["province"].fillna("")}
    return Background(
        province_outlines(areas),
        {name: short_province(name) if chinese else english_province(name) for name in provinces},
        boundary_lines() if china else None,
        (t("Boundaries: Tianditu (天地图)") if china else t("Boundaries: user's file"), *credits),
    )


def is_china(areas: pd.DataFrame) -> bool:
    """Whether the areas are those of China, whose national map shows boundary lines of its own."""
    return bool(areas["adcode"].isin(["110000", "440300", "460300"]).sum() == 3)


def facts(digest: Digest) -> list[Fact]:
    """Return the figures on the areas' cards."""
    t, areas = digest.t, digest.areas
    year, unit = digest.study.scenario.year, sales_unit(digest.study, digest.t)
    wanted = [
        (t("Sales {year} ({unit})", year=year, unit=unit), "sales"),
        (t("Existing outlets"), "outlets"),
        *([(t("New outlets"), "new_outlets")] if digest.planned else []),
        (t("Outlets missing"), "missing_outlets"),
        (t("Duties met"), "met"),
        (t("Duties short"), "short"),
        (t("Duties unknown"), "unknown"),
    ]
    return [Fact(label, _written(areas[column], t)) for label, column in wanted]


def _written(values: pd.Series, t: Translator) -> tuple[str, ...]:
    """Return numbers as the language writes them; most are the same few, and writing one takes long."""
    words = {value: t.number(float(value)) for value in values.unique()}
    return tuple(words[value] for value in values)


def card_lines(digest: Digest) -> dict[str, list[CardLine]]:
    """Return the worst findings of each area; those of its province where it has none of its own."""
    worst = failing(digest.duties).groupby("adcode", sort=False).head(BY_AREA)
    lines: dict[str, list[CardLine]] = {}
    said = with_sentences(worst, digest.t.gettext)
    for code, status, sentence in zip(said["adcode"], said["status"], said["sentence"], strict=True):
        lines.setdefault(str(code), []).append(CardLine(str(status), str(sentence)))
    provinces = zip(digest.areas["adcode"], digest.areas["province_adcode"], strict=True)
    return {code: lines.get(code) or lines.get(province, []) for code, province in provinces}


def colourings(digest: Digest) -> list[Colouring]:
    """Return the ways to colour the areas, the one that answers first."""
    t, areas = digest.t, digest.areas
    after = t("Status after the plan") if digest.planned else t("Status")
    shown = [status_colouring(areas["status"], areas["missing_outlets"], t, title=after)]
    if digest.planned:
        shown.append(
            status_colouring(
                areas["status_before"], areas["missing_before"], t, name="before",
                title=t("Status before the plan"),
            )
        )  # fmt: skip
        shown.append(_quantity(digest, "new_outlets", t("New outlets"), t("outlets")))
    year = digest.study.scenario.year
    shown.append(_quantity(digest, "sales", t("Sales {year}", year=year), sales_unit(digest.study, t)))
    shown.append(_quantity(digest, "outlets", t("Existing outlets"), t("outlets")))
    return shown


def _quantity(digest: Digest, column: str, title: str, unit: str) -> Colouring:
    values = digest.areas[column].astype(float)
    return quantity_colouring(values, digest.t, name=column, title=title, unit=unit)


def layers(digest: Digest, *, demand_of: Sequence[str] = ()) -> list[Data]:
    """Return the points: demand below (of some areas, by adcode; empty: all), what exists, what is new."""
    study, t = digest.study, digest.t
    title = t("Sales by place {year}", year=study.scenario.year)
    shown = [demand_layer(_demand(digest, demand_of), t, title=title, unit=sales_unit(study, t))]
    existing = study.counted_outlets
    shown.append(outlet_layer(existing, outlet_notes(existing, digest), t, new=False))
    if study.placement is not None:
        new = study.placement.outlets
        shown.append(outlet_layer(new, outlet_notes(new, digest), t, new=True))
    return shown


def _demand(digest: Digest, areas: Sequence[str]) -> pd.DataFrame:
    demand = digest.study.tables.demand
    demand = demand[demand["adcode"].isin(areas)] if areas else demand
    sales = digest.areas.set_index("adcode")["sales"]
    return demand.assign(quantity=demand["weight"] * demand["adcode"].map(sales).fillna(0.0))


def outlet_notes(outlets: pd.DataFrame, digest: Digest) -> list[str]:
    """Return what is said below each outlet's name: kind, enterprises, area, and why it is new."""
    kinds, names = kind_words(digest.t), digest.names
    owners = outlets["enterprises"].fillna("").astype(str)
    reasons = outlets["reason"].fillna("").astype(str) if "reason" in outlets else [""] * len(outlets)
    rows = zip(outlets["kind"].astype(str), owners, outlets["adcode"], reasons, strict=True)
    parts = ((kinds.get(kind, ""), owner, names.get(code, ""), reason) for kind, owner, code, reason in rows)
    return [" · ".join(part for part in four if part) for four in parts]
