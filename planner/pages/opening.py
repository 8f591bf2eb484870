"""The saved scenario that a session works on: opened by a link on any page, and whose the others are."""

from collections.abc import Mapping

import streamlit as st

from geodata.messages import InputError
from geodata.schemas import Tables
from planner.draft import Draft
from planner.pages import login, session
from planner.saved import Opened, Saved, Store, is_uploaded
from planner.work import Work, obstacles

PARAMETER = "scenario"
MOST_LENT = 2
"""Tables of others that are kept to be compared: roads may come with them."""
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", ""})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


def open_asked() -> None:
    """Open the scenario that the address names; say so where it cannot be opened.

    The address goes on naming it while the session works on it. Where one has to log in, that comes first.
    """
    if login.asked():
        return
    asked, found = st.query_params.get(PARAMETER, ""), opened()
    if found is not None and asked in ("", found.saved.id):
        if not asked:
            st.query_params[PARAMETER] = found.saved.id
        return
    if asked:
        try:
            wanted = Store.of_user().load(asked)
            if session.work().draft != Draft():
                remember()  # the browser's way back leads here too, and asks nobody
            take_up(wanted)
        except InputError as error:
            say_error(error)


def opened() -> Opened | None:
    """Return the saved scenario that the session works on, as it was saved."""
    found: Opened | None = st.session_state.get("opened")
    return found


def is_changed() -> bool:
    """Whether the work is another than what was opened."""
    found = opened()
    return found is None or found.work != session.work()


def remember() -> None:
    """Keep what is not saved for the way back, for something else is about to take its place."""
    if is_changed():
        st.session_state["scenario_left"] = (session.work(), opened())


def take_up(found: Opened) -> None:
    """Work on a saved scenario, with the tables that were kept with it.

    Raises
    ------
    InputError
        If the tables cannot be read.
    """
    resume(found.work)
    keep(found)


def resume(work: Work) -> None:
    """Work on any work, with its tables, and with its rules among those to choose from.

    Raises
    ------
    InputError
        If the tables are neither the session's nor kept with a scenario, or cannot be read, or the work's
        rules cannot be measured on them.
    """
    if is_uploaded(work.data) and work.data not in session.own_tables():
        _borrow(work)
    if work.rules.id not in session.rule_sets():
        session.own_rules()[work.rules.id] = work.rules
    session.set_work(work)


def _borrow(work: Work) -> None:
    """Take up the tables that were kept with a scenario; those of others opened before, unused by now, go."""
    own, borrowed = session.own_tables(), st.session_state.setdefault("borrowed_tables", set())
    found = _kept_tables(work)
    left: tuple[Work, Opened | None] | None = st.session_state.get("scenario_left")
    used = {session.work().data, *st.session_state.get("left", ()), *([left[0].data] if left else ())}
    for name in borrowed - used:
        own.pop(name, None)
    own[work.data] = found
    st.session_state["borrowed_tables"] = (borrowed & used) | {work.data}


def _kept_tables(work: Work) -> Tables:
    """Return the tables that were kept with a scenario, if its rules can be measured on them."""
    found = Store.of_user().tables(work.data)
    if refused := obstacles(work, found):
        raise InputError(refused)
    return found


def keep(found: Opened) -> None:
    """Remember what the work is saved as."""
    st.session_state["opened"] = found
    st.query_params[PARAMETER] = found.saved.id


def leave() -> None:
    """Work on without the scenario; the work stays as it is."""
    st.session_state.pop("opened", None)
    if PARAMETER in st.query_params:
        del st.query_params[PARAMETER]


def tables_for(work: Work) -> Tables:
    """Return the tables of any work that this session may see: its own, or those kept with a scenario.

    Raises
    ------
    InputError
        If they cannot be read, or the work's rules cannot be measured on them.
    """
    data = work.data
    if not is_uploaded(data) or data in session.own_tables():
        return session.tables_of(data)
    lent: dict[str, Tables] = st.session_state.setdefault("lent_tables", {})
    session.keep_own(lent, data, lent.get(data) or _kept_tables(work), most=MOST_LENT)
    return lent[data]


def owner() -> str:
    """Return who is logged in; empty where nobody has to."""
    if not st.user.get("is_logged_in", False):
        return ""
    return str(st.user.get("email") or st.user.get("sub") or "")


def own_scenarios() -> list[Saved]:
    """Return the scenarios of who is logged in; without a login, all that are kept on one's own machine.

    Where several people reach a server without logging in, each sees what was saved in this session: the
    others are found by their links only.
    """
    kept = Store.of_user().scenarios(owner())
    if owner() or is_alone(st.context.headers, st.context.ip_address):
        return kept
    return [one for one in kept if one.id in saved_here()]


def saved_here() -> set[str]:
    """Return the ids of the scenarios that this session saved."""
    found: set[str] = st.session_state.setdefault("saved_here", set())
    return found


def is_alone(headers: Mapping[str, str], address: object) -> bool:
    """Whether a request comes from the machine that the server runs on, and through no proxy."""
    host = headers.get("Host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return not isinstance(address, str) and name in LOCAL and not any(one in headers for one in FORWARDED)


def say_error(error: InputError) -> None:
    """Show each sentence of what went wrong."""
    t = session.language()
    for message in error.messages:
        st.error(session.plain(t(message)))
