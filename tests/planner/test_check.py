"""What findings say of areas, what the summary counts, what the rules state and refuse."""

import pytest

from geodata.messages import InputError
from planner.check import area_status, check
from planner.language import translator
from planner.rules.ruleset import RuleSet, rule_set_from
from planner.study import check_study, summary_of
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B, C = code(1), code(2), code(1, "81")


def states(rules: RuleSet, standing: tuple[dict[str, object], ...] = ()) -> list[str]:
    tables = worlds.tables([A, B, C], [("M", A, 10), ("M", C, 10)], standing)
    study = check_study(tables, rules, worlds.scenario())
    return study.area_status()["status"].tolist()


def test_selling_areas_take_the_nations_status_where_nothing_nearer_binds_them() -> None:
    national = worlds.rules(rule("presence", level="nation"))
    assert states(national) == ["short", "none", "short"]
    assert states(national, (at(B, 101.5, 30.5),)) == ["met", "none", "met"]


def test_a_province_goes_before_the_nation_and_an_area_before_both() -> None:
    wide = rule("presence", "wide", level="nation", min_outlets=2)
    middle = rule("presence", "middle", level="province")
    near = rule("presence", "near")
    standing = (at(B, 101.5, 30.5),)
    assert states(worlds.rules(wide, middle), standing) == ["met", "none", "short"]
    assert states(worlds.rules(wide, middle, near), standing) == ["short", "none", "short"]


def test_the_nations_status_ends_at_the_territory() -> None:
    values = worlds.rules(rule("presence", level="nation")).model_dump()
    mainland = rule_set_from({**values, "territory": ["13"]}, "test")
    assert states(mainland, (at(A, 100.5, 30.5),)) == ["met", "none", "none"]
    tables = worlds.tables([A, B, C], [("M", A, 10), ("M", C, 10)])
    findings = check(tables, mainland, worlds.scenario())
    everywhere = area_status(tables, findings, worlds.scenario())["status"].tolist()
    assert everywhere == ["short", "none", "short"], "findings alone do not tell the territory"


def test_areas_compliant_counts_nation_level_duties() -> None:
    tables = worlds.tables([A, B], [("M", A, 10), ("M", B, 10)], [at(A, 100.5, 30.5)])
    study = check_study(tables, worlds.rules(rule("presence", level="nation")), worlds.scenario())
    assert summary_of(study)["areas_compliant"] == 2


def test_the_summary_lists_every_duty_in_the_order_of_the_rules() -> None:
    rules = worlds.rules(
        rule("threshold", quantity="sales", at_least=1000),
        rule("ratio", "named", quantity="sales", per=5),
        rule("area_share", rule="named", share=1.0),
        rule("presence", "for-others", role="battery_maker"),
        rule("presence"),
    )
    tables = worlds.tables([A], [("M", A, 10)], [at(A, 100.5, 30.5)])
    counts = summary_of(check_study(tables, rules, worlds.scenario()))["findings"]
    nothing = {"met": 0, "short": 0, "unknown": 0}
    assert isinstance(counts, dict)
    assert list(counts) == ["threshold", "area_share", "for-others", "presence"]
    assert counts["threshold"] == counts["for-others"] == nothing
    assert counts["presence"] == {**nothing, "met": 1}
    assert counts["area_share"] == {**nothing, "short": 1}


@pytest.mark.parametrize(
    ("quantity", "english", "chinese"),
    [
        ("none", "in every territory", "每个"),
        ("sales", "wherever it sells", "有销售"),
        ("stock", "wherever there are units in use at the end of the year", "年末保有量"),
        ("retired_t", "wherever there are tonnes of batteries retired in the year", "退役"),
        ("population", "wherever there are inhabitants", "常住人口"),
    ],
)
def test_presence_says_what_it_is_measured_by(quantity: str, english: str, chinese: str) -> None:
    statement = worlds.rules(rule("presence", quantity=quantity)).rules[0].statement()
    assert english in str(statement)
    assert chinese in statement.text(translator("zh").gettext)


@pytest.mark.parametrize("bound", ["at_least", "at_most"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_bound_is_a_number(bound: str, value: float) -> None:
    with pytest.raises(InputError, match=bound):
        worlds.rules(rule("attribute", column="area_m2", **{bound: value}))


def test_bounds_that_nothing_fits_are_refused() -> None:
    with pytest.raises(InputError, match="at_least is above at_most"):
        worlds.rules(rule("attribute", column="area_m2", at_least=10, at_most=5))
    assert worlds.rules(rule("attribute", column="area_m2", at_least=5, at_most=5))
