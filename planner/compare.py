"""Two studies held against each other: what each rule and each area gained or lost."""

from enum import StrEnum

import numpy as np
import pandas as pd

NOWHERE = "–"
"""Stands for the status of an area that a study does not have."""
RANK = {"met": 0, "none": 0, "unknown": 1, "short": 2}
STATUSES = ("met", "short", "unknown")
RULE_COLUMNS = ["rule_id", "before", "after", "change"]
AREA_COLUMNS = ["adcode", "name", "before", "after", "missing_before", "missing_after"]


class Difference(StrEnum):
    """What became of an area; `other`: only one of two studies has it."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    OTHER = "other"


def rule_counts(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the number of findings of each rule that are met, short and unknown; indexed by rule_id."""
    counts = findings.groupby(["rule_id", "status"], sort=False).size().unstack(fill_value=0)
    return counts.reindex(columns=list(STATUSES), fill_value=0)


def rule_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return how many findings of each rule were not met before and after, and the change.

    Parameters
    ----------
    before, after
        The findings of two studies. Rules that only one of them has count as 0 in the other.

    Returns
    -------
    DataFrame
        rule_id, before, after (findings that are short or unknown), change (after - before); in the order of
        the rules of `before`, then those that are new.
    """
    counts = [rule_counts(findings)[["short", "unknown"]].sum(axis=1) for findings in (before, after)]
    order = [*counts[0].index, *counts[1].index.difference(counts[0].index, sort=False)]
    table = pd.DataFrame({"before": counts[0], "after": counts[1]}).reindex(order).fillna(0).astype(int)
    table = table.assign(change=table["after"] - table["before"])
    return table.rename_axis("rule_id").reset_index()[RULE_COLUMNS]


def area_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the areas whose status or whose number of missing outlets changed.

    Parameters
    ----------
    before, after
        The states of the areas of two studies: adcode, name, status, missing_outlets.

    Returns
    -------
    DataFrame
        adcode, name, before, after (status, "–" where a study does not have the area), missing_before,
        missing_after; the largest change of missing outlets first.
    """
    table = area_differences(before, after)
    size = (table["missing_after"] - table["missing_before"]).abs()
    changed = table["before"].ne(table["after"]) | size.gt(0)
    order = table.assign(size=size)[changed].sort_values(["size", "adcode"], ascending=[False, True])
    return order[AREA_COLUMNS].reset_index(drop=True)


def area_differences(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return what became of every area of two studies.

    An area is better if its status is, or, where that is the same, if fewer outlets are missing, or as many
    and fewer duties short; no duty counts as good as all duties met.

    Parameters
    ----------
    before, after
        As in `area_changes`; `short`, the number of duties that are short, is 0 where there is none.

    Returns
    -------
    DataFrame
        The columns of `area_changes` with short_before, short_after and difference (`Difference`); one row
        per area, sorted by adcode.
    """
    columns = ["adcode", "name", "status", "missing_outlets", "short"]
    sides = [side.reindex(columns=columns) for side in (before, after)]
    pairs = sides[0].merge(sides[1], on="adcode", how="outer", suffixes=("_before", "_after"), sort=True)
    counts = ["missing_outlets_before", "missing_outlets_after", "short_before", "short_after"]
    number = pairs[counts].astype(float).fillna(0).astype(int)
    table = pd.DataFrame(
        {
            "adcode": pairs["adcode"],
            "name": pairs["name_after"].fillna(pairs["name_before"]),
            "before": pairs["status_before"].fillna(NOWHERE),
            "after": pairs["status_after"].fillna(NOWHERE),
            "missing_before": number["missing_outlets_before"],
            "missing_after": number["missing_outlets_after"],
            "short_before": number["short_before"],
            "short_after": number["short_after"],
        }
    )
    return table.assign(difference=_difference(table))


def _difference(table: pd.DataFrame) -> pd.Series:
    """Return which way each area went."""
    status = table["after"].map(RANK) - table["before"].map(RANK)
    missing, short = (table[f"{name}_after"] - table[f"{name}_before"] for name in ("missing", "short"))
    way = np.sign(status.fillna(0)).to_numpy()
    for step in (missing, short):
        way = np.where(way == 0, np.sign(step), way)
    words = np.array([str(Difference.BETTER), str(Difference.SAME), str(Difference.WORSE)], dtype=object)
    found = words[way.astype(int) + 1]
    gone = table["before"].eq(NOWHERE) | table["after"].eq(NOWHERE)
    return pd.Series(np.where(gone, str(Difference.OTHER), found), index=table.index, dtype=object)
