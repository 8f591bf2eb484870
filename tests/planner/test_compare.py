"""Two small studies side by side."""

import pandas as pd

from planner.compare import area_changes, rule_changes


def findings(**statuses: str) -> pd.DataFrame:
    letters = {"m": "met", "s": "short", "u": "unknown"}
    rows = [(rule, letters[letter]) for rule, text in statuses.items() for letter in text]
    return pd.DataFrame(rows, columns=["rule_id", "status"])


def areas(*rows: tuple[str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["adcode", "status", "missing_outlets"])
    return table.assign(name="area " + table["adcode"])


def test_rules_count_what_is_not_met() -> None:
    table = rule_changes(findings(presence="sssm", ratio="su"), findings(presence="mmms", reach="s"))
    assert table.to_dict("records") == [
        {"rule_id": "presence", "before": 3, "after": 1, "change": -2},
        {"rule_id": "ratio", "before": 2, "after": 0, "change": -2},
        {"rule_id": "reach", "before": 0, "after": 1, "change": 1},
    ]


def test_areas_that_changed_come_largest_first() -> None:
    before = areas(("a", "short", 2), ("b", "short", 9), ("c", "met", 0), ("d", "short", 1))
    after = areas(("a", "met", 0), ("b", "short", 1), ("c", "met", 0), ("e", "none", 0))
    table = area_changes(before, after)
    assert table["adcode"].tolist() == ["b", "a", "d", "e"]
    assert table["before"].tolist() == ["short", "short", "short", "–"]
    assert table["after"].tolist() == ["short", "met", "–", "none"]
    assert table["missing_after"].tolist() == [1, 0, 0, 0]
