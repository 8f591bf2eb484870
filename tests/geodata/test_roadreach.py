"""Ways by road are the shortest there are, in the direction that is meant."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.reach import pairs_within
from geodata.roadreach import Direction, RoadOptions, RoadReach, TravelUnit
from tests.geodata.roadcases import both_ways, networks, places

DIRECTIONS, UNITS = st.sampled_from(Direction), st.sampled_from(TravelUnit)


def dense(matrix) -> np.ndarray:
    full = np.full(matrix.shape, np.inf)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    full[rows, matrix.indices] = matrix.data
    assert matrix.has_sorted_indices
    return full


def straight(reach, points, others, unit) -> np.ndarray:
    ends = points[:, 0], points[:, 1], others[:, 0], others[:, 1]
    full = dense(pairs_within(*ends, np.inf, detour=reach.options.detour))
    return full if unit is TravelUnit.KM else full * 60.0 / reach.options.fallback_kmh


def expected(reach, points, others, unit) -> np.ndarray:
    on_road = reach.snapped(points).on_road[:, None] & reach.snapped(others).on_road[None, :]
    return np.where(on_road, both_ways(reach, points, others, unit), straight(reach, points, others, unit))


@settings(max_examples=150)
@given(networks(), places(), places(), DIRECTIONS, UNITS, st.sampled_from([0.5, 2.0, 5.0, np.inf]))
def test_ways_are_those_that_networkx_finds(network, points, others, direction, unit, limit):
    reach = RoadReach(network, RoadOptions(direction=direction))
    wanted = expected(reach, points, others, unit)
    found = dense(reach.within(points, others, limit, unit))
    clear = ~np.isclose(np.where(np.isfinite(wanted), wanted, -1.0), limit, rtol=0, atol=1e-6)
    wanted = np.where(wanted <= limit, wanted, np.inf)
    np.testing.assert_allclose(found[clear], wanted[clear], atol=1e-6, rtol=0)


@settings(max_examples=60)
@given(networks(), places(), places(), DIRECTIONS, UNITS, st.integers(1, 7))
def test_the_nearest_are_the_least_of_all(network, points, others, direction, unit, k):
    reach = RoadReach(network, RoadOptions(direction=direction))
    everything = dense(reach.within(points, others, np.inf, unit))
    found = dense(reach.nearest(points, others, k, unit))
    for row, kept in zip(everything, found, strict=True):
        reached = np.isfinite(row)
        assert np.isfinite(kept).sum() == min(k, reached.sum())
        np.testing.assert_allclose(
            np.sort(kept[np.isfinite(kept)]), np.sort(row[reached])[:k], rtol=1e-12, atol=0
        )
