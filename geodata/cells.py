"""Read cells: text, codes, numbers, dates and words of a vocabulary, column by column.

Each function takes a raw column and returns the typed one on the same index; where reading can fail it also
returns which cells could not be read (blank cells can).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.columns import folded

Unread = npt.NDArray[np.bool_]

_PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})?日?)?|年)?"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_GUARDED = re.compile(r"^'(?=[=+\-@])")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def texts(values: pd.Series) -> pd.Series:
    """Return cells as text without outer white space; blank is "", a whole number has no decimal point.

    An apostrophe that keeps a spreadsheet from taking the text for a formula is not part of it.
    """
    if pd.api.types.is_numeric_dtype(values) or values.dtype == object:
        values = values.map(plain_text)
    stripped = values.fillna("").astype(str).str.strip()
    return stripped.str.replace(_GUARDED, "", regex=True).astype("str")


def guarded(text: str) -> str:
    """Return text as a CSV cell that no spreadsheet takes for a formula; `texts` gives the text back.

    >>> guarded("=1+1"), guarded("A=B")
    ("'=1+1", 'A=B')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def unguarded(text: str) -> str:
    """Return the text that `guarded` made a cell of."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA_STARTS) else text


def plain_text(value: object) -> str:
    """Return one cell as text: blank is "", a whole number has no decimal point."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and np.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def codes(values: pd.Series) -> pd.Series:
    """Return cells as codes: half-width text, without the ".0" of what a spreadsheet took for a number."""

    def code(text: str) -> str:
        plain = unicodedata.normalize("NFKC", text).strip().lstrip("'")
        return re.sub(r"^(\d+)\.0+$", r"\1", plain)

    return _by_value(texts(values), code).astype("str")


def numbers(values: pd.Series) -> tuple[pd.Series, Unread]:
    """Return cells as floats (blank is NaN) and which are no number.

    Full-width digits and thousands separators are understood; units, percent signs and infinity are not.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        typed = values.astype(float)
        return typed, np.isinf(typed.to_numpy())
    text = texts(values)
    plain = text.str.fullmatch(_PLAIN).to_numpy(dtype=bool)
    typed = pd.Series(np.nan, index=values.index)
    typed[plain] = text[plain].astype(float)
    odd = ~plain & (text != "").to_numpy()
    if odd.any():
        typed[odd] = _by_value(text[odd], _number).astype(float)
    typed = typed.replace([np.inf, -np.inf], np.nan)
    return typed, typed.isna().to_numpy() & (text != "").to_numpy()


def _number(text: str) -> float:
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    plain = re.sub(r"\s+", "", plain)
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    return float(plain) if re.fullmatch(_PLAIN, plain) else np.nan


def years(values: pd.Series) -> tuple[pd.Series, Unread]:
    """Return cells as numbers, where "2022年" is 2022."""
    if values.dtype == object or pd.api.types.is_string_dtype(values):
        values = texts(values).str.replace(r"\s*年度?$", "", regex=True)
    return numbers(values)


def dates(values: pd.Series) -> tuple[pd.Series, Unread]:
    """Return cells as days (blank is NaT) and which are no date.

    Year first: 2021-06-30, 2021/6/30, 20210630, 2021年6月30日; a missing day or month is the first.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None).astype("datetime64[us]"), np.zeros(len(values), bool)
    plain = values.map(lambda value: value.isoformat() if isinstance(value, date | datetime) else value)
    text = texts(plain)
    typed = _by_value(text, _date).astype("datetime64[us]")
    return typed, typed.isna().to_numpy() & (text != "").to_numpy()


def _date(text: str) -> np.datetime64:
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _COMPACT_DATE.fullmatch(plain) or _DATE.fullmatch(plain)
    if found is None:
        return np.datetime64("NaT", "us")
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        return np.datetime64(datetime(year, month, day), "us")
    except ValueError:
        return np.datetime64("NaT", "us")


def choices(
    values: pd.Series, words: Mapping[str, tuple[str, ...]], default: str
) -> tuple[pd.Series, Unread]:
    """Return cells as values of a vocabulary (blank is `default`) and which are no word of it."""
    text = texts(values)
    meaning = vocabulary(words) | {"": default}
    found = _by_value(text, lambda word: meaning.get(folded(word)))
    unread = found.isna().to_numpy(dtype=bool)
    return found.fillna("").astype("str"), unread


def known_words(values: pd.Series, words: Mapping[str, tuple[str, ...]]) -> pd.Series:
    """Return text with the words of a vocabulary replaced by their value; other text stays."""
    meaning = vocabulary(words)
    return _by_value(texts(values), lambda word: meaning.get(folded(word), word)).astype("str")


def vocabulary(words: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return what each folded word means."""
    return {folded(word): str(value) for value, others in words.items() for word in (value, *others)}


def _by_value(values: pd.Series, function: object) -> pd.Series:
    """Return `function` of each value, worked out once for each different one."""
    uniques = values.unique()
    return values.map(dict(zip(uniques, map(function, uniques), strict=True)))  # type: ignore[call-overload]
