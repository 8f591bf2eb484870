"""The frame around every page: which pages there are, and the controls they share."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from geodata.schemas import Tables
from planner.language import Language, Translator
from planner.pages import area, data, login, opening, overview, report, rules, scenarios, session, trysites
from planner.rules.ruleset import RuleSet
from planner.rules.wording import title_in
from planner.work import obstacles

LANGUAGES = {str(Language.ENGLISH): "English", str(Language.CHINESE): "中文"}
STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-left: 2rem; padding-right: 2rem; padding-bottom: 3rem; }
[data-testid="stMetric"] { padding-bottom: 0; }
</style>"""
"""Maps and tables stand beside each other: they need the width that Streamlit leaves free."""


def navigation() -> StreamlitPage:
    """Return the page that the address names, with the controls drawn beside it."""
    session.begin()
    opening.open_asked()
    t = session.language()
    unknown = login.asked()
    st.html(STYLE)
    page = st.navigation(pages(t), position="hidden" if unknown else "top")
    if unknown:
        login.ask(t)
    with st.sidebar:
        controls(t)
        login.who(t)
    return page


def pages(t: Translator) -> list[StreamlitPage]:
    """Return the pages, titled in the reader's language; their addresses are the same in all."""
    shown: list[tuple[str, str, str, Callable[[], None]]] = [
        ("", t("Overview"), ":material/map:", overview.show),
        ("area", t("Area"), ":material/location_city:", area.show),
        ("try", t("Try sites"), ":material/add_location:", trysites.show),
        ("scenarios", t("Scenarios"), ":material/bookmarks:", scenarios.show),
        ("data", t("Data"), ":material/table:", data.show),
        ("rules", t("Rules"), ":material/gavel:", rules.show),
        ("report", t("Report"), ":material/description:", report.show),
    ]
    return [
        st.Page(show, title=title, icon=icon, url_path=path or "overview", default=not path)
        for path, title, icon, show in shown
    ]


def controls(t: Translator) -> None:
    """Draw the controls in the order of thought: language, data, rules, year, enterprise."""
    st.segmented_control(
        "Language / 语言", list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="language",
        required=True, on_change=_language_chosen,
    )  # fmt: skip
    current = session.work()
    _data(t)
    _rules(t)
    years = sorted((int(year) for year in session.tables().sales["year"].unique()), reverse=True)
    st.session_state["year"] = current.scenario.year
    st.selectbox(t("Year"), years, key="year", on_change=_year_chosen)
    names = sorted(str(name) for name in session.tables().sales["enterprise"].unique())
    if st.session_state.get("focus") not in names:
        st.session_state["focus"] = None
    st.selectbox(t("Enterprise"), names, index=None, placeholder=t("All enterprises"), key="focus")


def _data(t: Translator) -> None:
    names = session.sample_names(t) | {
        key: _own_name(number, one, t) for number, (key, one) in enumerate(session.own_tables().items(), 1)
    }
    st.session_state["data"] = session.work().data
    st.selectbox(t("Data"), list(names), format_func=names.__getitem__, key="data", on_change=_data_chosen)


def _own_name(number: int, tables: Tables, t: Translator) -> str:
    name = t("My sample {number}", number=number) if tables.sample else t("My tables {number}", number=number)
    return name if tables.roads is None else t("{name}, with roads", name=name)


def _rules(t: Translator) -> None:
    sets = session.rule_sets()
    current = session.work().rules
    sets.setdefault(current.id, current)
    st.session_state["rules"] = current.id
    st.selectbox(
        t("Rules"), list(sets), key="rules",
        on_change=lambda: _rules_chosen(sets[st.session_state["rules"]]),
    )  # fmt: skip
    for message in st.session_state.pop("rules_refused", ()):
        st.warning(session.plain(t(message)))
    st.caption(session.plain(title_in(current, t.language)))


def _rules_chosen(chosen: RuleSet) -> None:
    """Hold the network against other rules, if what they ask can be measured."""
    refused = obstacles(session.work().model_copy(update={"rules": chosen}), session.tables())
    if refused:
        st.session_state["rules_refused"] = refused
    else:
        session.change(rules=chosen)


def _language_chosen() -> None:
    st.query_params["lang"] = st.session_state["language"]


def _year_chosen() -> None:
    scenario = session.work().scenario
    session.change(scenario=scenario.model_copy(update={"year": st.session_state["year"]}))


def _data_chosen() -> None:
    session.use_tables(st.session_state["data"])
