from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import sparse

from geodata import reach
from geodata.reach import great_circle_km, nearest_pairs, pairs_within, road_like_km, union

Points: TypeAlias = NDArray[np.float64]


def points(
    lon: tuple[float, float] = (-180.0, 180.0), lat: tuple[float, float] = (-90.0, 90.0)
) -> st.SearchStrategy[Points]:
    one = st.tuples(st.floats(*lon), st.floats(*lat))
    return st.lists(one, max_size=12).map(lambda rows: np.array(rows, dtype=float).reshape(-1, 2))


NEAR = points(lon=(113.0, 115.0), lat=(22.0, 24.0))


def all_km(a: Points, b: Points) -> Points:
    return great_circle_km(a[:, None, 0], a[:, None, 1], b[None, :, 0], b[None, :, 1])


def stored(matrix: sparse.csr_array) -> dict[tuple[int, int], float]:
    coo = matrix.tocoo()
    return dict(zip(zip(coo.row.tolist(), coo.col.tolist(), strict=True), coo.data.tolist(), strict=True))


@given(a=st.one_of(NEAR, points()), b=st.one_of(NEAR, points()), radius=st.floats(0.0, 21_000.0))
def test_pairs_are_those_of_brute_force(a: Points, b: Points, radius: float) -> None:
    km = all_km(a, b)
    expected = {(i, j): km[i, j] for i, j in np.argwhere(km <= radius).tolist()}
    assert stored(pairs_within(a[:, 0], a[:, 1], b[:, 0], b[:, 1], radius)) == expected


@given(a=NEAR, b=NEAR, k=st.integers(0, 5))
def test_nearest_are_those_of_brute_force(a: Points, b: Points, k: int) -> None:
    found = nearest_pairs(a[:, 0], a[:, 1], b[:, 0], b[:, 1], k)
    km = np.sort(all_km(a, b), axis=1)[:, :k]
    for row in range(len(a)):
        ours = np.sort(found.data[found.indptr[row] : found.indptr[row + 1]])
        np.testing.assert_allclose(ours, km[row], atol=1e-6)


@given(a=NEAR, b=NEAR, radius=st.floats(0.0, 100.0), k=st.integers(0, 4))
def test_union_stores_every_pair_of_either_once(a: Points, b: Points, radius: float, k: int) -> None:
    args = (a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    near, nearest = pairs_within(*args, radius), nearest_pairs(*args, k)
    assert stored(union(near, nearest)) == stored(nearest) | stored(near)


def test_a_pair_in_one_place_is_stored_as_zero_and_columns_are_sorted() -> None:
    matrix = pairs_within([114.0], [22.5], [114.1, 114.0], [22.5, 22.5], 50.0)
    assert matrix.nnz == 2
    assert matrix.indices.tolist() == [0, 1]
    assert matrix.data[1] == 0.0
    assert matrix.dtype == np.float64


def test_the_limit_is_included() -> None:
    km = float(great_circle_km(114.0, 22.5, 114.3, 22.7))
    assert pairs_within([114.0], [22.5], [114.3], [22.7], km).nnz == 1
    assert pairs_within([114.0], [22.5], [114.3], [22.7], np.nextafter(km, 0.0)).nnz == 0


def test_a_point_without_a_place_has_no_pair_but_keeps_its_row() -> None:
    matrix = pairs_within([np.nan, 114.0], [22.0, 22.0], [114.0, 114.0], [22.0, np.nan], 1.0)
    assert matrix.shape == (2, 2)
    assert stored(matrix) == {(1, 0): 0.0}


def test_nothing_against_something_is_an_empty_matrix() -> None:
    assert pairs_within([], [], [114.0], [22.0], 5.0).shape == (0, 1)
    assert pairs_within([114.0], [22.0], [], [], 5.0).shape == (1, 0)
    assert nearest_pairs([114.0], [22.0], [], [], 3).shape == (1, 0)


def test_more_points_than_one_chunk_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(20, 22, (500, 2)), rng.uniform(20, 22, (40, 2))
    args = (a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    whole = stored(pairs_within(*args, 30.0)), stored(nearest_pairs(*args, 3))
    monkeypatch.setattr(reach, "_CHUNK", 7)
    assert (stored(pairs_within(*args, 30.0)), stored(nearest_pairs(*args, 3))) == whole


def test_one_degree_of_the_equator_and_of_a_meridian() -> None:
    assert great_circle_km(0, 0, 1, 0) == pytest.approx(6371.0088 * np.pi / 180)
    assert great_circle_km(100, 20, 100, 21) == pytest.approx(6371.0088 * np.pi / 180)
    assert great_circle_km(0, 0, 180, 0) == pytest.approx(6371.0088 * np.pi)


@given(km=arrays.arrays(float, 20, elements=st.floats(0, 1000)))
def test_farther_as_the_crow_flies_is_never_nearer_by_road(km: Points) -> None:
    roads = road_like_km(np.sort(km))
    assert (np.diff(roads) >= 0).all()
    assert (roads >= 1.25 * np.sort(km) - 1e-9).all()


@given(a=NEAR, b=NEAR, radius=st.floats(0.0, 300.0), factor=st.floats(1.0, 2.0))
def test_a_detour_makes_every_way_longer(a: Points, b: Points, radius: float, factor: float) -> None:
    args = (a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    km = all_km(a, b)
    for detour, ways in ((factor, factor * km), (road_like_km, road_like_km(km))):
        expected = {(i, j): ways[i, j] for i, j in np.argwhere(ways <= radius).tolist()}
        assert stored(pairs_within(*args, radius, detour=detour)) == expected
        for pair, value in stored(nearest_pairs(*args, 2, detour=detour)).items():
            assert value == ways[pair]
