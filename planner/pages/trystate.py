"""What the page of tried sites remembers, and what each act of a reader does to it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from geodata.messages import InputError, Message, say
from geodata.schemas import OutletKind
from planner.draft import Draft, Exclusion, Origin, TriedSite, added, edited, excluded, new_site, removed
from planner.history import History
from planner.intake import read_polygons
from planner.pages import session
from planner.pages.mapview import Event
from planner.refusals import area_at, refusal
from planner.scenario import sentences_of

MOST_SITES = 2000
MOST_CORNERS = 500
MAY_BE_BLANK = frozenset({"stock_cap_t", "pickups_per_year"})
"""Then they are as new outlets are in the scenario."""
DECIMALS = 5
"""Of a degree: about a metre."""


def history() -> History:
    """Return the steps of the draft that is worked on; a draft that came from elsewhere begins anew.

    What is saved under a name goes on with the steps it had without one.
    """
    kept: dict[str, History] = st.session_state.setdefault("histories", {})
    name, now = _scenario(), session.work().draft
    if name not in kept or kept[name].now != now:
        same = (steps for steps in reversed(kept.values()) if steps.now == now and now.sites)
        kept[name] = next(same, History(now))
    return kept[name]


def _scenario() -> str:
    return f"{session.work().data}|{st.query_params.get('scenario', '')}"


def _go(steps: History) -> None:
    st.session_state["histories"][_scenario()] = steps
    session.change(draft=steps.now)


def do(draft: Draft) -> None:
    """Make a step."""
    _go(history().then(draft))
    st.session_state["refused"] = None


def undo() -> None:
    """Take the last step back."""
    _go(history().undo())
    st.session_state["refused"] = None


def redo() -> None:
    """Make the step again that was taken back last."""
    _go(history().redo())
    st.session_state["refused"] = None


def refuse(message: Message, lon: float | None = None, lat: float | None = None) -> None:
    """Keep why something was not done, and where it was asked for."""
    st.session_state["refused"] = (message, lon, lat)


def refused() -> tuple[Message, float | None, float | None] | None:
    """Return why the last act was not done, or None where it was."""
    found: tuple[Message, float | None, float | None] | None = st.session_state.get("refused")
    return found


def add(
    lon: float,
    lat: float,
    enterprise: str,
    *,
    origin: Origin = "map",
    fields: Mapping[str, object] | None = None,
) -> bool:
    """Try a site at a place; where it can't be, keep why."""
    draft, tables = session.work().draft, session.tables()
    lon, lat = round(lon, DECIMALS), round(lat, DECIMALS)
    kind = OutletKind(st.session_state.get("try_kind") or OutletKind.COLLECTION)
    given = dict(fields or {})
    site = new_site(
        draft, tables, session.work().scenario, lon=lon, lat=lat, adcode=area_at(lon, lat, tables),
        enterprises=str(given.pop("enterprises", enterprise)), kind=OutletKind(str(given.pop("kind", kind))),
        origin=origin,
    )  # fmt: skip
    capacity = st.session_state.get("try_capacity")
    if capacity is not None and "stock_cap_t" not in given:
        given["stock_cap_t"] = capacity
    if len(draft.sites) >= MOST_SITES:
        refuse(say("There are {number} sites already, the most that can be tried.", number=MOST_SITES))
        return False
    return _tried(draft, site.model_copy(update=given), new=True)


def change(outlet_id: str, fields: Mapping[str, object]) -> bool:
    """Change a tried site; where the change can't be, keep why."""
    draft = session.work().draft
    if outlet_id not in draft.by_id:
        return False
    given = {name: value for name, value in fields.items() if value is not None or name in MAY_BE_BLANK}
    for name in ("lon", "lat"):
        if name in given:
            given[name] = round(float(str(given[name])), DECIMALS)
    site = draft.by_id[outlet_id].model_copy(update=given)
    if "lon" in given or "lat" in given:
        site = site.model_copy(update={"adcode": area_at(site.lon, site.lat, session.tables())})
    return _tried(draft, site, new=False)


