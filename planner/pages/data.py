"""The data page."""

import streamlit as st

from planner.pages import session


def show() -> None:
    """Show the page."""
    t = session.language()
    st.header(t("Overview"))
