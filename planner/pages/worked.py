"""Any work as a study, its tried sites included: made once, and kept for all who ask for the same."""

from collections.abc import Callable

import streamlit as st

from geodata.schemas import Tables
from planner.drafted import drafted_study
from planner.livemap import paint_data
from planner.pages import session
from planner.report_digest import Digest, digest_of
from planner.study import Study
from planner.work import Work


def study_of(work: Work, tables: Tables) -> Study:
    """Return the study of a work: a check, or with tried sites a study with a plan."""
    checked = session.checked_study(work, tables)
    return _drafted(work.key, lambda: drafted_study(checked, work.settled)) if work.draft.sites else checked


def digest_for(work: Work, tables: Tables) -> Digest:
    """Return the same counted up in the session's language."""
    t, study = session.language(), study_of(work, tables)
    return _digest(work.key, str(t.language), lambda: digest_of(study, t))


def paint_for(work: Work, tables: Tables) -> bytes:
    """Return how the map shows it, in the session's language."""
    digest = digest_for(work, tables)
    return _paint(work.key, str(digest.t.language), lambda: paint_data(digest))


@st.cache_resource(show_spinner=False, max_entries=12)
def _paint(key: str, language: str, _make: Callable[[], bytes]) -> bytes:  # noqa: ARG001
    return _make()


@st.cache_resource(show_spinner=False, max_entries=6)
def _drafted(key: str, _make: Callable[[], Study]) -> Study:  # noqa: ARG001  # what the cache knows it by
    return _make()


@st.cache_resource(show_spinner=False, max_entries=12)
def _digest(key: str, language: str, _make: Callable[[], Digest]) -> Digest:  # noqa: ARG001
    return _make()
