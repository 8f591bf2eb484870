"""The page of tried sites: put outlets on the map, and see at once what they change."""

from typing import Any

import pandas as pd
import streamlit as st

from geodata.schemas import OutletKind
from maps.palette import MARKS
from planner.areaview import amount
from planner.draft import Draft, TriedSite, content
from planner.drafted import crowded
from planner.language import Translator
from planner.pages import places, session, tryproposal, trystate, ways
from planner.pages.exclusions import exclusion_panel, shapes
from planner.pages.mapview import Mode, base_path, map_view
from planner.report_digest import kind_words, status_words
from planner.trial import Trial, answer, trial

HEIGHT = 620
MOST_CIRCLES = 5
MODES: tuple[Mode, ...] = ("add", "select", "corners")


def show() -> None:
    """Show the page."""
    t = session.language()
    left, right = st.columns(2)
    with left:
        adcode = places.chosen(t)
    if not adcode:
        st.info(t("Choose the area where outlets are to be tried: by name, in pinyin, or by its code."))
        return
    with right:
        enterprise = _enterprise(adcode, t)
    if not enterprise:
        st.info(t("No enterprise has a duty here under these rules. Choose another area, or other rules."))
        return
    st.fragment(_trying)(adcode, enterprise)


def _enterprise(adcode: str, t: Translator) -> str:
    """Draw the choice of the enterprise that new outlets are for: the one most short here, unless chosen."""
    names = places.owing(adcode)
    fixed = session.enterprise()
    if fixed:
        st.text_input(t("New outlets are for"), fixed, disabled=True, help=t("Chosen on the left."))
        return fixed
    if not names:
        return ""
    state = st.session_state
    area, kept = state.get("try_chosen", ("", ""))  # a widget forgets while another page is read
    if area != adcode or state.get("try_enterprise") not in names:
        state["try_enterprise"] = kept if area == adcode and kept in names else names[0]
    chosen = st.selectbox(t("New outlets are for"), names, key="try_enterprise",
                          help=t("First stands the enterprise that lacks most here."))  # fmt: skip
    state["try_chosen"] = (adcode, str(chosen))
    return str(chosen)


def _trying(adcode: str, enterprise: str) -> None:
    """Draw all that a click changes: it is run anew alone, not the page."""
    t = session.language()
    tryproposal.take_up()
    history = trystate.history()
    draft = history.now
    found = trial(places.ground(adcode, enterprise), session.tables(), draft)
    st.header(session.plain(answer(found, t)))
    session.mark_sample(t)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _map(adcode, enterprise, found, draft, t)
    with right:
        _tools(adcode, enterprise, t)
        tryproposal.job_panel(t)
        tryproposal.proposal_panel(t)
        _findings(found, t)
    _sites(draft, enterprise, t)
    exclusion_panel(t)


def _map(adcode: str, enterprise: str, found: Trial, draft: Draft, t: Translator) -> None:
    words = {"add": t("adds"), "select": t("selects"), "corners": t("excludes")}
    first, second, third = st.columns([5, 3, 3])
    mode = first.segmented_control(t("A click on the map"), MODES, format_func=words.__getitem__,
                                   default="add", required=True, key="try_mode")  # fmt: skip
    kinds = kind_words(t)
    second.selectbox(t("Kind of new outlets"), [str(kind) for kind in OutletKind],
                     format_func=kinds.__getitem__, key="try_kind")  # fmt: skip
    third.number_input(t("Capacity, t"), 0.0, 1e6, value=None, step=1.0, key="try_capacity",
                       placeholder=t("as usual"))  # fmt: skip
    within = found.reached.within if found.reached else None
    map_view(
        base_path(),
        places.paint_path(adcode, enterprise),
        key="try_map",
        height=HEIGHT,
        focus=[adcode],
        sites=_markers(draft, t),
        circles=_circles(draft, within.circle_km if within else None),
        zones=ways.site_zones(
            found.ground, within, [(*place, state) for place, state in _latest(draft).items()]
        ),
        shapes=shapes(),
        mode=mode or "add",
        on_event=trystate.hear(enterprise),
    )
    _refused(t)
    _selected(draft, t)


