"""Cells: what keeps a spreadsheet from taking text for a formula is not part of the text."""

import pandas as pd
import pytest

from geodata.cells import guarded, texts, unguarded


@pytest.mark.parametrize("text", ["=1+1", "+86", "-", "@home", "=", "A=B", "'quoted'", "''=1", "", "小米"])
def test_guarded_text_is_read_back(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@"))
    assert texts(pd.Series([cell])).tolist() == [text]
    assert unguarded(cell) == text


@pytest.mark.parametrize("text", ["\t=1+1", "\rA"])
def test_white_space_before_a_formula_is_guarded_too(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


def test_one_apostrophe_goes_and_others_stay() -> None:
    cells = ["'=1+1", "''=1+1", "'A", "O'=1", "  '@x "]
    assert texts(pd.Series(cells)).tolist() == ["=1+1", "''=1+1", "'A", "O'=1", "@x"]
