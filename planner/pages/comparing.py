"""Two scenarios held against each other: maps that move together, the difference, and the tables."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from geodata.messages import InputError
from geodata.schemas import Tables
from planner.compare import NOWHERE
from planner.comparison import Comparison, FigureChange, compared, comparison_sentence
from planner.comparison_map import difference_colouring, difference_facts, difference_words
from planner.draft import Draft
from planner.language import Translator
from planner.livemap import base_data, is_packaged, named_outlets, paint_of
from planner.pages import opening, session, worked
from planner.pages.mapview import Event, map_view
from planner.pages.shelf import SHELF
from planner.pages.tables import table_height
from planner.report_answer import answer
from planner.report_digest import Digest, status_words
from planner.report_map import layers
from planner.saved import Saved, Store
from planner.work import Work

NOW, BARE = "now", "bare"
"""What is worked on, and the same without the tried sites; saved scenarios go by their id."""
BEFORE, AFTER = "compare_before", "compare_after"
GROUP = "compare"
HEIGHT = 440
MOST_SAID = 12
"""Differences of rules and assumptions that are shown."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its name, its tables, its study counted up, and how the map shows it."""

    name: str
    tables: Tables
    digest: Digest
    paint: bytes


def choose(before: str, after: str) -> None:
    """Choose the two, once for each pair; what is chosen by hand afterwards stays."""
    if st.session_state.get("compare_pair") != (before, after):
        st.session_state["compare_pair"] = (before, after)
        st.session_state[BEFORE], st.session_state[AFTER] = before, after


def show(kept: list[Saved], t: Translator) -> None:
    """Show the choice of two scenarios, and the comparison once both are chosen."""
    st.subheader(t("Compare two"))
    names = choices(kept, t)
    left, right = st.columns(2)
    for place, key, label in ((left, BEFORE, t("Before")), (right, AFTER, t("After"))):
        if st.session_state.get(key) not in names:
            st.session_state[key] = None
        place.selectbox(label, list(names), index=None, format_func=names.__getitem__, key=key,
                        placeholder=t("Choose a scenario"))  # fmt: skip
    before, after = st.session_state[BEFORE], st.session_state[AFTER]
    if before is None or after is None:
        st.info(t("Choose two to see them side by side: the maps, the difference, and every figure of both."))
        return
    try:
        with st.spinner(t("Comparing…")):
            sides = _side(before, names[before]), _side(after, names[after])
    except InputError as error:
        opening.say_error(error)
        return
    found = compared(sides[0].digest, sides[1].digest)
    _comparison(*sides, found, _difference_paint(found, sides[1].digest, t), t)


def choices(kept: list[Saved], t: Translator) -> dict[str, str]:
    """Return what can be compared, by its key, with its name."""
    names = {NOW: t("What you work on now")}
    if session.work().draft.sites:
        names[BARE] = t("What you work on now, without the tried sites")
    found = opening.opened()
    if found is not None:
        names[found.saved.id] = found.saved.name
    return names | {one.id: one.name for one in kept}


def _side(chosen: str, name: str) -> Side:
    work = _work(chosen)
    tables = opening.tables_for(work)
    return Side(name, tables, worked.digest_for(work, tables), worked.paint_for(work, tables))


def _work(chosen: str) -> Work:
    if chosen == NOW:
        return session.work()
    if chosen == BARE:
        return session.work().model_copy(update={"draft": Draft()})
    return Store.of_user().load(chosen).work


@st.fragment
def _comparison(before: Side, after: Side, found: Comparison, paint: bytes, t: Translator) -> None:
    """Show the comparison; a click on one of its maps or rows runs nothing else."""
    st.markdown(f"#### {t(comparison_sentence(found))}")
    if found.said:
        st.warning(t("Not only the outlets differ, so not every change below is theirs:"))
        for message in found.said[:MOST_SAID]:
            st.markdown("- " + session.plain(t(message)))
        if len(found.said) > MOST_SAID:
            st.caption(t("… and {count} more of this kind.", count=len(found.said) - MOST_SAID))
    for place, side, key in zip(st.columns(2), (before, after), ("before", "after"), strict=True):
        with place:
            st.markdown(f"**{session.plain(side.name)}**")
            st.caption(session.plain(answer(side.digest)))
            _map(side, side.paint, f"compare-map-{key}")
    left, right = st.columns([3, 2])
    with left:
        st.markdown(f"**{t('Difference')}**")
        _map(after, paint, "compare-map-difference")
    with right:
        _tables(found, t)


