"""The sentences about cells that do not fit: file, row, column, value, and the way out."""

from collections.abc import Mapping

import pandas as pd

from geodata.checkedtable import MOST_PROBLEMS, CheckedTable
from geodata.columns import Field, Kind, TableDefinition
from geodata.messages import Message, say


def misfit_sentences(table: CheckedTable, definition: TableDefinition, cases: pd.DataFrame) -> list[Message]:
    """Return pandera's failure cases as sentences."""
    lines: list[Message] = []
    for (column, check), rows in cases.groupby(["column", "check"], sort=False)["index"]:
        one = definition[str(column)]
        ordered = sorted(map(int, rows))
        lines += [_sentence(table, one, str(check), row) for row in ordered[:MOST_PROBLEMS]]
        if len(ordered) > MOST_PROBLEMS:
            lines.append(_more(table, one.name, len(ordered) - MOST_PROBLEMS))
    return lines


def _more(table: CheckedTable, name: str, count: int) -> Message:
    return say(
        "{file}, column '{column}': {count} more rows like these.",
        file=table.raw.source,
        column=table.header(name),
        count=count,
    )


def _sentence(table: CheckedTable, one: Field, check: str, row: int) -> Message:
    place = table.place(row, one.name)
    match check:
        case "readable":
            return _unreadable(one, place)
        case "filled":
            return _blank(table, row, place)
        case "whole":
            return say(
                "{file}, row {row}, column '{column}': '{value}' is not a whole number; round it.", **place
            )
        case "at_least" | "at_most" if one.unit == "°":
            return say(
                "{file}, row {row}, column '{column}': {value} is beyond {lowest} to {highest} degrees; "
                "are longitude and latitude swapped?",
                lowest=_plain(one.at_least),
                highest=_plain(one.at_most),
                **place,
            )
        case "at_least":
            return say(
                "{file}, row {row}, column '{column}': {value} is below {limit}; correct the number.",
                limit=_plain(one.at_least),
                **place,
            )
        case _:
            return say(
                "{file}, row {row}, column '{column}': {value} is above {limit}; correct the number.",
                limit=_plain(one.at_most),
                **place,
            )


def _unreadable(one: Field, place: Mapping[str, object]) -> Message:
    match one.kind:
        case Kind.DATE:
            return say(
                "{file}, row {row}, column '{column}': '{value}' is not a date; write it as 2021-06-30.",
                **place,
            )
        case Kind.CHOICE:
            return say(
                "{file}, row {row}, column '{column}': '{value}' is not one of {choices}; write one of them.",
                choices=", ".join(f"{value} ({words_for(one, value)})" for value in one.choices),
                **place,
            )
        case _:
            return say(
                "{file}, row {row}, column '{column}': '{value}' is not a number; write digits only, "
                "such as 1250.",
                **place,
            )


def _blank(table: CheckedTable, row: int, place: Mapping[str, object]) -> Message:
    if any(first < row <= last for first, last in table.raw.merged_rows):
        return say(
            "{file}, row {row}, column '{column}': the cell is blank below a merged one; unmerge the cells "
            "and fill in every row.",
            **place,
        )
    return say(
        "{file}, row {row}, column '{column}': the cell is blank; fill it in or remove the row.", **place
    )


def words_for(one: Field, value: str) -> str:
    """Return the Chinese word that the template uses for a value of a vocabulary."""
    return next(word for word in one.choices[value] if not word.isascii())


def _plain(limit: float | None) -> str:
    return "" if limit is None else f"{limit:.0f}"
