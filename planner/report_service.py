"""Whom outlets serve, as layers of a map and a table: what is reached by road, ways, sales not reached."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from geodata.reach import TravelUnit
from maps.layers import Data, Fact, unreached_layer
from maps.shapes import route_layer, zone_layer
from planner.language import Translator
from planner.report_digest import Digest, limit_words, outlet_names
from planner.report_tables import Cell, Row, Table, number_cell
from planner.service import ServiceLimit, routes_of, service_areas_of, service_limit, unreached_of
from planner.study import Study

MOST_ROUTES = 200
"""Ways in a report, those of most sales first; study.gpkg holds more."""
FEW_PLACES = 300
"""Places not reached that are shown unasked: the signs of more hide what is below them."""
MOST_POINTED = 2_000
"""Places not reached that say what is sold there when pointed at."""
FEW_ZONES = 60
"""Outlets whose service areas are shown unasked."""


@dataclass(frozen=True, slots=True)
class Service:
    """How near is near, and what `planner.service` found by it; zones and routes are empty off the roads."""

    limit: ServiceLimit
    zones: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    unreached: gpd.GeoDataFrame


def service_of(study: Study) -> Service:
    """Return whom the outlets of a study serve."""
    return Service(
        service_limit(study), service_areas_of(study), routes_of(study, most=MOST_ROUTES), unreached_of(study)
    )


def way_words(km: float, minutes: float, t: Translator) -> str:
    """Return how long a way is: 12.3 km · 15 min."""
    return f"{t('{n} km', n=t.number(km, way_decimals(km)))} · {t('{n} min', n=t.number(minutes, 1))}"


def way_decimals(km: float) -> int:
    """Return the decimals of a way's kilometres: ten metres where it is short."""
    return 2 if km < 10 else 1


def service_layers(service: Service, digest: Digest) -> list[Data]:
    """Return the layers of a study's map that lie below its outlets."""
    t = digest.t
    shown = [zones_layer(service.zones, t)] if len(service.zones) else []
    if len(service.unreached):
        places = _places(service.unreached, digest)
        shown.append({**unreached_layer(places, t, unit=t("places")), "on": len(places) <= FEW_PLACES})
    if len(service.routes):
        shown.append(routes_layer(service.routes, digest))
    return shown


def _places(unreached: pd.DataFrame, digest: Digest) -> pd.DataFrame:
    """Return the places where sales are not reached, each once: lon, lat; name and note if not too many."""
    t, groups = digest.t, pd.DataFrame(unreached).groupby("point_id", sort=False)
    places = groups.agg(lon=("lon", "first"), lat=("lat", "first"), adcode=("adcode", "first")).reset_index()
    if len(places) > MOST_POINTED:
        return places
    units = groups["units"].sum().to_numpy()
    owners = groups["enterprise"].agg(lambda names: " · ".join(dict.fromkeys(names))).to_numpy()
    named = places["point_id"].astype(str) + " (" + places["adcode"].map(digest.names).fillna("") + ")"
    notes = [
        t("{units} sold: {names}", units=t.number(n, 1), names=w) for n, w in zip(units, owners, strict=True)
    ]
    return places.assign(name=named, note=notes)


def zones_layer(zones: gpd.GeoDataFrame, t: Translator) -> Data:
    """Return service areas, see `planner.service.service_areas_of`, as a layer; at least one."""
    limit = limit_words(float(zones["limit"].iloc[0]), TravelUnit(str(zones["unit"].iloc[0])), t)
    drawn = zones.assign(new=zones["stage"].eq("new"))
    title = t("Within {limit} by road", limit=limit)
    return zone_layer(drawn, t, title=title, unit=t("outlets"), on=len(zones) <= FEW_ZONES)


def routes_layer(routes: gpd.GeoDataFrame, digest: Digest, *, on: bool = False) -> Data:
    """Return ways, see `planner.service.routes_of`, as a layer whose lines can be chosen."""
    t, names = digest.t, outlet_names(digest.study)
    to = routes["outlet_id"].map(names).fillna(routes["outlet_id"])
    hints = [way_words(km, minutes, t) for km, minutes in zip(routes["km"], routes["minutes"], strict=True)]
    drawn = routes.assign(name=routes["point_id"].astype(str) + " → " + to, hint=hints)
    facts = [
        Fact(t("From"), tuple(_from(row, digest) for row in _rows(routes))),
        Fact(t("To"), tuple(map(str, to))),
        Fact(t("Way"), tuple(hints)),
        Fact(t("Sold there"), tuple(t.number(float(units), 1) for units in routes["units"])),
        Fact(t("Enterprises"), tuple(routes["enterprises"].astype(str).str.replace(";", " · "))),
    ]
    return route_layer(drawn, facts, t, title=t("Ways to the nearest outlet"), on=on)


def route_table(service: Service, digest: Digest) -> Table | None:
    """Return the ways as a table whose rows show them on the map; None where there are none."""
    if service.routes.empty:
        return None
    t, names = digest.t, outlet_names(digest.study)
    titles = (
        (t("Demand point"), False), (t("Area"), False), (t("Nearest outlet"), False), (t("km"), True),
        (t("min"), True), (t("Sold there"), True), (t("Enterprises"), False),
    )  # fmt: skip
    off = t("straight line, off the roads")
    rows = [
        Row(
            (
                Cell(str(row["point_id"]), route=str(number)),
                Cell(digest.names.get(str(row["adcode"]), str(row["adcode"])), area=str(row["adcode"])),
                Cell(str(names.get(str(row["outlet_id"]), row["outlet_id"]))),
                number_cell(float(str(row["km"])), t, way_decimals(float(str(row["km"])))),
                number_cell(float(str(row["minutes"])), t, 1),
                number_cell(float(str(row["units"])), t, 1),
                Cell(str(row["enterprises"]).replace(";", " · "), soft="" if row["on_road"] else off),
            ),
            words=f"{row['point_id']} {row['outlet_id']} {row['adcode']} {row['enterprises']}".lower(),
        )
        for number, row in enumerate(_rows(service.routes))
    ]
    return Table("routes", titles, tuple(rows), "")


def _rows(routes: pd.DataFrame) -> list[Mapping[str, object]]:
    return [{str(k): v for k, v in row.items()} for row in pd.DataFrame(routes).to_dict("records")]


def _from(row: Mapping[str, object], digest: Digest) -> str:
    return f"{row['point_id']} ({digest.names.get(str(row['adcode']), row['adcode'])})"
