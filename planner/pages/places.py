"""What the pages about one area share: which area it is, and what is kept of it for all who ask the same."""

from collections.abc import Callable

import streamlit as st

from planner.areaview import AreaView, area_view, enterprises_owing, search_labels
from planner.ground import Ground, ground_of
from planner.language import Translator
from planner.livemap import area_paint
from planner.overview import Filters, narrowed
from planner.pages import session, ways
from planner.pages.shelf import SHELF
from planner.report_digest import Digest, digest_of


def chosen(t: Translator) -> str:
    """Draw the search for an area and return the adcode chosen; "" where none is yet.

    The address says which one it is; where it says nothing, the one looked at last.
    """
    names = search_labels(session.tables(), t)
    state = st.session_state
    asked = st.query_params.get("adcode", "") or state.get("adcode", "")
    code = asked if asked in names else ""
    if asked and not code:
        st.warning(
            t("There is no area {adcode} in these tables. Choose another.", adcode=session.plain(asked))
        )
    state["area"] = code or None
    st.selectbox(
        t("Area"),
        sorted(names, key=names.__getitem__),
        format_func=names.__getitem__,
        key="area",
        placeholder=t("Search: 深圳, Shenzhen or 440300"),
        on_change=lambda: go_to(st.session_state["area"] or ""),
    )
    if code:
        go_to(code)
    return code


def go_to(adcode: str) -> None:
    """Look at an area: in the address, and when the pages are changed."""
    st.session_state["adcode"] = adcode
    if adcode and st.query_params.get("adcode") != adcode:
        st.query_params["adcode"] = adcode
    if not adcode and "adcode" in st.query_params:
        del st.query_params["adcode"]


def names() -> dict[str, str]:
    """Return the names of areas and provinces in the reader's language, by code."""
    return session.digest().names


def digest(enterprise: str) -> Digest:
    """Return the checked network of an enterprise, or of all, counted up in the session's language."""
    if not enterprise:
        return session.digest()
    t, study = session.language(), session.study()
    return _digest(session.work().checked, str(t.language), enterprise,
                   lambda: digest_of(narrowed(study, Filters(enterprise=enterprise)), t))  # fmt: skip


def view(adcode: str, enterprise: str, growth: float | None = None) -> AreaView:
    """Return what there is to say of an area."""
    t, counted = session.language(), session.digest()
    return _view(session.work().checked, str(t.language), adcode, enterprise, growth,
                 lambda: area_view(counted, adcode, enterprise=enterprise, growth=growth))  # fmt: skip


def owing(adcode: str) -> list[str]:
    """Return the enterprises with a duty in an area, the one that lacks most first."""
    return _owing(session.work().checked, adcode, lambda: enterprises_owing(session.study(), adcode))


def ground(adcode: str, enterprise: str) -> Ground:
    """Return what an enterprise's findings in an area depend on."""
    current, tables = session.work(), session.tables()

    def made() -> Ground:
        found = ground_of(tables, current.rules, current.scenario, enterprise=enterprise, adcode=adcode)
        assert found.before is not None  # worked out once, before anybody shares it
        return found

    return _ground(current.checked, adcode, enterprise, made)


def paint_path(adcode: str, enterprise: str) -> str:
    """Return where the colours, points and cards of an area's map lie."""
    t, counted, shown = session.language(), digest(enterprise), view(adcode, enterprise)
    reach_km = None if shown.within is None else shown.within.circle_km
    content = _paint(session.work().checked, str(t.language), adcode, enterprise,
                     lambda: area_paint(counted, adcode, reach_km=reach_km, unreached=shown.unreached,
                                        zones=ways.zones(adcode, enterprise)))  # fmt: skip
    return SHELF.private(session.session_id(), content)


@st.cache_resource(show_spinner=False, max_entries=24)
def _digest(key: str, language: str, enterprise: str, _make: Callable[[], Digest]) -> Digest:  # noqa: ARG001
    return _make()


@st.cache_resource(show_spinner=False, max_entries=200)
def _view(
    key: str,  # noqa: ARG001  # what the cache knows it by
    language: str,  # noqa: ARG001
    adcode: str,  # noqa: ARG001
    enterprise: str,  # noqa: ARG001
    growth: float | None,  # noqa: ARG001
    _make: Callable[[], AreaView],
) -> AreaView:
    return _make()


@st.cache_resource(show_spinner=False, max_entries=400)
def _owing(key: str, adcode: str, _make: Callable[[], list[str]]) -> list[str]:  # noqa: ARG001
    return _make()


@st.cache_resource(show_spinner=False, max_entries=100)
def _ground(key: str, adcode: str, enterprise: str, _make: Callable[[], Ground]) -> Ground:  # noqa: ARG001
    return _make()


@st.cache_resource(show_spinner=False, max_entries=60)
def _paint(key: str, language: str, adcode: str, enterprise: str, _make: Callable[[], bytes]) -> bytes:  # noqa: ARG001
    return _make()
