"""How far is measured: what stands in where no road leads."""

import numpy as np
import pytest

from geodata.reach import road_like_km
from geodata.roadnetwork import network_from_arrays
from geodata.roadreach import RoadReach, TravelUnit
from planner.measure import RoadMeasure, StraightMeasure, nearest_km

APART = network_from_arrays(
    range(4), [110, 110.1, 113, 113.1], [30] * 4, [0, 1, 2, 3], [1, 0, 3, 2], [9600] * 4, [600] * 4
)
"""Two streets of 9.6 km, in two networks without a way between them."""
POINTS = np.array([[110.0, 30.0], [113.0, 30.0], [np.nan, np.nan]])


@pytest.mark.parametrize("unit", list(TravelUnit))
def test_between_networks_road_like_km_stand_in(unit):
    measure = RoadMeasure(RoadReach(APART), unit)
    at, km = nearest_km(measure, POINTS, np.array([[110.1, 30.0]]))
    straight, _ = nearest_km(StraightMeasure(road_like_km), POINTS, np.array([[110.1, 30.0]]))
    apart = nearest_km(StraightMeasure(road_like_km), POINTS[[1]], np.array([[110.1, 30.0]]))[1]
    assert at.tolist() == straight.tolist() == [0, 0, -1]
    assert km[:2] == pytest.approx([9.6, apart[0]])
    assert np.isnan(km[2])


def test_a_way_by_road_comes_before_a_shorter_line_without_one():
    at, km = nearest_km(
        RoadMeasure(RoadReach(APART), TravelUnit.KM), POINTS[[1]], np.array([[111.5, 30.0], [113.1, 30.0]])
    )
    assert (at.tolist(), km.tolist()) == ([1], pytest.approx([9.6]))
