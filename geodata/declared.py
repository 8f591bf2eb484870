"""The area each row of a table declares, by code or name."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.areanames import AreaIndex, Finding, Match, find_area
from geodata.messages import Message, Note, NoteKind, say
from geodata.validation import MOST_PROBLEMS, CheckedTable


@dataclass(frozen=True, slots=True)
class DeclaredAreas:
    """What the `adcode` cells of a table mean.

    Attributes
    ----------
    adcode
        Codes on the table's index, "" where the cell is blank or means no area.
    extent
        How much of its area each row means, as `Extent` says.
    problems
        A sentence for every row whose area was not found.
    notes
        One for every code that counts for another area.
    """

    adcode: pd.Series
    extent: pd.Series
    problems: tuple[Message, ...]
    notes: tuple[Note, ...]


def declared_areas(
    table: CheckedTable, index: AreaIndex, *, provinces: npt.NDArray[np.bool_] | None = None
) -> DeclaredAreas:
    """Find the area each row's `adcode` cell, a code or a name, means.

    Parameters
    ----------
    table
        A table with the column `adcode`.
    index
        The areas of the study.
    provinces
        For each row, whether it may name a province; none may by default.
    """
    names, texts = pd.factorize(table.frame["adcode"])
    may = np.zeros(len(names), bool) if provinces is None else provinces
    asked, inverse = np.unique(names * 2 + may, return_inverse=True)
    matches: list[Match] = []
    problems: list[Message] = []
    notes: list[Note] = []
    for number, one in enumerate(asked):
        text = str(texts[one // 2])
        match = find_area(text, index, provinces=bool(one % 2)) if text else Match(Finding.EXACT)
        matches.append(match)
        if match.finding is Finding.EXACT:
            continue
        rows = table.frame.index[inverse == number]
        if match.found:
            notes.append(_note(table, rows, text, match, index))
        else:
            problems += [_problem(table, int(row), match, index) for row in rows[:MOST_PROBLEMS]]
    codes = np.array([match.adcode for match in matches], dtype=object)[inverse]
    extent = np.array([str(match.extent) for match in matches], dtype=object)[inverse]
    return DeclaredAreas(
        pd.Series(codes, table.frame.index, dtype="str"),
        pd.Series(extent, table.frame.index, dtype="str"),
        tuple(problems),
        tuple(notes),
    )


def _problem(table: CheckedTable, row: int, match: Match, index: AreaIndex) -> Message:
    place = table.place(row, "adcode")
    candidates = index.labels(match.candidates)
    match match.finding:
        case Finding.AMBIGUOUS:
            return say(
                "{file}, row {row}, column '{column}': '{value}' may be {candidates}; write the code.",
                candidates=candidates,
                **place,
            )
        case Finding.DIVIDED:
            return say(
                "{file}, row {row}, column '{column}': '{value}' was divided among {candidates} ({source}); "
                "write the code of today's area.",
                candidates=candidates,
                source=match.source,
                **place,
            )
        case Finding.PROVINCE:
            return say(
                "{file}, row {row}, column '{column}': '{value}' is a province, {candidates}; write the code "
                "or name of an area in it.",
                candidates=candidates,
                **place,
            )
    if match.candidates:
        return say(
            "{file}, row {row}, column '{column}': '{value}' is no area we know; did you mean {candidates}? "
            "Write its code.",
            candidates=candidates,
            **place,
        )
    return say(
        "{file}, row {row}, column '{column}': '{value}' is no area we know; write an area's code or full "
        "name, such as {example}.",
        example=index.label(next(iter(index.areas), "")),
        **place,
    )


def _note(table: CheckedTable, rows: pd.Index, text: str, match: Match, index: AreaIndex) -> Note:
    values = {"n": len(rows), "value": text, "area": index.label(match.adcode)}
    if match.finding is Finding.ABOLISHED:
        message = say(
            "'{value}', a code or name no longer in use ({source}), counts for {area} (rows: {n}).",
            source=match.source,
            **values,
        )
    else:
        message = say("'{value}' counts for {area}, the area it belongs to (rows: {n}).", **values)
    return Note(NoteKind.AREA, message, table.raw.source, int(rows[0]), table.header("adcode"), text)
