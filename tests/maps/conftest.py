"""A small country of four square areas in two provinces."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

NAMES = ["深圳市", "</script><b>", "${name}", "`tick`"]


@pytest.fixture
def areas() -> gpd.GeoDataFrame:
    """Four areas, some with names that attack the page."""
    return gpd.GeoDataFrame(
        {
            "adcode": ["440300", "440400", "450100", "450200"],
            "name": NAMES,
            "province_adcode": ["440000", "440000", "450000", "450000"],
            "province": ["广东省", "广东省", "<i>Guangxi</i>", "<i>Guangxi</i>"],
            "population": [1.0, 2.0, 3.0, 4.0],
            "pinyin": ["shen zhen", "a", "b", "c"],
            "name_en": ["Shenzhen", "", "", ""],
        },
        geometry=[box(x, y, x + 1, y + 1) for x, y in [(113, 22), (114, 22), (113, 23), (114, 23)]],
        crs="EPSG:4326",
    )


@pytest.fixture
def provinces(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The two provinces."""
    return areas.dissolve("province_adcode", as_index=False)[["province_adcode", "province", "geometry"]]


@pytest.fixture
def outlets() -> pd.DataFrame:
    """Three outlets, one of them not located."""
    return pd.DataFrame(
        {
            "name": ["<img src=x onerror=alert(1)>", "B", "C"],
            "kind": ["collection", "storage", "collection"],
            "lon": [113.5, 114.5, None],
            "lat": [22.5, 22.5, None],
        }
    )
