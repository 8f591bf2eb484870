"""The overview page: does the network comply, where does it not, and where to look next."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from maps.palette import MARKS
from planner.language import Translator
from planner.livemap import paint_data
from planner.overview import (
    Ranking,
    area_duties,
    area_ranking,
    enterprise_ranking,
    in_province,
    key_figures,
    outlet_list,
    province_ranking,
    provinces_to_choose,
    roles_to_choose,
    rules_to_choose,
)
from planner.pages import overviewstate as state
from planner.pages import session
from planner.pages.mapview import Event, base_path, map_view, paint_path
from planner.pages.tables import table_height
from planner.report_answer import answer
from planner.report_digest import Digest, status_words

HEIGHT = 640
STATUSES = ("short", "unknown", "met", "none")


def show() -> None:
    """Show the page."""
    t = session.language()
    state.begin()
    with st.spinner(t("Checking the network…")):
        whole = state.digest(t)
    looked = in_province(whole, state.filters().province)
    st.header(session.plain(answer(looked)))
    if looked.with_duty().empty:
        st.info(t("Choose another enterprise, province, rule or role, or other rules on the left."))
    _notes(t)
    _figures(looked)
    _filters(whole, t)
    if state.filters().province or state.area():
        _path(whole, t)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        _areas(looked, t)
    with left:
        _map(whole, looked, t)
    _details(whole, t)
    _bars(whole, looked, t)


def _notes(t: Translator) -> None:
    session.mark_sample(t)
    tried = len(session.work().draft.sites)
    if tried:
        said = t.plural(
            "{n} site is being tried; the figures are of the network as it is.",
            "{n} sites are being tried; the figures are of the network as it is.",
            tried,
        )
        st.page_link(state.try_page(), label=said, icon=":material/add_location:", query_params=_language(t))


def _figures(looked: Digest) -> None:
    shown = key_figures(looked, state.reached(), state.filters())
    for column, figure in zip(st.columns(5), shown, strict=False):
        column.metric(session.plain(figure.label), figure.value)
        column.caption(session.plain(figure.note))


def _filters(whole: Digest, t: Translator) -> None:
    chosen, study = state.filters(), session.study()
    offered: list[tuple[str, str, dict[str, str], str]] = [
        ("province", t("Province"), provinces_to_choose(whole), t("The whole country")),
        ("rule", t("Rule"), {name: t(rule.statement()) for name, rule in rules_to_choose(study).items()},
         t("All rules")),
        ("role", t("Role"), roles_to_choose(study, t), t("All roles")),
    ]  # fmt: skip
    for column, (name, label, names, everything) in zip(st.columns([1, 2, 1]), offered, strict=True):
        key = state.widget(name)
        now = getattr(chosen, name)
        st.session_state[key] = now if now in names else None
        with column:
            st.selectbox(label, list(names), format_func=names.__getitem__, placeholder=everything, key=key,
                         on_change=state.take, args=(name,))  # fmt: skip


def _path(whole: Digest, t: Translator) -> None:
    """Draw the way down: nation, province, area, each leading back."""
    province, area = state.filters().province, state.area()
    steps: list[tuple[str, str, Callable[[], None]]] = [("nation", t("The whole country"), state.whole)]
    if province:
        name = whole.names.get(province) or province
        steps.append(("province", name, lambda: state.narrow(province=province)))
    if area in whole.names:
        steps.append(("area", whole.names[area], lambda: None))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for at, (key, name, act) in enumerate(steps):
            here = at == len(steps) - 1
            label = ("" if at == 0 else "› ") + session.plain(name)
            st.button(label, key=f"overview_path_{key}", type="tertiary", on_click=act, disabled=here)


def _areas(looked: Digest, t: Translator) -> None:
    words = status_words(t)
    st.segmented_control(
        t("Status"), STATUSES, format_func=lambda name: f"{MARKS[name]} {words[name]}",
        key="overview_status", label_visibility="collapsed",
    )  # fmt: skip
    ranking = area_ranking(looked, str(st.session_state.get("overview_status") or ""))
    if not ranking.codes:
        st.info(t("No area has this status here. Choose another, or none for all."))
        return
    frame = ranking.frame
    if state.filters().province:
        frame = frame.drop(columns=[t("Province")])
    widths = {
        t("Status"): st.column_config.TextColumn(width=78),
        t("Area"): st.column_config.TextColumn(width=100),
        t("Province"): st.column_config.TextColumn(width=90),
        t("Missing"): st.column_config.NumberColumn(width=62, format="localized"),
    }
    _table(frame, ranking.codes, state.area(), "overview_areas", state.choose,
           height=HEIGHT - 90, columns=widths)  # fmt: skip
    note = t("Missing: outlets that its enterprises lack at least. Choose a row to see it on the map.")
    st.caption(note)


def _table(
    frame: pd.DataFrame,
    codes: tuple[str, ...],
    chosen: str,
    key: str,
    act: Callable[[str], None],
    *,
    height: int,
    columns: Mapping[str, ColumnConfig] | None = None,
) -> None:
    """Show a table whose chosen row is the thing chosen, wherever it was chosen."""
    rows = [codes.index(chosen)] if chosen in codes else []
    st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}

    def heard() -> None:
        taken = st.session_state[key]["selection"]["rows"]
        act(codes[taken[0]] if taken and taken[0] < len(codes) else "")

    st.dataframe(
        frame,
        hide_index=True,
        height=table_height(len(frame), most=height),
        column_config={**_columns(frame), **(columns or {})},
        on_select=heard,
        selection_mode="single-row",
        key=key,
    )


def _columns(frame: pd.DataFrame) -> dict[str, ColumnConfig]:
    """Return how numbers are written: as the reader's language does, to the last digit."""
    numbers = frame.select_dtypes("number").columns
    return {str(name): st.column_config.NumberColumn(format="localized") for name in numbers}


