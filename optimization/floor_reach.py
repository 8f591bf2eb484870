"""What a floor can still get: sites and nodes without which it is out of reach.

The least weight that at most p sites leave uncovered is a median too, with cost 0 within the cover's
distance and the point's weight for the way out. Its Lagrangian bound, above what the floor lets go,
empties a node; its reduced costs settle sites (Galvao and ReVelle 1996 bound maximal covering so).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.priced import Floors
from optimization.service import Service

MOST = 4
STEPS = 40
PATIENCE = 6
STEP = 1.5
LEAST_STEP = 1e-2
MARGIN = 1e-7
AIM = 1.05


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The pairs (N,) within a cover's distance, by row; each row's weight (I',), and what may be lost."""

    start: IntArray
    site: npt.NDArray[np.int32]
    weight: FloatArray
    loss: float

    @property
    def first_shares(self) -> FloatArray:
        """Multipliers to start from."""
        return self.weight / 2.0

    def settle(self, state: npt.NDArray[np.int8], shares: FloatArray, limit: int) -> tuple[FloatArray, bool]:
        """Settle sites (M,) in place; return the multipliers, and whether the floor is within reach."""
        from optimization.lagrangian_kernels import ascend

        sites, points = len(state), len(self.weight)
        rows = (self.start, self.site, np.zeros(len(self.site)), self.weight, np.zeros(sites))
        whole, real = np.zeros((0, points), dtype=np.int64), np.zeros((0, points))
        nothing = (whole, whole, real, real, np.zeros(0)), (np.zeros((0, sites)), np.zeros(0))
        numbers = np.array([limit, AIM * self.loss, self.loss, STEP, LEAST_STEP])
        shares = shares.copy()
        cap = np.full(points, np.inf)
        bound, *_ = ascend((*rows, cap), *nothing, state, shares, np.zeros(0), numbers, STEPS, PATIENCE)
        return shares, bool(bound < self.loss)


def reaches_of(service: Service, floors: Floors) -> tuple[Reach, ...]:
    """Return what each floor that asks for anything can get, if they are few."""
    needed = np.flatnonzero(floors.need > 0)
    return tuple(_reach(service, floors, floor) for floor in needed.tolist()) if len(needed) <= MOST else ()


def _reach(service: Service, floors: Floors, floor: int) -> Reach:
    kind = int(np.flatnonzero((floors.label == floor).any(axis=1))[0])
    own: BoolArray = (floors.label[kind] == floor) & (floors.gain[kind] > 0)
    total = float(floors.gain[kind][own].sum())
    rows = np.flatnonzero(own & (floors.there[kind] == 0))
    first, last = service.start[rows], floors.end[kind][rows]
    start = np.concatenate(([0], np.cumsum(last - first)))
    within = np.arange(start[-1]) + np.repeat(first - start[:-1], last - first)
    loss = total - float(floors.need[floor]) + MARGIN * total
    return Reach(start, service.site[within], floors.gain[kind][rows], loss)
