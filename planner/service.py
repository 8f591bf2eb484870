"""Whom outlets serve: where one can come from in time, which way it is, and whose sales are too far off."""

from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geodata.reach import TravelUnit
from geodata.schemas import CRS, Role
from planner.geometry import COVERAGE_KM
from planner.measure import RoadMeasure
from planner.network import Bools, Floats, Ints, KindAsked, Network, Quantity, used_by
from planner.rules.reach_share import ReachShare
from planner.study import Study, planned_network

if TYPE_CHECKING:
    from geodata.roadreach import RoadReach

MOST_AREAS = 500
"""Outlets whose service areas are drawn, new ones before others."""
MOST_ROUTES = 500
"""Ways that are drawn, those of most sales first."""
MOST_UNREACHED = 20_000
"""Rows of sales out of reach, the largest first."""
KEPT = 8
"""Answers that are kept for each road network: files, report and map ask for the same."""
_ANSWERS: "WeakKeyDictionary[RoadReach, dict[Hashable, gpd.GeoDataFrame]]" = WeakKeyDictionary()
_LOCK = Lock()
FAR = 4.0
"""A way is looked for as far as this many times the limit."""

AREA_COLUMNS = ["outlet_id", "name", "enterprises", "kind", "adcode", "stage", "limit", "unit"]
ROUTE_COLUMNS = ["point_id", "outlet_id", "enterprises", "adcode", "units", "km", "minutes", "on_road"]
UNREACHED_COLUMNS = ["point_id", "enterprise", "role", "adcode", "units", "lon", "lat"]


@dataclass(frozen=True, slots=True)
class ServiceLimit:
    """How near is near, by the rule that says it: its limit and unit, and which outlets count."""

    limit: float
    unit: TravelUnit
    kind: KindAsked = KindAsked.ANY
    across_borders: bool = False


def service_limit(study: Study, enterprise: str = "") -> ServiceLimit:
    """Return how near an outlet is to be by the first rule about reach, one about sales before others.

    Rules count that ask something of somebody who sells, or of this enterprise. Without such a rule it is
    50 km (assumed).
    """
    sales = study.tables.sales
    sells = sales["role"][sales["enterprise"] == enterprise] if enterprise else sales["role"]
    return _limit_of(study, set(sells.astype(str)))


def _limit_of(study: Study, roles: Collection[str]) -> ServiceLimit:
    """Return the same by the rules for some roles."""
    bound = (rule for rule in study.rules.rules if str(rule.role) in roles)
    rules = [rule for rule in bound if isinstance(rule, ReachShare)]
    rules.sort(key=lambda rule: rule.parameters.of != "sales")
    if not rules:
        return ServiceLimit(COVERAGE_KM, TravelUnit.KM)
    rule = rules[0]
    return ServiceLimit(rule.limit, rule.limit_unit, rule.outlet_kind, rule.parameters.across_borders)


def service_areas_of(
    study: Study, *, adcode: str = "", enterprise: str = "", most: int = MOST_AREAS
) -> gpd.GeoDataFrame:
    """Return from where each outlet is reached within the limit by road, in EPSG:4326.

    Parameters
    ----------
    adcode, enterprise
        Only outlets that stand there, only those of this enterprise; blank: all.
    most
        The most outlets; where there are more, new ones are kept before existing ones.

    Returns
    -------
    GeoDataFrame
        outlet_id, name, enterprises, kind, adcode, stage (existing, new), limit, unit (km, min), polygon.
        No rows where distances are not by road.
    """
    measure, near = _network(study).measure, service_limit(study, enterprise)
    outlets = located_outlets(study, adcode=adcode, enterprise=enterprise)
    outlets = _at_most(outlets[_of_kind(outlets, near.kind)], most)
    if not isinstance(measure, RoadMeasure) or outlets.empty:
        return _empty(AREA_COLUMNS)
    places = outlets[["lon", "lat"]].to_numpy(dtype=float)
    single, at = np.unique(places, axis=0, return_inverse=True)
    polygons = _polygons(measure.reach, single, near.limit, near.unit)
    table = outlets.assign(limit=near.limit, unit=str(near.unit))[AREA_COLUMNS].reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=polygons[at.ravel()], crs=CRS)