def _map(whole: Digest, looked: Digest, t: Translator) -> None:
    province = state.filters().province
    content = state.paint(t, lambda: paint_data(whole))
    map_view(
        base_path(),
        paint_path(content),
        key="overview_map",
        height=HEIGHT,
        selected=state.outlet() or state.area(),
        focus=looked.areas["adcode"].tolist() if province else (),
        on_event=_clicked,
    )


def _clicked(event: Event) -> None:
    if event.kind == "area":
        state.choose(event.code)
    elif event.kind == "outlet":
        state.choose_outlet(event.code)
    elif event.kind == "province":
        state.narrow(province=event.code)


def _details(whole: Digest, t: Translator) -> None:
    """Show what is short in the area chosen, its outlets, and the way to its page."""
    area = state.area()
    if area not in set(whole.areas["adcode"]):
        return
    st.subheader(session.plain(whole.names[area]))
    where = {"adcode": area, **_language(t)}
    with st.container(horizontal=True):
        st.page_link(
            state.area_page(), label=t("Open area"), icon=":material/location_city:", query_params=where
        )
        st.page_link(
            state.try_page(), label=t("Try sites here"), icon=":material/add_location:", query_params=where
        )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _duties(whole, area, t)
    with right:
        outlets = outlet_list(whole, area)
        st.caption(t.plural("{n} existing outlet", "{n} existing outlets", len(outlets.codes)))
        if outlets.codes:
            _table(outlets.frame, outlets.codes, state.outlet(), "overview_outlets", state.choose_outlet,
                   height=320)  # fmt: skip


def _duties(whole: Digest, area: str, t: Translator) -> None:
    frame = area_duties(whole, area)
    if frame.empty:
        st.text(t("No duty here: the enterprise sells nothing in this area, or the rules do not bind it."))
        return
    wide = {t("Finding and what to do"): st.column_config.TextColumn(width="large")}
    st.dataframe(frame, hide_index=True, height=table_height(len(frame), most=360), column_config=wide)


def _bars(whole: Digest, looked: Digest, t: Translator) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader(t("By province"))
        _ranked(province_ranking(whole), state.filters().province, "overview_provinces",
                lambda code: state.narrow(province=code), t)  # fmt: skip
    with right:
        st.subheader(t("By enterprise"))
        _ranked(enterprise_ranking(looked), session.enterprise(), "overview_enterprises", state.look_at, t)


def _ranked(ranking: Ranking, chosen: str, key: str, act: Callable[[str], None], t: Translator) -> None:
    if ranking.frame.empty:
        st.text(t("No duty here."))
        return
    missing = t("Outlets missing")
    most = max(1, int(ranking.frame[missing].max()))
    bars = st.column_config.ProgressColumn(format="localized", min_value=0, max_value=most, color="#D55E00")
    _table(ranking.frame, ranking.codes, chosen, key, act, height=400, columns={missing: bars})


def _language(t: Translator) -> dict[str, str]:
    return {"lang": str(t.language)}
