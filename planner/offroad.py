"""Places that no road comes near: who they are, and what stands in for their ways."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from geodata.messages import Note, NoteKind, say
from geodata.roadnetwork import RoadNetwork
from geodata.schemas import Tables
from planner.measure import RoadMeasure, road_reach
from planner.network import Network, Quantity
from planner.scenario import Scenario

OFF_ROAD_COLUMNS = ["table", "id", "name", "adcode", "lon", "lat", "off_km"]
FIRST = 5
"""Places that a note names; the table has them all."""
_IDS = {"demand": "point_id", "outlets": "outlet_id", "sites": "site_id", "recyclers": "recycler_id"}


def places_of(tables: Tables, network: Network) -> pd.DataFrame:
    """Return the places that ways of a study begin or end at: table, id, name, adcode, lon, lat.

    Of the demand points and sites those in areas where somebody sells, of the outlets those that count.
    """
    sells = network.quantity[Quantity.SALES].sum(axis=0) > 0
    codes = set(network.adcodes[sells])
    parts = [
        _named("demand", tables.demand[tables.demand["adcode"].isin(codes)]),
        _named("outlets", network.outlets),
    ]
    if tables.sites is not None:
        parts.append(_named("sites", tables.sites[tables.sites["adcode"].isin(codes)]))
    if tables.recyclers is not None:
        parts.append(_named("recyclers", tables.recyclers))
    places = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return places[places["lon"].notna() & places["lat"].notna()].reset_index(drop=True)


def road_facts(tables: Tables, network: Network, scenario: Scenario) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return the places off the road network, and what is to be said of how places come to the roads.

    Returns
    -------
    DataFrame
        table (demand, outlets, sites, recyclers), id, name, adcode, lon, lat, off_km (to the nearest road
        that was looked at; infinite where none was); the farthest last. No rows where distances are not by
        road.
    tuple of Note
        None where distances are not by road.
    """
    if not isinstance(network.measure, RoadMeasure) or tables.roads is None:
        return pd.DataFrame(columns=OFF_ROAD_COLUMNS), ()
    places = places_of(tables, network)
    snapped = road_reach(tables.roads, scenario).snapped(places[["lon", "lat"]].to_numpy(dtype=float))
    places = places.assign(off_km=snapped.off_km, on_road=snapped.on_road)
    off = places[~places["on_road"]].sort_values(["table", "off_km", "id"])[OFF_ROAD_COLUMNS]
    notes = (*_assumed(tables.roads, scenario), *_snapping(places), *_off_road(places, scenario))
    return off.reset_index(drop=True), notes


def _named(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    ids = rows[_IDS[table]].astype(str)
    return pd.DataFrame(
        {
            "table": table,
            "id": ids,
            "name": rows["name"].astype(str) if "name" in rows else ids,
            "adcode": rows["adcode"].astype(str) if "adcode" in rows else "",
            "lon": rows["lon"].astype(float),
            "lat": rows["lat"].astype(float),
        }
    )


def _assumed(roads: RoadNetwork, scenario: Scenario) -> Iterator[Note]:
    settings = scenario.roads
    if settings.direction == "both":
        way = say("the mean of the way to the outlet and back")
    else:
        way = say("from the outlet") if settings.direction == "back" else say("to the outlet")
    text = say(
        "Ways are the shortest by road in {name} ({nodes} nodes, {edges} directed edges), {way}. Times are "
        "free of traffic, at the speeds that the map states or, where it states none, that roads of their "
        "kind have there; between a place and the road {access:g} km/h (assumed).",
        name=roads.name,
        nodes=len(roads.node_id),
        edges=len(roads.tail),
        way=way,
        access=settings.access_kmh,
    )
    yield Note(NoteKind.ASSUMPTION, text, source=roads.name)


def _snapping(places: pd.DataFrame) -> Iterator[Note]:
    metres = 1000 * places.loc[places["on_road"], "off_km"].to_numpy(dtype=float)
    if not len(metres):
        return
    text = say(
        "{n} of {total} places join a road within {median} m (median), at most {most} m.",
        n=len(metres),
        total=len(places),
        median=round(float(np.median(metres))),
        most=round(float(metres.max())),
    )
    yield Note(NoteKind.ROADS, text)


def _off_road(places: pd.DataFrame, scenario: Scenario) -> Iterator[Note]:
    """Name the first places of each table that no road comes near, and say what stands in for their ways."""
    settings = scenario.roads
    for table, rows in places.groupby("table", sort=False):
        off = rows[~rows["on_road"]]
        if off.empty:
            continue
        text = say(
            "{table}: {n} of {total} are off the road network, more than {snap:g} km from any road "
            "({first}{more}). For their ways road-like kilometres at {speed:g} km/h stand in (assumed).",
            table=_TABLES[str(table)],
            n=len(off),
            total=len(rows),
            snap=settings.snap_km,
            first=", ".join(off["name"].head(FIRST)),
            more=" …" if len(off) > FIRST else "",
            speed=settings.fallback_kmh,
        )
        yield Note(NoteKind.ASSUMPTION, text, source=str(table))


_TABLES = {
    "demand": say("Demand points"),
    "outlets": say("Outlets"),
    "sites": say("Sites"),
    "recyclers": say("Recyclers"),
}
