"""Logging in, where the server's secrets name an identity provider; without one the app asks for nobody."""

import streamlit as st

from planner.language import Translator
from planner.pages.session import plain


def asked() -> bool:
    """Tell whether a reader still has to log in."""
    return configured() and not st.user.get("is_logged_in", False)


def configured() -> bool:
    """Tell whether the server has an identity provider: a section `auth` in its secrets."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def ask(t: Translator) -> None:
    """Show nothing but the way in, and end the run."""
    st.header(t("Log in to go on"))
    st.write(t("This server shows its figures only to people it knows."))
    st.button(t("Log in"), type="primary", on_click=st.login, key="log_in")
    st.stop()


def who(t: Translator) -> None:
    """Say who is logged in, with the way out; nothing where nobody has to."""
    if not configured():
        return
    st.caption(t("Logged in as {name}", name=plain(str(st.user.get("name") or st.user.get("email") or "–"))))
    st.button(t("Log out"), on_click=st.logout, key="log_out")