def _tried(draft: Draft, site: TriedSite, *, new: bool) -> bool:
    try:
        site = TriedSite.model_validate(site.model_dump())
    except ValidationError as error:
        refuse(sentences_of(error, site.name)[0], site.lon, site.lat)
        return False
    current = session.work()
    spacing_km = current.scenario.spacing_km
    message = refusal(site, session.tables(), current.rules, draft, spacing_km=spacing_km)
    if message is not None:
        refuse(message, site.lon, site.lat)
        return False
    do(added(draft, site) if new else edited(draft, site.outlet_id, **site.model_dump(exclude={"outlet_id"})))
    return True


def remove(*outlet_ids: str) -> None:
    """Take sites away."""
    do(removed(session.work().draft, *outlet_ids))


def hear(enterprise: str) -> Callable[[Event], None]:
    """Return what is done when something happens on the map."""

    def heard(event: Event) -> None:
        if event.kind == "point" and event.lon is not None and event.lat is not None:
            add(event.lon, event.lat, enterprise)
        elif event.kind == "site" and event.lon is not None and event.lat is not None:
            change(event.code, {"lon": event.lon, "lat": event.lat})
        elif event.kind == "site":
            st.session_state["try_site"] = event.code
        elif event.kind == "corner" and event.lon is not None and event.lat is not None:
            add_corner(event.lon, event.lat)

    return heard


def take_edits(key: str, ids: Sequence[str], enterprise: str) -> None:
    """Do what was done in the table of sites: cells changed, rows added and deleted."""
    changes: Mapping[str, Any] = st.session_state[key]
    gone = [ids[row] for row in changes.get("deleted_rows", []) if row < len(ids)]
    if gone:
        remove(*gone)
    for row, fields in changes.get("edited_rows", {}).items():
        if int(row) < len(ids):
            change(ids[int(row)], fields)
    for fields in changes.get("added_rows", []):
        lon, lat = fields.get("lon"), fields.get("lat")
        if lon is not None and lat is not None:
            rest = {
                name: value
                for name, value in fields.items()
                if name not in ("lon", "lat") and value is not None
            }
            add(float(lon), float(lat), enterprise, origin="table", fields=rest)


def corners() -> list[tuple[float, float]]:
    """Return the corners of the shape that is being drawn."""
    found: list[tuple[float, float]] = st.session_state.setdefault("corners", [])
    return found


def add_corner(lon: float, lat: float) -> None:
    """Set a corner."""
    if len(corners()) < MOST_CORNERS:
        corners().append((round(lon, DECIMALS), round(lat, DECIMALS)))


def set_corners(rows: Sequence[Mapping[str, object]]) -> bool:
    """Draw the shape anew from numbers, rows that set no corner left out; whether that changed it."""
    before = corners()
    found = [(row.get("lon"), row.get("lat")) for row in rows]
    numbers = [(float(str(x)), float(str(y))) for x, y in found if x is not None and y is not None]
    st.session_state["corners"] = [
        (x, y) for x, y in numbers if math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90
    ][:MOST_CORNERS]
    return corners() != before


def drop_corner() -> None:
    """Take the last corner back."""
    if corners():
        corners().pop()


def close_shape() -> None:
    """Exclude the shape that is drawn."""
    if len(corners()) < 3:
        refuse(say("A shape has at least three corners."))
        return
    draft = session.work().draft
    number = len(draft.exclusions) + 1
    name = str(st.session_state.get("shape_name") or "").strip() or f"{number}"
    do(excluded(draft, *draft.exclusions, Exclusion(name=name, corners=tuple(corners()))))
    st.session_state["corners"] = []


def drop_exclusion(number: int) -> None:
    """Allow a part of the map again."""
    draft = session.work().draft
    left = tuple(one for at, one in enumerate(draft.exclusions) if at != number)
    do(excluded(draft, *left))


def upload_exclusions(name: str, content: bytes) -> None:
    """Exclude the polygons of a file."""
    try:
        found = read_polygons((name, content))
    except InputError as error:
        refuse(error.messages[0])
        return
    draft = session.work().draft
    do(excluded(draft, *draft.exclusions, *found))