def _map(side: Side, paint: bytes, key: str) -> None:
    base, mine = base_data(side.tables, session.language()), session.session_id()
    map_view(
        SHELF.public(base) if is_packaged(side.tables) else SHELF.private(mine, base),
        SHELF.private(mine, paint),
        key=key,
        height=HEIGHT,
        selected=st.session_state.get("compare_area", ""),
        group=GROUP,
        on_event=_chosen,
    )


def _difference_paint(found: Comparison, digest: Digest, t: Translator) -> bytes:
    """Return what the third map shows: which way each area went, and the new outlets."""
    adcodes = digest.areas["adcode"]
    return paint_of(
        digest,
        colours=[difference_colouring(found.areas, adcodes, t)],
        points=named_outlets([layer for layer in layers(digest) if layer["name"] == "new"], digest),
        figures=difference_facts(found.areas, adcodes, t),
    )


def _chosen(event: Event) -> None:
    if event.kind == "area":
        st.session_state["compare_area"] = event.code


def _tables(found: Comparison, t: Translator) -> None:
    st.dataframe(figure_table(found.figures, t), hide_index=True, alt=t("Figures of both"))
    with st.expander(t("Duties that are short or unknown, by rule")):
        st.dataframe(rule_table(found.rules, t), hide_index=True, alt=t("Duties by rule"))
    changed = found.changed
    if changed.empty:
        st.info(t("No area changed."))
        return
    state = st.dataframe(
        area_table(changed, t), hide_index=True, key="compare_areas", on_select="rerun",
        selection_mode="single-row", alt=t("Areas that changed"),
        height=table_height(len(changed), most=300),
    )  # fmt: skip
    rows = state["selection"]["rows"]
    if rows and rows[0] < len(changed):
        code = str(changed["adcode"].iloc[rows[0]])
        if st.session_state.get("compare_row") != code:
            st.session_state["compare_row"] = st.session_state["compare_area"] = code
            st.rerun(scope="fragment")


def figure_table(figures: tuple[FigureChange, ...], t: Translator) -> pd.DataFrame:
    """Return the figures of both, and by how much they changed, as text."""
    return pd.DataFrame(
        [
            {
                t("Figure"): t(one.label),
                t("Before"): _figure(one.before, t, share=one.share),
                t("After"): _figure(one.after, t, share=one.share),
                t("Change"): _signed(one.change, t, share=one.share),
            }
            for one in figures
        ]
    )


def _figure(value: float | None, t: Translator, *, share: bool) -> str:
    return t.percent(value) if share else t.number(value)


def _signed(value: float | None, t: Translator, *, share: bool) -> str:
    text = _figure(value, t, share=share)
    return f"+{text}" if value is not None and value > 0 else text


def rule_table(rules: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Return the rule table with titles in the reader's language."""
    titles = {"rule_id": t("Rule"), "before": t("Before"), "after": t("After"), "change": t("Change")}
    return rules.rename(columns=titles)


def area_table(changed: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Return the areas that changed, in the reader's language."""
    status = {**status_words(t), NOWHERE: NOWHERE}
    return pd.DataFrame(
        {
            t("Area"): changed["label"].to_numpy(),
            t("Difference"): changed["difference"].map(difference_words(t)).to_numpy(),
            t("Status before"): changed["before"].map(status).to_numpy(),
            t("Status after"): changed["after"].map(status).to_numpy(),
            t("Missing before"): changed["missing_before"].to_numpy(),
            t("Missing after"): changed["missing_after"].to_numpy(),
        }
    )
