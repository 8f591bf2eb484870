"""All sets of k further units, in blocks, tested against every limit at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, combinations_with_replacement, islice
from math import comb

import numpy as np

from optimization.arrays import BoolArray, FloatArray, IntArray, dense_distances
from optimization.covering import Covering
from optimization.stage import Stage

BLOCK = 20_000


def count_sets(stage: Stage, size: int) -> int:
    """Return how many sets there are to test."""
    sites = len(stage.instance.free)
    return comb(sites + size - 1, size) if needs_repeats(stage, size) else comb(sites, size)


def needs_repeats(stage: Stage, size: int) -> bool:
    """Return whether sets must be tested that hold several units at one site.

    Spread units are as good where every row counts all free sites alike and there are sites
    enough: moving the second unit to an empty site changes no row and covers no less.
    """
    instance = stage.instance
    free = instance.free
    if not len(free) or (instance.units[free] - instance.fixed[free]).max() == 1:
        return False
    rows = instance.rows[:, free].toarray()
    return size > len(free) or bool(rows.size and (rows != rows[:, :1]).any())


def feasible_sets(stage: Stage, size: int) -> Iterator[IntArray]:
    """Yield blocks (S, size) of sites that keep rows, floors and service; cost is the caller's."""
    test = SetTest(stage)
    for block in _blocks(len(test.free), size, repeats=needs_repeats(stage, size)):
        good = block[test.passes(block)]
        if len(good):
            yield test.free[good]


def _blocks(sites: int, size: int, *, repeats: bool) -> Iterator[IntArray]:
    if size == 0:
        yield np.zeros((1, 0), dtype=np.int64)
        return
    choose = combinations_with_replacement if repeats else combinations
    flat = chain.from_iterable(choose(range(sites), size))
    while True:
        block = np.fromiter(islice(flat, BLOCK * size), dtype=np.int64).reshape(-1, size)
        if not len(block):
            return
        yield block


class SetTest:
    """The limits of a stage, laid out for many sets at once."""

    def __init__(self, stage: Stage) -> None:
        instance = stage.instance
        self.stage, self.free = stage, instance.free
        self.room = (instance.units - instance.fixed)[self.free]
        self.rows: FloatArray = instance.rows[:, self.free].toarray()
        self.there: FloatArray = instance.rows @ instance.fixed.astype(np.float64)
        self.covers = [self._open_classes(covering) for covering in stage.presence]
        self.service = self._unserved() if stage.must_serve else np.zeros((0, len(self.free)), dtype=bool)

    def _open_classes(self, covering: Covering) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return each group's need beyond the fixed sites, (G, P) weights and (P, J) patterns."""
        done = covering.covered(self.stage.instance.fixed > 0)
        pattern = covering.pattern.toarray()[:, self.free] > 0
        weight = np.zeros((len(covering.total), len(done)))
        weight[covering.group, np.arange(len(done))] = covering.weight
        return covering.need - weight @ done, weight[:, ~done], pattern[~done]

    def _unserved(self) -> BoolArray:
        reachable = np.isfinite(dense_distances(self.stage.reach))
        served = reachable[:, self.stage.instance.fixed > 0].any(axis=1)
        return np.unique(reachable[~served][:, self.free], axis=0)

    def passes(self, block: IntArray) -> BoolArray:
        """Return which sets of the block keep every limit."""
        good = np.ones(len(block), dtype=bool)
        if (self.room < block.shape[1]).any():
            repeats = (block[:, :, None] == block[:, None, :]).sum(axis=2)
            good &= (repeats <= self.room[block]).all(axis=1)
        if len(self.rows):
            actual = self.there[:, None] + self.rows[:, block].sum(axis=2)
            slack = 1e-9 * np.maximum(1.0, np.abs(actual))
            lower, upper = self.stage.instance.lower[:, None], self.stage.instance.upper[:, None]
            good &= ((actual >= lower - slack) & (actual <= upper + slack)).all(axis=0)
        for need, weight, pattern in self.covers:
            if (need > 0).any():
                good &= (weight @ any_of(pattern, block) >= need[:, None]).all(axis=0)
        return good & any_of(self.service, block).all(axis=0)


def any_of(pattern: BoolArray, block: IntArray) -> BoolArray:
    """Return (P, S): whether class p has one of the sites of set s."""
    hit = np.zeros((len(pattern), len(block)), dtype=bool)
    for column in range(block.shape[1]):
        hit |= pattern[:, block[:, column]]
    return hit


def set_distances(stage: Stage, sets: IntArray) -> FloatArray:
    """Return the weighted distance of each set of sites, infinite where someone is not served."""
    instance = stage.instance
    beyond = np.inf if instance.beyond is None or stage.must_serve else instance.beyond
    dense = np.minimum(dense_distances(stage.reach), beyond)[instance.weight > 0]
    weight = instance.weight[instance.weight > 0]
    fixed = dense[:, instance.fixed > 0].min(axis=1, initial=beyond)
    value = np.zeros(len(sets))
    for start in range(0, len(sets), BLOCK):
        block = sets[start : start + BLOCK]
        least = np.repeat(fixed[:, None], len(block), axis=1)
        for column in range(block.shape[1]):
            np.minimum(least, dense[:, block[:, column]], out=least)
        value[start : start + BLOCK] = weight @ least
    return value
