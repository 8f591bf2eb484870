"""What the overview page looks at, kept while other pages are read, and what it has counted up for it."""

from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from planner.check import reached_sales
from planner.language import Translator
from planner.overview import Filters, narrowed, rules_to_choose
from planner.pages import area as areapage
from planner.pages import session, trysites
from planner.report_digest import Digest, digest_of

KEPT = "overview"
ADDRESS = "province"


def begin() -> None:
    """Take up the province the address names, the enterprise chosen beside, and drop what is not there."""
    if KEPT not in st.session_state:
        st.session_state[KEPT] = Filters(province=str(st.query_params.get(ADDRESS, "")))
    provinces = set(session.tables().areas["province_adcode"])
    rules = rules_to_choose(session.study())
    now = filters()
    _keep(
        now.model_copy(
            update={
                "enterprise": session.enterprise(),
                "province": now.province if now.province in provinces else "",
                "rule": now.rule if now.rule in rules else "",
            }
        )
    )


def filters() -> Filters:
    """Return what is looked at."""
    found: Filters = st.session_state[KEPT]
    return found


def area() -> str:
    """Return the area chosen, "" for none."""
    return str(st.session_state.get("overview_area", ""))


def outlet() -> str:
    """Return the outlet chosen, "" for none."""
    return str(st.session_state.get("overview_outlet", ""))


def widget(name: str) -> str:
    """Return the key of a filter's widget."""
    return f"overview_{name}"


def take(name: str) -> None:
    """Take over what was chosen for a filter."""
    narrow(**{name: str(st.session_state[widget(name)] or "")})


def narrow(**fields: str) -> None:
    """Look at less, or at something else; another province lets go of the area chosen."""
    if "province" in fields:
        choose("")
    _keep(filters().model_copy(update=fields))


def whole() -> None:
    """Look at the whole country again, under the same rule and role."""
    narrow(province="")


def choose(code: str) -> None:
    """Choose an area, "" for none."""
    st.session_state["overview_area"] = code
    st.session_state["overview_outlet"] = ""


def choose_outlet(code: str) -> None:
    """Choose an outlet, and the area it stands in; "" for none."""
    outlets = session.tables().outlets
    stands = outlets.loc[outlets["outlet_id"].astype(str) == code, "adcode"]
    if len(stands):
        st.session_state["overview_area"] = str(stands.iloc[0])
    st.session_state["overview_outlet"] = code if len(stands) else ""


def look_at(enterprise: str) -> None:
    """Look at one enterprise on all pages, "" for all of them."""
    st.session_state["focus"] = enterprise or None


def _keep(now: Filters) -> None:
    st.session_state[KEPT] = now
    if now.province:
        if st.query_params.get(ADDRESS) != now.province:
            st.query_params[ADDRESS] = now.province
    elif ADDRESS in st.query_params:
        del st.query_params[ADDRESS]


def area_page() -> StreamlitPage:
    """Return the page about one area, to link to."""
    return st.Page(areapage.show, url_path="area")


def try_page() -> StreamlitPage:
    """Return the page where sites are tried, to link to."""
    return st.Page(trysites.show, url_path="try")


def digest(t: Translator) -> Digest:
    """Return the network of the enterprise, rule and role looked at, counted up over the whole country."""
    wanted = filters().of_map
    if wanted == Filters():
        return session.digest()
    study = session.study()
    key = (session.work().checked, str(t.language), wanted.model_dump_json())
    return _digest(*key, lambda: digest_of(narrowed(study, wanted), t))


def reached() -> pd.DataFrame:
    """Return the sales near outlets, by enterprise and area."""
    current, tables = session.work(), session.tables()
    return _reached(current.checked, lambda: reached_sales(tables, current.rules, current.scenario))


def paint(t: Translator, make: Callable[[], bytes]) -> bytes:
    """Return the map's colours, points and cards for what is looked at."""
    return _paint(session.work().checked, str(t.language), filters().of_map.model_dump_json(), make)


@st.cache_resource(show_spinner=False, max_entries=24)
def _digest(key: str, language: str, filters: str, _make: Callable[[], Digest]) -> Digest:  # noqa: ARG001
    return _make()


@st.cache_resource(show_spinner=False, max_entries=12)
def _reached(key: str, _make: Callable[[], pd.DataFrame]) -> pd.DataFrame:  # noqa: ARG001
    return _make()


@st.cache_resource(show_spinner=False, max_entries=24)
def _paint(key: str, language: str, filters: str, _make: Callable[[], bytes]) -> bytes:  # noqa: ARG001
    return _make()
