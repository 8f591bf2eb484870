"""The overview page."""

import streamlit as st

from planner.livemap import paint_data
from planner.pages import session
from planner.pages.mapview import Event, base_path, map_view
from planner.pages.shelf import SHELF
from planner.report_answer import answer


def show() -> None:
    """Show the page."""
    digest = session.digest()
    st.header(session.plain(answer(digest)))
    paint = SHELF.private(session.session_id(), paint_data(digest))
    map_view(
        base_path(), paint, key="overview-map", selected=st.session_state.get("chosen", ""), on_event=_heard
    )
    st.write(st.session_state.get("last"))


def _heard(event: Event) -> None:
    st.session_state["last"] = repr(event)
    if event.kind == "area":
        st.session_state["chosen"] = event.code
