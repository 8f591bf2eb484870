"""Entries of forms: one widget for each field that `planner.forms` describes."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from planner.forms import FieldKind, FormField, choice_name
from planner.language import Translator


def entries(fields: Sequence[FormField], t: Translator, *, key: str, columns: int = 3) -> dict[str, Any]:
    """Draw fields side by side and return what is entered, by the fields' names.

    Parameters
    ----------
    key
        Begins the widgets' keys. It must change with the fields' values: a widget keeps what it showed.
    """
    places = [place for _ in range(0, len(fields), columns) for place in st.columns(columns)]
    found = {}
    for field, place in zip(fields, places, strict=False):
        with place:
            found[field.name] = entry(field, t, key=f"{key}:{field.name}")
    return found


def entry(field: FormField, t: Translator, *, key: str) -> Any:
    """Draw one field and return what is entered; None where it is left out."""
    label, said = t(field.label), t(field.help) if field.help else None
    match field.kind:
        case FieldKind.YES_NO:
            return st.checkbox(label, bool(field.value), key=key, help=said)
        case FieldKind.CHOICE:
            return _choice(field, label, t, key, said)
        case FieldKind.SEVERAL:
            return st.multiselect(
                label,
                field.choices,
                list(field.value),
                format_func=lambda name: t(choice_name(name)),
                key=key,
                help=said,
            )
        case FieldKind.TEXT:
            return st.text_input(label, str(field.value or ""), max_chars=100, key=key, help=said)
        case FieldKind.WHOLE:
            return st.number_input(
                label,
                _whole(field.least),
                _whole(field.most),
                _whole(field.value),
                step=1,
                key=key,
                help=said,
            )
        case _:
            return _number(field, label, key, said)


def _choice(field: FormField, label: str, t: Translator, key: str, said: str | None) -> str | None:
    index = field.choices.index(field.value) if field.value in field.choices else None
    chosen: str | None = st.selectbox(
        label, field.choices, index, format_func=lambda name: t(choice_name(name)), key=key, help=said
    )
    return chosen


def _number(field: FormField, label: str, key: str, said: str | None) -> float | None:
    """Draw a number; a share is entered as per cent."""
    scale = 100.0 if field.kind is FieldKind.SHARE else 1.0
    least, most, value = (
        None if one is None else float(one) * scale for one in (field.least, field.most, field.value)
    )
    entered = st.number_input(label, least, most, value, step=_step(value), format="%g", key=key, help=said)
    return None if entered is None else round(entered / scale, 9)


def _step(value: float | None) -> float:
    """Return a step that fits a number: about a hundredth of its size."""
    if not value:
        return 1.0
    return next((step for step in (100.0, 10.0, 1.0, 0.1, 0.01) if abs(value) >= 10 * step), 0.0001)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
