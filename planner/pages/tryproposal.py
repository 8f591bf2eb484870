"""The optimiser on the page of tried sites: asked, watched, and its proposal accepted or not."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from geodata.messages import Message
from planner.draft import Draft, content
from planner.jobs import Report, State
from planner.language import Translator
from planner.pages import background, places, session, trystate
from planner.pages.tables import table_height
from planner.proposal import (
    NEEDS_LIMIT,
    Asked,
    Objective,
    Proposal,
    accepted,
    conflict_sentences,
    proof,
    propose_on,
    sentence,
    shut_out,
)
from planner.trial import answer, trial

JOB = "proposal"
SECONDS_MORE = 60.0
"""What a job takes beside the solver: to start a process, and to build the problem."""
WATCH_S = 1.0


def current() -> Proposal | None:
    """Return the proposal that waits for a decision; None while other tables or rules are worked with."""
    found: Proposal | None = st.session_state.get("proposal")
    checked, _ = _asked_of()
    return found if checked == session.work().checked else None


def _asked_of() -> tuple[str, str]:
    """Return the names of what the last proposal was asked of: `checked` and `asked` of the work."""
    found: tuple[str, str] = st.session_state.get("proposal_of", ("", ""))
    return found


def refused_sites() -> frozenset[str]:
    """Return the ids of the proposed sites that are not to be accepted."""
    found: frozenset[str] = st.session_state.get("proposal_off", frozenset())
    return found


def drop() -> None:
    """Discard the proposal."""
    for name in ("proposal", "proposal_off", "proposal_failed"):
        st.session_state.pop(name, None)


def take_up() -> bool:
    """Keep what came out of a job that is over; whether there was one."""
    state = st.session_state
    if not background.has(JOB):
        return False
    found = background.report(JOB)
    if found is not None and not found.over:
        return False
    found = background.fetch(JOB)
    drop()
    if found is None or found.state is State.CANCELLED:
        return True
    if found.state is State.DONE:
        state["proposal"] = found.result
    else:
        state["proposal_failed"] = found.message
    return True


def running() -> Report | None:
    """Return how far the job is; None where none runs."""
    found = background.report(JOB)
    return None if found is None or found.over else found


def ask_panel(adcode: str, enterprise: str, t: Translator) -> None:
    """Draw what is asked of the optimiser, and the button that asks it."""
    words: dict[Objective, str] = {
        "cost": t("least cost, then short ways"),
        "coverage": t("most sales within reach"),
        "distance": t("shortest ways"),
        "shortage": t("least shortage, then cost"),
    }
    prices = session.work().scenario.haulage
    if prices.per_tonne_km > 0 or prices.per_vehicle_km > 0:
        words["total"] = t("least cost of opening and moving")
    asked_before = st.session_state.get("times_asked", 0)
    with st.popover(
        t("Propose…"),
        icon=":material/auto_awesome:",
        key=f"ask_panel_{asked_before}",
        disabled=running() is not None,
    ):
        objective = st.selectbox(t("What counts first"), list(words), format_func=words.__getitem__,
                                 key="ask_objective")  # fmt: skip
        most = st.number_input(t("Most new outlets"), 0, 10_000, value=None, step=1, key="ask_most",
                               placeholder=t("no limit"))  # fmt: skip
        budget = st.number_input(t("Budget (in units of opening cost)"), 0.0, 1e9, value=None, step=1.0,
                                 key="ask_budget", placeholder=t("no limit"))  # fmt: skip
        seconds = st.number_input(t("Time limit, s"), 1, 600, value=60, step=10, key="ask_seconds")
        lacking = objective in NEEDS_LIMIT and most is None and budget is None
        if lacking:
            st.caption(t("Give the most new outlets or a budget: without one, every place would be opened."))
        asked = Asked(enterprise, adcode, objective, most, budget, float(seconds))
        st.button(t("Propose"), type="primary", key="ask", disabled=lacking, on_click=_ask, args=(asked,))


def _ask(asked: Asked) -> None:
    drop()
    st.session_state["times_asked"] = st.session_state.get("times_asked", 0) + 1  # closes the panel
    ground = places.ground(asked.adcode, asked.enterprise)
    current, draft = session.work(), session.work().draft
    st.session_state["proposal_of"] = (current.checked, current.asked)
    background.start(JOB, propose_on, ground, draft, asked, limit_s=asked.time_limit_s + SECONDS_MORE)


def job_panel(t: Translator) -> None:
    """Draw how far the job is, looking again every second; nothing looks again where none runs."""
    if running() is not None:
        st.fragment(_watch, run_every=WATCH_S)(t)
    failed: Message | None = st.session_state.get("proposal_failed")
    if failed is not None:
        st.error(session.plain(t(failed)))


def _watch(t: Translator) -> None:
    found = running()
    if found is None:
        st.rerun()
        return
    share = found.done / found.total if found.total else 0.0
    words = t("{what}: {done} of {total}", what=t(found.message), done=found.done, total=found.total)
    st.progress(min(share, 1.0), words if found.total > 1 else t(found.message))
    st.button(t("Cancel"), key="ask_cancel", on_click=background.cancel, args=(JOB,))


def proposal_panel(t: Translator) -> None:
    """Draw the proposal that waits, with what it brings, how good it is, and what is in the way."""
    found = current()
    if found is None:
        return
    tables, draft = session.tables(), session.work().draft
    with st.container(border=True):
        st.markdown(f"**{session.plain(sentence(found, t))}**")
        known = proof(found, t)
        if known is not None:
            st.caption(session.plain(t(known)))
        areas, whose = places.names(), found.asked
        st.caption(
            session.plain(
                t(
                    "For {enterprise} in {area}.",
                    enterprise=whose.enterprise,
                    area=areas.get(whose.adcode, whose.adcode),
                )
            )
        )
        if found.sites:
            ground = places.ground(found.asked.adcode, found.asked.enterprise)
            gain = trial(ground, tables, accepted(draft, found, tables, _chosen(found)))
            st.text(t("With it, checked: {gain}", gain=answer(gain, t)))
        if content(draft.sites) != found.tried:
            st.caption(t("The sites were changed since; propose again to be sure."))
        if out := len(shut_out(draft, found)):
            st.caption(
                t.plural(
                    "{n} of its outlets lies where nothing may be opened, and is left out.",
                    "{n} of its outlets lie where nothing may be opened, and are left out.",
                    out,
                )
            )
        for text in conflict_sentences(found, areas, t)[:5]:
            st.warning(session.plain(text))
        _sites(found, t)
        _buttons(found, t)


def _chosen(found: Proposal) -> frozenset[str]:
    out = shut_out(session.work().draft, found)
    return frozenset(site.outlet_id for site in found.sites) - refused_sites() - out


def _sites(found: Proposal, t: Translator) -> None:
    if not found.sites:
        return
    off = refused_sites() | shut_out(session.work().draft, found)
    table = pd.DataFrame(
        {
            "on": [site.outlet_id not in off for site in found.sites],
            "name": [site.name for site in found.sites],
            "kind": [str(site.kind) for site in found.sites],
            "lon": [site.lon for site in found.sites],
            "lat": [site.lat for site in found.sites],
            "cost": [site.opening_cost for site in found.sites],
        }
    )
    key = f"proposed_{content(found.sites)[:12]}"
    st.data_editor(
        table,
        hide_index=True,
        height=table_height(len(table), most=250),
        disabled=["name", "kind", "lon", "lat", "cost"],
        column_config={
            "on": t("Accept"), "name": t("Name"), "kind": t("Kind"), "lon": t("Longitude"),
            "lat": t("Latitude"), "cost": t("Cost"),
        },
        key=key,
        on_change=_tick,
        args=(key, [site.outlet_id for site in found.sites]),
    )  # fmt: skip


def _tick(key: str, ids: list[str]) -> None:
    st.session_state["proposal_off"] = ticked(refused_sites(), st.session_state[key], ids)


def ticked(off: frozenset[str], edits: Mapping[str, Any], ids: Sequence[str]) -> frozenset[str]:
    """Return the ids that are not to be accepted: those known stay so, unless they are ticked again."""
    rows = {ids[int(row)]: fields.get("on") for row, fields in edits.get("edited_rows", {}).items()}
    again = {name for name, on in rows.items() if on}
    return frozenset((off | {name for name, on in rows.items() if on is False}) - again)


def _buttons(found: Proposal, t: Translator) -> None:
    left, right = st.columns(2)
    number = len(_chosen(found))
    left.button(
        t.plural("Accept {n} outlet", "Accept {n} outlets", number),
        type="primary", disabled=not number, key="accept", on_click=_accept,
    )  # fmt: skip
    right.button(t("Discard"), key="discard", on_click=drop)


def _accept() -> None:
    found = current()
    if found is not None:
        under = _asked_of()[1]
        draft: Draft = accepted(session.work().draft, found, session.tables(), _chosen(found), under=under)
        trystate.do(draft)
        drop()
