"""The files the app's map fetches: one for all, one for a study, and nothing in them but data."""

import json
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, box

from geodata.schemas import Tables
from planner import livemap
from planner.language import translator
from planner.report_digest import digest_of
from planner.study import check_study
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

HOSTILE = "</script><img src=x onerror=alert(1)>${alert(1)}`'\""
ENGLISH = translator("en")


@pytest.fixture
def tables() -> Tables:
    codes = [code(1), code(2), code(1, "14")]
    shops = [
        at(codes[0], 100.5, 30.5, enterprises="M;N", name=HOSTILE),
        at(codes[0], 100.6, 30.5, enterprises="N"),
        at(codes[2], 102.5, 30.5, enterprises="M", kind="storage"),
        {"adcode": codes[1], "enterprises": "M"},
    ]
    return worlds.tables(codes, [("M", codes[0], 90), ("M", codes[1], 50), ("N", codes[2], 5)], shops)


def digest(tables: Tables, language: str = "en"):
    study = check_study(tables, worlds.rules(rule("presence")), worlds.scenario())
    return digest_of(study, translator(language))


def test_the_base_holds_shapes_and_names_and_no_figures(tables: Tables) -> None:
    base = json.loads(livemap.base_data(tables, ENGLISH))
    assert base["areas"]["code"] == tables.areas["adcode"].tolist()
    assert len(base["areas"]["shape"]) == len(tables.areas)
    assert {"facts", "lines"}.isdisjoint(base["areas"])
    assert base["provinces"]["code"] == ["130000", "140000"]
    assert "colourings" not in base


def test_a_base_is_drawn_once_for_each_language(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def drawn(what: object) -> bytes:
        made.append(what)
        return b"{}"

    monkeypatch.setattr(livemap, "_drawn", lambda areas, t: drawn(str(t.language)))
    monkeypatch.setattr(livemap, "DRAWINGS", livemap.Drawings())
    for language in ("en", "zh", "en", "zh"):
        livemap.base_data(tables, translator(language))
    livemap.base_data(replace(tables, areas=tables.areas.copy()), ENGLISH)
    assert made == ["en", "zh"]


def test_only_so_many_drawings_are_kept(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def drawn(what: object) -> bytes:
        made.append(what)
        return b"{}"

    monkeypatch.setattr(livemap, "_drawn", lambda areas, t: drawn(1))
    drawings = livemap.Drawings()
    for name in [*map(str, range(livemap.MOST_DRAWINGS + 1)), "0"]:
        drawings.base(tables.areas, name, ENGLISH)
    assert len(made) == livemap.MOST_DRAWINGS + 2


def test_renamed_areas_are_other_areas(tables: Tables) -> None:
    known = livemap.area_digest(tables.areas)
    assert livemap.area_digest(tables.areas.copy()) == known
    assert livemap.area_digest(tables.areas.assign(name="x")) != known
    moved = tables.areas.set_geometry(tables.areas.translate(0.001))
    assert livemap.area_digest(moved) != known


def test_own_areas_are_not_taken_for_the_packaged_ones(tables: Tables) -> None:
    assert not livemap.is_packaged(tables)


def test_colours_cards_and_areas_are_in_one_order(tables: Tables) -> None:
    counted = digest(tables)
    paint = json.loads(livemap.paint_data(counted))
    assert len(paint["lines"]) == len(tables.areas)
    assert all(len(fact["values"]) == len(tables.areas) for fact in paint["facts"])
    for colouring in paint["colourings"]:
        assert len(colouring["member"]) == len(tables.areas)
        sizes = pd.Series(colouring["member"]).value_counts()
        assert [sizes.get(n, 0) for n in range(len(colouring["classes"]))] == [
            kind["count"] for kind in colouring["classes"]
        ]
    assert paint["lines"][2] == [["short", f"{code(1, '14')}: N has 0 of 1 outlets; open 1."]]


def test_outlets_say_who_they_are_and_who_uses_them(tables: Tables) -> None:
    outlets = json.loads(livemap.paint_data(digest(tables)))["layers"][1]
    assert outlets["id"] == ["o0", "o1", "o2"]
    assert [[outlets["owners"][n] for n in owned] for owned in outlets["owned"]] == [["M", "N"], ["N"], ["M"]]
    assert outlets["left"] == 1
    assert outlets["text"][0] == HOSTILE


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_language_has_its_own_words(tables: Tables, language: str) -> None:
    paint = json.loads(livemap.paint_data(digest(tables, language)))
    title = {"en": "Existing outlets", "zh": "现有网点"}[language]
    assert paint["layers"][1]["title"] == title


def test_an_area_shows_what_lies_in_and_around_it(tables: Tables) -> None:
    counted = digest(tables)
    first = code(1)
    unreached = tables.demand[tables.demand["adcode"] == first]
    paint = json.loads(livemap.area_paint(counted, first, reach_km=20.0, unreached=unreached))
    layers = {layer["name"]: layer for layer in paint["layers"]}
    assert list(layers) == ["demand", "unreached", "reach", "outlets"]
    assert layers["outlets"]["id"] == ["o0", "o1"]
    assert layers["reach"]["km"] == [20.0, 20.0]
    assert len(layers["unreached"]["lon"]) == 1
    assert layers["demand"]["on"]
    assert len(layers["demand"]["lon"]) == 1


def test_without_a_rule_about_reach_an_area_shows_none(tables: Tables) -> None:
    paint = json.loads(livemap.area_paint(digest(tables), code(1)))
    assert [layer["name"] for layer in paint["layers"]] == ["demand", "outlets"]


def test_what_is_reached_by_road_stands_in_for_circles(tables: Tables) -> None:
    zones = gpd.GeoDataFrame(
        {"outlet_id": ["o1"], "stage": ["existing"], "limit": [15.0], "unit": ["min"]},
        geometry=[box(100.4, 30.4, 100.6, 30.6)],
        crs="EPSG:4326",
    )
    way = {"point_id": HOSTILE, "outlet_id": "o1", "enterprises": "M;N", "adcode": code(1)}
    routes = gpd.GeoDataFrame(
        [{**way, "units": 9.0, "km": 3.21, "minutes": 4.0, "on_road": True}],
        geometry=[LineString([(100.4, 30.4), (100.5, 30.5)])],
        crs="EPSG:4326",
    )
    paint = json.loads(livemap.area_paint(digest(tables), code(1), reach_km=15, zones=zones, routes=routes))
    assert [layer["name"] for layer in paint["layers"]] == ["demand", "zones", "routes", "outlets"]
    _, reached, ways, _ = paint["layers"]
    assert "15 min" in reached["title"]
    assert ways["text"][0].startswith(HOSTILE)
    assert ways["hint"] == ["3.21 km · 4 min"]
