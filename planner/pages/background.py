"""The server's background work, and this session's part of it."""

from collections.abc import Callable

import streamlit as st

from planner.jobs import Jobs, Report
from planner.pages import session


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return the jobs of all sessions of this server."""
    return Jobs()


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda name: jobs().forget(name))
def _stay(name: str) -> str:
    """Stop a session's jobs when Streamlit lets go of it."""
    return name


def start(name: str, function: Callable[..., object], *args: object, limit_s: float) -> None:
    """Start this session's job of a name; one that runs is stopped."""
    cancel(name)
    own = _stay(session.session_id())
    st.session_state[_key(name)] = jobs().start(function, *args, session=own, limit_s=limit_s)


def has(name: str) -> bool:
    """Tell whether a job of a name was started that is not fetched yet."""
    return st.session_state.get(_key(name)) is not None


def report(name: str) -> Report | None:
    """Return how the job of a name stands; None where there is none."""
    job = st.session_state.get(_key(name))
    return None if job is None else jobs().report(job, session.session_id())


def fetch(name: str) -> Report | None:
    """Return the same, and forget the job if it is over."""
    job = st.session_state.get(_key(name))
    found = None if job is None else jobs().fetch(job, session.session_id())
    if found is None or found.over:
        st.session_state.pop(_key(name), None)
    return found


def cancel(name: str) -> None:
    """Stop the job of a name, if one runs."""
    job = st.session_state.get(_key(name))
    if job is not None:
        jobs().cancel(job, session.session_id())


def _key(name: str) -> str:
    return f"job_{name}"
