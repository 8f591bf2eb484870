"""The report's tables: rows of cells that are ready to read and know how to be sorted."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.language import Translator
from planner.report_digest import (
    WORST,
    Digest,
    by_status,
    failing,
    kind_words,
    province_name,
    role_words,
    status_words,
)
from planner.rules.base import Status
from planner.rules.wording import source_in
from planner.sentences import with_sentences


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, what it sorts by ("" for the text), the status it shows, and what it links to.

    A link is to an area on the map, to a way there (its number), or to an anchor on the page.
    """

    text: str
    sort: str = ""
    mark: str = ""
    area: str = ""
    anchor: str = ""
    soft: str = ""
    route: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, with the area it is about and the words it is found by."""

    cells: tuple[Cell, ...]
    area: str = ""
    status: str = ""
    words: str = ""
    bar: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: titles (numbers to the right), rows, and what is said where there are none."""

    name: str
    titles: tuple[tuple[str, bool], ...]
    rows: tuple[Row, ...]
    empty: str
    has_bar: bool = False


def number_cell(value: float, t: Translator, decimals: int = 0) -> Cell:
    """Return a number, sorted as such; zero and nothing are quiet."""
    if value != value or value == 0:
        return Cell("–" if value != value else "0", "-1" if value != value else "0", soft="quiet")
    return Cell(t.number(value, decimals), f"{value:.6g}")


def status_cell(status: str, t: Translator) -> Cell:
    """Return a status: its sign, and its word for those who do not see signs."""
    order = {"short": "0", "unknown": "1", "met": "2"}.get(status, "3")
    return Cell(status_words(t)[status], order, mark=status)


def area_table(digest: Digest) -> Table:
    """Return the table beside the map: areas, largest shortage first."""
    t = digest.t
    rank = digest.areas["status"].map({"short": 0, "unknown": 1, "met": 2}).fillna(3)
    keys = ["rank", "missing_outlets", "short", "new_outlets", "sales"]
    ranked = digest.areas.assign(rank=rank)
    ranked = ranked.sort_values(keys, ascending=[True, False, False, False, False], kind="stable")
    titles = [("", False), (t("Area"), False), (t("Missing"), True), (t("Outlets"), True)]
    if digest.planned:
        titles.append((t("New"), True))
    titles.append((t("Sales"), True))
    return Table("areas", tuple(titles), tuple(_area_rows(ranked, digest)), t("There is no area."))


def _area_rows(areas: pd.DataFrame, digest: Digest) -> Iterable[Row]:
    t = digest.t
    for row in areas.to_dict("records"):
        place, code, status = province_name(digest, row["province"]), str(row["adcode"]), str(row["status"])
        cells = [
            status_cell(status, t),
            Cell(
                str(row["label"]), str(row["label"]), area=code, soft=place if place != row["label"] else ""
            ),
            number_cell(row["missing_outlets"], t),
            number_cell(row["outlets"], t),
        ]
        if digest.planned:
            cells.append(number_cell(row["new_outlets"], t))
        cells.append(number_cell(row["sales"], t))
        words = f"{code} {row['name']} {row['name_en']} {row['pinyin']} {place}".lower()
        yield Row(tuple(cells), code, status, words)


