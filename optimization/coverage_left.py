"""What is left of a covering once existing outlets have covered what they reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray, keep_pairs, sums
from optimization.covering import Covering, alike, covering, ones_like
from optimization.instance import CoverLimit
from optimization.stage import Stage

ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """What sure sites leave of a covering to decide: P classes over the undecided sites.

    Attributes
    ----------
    pattern : csr_array (P, J)
        Undecided sites that cover each class.
    weight, group : float (P,), int (P,)
        Of each class.
    must, must_weight, must_group : csr_array (M, J), float (M,), int (M,)
        The classes that a floor cannot do without; none of them is among the P classes.
    settled, need : float (G,)
        Weight that is covered in any plan, those of `must` included, and what floors ask beyond it.
    impossible : bool
        True if a floor is out of reach.
    """

    covering: Covering
    pattern: Csr
    weight: FloatArray
    group: IntArray
    must: Csr
    must_weight: FloatArray
    must_group: IntArray
    settled: FloatArray
    need: FloatArray
    impossible: bool

    @property
    def whole_need(self) -> FloatArray:
        """What floors ask beyond sure sites, `must` included."""
        return self.need + sums(self.must_group, self.must_weight, len(self.need))

    @property
    def asked(self) -> BoolArray:
        """Which groups ask for more than sure sites give."""
        return np.asarray(self.whole_need > 0)


def left_to_cover(stage: Stage, covering: Covering, *, wants_value: bool) -> Left:
    """Move sure sites out of a covering, and pick the classes that a floor cannot do without."""
    groups = len(covering.total)
    done = covering.covered(stage.sure)
    settled = sums(covering.group, covering.weight * done, groups)
    pattern, weight, group = _undecided(stage, covering, np.flatnonzero(~done))
    need = np.where(covering.total > 0, covering.need - settled, 0.0)
    reachable = sums(group, weight, groups)
    slack = ROUNDING * covering.total
    asked = need > slack
    firm = asked & (not stage.elastic)
    must = firm[group] & (reachable[group] - weight < (need - slack)[group])
    certain = sums(group[must], weight[must], groups)
    impossible = bool((firm & (reachable < need - slack)).any())
    need = np.where(asked & (need - certain > slack), need - certain, 0.0)
    impossible |= bool((firm & (reachable - certain < need - slack)).any())
    keep = ~must & ((need > 0)[group] | wants_value)
    return Left(
        covering=covering,
        pattern=pattern[keep],
        weight=weight[keep],
        group=group[keep],
        must=pattern[must],
        must_weight=weight[must],
        must_group=group[must],
        settled=settled + certain,
        need=need,
        impossible=impossible,
    )


def left_to_serve(stage: Stage) -> Left:
    """Return what is left where every demand point must be served, by pairs within the radius."""
    points, sites = stage.instance.reach.shape
    limit = CoverLimit(
        name="service",
        within=np.inf if stage.radius is None else stage.radius,
        floor=np.ones(1),
        sites=np.ones(sites, dtype=bool),
        group=np.zeros(points, dtype=np.int64),
        weight=np.ones(points),  # a point of no weight must be served too
        shortage_weight=np.ones(1),
        grouped=False,
    )
    return left_to_cover(replace(stage, elastic=False), covering(stage.instance, limit), wants_value=False)


def _undecided(stage: Stage, covering: Covering, rows: IntArray) -> tuple[Csr, FloatArray, IntArray]:
    """Return the classes `rows` over undecided sites, merged anew where sites have gone."""
    pattern = covering.pattern if len(rows) == covering.pattern.shape[0] else covering.pattern[rows]
    weight, group = covering.weight[rows], covering.group[rows]
    may = np.zeros(pattern.shape[1], dtype=bool)
    may[stage.undecided] = True
    if may.all():
        return pattern, weight, group
    pattern = keep_pairs(pattern, may[pattern.indices])
    filled = np.flatnonzero(np.diff(pattern.indptr) > 0)
    first, classes = alike(pattern, [group.astype(np.float64)], filled)
    return ones_like(pattern[first]), sums(classes, weight[filled], len(first)), group[first]
