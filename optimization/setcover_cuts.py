"""Cuts for a set cover from three rows at a time: what overlaps cannot be used twice by halves."""

from __future__ import annotations

import numpy as np

from optimization.arrays import Csr, FloatArray, IntArray
from optimization.cuts import NO_CUTS, Cuts, cuts_of
from optimization.model import Model, Term

TIGHT = 1.25  # rows met by more than this have little part in a violated cut
OVERLAP = 0.3  # of the three pairs of a violated cut one shares at least a third of a unit
PAIRS = 3000
MOST = 300
LEAST_VIOLATION = 0.03
LARGEST = 4_000_000  # entries of the rows as a table


class ThreeRows:
    """The family of rounded sums of three rows (Chvatal 1973; Caprara and Fischetti 1996).

    Half the sum of the rows sum_{j in R} u_j >= 1 for R1, R2, R3, rounded up on both sides, is

        sum_{j in R1 | R2 | R3} u_j + sum_{j in R1 & R2 & R3} u_j >= 2

    which every whole u that meets the rows keeps. `rows` is csr (M, J).
    """

    def __init__(self, model: Model, rows: Csr) -> None:
        self.rows: FloatArray = np.zeros((0, rows.shape[1]))
        if rows.shape[0] * rows.shape[1] <= LARGEST:
            self.rows = rows.toarray()
        self.column: IntArray = np.full(rows.shape[1], -1, dtype=np.int64)
        for site, unit in model.units.items():
            self.column[site] = unit.index

    def define(self, model: Model) -> list[Term]:
        """Add nothing: these cuts are over units alone."""
        del model
        return []

    def separate(self, units: FloatArray, columns: FloatArray) -> Cuts:
        """Return the most violated cuts at the units that `columns` hold."""
        del units
        own = np.where(self.column >= 0, columns[self.column], 0.0)
        sums = np.unique(self._violated(own), axis=0)
        row, site = np.nonzero(sums)
        if not len(row):
            return NO_CUTS
        count = len(sums)
        return cuts_of(
            row,
            self.column[site],
            sums[row, site],
            lower=np.full(count, 2.0),
            upper=np.full(count, np.inf),
        )

    def _violated(self, own: FloatArray) -> FloatArray:
        """Return the left sides (K, J) of violated cuts: each pair with the best third row."""
        support = np.flatnonzero(own > 1e-6)
        met = self.rows[:, support] @ own[support]
        tight = np.flatnonzero((met < TIGHT) & (met > 1.0 - 1e-6))
        rows, value = self.rows[np.ix_(tight, support)], own[support]
        shared = (rows * value) @ rows.T
        first, second = np.nonzero(np.triu(shared, 1) > OVERLAP)
        if not len(first):
            return np.zeros((0, len(own)))
        most = np.argsort(-shared[first, second], kind="stable")[:PAIRS]
        first, second = first[most], second[most]
        by_all = (rows[first] * rows[second] * value) @ rows.T
        union = (met[tight][first] + met[tight][second] - shared[first, second])[:, None] + met[tight]
        left = union - shared[first] - shared[second] + 2.0 * by_all
        here = np.arange(len(first))
        left[here, first] = left[here, second] = np.inf
        third = np.argmin(left, axis=1)
        violation = 2.0 - left[here, third]
        best = np.argsort(-violation, kind="stable")[:MOST]
        best = best[violation[best] > LEAST_VIOLATION]
        three = np.stack([first[best], second[best], third[best]])
        return np.asarray(np.ceil(self.rows[tight[three]].sum(axis=0) / 2.0))
