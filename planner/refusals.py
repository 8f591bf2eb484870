"""Why a site can't be tried where somebody wants it: one sentence, or none."""

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import shapely

from geodata.assignment import locate
from geodata.messages import Message, say
from geodata.reach import great_circle_km
from geodata.schemas import OutletStatus, Tables
from planner.draft import Draft, Exclusion, TriedSite
from planner.network import Floats, used_by
from planner.rules.presence import Presence
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet
from planner.spacing import TOLERANCE_KM

SAME_PLACE_KM = 0.05
"""Outlets of one enterprise and kind that are nearer than this are one and the same."""
EVERYWHERE = "none"


def area_at(lon: float, lat: float, tables: Tables) -> str:
    """Return the adcode of the area a point stands in, or just off which it lies; "" where there is none."""
    near = _near(tables, lon, lat)
    return str(locate([lon], [lat], near).adcode[0]) if len(near) else ""


def _near(tables: Tables, lon: float, lat: float) -> gpd.GeoDataFrame:
    """Return the areas that may be meant, in the order of all: most are far away, and measuring takes time.

    A point in a hole of the special areas goes to the nearest area however far, so a few degrees are kept.
    """
    bounds = tables.areas.geometry.bounds.to_numpy()
    left, low, right, high = bounds.T
    wide = 5.0
    here = (left - wide <= lon) & (lon <= right + wide) & (low - wide <= lat) & (lat <= high + wide)
    return tables.areas[here]


def refusal(
    site: TriedSite, tables: Tables, rules: RuleSet, draft: Draft, *, spacing_km: float | None = None
) -> Message | None:
    """Return why a site can't be tried, or None where it can.

    It can't be off every area, where its enterprise has no duty, in an excluded part of the map, or where
    the same enterprise has an outlet of the kind already. `site.adcode` is what `area_at` says of its place.

    Parameters
    ----------
    draft
        The sites tried beside it; one of the same id is the site itself before it was moved.
    spacing_km
        How far outlets of an enterprise and a kind stand apart at least; None: any.
    """
    if not site.adcode:
        return say("No area is here: the place lies in the sea or abroad. Choose one inside an area.")
    others = [other for other in draft.sites if other.outlet_id != site.outlet_id]
    return (
        _not_its_area(site, tables, rules)
        or _excluded(site, draft.exclusions)
        or _taken(site, tables, others)
        or (None if spacing_km is None else _too_near(site, tables, others, spacing_km))
    )


def _not_its_area(site: TriedSite, tables: Tables, rules: RuleSet) -> Message | None:
    """Say that none of its enterprises owes anything in the area, if so."""
    owing = [name for name in site.users if owes(name, site.adcode, tables, rules)]
    if owing:
        return None
    names = tables.areas.set_index("adcode")["name"]
    area = f"{names.get(site.adcode, '')} ({site.adcode})"
    if not site.users:
        return say("Choose the enterprise that the outlet is for.")
    return say(
        "{enterprise} has no duty in {area}: it sells nothing there, or the rules do not bind the area. "
        "Choose a place where it sells, or another enterprise.",
        enterprise=site.enterprises,
        area=area,
    )


def owes(enterprise: str, adcode: str, tables: Tables, rules: RuleSet) -> bool:
    """Return whether an outlet of an enterprise in an area can serve a duty: it sells there, or must be.

    Vehicles sold in earlier years come back too, so sales of any year count.
    """
    if rules.territory and not adcode.startswith(tuple(rules.territory)):
        return False
    own = tables.sales[tables.sales["enterprise"] == enterprise]
    if own.empty:
        return False
    roles = set(own["role"].astype(str))
    if any(_looks_beyond(rule) and str(rule.role) in roles for rule in rules.rules):
        return True
    province = tables.areas.loc[tables.areas["adcode"] == adcode, "province_adcode"]
    here = own["adcode"].eq(adcode) | own["adcode"].isin(province)
    sold = own["vehicles"].fillna(0.0) + own["batteries"].fillna(0.0) + own["stock"].fillna(0.0)
    missing = own["vehicles"].isna() & own["batteries"].isna()
    return bool((here & ((sold > 0) | missing)).any())


