"""The answer first: one sentence, and at most five figures."""

from dataclasses import dataclass

from geodata.messages import say
from geodata.schemas import Role
from planner.check import sales_reach_rule
from planner.report_digest import Digest, by_status, limit_words
from planner.rules.base import Status

WAYS = {
    "great-circle": say("in a straight line"),
    "detour": say("with the detour that roads make"),
    "road-km": say("by road"),
    "road-min": say("by road"),
}
"""How limits are measured under each metric."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it is, its scope, and what it is compared with."""

    value: str
    label: str
    note: str
    mark: str = ""


def answer(digest: Digest) -> str:
    """Return the answer of a study in one sentence, more where that would mislead."""
    t = digest.t
    total = len(digest.with_duty())
    if not total:
        return t("Under these rules no area has a duty.")
    sentence = _planned(digest, total) if digest.planned else _checked(digest, total)
    said = [sentence, *_also(digest)]
    return (" " if t.language == "en" else "").join(said)


def _also(digest: Digest) -> list[str]:
    """Return what the answer would mislead without: outlets joined, not opened; what cannot be said."""
    t, said = digest.t, []
    joined = (
        0
        if digest.study.placement is None
        else int(digest.study.placement.outlets["action"].eq("join").sum())
    )
    if joined:
        said.append(
            t.plural(
                "Of the new outlets {n} is not opened but joins one of another enterprise.",
                "Of the new outlets {n} are not opened but join those of other enterprises.",
                joined,
            )
        )
    if unknown := digest.count(Status.UNKNOWN):
        said.append(
            t.plural(
                "For {n} area it cannot be said: a figure is missing.",
                "For {n} areas it cannot be said: a figure is missing.",
                unknown,
            )
        )
    return said


def _checked(digest: Digest, total: int) -> str:
    t = digest.t
    short = digest.count(Status.SHORT)
    if not short:
        return _all_met(digest, total)
    where, number = _most(digest)
    values = {"total": t.number(total), "where": where, "number": t.number(number)}
    if not digest.missing():
        return t.plural(
            "{n} of {total} areas is short; most in {where} ({number}).",
            "{n} of {total} areas are short; most in {where} ({number}).",
            short,
            **values,
        )
    return t.plural(
        "{n} of {total} areas is short: {missing} outlets missing, most in {where} ({number}).",
        "{n} of {total} areas are short: {missing} outlets missing, most in {where} ({number}).",
        short,
        missing=t.number(digest.missing()),
        **values,
    )


def _all_met(digest: Digest, total: int) -> str:
    t = digest.t
    if digest.count(Status.UNKNOWN):
        return t("No area is short.")
    return t.plural("The {n} area meets every duty.", "All {n} areas meet every duty.", total)


def _planned(digest: Digest, total: int) -> str:
    t = digest.t
    new = int(digest.areas["new_outlets"].sum())
    short = digest.count(Status.SHORT)
    if not short and not new:
        return _all_met(digest, total)
    if short:
        return t.plural(
            "With {n} new outlet, {met} of {total} areas meet every duty; {short} stay short.",
            "With {n} new outlets, {met} of {total} areas meet every duty; {short} stay short.",
            new,
            met=t.number(digest.count(Status.MET)),
            total=t.number(total),
            short=t.number(short),
        )
    if digest.count(Status.UNKNOWN):
        return t.plural(
            "With {n} new outlet no area is short.", "With {n} new outlets no area is short.", new
        )
    return t.plural(
        "{n} new outlet lets all {total} areas meet every duty.",
        "{n} new outlets let all {total} areas meet every duty.",
        new,
        total=t.number(total),
    )


def _most(digest: Digest) -> tuple[str, int]:
    """Return the province with the most missing outlets (or short areas), and their number.

    In a single province, the area that misses most.
    """
    areas = digest.areas
    if areas["province_adcode"].nunique() == 1 and areas["missing_outlets"].any():
        worst = areas.iloc[int(areas["missing_outlets"].to_numpy().argmax())]
        return str(worst["label"]), int(worst["missing_outlets"])
    if digest.missing():
        totals = digest.lacking.groupby("province_adcode")["missing"].sum()
    else:
        totals = digest.areas[digest.areas["status"] == Status.SHORT].groupby("province_adcode").size()
    totals = totals.sort_values(ascending=False, kind="stable")
    code = str(totals.index[0])
    return digest.names.get(code) or code, int(totals.iloc[0])


def figures(digest: Digest, within_reach: float | None) -> list[Figure]:
    """Return at most five figures, each with its scope and a comparison.

    Parameters
    ----------
    digest
        The study counted up.
    within_reach
        Share of the sales near an outlet of their enterprise; None where no rule says how near.
    """
    t = digest.t
    shown = [_areas(digest), _duties(digest), _outlets(digest), _lacking(digest)]
    if within_reach is not None:
        shown.append(Figure(t.percent(within_reach), t("of sales within reach"), _near(digest)))
    return shown


def _near(digest: Digest) -> str:
    """Say how near is near: in the words of the one rule that says it, or that there are several."""
    t, rules, metric = digest.t, digest.study.rules, str(digest.study.scenario.metric)
    near = {
        (rule.limit, rule.limit_unit)
        for role in Role
        if (rule := sales_reach_rule(rules, {str(role)})) is not None
    }
    if len(near) != 1:
        return t("near an outlet of their enterprise, as the rules measure it")
    limit = limit_words(*near.pop(), t)
    return t(
        "at most {limit} from an outlet of their enterprise, {metric}", limit=limit, metric=t(WAYS[metric])
    )


def _areas(digest: Digest) -> Figure:
    t = digest.t
    total = len(digest.with_duty())
    met = digest.count(Status.MET)
    note = t("of {total} areas with a duty", total=t.number(total))
    if digest.planned:
        before = int((digest.areas["status_before"] == Status.MET).sum())
        note = t("of {total} areas with a duty; before the plan {before}", total=t.number(total),
                 before=t.number(before))  # fmt: skip
    return Figure(t.number(met), t("areas meet every duty"), note, _mark(digest))


def _mark(digest: Digest) -> str:
    for status in (Status.SHORT, Status.UNKNOWN):
        if digest.count(status):
            return str(status)
    return str(Status.MET)


def _duties(digest: Digest) -> Figure:
    t = digest.t
    counts = by_status(digest.duties, "kind").sum() if len(digest.duties) else {"met": 0, "duties": 0}
    met, total = int(counts["met"]), int(counts["duties"])
    share = t.percent(met / total) if total else t.percent(None)
    note = t("of {total} duties ({share})", total=t.number(total), share=share)
    return Figure(t.number(met), t("duties met"), note)


def _outlets(digest: Digest) -> Figure:
    t = digest.t
    in_areas = int((digest.areas["outlets"] > 0).sum())
    note = t.plural("in {n} area, end of {year}", "in {n} areas, end of {year}", in_areas,
                    year=digest.study.scenario.year)  # fmt: skip
    return Figure(t.number(int(digest.areas["outlets"].sum())), t("existing outlets"), note)


def _lacking(digest: Digest) -> Figure:
    t = digest.t
    if digest.study.placement is not None:
        before, after = t.number(digest.lacking_before), t.number(digest.missing())
        note = t("{before} missing before, {after} after", before=before, after=after)
        return Figure(t.number(len(digest.study.placement.outlets)), t("new outlets"), note)
    who = digest.lacking["enterprise"].nunique()
    note = t.plural("at least, of {n} enterprise", "at least, of {n} enterprises", who)
    return Figure(t.number(digest.missing()), t("outlets missing"), note)
