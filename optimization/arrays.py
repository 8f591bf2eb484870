"""Small helpers over arrays and sparse rows that keep stored zeros."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Csr: TypeAlias = Any  # scipy.sparse.csr_array: scipy ships no types


def csr_of(data: FloatArray, indices: IntArray, indptr: IntArray, shape: tuple[int, int]) -> Csr:
    """Return a csr_array of these parts, without dropping stored zeros."""
    return sparse.csr_array((data, indices, indptr), shape=shape)


def row_of_pair(matrix: Csr) -> IntArray:
    """Return the row number of every stored pair."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def sums(groups: IntArray, values: FloatArray, count: int) -> FloatArray:
    """Return the sum of `values` in each of `count` groups."""
    return np.bincount(groups, values, count).astype(np.float64)


def keep_pairs(matrix: Csr, mask: BoolArray) -> Csr:
    """Return `matrix` with only the stored pairs where `mask` is true."""
    ends = np.concatenate(([0], np.cumsum(mask)))
    return csr_of(matrix.data[mask], matrix.indices[mask], ends[matrix.indptr], matrix.shape)


def row_minimum(matrix: Csr, values: FloatArray) -> FloatArray:
    """Return the least of `values` (one per stored pair) in every row, infinity in empty rows."""
    least = np.full(matrix.shape[0], np.inf)
    filled = np.diff(matrix.indptr) > 0
    if filled.any():
        least[filled] = np.minimum.reduceat(values, matrix.indptr[:-1][filled])
    return least


def nearest_distance(reach: Csr, is_open: BoolArray) -> FloatArray:
    """Return each point's distance to the nearest open stored site, infinity without one."""
    return row_minimum(reach, np.where(is_open[reach.indices], reach.data, np.inf))


def nearest_site(reach: Csr, is_open: BoolArray) -> IntArray:
    """Return each point's nearest open stored site (lowest number on ties), -1 without one."""
    values = np.where(is_open[reach.indices], reach.data, np.inf)
    least = row_minimum(reach, values)
    rows = row_of_pair(reach)
    hit = (values == least[rows]) & np.isfinite(values)
    chosen = np.full(reach.shape[0], -1, dtype=np.int64)
    # written backwards, so that the first (lowest) site of each row stays
    chosen[rows[hit][::-1]] = reach.indices[hit][::-1]
    return chosen


def dense_distances(reach: Csr, *, missing: float = np.inf) -> FloatArray:
    """Return the (I, J) distances with `missing` where no pair is stored."""
    dense = np.full(reach.shape, missing)
    dense[row_of_pair(reach), reach.indices] = reach.data
    return dense
