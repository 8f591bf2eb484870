"""The scenarios page: save what is worked on, find it again, and hold two against each other."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import streamlit as st

from geodata.messages import InputError
from planner.language import Translator
from planner.pages import comparing, opening, session
from planner.saved import LONGEST_NAME, Conflict, Opened, Saved, Store

LIST = "scenario_list"


def show() -> None:
    """Show the page."""
    t = session.language()
    try:
        kept = opening.own_scenarios()
    except InputError as error:
        st.header(t("Scenarios"))
        opening.say_error(error)
        return
    st.header(_answer(kept, t))
    _current(t)
    _saving(t)
    _conflict(t)
    _list(kept, t)
    comparing.show(kept, t)


def _answer(kept: list[Saved], t: Translator) -> str:
    if not kept:
        return t("No scenario is saved yet")
    return t.plural("{n} scenario is saved", "{n} scenarios are saved", len(kept))


def _current(t: Translator) -> None:
    """Say what the session works on, and whether it is saved."""
    if "scenario_left" in st.session_state:
        st.button(
            t("Back to what was not saved"), key="scenario_back", on_click=_back, icon=":material/undo:",
            help=t("What you worked on before you opened this scenario."),
        )  # fmt: skip
    found = opening.opened()
    if found is None:
        st.markdown(
            t("You work on something that is not saved: give it a name to keep it and to pass it on.")
        )
        return
    saved = found.saved
    st.markdown(
        t(
            "You work on **{name}**, version {version}, saved {changed}.",
            name=session.plain(saved.name),
            version=t.number(saved.version),
            changed=session.plain(day_and_time(saved.changed)),
        )
        + (" **" + t("Changed since saved.") + "**" if opening.is_changed() else "")
    )
    st.caption(t("Link: whoever has it, and reaches this server, can open the scenario."))
    st.code(link(saved.id), language=None)


def link(identity: str) -> str:
    """Return the address that opens a scenario."""
    page = (st.context.url or "").partition("?")[0].rstrip("/").removesuffix("/scenarios")
    return f"{page}/?{opening.PARAMETER}={identity}&lang={session.language().language}"


def day_and_time(stamp: str) -> str:
    """Return a time as it is kept in the form that people read: 2026-04-01 08:15 UTC."""
    return stamp.replace("T", " ")[:16] + " UTC"


def _saving(t: Translator) -> None:
    found = opening.opened()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("Name"), key="scenario_name", max_chars=LONGEST_NAME, width=360,
            placeholder=found.saved.name if found else t("for example: three outlets in Longgang"),
        )  # fmt: skip
        st.button(
            t("Save"), key="scenario_save", disabled=found is None or not opening.is_changed(),
            type="secondary" if found is None else "primary",
            help=t("Saves the next version; earlier ones are kept."), on_click=_save,
        )  # fmt: skip
        st.button(
            t("Save as new scenario"), key="scenario_save_as", on_click=_save_as, args=(name,),
            type="primary" if found is None else "secondary",
        )  # fmt: skip
        if found is not None:
            st.button(
                t("Reload"), key="scenario_reload", on_click=_load, args=(found.saved.id,),
                help=t("Opens the newest version as it was saved."),
            )  # fmt: skip
            st.button(
                t("Close"), key="scenario_close", on_click=opening.leave,
                help=t("Work on without the scenario; nothing is lost."),
            )  # fmt: skip
    _said()


def _said() -> None:
    """Show once what the last button could not do."""
    if error := st.session_state.pop("scenario_error", None):
        opening.say_error(error)


def _save() -> None:
    """Save the next version; where somebody else saved in between, ask instead."""
    found = opening.opened()
    if found is not None:
        _save_after(found.saved)


def _save_after(known: Saved) -> None:
    """Save the version that follows one that was seen."""
    with _telling():
        answer = Store.of_user().update(
            known.id, known.version, session.work(), author=opening.owner(), tables=session.tables()
        )
        _answered(answer)


def _answered(answer: Opened | Conflict) -> None:
    if isinstance(answer, Conflict):
        st.session_state["scenario_conflict"] = answer
        return
    st.session_state.pop("scenario_conflict", None)
    opening.keep(answer)


def _save_as(name: str) -> None:
    with _telling():
        saved = Store.of_user().save(session.work(), name, owner=opening.owner(), tables=session.tables())
        opening.saved_here().add(saved.saved.id)
        st.session_state.pop("scenario_conflict", None)
        st.session_state["scenario_name"] = ""
        opening.keep(saved)


def _load(identity: str) -> None:
    with _telling():
        found = Store.of_user().load(identity)
        opening.remember()
        opening.take_up(found)
        st.session_state.pop("scenario_conflict", None)


def _back() -> None:
    """Work on what was left unsaved."""
    with _telling():
        work, found = st.session_state["scenario_left"]
        opening.resume(work)
        del st.session_state["scenario_left"]
        opening.leave()
        if found is not None:
            opening.keep(found)


@contextmanager
def _telling() -> Iterator[None]:
    """Keep what goes wrong for the run that follows a button."""
    try:
        yield
    except InputError as error:
        st.session_state["scenario_error"] = error


def _conflict(t: Translator) -> None:
    """Offer what loses nothing where somebody else saved in between."""
    found: Conflict | None = st.session_state.get("scenario_conflict")
    now = opening.opened()
    if found is None or now is None or now.saved.id != found.theirs.id:
        st.session_state.pop("scenario_conflict", None)  # what is worked on now is not what was to be saved
        return
    theirs = found.theirs
    with st.container(border=True):
        st.warning(
            t(
                "Somebody saved version {version} of {name} in between ({changed}). Yours is not lost: it is "
                "what you see. Choose what becomes of it.",
                version=t.number(theirs.version),
                name=session.plain(theirs.name),
                changed=session.plain(day_and_time(theirs.changed)),
            )
        )
        with st.container(horizontal=True):
            copy = t("{name} (copy)", name=theirs.name)[:LONGEST_NAME]
            st.button(
                t("Save mine as a copy"), key="scenario_mine_copy", type="primary", on_click=_save_as,
                args=(copy,),
            )  # fmt: skip
            st.button(
                t("Save mine as the next version"), key="scenario_mine_next", on_click=_save_after,
                args=(theirs,), help=t("Theirs stays among the earlier versions."),
            )  # fmt: skip
            st.button(
                t("Open theirs"), key="scenario_theirs", on_click=_load, args=(theirs.id,),
            )  # fmt: skip


def _list(kept: list[Saved], t: Translator) -> None:
    st.subheader(t("Saved scenarios"))
    if not kept:
        st.info(
            t(
                "What you save here is kept on this computer or server, with its rules, year, assumptions "
                "and tried sites. It can be opened by its link and compared with others."
            )
        )
        return
    _follow([one.id for one in kept])
    state = st.dataframe(
        scenario_table(kept, t), hide_index=True, key=LIST, on_select="rerun", selection_mode="multi-row",
        alt=t("Table of the saved scenarios"),
    )  # fmt: skip
    rows = [row for row in state["selection"]["rows"] if row < len(kept)]
    if len(rows) == 1:
        _actions(kept[rows[0]], t)
    elif len(rows) == 2:
        comparing.choose(kept[rows[0]].id, kept[rows[1]].id)
        st.caption(t("These two are compared below."))
    else:
        st.caption(t("Select one to open, copy, rename or delete it; select two to compare them."))


def _follow(ids: list[str]) -> None:
    """Keep the same scenarios selected where the order changed: what is deleted must be what was meant."""
    listed: list[str] = st.session_state.get("scenario_listed", ids)
    if listed != ids and LIST in st.session_state:
        rows = st.session_state[LIST]["selection"]["rows"]
        chosen = [listed[row] for row in rows if row < len(listed)]
        found = [ids.index(one) for one in chosen if one in ids]
        st.session_state[LIST] = {"selection": {"rows": found, "columns": [], "cells": []}}
    st.session_state["scenario_listed"] = ids


def scenario_table(kept: list[Saved], t: Translator) -> pd.DataFrame:
    """Return the saved scenarios as the page lists them."""
    samples = session.sample_names(t)
    rows = [
        {
            t("Name"): one.name,
            t("Changed"): day_and_time(one.changed),
            t("Rules"): one.outline.rules,
            t("Year"): str(one.outline.year or "–"),
            t("Data"): samples.get(one.outline.data, t("own tables")),
            t("Sites tried"): one.outline.sites,
            t("Version"): one.version,
            t("Enterprises of the tried sites"): "; ".join(one.outline.enterprises) or "–",
        }
        for one in kept
    ]
    return pd.DataFrame(rows)


def _actions(one: Saved, t: Translator) -> None:
    """Offer what can be done with a scenario of one's own."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(t("Open"), key="scenario_open", type="primary", on_click=_load, args=(one.id,))  # fmt: skip
        st.button(t("Copy"), key="scenario_clone", on_click=_clone, args=(one,))
        with st.popover(t("Rename…"), key="scenario_rename"):
            name = st.text_input(t("New name"), value=one.name, key=f"scenario_new_name_{one.id}",
                                 max_chars=LONGEST_NAME)  # fmt: skip
            st.button(t("Rename"), key="scenario_rename_now", on_click=_rename, args=(one, name))
        with st.popover(t("Delete…"), key="scenario_delete"):
            st.markdown(
                t(
                    "Delete **{name}** with all its versions? Its link will lead nowhere.",
                    name=session.plain(one.name),
                )
            )
            st.button(t("Delete for good"), key="scenario_delete_now", on_click=_delete, args=(one,))
        with st.popover(t("Earlier versions…"), key="scenario_versions"):
            _versions(one, t)
    st.caption(t("Link: whoever has it, and reaches this server, can open the scenario."))
    st.code(link(one.id), language=None)


