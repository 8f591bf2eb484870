"""The overview: narrowing keeps the counts true, whatever the order."""

from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import overview
from planner.check import reached_sales
from planner.language import translator
from planner.network import used_by
from planner.overview import Filters, in_province, narrowed
from planner.report_answer import answer
from planner.report_digest import Digest, digest_of
from planner.study import Study, check_study, place_study
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

ENGLISH = translator("en")
CODES = [code(1), code(2), code(1, "14"), code(2, "14")]
SOLD = [
    ("M", CODES[0], 900), ("M", CODES[1], 50), ("M", CODES[2], 70), ("N", CODES[2], 400), ("N", CODES[3], 9),
    ("B", CODES[0], 60, "battery_maker"), ("B", CODES[3], 70, "battery_maker"),
]  # fmt: skip
SHOPS = [
    at(CODES[0], 100.5, 30.5, enterprises="M"),
    at(CODES[2], 102.5, 30.5, enterprises="N;B"),
    at(CODES[3], 103.5, 30.5, enterprises="MN"),
]
RULES = worlds.rules(
    rule("presence", "here"),
    rule("presence", "batteries", role="battery_maker"),
    rule("ratio", "many", quantity="sales", per=100, assumption=True),
    rule("presence", "province", level="province"),
    rule("reach_share", "near", distance_km=20.0, share=0.8, of="sales", assumption=True),
)
TABLES = worlds.tables(CODES, SOLD, SHOPS)
STUDY = check_study(TABLES, RULES, worlds.scenario())


def digest_in(filters: Filters) -> Digest:
    return in_province(digest_of(narrowed(STUDY, filters), ENGLISH), filters.province)


FILTERS = st.builds(
    Filters,
    enterprise=st.sampled_from(["", "M", "N", "B"]),
    rule=st.sampled_from(["", "here", "batteries", "many", "near"]),
    role=st.sampled_from(["", "maker", "battery_maker"]),
    province=st.sampled_from(["", "130000", "140000"]),
)


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return sorted(map(tuple, frame.astype(str).to_numpy()))


@settings(max_examples=12, deadline=None)
@given(FILTERS)
def test_filters_compose_in_any_order(filters: Filters) -> None:
    parts = [Filters(enterprise=filters.enterprise), Filters(rule=filters.rule), Filters(role=filters.role)]
    at_once = narrowed(STUDY, filters)
    for order in permutations(parts):
        study = STUDY
        for part in order:
            study = narrowed(study, part)
        assert rows(study.findings) == rows(at_once.findings)
        assert rows(study.tables.sales) == rows(at_once.tables.sales)
        if not (filters.role and filters.enterprise):  # whose outlets a role's are depends on who is left
            assert rows(study.tables.outlets[["outlet_id"]]) == rows(at_once.tables.outlets[["outlet_id"]])


@settings(max_examples=12, deadline=None)
@given(FILTERS)
def test_provinces_part_the_nation(filters: Filters) -> None:
    whole = digest_of(narrowed(STUDY, filters), ENGLISH)
    parts = [in_province(whole, province) for province in ("130000", "140000")]
    assert sum(len(part.areas) for part in parts) == len(whole.areas)
    assert sum(len(part.duties) for part in parts) == len(whole.duties)
    assert sum(part.missing() for part in parts) == whole.missing()
    for status in ("met", "short", "unknown", "none"):
        assert sum(part.count(status) for part in parts) == whole.count(status)
    assert sum(part.areas["outlets"].sum() for part in parts) == whole.areas["outlets"].sum()


@settings(max_examples=10, deadline=None)
@given(FILTERS)
def test_everything_can_be_said_of_every_part(filters: Filters) -> None:
    part = digest_in(filters)
    reached = reached_sales(TABLES, RULES, worlds.scenario())
    assert answer(part)
    assert 4 <= len(overview.key_figures(part, reached, filters)) <= 5
    ranking = overview.area_ranking(part)
    assert sorted(ranking.codes) == sorted(part.areas["adcode"])
    assert len(overview.province_ranking(part).codes) <= 2
    assert set(overview.enterprise_ranking(part).codes) <= {"M", "N", "B"}


