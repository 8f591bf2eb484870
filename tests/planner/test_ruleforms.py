"""Rules and scenarios as forms: what can be entered, what comes of it, what is refused."""

import pytest

from geodata.messages import InputError
from planner.forms import CHOICES, HELP, NAMES, FieldKind, FormField, fields_of, with_value
from planner.ruleforms import (
    MOST_BYTES,
    ParameterChange,
    nearest_preset,
    own_copy,
    parameter_changes,
    read_rule_set,
    renamed,
    rule_fields,
    with_assumptions,
    with_parameters,
)
from planner.rules.ruleset import RuleSet, load_rule_set, presets, rule_set_from, rule_set_toml
from planner.scenario import Scenario

LAW = load_rule_set("cn-2026-73")
HOSTILE = [
    "${alert(1)}",
    "</script><img src=x onerror=alert(1)>",
    "=cmd()",
    "javascript:alert(1)",
    "../../x",
    "",
]


def field(rules: RuleSet, rule: str, name: str) -> FormField:
    return next(one for one in rule_fields(rules, rule) if one.name == name)


def shared(rule: str = "presence", of: str = "presence") -> RuleSet:
    """Return two rules, the second asking the first in a share of the areas."""
    first = {"id": "presence", "kind": "presence", "role": "maker", "source": "s", "parameters": {}}
    second = {"id": rule + "-share", "kind": "area_share", "role": "maker", "source": "s",
              "parameters": {"rule": of, "share": 0.8}}  # fmt: skip
    return rule_set_from({"id": "own", "title": "t", "source": "s", "rules": [first, second]}, "own")


def test_entries_know_what_they_take() -> None:
    outlets = field(LAW, "maker-presence", "min_outlets")
    assert (outlets.kind, outlets.least, outlets.most, outlets.value) == (FieldKind.WHOLE, 1, None, 1)
    share = field(LAW, "maker-reach", "share")
    assert (share.kind, share.least, share.most, share.value) == (FieldKind.SHARE, 0, 1, 0.8)
    assert field(LAW, "maker-reach", "distance_km").optional
    assert field(LAW, "maker-reach", "across_borders").kind is FieldKind.YES_NO
    assert "none" in field(LAW, "maker-presence", "quantity").choices
    relieved = field(load_rule_set("cn-2019-46"), "collection-capacity", "relieved_by")
    assert (relieved.kind, relieved.value) == (FieldKind.SEVERAL, ("storage",))
    assert field(shared(), "presence-share", "rule").choices == ("presence",)


def test_every_entry_and_choice_has_a_name() -> None:
    fields = [one for name in presets() for rule in load_rule_set(name).rules
              for one in rule_fields(load_rule_set(name), rule.id)]  # fmt: skip
    fields += [one for one in fields_of(Scenario(year=2026)) if one.name != "year"]
    assert [one.name for one in fields if one.name not in NAMES] == []
    assert [name for name in HELP if name not in NAMES] == []
    assert [word for one in fields for word in one.choices if word not in CHOICES] == []


@pytest.mark.parametrize("name", presets())
def test_what_is_entered_unchanged_changes_nothing(name: str) -> None:
    rules = load_rule_set(name)
    for rule in rules.rules:
        entered = {one.name: one.value for one in rule_fields(rules, rule.id)}
        assert with_parameters(rules, rule.id, entered) == rules


def test_a_changed_number_of_the_law_is_assumed_until_it_is_back() -> None:
    changed = with_parameters(LAW, "maker-presence", {"min_outlets": 2})
    assert changed.id == "cn-2026-73-own"
    assert [rule.assumption for rule in changed.rules] == [True, False, True, True]
    assert parameter_changes(changed, LAW) == [ParameterChange("maker-presence", "min_outlets", 1, 2)]
    assert nearest_preset(changed) == LAW
    back = with_parameters(changed, "maker-presence", {"min_outlets": 1})
    assert back.rules == LAW.rules
    assert load_rule_set("cn-2026-73") == LAW


