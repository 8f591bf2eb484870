"""Cuts: rows that describe a part of a stage to its master only where a solution needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from optimization.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from optimization.model import Model, Term


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Rows over the columns of a live master: lower <= sum of data * column <= upper.

    `indptr` (K + 1,), `indices` and `data` are compressed rows; `lower` and `upper` (K,).
    """

    indptr: IntArray
    indices: IntArray
    data: FloatArray
    lower: FloatArray
    upper: FloatArray

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.lower)


NO_CUTS = Cuts(
    np.zeros(1, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
    np.zeros(0),
    np.zeros(0),
    np.zeros(0),
)


class Family(Protocol):
    """A part of a stage that the master knows by cuts: covers, distance or capacity."""

    def define(self, model: Model) -> list[Term]:
        """Add auxiliary variables, limits over them and objectives; return weighted shortages.

        Objectives are written to `model.values`. Shortages are those of elastic floors.
        """

    def separate(self, units: FloatArray, columns: FloatArray) -> Cuts:
        """Return cuts made at `units` (J,), existing ones included, that `columns` (N,) violate.

        `columns` are the values of the master's columns; a variable's column is its `index`.
        """


def cuts_of(
    row: IntArray, column: IntArray, value: FloatArray, *, lower: FloatArray, upper: FloatArray
) -> Cuts:
    """Return cuts from triplets sorted by row; zero coefficients are left out."""
    keep = value != 0
    counts = np.bincount(row[keep], minlength=len(lower))
    indptr = np.concatenate(([0], np.cumsum(counts)))
    return Cuts(indptr, column[keep], value[keep], lower, upper)


def stack(parts: Iterable[Cuts]) -> Cuts:
    """Return all rows of several sets of cuts."""
    filled: Sequence[Cuts] = [part for part in parts if part.count]
    if not filled:
        return NO_CUTS
    ends = np.cumsum([0, *(part.indptr[-1] for part in filled)])
    indptr = [part.indptr[1:] + end for part, end in zip(filled, ends[:-1], strict=True)]
    return Cuts(
        np.concatenate([[0], *indptr]),
        np.concatenate([part.indices for part in filled]),
        np.concatenate([part.data for part in filled]),
        np.concatenate([part.lower for part in filled]),
        np.concatenate([part.upper for part in filled]),
    )
