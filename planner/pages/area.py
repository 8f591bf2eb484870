"""The area page: how one area stands, by one enterprise or by all, and how it goes on."""

from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from geodata.messages import say
from planner.areaview import AreaView, answer, figures, haulage_in, nearest_point, requirements
from planner.charts import BLUE, ORANGE
from planner.language import Translator
from planner.pages import places, session, trysites, ways
from planner.pages.mapview import Event, Mode, base_path, map_view
from planner.pages.tables import table_height
from planner.report_haulage import haulage_lines, named_haulage
from planner.report_service import way_words

HEIGHT = 620
MOST_PLACES = 1_000
"""Places of sales that a way can be chosen from; a click finds no others."""
MODES: tuple[Mode, ...] = ("select", "add")
FADED = "#9A9A9A"
WAYS = {
    "to": say("{way} to {outlet}, for {enterprises}"),
    "back": say("{way} from {outlet}, for {enterprises}"),
    "both": say("{way} on average to {outlet} and back, for {enterprises}"),
}
"""A way in words, by the direction that is measured."""
COLUMNS = ("status", "rule", "required", "have", "short", "enterprise", "unit", "assumed", "todo", "source")


def show() -> None:
    """Show the page."""
    t = session.language()
    adcode = places.chosen(t)
    if not adcode:
        st.info(t("Choose an area: by its Chinese or English name, in pinyin, or by its code."))
        return
    enterprise = session.enterprise()
    with st.spinner(t("Reading the area…")):
        shown = places.view(adcode, enterprise, _growth())
        base, paint = base_path(), places.paint_path(adcode, enterprise)
    _head(shown, t)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _map(shown, base, paint, t)
    with right:
        _requirements(shown, t)
    _haulage(shown, t)
    _forecast(shown, t)
    _points(shown, t)


def _map(shown: AreaView, base: str, paint: str, t: Translator) -> None:
    """Draw the map; where it is measured by road, with the way from a place of sales to its outlet."""
    found, mode = _way(shown, t) if ways.by_road() else (None, MODES[0])
    map_view(base, paint, key="area_map", height=HEIGHT, focus=[shown.adcode], mode=mode,
             ways=[] if found is None else ways.drawn_ways(found, t),
             on_event=lambda event: _clicked(event, shown))  # fmt: skip
    if found is None:
        st.caption(t("Click a neighbouring area to go there."))
    else:
        _way_words(found, shown, t)


def _clicked(event: Event, shown: AreaView) -> None:
    if event.kind == "area" and event.code and event.code != shown.adcode:
        places.go_to(event.code)
    elif event.kind == "point" and event.lon is not None and event.lat is not None:
        near = nearest_point(_sold(shown), event.lon, event.lat)
        if near:
            st.session_state["way_from"] = near


def _way(shown: AreaView, t: Translator) -> tuple[gpd.GeoDataFrame | None, Mode]:
    """Draw the choice of the place that a way is shown from, and return its ways and what a click means."""
    sold = _sold(shown)
    if sold.empty:
        return None, MODES[0]
    labels = {
        str(point): t("{place}: {units} sold", place=str(point), units=t.number(float(units), 0))
        for point, units in zip(sold["point_id"], sold["quantity"], strict=True)
    }
    if st.session_state.get("way_from") not in labels:
        st.session_state["way_from"] = None
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    point = left.selectbox(
        t("Way to the nearest outlet from"), list(labels), format_func=labels.__getitem__, key="way_from",
        placeholder=t("Choose a place of sales, the largest first"),
    )  # fmt: skip
    words = dict(zip(MODES, (t("chooses areas"), t("shows a way")), strict=True))
    mode = right.segmented_control(
        t("A click on the map"), MODES, format_func=words.__getitem__, default=MODES[0], required=True,
        key="area_mode",
    )  # fmt: skip
    return (ways.ways(shown.adcode, shown.enterprise, point) if point else None), mode or MODES[0]


