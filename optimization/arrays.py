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
    kept = np.flatnonzero(mask)
    indptr = np.searchsorted(kept, matrix.indptr).astype(matrix.indptr.dtype)
    return csr_of(matrix.data[kept], matrix.indices[kept], indptr, matrix.shape)


def row_minimum(matrix: Csr, values: FloatArray) -> FloatArray:
    """Return the least of `values` (one per stored pair) in every row, infinity in empty rows."""
    least = np.full(matrix.shape[0], np.inf)
    filled = np.diff(matrix.indptr) > 0
    if filled.any():
        least[filled] = np.minimum.reduceat(values, matrix.indptr[:-1][filled])
    return least


def pairs_of_open(reach: Csr, is_open: BoolArray) -> Csr:
    """Return `reach` with only the pairs of open sites."""
    mask = is_open[reach.indices]
    if mask.all():
        return reach
    return keep_pairs(reach, mask)


def nearest_distance(reach: Csr, is_open: BoolArray) -> FloatArray:
    """Return each point's distance to the nearest open stored site, infinity without one."""
    pairs = pairs_of_open(reach, is_open)
    return row_minimum(pairs, pairs.data)


def nearest_site(reach: Csr, is_open: BoolArray) -> IntArray:
    """Return each point's nearest open stored site (lowest number on ties), -1 without one."""
    pairs = pairs_of_open(reach, is_open)
    rows = row_of_pair(pairs)
    hit = pairs.data == row_minimum(pairs, pairs.data)[rows]
    chosen = np.full(reach.shape[0], -1, dtype=np.int64)
    # written backwards, so that the first (lowest) site of each row stays
    chosen[rows[hit][::-1]] = pairs.indices[hit][::-1]
    return chosen


def dense_distances(reach: Csr, *, missing: float = np.inf) -> FloatArray:
    """Return the (I, J) distances with `missing` where no pair is stored."""
    dense = np.full(reach.shape, missing)
    dense[row_of_pair(reach), reach.indices] = reach.data
    return dense
