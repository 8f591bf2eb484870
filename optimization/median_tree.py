"""Best-first branch and bound over the Lagrangian bound of `distance` and `total`.

At every node some sites are open, some closed, and a few dozen subgradient steps from its parent's
multipliers raise the bound (Christofides and Beasley 1982). What the bound settles by reduced cost
is settled for all nodes below; the rest branches on the site that the steps open nearly half of the
time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.arrays import BoolArray, FloatArray, IntArray
from optimization.clock import Clock
from optimization.floor_reach import Reach
from optimization.priced import Floors, Limits
from optimization.result import ROUNDING
from optimization.service import Service

ROOT_STEPS = 100
ROOT_ROUNDS = 10
ROOT_PATIENCE = 20
SCALES = (1.4, 0.7, 1.2, 0.85, 1.08, 0.93)
SCALED_STEPS = 60
NODE_STEPS = 60
NODE_PATIENCE = 5
FIRST_STEP = 1.5
NODE_STEP = 2.0
LEAST_STEP = 1e-3
IMPROVED = 20
GAP_SHARE = 0.999  # a little inside the gap, so that rounding undoes no proof
IMPROVE_EVERY = 8
PAIR_S = 4e-9  # of one pair in one step, so that the last steps end with the clock


class Node(NamedTuple):
    """A part of the search: its bound, settled sites, multipliers and what the steps opened.

    `shares` are the multipliers of what floors can still reach (see `floor_reach`).
    """

    bound: float
    state: npt.NDArray[np.int8]
    multiplier: FloatArray
    prices: FloatArray
    worth: FloatArray
    chosen: BoolArray
    frequency: FloatArray
    shares: tuple[FloatArray, ...]

    @property
    def undecided(self) -> IntArray:
        """Sites still free."""
        return np.flatnonzero(self.state == 0)


@dataclass(slots=True)
class Tree:
    """The search, from the root's steps to its proof.

    Attributes
    ----------
    value : float
        Value of the best plan at hand.
    improve : callable
        Takes the sites (M,) that a bound chose and its prices, returns the value of the best plan.
    gap : float
        The relative gap at which the search may end.
    complete, counted : bool
        A node without free sites, or with all the sites allowed, stands for one plan, which
        `improve` has seen: if it is not better or not allowed, nothing is left there.
    cap : float array (I,)
        The most a multiplier may be; the rows of `service` hold all pairs that cost less.
    reaches : tuple of Reach
        The most that the floors can get: a node below a floor is empty.
    unsettled : float
        Least bound among nodes that cannot be divided and are not settled.
    """

    service: Service
    floors: Floors
    limits: Limits
    value: float
    improve: Callable[[BoolArray, FloatArray], float]
    gap: float
    clock: Clock
    complete: bool
    counted: bool
    cap: FloatArray
    reaches: tuple[Reach, ...] = ()
    heap: list[tuple[float, int, Node]] = field(default_factory=list)
    unsettled: float = math.inf
    nodes: int = 0

    @property
    def _step_s(self) -> float:
        """About the seconds of one step of the bound."""
        return PAIR_S * (len(self.service.cost) + len(self.service.base))

    @property
    def cutoff(self) -> float:
        """No plan worth less than this is missed: what is better lies below, or is within the gap."""
        size = max(1.0, abs(self.value))
        within = self.value - max(GAP_SHARE * self.gap, ROUNDING / 2) * size
        grain = self.service.grain
        return min(within, self.value - grain * (1 - 1e-4)) if grain else within

    @property
    def bound(self) -> float:
        """The proven bound on every plan."""
        left = self.heap[0][0] if self.heap else math.inf
        return min(self.value, self.service.round_up(min(self.cutoff, left, self.unsettled)))

    def root(self, starts: list[tuple[FloatArray, FloatArray]]) -> Node:
        """Return the root after its steps from the best of these multipliers and prices.

        Plans are tried on the way.
        """
        state = np.zeros(len(self.service.sites), dtype=np.int8)
        pace = (ROOT_STEPS, ROOT_PATIENCE, FIRST_STEP)
        shares = tuple(reach.first_shares for reach in self.reaches)
        runs = [self.node(state.copy(), *start, shares, pace) for start in starts]
        node, step = max(runs, key=lambda run: run[0].bound)
        node = self.scaled(node) if len(starts) > 1 else node
        for _ in range(1, ROOT_ROUNDS):
            self.value = min(self.value, self.improve(node.chosen, node.prices))
            if node.bound >= self.cutoff or step < LEAST_STEP or self.clock.left <= 0:
                break
            before = node
            again = node.state.copy(), node.multiplier.copy(), node.prices.copy(), node.shares
            node, step = self.node(*again, (*pace[:2], step))
            if before.bound > node.bound:
                node = before._replace(state=node.state)
        return node

    def scaled(self, node: Node) -> Node:
        """Return the node after trying its prices larger and smaller, while that raises the bound.

        Multipliers follow prices quickly, prices alone move slowly along the ridge of the bound.
        """
        for factor in SCALES:
            while node.bound < self.cutoff and self.clock.left > 0:
                start = node.state.copy(), node.multiplier.copy(), factor * node.prices, node.shares
                trial, _ = self.node(*start, (SCALED_STEPS, ROOT_PATIENCE // 2, FIRST_STEP))
                if trial.bound <= node.bound:
                    break
                node = trial
        return node

    def node(
        self,
        state: npt.NDArray[np.int8],
        multiplier: FloatArray,
        prices: FloatArray,
        shares: tuple[FloatArray, ...],
        pace: tuple[int, int, float] = (NODE_STEPS, NODE_PATIENCE, NODE_STEP),
    ) -> tuple[Node, float]:
        """Return a node after its steps, and the last step's length; the arrays given become its own."""
        from optimization.lagrangian_kernels import ascend

        steps, patience, step = pace
        limit = self.service.limit
        tried = [reach.settle(state, own, limit) for reach, own in zip(self.reaches, shares, strict=True)]
        shares = tuple(own for own, _ in tried)
        numbers = np.array([limit, self.value, self.cutoff, step, LEAST_STEP])
        bound, worth, chosen, frequency = ascend(
            (*self.service.rows, self.cap),
            self.floors.parts,
            self.limits.parts,
            state,
            multiplier,
            prices,
            numbers,
            min(steps, 1 + int(max(0.0, self.clock.left) / self._step_s)),
            patience,
        )
        if not all(enough for _, enough in tried):
            bound = math.inf
        node = Node(float(bound), state, multiplier, prices, worth, chosen, frequency, shares)
        return node, float(numbers[3])

    def search(self, root: Node, most_nodes: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Divide the node with the least bound until proof, clock, `most_nodes` or `enough` ends it."""
        self.push(root)
        while self.heap and self.heap[0][0] < self.cutoff and self.nodes < most_nodes:
            if self.clock.left <= 0 or enough():
                return
            _, _, node = heapq.heappop(self.heap)
            for child in self.children(node):
                self.push(child)

    def push(self, node: Node) -> None:
        """Try the node's sites as a plan and keep the node while it may hold a better one."""
        self.nodes += 1
        full = int((node.state == 1).sum()) >= self.service.limit
        ends = full or not len(node.undecided)
        if ends:
            self.value = min(self.value, self.improve(node.state == 1, node.prices))
        elif self.nodes <= IMPROVED or self.nodes % IMPROVE_EVERY == 0:
            self.value = min(self.value, self.improve(node.chosen, node.prices))
        if node.bound >= self.cutoff:
            return
        if not ends:
            heapq.heappush(self.heap, (node.bound, self.nodes, node))
        elif not (self.complete or (full and self.counted)):
            self.unsettled = min(self.unsettled, node.bound)

    def children(self, node: Node) -> list[Node]:
        """Return the node with one site open, and with it closed."""
        free = node.undecided
        site = free[np.argmin(np.abs(node.frequency[free] - 0.5))]
        children = []
        for side in (1, -1):
            state = node.state.copy()
            state[site] = side
            child, _ = self.node(state, node.multiplier.copy(), node.prices.copy(), node.shares)
            children.append(child._replace(bound=max(child.bound, node.bound)))
        return children