def _sold(shown: AreaView) -> pd.DataFrame:
    """Return the places with sales, the largest first, as many as a list may have."""
    sold = shown.points[shown.points["quantity"] > 0]
    return sold.sort_values("quantity", ascending=False).head(MOST_PLACES)


def _way_words(found: gpd.GeoDataFrame, shown: AreaView, t: Translator) -> None:
    """Say how long the ways are that the map shows, and to which outlet they lead."""
    if found.empty:
        st.caption(t("No outlet that counts for these sales can be reached from there by road."))
        return
    names = dict(zip(shown.outlets["outlet_id"], shown.outlets["name"], strict=True))
    for row in pd.DataFrame(found).to_dict("records"):
        off = "" if row["on_road"] else " " + t("(an end is off the roads: estimated)")
        st.text(
            t(
                WAYS[session.work().scenario.roads.direction].template,
                way=way_words(float(row["km"]), float(row["minutes"]), t),
                outlet=names.get(row["outlet_id"], row["outlet_id"]),
                enterprises=str(row["enterprises"]).replace(";", ", "),
            )
            + off
        )


def _head(shown: AreaView, t: Translator) -> None:
    whose = shown.enterprise or t("All enterprises")
    st.header(session.plain(answer(shown, t)))
    st.caption(session.plain(f"{shown.adcode} · {whose}"))
    session.mark_sample(t)
    columns = st.columns(5)
    for column, figure in zip(columns, figures(shown, session.study(), t), strict=False):
        column.metric(session.plain(figure.label), figure.value)
        column.caption(session.plain(figure.note))
    if st.button(t("Try sites here"), icon=":material/add_location:", key="to_try"):
        page = st.Page(trysites.show, url_path="try")
        st.switch_page(page, query_params={"adcode": shown.adcode, "lang": str(t.language)})


def _requirements(shown: AreaView, t: Translator) -> None:
    st.subheader(t("Requirements"))
    table = requirements(shown, session.work().rules, t)
    if table.empty:
        st.info(t("No duty here: the enterprise sells nothing in this area, or the rules do not bind it."))
        return
    hidden = ["rule_id", "role", *([] if not shown.enterprise else ["enterprise"])]
    chosen = st.dataframe(
        table.drop(columns=hidden),
        hide_index=True,
        height=table_height(len(table), most=460),
        column_order=COLUMNS,
        column_config=requirement_columns(t),
        on_select="rerun",
        selection_mode="single-row",
        key="area_requirements",
    )
    if len(shown.duties) > len(table):
        st.caption(t("The worst {shown} of {total} are shown; choose an enterprise to see all of its.",
                     shown=t.number(len(table)), total=t.number(len(shown.duties))))  # fmt: skip
    rows = chosen["selection"]["rows"]
    row = table.iloc[rows[0] if rows and rows[0] < len(table) else 0]
    st.text(row["todo"])
    st.text(t("Source: {source}", source=row["source"]) + (f" ({row['assumed']})" if row["assumed"] else ""))


def requirement_columns(t: Translator) -> dict[str, Any]:
    """Return the titles of the columns of requirements."""
    column = st.column_config.TextColumn
    return {
        "status": column(t("Status"), width="small"),
        "rule": t("Rule"),
        "enterprise": column(t("Enterprise"), width="medium"),
        "required": column(t("Required"), width="small"),
        "have": column(t("Have"), width="small"),
        "short": column(t("Short"), width="small"),
        "unit": t("Unit"),
        "todo": t("What to do"),
        "source": t("Source"),
        "assumed": t("Assumed"),
    }


