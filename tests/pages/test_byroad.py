"""The pages where it is measured by road: roads and metrics, rules in minutes, ways, tried sites."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.scenario import Metric
from tests.geodata.cities import city
from tests.pages.apptest import page, texts
from tests.planner import worlds

ONE, TWO = worlds.code(1), worlds.code(2)


def begin(minutes: float | None = None, metric: Metric = Metric.ROAD_MIN) -> Callable[[], None]:
    """Work on a world with a grid of streets at 60 km/h, crossings 20 km apart."""

    def setup() -> None:
        from planner.pages import session
        from tests.planner import roadworlds

        tables = roadworlds.tables(
            [("M", ONE, 100), ("M", TWO, 50)],
            [(ONE, 0, 0, 1.0), (ONE, 4, 3, 3.0), (TWO, 6, 1, 1.0)],
            [(ONE, 0, 0)],
        )
        session.own_tables()["grid"] = tables
        current = session.work()
        scenario = current.scenario.model_copy(update={"year": worlds.YEAR, "metric": metric})
        rules = current.rules if minutes is None else timed(minutes)
        session.set_work(current.model_copy(update={"data": "grid", "scenario": scenario, "rules": rules}))

    return setup


def timed(minutes: float):
    return worlds.rules(worlds.rule("presence"), worlds.rule("reach_share", share=0.9, minutes=minutes))


def work(test: AppTest):
    return test.session_state["work"]


def bare() -> None:
    """Work on a world without roads."""
    from planner.pages import session

    session.own_tables()["bare"] = worlds.tables([ONE], [("M", ONE, 100)], [worlds.at(ONE, 100.5, 30.5)])
    session.change(data="bare")


def small_city() -> bytes:
    """Return the small city, moved into the first square."""
    whole = city()
    whole.nodes = {number: (lon - 15.5, lat - 9.5) for number, (lon, lat) in whole.nodes.items()}
    return whole.xml().encode()


def test_roads_are_uploaded_for_the_tables_in_use_and_removed_again() -> None:
    test = page("data", setup=bare)
    assert test.button(key="read_roads").disabled
    assert "Distances are measured" not in texts(test)
    test.file_uploader(key="upload_roads_0").set_value(("city.osm", small_city(), "text/xml")).run()
    test.button(key="read_roads").click().run()
    assert not test.exception
    said = texts(test)
    assert "city.osm" in said
    assert "OpenStreetMap contributors" in said
    assert "are left out" in said
    data = work(test).data
    assert list(test.session_state["own_tables"]) == [data]
    assert test.session_state["own_tables"][data].roads.name == "city.osm"
    assert "with roads" in " ".join(test.selectbox(key="data").options)
    assert work(test).scenario.metric is Metric.GREAT_CIRCLE
    test.button(key="remove_roads").click().run()
    assert not test.exception
    assert work(test).data == "bare"
    assert test.session_state["own_tables"]["bare"].roads is None


def test_a_sample_gets_a_copy_with_roads_and_stays_as_it_is() -> None:
    def setup() -> None:
        from dataclasses import replace

        from planner.pages import session
        from tests.planner import roadworlds

        for seconds in range(1, 6):  # of roads, too, only the latest are kept
            session.use_roads(replace(session.tables(), roads=roadworlds.roads(kmh=60 + seconds)))
            if seconds < 5:
                session.use_tables("demo")

    test = page("data", setup=setup)
    assert not test.exception
    assert len(test.session_state["own_tables"]) == 3
    assert work(test).data in test.session_state["own_tables"]
    assert "My sample 3, with roads" in test.selectbox(key="data").options
    test.button(key="remove_roads").click().run()
    assert not test.exception
    assert work(test).data == "demo"
    assert len(test.session_state["own_tables"]) == 2


def test_roads_that_came_with_a_scenario_are_removed_under_another_name() -> None:
    test = page("data", setup=begin())
    test.button(key="remove_roads").click().run()
    assert not test.exception
    (name,) = test.session_state["own_tables"]
    assert name not in ("grid", "demo")
    assert work(test).data == name
    assert work(test).scenario.metric is Metric.GREAT_CIRCLE
    assert test.session_state["own_tables"][name].roads is None


def test_a_file_that_is_no_roads_changes_nothing() -> None:
    test = page("data", lang="zh")
    test.file_uploader(key="upload_roads_0").set_value(("a.osm", b"<html></html>", "text/xml")).run()
    test.button(key="read_roads").click().run()
    assert not test.exception
    assert test.error
    assert work(test).data == "demo"


def test_minutes_hold_the_metric_and_the_roads() -> None:
    test = page("data", setup=begin(minutes=30))
    assert not test.exception
    assert "grid" in texts(test)
    metric = test.button_group(key="metric")
    assert metric.value == "road-min"
    metric.set_value("great-circle").run()
    assert work(test).scenario.metric is Metric.ROAD_MIN
    assert any("is in minutes" in one.value.replace("\\", "") for one in test.warning)
    test.button(key="remove_roads").click().run()
    assert work(test).data == "grid"
    assert any("is in minutes" in one.value.replace("\\", "") for one in test.warning)
    test.button_group(key="metric").set_value("road-km").run()
    assert work(test).scenario.metric is Metric.ROAD_KM


def test_rules_in_minutes_stay_behind_where_there_are_no_roads() -> None:
    test = page("data", setup=begin(minutes=30))
    test.selectbox(key="data").set_value("demo").run()
    assert not test.exception
    assert work(test).data == "demo"
    assert work(test).rules.id == "cn-2026-73"
    test.selectbox(key="data").set_value("grid").run()
    assert not test.exception
    assert work(test).scenario.metric is Metric.ROAD_MIN


def test_a_rule_set_in_minutes_is_not_taken_off_the_roads() -> None:
    def own() -> None:
        from planner.pages import session

        session.own_rules()["timed"] = timed(30).model_copy(update={"id": "timed"})

    test = page("rules", setup=own)
    test.selectbox(key="rules").set_value("timed").run()
    assert not test.exception
    assert work(test).rules.id == "cn-2026-73"
    assert any("travel times by road" in one.value for one in test.sidebar.warning)


def test_the_rules_page_asks_for_minutes_only_by_road() -> None:
    test = page("rules", setup=begin())
    minutes = [one for one in test.number_input if str(one.key).endswith(":minutes")]
    assert len(minutes) == 1
    minutes[0].set_value(45.0)
    form = str(minutes[0].key).rpartition(":")[0]
    test.button(key=f"{form}:apply").click().run()
    assert not test.exception
    assert not test.error
    assert "within 45 minutes" in texts(test)
    straight = page("rules")
    assert not [one for one in straight.number_input if str(one.key).endswith(":minutes")]


def test_the_form_offers_metrics_by_road_only_where_there_are_roads() -> None:
    def offered(test: AppTest) -> list[str]:
        return next(one for one in test.selectbox if str(one.key).endswith(":metric")).options

    with_roads, without = page("rules", setup=begin(minutes=30)), page("rules")
    assert len(offered(with_roads)) == 4
    assert len(offered(without)) == 2
    assert "page Data" in texts(without)
    metric = next(one for one in with_roads.selectbox if str(one.key).endswith(":metric"))
    metric.set_value("detour")
    form = str(metric.key).rpartition(":")[0]
    with_roads.button(key=f"{form}:apply").click().run()
    assert not with_roads.exception
    assert work(with_roads).scenario.metric is Metric.ROAD_MIN
    assert with_roads.error
    with_roads.button(key="reset_assumptions").click().run()
    assert work(with_roads).scenario.metric is Metric.ROAD_MIN


@pytest.mark.parametrize(
    ("lang", "word", "minutes"), [("en", "within 30 min", "143.1 min"), ("zh", "30", "143.1 分钟")]
)
def test_an_area_shows_the_way_from_a_place(lang: str, word: str, minutes: str) -> None:
    test = page("area", lang=lang, query={"adcode": ONE}, setup=begin(minutes=30))
    assert not test.exception
    assert any(word in one.label for one in test.metric)
    places = test.selectbox(key="way_from")
    assert len(places.options) == 2
    places.select_index(0).run()
    assert not test.exception
    way = next(one.value for one in test.text if "km" in one.value)
    assert way.startswith(f"143.1 km · {minutes}")
    assert way.endswith("M")


def test_a_way_is_told_in_the_direction_that_is_measured() -> None:
    def setup() -> None:
        begin(minutes=30)()
        from planner.pages import session

        scenario = session.work().scenario
        back = scenario.model_copy(update={"roads": scenario.roads.model_copy(update={"direction": "back"})})
        session.change(scenario=back)

    test = page("area", query={"adcode": ONE}, setup=setup)
    test.selectbox(key="way_from").select_index(0).run()
    (way,) = (one.value for one in test.text if "km" in one.value)
    assert " from " in way
    assert " to " not in way


def test_a_click_shows_the_way_from_the_nearest_place() -> None:
    def click() -> None:
        begin(minutes=30)()
        import streamlit as st

        from planner.pages import area, mapview, places

        shown = places.view(ONE, "")
        area._clicked(mapview.Event("point", "", 100.85, 30.75), shown)
        assert st.session_state["way_from"]

    test = page("area", query={"adcode": ONE}, setup=click)
    assert not test.exception
    assert test.session_state["way_from"] == "p1"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_tried_site_counts_by_road(lang: str) -> None:
    def click() -> None:
        begin(minutes=30)()
        from planner.pages import trystate
        from tests.planner import roadworlds

        trystate.add(*roadworlds.crossing(4, 2), "M")

    test = page("trysites", lang=lang, query={"adcode": ONE}, setup=click)
    assert not test.exception
    assert "75.0 %" in test.header[0].value or "75.0%" in test.header[0].value
    assert "30" in test.header[0].value
    test.button(key="undo").click().run()
    assert not test.exception
    assert "75" not in test.header[0].value


def test_a_saved_scenario_brings_its_roads_to_who_has_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTLET_PLANNER_DATA", str(tmp_path))
    mine = page("scenarios", setup=begin(minutes=30))
    mine.text_input(key="scenario_name").set_value("by road").run()
    mine.button(key="scenario_save_as").click().run()
    assert not mine.exception
    scenario = mine.session_state["opened"].saved.id
    friend = page("area", query={"adcode": ONE, "scenario": scenario})
    assert not friend.exception
    assert work(friend).scenario.metric is Metric.ROAD_MIN
    roads = friend.session_state["own_tables"]["grid"].roads
    assert roads.digest == mine.session_state["own_tables"]["grid"].roads.digest
    assert friend.selectbox(key="way_from").options
    stranger = page("data")
    assert "grid" not in stranger.selectbox(key="data").options
    assert "own_tables" not in stranger.session_state or "grid" not in stranger.session_state["own_tables"]
