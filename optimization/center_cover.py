"""Whether so many sites cover every point within a radius: searched, bounded, and proven by a tree."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from optimization.arrays import Csr, IntArray, nearest_distance
from optimization.clock import Clock
from optimization.coverage import cover_families
from optimization.live import Live
from optimization.model import build_master
from optimization.problem import Objective, SolverOptions
from optimization.search import WHOLE, Search, root, true_value
from optimization.service import most_sites, new_sites
from optimization.setcover import SetCoverSearch
from optimization.stage import Stage, within_limits
from optimization.tree import Tree

CALLS = 4
LONG = 50_000


class Verdict(NamedTuple):
    """A plan, or that there is none, or neither."""

    units: IntArray | None
    impossible: bool
    shares: Csr = None


class Decision(Search):
    """A search that only asks whether `most` sites are enough."""

    most: int = 0

    @property
    def cutoff(self) -> float:
        """No part that takes more than `most` sites is of interest."""
        return self.most + 100 * WHOLE

    @property
    def done(self) -> bool:
        """True once so few are known to be enough, or not to be."""
        return self.impossible or self.value <= self.most + WHOLE or self.bound >= self.cutoff


class Few(SetCoverSearch):
    """The search for a small cover, ended at `most` sites."""

    most: int = 0

    def first(self, start: IntArray | None, clock: Clock) -> IntArray | None:
        """Return a cover of at most `most` sites if some calls find one, else the best met."""
        del start
        chosen = self._greedy()
        for call in range(CALLS):
            if chosen.sum() <= self.most or clock.left <= 0:
                break
            chosen = self._searched(chosen, call)
        return self._units(chosen)


def decide(
    stage: Stage, options: SolverOptions, clock: Clock, *, nodes: int | None = None, steps: int = LONG
) -> Verdict:
    """Return a plan within the radius of `stage`, or whether there is none, in a tree of `nodes` at most.

    `steps` of the search for a cover, four times, precede it.
    """
    most = most_sites(stage, new_sites(stage))
    covers, families = cover_families(only_covers(stage))
    model = build_master(covers, families)
    if model.impossible:
        return Verdict(None, impossible=True)
    primal = Few(covers, [family.left for family in families], options.seed)
    primal.most, primal.steps = most, steps
    live, value = Live(model, options), true_value(covers)
    search = Decision(covers, live, families, primal, value, options.gap, clock)
    search.most = most
    root(search)
    if not search.done:
        search.offer(primal.first(None, clock))
    tree = Tree(search, rounds=3, improve_every=10)
    while not search.done and (nodes is None or tree.count < nodes) and tree.step():
        pass
    few = search.best is not None and search.value <= most + WHOLE and within_limits(stage, search.best)
    return Verdict(
        search.best if few else None, impossible=search.impossible or search.bound >= search.cutoff
    )


def only_covers(stage: Stage) -> Stage:
    """Return the stage that asks for the fewest sites within the radius, whatever they cost."""
    instance = stage.instance
    alike = replace(instance, cost=np.ones(len(instance.cost)), budget=np.inf, max_open=np.inf)
    return replace(stage, instance=alike, objective=Objective.COST, coverings=(), kept=(), new_units=None)


def farthest_first(stage: Stage) -> IntArray:
    """Return units (J,) that open the nearest site of the point farthest from all so far (Gonzalez 1985)."""
    by_site, reach = stage.reach.tocsc(), stage.reach
    units = stage.instance.fixed.copy()
    least = nearest_distance(reach, units > 0)
    for _ in range(most_sites(stage, new_sites(stage))):
        row = slice(*reach.indptr[[(point := int(np.argmax(least))), point + 1]])
        sites = reach.indices[row]
        free = np.where(units[sites] < stage.instance.units[sites], reach.data[row], np.inf)
        if not len(free) or np.isinf(free).all() or free.min() >= least[point]:
            break
        site = int(sites[np.argmin(free)])
        units[site] += 1
        column = slice(*by_site.indptr[[site, site + 1]])
        np.minimum.at(least, by_site.indices[column], by_site.data[column])
    return units
