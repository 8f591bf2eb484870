"""Example workbooks to fill in: one in English, one in Chinese, with drop-downs and notes."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from geodata.boundaries import read_areas
from geodata.columns import AREAS, DEFINITIONS, Field, Kind, TableDefinition
from geodata.messages import InputError, say
from geodata.validation import words_for

_ENGLISH, _CHINESE = 0, 1
_LAST_ROW = 10_000  # drop-downs reach down to here
_TEXT_ONLY = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_templates(directory: Path | str) -> list[Path]:
    """Write the example workbooks into a folder and return their paths.

    Each has a worksheet per table with example rows, drop-downs, and a note on every header that says what
    belongs there, in which unit, and whether it is required; a sheet that explains, and one of area codes.

    Raises
    ------
    InputError
        If one of the files is there already (it may have been filled in) or the folder cannot be written;
        then nothing is written.
    """
    directory = Path(directory)
    content = tomllib.loads(files("geodata").joinpath("data/template.toml").read_text("utf-8"))
    targets = [directory / name for name in content["files"]]
    for target in targets:
        if target.exists():
            raise InputError(
                say("{file} is there already and may be filled in; choose another folder.", file=target.name)
            )
    codes = read_areas()[["adcode", "name", "province", "name_en"]].to_numpy().tolist()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=directory, prefix=".template-") as scratch:
            drafts = [Path(scratch) / target.name for target in targets]
            for language, draft in enumerate(drafts):
                _Template(draft, content, language).write(codes)
            for draft, target in zip(drafts, targets, strict=True):
                draft.replace(target)
    except OSError as error:
        raise InputError(
            say("The templates cannot be written to {folder} ({reason}); choose another folder.",
                folder=directory, reason=error.strerror or str(error))
        ) from error  # fmt: skip
    return targets


class _Template:
    """One workbook in one language, while it is written."""

    def __init__(self, path: Path, content: Mapping[str, Any], language: int) -> None:
        self.content = content
        self.language = language
        self.book = xlsxwriter.Workbook(str(path), _TEXT_ONLY)
        self.book.set_properties({"created": datetime(2026, 1, 1)})
        self.header = self.book.add_format({"bold": True, "bg_color": "#DCE6EE", "border": 1})
        self.required = self.book.add_format({"bold": True, "bg_color": "#B7CFE0", "border": 1})
        self.text = self.book.add_format({"num_format": "@"})
        self.day = self.book.add_format({"num_format": "yyyy-mm-dd"})
        self.wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})

    def write(self, codes: list[list[str]]) -> None:
        """Write all sheets and close the workbook."""
        self._explain()
        for definition in DEFINITIONS:
            if definition is not AREAS:
                self._table(definition)
        self._codes(codes)
        self.book.close()

    def _said(self, value: Any) -> Any:
        """Return the half of a pair that is in this language; what is no pair is for both."""
        return value[self.language] if isinstance(value, list) else value

    def _explain(self) -> None:
        sheet = self.book.add_worksheet(self._said(self.content["readme_sheet"]))
        sheet.set_column(0, 3, 16)
        sheet.set_column(4, 4, 90, self.wrapped)
        for row, line in enumerate(self.content["readme"]):
            sheet.write_string(row, 0, self._said(line))
        row = len(self.content["readme"]) + 1
        sheet.write_row(row, 0, self._said(self.content["column_headers"]), self.header)
        for definition in DEFINITIONS:
            for one in definition.fields:
                row += 1
                need = self._said(self.content["required" if one.required else "optional"])
                name = definition.chinese if self.language == _CHINESE else definition.name
                cells = [name, self._heading(one), need, one.unit, self._about(one)]
                for column, cell in enumerate(cells):
                    sheet.write_string(row, column, cell)

    def _table(self, definition: TableDefinition) -> None:
        name = definition.chinese if self.language == _CHINESE else definition.name
        sheet = self.book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for column, one in enumerate(definition.fields):
            sheet.write_string(0, column, self._heading(one), self.required if one.required else self.header)
            sheet.write_comment(0, column, self._note(one), {"x_scale": 2, "author": "outlet-planner"})
            sheet.set_column(column, column, 18, self._format(one))
            self._validate(sheet, column, one)
        for row, example in enumerate(self.content["rows"][definition.name], start=1):
            for column, one in enumerate(definition.fields):
                if one.name in example:
                    self._cell(sheet, row, column, one, self._said(example[one.name]))

    def _codes(self, codes: list[list[str]]) -> None:
        sheet = self.book.add_worksheet(self._said(self.content["codes_sheet"]))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 3, 22, self.text)
        sheet.write_row(0, 0, self._said(self.content["code_headers"]), self.header)
        for row, cells in enumerate(codes, start=1):
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, cell)

    def _heading(self, one: Field) -> str:
        return one.chinese if self.language == _CHINESE else one.name

    def _about(self, one: Field) -> str:
        return one.about_chinese if self.language == _CHINESE else one.about

    def _note(self, one: Field) -> str:
        need = self._said(self.content["required" if one.required else "optional"])
        parts = [self._about(one), need + (f" · {one.unit}" if one.unit else "")]
        return "\n".join([*parts, *([", ".join(self._words(one))] if one.choices else [])])

    def _words(self, one: Field) -> list[str]:
        """Return the words of a vocabulary as this workbook offers them."""
        return [words_for(one, value) if self.language == _CHINESE else value for value in one.choices]

    def _format(self, one: Field) -> Format | None:
        if one.kind in (Kind.TEXT, Kind.CODE):
            return self.text
        return self.day if one.kind is Kind.DATE else None

    def _validate(self, sheet: Worksheet, column: int, one: Field) -> None:
        rule: dict[str, Any] | None = None
        if one.choices:
            stop = "stop" if one.kind is Kind.CHOICE else "information"
            rule = {"validate": "list", "source": self._words(one), "error_type": stop}
        elif one.kind in (Kind.NUMBER, Kind.WHOLE):
            sort = "decimal" if one.kind is Kind.NUMBER else "integer"
            rule = {"validate": sort, "criteria": "between", "minimum": one.at_least, "maximum": one.at_most}
        elif one.kind is Kind.DATE:
            rule = {"validate": "date", "criteria": ">", "value": date(1990, 1, 1)}
        if rule is not None:
            sheet.data_validation(1, column, _LAST_ROW, column, rule)

    def _cell(self, sheet: Worksheet, row: int, column: int, one: Field, value: Any) -> None:
        if one.choices:
            sheet.write_string(row, column, words_for(one, value) if self.language == _CHINESE else value)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, self.day)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value), self.text)