def routes_of(
    study: Study,
    *,
    adcode: str = "",
    enterprise: str = "",
    point_id: str = "",
    most: int = MOST_ROUTES,
) -> gpd.GeoDataFrame:
    """Return the way from each demand point to the nearest outlet that counts for whoever sells there.

    Only points with sales have one; it is looked for as far as four times the limit, and for a single point
    however far.

    Parameters
    ----------
    adcode, enterprise, point_id
        Only the points of this area, the sales of this enterprise, this point; blank: all.
    most
        The most ways, those of most sales first.

    Returns
    -------
    GeoDataFrame
        point_id, outlet_id, enterprises (who sell there and have it nearest, with ;), adcode
        (of the point), units (sold), km, minutes, on_road, line in EPSG:4326. No rows where distances are not
        by road.
    """
    network = _network(study)
    measure = network.measure
    if not isinstance(measure, RoadMeasure):
        return _empty(ROUTE_COLUMNS)
    sold = _sold(network, adcode, enterprise, point_id)
    ways = _ways_of_roles(study, network, sold, most, however_far=bool(point_id))
    if ways.empty:
        return _empty(ROUTE_COLUMNS)
    lines = _lines(
        measure.reach,
        network.point_lonlat[ways["point"].to_numpy()],
        network.outlet_lonlat[ways["outlet"].to_numpy()],
        measure.unit,
    )
    table = ways.assign(
        point_id=network.point_ids[ways["point"].to_numpy()],
        outlet_id=network.outlets["outlet_id"].to_numpy()[ways["outlet"].to_numpy()],
        adcode=network.adcodes[network.point_area[ways["point"].to_numpy()]],
        **{name: lines[name].to_numpy() for name in ("km", "minutes", "on_road")},
    )
    return gpd.GeoDataFrame(table[ROUTE_COLUMNS], geometry=lines.geometry.to_numpy(), crs=CRS)


def unreached_of(
    study: Study, *, adcode: str = "", enterprise: str = "", most: int = MOST_UNREACHED
) -> gpd.GeoDataFrame:
    """Return the demand points whose sales have no outlet within the limit, by enterprise.

    Returns
    -------
    GeoDataFrame
        point_id, enterprise, role, adcode, units (sold there), lon, lat, point in EPSG:4326; the largest
        first, at most `most` rows. No rows where no rule says how near an outlet is to be.
    """
    network = _network(study)
    parts = [_unreached(network, rule, adcode, enterprise, most) for rule in _first_of_each_role(study)]
    parts = [part for part in parts if len(part)]
    if not parts:
        return _empty(UNREACHED_COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["units", "point_id", "enterprise"], ascending=[False, True, True])
    table = table.head(most).reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=CRS)


def located_outlets(study: Study, *, adcode: str = "", enterprise: str = "") -> pd.DataFrame:
    """Return the outlets that count and have a place, existing ones and then new ones, told by `stage`."""
    columns = ["outlet_id", "name", "enterprises", "kind", "adcode", "lon", "lat"]
    parts = [
        pd.DataFrame(table[columns]).assign(stage=stage)
        for stage, table in (("existing", study.counted_outlets), ("new", study.new_outlets))
        if len(table)
    ]
    if not parts:
        return pd.DataFrame(columns=[*columns, "stage"])
    outlets = pd.concat(parts, ignore_index=True)
    kept = outlets["lon"].notna() & outlets["lat"].notna()
    if adcode:
        kept &= outlets["adcode"] == adcode
    if enterprise:
        kept &= used_by(outlets["enterprises"], [enterprise])
    return outlets[kept].reset_index(drop=True)


