"""The form of the scenario: what is assumed beyond tables and rules."""

import hashlib
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from geodata.messages import InputError
from planner.forms import FormField, fields_of
from planner.language import Translator
from planner.pages import session
from planner.pages.entries import entries
from planner.pages.problems import show_problems
from planner.ruleforms import with_assumptions
from planner.scenario import Metric, Scenario
from planner.work import obstacles

LONGEST_SECONDS = 600.0
"""What one person may ask of a solver that others wait for too."""
_ELSEWHERE = frozenset({"year", "roads.margin_km"})
"""What is chosen beside the enterprise, and where roads are uploaded."""


def show(t: Translator) -> None:
    """Show the form, folded, and work under what is applied."""
    scenario = session.work().scenario
    changed = scenario != Scenario(year=scenario.year)
    st.subheader(t("Assumptions"))
    st.caption(t("Some are not as they come: see the form.") if changed else t("All are as they come."))
    with st.expander(t("Distance, new outlets, batteries, planning"), expanded=False, key="assumptions"):
        _form(scenario, t)
        if changed:
            st.button(t("Back to how they come"), on_click=_reset, key="reset_assumptions")


def _form(scenario: Scenario, t: Translator) -> None:
    has_roads = session.tables().roads is not None
    known = f"{has_roads}{scenario.model_dump_json()}"
    key = f"scenario:{hashlib.sha256(known.encode()).hexdigest()[:16]}"
    with st.form(key, border=False):
        fields = _fields(scenario)
        entered: dict[str, Any] = {}
        for name, begins in _groups(t):
            st.markdown(f"**{name}**")
            if "metric" in begins and not has_roads:
                st.caption(t("By road it can be measured once roads are uploaded on the page Data."))
            entered |= entries([one for one in fields if one.name.startswith(begins)], t, key=key, columns=4)
        left, right = st.columns([3, 2])
        with left:
            lives = _lives(scenario, t, f"{key}:lives")
        with right:
            mix = _mix(scenario, t, f"{key}:mix")
        applied = st.form_submit_button(t("Apply"), key=f"{key}:apply")
    if applied:
        _take(scenario, entered | {"chemistries": lives, "chemistry_mix": mix}, t)


def _groups(t: Translator) -> list[tuple[str, tuple[str, ...]]]:
    """Return the form's parts, and how the names of the fields in them begin."""
    return [
        (t("Distance"), ("metric", "detour", "roads.")),
        (t("New outlets"), ("new_outlet.", "join_cost", "allow_joining")),
        (t("Planning"), ("max_new", "budget", "objective", "haulage.", "spacing_km", "solver.")),
        (t("Batteries"), ("weibull_shape", "history_complete")),
    ]


def _fields(scenario: Scenario) -> list[FormField]:
    """Return the entries: of measuring by road only where there are roads."""
    found = [_offered(field) for field in fields_of(scenario) if field.name not in _ELSEWHERE]
    has_roads = session.tables().roads is not None
    return [field for field in found if has_roads or not field.name.startswith("roads.")]


def _offered(field: FormField) -> FormField:
    """Return an entry with what can be asked here."""
    if field.name == "solver.time_limit_s":
        return replace(field, most=LONGEST_SECONDS)
    if field.name == "metric" and session.tables().roads is None:
        return replace(field, choices=tuple(one for one in field.choices if not Metric(one).by_road))
    return field


def _take(scenario: Scenario, changes: dict[str, Any], t: Translator) -> None:
    try:
        changed = with_assumptions(scenario, changes)
        _require_measurable(changed)
    except InputError as error:
        show_problems(error.messages, t, consequence=t("The assumptions stay as they are."))
        return
    session.change(scenario=changed)
    st.rerun()


def _require_measurable(scenario: Scenario) -> None:
    problems = obstacles(session.work().model_copy(update={"scenario": scenario}), session.tables())
    if problems:
        raise InputError(problems)


def _lives(scenario: Scenario, t: Translator, key: str) -> list[dict[str, Any]]:
    """Draw the chemistries as a table and return them as the scenario takes them."""
    st.markdown(t("Battery life by chemistry: Weibull scale and weight of a pack"))
    frame = pd.DataFrame(
        [(one.name, one.life.scale_years, one.life.pack_kg) for one in scenario.chemistries],
        columns=["name", "scale_years", "pack_kg"],
    )
    columns = {"name": t("Chemistry"), "scale_years": t("Scale, years"), "pack_kg": t("Pack, kg")}
    edited = st.data_editor(frame, column_config=columns, num_rows="dynamic", hide_index=True, key=key)
    return [
        {"name": row["name"], "life": {"scale_years": row["scale_years"], "pack_kg": row["pack_kg"]}}
        for row in _filled(edited)
    ]


def _mix(scenario: Scenario, t: Translator, key: str) -> list[dict[str, Any]]:
    """Draw the mix of vehicles whose chemistry is blank, and return it as the scenario takes it."""
    st.markdown(t("Where no chemistry is given"))
    frame = pd.DataFrame(
        [(part.name, 100 * part.share) for part in scenario.chemistry_mix], columns=["name", "share"]
    )
    columns = {"name": t("Chemistry"), "share": t("Share, %")}
    edited = st.data_editor(frame, column_config=columns, num_rows="dynamic", hide_index=True, key=key)
    return [{"name": row["name"], "share": round(row["share"] / 100, 9)} for row in _filled(edited)]


def _filled(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows that are filled in; a row half filled in is none yet."""
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.dropna().itertuples(index=False)]


def _reset() -> None:
    """Assume what everybody does; the metric stays where the rules need it."""
    scenario = Scenario(year=session.work().scenario.year)
    if obstacles(session.work().model_copy(update={"scenario": scenario}), session.tables()):
        scenario = scenario.model_copy(update={"metric": session.work().scenario.metric})
    session.change(scenario=scenario)