def province_table(digest: Digest) -> Table:
    """Return the areas counted by province; each leads to its areas, so that it is a table of contents."""
    t = digest.t
    frame = digest.areas
    counts = frame.groupby(["province_adcode", "status"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["met", "short", "unknown", "none"], fill_value=0)
    sums = frame.groupby("province_adcode")[["outlets", "new_outlets", "sales"]].sum()
    missing = digest.lacking.groupby("province_adcode")["missing"].sum()
    first = frame.drop_duplicates("province_adcode").set_index("province_adcode")["province"]
    table = counts.join(sums).join(first).join(missing).fillna({"missing": 0}).reset_index()
    table = table.sort_values(["missing", "short", "province_adcode"], ascending=[False, False, True])
    titles = [(t("Province"), False), (t("Areas: met, short, unknown"), False), (t("Short"), True)]
    titles += [(t("Missing"), True), (t("Outlets"), True)]
    titles += [(t("New"), True)] if digest.planned else []
    titles.append((t("Sales"), True))
    rows = [_province_row(row, digest) for row in table.to_dict("records")]
    return Table("provinces", tuple(titles), tuple(rows), t("There is no area."), has_bar=True)


def _province_row(row: Mapping[Hashable, Any], digest: Digest) -> Row:
    name = Cell(province_name(digest, row["province"]), anchor=f"province-{row['province_adcode']}")
    columns = ["short", "missing", "outlets", *(["new_outlets"] if digest.planned else []), "sales"]
    numbers = (number_cell(row[column], digest.t) for column in columns)
    return Row((name, Cell(""), *numbers), bar=_bar(row))


def _bar(row: Mapping[Hashable, Any]) -> tuple[int, int, int]:
    return int(row["met"]), int(row["short"]), int(row["unknown"])


def enterprise_table(digest: Digest) -> Table:
    """Return the duties counted by enterprise, the most failing first."""
    t = digest.t
    missing = digest.lacking.groupby(["enterprise", "role"])["missing"].sum()
    table = (
        by_status(digest.duties, ["enterprise", "role"]).join(missing).fillna({"missing": 0}).reset_index()
    )
    table = table.sort_values(["short", "missing", "enterprise"], ascending=[False, False, True])
    titles = (
        (t("Enterprise"), False), (t("Role"), False), (t("Duties: met, short, unknown"), False),
        (t("Duties"), True), (t("Short"), True), (t("Unknown"), True), (t("Outlets missing"), True),
    )  # fmt: skip
    roles = role_words(t)
    rows = [
        Row(
            (
                Cell(str(row["enterprise"])),
                Cell(roles.get(str(row["role"]), str(row["role"]))),
                Cell(""),
                *(number_cell(row[column], t) for column in ("duties", "short", "unknown", "missing")),
            ),
            words=str(row["enterprise"]).lower(),
            bar=_bar(row),
        )
        for row in table.to_dict("records")
    ]
    return Table("enterprises", titles, tuple(rows), t("No enterprise has a duty."), has_bar=True)


def finding_table(digest: Digest) -> Table:
    """Return the worst findings, a sentence each."""
    t = digest.t
    worst = with_sentences(failing(digest.duties).head(WORST), t.gettext)
    titles = (
        (t("Status"), False), (t("Finding and what to do"), False), (t("Rule"), False), (t("Area"), False),
    )  # fmt: skip
    rows = [
        Row(
            (
                status_cell(str(row.status), t),
                Cell(str(row.sentence), soft=t("assumed") if row.assumed else ""),
                Cell(str(row.rule_id)),
                Cell(str(row.area), area=str(row.adcode)),
            ),
            status=str(row.status),
            words=f"{row.sentence} {row.rule_id} {row.adcode}".lower(),
        )
        for row in worst.itertuples(index=False)
    ]
    return Table("findings", titles, tuple(rows), t("Nothing is short and nothing is unknown."))


def areas_by_province(digest: Digest) -> Sequence[tuple[str, str, tuple[Row, ...]]]:
    """Return the areas in the order of their codes, province by province: anchor, province, rows."""
    groups = digest.areas.sort_values("adcode").groupby("province_adcode", sort=True)
    return [
        (f"province-{code}", province_name(digest, part["province"].iloc[0]), tuple(_area_rows(part, digest)))
        for code, part in groups
    ]


def plan_table(digest: Digest) -> Table | None:
    """Return the new outlets, the first `WORST` of them; None where nothing was planned."""
    placement, t = digest.study.placement, digest.t
    if placement is None:
        return None
    kinds, actions = kind_words(t), {"open": t("open"), "join": t("join")}
    titles = (
        (t("Area"), False), (t("New outlet"), False), (t("Kind"), False), (t("Enterprises"), False),
        (t("To do"), False), (t("Cost"), True), (t("Reason"), False),
    )  # fmt: skip
    rows = [
        Row(
            (
                Cell(digest.names.get(str(row["adcode"]), str(row["area"])), area=str(row["adcode"])),
                Cell(str(row["name"])),
                Cell(kinds.get(str(row["kind"]), str(row["kind"]))),
                Cell(str(row["enterprises"])),
                Cell(actions.get(str(row["action"]), str(row["action"]))),
                number_cell(row["opening_cost"], t, 2),
                Cell(str(row["reason"])),
            ),
            words=f"{row['adcode']} {row['area']} {row['name']} {row['enterprises']}".lower(),
        )
        for row in placement.outlets.head(WORST).to_dict("records")
    ]
    return Table("plan", titles, tuple(rows), t("No new outlet is needed."))


def requirement_table(digest: Digest) -> Table:
    """Return the rules: what each asks, of whom, where it is written, and how it stands."""
    t = digest.t
    counts = by_status(digest.study.findings, "rule_id").unstack().to_dict()
    roles, kinds = role_words(t), kind_words(t)
    titles = (
        (t("Rule"), False), (t("What it asks"), False), (t("Of whom"), False), (t("Outlets"), False),
        (t("Met"), True), (t("Short"), True), (t("Unknown"), True), (t("Source"), False),
    )  # fmt: skip
    rows = []
    for rule in digest.study.rules.rules:
        written = source_in(rule, t.language)
        source = t("Assumed: {source}", source=written) if rule.assumption else written
        rows.append(
            Row(
                (
                    Cell(rule.id),
                    Cell(t(rule.statement()), soft=t("assumed") if rule.assumption else ""),
                    Cell(roles[str(rule.role)]),
                    Cell(kinds[str(rule.outlet_kind)]),
                    *(number_cell(counts.get((str(status), rule.id), 0), t) for status in Status),
                    Cell(source),
                )
            )
        )
    return Table("requirements", titles, tuple(rows), t("The rule set has no rule."))