def _polygons(reach: "RoadReach", places: Floats, limit: float, unit: TravelUnit) -> npt.NDArray[np.object_]:
    """Return the service areas of places (J, 2) as polygons (J,)."""
    from geodata.isochrones import service_areas

    def make() -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(geometry=service_areas(reach, places, limit, unit))

    return np.asarray(_kept(reach, (places.tobytes(), limit, unit), make).geometry, dtype=object)


def _lines(reach: "RoadReach", origins: Floats, targets: Floats, unit: TravelUnit) -> gpd.GeoDataFrame:
    """Return the ways between places, (R, 2) each."""
    key = (origins.tobytes(), targets.tobytes(), unit)
    return _kept(reach, key, lambda: reach.routes(origins, targets, unit))


def _kept(reach: "RoadReach", key: Hashable, make: Callable[[], gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return the answer under `key`, made once as long as the roads are in use."""
    with _LOCK:
        known = _ANSWERS.setdefault(reach, {})
        if key in known:
            return known[key]
    found = make()
    with _LOCK:
        known[key] = found
        while len(known) > KEPT:
            del known[next(iter(known))]
    return found


def _network(study: Study) -> Network:
    """Return the network with the new outlets, if any were planned."""
    return planned_network(study, study.new_outlets)


def _at_most(outlets: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the first outlets in their order, new ones kept before existing ones."""
    wanted = outlets["stage"].ne("new").sort_values(kind="stable").index[:most]
    return outlets.loc[wanted.sort_values()]


def _of_kind(outlets: pd.DataFrame, asked: KindAsked) -> "pd.Series[bool]":
    every = pd.Series(True, index=outlets.index)
    return every if asked is KindAsked.ANY else outlets["kind"].astype(str).eq(str(asked))


def _empty(columns: list[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(columns=columns), geometry=gpd.GeoSeries([], crs=CRS), crs=CRS)


def _sold(network: Network, adcode: str, enterprise: str, point_id: str) -> Floats:
    """Return the units sold (P, I) of each party at each point, nothing where it is not asked for."""
    sold = network.quantity[Quantity.SALES][:, network.point_area] * network.point_weight
    if enterprise:
        sold = sold * (network.enterprises == enterprise)[:, None]
    if adcode:
        sold = sold * (network.adcodes == adcode)[network.point_area]
    if point_id:
        sold = sold * (network.point_ids == point_id)
    return np.asarray(sold, dtype=float)


def _ways_of_roles(
    study: Study, network: Network, sold: Floats, most: int, *, however_far: bool
) -> pd.DataFrame:
    """Return point, outlet (positions), enterprises and units of the ways, those of most units first.

    Each role has the limit, and the outlets, of its own rule.
    """
    rows = []
    for role in Role:
        own = sold * (network.roles == str(role))[:, None]
        rows += _ways(network, _limit_of(study, {str(role)}), own, most, however_far=however_far)
    table = pd.DataFrame(rows, columns=["point", "outlet", "enterprises", "units"])
    ways = table.groupby(["point", "outlet"], as_index=False).agg(
        enterprises=("enterprises", lambda names: ";".join(dict.fromkeys(names))), units=("units", "sum")
    )
    ways = ways.sort_values(["units", "point", "outlet"], ascending=[False, True, True])
    return ways.head(most).reset_index(drop=True)


def _ways(
    network: Network, near: ServiceLimit, sold: Floats, most: int, *, however_far: bool
) -> list[tuple[int, int, str, float]]:
    """Return point, outlet (positions), enterprise and units of the ways."""
    total = sold.sum(axis=0)
    points = np.argsort(-total, kind="stable")[:most]
    points = points[total[points] > 0]
    counted = network.of_kind(near.kind) & np.isfinite(network.outlet_lonlat).all(axis=1)
    return [
        (int(point), outlet, str(network.enterprises[party]), float(sold[party, point]))
        for at, outlets in _grouped(network, near, points, np.flatnonzero(counted))
        for party in np.flatnonzero(sold[:, at].sum(axis=1) > 0).tolist()
        for point, outlet in _nearest_own(network, near, at, outlets, party, however_far=however_far)
        if sold[party, point] > 0
    ]


def _grouped(
    network: Network, near: ServiceLimit, points: Ints, outlets: Ints
) -> Iterator[tuple[Ints, Ints]]:
    """Yield points with the outlets that count for them: those of their area, or all across borders."""
    if near.across_borders:
        yield points, outlets
        return
    for area in np.unique(network.point_area[points]):
        yield points[network.point_area[points] == area], outlets[network.outlet_area[outlets] == area]


def _nearest_own(
    network: Network, near: ServiceLimit, points: Ints, outlets: Ints, party: int, *, however_far: bool
) -> Iterator[tuple[int, int]]:
    """Yield each point with the party's nearest outlet, both as positions in the network."""
    own = outlets[_lists(network, party)[outlets]]
    if not len(own) or not len(points):
        return
    measure, sides = network.measure, (network.point_lonlat[points], network.outlet_lonlat[own])
    if however_far:
        pairs = measure.nearest(*sides, 1)
    else:
        pairs = measure.within(*sides, FAR * measure.converted(near.limit, near.unit))
    for row, (start, end) in enumerate(zip(pairs.indptr[:-1], pairs.indptr[1:], strict=True)):
        if end > start:
            best = int(pairs.indices[start + int(np.argmin(pairs.data[start:end]))])
            yield int(points[row]), int(own[best])


def _lists(network: Network, party: int) -> Bools:
    return np.asarray(network.listed[:, [party]].toarray().ravel() > 0)


def _first_of_each_role(study: Study) -> list[ReachShare]:
    from planner.check import sales_reach_rule

    found = [sales_reach_rule(study.rules, {str(role)}) for role in Role]
    return [rule for rule in found if rule is not None]


def _unreached(network: Network, rule: ReachShare, adcode: str, enterprise: str, most: int) -> pd.DataFrame:
    """Return the rows of one role, unsorted, the largest; an enterprise at a time, for memory."""
    covered = sparse.csc_array(rule.covered(network, network.of_kind(rule.outlet_kind)))
    asked = network.parties(rule.role)
    if enterprise:
        asked = asked & (network.enterprises == enterprise)
    inside = (network.adcodes == adcode) if adcode else np.ones(len(network.adcodes), dtype=bool)
    found: list[tuple[Ints, Ints, Floats]] = []
    for party in np.flatnonzero(asked).tolist():
        by_area = np.where(inside, network.quantity[Quantity.SALES][party], 0.0)
        sold = by_area[network.point_area] * network.point_weight
        sold[covered.indices[covered.indptr[party] : covered.indptr[party + 1]]] = 0.0
        point = np.flatnonzero(sold > 0)
        found.append((np.full(len(point), party), point, sold[point]))
    party_of, point_of, units = (
        np.concatenate([np.empty(0, dtype=kind), *(part[at] for part in found)])
        for at, kind in enumerate((np.int64, np.int64, np.float64))
    )
    if len(units) > most:  # of equals all, which are sorted out by their names
        kept = units >= np.partition(units, -most)[-most]
        party_of, point_of, units = party_of[kept], point_of[kept], units[kept]
    rows = {
        "point_id": network.point_ids[point_of],
        "enterprise": network.enterprises[party_of],
        "role": str(rule.role),
        "adcode": network.adcodes[network.point_area[point_of]],
        "units": units,
        "lon": network.point_lonlat[point_of, 0],
        "lat": network.point_lonlat[point_of, 1],
    }
    return pd.DataFrame(rows, columns=UNREACHED_COLUMNS)