def test_an_enterprise_is_held_against_its_own_duties_and_outlets() -> None:
    part = digest_in(Filters(enterprise="N"))
    assert set(part.duties["enterprise"]) == {"N"}
    assert part.study.tables.outlets["outlet_id"].tolist() == ["o1"]
    assert part.areas.set_index("adcode")["sales"].to_dict() == {
        CODES[0]: 0.0, CODES[1]: 0.0, CODES[2]: 400.0, CODES[3]: 9.0,
    }  # fmt: skip


def test_a_name_inside_another_is_not_that_enterprise() -> None:
    lists = pd.Series(["MN", "M;N", " M ;X", "", None], index=[4, 3, 2, 1, 0])
    assert used_by(lists, ["M"]).to_dict() == {4: False, 3: True, 2: True, 1: False, 0: False}


def test_the_share_within_reach_is_the_study_s() -> None:
    reached = reached_sales(TABLES, RULES, worlds.scenario())
    assert overview.reach_share(reached, Filters()) == pytest.approx(STUDY.sales_within_reach)
    assert overview.reach_share(reached, Filters(enterprise="N")) == pytest.approx(400 / 409)
    assert overview.reach_share(reached, Filters(province="130000")) == pytest.approx(900 / 950)
    assert overview.reach_share(reached, Filters(enterprise="nobody")) is None


def test_without_a_rule_about_reach_there_is_no_share() -> None:
    reached = reached_sales(TABLES, worlds.rules(rule("presence")), worlds.scenario())
    assert reached.empty
    assert overview.reach_share(reached, Filters()) is None


def test_the_worst_area_stands_first_and_a_status_keeps_its_own() -> None:
    whole = digest_of(STUDY, ENGLISH)
    ranking = overview.area_ranking(whole)
    missing = whole.areas.set_index("adcode")["missing_outlets"]
    assert missing.loc[list(ranking.codes)].is_monotonic_decreasing
    assert ranking.frame["Missing"].tolist() == missing.loc[list(ranking.codes)].tolist()
    met = overview.area_ranking(whole, "met")
    assert set(met.frame["Status"]) <= {"● met"}
    assert len(met.codes) == whole.count("met")


def test_in_one_province_the_answer_names_the_worst_area() -> None:
    part = digest_in(Filters(province="130000"))
    worst = part.areas.sort_values("missing_outlets", ascending=False).iloc[0]
    assert f"most in {worst['label']} ({worst['missing_outlets']})" in answer(part)


def test_where_nothing_is_asked_the_tables_are_empty() -> None:
    part = digest_in(Filters(enterprise="B", rule="many"))
    assert answer(part) == "Under these rules no area has a duty."
    assert overview.province_ranking(part).frame.empty
    assert overview.enterprise_ranking(part).frame.empty
    assert overview.area_duties(part, CODES[1]).empty


def test_an_area_lists_its_duties_and_outlets() -> None:
    whole = digest_of(STUDY, ENGLISH)
    duties = overview.area_duties(whole, CODES[0])
    assert duties["Status"].iloc[0] == "▲ short"
    assert (duties.loc[duties["Rule"].isin(["many", "near"]), "Assumed"] == "assumed").all()
    assert overview.outlet_list(whole, CODES[2]).codes == ("o1",)
    assert overview.outlet_list(whole, CODES[2]).frame["Enterprises"].tolist() == ["N · B"]
    assert overview.outlet_list(whole, CODES[1]).frame.empty


def test_choices_are_those_that_lead_somewhere() -> None:
    whole = digest_of(STUDY, ENGLISH)
    assert list(overview.rules_to_choose(STUDY)) == ["here", "batteries", "many", "province", "near"]
    assert list(overview.roles_to_choose(STUDY, ENGLISH)) == ["maker", "battery_maker"]
    assert list(overview.provinces_to_choose(whole)) == ["130000", "140000"]


def test_a_plan_is_narrowed_with_its_findings() -> None:
    plan: Study = place_study(TABLES, worlds.rules(rule("presence")), worlds.scenario())
    part = narrowed(plan, Filters(enterprise="N"))
    assert part.findings_before is not None
    assert set(part.findings_before["enterprise"]) == set(part.findings["enterprise"]) == {"N"}
