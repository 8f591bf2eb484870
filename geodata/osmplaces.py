"""Where OpenStreetMap's nodes are, by id, in sorted arrays: sixteen bytes a node."""

from array import array
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int64]

SCALE = 1e7  # coordinates are whole numbers of 1e-7 degrees


def no_ids() -> Ids:
    """Return no ids at all."""
    return np.zeros(0, dtype=np.int64)


class Places:
    """Where nodes are: their ids, ascending, and coordinates as whole numbers of 1e-7 degrees."""

    def __init__(
        self,
        ids: Ids | None = None,
        x: NDArray[np.int32] | None = None,
        y: NDArray[np.int32] | None = None,
    ) -> None:
        self.ids = no_ids() if ids is None else ids
        self.x = np.zeros(0, dtype=np.int32) if x is None else x
        self.y = np.zeros(0, dtype=np.int32) if y is None else y

    def known(self, refs: Ids) -> NDArray[np.bool_]:
        """Return for each of `refs` whether its place is known."""
        if not len(self.ids):
            return np.zeros(len(refs), dtype=bool)
        where = np.minimum(np.searchsorted(self.ids, refs), len(self.ids) - 1)
        return np.asarray(self.ids[where] == refs)

    def any_known(self, ways: list[Ids]) -> list[bool]:
        """Return for each way whether the place of one of its nodes is known."""
        counts = np.array([len(refs) for refs in ways], dtype=np.int64)
        known = self.known(np.concatenate([no_ids(), *ways]))
        way = np.repeat(np.arange(len(ways)), counts)[known]
        return [bool(count) for count in np.bincount(way, minlength=len(ways))]

    def lonlat(self, refs: Ids) -> NDArray[np.float64]:
        """Return the places of `refs`, shape (n, 2) in degrees; NaN where unknown."""
        found = np.full((len(refs), 2), np.nan)
        known = self.known(refs)
        where = np.searchsorted(self.ids, refs[known])
        found[known] = np.column_stack([self.x[where], self.y[where]]) / SCALE
        return found

    def joined(self, other: "Places") -> "Places":
        """Return these places and those of `other`."""
        ids, first = np.unique(np.concatenate([self.ids, other.ids]), return_index=True)
        x, y = (np.concatenate(pair)[first] for pair in ((self.x, other.x), (self.y, other.y)))
        return Places(ids, x, y)


class GrowingPlaces:
    """Ids and places while they are read: sixteen bytes a node."""

    def __init__(self) -> None:
        self.ids, self.x, self.y = array("q"), array("i"), array("i")

    def add(self, number: int, x: int, y: int) -> None:
        """Add a node."""
        self.ids.append(number)
        self.x.append(x)
        self.y.append(y)

    def places(self) -> "Places":
        """Return what was added, in order; of a node added twice, the first."""
        ids = np.array(self.ids, dtype=np.int64)
        ids, first = np.unique(ids, return_index=True)
        return Places(ids, np.array(self.x, dtype=np.int32)[first], np.array(self.y, dtype=np.int32)[first])
