from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.classes import classify

numbers = st.lists(st.floats(0, 1e9, allow_nan=False) | st.just(float("nan")), max_size=60)


@settings(deadline=None)
@given(numbers, st.integers(1, 6), st.booleans())
def test_every_known_number_is_in_one_class_between_its_bounds(
    values: list[float], most: int, quantiles: bool
) -> None:
    classes = classify(values, most, quantiles=quantiles)
    assert len(classes.lower) <= most
    assert list(classes.lower) == sorted(set(classes.lower))
    assert sum(classes.counts()) == int(np.isfinite(values).sum())
    assert all(classes.counts())
    ends = [*classes.lower[1:], np.inf]
    for value, member in zip(values, classes.member, strict=True):
        assert (member == -1) == np.isnan(value)
        if member >= 0:
            assert classes.lower[member] <= value < ends[member]


def test_whole_numbers_get_spans_that_neither_touch_nor_leave_gaps() -> None:
    classes = classify([1, 2, 2, 3, 4, 5, 8, 9, 30, 31], 3)
    spans = classes.spans()
    for (_, last), (first, _) in pairwise(spans):
        assert last is not None
        assert first == last + 1
    assert spans[-1][1] is None


def test_bounds_are_said_in_two_digits() -> None:
    values = np.random.default_rng(0).lognormal(7, 2, 400)
    for bound in classify(values, 5, quantiles=True).lower[1:]:
        assert float(f"{bound:.2g}") == pytest.approx(bound)


def test_a_single_value_is_said_alone() -> None:
    assert classify([3, 3, 3], 4).spans() == ((3.0, 3.0),)


def test_nothing_known_is_no_class() -> None:
    assert classify([float("nan")], 4).spans() == ()