def _versions(one: Saved, t: Translator) -> None:
    history = {version.version: version for version in Store.of_user().history(one.id)}
    chosen = st.selectbox(
        t("Version"), list(history), key=f"scenario_version_{one.id}",
        format_func=lambda number: _version_words(history[number]),
    )  # fmt: skip
    st.button(t("Open this version"), key="scenario_open_version", on_click=_open_version,
              args=(one, chosen))  # fmt: skip


def _version_words(one: Saved) -> str:
    return " · ".join(part for part in (str(one.version), day_and_time(one.changed), one.author) if part)


def _open_version(one: Saved, version: int) -> None:
    """Work on an earlier version; saving it makes it the newest, and keeps all that came between."""
    with _telling():
        store = Store.of_user()
        newest, earlier = store.load(one.id), store.load(one.id, version)
        opening.remember()
        opening.take_up(earlier)
        opening.keep(Opened(newest.saved, newest.work))


def _clone(one: Saved) -> None:
    with _telling():
        t = session.language()
        name = t("{name} (copy)", name=one.name)[:LONGEST_NAME]
        copy = Store.of_user().clone(one.id, name, owner=opening.owner())
        opening.saved_here().add(copy.saved.id)


def _rename(one: Saved, name: str) -> None:
    with _telling():
        store = Store.of_user()
        store.rename(one.id, name, owner=opening.owner())
        found = opening.opened()
        if found is not None and found.saved.id == one.id:
            renamed = store.load(one.id, found.saved.version)
            opening.keep(Opened(renamed.saved, found.work))


def _delete(one: Saved) -> None:
    with _telling():
        Store.of_user().delete(one.id, owner=opening.owner())
        found = opening.opened()
        if found is not None and found.saved.id == one.id:
            opening.leave()
