import base64
import hashlib
import json
import re

import geopandas as gpd
import pandas as pd
import pytest

from maps import assets
from maps.export import page, parts, policy
from maps.layers import CardLine, Fact, area_layer, demand_layer, outlet_layer
from maps.legend import status_colouring
from maps.overview import Background, OfflineMap, overview
from planner.language import translator

EN = translator("en")
STATUS = pd.Series(["met", "short", "unknown", "none"])


@pytest.fixture
def drawing(areas: gpd.GeoDataFrame, provinces: gpd.GeoDataFrame, outlets: pd.DataFrame) -> OfflineMap:
    hostile = "</script><script>alert(1)</script>"
    data = area_layer(
        areas,
        chinese=False,
        facts=[Fact(hostile, ("1", "2", "3", hostile))],
        lines={"440300": [CardLine("short", hostile)]},
    )
    demand = pd.DataFrame({"lon": [113.2, 114.2], "lat": [22.1, 22.2], "quantity": [10.0, 0.0]})
    return overview(
        areas,
        data,
        colourings=[status_colouring(STATUS, pd.Series([0, 2, 0, 0]), EN)],
        layers=[
            demand_layer(demand, EN, title=hostile, unit="vehicles"),
            outlet_layer(outlets, [hostile, "b", "c"], EN, new=False),
        ],
        background=Background(provinces, {"广东省": hostile}, None, (hostile,)),
        t=EN,
    )


def test_user_text_stands_only_in_the_data_block(drawing: OfflineMap) -> None:
    text = page(drawing, title="</title><script>alert(1)</script>", language="en")
    assert "<script>alert" not in text
    assert "<img" not in text
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert [script for script in scripts if "alert" in script] == []
    assert "${alert" not in text.split("</script>")[-1]


def test_the_data_block_comes_back_whole(drawing: OfflineMap) -> None:
    body = parts(drawing).body
    block = re.search(r'<script type="application/json" id="[^"]+">(.*?)</script>', body, re.DOTALL)
    assert block is not None
    data = json.loads(block[1])
    assert data["areas"]["name"][1] == "</script><b>"
    assert data["layers"][1]["notes"][0] == "</script><script>alert(1)</script>"
    assert data["layers"][1]["left"] == 1
    assert data["layers"][0]["member"] == [0]


def test_the_policy_admits_each_script_and_style_of_the_page_and_no_other(drawing: OfflineMap) -> None:
    text = page(drawing, title="Map", language="zh-CN")
    rules = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert rules is not None
    found = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in found}
    assert digests == set(re.findall(r"'sha256-([^']+)'", rules[1]))
    assert rules[1].startswith("default-src 'none'")
    assert "unsafe" not in rules[1]
    assert '<html lang="zh-CN">' in text
    assert "<title>Map</title>" in text


def test_nothing_in_the_page_asks_for_anything_outside(drawing: OfflineMap) -> None:
    text = page(drawing, title="Map", language="en").replace(assets.leaflet_script(), "")
    assert "sourceMappingURL" not in assets.leaflet_script()
    assert "sourceMappingURL" not in text
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", text)
    assert set(re.findall(r"url\((\S{5})", text)) == {"data:"}
    assert 'style="' not in text


def test_two_runs_write_the_same_bytes(
    areas: gpd.GeoDataFrame, provinces: gpd.GeoDataFrame, outlets: pd.DataFrame
) -> None:
    def once() -> str:
        data = area_layer(areas, chinese=True)
        layers = [outlet_layer(outlets, ["a", "b", "c"], EN, new=True)]
        drawn = overview(areas, data, colourings=[], layers=layers, background=Background(provinces), t=EN)
        return page(drawn, title="Map", language="en")

    assert once() == once()


def test_a_policy_without_scripts_admits_none() -> None:
    assert "script-src 'none'" in policy([], [])


def test_the_page_brings_leaflet_and_its_pictures() -> None:
    assert "L.map" in assets.map_script() or "L.canvas" in assets.map_script()
    assert "version" in assets.leaflet_script()
    assert assets.leaflet_style().count("data:image/png;base64,") == 3
    assert "behavior" not in assets.leaflet_style()
