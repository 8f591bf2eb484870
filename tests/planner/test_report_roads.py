"""A report by road: what is reached, the ways, what roads change, what moving comes to, whose data it is."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely

from geodata.roadnetwork import CREDIT
from planner.exports import write_exports
from planner.language import Translator, translator
from planner.report import report_page
from planner.report_answer import figures
from planner.report_digest import digest_of
from planner.report_haulage import haulage_lines, named_haulage
from planner.report_roads import off_road_table, straight_table
from planner.report_service import route_table, service_of
from planner.service import routes_of, service_areas_of
from planner.study import Study, check_study
from planner.workbook import write_workbook
from tests.planner import roadworlds, worlds
from tests.planner.roadstudies import river_study
from tests.planner.worlds import rule

EN, ZH = translator("en"), translator("zh")
HOSTILE = "</script><img src=x onerror=alert(1)>${alert(2)}`"


@pytest.fixture(scope="module")
def study() -> Study:
    return river_study(HOSTILE)


def drawing(study: Study, t: Translator) -> Any:
    """What the map of the report draws."""
    block = re.search(
        r'<script type="application/json"[^>]*>(.*?)</script>', report_page(study, t), re.DOTALL
    )
    assert block is not None
    return json.loads(block[1])


def test_the_map_has_what_is_reached_whose_sales_are_not_and_the_ways(study: Study) -> None:
    data = drawing(study, EN)
    layers = {layer["name"]: layer for layer in data["layers"]}
    assert list(layers) == ["demand", "zones", "unreached", "routes", "outlets", "new"]
    ids = [*layers["outlets"]["id"], *layers["new"]["id"]]
    assert layers["zones"]["of"] == ids
    assert layers["zones"]["member"] == [0] * 3 + [1] * len(study.new_outlets)
    assert layers["zones"]["title"] == "Within 30 min by road"
    unreached = layers["unreached"]
    assert len(unreached["lon"]) == len(unreached["text"]) == len(unreached["notes"]) > 0
    assert unreached["notes"][0].endswith(" sold: M")
    assert any(HOSTILE in text for text in layers["routes"]["text"])
    assert CREDIT in data["credits"]


def test_the_ways_are_those_of_the_table_and_of_the_roads(study: Study) -> None:
    service = service_of(study)
    table = route_table(service, digest_of(study, EN))
    assert table is not None
    assert [row.cells[0].text for row in table.rows] == service.routes["point_id"].tolist()
    assert [row.cells[0].route for row in table.rows] == [str(n) for n in range(len(table.rows))]
    off = service.routes[~service.routes["on_road"].astype(bool)]
    assert set(off["point_id"]) >= set(study.off_road.loc[study.off_road["table"] == "demand", "id"])
    marked = [row.cells[0].text for row in table.rows if row.cells[-1].soft]
    assert marked == off["point_id"].tolist()


@pytest.mark.parametrize("t", [EN, ZH], ids=["en", "zh"])
def test_the_page_says_how_it_measures_and_whose_data_it_holds(study: Study, t: Translator) -> None:
    page = report_page(study, t)
    text = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    footer = text[text.index("<footer>") :]
    assert CREDIT in footer
    assert "grid.osm.pbf" in text
    for section in ("straight", "routes", "haulage", "roads"):
        assert f'<details class="part" id="{section}"' in text
    assert HOSTILE not in text
    assert len(page) < 2_000_000


def test_the_share_within_reach_says_how_near_is_near(study: Study) -> None:
    shown = figures(digest_of(study, EN), study.sales_within_reach)
    assert shown[-1].note == "at most 30 min from an outlet of their enterprise, by road"


def test_what_roads_change_stands_in_sentences_and_a_table(study: Study) -> None:
    table = straight_table(digest_of(study, EN))
    assert study.straight is not None
    assert table is not None
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}
    assert rows["New outlets"] == [str(len(study.new_outlets)), str(len(study.straight.outlets))]
    assert rows["Duties short, measured by road"][1] == str(study.straight.duties_short)


def test_places_off_the_roads_are_listed(study: Study) -> None:
    table = off_road_table(digest_of(study, EN))
    assert table is not None
    assert len(table.rows) == len(study.off_road)
    assert {row.cells[1].text for row in table.rows} == {"demand point", "outlet"}


def test_moving_is_added_up_and_names_where_batteries_go(study: Study) -> None:
    digest = digest_of(study, EN)
    assert study.haulage is not None
    named = named_haulage(study.haulage, digest)
    assert set(named["to"]) <= {"=R", "store", "stays there", "no way known"}
    assert named["tonne_km"].sum() == pytest.approx(study.haulage["tonne_km"].sum())
    lines = haulage_lines(study.haulage, digest)
    assert lines[0].startswith(EN.number(study.haulage["tonnes"].sum(), 1))
    assert len(lines) == 4


@pytest.mark.parametrize("t", [EN, ZH], ids=["en", "zh"])
def test_the_workbook_has_the_sheets_of_roads(study: Study, t: Translator, tmp_path: Path) -> None:
    write_workbook(study, tmp_path / "report.xlsx", t)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    rows = {sheet.title: sheet.max_row - 1 for sheet in book}
    assert rows[t("Ways")] == len(service_of(study).routes)
    assert rows[t("Off the roads")] == len(study.off_road)
    assert study.haulage is not None
    assert rows[t("Moving batteries")] == len(study.haulage)
    summary = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert CREDIT in summary
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_exports_bring_the_layers_of_roads_and_their_attribution(study: Study, tmp_path: Path) -> None:
    files = {one.export.name: one.path for one in write_exports(study, tmp_path, EN)}
    assert {"service_areas.geojson", "routes.geojson", "plan_straight.csv", "haulage.csv"} <= set(files)
    areas = json.loads(files["service_areas.geojson"].read_text("utf-8"))
    assert CREDIT in areas["credits"]
    drawn = shapely.from_geojson(json.dumps(areas["features"][0]["geometry"]))
    exact = service_areas_of(study).geometry.iloc[0]
    assert drawn.hausdorff_distance(exact) < 1e-4


def test_a_study_in_straight_lines_has_none_of_it(study: Study) -> None:
    plain = replace(study, scenario=roadworlds.scenario("great-circle"), straight=None, haulage=None)
    rules = worlds.rules(rule("reach_share", share=0.7, distance_km=30))
    page = report_page(replace(plain, rules=rules, off_road=study.off_road.iloc[:0]), EN)
    for section in ("straight", "routes", "haulage", "roads"):
        assert f'id="{section}"' not in page
    assert '"name":"zones"' not in page


def test_ways_and_service_areas_are_those_of_the_role_that_is_looked_at() -> None:
    a = worlds.code(1)
    base = roadworlds.tables([("M", a, 100), ("C", a, 50, "battery_maker")], [(a, 4, 3, 3.0)])
    standing = [
        worlds.at(a, *roadworlds.crossing(0, 0), enterprises="M"),
        worlds.at(a, *roadworlds.crossing(2, 1), enterprises="C", kind="storage"),
    ]
    rules = worlds.rules(
        rule("reach_share", "first", share=0.5, minutes=20, outlet_kind="collection"),
        rule("reach_share", "other", role="battery_maker", share=0.5, minutes=60, outlet_kind="storage"),
    )
    found = check_study(replace(base, outlets=worlds.outlets(standing)), rules, roadworlds.scenario())
    for enterprise, outlet, minutes in (("M", "o0", 20), ("C", "o1", 60)):
        areas = service_areas_of(found, enterprise=enterprise)
        assert areas[["outlet_id", "limit"]].to_numpy().tolist() == [[outlet, minutes]]
        assert routes_of(found, enterprise=enterprise, point_id="p0")["outlet_id"].tolist() == [outlet]
    assert set(routes_of(found, point_id="p0")["enterprises"]) == {"M", "C"}


def test_what_little_is_moved_is_not_told_as_nothing(study: Study) -> None:
    assert study.haulage is not None
    numbers = {"tonnes": 0.02, "tonne_km": 0.03, "cost": 0.06, "vehicle_km": 0.04, "vehicle_cost": 0.02}
    few = study.haulage.iloc[:1].assign(**numbers)
    first, _, ways, _ = haulage_lines(few, digest_of(study, EN))
    assert first.startswith("0.02 t")
    assert first.endswith(": 0.03 tonne-kilometres.")
    assert "0.04 km" in ways