def _looks_beyond(rule: object) -> bool:
    """Whether a rule asks for outlets where nothing is sold, or counts those beyond an area's border."""
    if isinstance(rule, Presence):
        return rule.parameters.quantity == EVERYWHERE
    return isinstance(rule, ReachShare) and rule.parameters.across_borders


def inside(exclusion: Exclusion, lon: Sequence[float] | Floats, lat: Sequence[float] | Floats) -> np.ndarray:
    """Return which points (n,) lie in an excluded part of the map, its border included."""
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if len(exclusion.corners) < 3:
        return np.zeros(len(x), dtype=bool)
    shape = shapely.make_valid(shapely.Polygon(exclusion.corners))
    return np.asarray(shapely.intersects_xy(shape, x, y), dtype=bool)


def _excluded(site: TriedSite, exclusions: Iterable[Exclusion]) -> Message | None:
    for exclusion in exclusions:
        if inside(exclusion, [site.lon], [site.lat])[0]:
            return say(
                "The place lies in the excluded part '{name}'. Choose one outside, or remove the exclusion.",
                name=exclusion.name,
            )
    return None


def _taken(site: TriedSite, tables: Tables, tried: Sequence[TriedSite]) -> Message | None:
    """Say which outlet of the same kind and enterprise stands there, if one does."""
    outlets = tables.outlets
    near = outlets[
        (outlets["lat"] - site.lat).abs().lt(0.01)
        & (outlets["kind"].astype(str) == str(site.kind))
        & ~outlets["status"].astype(str).eq("closed")
    ]
    km = great_circle_km(near["lon"], near["lat"], site.lon, site.lat)
    for name, names, distance in zip(near["name"], near["enterprises"], km, strict=True):
        if distance <= SAME_PLACE_KM and _share(str(names).split(";"), site.users):
            return _same(str(name))
    for other in tried:
        distance = float(great_circle_km(other.lon, other.lat, site.lon, site.lat))
        if distance <= SAME_PLACE_KM and other.kind == site.kind and _share(other.users, site.users):
            return _same(f"{other.name} ({other.outlet_id})")
    return None


def _too_near(
    site: TriedSite, tables: Tables, tried: Sequence[TriedSite], spacing_km: float
) -> Message | None:
    """Say which outlet of the same kind and enterprise is nearer than the spacing, if one is."""
    outlets = tables.outlets
    open_ = outlets[
        outlets["status"].astype(str).eq(str(OutletStatus.OPEN))
        & outlets["kind"].astype(str).eq(str(site.kind))
        & used_by(outlets["enterprises"], site.users)
    ]
    alike = [one for one in tried if one.kind == site.kind and _share(one.users, site.users)]
    lon, lat = [*open_["lon"], *(one.lon for one in alike)], [*open_["lat"], *(one.lat for one in alike)]
    names = [*open_["name"].astype(str), *(one.label for one in alike)]
    km = great_circle_km(np.array(lon, dtype=float), np.array(lat, dtype=float), site.lon, site.lat)
    if not len(km) or np.isnan(km).all() or np.nanmin(km) >= spacing_km - TOLERANCE_KM:
        return None
    return say(
        "{name} is {km} km away; the assumptions keep outlets of an enterprise and a kind {apart:g} km "
        "apart. Choose a place farther off, or change the spacing.",
        name=names[int(np.nanargmin(km))],
        km=f"{np.nanmin(km):.2f}",
        apart=spacing_km,
    )


def _share(names: Iterable[str], others: Iterable[str]) -> bool:
    return bool({name.strip() for name in names} & set(others))


def _same(name: str) -> Message:
    return say(
        "The enterprise has an outlet of this kind here already: {name}. Choose a place at least 50 m away.",
        name=name,
    )
