"""report.xlsx: a study's figures as sheets that can be filtered and passed on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from planner.assumptions import assumptions, data_notes
from planner.credits import credits_of
from planner.language import Translator
from planner.network import NATION_CODE
from planner.report_answer import answer
from planner.report_digest import (
    Digest,
    digest_of,
    failing,
    kind_words,
    role_words,
    rule_set_title,
    sales_unit,
    status_words,
    unit_words,
)
from planner.report_plan import conflict_table, solver_lines
from planner.report_roads import measured_lines
from planner.sentences import with_sentences
from planner.sheets import Column, Sheet, tuples
from planner.study import Study, summary_of
from planner.workbook_roads import haulage_sheet, road_sheets

MOST_ROWS = 1_000_000
"""Rows on one sheet, below Excel's limit of 1,048,576; findings.csv holds all."""
MOST_CHARACTERS = 32_767
"""Excel's limit for a cell."""


def write_workbook(study: Study, path: Path, translator: Translator) -> None:
    """Write the workbook of a study.

    Text of users is written as text: what looks like a formula or an address stays what it was.

    Parameters
    ----------
    study
        The study.
    path
        Where the workbook goes.
    translator
        The language of its titles and sentences.
    """
    digest = digest_of(study, translator)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties(
            {
                "title": answer(digest),
                "comments": f"outlet-network-planner {study.version}",
                "created": datetime(
                    study.scenario.year, 12, 31
                ),  # not the clock's: the same study, the same file
            }
        )
        for sheet in _sheets(digest):
            _write_sheet(book, sheet)


def _sheets(digest: Digest) -> Iterable[Sheet]:
    yield _summary(digest)
    yield _areas(digest)
    yield _findings(digest)
    if digest.study.placement is not None:
        yield _plan(digest)
        yield _conflicts(digest)
    yield from road_sheets(digest)
    if digest.study.haulage is not None:
        yield haulage_sheet(digest.study.haulage, digest)
    yield _assumptions(digest)
    yield _notes(digest)


