"""Ways by road are the shortest there are, in the direction that is meant."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geodata import roadsearch
from geodata.reach import TravelUnit, pairs_within
from geodata.roadreach import Direction, RoadOptions, RoadReach
from tests.geodata.roadcases import STEP, both_ways, network_of, networks, places

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


@settings(max_examples=100)
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


@settings(max_examples=60)
@given(networks(), places(), places(), DIRECTIONS, UNITS, st.sampled_from([0.0, 0.5, 2.0, 9.0]))
def test_neither_blocks_nor_cuts_nor_the_side_searched_from_matter(
    network, points, others, direction, unit, limit
):
    options = RoadOptions(direction=direction)
    whole = RoadReach(network, options).within(points, others, limit, unit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roadsearch, "_CUT_FROM", 0)
        patch.setattr(roadsearch, "_TOGETHER", 1)
        cut = RoadReach(network, options).within(points, others, limit, unit)
    many = RoadReach(network, options).within(np.repeat(points, 7, axis=0), others, limit, unit)
    assert_same(cut, whole)
    assert_same(many[::7], whole)


@settings(max_examples=60)
@given(networks(), places(), places(), DIRECTIONS, UNITS, st.sampled_from([0.5, 2.0, 9.0]), st.randoms())
def test_what_is_remembered_is_what_is_searched_anew(network, points, others, direction, unit, limit, chance):
    reach = RoadReach(network, RoadOptions(direction=direction))
    longer = reach.within(points, others[:-1], limit * chance.choice([0.5, 1.0, 3.0]), unit)
    assert longer.shape[1] == len(others) - 1
    order = chance.sample(range(len(others)), len(others))
    shuffled = reach.within(points, others[order], limit, unit)
    fresh = RoadReach(network, RoadOptions(direction=direction)).within(points, others, limit, unit)
    assert_same(shuffled, fresh[:, order])
    assert_same(reach.within(points[::-1], others, limit, unit), fresh[::-1])


@settings(max_examples=60)
@given(networks(), places(), places(), DIRECTIONS, UNITS, st.floats(0, 5), st.floats(0, 5))
def test_a_longer_limit_never_loses_a_pair(network, points, others, direction, unit, limit, more):
    options = RoadOptions(direction=direction)
    near = dense(RoadReach(network, options).within(points, others, limit, unit))
    far = dense(RoadReach(network, options).within(points, others, limit + more, unit))
    assert (far[np.isfinite(near)] == near[np.isfinite(near)]).all()
    assert (far[np.isinf(near)] > limit).all()


@settings(max_examples=60)
@given(networks(symmetric=True), places(), places(), UNITS)
def test_roads_that_take_the_same_both_ways_do_so_for_pairs(network, points, others, unit):
    reach = RoadReach(network)
    there, back = (reach.within(*ends, np.inf, unit) for ends in ((points, others), (others, points)))
    np.testing.assert_array_equal(dense(there), dense(back).T)


@settings(max_examples=60)
@given(networks(), st.data(), UNITS, DIRECTIONS)
def test_another_road_never_lengthens_a_way(network, data, unit, direction):
    nodes = np.column_stack([network.lon, network.lat])
    node = st.integers(0, len(nodes) - 1)
    tail, head = data.draw(st.tuples(node, node).filter(lambda pair: pair[0] != pair[1]))
    off = shapely.LineString(nodes[[tail, head]]).distance(shapely.points(np.delete(nodes, [tail, head], 0)))
    assume((off > STEP / 1000.0).all())  # who stands at a road that is new is joined to that
    edges = [*zip(network.tail, network.head, strict=True), (tail, head)]
    more = network_of(nodes, edges, seconds=[*network.seconds, data.draw(st.integers(0, 300))])
    options = RoadOptions(direction=direction, snap_km=50.0)
    joined = np.unique([network.tail, network.head])
    before = dense(RoadReach(network, options).within(nodes[joined], nodes[joined], np.inf, unit))
    after = dense(RoadReach(more, options).within(nodes[joined], nodes[joined], np.inf, unit))
    assert (after <= before).all()


def assert_same(found, wanted) -> None:
    found.sort_indices()
    wanted.sort_indices()
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
