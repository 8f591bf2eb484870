"""The scenarios page, without a browser: saving, opening by link, conflicts, comparing, in both languages."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.database import FILE
from planner.draft import Draft, TriedSite
from planner.pages.opening import is_alone
from planner.pages.scenarios import day_and_time
from planner.rules.ruleset import load_rule_set
from planner.saved import Opened, Saved, Store
from planner.scenario import Scenario
from planner.work import Work
from tests.pages.apptest import page
from tests.planner import roadworlds, worlds
from tests.planner.worlds import code

HOSTILE = "=cmd() ${alert(1)} </script><img src=x onerror=alert(1)> `*b*`"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("OUTLET_PLANNER_DATA", str(tmp_path))
    return Store(tmp_path / FILE)


def work(sites: int = 0, rules: str = "cn-2026-73") -> Work:
    tried = tuple(
        TriedSite(
            outlet_id=f"T440100-{number:04d}", name="广州市", kind="collection",
            enterprises="Sample Maker 1 (虚构车企1)", lon=113.26, lat=23.13, adcode="440100",
        )
        for number in range(1, sites + 1)
    )  # fmt: skip
    return Work(
        data="demo", rules=load_rule_set(rules), scenario=Scenario(year=2022), draft=Draft(sites=tried)
    )


def named(test: AppTest) -> str:
    """Return the scenario that the address names."""
    found = test.query_params["scenario"]
    return str(found[0] if isinstance(found, list) else found)


def click(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click().run()
    assert not test.exception
    return test


@pytest.mark.parametrize(("lang", "title"), [("en", "No scenario is saved yet"), ("zh", "")])
def test_nothing_saved_says_what_to_do(lang: str, title: str) -> None:
    test = page("scenarios", lang=lang)
    assert not test.exception
    assert title in test.header[0].value
    assert test.button(key="scenario_save").disabled
    assert len(test.info) == 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_saving_changing_and_saving_again(store: Store, lang: str) -> None:
    test = page("scenarios", lang=lang)
    test.text_input(key="scenario_name").set_value(HOSTILE).run()
    click(test, "scenario_save_as")
    (saved,) = store.scenarios()
    assert saved.name == HOSTILE
    assert named(test) == saved.id
    assert test.button(key="scenario_save").disabled
    assert any(saved.id in block.value for block in test.code)
    assert not any("<img" in one.value.replace(r"\<img", "") for one in test.markdown)
    test.selectbox(key="year").set_value(2021).run()
    assert not test.button(key="scenario_save").disabled
    click(test, "scenario_save")
    assert [store.load(saved.id, n).work.scenario.year for n in (1, 2)] == [2022, 2021]
    click(test, "scenario_close")
    assert "scenario" not in test.query_params
    assert test.session_state["work"].scenario.year == 2021


def test_a_link_opens_a_scenario_on_any_page(store: Store) -> None:
    saved = store.save(work(2), "two sites").saved
    for name in ("scenarios", "report"):
        test = page(name, query={"scenario": saved.id})
        assert not test.exception
        assert test.session_state["work"] == work(2)
        assert named(test) == saved.id


def test_a_link_that_leads_nowhere_is_a_sentence() -> None:
    test = page("scenarios", query={"scenario": "nothing"})
    assert not test.exception
    assert "no such scenario" in test.error[0].value
    assert test.session_state["work"].data == "demo"


def test_a_name_is_asked_for(store: Store) -> None:
    test = click(page("scenarios"), "scenario_save_as")
    assert "a name of 1 to 120" in test.error[0].value
    assert store.scenarios() == []


def conflicted(store: Store) -> tuple[AppTest, str]:
    """Return the page of who saves second."""
    saved = store.save(work(), "ours").saved
    test = page("scenarios", query={"scenario": saved.id})
    assert isinstance(store.update(saved.id, 1, work(1)), Opened)
    test.selectbox(key="year").set_value(2021).run()
    click(test, "scenario_save")
    assert "in between" in test.warning[0].value
    assert store.load(saved.id).work == work(1)
    return test, saved.id


def test_who_saves_second_may_keep_a_copy(store: Store) -> None:
    test, first = conflicted(store)
    click(test, "scenario_mine_copy")
    assert {one.name for one in store.scenarios()} == {"ours", "ours (copy)"}
    assert test.session_state["opened"].work.scenario.year == 2021
    assert store.load(first).work == work(1)
    assert not test.warning


def test_who_saves_second_may_save_the_next_version(store: Store) -> None:
    test, first = conflicted(store)
    click(test, "scenario_mine_next")
    assert [store.load(first, n).work.scenario.year for n in (1, 2, 3)] == [2022, 2022, 2021]
    assert store.load(first, 2).work == work(1)


def test_who_saves_second_may_open_the_others(store: Store) -> None:
    test, _ = conflicted(store)
    click(test, "scenario_theirs")
    assert test.session_state["work"] == work(1)
    click(test, "scenario_back")
    assert test.session_state["work"].scenario.year == 2021
    assert not test.button(key="scenario_save").disabled


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_two_are_compared(store: Store, lang: str) -> None:
    before, after = store.save(work(), "before").saved, store.save(work(6), "after").saved
    test = page("scenarios", lang=lang)
    test.selectbox(key="compare_before").set_value(before.id)
    test.selectbox(key="compare_after").set_value(after.id).run()
    assert not test.exception
    figures = next(one.value for one in test.dataframe if len(one.value) == 8)
    assert figures.iloc[6].tolist()[1:] == ["0", "6", "+6"]
    assert not test.warning or "Not only" not in test.warning[0].value


def test_other_rules_are_said(store: Store) -> None:
    store.save(work(rules="cn-2019-46"), "older")
    test = page("scenarios")
    test.selectbox(key="compare_before").set_value("now")
    test.selectbox(key="compare_after").set_value(store.scenarios()[0].id).run()
    assert not test.exception
    assert "Not only the outlets differ" in test.warning[0].value
    assert any("The rules differ" in one.value for one in test.markdown)


def test_a_damaged_store_is_a_sentence(store: Store) -> None:
    store.path.write_bytes(b"nonsense, " * 500)
    test = page("scenarios")
    assert not test.exception
    assert "is damaged" in test.error[0].value


@pytest.mark.parametrize(
    ("headers", "address", "alone"),
    [
        ({}, None, True),
        ({"Host": "localhost:8501"}, None, True),
        ({"Host": "127.0.0.1:8501"}, None, True),
        ({"Host": "[::1]:8501"}, None, True),
        ({"Host": "[::1]"}, None, True),
        ({"Host": "plan.example.org"}, None, False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.1"}, None, False),
        ({"Host": "localhost:8501"}, "10.0.0.7", False),
    ],
)
def test_only_ones_own_machine_lists_what_nobody_owns(headers, address, alone) -> None:
    assert is_alone(headers, address) is alone


def test_times_are_read_easily() -> None:
    assert day_and_time("2026-04-01T08:15:00Z") == "2026-04-01 08:15 UTC"


def with_own_tables() -> None:
    from planner.pages import session
    from planner.rules.ruleset import load_rule_set
    from planner.scenario import Scenario
    from planner.work import Work
    from tests.planner import worlds

    code = worlds.code(1)
    tables = worlds.tables([code, worlds.code(2)], [("M", code, 5)], [worlds.at(code, 100.5, 30.5)])
    session.own_tables()["f00d"] = tables
    session.set_work(Work(data="f00d", rules=load_rule_set("cn-2026-73"), scenario=Scenario(year=2022)))


def test_uploaded_tables_come_back_with_the_link_and_no_other_way(store: Store) -> None:
    mine = page("scenarios", setup=with_own_tables)
    mine.text_input(key="scenario_name").set_value("mine").run()
    click(mine, "scenario_save_as")
    (saved,) = store.scenarios()
    stranger = page("scenarios")
    assert stranger.session_state["own_tables"] == {}
    friend = page("scenarios", query={"scenario": saved.id})
    assert not friend.exception
    assert friend.session_state["work"].data == "f00d"
    assert len(friend.session_state["own_tables"]["f00d"].sales) == 1
    report = page("report", query={"scenario": saved.id})
    assert not report.exception
    assert "of 1 areas" in report.header[0].value or "1 area" in report.header[0].value


def test_tables_that_are_gone_are_a_sentence(store: Store) -> None:
    mine = page("scenarios", setup=with_own_tables)
    mine.text_input(key="scenario_name").set_value("mine").run()
    click(mine, "scenario_save_as")
    (saved,) = store.scenarios()
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE inputs SET content = ?", (b"half",))
        connection.commit()
    test = page("scenarios", query={"scenario": saved.id})
    assert not test.exception
    assert "Upload them again" in test.error[0].value
    assert test.session_state["work"].data == "demo"


def test_roads_that_are_gone_are_a_sentence(store: Store) -> None:
    (saved,) = saved_by_road(store, 30)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE inputs SET roads = NULL")
        connection.commit()
    for name in ("scenarios", "area", "overview", "report"):
        test = page(name, query={"scenario": saved.id})
        assert not test.exception
        assert any("Distances by road need roads" in error.value for error in test.error)
        assert test.session_state["work"].data == "demo"


def saved_by_road(store: Store, *minutes: float) -> list[Saved]:
    """Save the same sales with roads, of other names each, under a rule in minutes."""
    for number, limit in enumerate(minutes):
        scenario = roadworlds.scenario()
        tables = roadworlds.tables([("M", code(1), 9)], [(code(1), 0, 0, 1.0)], [(code(1), 0, 0)])
        rules = worlds.rules(worlds.rule("reach_share", share=0.9, minutes=limit))
        own = Work(data=f"{number:064d}", rules=rules, scenario=scenario)
        store.save(own, f"road {number}", tables=tables)
    return store.scenarios()


def test_only_tables_in_use_are_kept_of_scenarios_that_were_opened(store: Store) -> None:
    one, two, three = sorted(saved_by_road(store, 10, 20, 30), key=lambda saved: saved.name)
    test = page("scenarios", query={"scenario": one.id})
    for other in (two, three):
        test.query_params["scenario"] = other.id
        test.run()
        assert not test.exception
    assert list(test.session_state["own_tables"]) == [f"{1:064d}", f"{2:064d}"]
    test.query_params["scenario"] = one.id
    assert not test.run().exception
    assert test.session_state["work"].data == f"{0:064d}"


def test_nobodys_scenarios_are_not_listed_to_all_who_reach_a_server(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(work(), "somebody's")
    monkeypatch.setattr("planner.pages.opening.is_alone", lambda headers, address: False)
    test = page("scenarios")
    assert "No scenario is saved yet" in test.header[0].value
    test.text_input(key="scenario_name").set_value("mine").run()
    click(test, "scenario_save_as")
    assert test.header[0].value == "1 scenario is saved"
    assert test.dataframe[0].value["Name"].tolist() == ["mine"]


def test_an_earlier_version_is_saved_as_the_next(store: Store) -> None:
    saved = store.save(work(1), "s").saved
    store.update(saved.id, 1, work(2))
    test = page("scenarios", query={"scenario": saved.id})
    newest, earlier = store.load(saved.id), store.load(saved.id, 1)
    test.session_state["work"], test.session_state["opened"] = earlier.work, newest
    test.run()
    click(test, "scenario_save")
    assert [len(store.load(saved.id, n).work.draft.sites) for n in (1, 2, 3)] == [1, 2, 1]


def selected(test: AppTest) -> list[int]:
    rows: list[int] = test.session_state["scenario_list"]["selection"]["rows"]
    return rows


def test_the_selection_stays_with_its_scenario(store: Store) -> None:
    for name in ("first", "second", "third"):
        store.save(work(), name)
    names = [one.name for one in store.scenarios()]
    test = page("scenarios")
    test.session_state["scenario_list"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    click(test.run(), "scenario_clone")
    after = [one.name for one in store.scenarios()]
    assert len(after) == 4
    assert after[selected(test)[0]] == names[2]
    click(test, "scenario_delete_now")
    assert names[2] not in [one.name for one in store.scenarios()]
    assert selected(test) == []
    assert not [button for button in test.button if button.key == "scenario_delete_now"]


def test_a_conflict_goes_with_the_scenario_it_is_about(store: Store) -> None:
    test, _ = conflicted(store)
    click(test, "scenario_close")
    assert not [button for button in test.button if button.key == "scenario_mine_next"]


def test_the_way_back_brings_its_tables_or_says_why_not(store: Store) -> None:
    test = page("scenarios")
    gone = work().model_copy(update={"data": "f" * 64})
    test.session_state["scenario_left"] = (gone, None)
    click(test.run(), "scenario_back")
    assert any("Upload them again" in error.value for error in test.error)
    assert test.session_state["work"].data == "demo"


def test_rules_of_a_scenario_can_be_chosen_again(store: Store) -> None:
    rules = load_rule_set("cn-2026-73").model_copy(update={"id": "theirs", "title": "Theirs"})
    saved = store.save(work().model_copy(update={"rules": rules}), "with rules")
    test = page("scenarios", query={"scenario": saved.saved.id})
    test.selectbox(key="rules").set_value("cn-2019-46").run()
    test.selectbox(key="rules").set_value("theirs").run()
    assert not test.exception
    assert test.session_state["work"].rules == rules


def test_a_link_in_an_open_page_leaves_a_way_back(store: Store) -> None:
    saved = store.save(work(2), "linked")
    test = page("scenarios")
    test.session_state["work"] = work(1)
    test.query_params["scenario"] = saved.saved.id
    test.run()
    assert len(test.session_state["work"].draft.sites) == 2
    click(test, "scenario_back")
    assert len(test.session_state["work"].draft.sites) == 1
