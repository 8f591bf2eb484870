"""Sheets of studies by road: the plan by straight line, ways, places off the roads, moving batteries."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from planner.report_digest import Digest, outlet_names
from planner.report_haulage import named_haulage
from planner.report_roads import place_words, straight_table
from planner.service import routes_of
from planner.sheets import Column, Sheet, tuples
from planner.straight import straight_sentences


def road_sheets(digest: Digest) -> Iterable[Sheet]:
    """Return the sheets that a study by road has more than others."""
    if not digest.study.scenario.metric.by_road:
        return
    if digest.study.straight is not None:
        yield _straight(digest)
    yield _ways(digest)
    yield _off_road(digest)


def _straight(digest: Digest) -> Sheet:
    t, table = digest.t, straight_table(digest)
    columns = (Column(t("Figure"), 60), Column(t("Plan by road"), 16), Column(t("Plan by straight line"), 22))
    rows = [] if table is None else [[cell.text for cell in row.cells] for row in table.rows]
    said = [[t(message), "", ""] for message in straight_sentences(digest.study)]
    return Sheet(t("What roads change"), columns, [*rows, *said])


def _ways(digest: Digest) -> Sheet:
    t, ways = digest.t, pd.DataFrame(routes_of(digest.study))
    columns = (
        Column(t("Demand point"), 22), Column(t("Code"), 9), Column(t("Area"), 18),
        Column(t("Nearest outlet"), 30), Column(t("km"), 9, "#,##0.0"), Column(t("min"), 9, "#,##0.0"),
        Column(t("Sold there"), 12, "#,##0.0"), Column(t("Enterprises"), 40), Column(t("Way"), 36),
    )  # fmt: skip
    off = t("straight line, off the roads")
    shown = ways.assign(
        area=ways["adcode"].map(digest.names).fillna(ways["adcode"]),
        outlet=ways["outlet_id"].map(outlet_names(digest.study)).fillna(ways["outlet_id"]),
        way=np.where(ways["on_road"].astype(bool), t("by road"), off),
    )
    names = ["point_id", "adcode", "area", "outlet", "km", "minutes", "units", "enterprises", "way"]
    return Sheet(t("Ways"), columns, tuples(shown[names]))


def _off_road(digest: Digest) -> Sheet:
    t, off = digest.t, digest.study.off_road
    columns = (
        Column(t("Place"), 30), Column(t("What"), 16), Column(t("Code"), 9), Column(t("Area"), 18),
        Column(t("Longitude"), 11, "0.00000"), Column(t("Latitude"), 11, "0.00000"),
        Column(t("km to the nearest road"), 22, "#,##0.00"),
    )  # fmt: skip
    beyond = f"> {digest.study.scenario.roads.snap_km:g}"
    shown = off.assign(
        what=off["table"].map(place_words(t)),
        area=off["adcode"].map(digest.names).fillna(""),
        far=off["off_km"].astype(float).map(lambda km: km if np.isfinite(km) else beyond),
    )
    return Sheet(
        t("Off the roads"), columns, tuples(shown[["name", "what", "adcode", "area", "lon", "lat", "far"]])
    )


def haulage_sheet(haulage: pd.DataFrame, digest: Digest) -> Sheet:
    """Return what each outlet takes in and moves on in a year."""
    t = digest.t
    columns = (
        Column(t("Enterprise"), 26), Column(t("Outlet"), 30), Column(t("Kind"), 12),
        Column(t("t a year"), 12, "#,##0.00"), Column(t("Goes on to"), 30), Column(t("km"), 9, "#,##0.0"),
        Column(t("t·km"), 12, "#,##0.000"), Column(t("Cost"), 12, "#,##0.00"),
    )  # fmt: skip
    return Sheet(t("Moving batteries"), columns, tuples(named_haulage(haulage, digest)))
