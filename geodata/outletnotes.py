"""What an outlet list says that may be wrong: places that do not fit, and outlets listed twice."""

from collections.abc import Iterator

import pandas as pd

from geodata.areanames import AreaIndex
from geodata.messages import Message, Note, NoteKind, say
from geodata.validation import CheckedTable


def place_notes(table: CheckedTable, frame: pd.DataFrame, index: AreaIndex) -> Iterator[Note]:
    """Yield a note for every outlet off every area, in another area than it declares, or not located.

    Parameters
    ----------
    table
        The table as it was read, for the rows' numbers and identifiers.
    frame
        name, adcode, declared_adcode and located, on the table's index.
    index
        The names of the areas.
    """
    fits = (frame["declared_adcode"] == "") | (frame["declared_adcode"] == frame["adcode"])
    odd = frame[~frame["located"] | ~fits | (frame["adcode"] == "")]
    columns = zip(odd.index, odd["name"], odd["adcode"], odd["declared_adcode"], odd["located"], strict=True)
    for row, name, adcode, declared, located in columns:
        if not located:
            message = say(
                "'{name}' is not located: it counts for number and capacity in {area}, its reach is unknown.",
                name=name,
                area=index.label(adcode),
            )
            yield _note(table, row, NoteKind.NOT_LOCATED, message)
        elif not adcode:
            message = say("'{name}' lies off every area: it counts nowhere.", name=name)
            yield _note(table, row, NoteKind.COORDINATES, message)
        else:
            message = say(
                "'{name}' is declared in {declared} but lies in {area}, where it counts.",
                name=name,
                declared=index.label(declared),
                area=index.label(adcode),
            )
            yield _note(table, row, NoteKind.COORDINATES, message)


def repetition_notes(table: CheckedTable, frame: pd.DataFrame) -> Iterator[Note]:
    """Yield a note for every group of rows with the same enterprise, kind, name and place (within 10 m)."""
    spot = frame["lon"].round(4).astype(str) + " " + frame["lat"].round(4).astype(str)
    keys = pd.DataFrame(
        {
            "enterprise": frame["enterprises"].str.split(";"),
            "kind": frame["kind"],
            "name": frame["name"].str.casefold(),
            "place": spot.where(frame["located"], frame["adcode"]),
        }
    ).explode("enterprise")
    repeated = keys[keys.duplicated(keep=False)].reset_index(names="row")
    groups = repeated.groupby(list(keys.columns), sort=False)["row"].agg(tuple)
    for rows in dict.fromkeys(groups):
        message = say(
            "'{name}' is listed {n} times for the same enterprise, kind and place (rows {rows}); all count.",
            name=frame.at[rows[0], "name"],
            n=len(rows),
            rows=", ".join(map(str, rows)),
        )
        yield _note(table, rows[1], NoteKind.DUPLICATE, message)


def _note(table: CheckedTable, row: int, kind: NoteKind, message: Message) -> Note:
    return Note(kind, message, table.raw.source, int(row), value=str(table.frame.at[row, "outlet_id"]))
