"""Roads on the maps of one area: what outlets and tried sites reach, and the ways to an outlet."""

from collections.abc import Callable, Sequence
from functools import partial

import geopandas as gpd
import numpy as np
import shapely
import streamlit as st

from geodata.reach import TravelUnit
from planner.areaview import local_study
from planner.ground import Ground
from planner.language import Translator
from planner.measure import RoadMeasure
from planner.pages import session
from planner.report_service import way_words
from planner.service import routes_of, service_areas_of
from planner.within import Within

MOST_ZONES = 40
"""Outlets of an area whose service areas are drawn."""
MOST_WAYS = 5
"""Ways from one place: makers have outlets of their own."""
DECIMALS = 5
"""Of a degree: about a metre."""
_FINE, _MOST_CORNERS = 0.0001, 2_000


def by_road() -> bool:
    """Whether the session measures by road."""
    return session.work().scenario.metric.by_road


def zones(adcode: str, enterprise: str) -> gpd.GeoDataFrame | None:
    """Return from where the area's outlets are reached by road; None where it is not measured by road."""
    if not by_road():
        return None
    study = session.study()
    return _table(session.work().checked, adcode, enterprise, "", lambda: service_areas_of(
        local_study(study, adcode, enterprise), adcode=adcode, enterprise=enterprise, most=MOST_ZONES
    ))  # fmt: skip


def ways(adcode: str, enterprise: str, point_id: str) -> gpd.GeoDataFrame:
    """Return the ways from a demand point to the nearest outlet of each enterprise that sells there."""
    study = session.study()
    return _table(session.work().checked, adcode, enterprise, point_id, lambda: routes_of(
        local_study(study, adcode, enterprise), adcode=adcode, enterprise=enterprise, point_id=point_id,
        most=MOST_WAYS,
    ))  # fmt: skip


def drawn_ways(found: gpd.GeoDataFrame, t: Translator) -> list[dict[str, object]]:
    """Return ways as the map draws them."""
    return [
        {"points": _points(line), "label": way_words(float(km), float(minutes), t), "on_road": bool(on)}
        for line, km, minutes, on in zip(
            found.geometry, found["km"], found["minutes"], found["on_road"], strict=True
        )
    ]


def site_zones(
    ground: Ground, within: Within | None, places: Sequence[tuple[float, float, str]]
) -> list[dict[str, object]]:
    """Return what sites reach by road as the map draws it; nothing where it is not measured by road.

    Parameters
    ----------
    places
        Longitude, latitude and state of each.
    """
    measure = ground.network.measure
    if within is None or not isinstance(measure, RoadMeasure):
        return []
    name = f"{session.work().checked}|{within.limit}|{within.unit}"
    return [
        {"polygons": _zone(name, lon, lat, partial(_reached, measure, lon, lat, within)), "state": state}
        for lon, lat, state in places
    ]


def _reached(measure: RoadMeasure, lon: float, lat: float, within: Within) -> list[list[list[list[float]]]]:
    from geodata.isochrones import service_areas

    shape = service_areas(measure.reach, np.array([[lon, lat]]), within.limit, TravelUnit(within.unit)).iloc[
        0
    ]
    return [] if shape is None else _polygons(shape)


def _polygons(shape: shapely.Geometry) -> list[list[list[list[float]]]]:
    """Return the rings of each polygon, outer ones first, few enough corners for a click to send."""
    light, tolerance = shape, _FINE
    while shapely.get_num_coordinates(light) > _MOST_CORNERS:
        light, tolerance = shapely.simplify(shape, tolerance), 2 * tolerance
    return [
        [_points(ring) for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(light)
        if not part.is_empty
    ]


def _points(line: shapely.Geometry) -> list[list[float]]:
    corners: list[list[float]] = np.round(shapely.get_coordinates(line), DECIMALS).tolist()
    return corners


@st.cache_resource(show_spinner=False, max_entries=100)
def _table(
    key: str,  # noqa: ARG001  # what the cache knows it by
    adcode: str,  # noqa: ARG001
    enterprise: str,  # noqa: ARG001
    point_id: str,  # noqa: ARG001
    _make: Callable[[], gpd.GeoDataFrame],
) -> gpd.GeoDataFrame:
    return _make()


@st.cache_resource(show_spinner=False, max_entries=500)
def _zone(
    name: str,  # noqa: ARG001
    lon: float,  # noqa: ARG001
    lat: float,  # noqa: ARG001
    _make: Callable[[], list[list[list[list[float]]]]],
) -> list[list[list[list[float]]]]:
    return _make()
