"""Mistakes of input as a table on a page: where, what, and what to do."""

from collections.abc import Iterable

import streamlit as st

from geodata.messages import Message
from planner.language import Translator
from planner.tablenotes import MOST_ROWS, problem_rows


def show_problems(messages: Iterable[Message], t: Translator, *, consequence: str) -> None:
    """Show what must be mended; `consequence` says what goes on meanwhile."""
    found = list(messages)
    told = t.plural("{n} thing must be mended", "{n} things must be mended", len(found))
    st.error(f"{told}. {consequence}", icon=":material/error:")
    table = problem_rows(found, t)
    table = table.loc[:, [name for name in table if (table[name].notna() & (table[name] != "")).any()]]
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        alt=told,
        column_config={t("What to do"): st.column_config.TextColumn(width="large")},
    )
    if len(found) > MOST_ROWS:
        st.caption(t("The first {number} are shown.", number=t.number(MOST_ROWS)))
