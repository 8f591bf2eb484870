"""The tables of a study: their vocabularies and the bundle they travel in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geodata.messages import Note

if TYPE_CHECKING:
    from geodata.roadnetwork import RoadNetwork

CRS = "EPSG:4326"


class Role(StrEnum):
    """In which part an enterprise owes the duty."""

    MAKER = "maker"
    BATTERY_MAKER = "battery_maker"


class OutletKind(StrEnum):
    """What an outlet is; `storage` holds for long and in bulk, `collection` takes in."""

    COLLECTION = "collection"
    STORAGE = "storage"


class OutletStatus(StrEnum):
    """Whether an outlet works: only open ones count."""

    OPEN = "open"
    PLANNED = "planned"
    CLOSED = "closed"


class Datum(StrEnum):
    """Which geodetic datum a file's coordinates are in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that tables were read from: which table, its name, the SHA-256 of its bytes, the rows used."""

    table: str
    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything a study is made from, read and validated.

    Attributes
    ----------
    areas
        Polygons in EPSG:4326: adcode, name, province_adcode, province, population, pinyin, name_en.
    sales
        enterprise, role, adcode, year, vehicles, batteries, stock, chemistry, pack_kg.
    outlets
        Points in EPSG:4326, None where not located: outlet_id, name, enterprises, kind, lon, lat, adcode,
        declared_adcode, located, area_m2, stock_cap_t, pickups_per_year, opened, status.
    sites
        The user's candidate sites, or None where the demand points are the candidates.
    demand
        point_id, adcode, lon, lat, weight, population_weight; weights sum to 1 in each area.
    notes
        What the readers noticed.
    sample
        Whether this is the bundled, fictional sample.
    files
        The files they were read from.
    roads
        The road network, where distances are by road.
    recyclers
        recycler_id, name, lon, lat: where batteries go from the outlets; None where none are given.
    credits
        Attributions that the data used ask for, to be shown with every result.
    """

    areas: gpd.GeoDataFrame
    sales: pd.DataFrame
    outlets: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame | None
    demand: pd.DataFrame
    notes: tuple[Note, ...] = ()
    sample: bool = False
    files: tuple[InputFile, ...] = ()
    roads: "RoadNetwork | None" = None
    recyclers: pd.DataFrame | None = None
    credits: tuple[str, ...] = ()
