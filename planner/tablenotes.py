"""What is said about tables before anything is worked out: where from, what is wrong, what is odd."""

import re
from collections import Counter
from collections.abc import Iterable
from string import Formatter

import pandas as pd

from geodata.messages import Message, Note, NoteKind, say
from geodata.schemas import InputFile, Tables
from planner.language import Translator

NAMES = {
    "sales": say("Sales"),
    "outlets": say("Outlets"),
    "sites": say("Candidate sites"),
    "demand": say("Demand points"),
    "areas": say("Areas"),
    "recyclers": say("Recyclers"),
    "roads": say("Roads"),
}
KINDS = {
    NoteKind.ASSUMPTION: say("Assumed"),
    NoteKind.AREA: say("Areas and codes"),
    NoteKind.COORDINATES: say("Coordinates"),
    NoteKind.DUPLICATE: say("Listed twice"),
    NoteKind.NOT_LOCATED: say("Not located"),
    NoteKind.PLAUSIBILITY: say("Looks odd"),
    NoteKind.PROGRAM: say("Planning"),
    NoteKind.ROADS: say("Roads"),
    NoteKind.RULES: say("Rules"),
}
INSTEAD = {
    "sales": say("missing"),
    "outlets": say("left out: there is none yet"),
    "sites": say("left out: the demand points"),
    "demand": say("assumed from the populations of places"),
    "areas": say("China's prefecture-level areas"),
    "recyclers": say("left out: none is known"),
    "roads": say("left out: straight lines"),
}
MOST_ROWS = 5_000
_LONGEST = 600
_PLACES = frozenset({"file", "row", "column", "source"})


def table_rows(tables: Tables, t: Translator) -> pd.DataFrame:
    """Return a row for each table: what it is, where from, how many rows, how many notes it has."""
    files = {file.table: file for file in tables.files}
    counted = _note_counts(tables)
    rows = [
        (
            t(NAMES[name]),
            _status(name, files.get(name), tables, t),
            _file(files.get(name)),
            _size(name, tables),
            counted[name],
        )
        for name in NAMES
    ]
    return pd.DataFrame(rows, columns=[t("Table"), t("Status"), t("File"), t("Rows"), t("Notes")])


def problem_rows(messages: Iterable[Message], t: Translator) -> pd.DataFrame:
    """Return what must be mended as a table: file, row, column, value, what to do; at most 5,000 rows."""
    rows = [
        (
            _said(message, "file") or _said(message, "source"),
            _number(message.values.get("row")),
            _said(message, "column"),
            _said(message, "value"),
            remedy(message, t),
        )
        for message in list(messages)[:MOST_ROWS]
    ]
    columns = [t("File"), t("Row"), t("Column"), t("Value"), t("What to do")]
    return pd.DataFrame(rows, columns=columns).astype({columns[1]: "Int64"})


def note_rows(notes: Iterable[Note], t: Translator) -> pd.DataFrame:
    """Return notes as a table: what about, file, row, what was noticed; at most 5,000 rows."""
    rows = [
        (t(KINDS[note.kind]), note.source, note.row, note.value, t(note.message))
        for note in list(notes)[:MOST_ROWS]
    ]
    columns = [t("About"), t("File"), t("Row"), t("Value"), t("Note")]
    return pd.DataFrame(rows, columns=columns).astype({columns[2]: "Int64"})


def note_counts(notes: Iterable[Note], t: Translator) -> list[tuple[str, int]]:
    """Return how many notes there are of each kind, the most frequent first."""
    return [(t(KINDS[kind]), number) for kind, number in Counter(note.kind for note in notes).most_common()]


def doubts(notes: Iterable[Note]) -> list[Note]:
    """Return the notes that say a whole file may be misread: another datum, or axes swapped."""
    return [note for note in notes if note.kind is NoteKind.COORDINATES and "outside" in note.message.values]


def remedy(message: Message, t: Translator) -> str:
    """Return a message without the place at its beginning, which the table beside it shows."""
    template = t.gettext(message.template)
    head, _, rest = _parted(template)
    named = {field for _, field, _, _ in Formatter().parse(head) if field}
    if rest and "{file}" in head and named <= _PLACES:
        text = Message(rest, message.values).text(t.gettext)
        text = text[:1].upper() + text[1:]
    else:
        text = t(message)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _parted(template: str) -> tuple[str, str, str]:
    found = re.search(r"[:：]\s*(?![^{]*\})", template)
    return (template[: found.start()], ":", template[found.end() :]) if found else (template, "", "")


def _note_counts(tables: Tables) -> Counter[str]:
    by_file = {file.name: file.table for file in tables.files}
    found = (by_file.get(re.sub(r" \[.*\]$", "", note.source), "") for note in tables.notes)
    return Counter(found)


def _size(name: str, tables: Tables) -> int:
    """Return the rows of a table; of roads, the directions of streets."""
    if name == "roads":
        return 0 if tables.roads is None else len(tables.roads.tail)
    frame = getattr(tables, name)
    return 0 if frame is None else len(frame)


def _status(name: str, file: InputFile | None, tables: Tables, t: Translator) -> str:
    if file is None:
        return t(INSTEAD[name])
    return t("sample, fictional") if tables.sample and name != "roads" else t("uploaded")


def _file(file: InputFile | None) -> str:
    return file.name if file else ""


def _said(message: Message, name: str) -> str:
    return str(message.values.get(name, ""))[:_LONGEST]


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