def _haulage(shown: AreaView, t: Translator) -> None:
    """Show what moving comes to in a year, where recyclers or a price make it a question."""
    found = haulage_in(session.study(), shown.adcode, shown.enterprise)
    if found is None:
        return
    digest = session.digest()
    st.subheader(t("Moving batteries, in a year"))
    if found.empty:
        st.info(t("No outlet here takes anything in."))
        return
    for line in haulage_lines(found, digest):
        st.text(line)
    number = st.column_config.NumberColumn
    st.dataframe(
        named_haulage(found, digest),
        hide_index=True,
        height=table_height(len(found), most=300),
        column_config={
            "enterprise": t("Enterprise"), "outlet": t("Outlet"), "kind": t("Kind"),
            "tonnes": number(t("t a year"), format="%.2f"), "to": t("Goes on to"),
            "km": number(t("km"), format="%.1f"), "tonne_km": number(t("t·km"), format="%.3f"),
            "cost": number(t("Cost"), format="%.2f"),
        },
    )  # fmt: skip


def _growth() -> float | None:
    percent = st.session_state.get("area_growth")
    return None if percent is None else float(percent) / 100


def _forecast(shown: AreaView, t: Translator) -> None:
    st.subheader(t("In use and retired, by year"))
    if shown.years.empty:
        st.info(t("No sales here, so nothing comes back."))
        return
    st.number_input(
        t("Growth of sales after the table's last year, % a year"), -50.0, 100.0, value=None, step=1.0,
        placeholder=t("no further sales"), key="area_growth",
    )  # fmt: skip
    year = session.work().scenario.year
    past, ahead = t("until {year}", year=year), t("forecast")
    left, right = st.columns(2)
    for column, name, title, colour in (
        (left, "stock", t("In use at the end of the year"), BLUE),
        (right, "retired_t", t("Retired batteries, t a year"), ORANGE),
    ):
        column.caption(title)
        column.bar_chart(_by_time(shown.years, name, year, past, ahead), color=[colour, FADED],
                         x_label=t("Year"), y_label="", height=260)  # fmt: skip
    with st.expander(t("The figures as a table")):
        _years(shown.years, t)
    st.caption(t("Modelled from sales by chemistry; lives and weights are assumed, see the rules page."))


def _years(years: pd.DataFrame, t: Translator) -> None:
    st.dataframe(
        years.assign(year=years["year"].astype(str)),
        hide_index=True,
        column_config={
            "year": t("Year"),
            "sales": st.column_config.NumberColumn(t("Sold"), format="localized", step=1),
            "stock": st.column_config.NumberColumn(t("In use"), format="localized", step=1),
            "retired_t": st.column_config.NumberColumn(t("Retired, t"), format="localized", step=0.1),
        },
    )


def _by_time(years: pd.DataFrame, name: str, year: int, past: str, ahead: str) -> pd.DataFrame:
    """Return a column as two, until the study's year and after it, so that they have colours of their own."""
    known = years["year"] <= year
    values = years[name].astype(float)
    return pd.DataFrame(
        {past: values.where(known, 0.0).to_numpy(), ahead: values.where(~known, 0.0).to_numpy()},
        index=years["year"].astype(str).to_numpy(),
    )


def _points(shown: AreaView, t: Translator) -> None:
    with st.expander(t("Places of sales, and outlets")):
        left, right = st.columns(2)
        left.caption(t("Where vehicles are sold (assumed spread), and which part has an outlet near"))
        points = shown.points.sort_values("quantity", ascending=False)
        left.dataframe(
            points.assign(reached=100 * points["reached"]),
            hide_index=True,
            column_config={
                "point_id": t("Place"),
                "lon": t("Longitude"),
                "lat": t("Latitude"),
                "quantity": st.column_config.NumberColumn(t("Sold"), format="localized", step=1),
                "reached": st.column_config.NumberColumn(t("Within reach, %"), format="%.1f"),
            },
        )
        right.caption(t("Existing outlets"))
        names = ["outlet_id", "name", "kind", "lon", "lat", "stock_cap_t", "enterprises"]
        right.dataframe(
            pd.DataFrame(shown.outlets[names]),
            hide_index=True,
            column_config={
                "outlet_id": t("Id"), "name": t("Name"), "kind": t("Kind"), "lon": t("Longitude"),
                "lat": t("Latitude"), "stock_cap_t": t("Capacity, t"), "enterprises": t("Enterprises"),
            },
        )  # fmt: skip
