"""Rows and columns of a covering that another one makes needless."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, row_of_pair

PAIRS = 2_000_000  # pairs of rows compared at a time


def undominated_rows(pattern: Csr) -> IntArray:
    """Return the rows of a set cover that remain: none contains another one.

    Row B (the sites of which one must open) falls if all sites of a row A are in B: what covers A
    covers B. Of equal rows the first stays, and rows without sites stay.

    Parameters
    ----------
    pattern : csr_array (P, J)
        Sites of each row, sorted, none twice.
    """
    falls = np.zeros(pattern.shape[0], dtype=bool)
    size = np.diff(pattern.indptr)
    for inner, outer in _containments(pattern):
        falls[outer[(size[inner] < size[outer]) | (inner < outer)]] = True
    return np.flatnonzero(~falls)


def undominated_columns(pattern: Csr, cost: FloatArray) -> IntArray:
    """Return the sites of a cover that remain: no other covers as much for no higher cost.

    A plan with site k keeps its worth with j in k's place (or without k, if j is open), where
    nothing but cost (J,) and cover tells them apart. Of alike sites the first stays.
    """
    by_site = pattern.T.tocsr()
    by_site.sort_indices()
    size = np.diff(by_site.indptr)
    falls = size == 0
    for inner, outer in _containments(by_site):
        better = (size[outer] > size[inner]) | (cost[outer] < cost[inner]) | (outer < inner)
        falls[inner[better & (cost[outer] <= cost[inner])]] = True
    return np.flatnonzero(~falls)


def _containments(pattern: Csr) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield pairs of rows (inner, outer) with all entries of the inner one in the outer one.

    A row that contains A contains A's rarest column: only rows there are compared, one entry of A
    after the other, and most drop out at the first ones.
    """
    rows, columns = pattern.shape
    size = np.diff(pattern.indptr)
    filled = np.flatnonzero(size > 0)
    if not len(filled):
        return
    by_column = pattern.T.tocsr()
    count = np.diff(by_column.indptr)
    order = np.lexsort((count[pattern.indices], row_of_pair(pattern)))
    sorted_entries = pattern.indices[order].astype(np.int64)  # of each row the rarest first
    rarest = sorted_entries[pattern.indptr[filled]]
    keys = row_of_pair(pattern) * columns + pattern.indices
    dense = _table(pattern) if rows * columns <= PAIRS * 25 else None
    ends = np.cumsum(count[rarest])
    starts = np.searchsorted(ends, np.arange(0, int(ends[-1]), PAIRS))
    for start, end in zip(starts, [*starts[1:], len(filled)], strict=True):
        block, site = filled[start:end], rarest[start:end]
        inner = np.repeat(block, count[site])
        ahead = np.repeat(by_column.indptr[site] - np.cumsum(count[site]) + count[site], count[site])
        outer = by_column.indices[ahead + np.arange(len(inner))].astype(np.int64)
        keep = (inner != outer) & (size[inner] <= size[outer])
        inner, outer, number = inner[keep], outer[keep], 1
        while len(inner) and (number < size[inner]).any():
            more = number < size[inner]
            asked = sorted_entries[pattern.indptr[inner] + np.where(more, number, 0)]
            keep = _has(dense, keys, outer, asked, columns)
            inner, outer, number = inner[keep], outer[keep], number + 1
        yield inner, outer


def _table(pattern: Csr) -> BoolArray:
    table = np.zeros(pattern.shape, dtype=bool)
    table[row_of_pair(pattern), pattern.indices] = True
    return table


def _has(dense: BoolArray | None, keys: IntArray, row: IntArray, column: IntArray, columns: int) -> BoolArray:
    if dense is not None:
        return np.asarray(dense[row, column])
    asked = row * columns + column
    return np.asarray(keys[np.minimum(np.searchsorted(keys, asked), len(keys) - 1)] == asked)
