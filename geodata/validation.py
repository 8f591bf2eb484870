"""Hold a raw table against its definition: canonical columns, and every misfit as a sentence.

pandera does the checking, lazily; this module turns a definition into its schema and its failure cases into
our words, which name the file, the row, the column as its author wrote it, the value and the way out.
"""

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from geodata import cells
from geodata.checkedtable import MOST_PROBLEMS, CheckedTable, shown
from geodata.columns import Field, Kind, TableDefinition, folded
from geodata.messages import InputError, Message, say
from geodata.rawtable import RawTable
from geodata.sentences import misfit_sentences, words_for

__all__ = [
    "MOST_PROBLEMS",
    "CheckedTable",
    "canonical",
    "checked",
    "matched_headers",
    "missing_column",
    "raise_problems",
    "shown",
    "words_for",
]


def canonical(raw: RawTable, definition: TableDefinition) -> pd.DataFrame:
    """Return the canonical frame of `raw`.

    Raises
    ------
    InputError
        One sentence for every column that is missing or doubled, else for every cell that does not fit.
    """
    table = checked(raw, definition)
    raise_problems(table.problems)
    return table.frame


def checked(raw: RawTable, definition: TableDefinition, *, optional: tuple[str, ...] = ()) -> CheckedTable:
    """Hold `raw` against `definition` and collect what does not fit.

    Parameters
    ----------
    raw
        The cells of a file.
    definition
        The table they should make.
    optional
        Columns that may be missing although the definition requires them (their source is another, such as
        the geometry).

    Raises
    ------
    InputError
        If a required column is missing, two columns mean the same, or a table that needs rows has none.
    """
    headers = matched_headers(raw, definition, optional)
    if raw.frame.empty and not definition.may_be_empty:
        raise InputError(
            say("{file} has a header but no rows; this table needs at least one.", file=raw.source)
        )
    typed, unread = _typed(raw.frame, definition, headers)
    problems = _problems(raw, definition, headers, typed, unread)
    known = set(headers.values())
    extra = raw.frame.loc[:, [name for name in raw.frame.columns if name not in known]]
    extra = extra.drop(columns=[name for name in extra.columns if name in definition.names])
    return CheckedTable(pd.concat([typed, extra.apply(_one_type)], axis=1), tuple(problems), raw, headers)


def _one_type(values: pd.Series) -> pd.Series:
    """Return an unknown column as it is, or as text where its cells are of several types."""
    inferred = values.infer_objects()
    return cells.texts(inferred) if inferred.dtype == object else inferred


def raise_problems(problems: Iterable[Message]) -> None:
    """Raise all problems as one error, in the order of rows, if there are any."""
    ordered = sorted(problems, key=_row_of)
    if ordered:
        raise InputError(ordered)


def _row_of(message: Message) -> float:
    """Return the row a message is about: 0 for the whole file, the end for what sums up others."""
    row = message.values.get("row")
    if isinstance(row, int):
        return row
    return np.inf if "count" in message.values else 0


