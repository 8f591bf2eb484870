"""Routes as a table: what each takes, and its line."""

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from geodata.reach import FloatArray, TravelUnit, great_circle_km
from geodata.snapping import BoolArray
from geodata.ways import Leg, Wayfinder, line_of, taken_by

if TYPE_CHECKING:
    from geodata.roadreach import RoadReach

Legs = tuple[Leg, ...] | None


def route_table(
    reach: "RoadReach", origins: FloatArray, targets: FloatArray, unit: TravelUnit
) -> gpd.GeoDataFrame:
    """Return the shortest ways of R origins and their targets, as `RoadReach.routes` describes them."""
    snapped = reach.snapped(origins), reach.snapped(targets)
    on_road = snapped[0].on_road & snapped[1].on_road
    feet = [np.column_stack([end.lon, end.lat]) for end in snapped]
    off_km = snapped[0].off_km + snapped[1].off_km
    legs = _legs(reach, origins, targets, unit, on_road)
    takes = np.full((len(origins), 2), np.nan)
    lines: list[shapely.LineString | None] = [None] * len(origins)
    for row, (origin, target) in enumerate(zip(origins, targets, strict=True)):
        if not on_road[row] or (origin == target).all():
            takes[row], lines[row] = _straight(reach, origin, target)
        elif all(way is not None for way in legs[row]):
            ways = [way for way in legs[row] if way is not None]
            ends = [[origin, feet[0][row]], [feet[1][row], target]]
            takes[row], lines[row] = _by_road(reach, np.array(ends), ways, off_km[row])
    columns = {"km": takes[:, 0], "minutes": takes[:, 1], "on_road": on_road}
    return gpd.GeoDataFrame(columns, geometry=lines, crs="EPSG:4326")


def _legs(
    reach: "RoadReach", origins: FloatArray, targets: FloatArray, unit: TravelUnit, on_road: BoolArray
) -> list[list[Legs]]:
    """Return the legs of each pair, one entry for each way that is meant; outlets are searched from once."""
    graph, cost = reach.graph(unit)
    finder = Wayfinder(reach.network, graph, cost)
    found: list[list[Legs]] = [[] for _ in origins]
    outlets, outlet = np.unique(targets[on_road], axis=0, return_inverse=True)
    for number, place in enumerate(outlets):
        rows = np.flatnonzero(on_road)[outlet.ravel() == number]
        joints = reach.joints(place, unit), reach.joints(origins[rows], unit)
        guess = _guess(reach, origins[rows], place, unit)
        for to in reach.options.direction.ways:
            for row, way in zip(rows, finder.ways(*joints, guess, to=to), strict=True):
                found[row].append(way)
    return found


def _guess(reach: "RoadReach", origins: FloatArray, place: FloatArray, unit: TravelUnit) -> float:
    km = 1.5 * float(great_circle_km(*origins.T, *place).max()) + reach.options.snap_km
    return km if unit is TravelUnit.KM else km / reach.options.fallback_kmh * 60.0


def _straight(
    reach: "RoadReach", origin: FloatArray, target: FloatArray
) -> tuple[tuple[float, float], shapely.LineString | None]:
    """Return km, minutes and the line of a way off the network."""
    if not (np.isfinite(origin).all() and np.isfinite(target).all()):
        return (np.nan, np.nan), None
    straight, detour = great_circle_km(*origin, *target), reach.options.detour
    km = float(detour(straight) if callable(detour) else detour * straight)
    ends = (target, origin) if reach.options.direction.ways == (False,) else (origin, target)
    return (km, km / reach.options.fallback_kmh * 60.0), shapely.LineString(ends)


def _by_road(
    reach: "RoadReach", ends: FloatArray, ways: list[tuple[Leg, ...]], off_km: float
) -> tuple[tuple[float, float], shapely.LineString]:
    """Return km, minutes and the line, of two ways the means and both lines, one after the other.

    `ends` (2, 2, 2) has the origin and where it joins the road, then where the target does, and the target.
    """
    network = reach.network
    metres = np.mean([taken_by(way, network.length_m) for way in ways])
    seconds = np.mean([taken_by(way, network.seconds) for way in ways])
    minutes = seconds / 60.0 + off_km / reach.options.access_kmh * 60.0
    parts = []
    for to, way in zip(reach.options.direction.ways, ways, strict=True):
        first, last = ends if to else ends[::-1, ::-1]
        parts.append(np.concatenate([first, line_of(network, way), last]))
    xy = np.concatenate(parts)
    kept = np.append(True, (np.diff(xy, axis=0) != 0).any(axis=1))
    kept[-1] |= int(kept.sum()) == 1  # a line has two vertices, also where nothing is to be travelled
    return (float(metres / 1000.0 + off_km), float(minutes)), shapely.LineString(xy[kept])
