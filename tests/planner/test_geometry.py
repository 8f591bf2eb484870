"""Distances that makers share are those that each would have worked out alone."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from geodata.reach import TravelUnit, nearest_pairs, union
from planner.geometry import NEAREST, Geometry
from planner.measure import StraightMeasure

WITHIN_50 = [(50.0, TravelUnit.KM)]


def geometry(*, spread: float) -> Any:
    """Three areas of 15 points each, `spread` degrees wide; the points are the candidates."""
    rng = np.random.default_rng(5)
    area = np.repeat([0, 1, 2], 15)[rng.permutation(45)]
    place = np.column_stack([100 + 3 * area, np.full(45, 30.0)]) + spread * rng.random((45, 2))
    network = SimpleNamespace(
        point_area=area, point_lonlat=place, adcodes=np.arange(3), measure=StraightMeasure()
    )
    candidates = SimpleNamespace(lonlat=place, area=area)
    return Geometry(network, candidates)


@pytest.mark.parametrize(
    "standing", [np.empty((0, 2)), np.array([[103.1, 30.1], [np.nan, np.nan], [103.1, 30.1]])]
)
@pytest.mark.parametrize("spread", [0.3, 3.0])
@pytest.mark.parametrize("areas", [[1], [0, 1]])
def test_shared_pairs_are_everyone_s_own(standing: Any, spread: float, areas: list[int]) -> None:
    shared = geometry(spread=spread)
    at, chosen = np.array(areas), np.flatnonzero(np.isin(shared.candidates.area, areas))
    points = shared.points(at)
    assert points.tolist() == np.flatnonzero(np.isin(shared.network.point_area, areas)).tolist()
    here, places = (
        shared.network.point_lonlat[points],
        np.concatenate([standing, shared.candidates.lonlat[chosen]]),
    )
    near = StraightMeasure().within(here, places, 100.0)
    nearest = nearest_pairs(here[:, 0], here[:, 1], places[:, 0], places[:, 1], NEAREST)
    for _ in range(2):  # worked out, then remembered
        pairs = shared.pairs(at, standing, chosen, WITHIN_50)
        assert_same(pairs, union(near, nearest))
        assert_same(shared.pairs(at, standing, chosen, [(100.0, TravelUnit.KM)], coverage=True), near)


def assert_same(pairs: Any, expected: Any) -> None:
    assert pairs.shape == expected.shape
    assert pairs.indptr.tolist() == expected.indptr.tolist()
    assert pairs.indices.tolist() == expected.indices.tolist()
    assert pairs.data.tolist() == expected.data.tolist()


def test_the_pairs_of_an_area_are_kept_and_those_of_several_are_not() -> None:
    shared = geometry(spread=0.3)
    none, chosen = np.empty((0, 2)), np.arange(5)
    one, both = np.array([1]), np.array([0, 1])
    assert shared.pairs(one, none, chosen, WITHIN_50) is shared.pairs(one, none, chosen, WITHIN_50)
    assert shared.pairs(both, none, chosen, WITHIN_50) is not shared.pairs(both, none, chosen, WITHIN_50)