def _refused(t: Translator) -> None:
    refused = trystate.refused()
    if refused is not None:
        message, lon, lat = refused
        place = "" if lon is None or lat is None else f"{lat:.5f}° N, {lon:.5f}° E: "
        st.warning(session.plain(place + t(message)))


def _selected(draft: Draft, t: Translator) -> None:
    """Say which site was clicked, and let it be taken away."""
    site = draft.by_id.get(str(st.session_state.get("try_site", "")))
    if site is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(
                t("{name}: {lat}° N, {lon}° E", name=site.label, lat=f"{site.lat:.5f}", lon=f"{site.lon:.5f}")
            )
            st.button(t("Remove"), key="remove_site", on_click=trystate.remove, args=(site.outlet_id,))


def _markers(draft: Draft, t: Translator) -> list[dict[str, object]]:
    """Return the sites as the map draws them: tried, proposed, and the place that was refused last."""
    shown = [_marker(site, "tried") for site in draft.sites]
    proposal, off = tryproposal.current(), tryproposal.refused_sites()
    if proposal is not None:
        shown += [_marker(site, "proposed", on=site.outlet_id not in off) for site in proposal.sites]
    refused = trystate.refused()
    if refused is not None and refused[1] is not None and refused[2] is not None:
        shown.append({"id": "", "lon": refused[1], "lat": refused[2], "kind": "collection",
                      "name": t("refused"), "state": "refused", "on": True})  # fmt: skip
    return shown


def _marker(site: TriedSite, state: str, *, on: bool = True) -> dict[str, object]:
    return {
        "id": site.outlet_id,
        "lon": site.lon,
        "lat": site.lat,
        "kind": str(site.kind),
        "name": site.label,
        "state": state,
        "on": on,
    }


def _circles(draft: Draft, km: float | None) -> list[dict[str, object]]:
    """Return the reach of the latest sites where it is a circle."""
    if km is None:
        return []
    return [
        {"lon": lon, "lat": lat, "km": km, "state": state} for (lon, lat), state in _latest(draft).items()
    ]


def _latest(draft: Draft) -> dict[tuple[float, float], str]:
    """Return where the latest sites are, and their state; so few that their reach can be told apart."""
    proposal = tryproposal.current()
    places_of = {(site.lon, site.lat): "tried" for site in draft.sites[-MOST_CIRCLES:]}
    if proposal is not None and len(proposal.sites) <= MOST_CIRCLES:
        places_of = {(site.lon, site.lat): "proposed" for site in proposal.sites} | places_of
    return places_of


def _tools(adcode: str, enterprise: str, t: Translator) -> None:
    history = trystate.history()
    with st.container(horizontal=True):
        st.button(t("Undo"), icon=":material/undo:", key="undo", disabled=not history.past,
                  on_click=trystate.undo)  # fmt: skip
        st.button(t("Redo"), icon=":material/redo:", key="redo", disabled=not history.future,
                  on_click=trystate.redo)  # fmt: skip
        tryproposal.ask_panel(adcode, enterprise, t)


def _findings(found: Trial, t: Translator) -> None:
    st.subheader(t("Findings, before and after"))
    if found.after.empty:
        st.info(t("The rules ask nothing of this enterprise here."))
        return
    stated = {rule.id: t(rule.statement()) for rule in session.work().rules.rules}
    status = status_words(t)
    rows = [
        (
            stated[row["rule_id"]] + (f" ({t('assumed')})" if row["assumed"] else ""),
            amount(row["required"], row["unit"], t),
            f"{MARKS[row['status_before']]} {amount(row['actual_before'], row['unit'], t)}",
            f"{MARKS[row['status']]} {amount(row['actual'], row['unit'], t)} {status[row['status']]}",
        )
        for row in ({str(k): v for k, v in one.items()} for one in found.changes.to_dict("records"))
    ]
    titles = [t("Rule"), t("Required"), t("Before"), t("After")]
    safe = [{title: session.plain(text) for title, text in zip(titles, row, strict=True)} for row in rows]
    st.table(pd.DataFrame(safe), hide_index=True, border="horizontal", alt=t("Findings, before and after"))
    _gain(found, t)


