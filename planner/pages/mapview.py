"""The map on a page: what it is told, and what it tells."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import streamlit as st
from streamlit.components.v1 import declare_component
from streamlit.components.v1.custom_component import CustomComponent

from planner.livemap import base_data, is_packaged
from planner.pages import session
from planner.pages.shelf import SHELF
from planner.rules.ruleset import load_rule_set, presets

Mode = Literal["select", "add", "corners"]
KINDS = ("area", "outlet", "site", "point", "corner", "province", "lost")
LONGEST_CODE = 200
HEIGHT = 640


@lru_cache(maxsize=1)
def _outlet_map() -> CustomComponent:
    """Return the component, declared when it is first shown: before, no server would know of it."""
    return declare_component("outlet_map", path=str(files("maps") / "static" / "app"))


@dataclass(frozen=True, slots=True)
class Event:
    """What a reader did on the map.

    Attributes
    ----------
    kind
        area, outlet, province: chosen, `code` empty where it was closed; site: clicked, or moved where it has
        a place; point, corner: a click where sites are added or corners are set; lost: a file was gone, and
        the run that follows brings it back.
    code
        What it is about; of a click, the area the map shows there.
    lon, lat
        WGS 84, degrees.
    """

    kind: str
    code: str = ""
    lon: float | None = None
    lat: float | None = None


def map_view(
    base: str,
    paint: str,
    *,
    key: str,
    height: int = HEIGHT,
    selected: str = "",
    focus: Sequence[str] = (),
    sites: Sequence[Mapping[str, object]] = (),
    circles: Sequence[Mapping[str, object]] = (),
    zones: Sequence[Mapping[str, object]] = (),
    ways: Sequence[Mapping[str, object]] = (),
    shapes: Sequence[Mapping[str, object]] = (),
    mode: Mode = "select",
    group: str = "",
    on_event: Callable[[Event], None] | None = None,
) -> None:
    """Show the map.

    Parameters
    ----------
    base, paint
        Paths on the shelf: what `planner.livemap.base_data` and `paint_data` made.
    key
        Of the widget. The map of a key stays, with its view, whatever else changes.
    selected
        The area whose card is open, or the outlet; the map moves there.
    focus
        Adcodes to fit the view to, when they change.
    sites, circles, shapes
        id, lon, lat, kind, name, state (tried, proposed, refused), on; lon, lat, km, state; name, corners
        (longitude, latitude), open.
    zones, ways
        What is reached by road: polygons (of each its rings), state; a way to an outlet: points, label,
        on_road. Rings and points are of (longitude, latitude).
    mode
        What a click means: choose what is there, add a site, set a corner.
    group
        Maps of one group move together.
    on_event
        Called once for each event, before the run it causes.
    """
    t = session.language()
    _outlet_map()(
        base=base,
        paint=paint,
        height=height,
        selected=selected,
        focus=list(focus),
        sites=[dict(site) for site in sites],
        circles=[dict(circle) for circle in circles],
        zones=[dict(zone) for zone in zones],
        ways=[dict(way) for way in ways],
        shapes=[dict(shape) for shape in shapes],
        mode=mode,
        group=_own(group),
        heard=_number(st.session_state.get(key)),
        lang=t.language.html,
        words={
            "lost": t("The map could not be loaded; reload the page."),
            "loading": t("Loading the map…"),
            "enter": t("Arrow keys move the map; Enter puts a point at the cross."),
        },
        key=key,
        default=None,
        on_change=lambda: _hear(key, on_event),
    )


def _own(group: str) -> str:
    """Return the name of a group among all tabs of a browser, so that two sessions do not move together."""
    if not group:
        return ""
    return hashlib.sha256(f"{session.session_id()}\0{group}".encode()).hexdigest()[:24]


def _hear(key: str, on_event: Callable[[Event], None] | None) -> None:
    event = event_of(st.session_state.get(key))
    if event is not None and event.kind != "lost" and on_event is not None:
        on_event(event)


def event_of(value: object) -> Event | None:
    """Return the event a browser sent, or None where it is none: anybody can send anything."""
    if not isinstance(value, Mapping) or value.get("kind") not in KINDS:
        return None
    code, lon, lat = value.get("code", ""), _degrees(value.get("lon"), 180), _degrees(value.get("lat"), 90)
    if not isinstance(code, str) or len(code) > LONGEST_CODE or (lon is None) != (lat is None):
        return None
    if value["kind"] in ("point", "corner") and lon is None:
        return None
    return Event(str(value["kind"]), code, lon, lat)


def _degrees(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and abs(value) <= most else None


def _number(value: object) -> float:
    """Return the number of the last event heard, so that the map knows which of its own are answered."""
    number = value.get("number") if isinstance(value, Mapping) else None
    return float(number) if isinstance(number, int | float) and math.isfinite(number) else 0.0


def base_path() -> str:
    """Return where the areas that are worked on lie, drawn and named in the session's language."""
    tables = session.tables()
    content = base_data(tables, session.language())
    if is_packaged(tables):
        return SHELF.public(content)
    return SHELF.private(session.session_id(), content)


def paint_path(content: bytes) -> str:
    """Return where what lies on the areas lies: everyone's where nothing in it is the session's own.

    A bundled sample under rules as they came is the same for all; ten readers then share one file.
    """
    current = session.work()
    shared = current.data in session.SAMPLES and current.rules.id in presets()
    if shared and current.rules == load_rule_set(current.rules.id):
        return SHELF.public(content)
    return SHELF.private(session.session_id(), content)
