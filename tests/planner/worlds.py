"""Small worlds for tests: square areas in a row, a few demand points, outlets where they are wanted."""

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box

from geodata.schemas import CRS, Tables
from planner.rules.ruleset import RuleSet, rule_set_from
from planner.scenario import Scenario, read_scenario

YEAR = 2022
KM = 1 / 111.195
"""Degrees of latitude in a kilometre."""


def code(number: int, province: str = "13") -> str:
    return f"{province}{number:02d}00"


def areas(codes: Sequence[str], population: Sequence[float] | None = None) -> gpd.GeoDataFrame:
    """Squares of one degree side by side, from 100 E, 30 N on."""
    frame = pd.DataFrame(
        {
            "adcode": list(codes),
            "name": [f"area {item}" for item in codes],
            "province_adcode": [f"{item[:2]}0000" for item in codes],
            "province": [f"province {item[:2]}" for item in codes],
            "population": np.full(len(codes), np.nan) if population is None else list(population),
            "pinyin": list(codes),
            "name_en": list(codes),
        }
    )
    squares = [box(100 + at, 30, 101 + at, 31) for at in range(len(codes))]
    return gpd.GeoDataFrame(frame, geometry=squares, crs=CRS)


def sales(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """(enterprise, adcode, units[, role[, year]]) each."""
    table = []
    for row in rows:
        filled = [*row, *("maker", YEAR)[len(row) - 3 :]]
        enterprise, adcode, units, role, year = filled
        battery = role == "battery_maker"
        table.append(
            {
                "enterprise": enterprise,
                "role": role,
                "adcode": adcode,
                "year": year,
                "vehicles": np.nan if battery else float(units),
                "batteries": float(units) if battery else np.nan,
                "stock": np.nan,
                "chemistry": "LFP",
                "pack_kg": np.nan,
            }
        )
    return pd.DataFrame(table)


def outlets(rows: Iterable[dict[str, object]] = ()) -> gpd.GeoDataFrame:
    """Outlets from what is said of each; the rest is usual."""
    usual = {
        "name": "outlet",
        "enterprises": "M",
        "kind": "collection",
        "lon": np.nan,
        "lat": np.nan,
        "adcode": "",
        "area_m2": 10.0,
        "stock_cap_t": 5.0,
        "pickups_per_year": 12.0,
        "status": "open",
    }
    full = [{"outlet_id": f"o{at}", **usual, **row} for at, row in enumerate(rows)]
    columns = ["outlet_id", *usual]
    frame = pd.DataFrame(full, columns=[*columns, *{k for row in full for k in row if k not in columns}])
    numbers = ["lon", "lat", "area_m2", "stock_cap_t", "pickups_per_year"]
    frame = frame.astype(dict.fromkeys(numbers, float))
    frame = frame.assign(
        declared_adcode=frame["adcode"],
        located=frame["lon"].notna(),
        opened=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]"),
    )
    points = gpd.points_from_xy(frame["lon"], frame["lat"])
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS)


def demand(rows: Iterable[tuple[str, float, float, float]]) -> pd.DataFrame:
    """(adcode, lon, lat, weight) each; weights are made to sum to 1 in each area."""
    frame = pd.DataFrame(rows, columns=["adcode", "lon", "lat", "weight"])
    total = frame.groupby("adcode")["weight"].transform("sum")
    return frame.assign(
        point_id=[f"p{at}" for at in range(len(frame))],
        weight=frame["weight"] / total,
        population_weight=np.nan,
    )[["point_id", "adcode", "lon", "lat", "weight", "population_weight"]]


def centres(codes: Sequence[str]) -> pd.DataFrame:
    """One demand point in the middle of each square."""
    return demand([(item, 100.5 + at, 30.5, 1.0) for at, item in enumerate(codes)])


def tables(
    codes: Sequence[str],
    sold: Iterable[tuple[object, ...]],
    standing: Iterable[dict[str, object]] = (),
    points: pd.DataFrame | None = None,
    population: Sequence[float] | None = None,
) -> Tables:
    return Tables(
        areas(codes, population),
        sales(sold),
        outlets(standing),
        None,
        centres(codes) if points is None else points,
    )


def at(adcode: str, lon: float, lat: float, **rest: object) -> dict[str, object]:
    """An outlet that stands somewhere."""
    return {"adcode": adcode, "lon": lon, "lat": lat, **rest}


def rule(kind: str, name: str = "", **parts: object) -> dict[str, object]:
    """A rule as plain values; what is not about the rule itself is a parameter."""
    fields = {"role", "level", "outlet_kind", "assumption"}
    own = {key: value for key, value in parts.items() if key in fields}
    parameters = {key: value for key, value in parts.items() if key not in fields}
    return {
        "id": name or kind,
        "kind": kind,
        "role": "maker",
        "source": "test",
        **own,
        "parameters": parameters,
    }


def rules(*parts: dict[str, object]) -> RuleSet:
    return rule_set_from({"id": "test", "title": "test", "source": "test", "rules": list(parts)}, "test")


def scenario(**parts: object) -> Scenario:
    return read_scenario(None, **{"year": YEAR, "history_complete": True, **parts})