@pytest.mark.parametrize(
    ("rule", "entered", "word"),
    [
        ("maker-presence", {"min_outlets": 0}, "min_outlets"),
        ("maker-reach", {"share": 1.5}, "share"),
        ("maker-reach", {"distance_km": None}, "either distance_km or minutes"),
        ("maker-reach", {"distance_km": None, "minutes": 30.0}, "needs travel times by road"),
        ("maker-ratio", {"per": None}, "missing"),
        ("maker-ratio", {"quantity": "${x}"}, "quantity"),
        ("maker-ratio", {"secret": 1}, "secret"),
    ],
)
def test_what_does_not_fit_is_refused(rule: str, entered: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        with_parameters(LAW, rule, entered)


def test_minutes_take_the_place_of_km_where_ways_are_measured_by_road() -> None:
    assert "minutes" not in [one.name for one in rule_fields(LAW, "maker-reach")]
    assert "minutes" in [one.name for one in rule_fields(LAW, "maker-reach", by_road=True)]
    entered = {one.name: one.value for one in rule_fields(LAW, "maker-reach", by_road=True)}
    timed = with_parameters(LAW, "maker-reach", {**entered, "minutes": 15.0}, by_road=True)
    parameters = next(rule for rule in timed.rules if rule.id == "maker-reach").parameters.model_dump()
    assert (parameters["minutes"], parameters["distance_km"]) == (15.0, None)
    back = with_parameters(timed, "maker-reach", {"distance_km": 50.0, "minutes": 15.0})
    assert back.rules == LAW.rules
    with pytest.raises(InputError, match="either distance_km or minutes"):
        with_parameters(LAW, "maker-reach", {"distance_km": 40.0, "minutes": 15.0}, by_road=True)
    file = ("timed.toml", rule_set_toml(timed).encode())
    assert read_rule_set(file, by_road=True) == timed
    with pytest.raises(InputError, match="needs travel times by road"):
        read_rule_set(file)


def test_a_rule_that_names_one_it_cannot_is_refused() -> None:
    with pytest.raises(InputError, match="not in the set"):
        with_parameters(shared(), "presence-share", {"rule": "nothing"})
    with pytest.raises(InputError, match="ties areas together"):
        with_parameters(shared(), "presence-share", {"rule": "presence-share"})


def test_a_set_is_saved_under_a_name_of_ones_own() -> None:
    saved = renamed(own_copy(LAW), " mine.2026 ", "Mine")
    assert (saved.id, saved.title, saved.title_zh) == ("mine.2026", "Mine", "")
    assert own_copy(saved) == saved
    assert read_rule_set(("mine.toml", rule_set_toml(saved).encode())) == saved


@pytest.mark.parametrize("name", [*HOSTILE, "cn-2026-73", "x" * 65, "名"])
def test_names_that_do_not_do_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        renamed(LAW, name, "title")
    toml = rule_set_toml(LAW.model_copy(update={"id": name, "title": "other"}))
    with pytest.raises(InputError):
        read_rule_set(("rules.toml", toml.encode()))


@pytest.mark.parametrize("title", HOSTILE[:-1])
def test_titles_and_rule_ids_are_text(title: str) -> None:
    rules = tuple(rule.model_copy(update={"id": f"{title}{n}"}) for n, rule in enumerate(LAW.rules))
    odd = LAW.model_copy(update={"id": "odd", "title": title, "rules": rules})
    found = read_rule_set(("odd.toml", rule_set_toml(odd).encode()))
    assert found.title == title
    assert found.rules[0].id == f"{title}0"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("rules.toml", b"[" * 50_000, "TOML"),
        ("rules.toml", b"a = " + b"[" * 50_000 + b"]" * 50_000, "TOML|recursion|limit"),
        ("rules.toml", b"x" * (MOST_BYTES + 1), "at most 100 kB"),
        ("rules.yaml", b"id: x", "not a rule set"),
        ("../../rules.toml", b"\xff\xfe", "TOML"),
        ("rules.toml", b"id = 'a'\n", "title"),
        ("rules.toml", b"", "missing"),
    ],
)
def test_what_is_no_rule_set_is_refused(name: str, content: bytes, word: str) -> None:
    with pytest.raises(InputError, match=word):
        read_rule_set((name, content))


def test_a_bundled_set_can_be_uploaded_as_it_is() -> None:
    assert read_rule_set(("a.toml", rule_set_toml(LAW).encode())) == LAW


def test_assumptions_are_changed_by_name() -> None:
    scenario = Scenario(year=2026)
    changed = with_assumptions(
        scenario, {"metric": "detour", "detour": 1.4, "new_outlet.storage.stock_cap_t": 50, "max_new": None}
    )
    assert (changed.detour, changed.new_outlet.storage.stock_cap_t) == (1.4, 50)
    assert changed.new_outlet.collection == scenario.new_outlet.collection
    with pytest.raises(InputError, match="sum to 1"):
        with_assumptions(scenario, {"chemistry_mix": [{"name": "LFP", "share": 0.4}]})
    with pytest.raises(InputError, match="no 'secret'"):
        with_assumptions(scenario, {"secret": 1})


def test_values_are_set_by_dotted_names() -> None:
    assert with_value({}, "a.b", 1) == {"a": {"b": 1}}
    assert with_value({"a": {"b": 1, "c": 2}}, "a.b", None) == {"a": {"c": 2}}


def test_whole_numbers_that_no_form_can_show_are_refused() -> None:
    toml = rule_set_toml(own_copy(LAW)).replace("min_outlets = 1\n", f"min_outlets = {10**20}\n", 1)
    with pytest.raises(InputError, match="at most 1000000"):
        read_rule_set(("mine.toml", toml.encode()))
