"""A page without a browser: the session begun, the frame's controls, and the page itself."""

from collections.abc import Callable, Mapping

from streamlit.testing.v1 import AppTest

SECONDS = 120


def page(
    name: str,
    *,
    lang: str = "en",
    query: Mapping[str, str] | None = None,
    setup: Callable[[], None] | None = None,
) -> AppTest:
    """Return a page that has run once.

    Parameters
    ----------
    name
        Of the module in `planner.pages`.
    query
        What the address says beside the language.
    setup
        Called once when the session has begun, before anything is drawn: it changes the work.
    """
    test = AppTest.from_function(_script, default_timeout=SECONDS, kwargs={"name": name, "setup": setup})
    for key, value in {"lang": lang, **(query or {})}.items():
        test.query_params[key] = value
    return test.run()


def texts(test: AppTest) -> str:
    """Return all words on a page, one element to a line."""
    shown = [*test.main, *test.sidebar]
    parts = [getattr(one, part, "") for one in shown for part in ("label", "value", "body")]
    return "\n".join(part for part in parts if isinstance(part, str) and part)


def _script(name, setup):  # runs by its text alone, so it imports what it needs and has no annotations
    from importlib import import_module

    import streamlit as st

    from planner.pages import frame, opening, session

    session.begin()
    opening.open_asked()
    if setup is not None and "_set_up" not in st.session_state:
        st.session_state["_set_up"] = True
        setup()
    with st.sidebar:
        frame.controls(session.language())
    import_module(f"planner.pages.{name}").show()
