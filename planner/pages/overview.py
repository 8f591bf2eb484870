"""The overview page."""

import streamlit as st

from planner.pages import session
from planner.report_answer import answer


def show() -> None:
    """Show the page."""
    st.header(session.plain(answer(session.digest())))