def matched_headers(
    raw: RawTable, definition: TableDefinition, optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the user's header for each canonical column that is there.

    A header that is a column's own name, in either language, goes before one that is only an alias; the alias
    is then an unknown column, which is kept.
    """
    found = list(raw.frame.columns)
    headers: dict[str, str] = {}
    problems: list[Message] = []
    for one in definition.fields:
        own = [name for name in found if folded(name) in {folded(one.name), folded(one.chinese)}]
        aliases = {folded(alias) for alias in one.aliases}
        names = own or [name for name in found if folded(name) in aliases]
        if len(names) > 1:
            problems.append(
                say(
                    "{file}, row 1: the columns '{first}' and '{second}' both mean '{column}'; "
                    "remove or rename one of them.",
                    file=raw.source,
                    first=names[0],
                    second=names[1],
                    column=one.name,
                )
            )
        if names:
            headers[one.name] = names[0]
        elif one.required and one.name not in optional and not _is_bare(raw):
            problems.append(missing_column(raw, definition, one))
    raise_problems(problems)
    return headers


def _is_bare(raw: RawTable) -> bool:
    """Tell whether a file has no features, so that it cannot have columns either (GeoJSON)."""
    return raw.geometry is not None and len(raw.geometry) == 0 and raw.frame.columns.empty


def missing_column(raw: RawTable, definition: TableDefinition, one: Field) -> Message:
    """Say that a column is missing, and which there are."""
    found = ", ".join(f"'{shown(name)}'" for name in raw.frame.columns[:20])
    values = {
        "file": raw.source,
        "column": one.name,
        "chinese": one.chinese,
        "table": definition.name,
        "found": found,
    }
    if raw.others:
        return say(
            "{file}, row 1: the column '{column}' ({chinese}) is missing; found are {found}. Is the table in "
            "another worksheet ({others})? Name that worksheet '{table}'.",
            others=", ".join(raw.others),
            **values,
        )
    return say(
        "{file}, row 1: the column '{column}' ({chinese}) is missing; found are {found}. Add or rename it.",
        **values,
    )


def _typed(
    frame: pd.DataFrame, definition: TableDefinition, headers: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, cells.Unread]]:
    """Return the canonical columns and, for each, which cells could not be read."""
    columns: dict[str, pd.Series] = {}
    unread: dict[str, cells.Unread] = {}
    for one in definition.fields:
        if one.name in headers:
            columns[one.name], unread[one.name] = _read(one, frame[headers[one.name]])
        else:
            columns[one.name], unread[one.name] = _absent(one, frame.index), np.zeros(len(frame), bool)
    return pd.DataFrame(columns, index=frame.index), unread


def _absent(one: Field, index: pd.Index) -> pd.Series:
    """Return the column of a file that does not have it: blanks, or the default of a vocabulary."""
    if one.kind in (Kind.NUMBER, Kind.WHOLE):
        return pd.Series(np.nan, index=index)
    if one.kind is Kind.DATE:
        return pd.Series(np.datetime64("NaT"), index=index, dtype="datetime64[us]")
    return pd.Series(one.default, index=index, dtype="str")


def _read(one: Field, values: pd.Series) -> tuple[pd.Series, cells.Unread]:
    match one.kind:
        case Kind.NUMBER:
            return cells.numbers(values)
        case Kind.WHOLE:
            return cells.years(values)
        case Kind.DATE:
            return cells.dates(values)
        case Kind.CHOICE:
            return cells.choices(values, one.choices, one.default)
        case Kind.CODE:
            return cells.codes(values), np.zeros(len(values), bool)
        case _:
            text = cells.known_words(values, one.choices) if one.choices else cells.texts(values)
            return text, np.zeros(len(values), bool)


def _problems(
    raw: RawTable,
    definition: TableDefinition,
    headers: Mapping[str, str],
    typed: pd.DataFrame,
    unread: Mapping[str, cells.Unread],
) -> list[Message]:
    schema = _schema(definition, headers, {name: pd.Series(bad, typed.index) for name, bad in unread.items()})
    try:
        schema.validate(typed, lazy=True)
    except SchemaErrors as errors:
        table = CheckedTable(typed, (), raw, headers)
        return misfit_sentences(table, definition, errors.failure_cases)
    return []


def _schema(
    definition: TableDefinition, headers: Mapping[str, str], unread: Mapping[str, pd.Series]
) -> pa.DataFrameSchema:
    """Return the pandera schema of a definition, over the columns that the file has."""
    columns = {
        one.name: pa.Column(checks=_checks(one, unread[one.name]), nullable=True)
        for one in definition.fields
        if one.name in headers
    }
    return pa.DataFrameSchema(columns)


def _checks(one: Field, unread: pd.Series) -> list[pa.Check]:
    checks = [pa.Check(partial(_readable, unread=unread), name="readable", ignore_na=False)]
    if one.required:
        checks.append(pa.Check(partial(_filled, unread=unread), name="filled", ignore_na=False))
    if one.kind is Kind.WHOLE:
        checks.append(pa.Check(_whole, name="whole"))
    if one.at_least is not None:
        checks.append(pa.Check.ge(one.at_least, error="at_least"))
    if one.at_most is not None:
        checks.append(pa.Check.le(one.at_most, error="at_most"))
    return checks


def _readable(values: pd.Series, unread: pd.Series) -> pd.Series:
    return ~unread.loc[values.index]


def _filled(values: pd.Series, unread: pd.Series) -> pd.Series:
    return (values.notna() & (values != "")) | unread.loc[values.index]


def _whole(values: pd.Series) -> pd.Series:
    return values == values.round()
