"""Bad input raises one clear sentence; it never becomes an outcome."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from optimization import Cover, LocationProblem, SolverOptions, solve

REACH = sparse.csr_array(np.array([[1.0, 2.0], [3.0, 0.5]]))
TWICE = sparse.csr_array((np.ones(2), np.array([0, 0]), np.array([0, 2, 2])), shape=(2, 2))

BAD = [
    ({"weight": [1.0]}, r"weight has shape \(1,\); it must be \(2,\)"),
    ({"weight": [1.0, np.nan]}, r"weight\[1\] is not a finite number"),
    ({"weight": [1.0, -1.0]}, r"weight\[1\] is -1.0; it must be at least 0"),
    ({"reach": np.ones((2, 2))}, "reach is a ndarray; it must be a scipy.sparse.csr_array"),
    ({"reach": -REACH}, "distances are at least 0"),
    ({"reach": REACH * np.nan}, "not a finite number"),
    ({"reach": TWICE}, "stores a pair twice"),
    ({"opening_cost": [1.0, -1.0]}, r"opening_cost\[1\] is -1.0"),
    ({"capacity": [1.0]}, "capacity has shape"),
    ({"fixed_open": [2, 0], "max_units": [1, 1]}, "fixed_open at site 0 is 2, more than max_units 1"),
    ({"fixed_open": [0.5, 0]}, "must be a whole number"),
    ({"max_units": [1]}, "max_units has shape"),
    ({"rows": sparse.csr_array(np.ones((1, 3)))}, "rows has 3 columns; it must have 2"),
    ({"rows": sparse.csr_array(np.ones((1, 2))), "row_lower": [np.nan]}, r"row_lower\[0\]"),
    ({"rows": sparse.csr_array(np.ones((1, 2))), "row_lower": [2], "row_upper": [1]}, "above row_upper"),
    ({"rows": sparse.csr_array(np.ones((2, 2))), "row_names": ["a", "a"]}, "repeats a name"),
    ({"coverage_floor": 1.5}, "shares from 0 to 1"),
    ({"coverage_floor": [0.5, 0.5]}, "no group is given"),
    ({"coverage_floor": [0.5], "demand_group": [0, 1]}, "the groups go up to 1"),
    ({"covers": (Cover("a", -1.0, 0.5),)}, "within is -1.0"),
    ({"covers": (Cover("a", 1.0, 0.5), Cover("a", 2.0, 0.5))}, "covers repeat a name"),
    ({"covers": (Cover("a", 1.0, 0.5, weight=[-1, 0]),)}, "cover 'a': weight"),
    ({"max_open": -1}, "max_open is -1"),
    ({"budget": float("nan")}, "budget is nan"),
    ({"beyond": 2.0}, "beyond is 2.0; it must be at least the largest stored distance, 3"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD, ids=[sentence[:30] for _, sentence in BAD])
def test_bad_input_raises_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        LocationProblem(**{"weight": [1.0, 1.0], "reach": REACH, **change})


@pytest.mark.parametrize(
    "settings",
    [{"solver": "best"}, {"time_limit_s": -1}, {"gap": 1.0}, {"threads": 0}, {"gap": float("nan")}],
)
def test_bad_settings_raise(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        SolverOptions(**settings)


@pytest.mark.parametrize("objectives", [(), ("cost", "cost"), ("distances",)])
def test_bad_objectives_raise(objectives: Any) -> None:
    with pytest.raises(ValueError, match="objective"):
        solve(LocationProblem([1.0, 1.0], REACH), objectives)
