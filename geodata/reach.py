"""Which points lie within reach of which, on the mean sphere."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

EARTH_RADIUS_KM = 6371.0088
_CHUNK = 50_000  # rows a query hands over at once; bounds the memory of its Python lists
_SLACK = 1e-9  # relative; chords are rounded, so ask a little wider and measure again

FloatArray: TypeAlias = NDArray[np.float64]
IndexArray: TypeAlias = NDArray[np.int64]
Detour: TypeAlias = float | Callable[[FloatArray], FloatArray]


class TravelUnit(StrEnum):
    """What a way is measured in."""

    KM = "km"
    MIN = "min"


def great_circle_km(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> FloatArray:
    """Return the great-circle distance in km between points given in WGS-84 degrees; arguments broadcast.

    The haversine formula on the mean sphere of 6371.0088 km (IUGG), exact for near and far points alike.
    """
    x_a, y_a, x_b, y_b = (
        np.radians(np.asarray(value, dtype=float)) for value in (lon_a, lat_a, lon_b, lat_b)
    )
    half = np.sin((y_b - y_a) / 2) ** 2 + np.cos(y_a) * np.cos(y_b) * np.sin((x_b - x_a) / 2) ** 2
    angle: FloatArray = 2 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return EARTH_RADIUS_KM * angle


def pairs_within(
    lon_a: ArrayLike,
    lat_a: ArrayLike,
    lon_b: ArrayLike,
    lat_b: ArrayLike,
    radius_km: float,
    *,
    detour: Detour = 1.0,
) -> sparse.csr_array:
    """Return every pair of a point of A and a point of B at most `radius_km` apart.

    Parameters
    ----------
    lon_a, lat_a, lon_b, lat_b
        WGS-84 degrees, shapes (A,) and (B,). A point with NaN has no pair.
    radius_km
        The limit, inclusive; of the distance after the detour.
    detour
        What a way is longer than the great circle: a factor, at least 1, or a function of kilometres that
        never shortens them, such as `road_like_km`.

    Returns
    -------
    scipy.sparse.csr_array
        Shape (A, B), float64 km, column indices sorted. Stored entries are the pairs; two points in the same
        place store 0.0, which counts.
    """
    a, b = _Points(lon_a, lat_a), _Points(lon_b, lat_b)
    tree = cKDTree(b.xyz) if len(b.rows) else None
    parts = [] if tree is None else [_near(a, b, tree, rows, radius_km, detour) for rows in a.chunks()]
    return _matrix(a, b, parts)


def nearest_pairs(
    lon_a: ArrayLike,
    lat_a: ArrayLike,
    lon_b: ArrayLike,
    lat_b: ArrayLike,
    k: int,
    *,
    detour: Detour = 1.0,
) -> sparse.csr_array:
    """Return each point of A with its `k` nearest points of B (all of B if it has fewer).

    Shapes, units and storage are those of `pairs_within`.
    """
    a, b = _Points(lon_a, lat_a), _Points(lon_b, lat_b)
    k = min(k, len(b.rows))
    if k <= 0:
        return _matrix(a, b, [])
    tree = cKDTree(b.xyz)
    parts = []
    for rows in a.chunks():
        found = np.asarray(tree.query(a.xyz[rows], k=k)[1]).reshape(len(rows), k)
        parts.append(_measured(a, b, np.repeat(rows, k), found.ravel().astype(np.int64), detour))
    return _matrix(a, b, parts)


def union(first: sparse.csr_array, second: sparse.csr_array) -> sparse.csr_array:
    """Return the pairs stored in either matrix, with their distance in km; stored zeros survive.

    Both must hold the same points; where both store a pair, the value of `first` is kept.
    """
    rows = np.concatenate([_row_of(first), _row_of(second)])
    columns = np.concatenate([first.indices, second.indices]).astype(np.int64)
    values = np.concatenate([first.data, second.data])
    _, keep = np.unique(rows * np.int64(first.shape[1]) + columns, return_index=True)
    return _csr(rows[keep], columns[keep], values[keep], (int(first.shape[0]), int(first.shape[1])))


def beside(left: sparse.csr_array, right: sparse.csr_array) -> sparse.csr_array:
    """Return the pairs of the same points with the places of `left`, then those of `right`; zeros survive."""
    rows = np.concatenate([_row_of(left), _row_of(right)])
    columns = np.concatenate([left.indices, right.indices.astype(np.int64) + left.shape[1]])
    values = np.concatenate([left.data, right.data])
    return _csr(rows, columns, values, (int(left.shape[0]), int(left.shape[1] + right.shape[1])))


def road_like_km(straight_km: FloatArray) -> FloatArray:
    """Return what roads make of great-circle distances between Chinese cities: x 1.3, above 200 km x 1.25.

    Between 200 and 208 km it stays at 260 km, so that farther is never nearer.
    """
    straight = np.asarray(straight_km, dtype=float)
    return np.where(straight <= 200.0, 1.3 * straight, np.maximum(260.0, 1.25 * straight))


def straight_like_km(way_km: float, detour: Detour = road_like_km) -> float:
    """Return the longest great circle that a detour makes no longer than `way_km`.

    >>> straight_like_km(130.0), straight_like_km(250.0, 1.25)
    (100.0, 200.0)
    """
    if not callable(detour):
        return way_km / detour
    low, high = 0.0, way_km
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(detour(np.array([middle]))[0]) <= way_km else (low, middle)
    return round(low, 9)


class _Points:
    """Points on the unit sphere; `rows` are those with finite coordinates, `xyz` has one row for each."""

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        self.lon = np.asarray(lon, dtype=float).ravel()
        self.lat = np.asarray(lat, dtype=float).ravel()
        self.rows: IndexArray = np.flatnonzero(np.isfinite(self.lon) & np.isfinite(self.lat)).astype(np.int64)
        x, y = np.radians(self.lon[self.rows]), np.radians(self.lat[self.rows])
        self.xyz = np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])

    def chunks(self) -> Iterator[IndexArray]:
        """Yield positions in `rows`, a bounded number at a time."""
        for start in range(0, len(self.rows), _CHUNK):
            yield np.arange(start, min(start + _CHUNK, len(self.rows)), dtype=np.int64)


_Pairs: TypeAlias = tuple[IndexArray, IndexArray, FloatArray]


def _near(
    a: _Points, b: _Points, tree: cKDTree, rows: IndexArray, radius_km: float, detour: Detour
) -> _Pairs:
    chord = 2 * np.sin(min(max(radius_km, 0.0) / EARTH_RADIUS_KM, np.pi) / 2)
    here = cKDTree(a.xyz[rows])
    pairs = here.sparse_distance_matrix(tree, chord * (1 + _SLACK) + 1e-12, output_type="ndarray")
    left, right, km = _measured(a, b, rows[pairs["i"]], pairs["j"].astype(np.int64), detour)
    near = km <= radius_km
    return left[near], right[near], km[near]


def _measured(a: _Points, b: _Points, left: IndexArray, right: IndexArray, detour: Detour) -> _Pairs:
    i, j = a.rows[left], b.rows[right]
    km = great_circle_km(a.lon[i], a.lat[i], b.lon[j], b.lat[j])
    return i, j, detour(km) if callable(detour) else detour * km


def _matrix(a: _Points, b: _Points, parts: list[_Pairs]) -> sparse.csr_array:
    shape = (len(a.lon), len(b.lon))
    if not parts:
        return sparse.csr_array(shape, dtype=np.float64)
    rows, columns, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _csr(rows, columns, values, shape)


def _csr(
    rows: IndexArray, columns: IndexArray, values: FloatArray, shape: tuple[int, int]
) -> sparse.csr_array:
    small = np.int32 if max(*shape, len(values)) < np.iinfo(np.int32).max else np.int64
    where = rows.astype(small), columns.astype(small)
    matrix = sparse.coo_array((values, where), shape=shape).tocsr()
    matrix.sort_indices()
    return matrix


def _row_of(matrix: sparse.csr_array) -> IndexArray:
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
