"""What moving batteries comes to in a year, in sentences and a table."""

import pandas as pd

from planner.haulage import haulage_summary
from planner.language import Translator
from planner.report_digest import WORST, Digest, kind_words, outlet_names
from planner.report_tables import Cell, Row, Table, number_cell

SMALL = 10.0
"""Tonnes or kilometres that are told to the third decimal."""


def haulage_lines(haulage: pd.DataFrame, digest: Digest) -> tuple[str, ...]:
    """Return the year's totals in sentences; what has no price has no cost."""
    t, found, prices = digest.t, haulage_summary(haulage), digest.study.scenario.haulage
    said = [
        t(
            "{tonnes} t of retired batteries go on from {n} outlets in a year: {tonne_km} tonne-kilometres.",
            tonnes=_amount(found["tonnes"], t),
            n=t.number(int((haulage["outlet_id"].ne("") & haulage["tonnes"].gt(0)).sum())),
            tonne_km=_amount(found["tonne_km"], t),
        )
    ]
    if prices.per_tonne_km > 0:
        said.append(_priced(found["cost"], prices.per_tonne_km, t("tonne-kilometre"), digest))
    if prices.per_vehicle_km > 0:
        way = t("The ways of vehicles to the outlets are {km} km.", km=_amount(found["vehicle_km"], t))
        said += [way, _priced(found["vehicle_cost"], prices.per_vehicle_km, t("vehicle-kilometre"), digest)]
    return tuple(said)


def amount_decimals(value: float) -> int:
    """Return the decimals of an amount: small ones have a price too, and must not be read as nothing."""
    return 1 if abs(value) >= SMALL else 3


def _amount(value: float, t: Translator) -> str:
    return t.number(value, amount_decimals(value))


def _priced(cost: float, price: float, unit: str, digest: Digest) -> str:
    t = digest.t
    return t("At {price} a {unit} they cost {cost}.", price=f"{price:g}", unit=unit, cost=t.number(cost, 2))


def haulage_table(haulage: pd.DataFrame, digest: Digest) -> Table:
    """Return what each outlet moves on, the most tonne-kilometres first."""
    t = digest.t
    titles = (
        (t("Enterprise"), False), (t("Outlet"), False), (t("Kind"), False), (t("t a year"), True),
        (t("Goes on to"), False), (t("km"), True), (t("t·km"), True), (t("Cost"), True),
    )  # fmt: skip
    rows = [
        Row(
            (
                Cell(str(row["enterprise"])),
                Cell(str(row["outlet"])),
                Cell(str(row["kind"])),
                number_cell(float(row["tonnes"]), t, 2),
                Cell(str(row["to"])),
                number_cell(float(row["km"]), t, 1),
                number_cell(float(row["tonne_km"]), t, amount_decimals(float(row["tonne_km"]))),
                number_cell(float(row["cost"]), t, 2),
            ),
            words=f"{row['enterprise']} {row['outlet']} {row['to']}".lower(),
        )
        for row in named_haulage(haulage, digest).head(WORST).to_dict("records")
    ]
    return Table("haulage", titles, tuple(rows), t("Nothing is to be moved."))


def named_haulage(haulage: pd.DataFrame, digest: Digest) -> pd.DataFrame:
    """Return what outlets move on, ready to be read, the most tonne-kilometres first.

    Returns
    -------
    DataFrame
        enterprise, outlet, kind, tonnes, to, km, tonne_km, cost.
    """
    t, names, kinds = digest.t, _place_names(digest), kind_words(digest.t)
    ranked = haulage.sort_values("tonne_km", ascending=False, kind="stable", na_position="first")
    outlets = ranked["outlet_id"].astype(str)
    shown = ranked.assign(
        outlet=outlets.map(names).fillna(outlets).where(outlets.ne(""), t("no outlet takes them in")),
        kind=ranked["kind"].astype(str).map(kinds).fillna(""),
        to=_destinations(ranked, digest),
    )
    return shown[["enterprise", "outlet", "kind", "tonnes", "to", "km", "tonne_km", "cost"]]


def _destinations(haulage: pd.DataFrame, digest: Digest) -> pd.Series:
    """Return where each outlet's batteries go, in words: storage outlets keep their own."""
    t = digest.t
    to = haulage["destination"].fillna("").astype(str)
    said = to.map(_place_names(digest)).fillna(to)
    said = said.where(to.ne(haulage["outlet_id"].astype(str)), t("stays there"))
    return said.where(to.ne(""), t("no way known"))


def _place_names(digest: Digest) -> dict[str, str]:
    """Return the names of outlets and recyclers by id."""
    named, table = outlet_names(digest.study), digest.study.tables.recyclers
    if table is None:
        return named
    return {**dict(zip(table["recycler_id"].astype(str), table["name"].astype(str), strict=True)), **named}
