"""The division of shared outlets: what a flow can serve, at any size."""

import numpy as np
import pytest
from scipy import sparse

from planner.check import check
from planner.division import _all_served
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A = code(1)


def served(annual: list[float], needs: list[float], pairs: list[tuple[int, int]]) -> bool:
    rows, columns = zip(*pairs, strict=True)
    shares = sparse.csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(annual), len(needs)))
    return _all_served(shares, np.array(annual), np.array(needs))


SHARED = [(0, 0), (1, 0), (1, 1)]
"""The first outlet is the first party's own, the second is shared."""


@pytest.mark.parametrize("tonnes", [1.0, 0.001, 2.0e6, 3.0e6, 5.0e9, 1.0e15])
def test_size_does_not_matter(tonnes: float) -> None:
    assert served([4 * tonnes, 5 * tonnes], [5 * tonnes, 3 * tonnes], SHARED)
    assert not served([4 * tonnes, 5 * tonnes], [5 * tonnes, 5 * tonnes], SHARED)
    assert not served([9 * tonnes, 1 * tonnes], [3 * tonnes, 3 * tonnes], SHARED), "the own one is no help"


@pytest.mark.parametrize("plenty", [3.0e6, 1.0e300, np.inf])
def test_more_capacity_than_is_needed_does_not_overflow(plenty: float) -> None:
    assert served([plenty, plenty], [5.0, 3.0], SHARED)
    assert served(
        [plenty] * 2000, [5.0, 3.0], [(outlet, party) for outlet in range(2000) for party in (0, 1)]
    )


def test_millions_of_tonnes_are_divided_so_that_all_are_served() -> None:
    shared = at(A, 100.5, 30.5, enterprises="L;M", stock_cap_t=1.0e8)
    own = at(A, 100.5, 30.5, enterprises="M", stock_cap_t=0.75e8)
    sold = [("L", A, 1.0e9), ("M", A, 1.0e9)]
    capacity = worlds.rules(rule("capacity", quantity="sales"))
    alone = check(worlds.tables([A], sold, [shared]), capacity, worlds.scenario())
    assert alone["status"].tolist() == ["short", "short"]
    both = check(worlds.tables([A], sold, [shared, own]), capacity, worlds.scenario())
    assert both["status"].tolist() == ["met", "met"]
