"""What one reader's session holds: the language, the work, the uploaded tables; and what is kept for all."""

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from geodata.sample import SampleSize, write_sample
from geodata.schemas import Tables
from geodata.tables import read_tables
from planner.language import Language, Translator, translator
from planner.pages.shelf import SHELF
from planner.report_digest import Digest, digest_of
from planner.roadintake import data_name
from planner.rules.ruleset import RuleSet, load_rule_set, presets
from planner.scenario import Metric, Scenario
from planner.study import Study, check_study
from planner.work import Work, obstacles

Own = TypeVar("Own")
SAMPLES = tuple(str(size) for size in SampleSize)
MOST_OWN = 3
"""Tables that one session keeps; the oldest go."""
FIRST_RULES = "cn-2026-73"
LANGUAGE_VARIABLE, SAMPLE_VARIABLE = "OUTLET_PLANNER_LANG", "OUTLET_PLANNER_SAMPLE"
"""How `outlet-planner app` says with what the app opens."""


def begin() -> None:
    """Take up what the address asks for, and on the first run what the command asked for."""
    state = st.session_state
    _stay(session_id())
    asked = st.query_params.get("lang") or os.environ.get(LANGUAGE_VARIABLE, "")
    if "language" not in state:
        state["language"] = asked if asked in list(Language) else str(Language.ENGLISH)
    if "work" not in state:
        state["work"] = first_work(first_sample())
    if st.query_params.get("lang") != state["language"]:
        st.query_params["lang"] = state["language"]


def language() -> Translator:
    """Return the translator of the language chosen."""
    return translator(st.session_state["language"])


def work() -> Work:
    """Return what the session works on."""
    found: Work = st.session_state["work"]
    return found


def set_work(changed: Work) -> None:
    """Work on something else from now on."""
    st.session_state["work"] = changed


def change(**fields: object) -> None:
    """Work on with some fields of the work changed."""
    set_work(work().model_copy(update=fields))


def enterprise() -> str:
    """Return the enterprise that is looked at; empty: all of them."""
    return str(st.session_state.get("focus") or "")


def session_id() -> str:
    """Return the name of this session."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def first_sample() -> str:
    """Return the sample that sessions begin with: the command's, or the small one."""
    asked = os.environ.get(SAMPLE_VARIABLE, "")
    return asked if asked in SAMPLES else str(SampleSize.DEMO)


def warm() -> None:
    """Make the sample that sessions begin with, and its check, before anyone asks."""
    first = first_work(first_sample())
    _study(first.checked, lambda: check_study(sample(first.data), first.rules, first.scenario))


def first_work(data: str) -> Work:
    """Return the work a session begins with: a sample under the rules in force."""
    return work_on(data, sample(data))


def work_on(data: str, tables: Tables) -> Work:
    """Return work on some tables: the rules in force, the latest year that has sales."""
    year = int(tables.sales["year"].max())
    return Work(data=data, rules=load_rule_set(FIRST_RULES), scenario=Scenario(year=year))


def use_tables(data: str) -> None:
    """Work on other tables from now on, held against the same rules.

    What was tried and assumed on the tables that are left comes back with them; rules in minutes stay behind
    where there are no roads to measure by.
    """
    current, left = work(), _left()
    if data != current.data:
        left[current.data] = current
        began = left.get(data) or work_on(data, tables_of(data))
        moved = began.model_copy(update={"rules": current.rules})
        set_work(began if obstacles(moved, tables_of(data)) else moved)


def use_roads(changed: Tables) -> None:
    """Work on the same tables with other roads, or with none, from now on; everything else stays.

    Without roads it is measured in straight lines. Tables have the name again that they had without roads.
    """
    current, own = work(), own_tables()
    bases: dict[str, str] = st.session_state.setdefault("road_bases", {})
    has_roads = tables().roads is not None  # without a known base where a saved scenario brought them
    base = bases.get(current.data) or (data_name(current.data, None) if has_roads else current.data)
    own.pop(current.data, None)
    name = base if changed.roads is None else data_name(base, changed.roads)
    bases[name] = base
    if name not in SAMPLES:
        keep_own(own, name, changed, most=MOST_OWN)
    set_work(current.model_copy(update={"data": name, "scenario": _measured(current.scenario, changed)}))


