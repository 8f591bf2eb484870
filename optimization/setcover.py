"""Plans for a pure set cover: every class must have an open site, and only cost counts."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.clock import Clock
from optimization.coverage_left import Left
from optimization.domination import undominated_rows
from optimization.problem import Objective
from optimization.stage import Stage, within_limits

STEPS = 50_000  # a call of the compiled search, between looks at the clock
CALLS = 8  # without a better cover
LEAST_CLASSES = 60  # fewer are proven before the compiled search is even loaded


def is_set_cover(stage: Stage, lefts: list[Left]) -> bool:
    """Return whether a stage asks for the cheapest cover of classes that must all be covered."""
    instance = stage.instance
    alone = not (stage.elastic or stage.kept or stage.opened is not None or len(instance.lower))
    needs = any(left.need.any() for left in lefts)
    classes = sum(left.must.shape[0] for left in lefts)
    return stage.objective is Objective.COST and alone and not needs and classes >= LEAST_CLASSES


class SetCoverSearch:
    """The heuristic of a pure set cover: greed, then the search with row weights."""

    steps = STEPS

    def __init__(self, stage: Stage, lefts: list[Left], seed: int) -> None:
        self.stage, self.seed = stage, seed
        rows = sparse.csr_array(sparse.vstack([left.must for left in lefts]))
        rows.sort_indices()
        self.rows = rows[undominated_rows(rows)]
        self.by_site = self.rows.T.tocsr()
        cost = stage.instance.cost
        # free sites must still be weighed against each other
        self.cost = np.maximum(cost, 1e-6 * float(cost.max(initial=1.0)))
        self.margin = 1.0 if stage.instance.whole_costs else 1e-6 * float(cost.max(initial=1.0))

    def first(self, start: IntArray | None, clock: Clock) -> IntArray | None:
        """Return the best cover met until the search stalls, from `start` or from greed."""
        chosen = self._greedy() if start is None else (start > 0) & (start > self.stage.instance.fixed)
        best, stalled, call = self._searched(chosen, 0), 0, 1
        while stalled < CALLS and clock.left > 0:
            found = self._searched(best, call)
            stalled = stalled + 1 if self.cost @ found >= self.cost @ best - 1e-9 else 0
            best, call = found, call + 1
        return self._units(best)

    def improve(self, units: FloatArray | None, best: IntArray | None, clock: Clock) -> IntArray | None:
        """Return nothing: relaxed solutions have not led to covers that the search misses."""
        del units, best, clock
        return None

    def _greedy(self) -> BoolArray:
        chosen, left = np.zeros(len(self.cost), dtype=bool), np.ones(self.rows.shape[0])
        while left.any():
            site = int(np.argmax((self.by_site @ left) / self.cost))
            chosen[site] = True
            left[self.by_site.indices[self.by_site.indptr[site] : self.by_site.indptr[site + 1]]] = 0.0
        return chosen

    def _searched(self, chosen: BoolArray, call: int) -> BoolArray:
        from optimization.setcover_kernels import weighted_rows_search

        parts = (self.rows.indptr, self.rows.indices, self.by_site.indptr, self.by_site.indices)
        start, site, site_start, row = (part.astype(np.int64) for part in parts)
        seed = self.seed + 1000 * call
        return np.asarray(
            weighted_rows_search(
                start, site, site_start, row, self.cost, chosen, self.margin, self.steps, self.steps, seed
            )
        )

    def _units(self, chosen: BoolArray) -> IntArray | None:
        units = self.stage.instance.fixed + chosen.astype(np.int64)
        return units if within_limits(self.stage, units) else None
