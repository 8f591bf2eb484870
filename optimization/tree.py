"""A tree over the relaxation of a master: best bound first after diving; cuts hold everywhere."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from optimization.arrays import FloatArray, IntArray
from optimization.cuts import cuts_of
from optimization.live import Relaxed
from optimization.result import Outcome
from optimization.search import WHOLE, Search
from optimization.stage import linear_limits_met


def branch(search: Search, *, rounds: int = 3, improve_every: int = 10) -> None:
    """Close the gap by a tree: `rounds` of cuts a node, the heuristic at every so many nodes."""
    tree = Tree(search, rounds, improve_every)
    while not search.done and tree.step():
        pass
    search.live.restrict(search.lower, search.upper)


@dataclass(order=True, slots=True)
class Node:
    """A part of the tree: the bound of its parent, bounds on the units, and how it was made.

    `came` is the site it was branched on, 1 for up, and the part of a unit it moved by.
    """

    bound: float
    number: int
    lower: IntArray = field(compare=False)
    upper: IntArray = field(compare=False)
    came: tuple[int, int, float] | None = field(compare=False, default=None)


class PseudoCosts:
    """How much the bound rose per unit of fraction, down and up, at each site so far."""

    def __init__(self, sites: int) -> None:
        self.total, self.count = np.zeros((2, sites)), np.zeros((2, sites))

    def learn(self, came: tuple[int, int, float], rise: float) -> None:
        """Note the rise of the bound over a node's parent."""
        site, up, part = came
        self.total[up, site] += max(0.0, rise) / max(part, WHOLE)
        self.count[up, site] += 1

    def choose(self, units: FloatArray) -> int:
        """Return the fractional site whose two sides promise most (Achterberg 2007, product score)."""
        part = units - np.floor(units)
        mean = self.total.sum(axis=1) / np.maximum(1.0, self.count.sum(axis=1))
        mean = np.where(mean > 0, mean, 1.0)[:, None]
        rise = np.where(self.count > 0, self.total / np.maximum(1.0, self.count), mean)
        score = np.maximum(rise[0] * part, 1e-9) * np.maximum(rise[1] * (1 - part), 1e-9)
        return int(np.argmax(np.where((part > WHOLE) & (part < 1 - WHOLE), score, -1.0)))


class Tree:
    """Open nodes by bound, and the one in hand; a dive goes on with the nearer child."""

    def __init__(self, search: Search, rounds: int, improve_every: int) -> None:
        self.search, self.rounds, self.improve_every = search, rounds, improve_every
        self.costs = PseudoCosts(len(search.lower))
        self.heap: list[Node] = []
        self.node: Node | None = Node(search.bound, 0, search.lower, search.upper)
        self.count = 0

    def step(self) -> bool:
        """Work on the node in hand; False when nothing is left, or no time."""
        node, search = self.node, self.search
        if node is None or search.clock.left <= 0:
            return False
        relaxed, again = self._relax(node)
        if relaxed.outcome is Outcome.TIME_LIMIT:
            return False
        children = self._children(node, relaxed, again=again)
        self.count += 1
        for child in children[1:]:
            heapq.heappush(self.heap, child)
        self.node = children[0] if children else self._next()
        self._note_bound()
        return True

    def _next(self) -> Node | None:
        if self.heap and self.heap[0].bound >= self.search.cutoff:
            self.heap.clear()
        return heapq.heappop(self.heap) if self.heap else None

    def _note_bound(self) -> None:
        """All open nodes together bound what is left; without any the cutoff is the proof."""
        search, left = self.search, [node.bound for node in (self.node, *self.heap[:1]) if node is not None]
        if not left:
            search.impossible = search.best is None and not search.settled and math.isinf(search.doubt)
        search.bound = max(search.bound, min([*left, search.cutoff]))

    def _relax(self, node: Node) -> tuple[Relaxed, bool]:
        """Solve a node with a few rounds of cuts; True if it must be solved again."""
        search, live = self.search, self.search.live
        lower, upper = np.maximum(node.lower, search.lower), np.minimum(node.upper, search.upper)
        if (lower > upper).any():
            return Relaxed(Outcome.INFEASIBLE, math.inf), False
        live.restrict(lower, upper)
        for number in range(self.rounds + 1):
            relaxed = live.relax(search.clock)
            if relaxed.outcome is not Outcome.OPTIMAL or relaxed.bound >= search.cutoff:
                return relaxed, False
            whole = is_whole(relaxed.units)
            if number == self.rounds and not whole:
                break
            cuts = search.separate(relaxed, np.round(relaxed.units) if whole else relaxed.units)
            live.add(cuts)
            if not cuts.count:
                return relaxed, whole and self._excluded(np.round(relaxed.units).astype(np.int64), relaxed)
        live.purge()
        return relaxed, whole

    def _excluded(self, units: IntArray, relaxed: Relaxed) -> bool:
        """Offer whole units that break no cut; True if they break a limit all the same and a row says so.

        A floor may be broken by less than the solver's tolerance. More must then open, which is a
        row where every site with room is at its least; elsewhere this part stays in doubt.
        """
        search, model = self.search, self.search.live.model
        search.offer(units)
        if math.isfinite(search.value_of(units)):
            return False
        instance = search.stage.instance
        free = np.array(sorted(model.units), dtype=np.int64)
        roomy = free[units[free] < instance.units[free]]
        least = bool((units[roomy] == instance.fixed[roomy]).all())
        if not (least and len(roomy) and linear_limits_met(search.stage, units)):
            search.doubt = min(search.doubt, relaxed.bound)
            return False
        column = np.sort([model.units[site].index for site in roomy.tolist()]).astype(np.int64)
        one, row = np.ones(1), np.zeros(len(column), dtype=np.int64)
        search.live.add(cuts_of(row, column, np.ones(len(column)), lower=one, upper=one * np.inf))
        return True

    def _children(self, node: Node, relaxed: Relaxed, *, again: bool) -> list[Node]:
        """Return what a node leaves to do, what to do next first."""
        search = self.search
        if relaxed.outcome is not Outcome.OPTIMAL:
            return []
        if node.came is not None:
            self.costs.learn(node.came, relaxed.bound - node.bound)
        if relaxed.bound >= search.cutoff:
            return []
        if self.count % self.improve_every == 0:
            search.offer(search.primal.improve(relaxed.units, search.best, search.clock))
        if is_whole(relaxed.units):
            return [Node(relaxed.bound, node.number, node.lower, node.upper)] if again else []
        return self._split(node, relaxed)

    def _split(self, node: Node, relaxed: Relaxed) -> list[Node]:
        site = self.costs.choose(relaxed.units)
        floor = math.floor(relaxed.units[site])
        part = float(relaxed.units[site]) - floor
        upper, lower = node.upper.copy(), node.lower.copy()
        upper[site], lower[site] = floor, floor + 1
        down = Node(relaxed.bound, 2 * self.count + 1, node.lower, upper, (site, 0, part))
        up = Node(relaxed.bound, 2 * self.count + 2, lower, node.upper, (site, 1, 1 - part))
        return [up, down] if part >= 0.5 else [down, up]


def is_whole(units: FloatArray) -> bool:
    """Return whether all units are whole numbers within the solver's tolerance."""
    return bool((np.abs(units - np.round(units)) <= WHOLE).all())