def _gain(found: Trial, t: Translator) -> None:
    """Say what is gained beside the rules' own counts."""
    st.text(t("Outlets missing: {before} before, {after} after.", before=t.number(found.missing_before),
              after=t.number(found.missing_after)))  # fmt: skip
    near = found.reached
    if near is not None:
        st.text(t("Sales within {limit}: {before} of {total} before, {after} after.",
                  limit=near.within.words(t), before=t.number(near.before), after=t.number(near.after),
                  total=t.number(near.sales)))  # fmt: skip
    if found.beyond:
        names = places.names()
        areas = ", ".join(sorted({names.get(site.adcode, site.adcode) for site in found.beyond}))
        st.info(session.plain(t.plural(
            "{n} tried site lies in another area and counts there: {areas}.",
            "{n} tried sites lie in other areas and count there: {areas}.", len(found.beyond), areas=areas,
        )))  # fmt: skip
    spacing_km = session.work().scenario.spacing_km
    if spacing_km is not None and (number := crowded(session.work().draft, session.study())):
        st.warning(t.plural(
            "{n} tried site is nearer to another outlet than the {km} km that the assumptions ask for.",
            "{n} tried sites are nearer to other outlets than the {km} km that the assumptions ask for.",
            number, km=f"{spacing_km:g}",
        ))  # fmt: skip
    if len(found.elsewhere):
        st.text(t.plural("{n} finding of another area changes with it.",
                         "{n} findings of other areas change with it.", len(found.elsewhere)))  # fmt: skip


def _sites(draft: Draft, enterprise: str, t: Translator) -> None:
    st.subheader(t("Tried sites"))
    names = ["name", "kind", "enterprises", "lon", "lat", "stock_cap_t", "pickups_per_year", "opening_cost"]
    table = pd.DataFrame([[getattr(site, name) for name in names] for site in draft.sites], columns=names)
    table = table.astype(dict.fromkeys(names[3:], float)).assign(kind=table["kind"].astype(str))
    table.insert(5, "adcode", [site.adcode for site in draft.sites])
    ids = [site.outlet_id for site in draft.sites]
    key = f"sites_{content(draft.sites)[:12]}"
    st.data_editor(
        table,
        hide_index=True,
        num_rows="dynamic",
        disabled=["adcode"],
        column_config=_columns(enterprise, t),
        key=key,
        on_change=trystate.take_edits,
        args=(key, ids, enterprise),
    )
    st.caption(t("Add a row with longitude and latitude (WGS 84) to try a site without the map; "
                 "change numbers to move it, mark rows and delete them to take it away."))  # fmt: skip


def _columns(enterprise: str, t: Translator) -> dict[str, Any]:
    column = st.column_config
    kinds = kind_words(t)
    degrees: dict[str, Any] = {"format": "%.5f", "step": 0.00001}
    owners = sorted(
        {enterprise, *(name for site in session.work().draft.sites for name in [site.enterprises])}
    )
    return {
        "name": column.TextColumn(t("Name"), max_chars=100),
        "kind": column.SelectboxColumn(t("Kind"), options=[str(kind) for kind in OutletKind],
                                       format_func=lambda kind: kinds[str(kind)]),
        "enterprises": column.SelectboxColumn(t("Enterprise"), options=owners),
        "lon": column.NumberColumn(t("Longitude"), min_value=-180, max_value=180, **degrees),
        "lat": column.NumberColumn(t("Latitude"), min_value=-90, max_value=90, **degrees),
        "adcode": t("Area"),
        "stock_cap_t": column.NumberColumn(t("Capacity, t"), min_value=0.0),
        "pickups_per_year": column.NumberColumn(t("Pick-ups a year"), min_value=0.0),
        "opening_cost": column.NumberColumn(t("Opening cost"), min_value=0.0),
    }  # fmt: skip
