"""All sets of k further units, in blocks, tested against every limit at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimization.arrays import BoolArray, FloatArray, IntArray, dense_distances
from optimization.covering import Covering
from optimization.stage import Stage

BLOCK = 20_000
CELLS = 1_000_000
"""Numbers that are held at once for a block of sets."""
TIE = 1e-12
"""Relative difference of distances that is rounding."""
WORK = 50_000_000
"""Elementary steps that are spent on sets of one size at most; most are parts of a matrix product."""


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


class TooManyError(Exception):
    """Testing all sets would take more than is spent on it."""


def feasible_sets(stage: Stage, size: int) -> Iterator[IntArray]:
    """Yield blocks (S, size) of sites that keep rows, floors and service; cost is the caller's.

    Sets grow site by site. One is left out as soon as what it covers and the largest single gains
    that are still to come together miss a floor: gains only shrink as a set grows.

    Raises
    ------
    TooManyError
        Before it would take more than `WORK` elementary steps.
    """
    _require_small(stage)
    test = SetTest(stage)
    if not len(test.free):
        blocks: Iterator[IntArray] = iter([np.zeros((1, 0), dtype=np.int64)] if size == 0 else [])
    else:
        blocks = _grown(test, size, repeats=needs_repeats(stage, size))
    for block in blocks:
        good = block[test.passes(block)]
        if len(good):
            yield test.free[good]


def _require_small(stage: Stage) -> None:
    if stage.instance.reach.shape[0] * stage.instance.reach.shape[1] > WORK / 10:
        raise TooManyError


def _grown(test: SetTest, size: int, *, repeats: bool) -> Iterator[IntArray]:
    """Yield all sets of free sites (positions in `test.free`) that may keep the floors, in order."""
    sets = np.zeros((1, 0), dtype=np.int64)
    spent = 0
    for left in range(size - 1, -1, -1):
        spent += len(sets) * test.step
        if spent > WORK:
            raise TooManyError
        longer = []
        for start in range(0, len(sets), test.block):
            part = sets[start : start + test.block]
            row, site = np.nonzero(_follows(part, len(test.free), repeats=repeats) & test.hopes(part, left))
            longer.append(np.column_stack([part[row], site]))
        sets = np.concatenate(longer) if longer else np.zeros((0, size - left), dtype=np.int64)
    for start in range(0, len(sets), BLOCK):
        yield sets[start : start + BLOCK]


def _follows(sets: IntArray, sites: int, *, repeats: bool) -> BoolArray:
    """Return (S, J): which sites come after the last of each set, or are it where a site may repeat."""
    last = sets[:, -1] + (0 if repeats else 1) if sets.shape[1] else np.zeros(len(sets), dtype=np.int64)
    return np.arange(sites) >= last[:, None]


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

    @property
    def step(self) -> int:
        """The elementary steps of growing one set by every site."""
        return len(self.free) * (1 + sum(len(p) * int((need > 0).sum()) for need, _, p in self.covers))

    @property
    def block(self) -> int:
        """How many sets are grown at once, so that they fit into memory."""
        return max(1, CELLS // len(self.free))

    def hopes(self, sets: IntArray, left: int) -> BoolArray:
        """Return (S, J): whether a set, that site and `left` further ones may keep every floor."""
        may = np.ones((len(sets), len(self.free)), dtype=bool)
        for need, weight, pattern in self.covers:
            hit = any_of(pattern, sets)
            for group in np.flatnonzero(need > 0).tolist():
                gain = np.where(hit, 0.0, weight[group][:, None]).T @ pattern.astype(np.float64)
                lacking = need[group] * (1 - 1e-9) - weight[group] @ hit - _largest(gain, left)
                may &= gain >= lacking[:, None]
        return may

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


def _largest(gain: FloatArray, count: int) -> FloatArray:
    """Return the sum of the `count` largest numbers of every row."""
    if count >= gain.shape[1]:
        return np.asarray(gain.sum(axis=1))
    return np.asarray(
        np.partition(gain, gain.shape[1] - count - 1, axis=1)[:, gain.shape[1] - count :].sum(axis=1)
    )


def any_of(pattern: BoolArray, block: IntArray) -> BoolArray:
    """Return (P, S): whether class p has one of the sites of set s."""
    hit = np.zeros((len(pattern), len(block)), dtype=bool)
    for column in range(block.shape[1]):
        hit |= pattern[:, block[:, column]]
    return hit


def nearest_of(stage: Stage, sets: Iterator[IntArray]) -> tuple[IntArray, float] | None:
    """Return the set of least weighted distance and that distance, None where no set serves everyone.

    Of sets that are equally near but for rounding the first is returned, whatever the unit of
    weight or distance.

    Raises
    ------
    TooManyError
        Where measuring them would take more than a fifth of `WORK`: these steps are dearer.
    """
    best, least, spent = None, np.inf, 0
    _require_small(stage)
    distances = SetDistances(stage)
    for block in sets:
        spent += distances.weight.size * block.size
        if spent > WORK // 5:
            raise TooManyError
        value = distances.of(block)
        at = int(np.argmax(value <= value.min() * (1 + TIE)))
        if best is None or value[at] < least * (1 - TIE):
            best, least = block[at], float(value[at])
    return None if best is None or not np.isfinite(least) else (best, least)


class SetDistances:
    """The distances of a stage, laid out for many sets at once."""

    def __init__(self, stage: Stage) -> None:
        instance = stage.instance
        counts = instance.weight > 0
        beyond = np.inf if instance.beyond is None or stage.must_serve else instance.beyond
        self.weight = instance.weight[counts]
        self.dense = np.minimum(dense_distances(stage.reach), beyond)[counts]
        self.fixed = self.dense[:, instance.fixed > 0].min(axis=1, initial=beyond)

    def of(self, sets: IntArray) -> FloatArray:
        """Return the weighted distance of each set of sites, infinite where someone is not served."""
        value = np.zeros(len(sets))
        size = max(1, CELLS // max(1, len(self.weight)))
        for start in range(0, len(sets), size):
            block = sets[start : start + size]
            least = np.repeat(self.fixed[:, None], len(block), axis=1)
            for column in range(block.shape[1]):
                np.minimum(least, self.dense[:, block[:, column]], out=least)
            value[start : start + size] = self.weight @ least
        return value
