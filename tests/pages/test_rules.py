"""The rules page: rules with their source, numbers of one's own, sets saved and uploaded."""

import pytest
from streamlit.testing.v1 import AppTest

from planner.ruleforms import own_copy
from planner.rules.ruleset import load_rule_set, rule_set_toml
from tests.pages import apptest
from tests.pages.test_byroad import begin

ODD = "</script><img src=x onerror=alert(1)>${alert(1)}"


def page(language: str = "en") -> AppTest:
    opened = apptest.page("rules", lang=language)
    assert not opened.exception
    return opened


def entry(opened: AppTest, name: str, number: int = 0):
    return [one for one in opened.number_input if one.key.endswith(f":{name}")][number]


def apply(opened: AppTest, number: int) -> AppTest:
    [one for one in opened.button if one.key.endswith(":apply")][number].click().run()
    assert not opened.exception
    return opened


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rule_is_there_with_its_source(language: str) -> None:
    opened = page(language)
    rules = load_rule_set("cn-2026-73")
    assert len(opened.expander) == len(rules.rules) + 1
    assert sum("orange-badge" in one.label for one in opened.expander) == 2
    told = " ".join(one.value for one in opened.caption)
    assert told.count("2025") >= 2


def test_a_number_of_ones_own_is_taken_marked_and_compared() -> None:
    opened = page()
    entry(opened, "min_outlets", 0).set_value(3)
    apply(opened, 0)
    rules = opened.session_state["work"].rules
    assert rules.id == "cn-2026-73-own"
    assert rules.rules[0].parameters.min_outlets == 3
    assert rules.rules[0].assumption
    assert opened.selectbox(key="rules").value == "cn-2026-73-own"
    changes = opened.dataframe[0].value
    assert changes[["Before", "Now"]].to_numpy().tolist() == [["1", "3"]]
    assert entry(opened, "min_outlets", 0).value == 3


def test_a_share_is_entered_as_per_cent() -> None:
    opened = page()
    share = entry(opened, "share")
    assert share.value == 80
    share.set_value(75.0)
    apply(opened, 3)
    assert opened.session_state["work"].rules.by_id["maker-reach"].parameters.share == 0.75


def test_what_is_missing_is_said_and_changes_nothing() -> None:
    opened = page()
    entry(opened, "share").set_value(0.0)
    apply(opened, 3)
    assert "must be mended" in opened.error[0].value
    assert opened.session_state["work"].rules.id == "cn-2026-73"


def test_a_set_is_saved_under_a_name() -> None:
    opened = page()
    next(one for one in opened.text_input if one.key.endswith(":id")).set_value("mine")
    next(one for one in opened.text_input if one.key.endswith(":title")).set_value(ODD)
    next(one for one in opened.button if one.key.endswith(":save")).click().run()
    assert not opened.exception
    assert opened.session_state["work"].rules.id == "mine"
    assert list(opened.session_state["own_rules"]) == ["mine"]
    assert all("<img" not in one.value.replace(r"\<img", "") for one in opened.markdown)


def test_a_set_is_uploaded_or_refused() -> None:
    opened = page()
    own = own_copy(load_rule_set("us-vt-batteries")).model_copy(update={"id": "vt", "title": ODD})
    for content, expected in ((b"id = 1", "cn-2026-73"), (rule_set_toml(own).encode(), "vt")):
        opened.file_uploader(key="upload_rules").set_value(("r.toml", content, "text/plain")).run()
        opened.button(key="use_rules").click().run()
        assert not opened.exception
        assert opened.session_state["work"].rules.id == expected


def test_assumptions_are_changed_and_set_back() -> None:
    opened = page()
    entry(opened, "weibull_shape").set_value(2.5)
    apply(opened, -1)
    assert opened.session_state["work"].scenario.weibull_shape == 2.5
    opened.button(key="reset_assumptions").click().run()
    assert opened.session_state["work"].scenario.weibull_shape == 3.5


def test_every_assumption_can_be_entered() -> None:
    from planner.forms import fields_of
    from planner.scenario import Scenario

    def entries(opened: AppTest) -> set[str]:
        widgets = [*opened.number_input, *opened.checkbox, *opened.selectbox]
        return {str(one.key).rpartition(":")[2] for one in widgets if str(one.key).startswith("scenario:")}

    every = {one.name for one in fields_of(Scenario(year=2026))} - {"year", "roads.margin_km"}
    assert entries(page()) == {name for name in every if not name.startswith("roads.")}
    assert entries(apptest.page("rules", setup=begin())) == every
