"""report.xlsx opens, holds what is short, and runs nobody's formulas."""

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from geodata.messages import Note, NoteKind, say
from planner.language import translator
from planner.study import Study, check_study, place_study
from planner.workbook import write_workbook
from tests.planner import worlds
from tests.planner.worlds import code, rule

FORMULA = '=HYPERLINK("http://example.org","x")'
CODES = [code(1), code(2)]


def study(*, planned: bool) -> Study:
    tables = worlds.tables(CODES, [(FORMULA, CODES[0], 90), ("https://example.org", CODES[1], 250)])
    note = Note(NoteKind.AREA, say("'{value}' is odd", value=FORMULA), source="+1", row=3, value=FORMULA)
    rules = worlds.rules(rule("presence"))
    run = place_study if planned else check_study
    return run(replace(tables, notes=(note,)), rules, worlds.scenario())


@pytest.fixture(params=["en", "zh"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> openpyxl.Workbook:
    write_workbook(study(planned=True), tmp_path / "report.xlsx", translator(request.param))
    return openpyxl.load_workbook(tmp_path / "report.xlsx")


def test_every_sheet_has_its_rows(book: openpyxl.Workbook) -> None:
    rows = [sheet.max_row - 1 for sheet in book]
    assert len(book.sheetnames) == 7
    assert rows[1] == len(CODES)
    assert rows[3] == 2, "the plan's two outlets"
    notes = [[cell.value for cell in row] for row in book.worksheets[-1].iter_rows(min_row=2)]
    assert [row[:4] for row in notes if row[0]] == [["+1", 3, "", FORMULA], ["test", None, "", ""]]


def test_no_cell_is_a_formula_or_a_link(book: openpyxl.Workbook) -> None:
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None


def test_text_comes_back_as_it_was(book: openpyxl.Workbook) -> None:
    values = {cell.value for row in book.worksheets[3].iter_rows() for cell in row}
    assert FORMULA in values
    assert "https://example.org" in values


def test_headers_stay_and_can_be_filtered(book: openpyxl.Workbook) -> None:
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref is not None


def test_a_check_lists_what_is_short(tmp_path: Path) -> None:
    write_workbook(study(planned=False), tmp_path / "report.xlsx", translator("en"))
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames == ["Summary", "Areas", "Findings", "Assumptions", "Data notes"]
    findings = [[cell.value for cell in row] for row in book["Findings"].iter_rows(min_row=2)]
    assert [row[0] for row in findings] == ["short", "short"]
    assert [row[6:9] for row in findings] == [[1, 0, 1], [1, 0, 1]]
    assert book["Summary"]["B2"].value.startswith("2 of 2 areas are short")
