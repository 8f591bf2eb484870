"""Two studies side by side: which way the areas went, the figures, and what else differs."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.schemas import InputFile
from planner.compare import Difference, area_changes, area_differences
from planner.comparison import compared, comparison_sentence, differences
from planner.comparison_map import difference_colouring
from planner.draft import Draft, TriedSite
from planner.drafted import drafted_study
from planner.language import translator
from planner.report_digest import digest_of
from planner.rules.ruleset import load_rule_set
from planner.study import Study, check_study
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B, C = code(1), code(2), code(3)
RULES = worlds.rules(rule("presence"), rule("ratio", quantity="sales", per=100))
T = translator("en")

states = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["met", "short", "unknown", "none"]),
              st.integers(0, 3), st.integers(0, 3)),
    unique_by=lambda row: row[0],
)  # fmt: skip


def areas(rows: list[tuple[str, str, int, int]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["adcode", "status", "missing_outlets", "short"])
    return table.assign(name=table["adcode"])


def study(**parts: object) -> Study:
    sold = [("M", A, 250), ("M", B, 90), ("M", C, 5)]
    tables = worlds.tables([A, B, C], sold, [at(A, 100.1, 30.5), at(C, 102.5, 30.5)])
    return check_study(tables, RULES, worlds.scenario(**parts))


def opened(before: Study, *adcodes: str) -> Study:
    sites = tuple(
        TriedSite(
            outlet_id=f"T{adcode}-{number:04d}", name="site", kind="collection", enterprises="M", lon=100.5,
            lat=30.5, adcode=adcode,
        )
        for number, adcode in enumerate(adcodes)
    )  # fmt: skip
    return drafted_study(before, Draft(sites=sites))


@given(states, states)
def test_turning_a_comparison_round_turns_every_difference_round(first, second) -> None:
    there, back = (area_differences(areas(a), areas(b)) for a, b in ((first, second), (second, first)))
    assert there["adcode"].tolist() == sorted({row[0] for row in first + second})
    turned = {"better": "worse", "worse": "better", "same": "same", "other": "other"}
    assert back["difference"].tolist() == [turned[one] for one in there["difference"]]


@given(states)
def test_nothing_differs_from_itself(rows) -> None:
    assert set(area_differences(areas(rows), areas(rows))["difference"]) <= {"same"}
    assert area_changes(areas(rows), areas(rows)).empty


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        (("short", 2, 2), ("met", 0, 0), "better"),
        (("short", 2, 2), ("short", 1, 2), "better"),
        (("short", 0, 2), ("short", 0, 1), "better"),
        (("unknown", 0, 0), ("short", 0, 1), "worse"),
        (("met", 0, 0), ("unknown", 0, 0), "worse"),
        (("none", 0, 0), ("met", 0, 0), "same"),
        (("short", 1, 3), ("short", 2, 1), "worse"),
    ],
)
def test_which_way_an_area_goes(before, after, difference) -> None:
    table = area_differences(areas([("a", *before)]), areas([("a", *after)]))
    assert table["difference"].tolist() == [difference]


def test_a_draft_is_held_against_the_network_as_it_is() -> None:
    before = study()
    after = opened(before, A, A, B)
    found = compared(digest_of(before, T), digest_of(after, T))
    assert found.said == ()
    assert found.changed[["adcode", "difference"]].values.tolist() == [[A, "better"], [B, "better"]]
    assert found.changed["missing_before"].tolist() == [2, 1]
    figures = {str(figure.label): figure for figure in found.figures}
    assert figures["Areas that meet every duty"].change == 2
    assert figures["Outlets missing"].change == -3
    assert figures["New outlets"].after == 3
    assert figures["Share of sales within reach"].change is None
    assert comparison_sentence(found).text(str) == "Areas better off: 2; worse: 0; as before: 1."
    same = compared(digest_of(before, T), digest_of(before, T))
    assert comparison_sentence(same).text(str) == "No area is better or worse off."


def test_the_map_counts_every_area_once() -> None:
    before = study()
    digest = digest_of(before, T)
    found = compared(digest_of(opened(before, B), T), digest)
    colouring = difference_colouring(found.areas, digest.areas["adcode"], T)
    assert [kind.count for kind in colouring.classes] == [0, 1, 2, 0]
    assert [colouring.classes[rank].label for rank in colouring.member] == ["as before", "worse", "as before"]
    assert len({(kind.fill, kind.mark) for kind in colouring.classes}) == len(Difference)


def test_nothing_is_said_where_only_outlets_differ() -> None:
    assert differences(study(), opened(study(), A)) == []


def test_other_years_and_assumptions_are_said() -> None:
    said = [str(one) for one in differences(study(), study(join_cost=0.5, max_new=3))]
    assert said == ["Assumption join_cost: 0.2, then 0.5.", "Assumption max_new: –, then 3."]
    later = [str(one) for one in differences(study(), study(year=2023))]
    assert later == ["The years differ: 2022, then 2023."]
    mixed = study(chemistry_mix={"LFP": 1.0})
    assert "Assumption chemistry_mix.NCM523.share: 0.4, then –." in [
        str(one) for one in differences(study(), mixed)
    ]


def test_other_rules_are_said_by_parameter() -> None:
    before = study()
    stricter = worlds.rules(
        rule("ratio", quantity="sales", per=50), rule("threshold", quantity="stock", at_least=9)
    )
    said = [str(one) for one in differences(before, replace(before, rules=stricter))]
    assert said == [
        "Rule ratio: per is 100, then 50.", "Rule presence is left out.", "Rule threshold is added.",
    ]  # fmt: skip
    other = replace(before, rules=load_rule_set("cn-2019-46"))
    assert "The rules differ: test, then cn-2019-46." in [str(one) for one in differences(before, other)]


def test_other_tables_are_said() -> None:
    before = study()
    sold = before.tables.sales.assign(vehicles=before.tables.sales["vehicles"] + 1)
    after = replace(before, tables=replace(before.tables, sales=sold))
    assert [str(one) for one in differences(before, after)] == ["Sales differ."]
    files = (InputFile("sales", "s.csv", "ab" * 32, 3),)
    named = replace(before, tables=replace(before.tables, files=files))
    assert [str(one) for one in differences(before, named)] == [
        "Sales differ: none given, then s.csv (3 rows, SHA-256 abababab…)."
    ]
    assert differences(named, named) == []
