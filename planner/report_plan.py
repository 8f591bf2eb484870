"""What the report says of planning: the solver's answer, and what no plan can mend."""

from collections.abc import Mapping

from geodata.messages import say
from optimization import Outcome
from planner.conflict_words import conflict_sentence
from planner.forms import CHOICES
from planner.language import Translator
from planner.placement import Placement
from planner.report_digest import WORST, Digest
from planner.report_tables import Cell, Row, Table, number_cell

HELD_BACK = say("limited: the least shortage that the limit allows")


def outcome_words(t: Translator) -> dict[str, str]:
    """Return the outcomes in the reader's language."""
    return {
        str(Outcome.OPTIMAL): t("optimal: proven, no plan costs less"),
        str(Outcome.FEASIBLE): t("feasible: a plan, with a gap to the bound"),
        str(Outcome.INFEASIBLE): t("infeasible: not every duty can be met"),
        str(Outcome.TIME_LIMIT): t("time limit: some part has no plan"),
    }


def outcome_text(placement: Placement, t: Translator) -> str:
    """Return a plan's outcome in the reader's language; what a limit leaves short is the limit's doing."""
    if placement.by_hand:
        short = placement.outcome is Outcome.INFEASIBLE
        return (
            t("chosen by hand; some duties stay short") if short else t("chosen by hand; no bound is known")
        )
    if placement.held_back:
        return t(HELD_BACK)
    return outcome_words(t)[str(placement.outcome)]


def solver_lines(digest: Digest) -> list[tuple[str, str]]:
    """Return what the solver says of the whole run, as label and value; empty where nothing was planned."""
    placement, t = digest.study.placement, digest.t
    if placement is None:
        return []
    settings = digest.study.scenario.solver
    return [
        (t("Outcome"), outcome_text(placement, t)),
        (t("Made least"), t(CHOICES[digest.study.scenario.objective])),
        (t("Objective"), t.number(placement.objective, 3)),
        (t("Bound"), t.number(placement.bound, 3)),
        (t("Gap"), t.percent(placement.gap)),
        (t("Planning problems"), t.number(len(placement.scopes))),
        (t("Solver"), t("{name}, at most {seconds} s a problem, gap {gap}", name=settings.name,
                        seconds=f"{settings.time_limit_s:g}", gap=f"{settings.gap:g}")),
    ]  # fmt: skip


def conflict_text(row: Mapping[str, object], digest: Digest) -> str:
    """Return what keeps a duty from being met, in the reader's language and with the area's name."""
    place = digest.names.get(str(row["adcode"]), str(row["adcode"]))
    given = row["values"]
    values = {**given, "area": place} if isinstance(given, Mapping) else {"area": place}
    if "|" in str(values.get("name", "")):
        values["name"] = f"{row['rule_id']} ({place})"
    return conflict_sentence(str(row["template"]), values, digest.t)


def conflict_table(digest: Digest, *, most: int = WORST) -> Table | None:
    """Return the duties that the plan leaves short, each with its reason; None where there are none."""
    placement, t = digest.study.placement, digest.t
    if placement is None or placement.conflicts.empty:
        return None
    titles = ((t("Area"), False), (t("Enterprise"), False), (t("Reason"), False), (t("Rule"), False))
    rows = []
    for row in (
        {str(k): v for k, v in one.items()} for one in placement.conflicts.head(most).to_dict("records")
    ):
        place = digest.names.get(str(row["adcode"]), str(row["adcode"]))
        sentence = conflict_text(row, digest)
        cells = (
            Cell(place, area=str(row["adcode"])),
            Cell(str(row["enterprise"])),
            Cell(sentence),
            Cell(str(row["rule_id"])),
        )
        rows.append(Row(cells, words=f"{row['adcode']} {row['enterprise']} {sentence}".lower()))
    return Table("conflicts", titles, tuple(rows), "")


def scope_table(digest: Digest) -> Table | None:
    """Return the planning problems that ended short of a proof; None where all are proven."""
    placement, t = digest.study.placement, digest.t
    if placement is None:
        return None
    open_ones = placement.scopes[placement.scopes["outcome"] != str(Outcome.OPTIMAL)]
    if open_ones.empty:
        return None
    words = outcome_words(t)
    titles = (
        (t("Enterprise"), False), (t("Areas"), True), (t("Outcome"), False), (t("Objective"), True),
        (t("Bound"), True), (t("Gap"), True), (t("Seconds"), True),
    )  # fmt: skip
    rows = [
        Row(
            (
                Cell(str(row["enterprise"])),
                number_cell(len(str(row["areas"]).split(";")), t),
                Cell(words[str(row["outcome"])]),
                number_cell(float(row["objective"]), t, 3),
                number_cell(float(row["bound"]), t, 3),
                Cell(t.percent(float(row["gap"])), f"{row['gap']:.6g}"),
                number_cell(float(row["seconds"]), t, 1),
            )
        )
        for row in open_ones.head(WORST).to_dict("records")
    ]
    return Table("scopes", titles, tuple(rows), "")
