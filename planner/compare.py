"""Two studies held against each other: what each rule and each area gained or lost."""

import pandas as pd

STATUSES = ("met", "short", "unknown")
RULE_COLUMNS = ["rule_id", "before", "after", "change"]
AREA_COLUMNS = ["adcode", "name", "before", "after", "missing_before", "missing_after"]


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
    columns = ["adcode", "name", "status", "missing_outlets"]
    pairs = before[columns].merge(after[columns], on="adcode", how="outer", suffixes=("_before", "_after"))
    missing = pairs[["missing_outlets_before", "missing_outlets_after"]].fillna(0).astype(int)
    table = pd.DataFrame(
        {
            "adcode": pairs["adcode"],
            "name": pairs["name_after"].fillna(pairs["name_before"]),
            "before": pairs["status_before"].fillna("–"),
            "after": pairs["status_after"].fillna("–"),
            "missing_before": missing["missing_outlets_before"],
            "missing_after": missing["missing_outlets_after"],
        }
    )
    size = (table["missing_after"] - table["missing_before"]).abs()
    changed = table["before"].ne(table["after"]) | size.gt(0)
    order = table.assign(size=size)[changed].sort_values(["size", "adcode"], ascending=[False, True])
    return order[AREA_COLUMNS].reset_index(drop=True)
