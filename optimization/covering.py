"""Covering limits over merged demand points: who must have an open site among which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, csr_of, keep_pairs, sums
from optimization.instance import FLOOR_TOLERANCE, CoverLimit, Instance

Marks: TypeAlias = npt.NDArray[np.uint64]
BLOCK = 1_000_000  # pairs looked at in one go


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
    """Merge the points that this cover cannot tell apart: same covering sites, same group.

    Each cover merges for itself, by the pairs it measures: points that one cover's own distances tell
    apart may be one class of another. So `alike` needs to know of no other cover.
    """
    near = _near(limit.pairs(instance.reach), limit)
    counts = np.flatnonzero((limit.weight > 0) & (np.diff(near.indptr) > 0))
    first, classes = alike(near, [limit.group], counts)
    return Covering(
        limit=limit,
        pattern=ones_like(near[first]),
        weight=sums(classes, limit.weight[counts], len(first)),
        group=limit.group[first],
        total=sums(limit.group, limit.weight, len(limit.floor)),
    )


def _near(reach: Csr, limit: CoverLimit) -> Csr:
    """Return the pairs that count; the same object where all do, since a million points fill memory."""
    if limit.sites.all() and (np.isinf(limit.within) or not (reach.data > limit.within).any()):
        return reach
    return keep_pairs(reach, limit.sites[reach.indices] & (reach.data <= limit.within))


def alike(
    pairs: Csr, labels: Sequence[FloatArray | IntArray], points: IntArray, *, distances: bool = False
) -> tuple[IntArray, IntArray]:
    """Group `points` with the same stored sites, the same labels and (if asked) the same distances.

    Merging such points and adding their weights is lossless. A plan covers all or none of them,
    since they have the same sites; so covered weight is the sum over classes, in every group. With
    the same distances too, their nearest open site and its distance are the same, and weight times
    distance adds up. With capacity that may be split, any flow to the points adds up to a flow to
    their class over the same pairs, and any flow to the class is handed on to its points in
    proportion to their weights, with the same loads, the same weight served and (with the same
    distances) the same transport. Not so where each point must stay whole (`single_source`): parts
    of a class may go to different sites.

    Two 64-bit sums of random numbers stand for a row: equal rows give equal sums in any order,
    unequal ones collide with a chance of about 2**-128 a pair.

    Parameters
    ----------
    pairs : csr_array (I, J)
        Stored sites, and distances if `distances`.
    labels : sequence of arrays (I,)
        What else must be equal.
    points : int (K,)
        The points to group.

    Returns
    -------
    first, classes
        The first point of every class, in order of appearance, and the class of each of `points`.
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    one, two = _fingerprints(pairs, labels, points, distances=distances)
    order = np.argsort(one, kind="stable")
    one, two = one[order], two[order]
    starts = np.concatenate(([True], (one[1:] != one[:-1]) | (two[1:] != two[:-1])))
    first = order[starts]
    appearance = np.argsort(first, kind="stable")
    rank = np.empty_like(appearance)
    rank[appearance] = np.arange(len(appearance))
    classes = np.empty(len(points), dtype=np.int64)
    classes[order] = rank[np.cumsum(starts) - 1]
    return points[first[appearance]], classes


def _fingerprints(
    pairs: Csr, labels: Sequence[FloatArray | IntArray], points: IntArray, *, distances: bool
) -> tuple[Marks, Marks]:
    """Return two sums of marks (K,) for the rows `points`, a block of rows at a time."""
    random = np.random.default_rng(20_260_731)
    marks = random.integers(0, 2**64, (2, pairs.shape[1]), dtype=np.uint64, endpoint=False)
    salts = random.integers(0, 2**64, (2, len(labels)), dtype=np.uint64, endpoint=False)
    size = np.diff(pairs.indptr)
    result = np.zeros((2, pairs.shape[0]), dtype=np.uint64)
    block = max(1, BLOCK * pairs.shape[0] // max(1, pairs.nnz))
    for start in range(0, pairs.shape[0], block):
        end = min(start + block, pairs.shape[0])
        low, high = int(pairs.indptr[start]), int(pairs.indptr[end])
        filled = np.flatnonzero(size[start:end] > 0)
        if not len(filled):
            continue
        sites = pairs.indices[low:high]
        bounds = pairs.indptr[start:end][filled] - low
        for out, mark in zip(result, marks, strict=True):
            values = mark[sites]
            if distances:
                values = _mixed(values + (pairs.data[low:high] + 0.0).view(np.uint64))
            out[start + filled] = np.add.reduceat(values, bounds)
    one, two = result[0][points], result[1][points]
    for label, salt in zip(labels, salts.T, strict=True):
        bits = (label[points].astype(np.float64) + 0.0).view(np.uint64)  # + 0.0: no negative zero
        one, two = one + _mixed(bits + salt[0]), two + _mixed(bits + salt[1])
    return one, two


def _mixed(values: Marks) -> Marks:
    """Return the numbers scrambled one to one (the finaliser of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def ones_like(matrix: Csr) -> Csr:
    """Return the pattern of `matrix` as a matrix of ones."""
    return csr_of(np.ones(matrix.nnz), matrix.indices, matrix.indptr, matrix.shape)
