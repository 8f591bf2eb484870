"""Covering limits over merged demand points: who must have an open site among which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, csr_of, keep_pairs, sums
from optimization.instance import FLOOR_TOLERANCE, CoverLimit, Instance


@dataclass(frozen=True, slots=True, eq=False)
class Covering:
    """One cover over P classes of demand points that are alike for it.

    Attributes
    ----------
    limit : CoverLimit
        The cover as asked.
    pattern : csr_array (P, J)
        Sites that cover each class; points that no site covers are left out.
    weight, group : float (P,), int (P,)
        Summed weight and group of each class.
    total : float (G,)
        Weight of every group, points that no site covers included.
    """

    limit: CoverLimit
    pattern: Csr
    weight: FloatArray
    group: IntArray
    total: FloatArray

    @property
    def need(self) -> FloatArray:
        """Weight that must be covered in each group, less the tolerance of a share."""
        return np.maximum(0.0, self.limit.floor - FLOOR_TOLERANCE) * self.total

    def covered(self, is_open: BoolArray) -> BoolArray:
        """Return which classes have an open site."""
        return np.asarray(self.pattern @ is_open.astype(np.float64) > 0.5)

    def weight_covered(self, is_open: BoolArray) -> FloatArray:
        """Return the weight covered in each group."""
        return sums(self.group, self.weight * self.covered(is_open), len(self.total))

    def shortage(self, is_open: BoolArray) -> FloatArray:
        """Return each group's relative shortage, max(0, floor - share) / floor."""
        need = self.limit.floor * self.total
        short = np.maximum(0.0, need - self.weight_covered(is_open))
        return np.where(short > FLOOR_TOLERANCE * self.total, short / np.where(need > 0, need, 1.0), 0.0)


def coverings(instance: Instance) -> tuple[Covering, ...]:
    """Return the coverage floor and every cover, each over its own merged demand points."""
    return tuple(covering(instance, limit) for limit in instance.limits)


def covering(instance: Instance, limit: CoverLimit) -> Covering:
    """Merge the points that this cover cannot tell apart: same covering sites, same group."""
    reach = instance.reach
    near = keep_pairs(reach, limit.sites[reach.indices] & (reach.data <= limit.within))
    total = sums(limit.group, limit.weight, len(limit.floor))
    counts = np.flatnonzero((limit.weight > 0) & (np.diff(near.indptr) > 0))
    first, classes = alike(near, [limit.group.astype(np.float64)], counts)
    return Covering(
        limit=limit,
        pattern=ones_like(near[first]),
        weight=sums(classes, limit.weight[counts], len(first)),
        group=limit.group[first],
        total=total,
    )


def alike(
    pairs: Csr, labels: list[FloatArray], points: IntArray, *, distances: bool = False
) -> tuple[IntArray, IntArray]:
    """Group `points` with the same stored sites, the same labels and (if asked) the same distances.

    Two random sums stand for a row's pattern: equal rows give equal sums exactly, since both are
    added in the same order; unequal ones collide with a chance of about 2**-100.

    Returns
    -------
    first, classes
        A representative point of every class, in order of first appearance, and the class of each
        of `points`.
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    random = np.random.default_rng(20_260_731)
    keys = [label[points] for label in labels]
    for _ in range(2):
        mark = csr_of(random.random(pairs.shape[1])[pairs.indices], pairs.indices, pairs.indptr, pairs.shape)
        if distances:
            mark.data = mark.data * (random.random() + pairs.data)
        keys.append(np.asarray(mark.sum(axis=1)).ravel()[points])
    _, first, classes = np.unique(np.column_stack(keys), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return points[first[order]], rank[classes.ravel()]


def ones_like(matrix: Csr) -> Csr:
    """Return the pattern of `matrix` as a matrix of ones."""
    return csr_of(np.ones(matrix.nnz), matrix.indices, matrix.indptr, matrix.shape)
