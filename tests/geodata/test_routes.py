"""Routes are lines along the roads that take what reach says."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.reach import TravelUnit, great_circle_km
from geodata.roadreach import Direction, RoadOptions, RoadReach
from tests.geodata.roadcases import SOUTH, STEP, WEST, grid, networks, places


@settings(max_examples=60)
@given(networks(), places(), places(), st.sampled_from(Direction), st.sampled_from(TravelUnit))
def test_a_route_takes_what_reach_says_and_its_line_is_as_long(network, points, others, direction, unit):
    reach = RoadReach(network, RoadOptions(direction=direction))
    rows = np.arange(max(len(points), len(others)))
    points, others = points[rows % len(points)], others[rows % len(others)]
    routes = reach.routes(points, others, unit)
    pairs = reach.within(points, others, np.inf, unit)
    for row, route in enumerate(routes.itertuples()):
        here = pairs.indices[pairs.indptr[row] : pairs.indptr[row + 1]] == row
        assert here.any() == (route.geometry is not None)
        if here.any():
            value = pairs.data[pairs.indptr[row] : pairs.indptr[row + 1]][here][0]
            assert abs((route.km if unit is TravelUnit.KM else route.minutes) - value) < 1e-6
            if route.on_road:
                line_km = length_km(route.geometry) / len(direction.ways)
                assert abs(line_km - route.km) < 5e-3 or (points[row] == others[row]).all()


def test_a_route_goes_round_where_streets_are_one_way():
    reach = RoadReach(grid(4, 4, one_way=True))
    west, east = (np.array([[WEST + part * STEP, SOUTH - STEP / 50]]) for part in (0.2, 0.8))
    along, round_ = (reach.routes(*ends, TravelUnit.KM).iloc[0] for ends in ((west, east), (east, west)))
    assert shapely.get_num_points(along.geometry) == 4
    assert abs(along.km - great_circle_km(*west[0], *east[0]) - 2 * STEP / 50 * 111.195) < 1e-3
    assert round_.km > 7 * along.km


def length_km(line: shapely.LineString) -> float:
    xy = shapely.get_coordinates(line)
    return float(great_circle_km(*xy[:-1].T, *xy[1:].T).sum())