def _write_sheet(book: xlsxwriter.Workbook, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    head = book.add_format({"bold": True, "bg_color": "#E3F0F8", "bottom": 1, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    formats = [
        book.add_format({"num_format": column.number, "valign": "top"}) if column.number else wrapped
        for column in sheet.columns
    ]
    page.freeze_panes(1, 0)
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
        page.write_string(0, place, column.title, head)
    last = _write_rows(page, sheet, formats)
    page.autofilter(0, 0, last, len(sheet.columns) - 1)


def _write_rows(page: Worksheet, sheet: Sheet, formats: Sequence[Format]) -> int:
    """Write the rows and return the number of the last one."""
    row = 0
    for row, values in enumerate(sheet.rows, start=1):
        for place, value in enumerate(values):
            if isinstance(value, str):
                page.write_string(row, place, value[:MOST_CHARACTERS], formats[place])
            elif value is not None and value == value:
                page.write_number(row, place, value, formats[place])
    return row


def _summary(digest: Digest) -> Sheet:
    """Return the figures of summary.json, said in words."""
    study, t = digest.study, digest.t
    figures = summary_of(study)
    share = study.sales_within_reach
    rows: list[tuple[str, object]] = [
        (t("Answer"), answer(digest)),
        *([(t("Note"), t("Fictional sample."))] if study.tables.sample else []),
        (t("Rules"), f"{study.rules.id}: {rule_set_title(study, t)}"),
        (t("Study year"), str(study.scenario.year)),
        (t("Areas"), figures["areas"]),
        (t("Areas with sales"), figures["areas_with_sales"]),
        (t("Areas with sales that meet every duty"), figures["areas_compliant"]),
        (t("Duties"), figures["duties"]),
        (t("Duties met"), figures["duties_met"]),
        (t("Existing outlets"), figures["outlets"]),
        (t("Outlets missing"), digest.missing()),
        (t("New outlets"), figures["new_outlets"]),
        (t("Share of sales within reach"), "–" if share is None else t.percent(share)),
        *solver_lines(digest),
        *measured_lines(digest),
        *((t("Attribution"), credit) for credit in credits_of(study.tables)),
        (t("Version"), study.version),
    ]
    files = study.inputs.to_dict("records")
    rows += [
        (t("File {name}", name=f["name"]), f"{t.number(f['rows'])} · SHA-256 {f['sha256']}") for f in files
    ]
    return Sheet(t("Summary"), (Column(t("Figure"), 40), Column(t("Value"), 90, "#,##0")), rows)


def _areas(digest: Digest) -> Sheet:
    t, words = digest.t, status_words(digest.t)
    names = ("sales", "outlets", "new_outlets", "missing_outlets", "duties", "met", "short", "unknown")
    titles = (
        t("Sales ({unit})", unit=sales_unit(digest.study, t)), t("Existing outlets"), t("New outlets"),
        t("Outlets missing"), t("Duties"), t("Duties met"), t("Duties short"), t("Duties unknown"),
    )  # fmt: skip
    frame = digest.areas.assign(word=digest.areas["status"].map(words))
    columns = (
        Column(t("Code"), 9), Column(t("Area"), 24), Column(t("Province"), 20), Column(t("Status"), 10),
        *(Column(title, 12, "#,##0") for title in titles),
    )  # fmt: skip
    return Sheet(t("Areas"), columns, tuples(frame[["adcode", "label", "province", "word", *names]]))


def _findings(digest: Digest) -> Sheet:
    """Return the findings that are short or unknown, worst first."""
    t = digest.t
    frame = with_sentences(failing(digest.duties).head(MOST_ROWS), t.gettext)
    frame = frame.assign(
        status=frame["status"].map(status_words(t)),
        role=frame["role"].map(role_words(t)),
        assumed=frame["assumed"].map({True: t("assumed"), False: ""}),
        adcode=frame["adcode"].where(frame["adcode"] != NATION_CODE, ""),
        unit=frame["unit"].map(unit_words(t)),
    )
    columns = (
        Column(t("Status"), 9), Column(t("Code"), 9), Column(t("Area"), 18), Column(t("Enterprise"), 26),
        Column(t("Role"), 14), Column(t("Rule"), 22), Column(t("Required"), 11, "#,##0.###"),
        Column(t("Found"), 11, "#,##0.###"), Column(t("Shortage"), 11, "#,##0.###"), Column(t("Unit"), 10),
        Column(t("Assumed"), 9), Column(t("Finding and what to do"), 90),
    )  # fmt: skip
    names = ["status", "adcode", "area", "enterprise", "role", "rule_id", "required", "actual", "shortage"]
    return Sheet(t("Findings"), columns, tuples(frame[[*names, "unit", "assumed", "sentence"]]))


def _plan(digest: Digest) -> Sheet:
    t = digest.t
    plan = digest.study.new_outlets
    frame = plan.assign(
        area=plan["adcode"].map(digest.names).fillna(plan["area"]),
        kind=plan["kind"].map(kind_words(t)).fillna(plan["kind"]),
        action=plan["action"].map({"open": t("open"), "join": t("join")}).fillna(plan["action"]),
    )
    names = ["outlet_id", "name", "adcode", "area", "lon", "lat", "kind", "enterprises", "action"]
    names += ["opening_cost", "area_m2", "stock_cap_t", "pickups_per_year", "reason"]
    columns = (
        Column(t("Outlet"), 22), Column(t("Name"), 28), Column(t("Code"), 9), Column(t("Area"), 18),
        Column(t("Longitude"), 11, "0.00000"), Column(t("Latitude"), 11, "0.00000"), Column(t("Kind"), 12),
        Column(t("Enterprises"), 26), Column(t("To do"), 9), Column(t("Cost"), 9, "#,##0.##"),
        Column(t("Area (m²)"), 10, "#,##0.##"), Column(t("Stock (t)"), 10, "#,##0.##"),
        Column(t("Pick-ups a year"), 10, "#,##0.##"), Column(t("Reason"), 40),
    )  # fmt: skip
    return Sheet(t("Plan"), columns, tuples(frame[names]))


def _conflicts(digest: Digest) -> Sheet:
    t = digest.t
    columns = (
        Column(t("Area"), 20), Column(t("Enterprise"), 28), Column(t("Reason"), 100), Column(t("Rule"), 24)
    )  # fmt: skip
    table = conflict_table(digest, most=MOST_ROWS)
    rows = [] if table is None else [[cell.text for cell in row.cells] for row in table.rows]
    return Sheet(t("Not to be mended"), columns, rows)


def _assumptions(digest: Digest) -> Sheet:
    t = digest.t
    rows = [(t(message),) for message in assumptions(digest.study)]
    return Sheet(t("Assumptions"), (Column(t("Assumption"), 130),), rows)


def _notes(digest: Digest) -> Sheet:
    t = digest.t
    columns = (
        Column(t("File"), 26), Column(t("Row"), 8, "0"), Column(t("Column"), 16), Column(t("Value"), 24),
        Column(t("Note"), 100),
    )  # fmt: skip
    notes = data_notes(digest.study)[:MOST_ROWS]
    rows = ((note.source, note.row, note.column, note.value, t(note.message)) for note in notes)
    return Sheet(t("Data notes"), columns, rows)
