"""Service areas hold what is reached, and longer limits hold shorter ones."""

import gc

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import isochrones
from geodata.isochrones import service_areas
from geodata.reach import TravelUnit
from geodata.roadnetwork import network_from_arrays
from geodata.roadreach import Direction, RoadOptions, RoadReach
from geodata.snapping import mercator_km
from tests.geodata.roadcases import SOUTH, WEST, grid, network_of, networks, places

KM = 1.0 / 111.195 / np.cos(np.radians(SOUTH))  # degrees of longitude


@settings(max_examples=40)
@given(networks(), places(), st.sampled_from(Direction), st.sampled_from(TravelUnit), st.floats(0.1, 8))
def test_a_longer_limit_holds_the_area_of_a_shorter_one(network, outlets, direction, unit, limit):
    reach = RoadReach(network, RoadOptions(direction=direction))
    short, long = (service_areas(reach, outlets, most, unit) for most in (limit, 1.5 * limit))
    assert short.is_valid.all()
    assert len(short) == len(outlets)
    spare = shapely.area(shapely.difference(short.to_numpy(), long.to_numpy()))
    assert (spare <= 1e-9 * shapely.area(short.to_numpy())).all()


@settings(max_examples=40)
@given(networks(), places(), places(20), st.sampled_from([Direction.TO, Direction.BACK]), st.floats(0.5, 8))
def test_points_that_are_reached_lie_inside_or_near(network, outlets, points, direction, limit):
    reach = RoadReach(network, RoadOptions(direction=direction))
    near = np.flatnonzero(reach.snapped(points).off_km < 0.1)
    outlets = outlets[reach.snapped(outlets).on_road]
    pairs = reach.within(points[near], outlets, limit, TravelUnit.MIN)
    areas = service_areas(reach, outlets, limit, TravelUnit.MIN)
    for point, place in zip(*pairs.nonzero(), strict=True):
        off = areas.iloc[place].distance(shapely.Point(points[near][point]))
        assert off < 0.1 * KM


@settings(max_examples=40)
@given(networks(), places(), places(20), st.sampled_from([Direction.TO, Direction.BACK]), st.floats(0.5, 8))
def test_points_that_are_not_reached_lie_outside_or_near_the_edge(network, outlets, points, direction, limit):
    reach = RoadReach(network, RoadOptions(direction=direction))
    points = points[reach.snapped(points).on_road]
    outlets = outlets[reach.snapped(outlets).on_road]
    reached = reach.within(points, outlets, limit, TravelUnit.MIN).toarray() > 0
    reached |= (points[:, None] == outlets[None]).all(axis=2)
    areas = service_areas(reach, outlets, limit, TravelUnit.MIN)
    for point, place in zip(*np.nonzero(~reached), strict=True):
        rim, at = areas.iloc[place].boundary, shapely.Point(points[point])
        assert not areas.iloc[place].contains(at) or rim.distance(at) < 0.1 * KM


@pytest.mark.parametrize(
    ("direction", "west", "east"), [("to", 3.0, 0.0), ("back", 0.0, 3.0), ("both", 1.5, 1.5)]
)
def test_an_area_ends_where_the_limit_does(direction, west, east):
    """One road eastwards, an outlet in its middle: it is reached from the west, and reaches the east."""
    places = [(WEST, SOUTH), (WEST + 10 * KM, SOUTH)]
    roads = network_of(places, [(0, 1)] if direction != "both" else [(0, 1), (1, 0)])
    reach = RoadReach(roads, RoadOptions(direction=Direction(direction)))
    limit = 3.0 if direction != "both" else 1.5
    area = service_areas(reach, np.array([[WEST + 5 * KM, SOUTH]]), limit, TravelUnit.KM).iloc[0]
    left, _, right, _ = area.bounds
    assert (left - WEST) / KM == pytest.approx(5 - west, abs=0.1)
    assert (right - WEST) / KM == pytest.approx(5 + east, abs=0.1)


def test_what_is_far_from_every_road_is_a_hole():
    reach = RoadReach(grid(4, 4))
    corner = np.array([[WEST, SOUTH]])
    assert not shapely.get_num_interior_rings(
        shapely.get_parts(service_areas(reach, corner, 9.0, TravelUnit.KM)[0])
    )
    wide = [(WEST, SOUTH), (WEST + 4 * KM, SOUTH), (WEST + 4 * KM, SOUTH + 4 / 111), (WEST, SOUTH + 4 / 111)]
    ring = RoadReach(network_of(wide, [(0, 1), (1, 2), (2, 3), (3, 0)]), RoadOptions(snap_km=1.0))
    area = service_areas(ring, corner, 20.0, TravelUnit.KM).iloc[0]
    assert shapely.get_num_interior_rings(shapely.get_parts(area)).sum() == 1
    assert not area.contains(shapely.Point(WEST + 2 * KM, SOUTH + 2 / 111))


def test_off_the_network_the_area_is_a_disc_and_without_coordinates_nothing():
    reach = RoadReach(grid(3, 3), RoadOptions(detour=1.25))
    lonely, nowhere = service_areas(reach, np.array([[30.0, 50.0], [np.nan, np.nan]]), 10.0, TravelUnit.KM)
    rim = mercator_km(shapely.get_coordinates(lonely)) - mercator_km(np.array([[30.0, 50.0]]))
    np.testing.assert_allclose(np.hypot(*rim.T) * np.cos(np.radians(50.0)), 8.0, rtol=1e-3)
    assert nowhere.is_empty


@pytest.mark.parametrize("roads", ["none", "a point", "some"])
@pytest.mark.parametrize("direction", Direction)
def test_nothing_is_reached_within_less_than_nothing_and_without_roads_by_the_straight_line(roads, direction):
    none = network_from_arrays([1], [WEST], [SOUTH], [], [], [], [], xy=np.zeros((0, 2)), start=[0])
    point = network_from_arrays([1], [WEST], [SOUTH], [0], [0], [0.0], [0.0])
    network = {"none": none, "a point": point, "some": grid(3, 3)}[roads]
    reach = RoadReach(network, RoadOptions(direction=direction))
    here, nobody = np.array([[WEST, SOUTH], [WEST + 9.0, SOUTH]]), np.zeros((0, 2))
    for unit in TravelUnit:
        assert reach.within(here, here, 0.0, unit).toarray().shape == (2, 2)
        assert reach.within(here, here, 0.0, unit).nnz == 2
        assert reach.within(here, here, -1.0, unit).nnz == 0
        assert reach.within(here, here, np.inf, unit).nnz == 4
        assert reach.nearest(here, here, 9, unit).nnz == 4
        assert reach.nearest(here, nobody, 9, unit).shape == (2, 0)
        assert reach.within(nobody, here, 1.0, unit).shape == (0, 2)
        assert service_areas(reach, here, -1.0, unit).is_empty.all()
        assert len(reach.routes(nobody, nobody, unit)) == 0
        assert reach.routes(here, here[::-1], unit)["km"].notna().all()


def test_what_is_kept_of_a_network_goes_with_it():
    before = len(isochrones._RASTERS)
    reach = RoadReach(grid(3, 3))
    service_areas(reach, np.array([[WEST, SOUTH]]), 1.0, TravelUnit.KM)
    assert len(isochrones._RASTERS) == before + 1
    del reach
    gc.collect()
    assert len(isochrones._RASTERS) <= before