def _measured(scenario: Scenario, changed: Tables) -> Scenario:
    if changed.roads is not None or not scenario.metric.by_road:
        return scenario
    return scenario.model_copy(update={"metric": Metric.GREAT_CIRCLE})


def _left() -> dict[str, Work]:
    """Return the work on other tables that the session still has, by their name."""
    known: dict[str, Work] = st.session_state.get("left", {})
    here = {*SAMPLES, *own_tables()}
    left = st.session_state["left"] = {name: one for name, one in known.items() if name in here}
    return left


def keep_own(own: dict[str, Own], name: str, thing: Own, *, most: int) -> None:
    """Put something among what is the session's own, as the newest; the oldest goes where there are more."""
    own.pop(name, None)
    own[name] = thing
    for old in list(own)[:-most]:
        del own[old]


def sample_names(t: Translator) -> dict[str, str]:
    """Return what the bundled samples are called."""
    return {"demo": t("Sample: 5 enterprises"), "national": t("Sample: 190 makers")}


def mark_sample(t: Translator) -> None:
    """Say so where the tables are a bundled sample."""
    if tables().sample:
        st.caption(t("Sample data: enterprises, sales and outlets are fictional."))


def own_tables() -> dict[str, Tables]:
    """Return the tables this session uploaded, by their digest; no other session has them."""
    found: dict[str, Tables] = st.session_state.setdefault("own_tables", {})
    return found


def own_rules() -> dict[str, RuleSet]:
    """Return the rule sets this session changed or uploaded, by their id."""
    found: dict[str, RuleSet] = st.session_state.setdefault("own_rules", {})
    return found


def rule_sets() -> dict[str, RuleSet]:
    """Return all rule sets a session can choose from: the presets, then its own."""
    return {name: load_rule_set(name) for name in presets()} | own_rules()


def tables_of(data: str) -> Tables:
    """Return tables by their name; KeyError where this session doesn't have them."""
    return sample(data) if data in SAMPLES else own_tables()[data]


def tables() -> Tables:
    """Return the tables that are worked on."""
    return tables_of(work().data)


def study() -> Study:
    """Return the network as it is, checked; shared by all who ask for the same, and never changed."""
    # who lacks the tables gets no study of them, kept for others or not
    return checked_study(work(), tables())


def checked_study(current: Work, own: Tables) -> Study:
    """Return the network of any work as it is, checked; shared like `study`."""
    return _study(current.checked, lambda: check_study(own, current.rules, current.scenario))


def digest() -> Digest:
    """Return the checked network counted up in the session's language."""
    t, found = language(), study()
    return _digest(work().checked, str(t.language), lambda: digest_of(found, t))


@st.cache_resource(scope="session", show_spinner=False, on_release=SHELF.forget)
def _stay(session: str) -> str:
    """Keep the session's files on the shelf until Streamlit lets go of the session."""
    return session


@st.cache_resource(show_spinner=False, max_entries=2)
def sample(size: str) -> Tables:
    """Return the tables of a bundled sample; read only."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sample"
        write_sample(folder, size)
        return read_tables(folder / "sales.csv", folder / "outlets.csv")


@st.cache_resource(show_spinner=False, max_entries=12)
def _study(key: str, _make: Callable[[], Study]) -> Study:  # noqa: ARG001  # what the cache knows it by
    return _make()


@st.cache_resource(show_spinner=False, max_entries=24)
def _digest(key: str, language: str, _make: Callable[[], Digest]) -> Digest:  # noqa: ARG001
    return _make()


def plain(text: str) -> str:
    """Return text that names of users' files are in, so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
