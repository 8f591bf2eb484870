"""Limits beside the rows of `service.Service`: which can be priced, and which always hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimization.arrays import FloatArray, IntArray, row_of_pair, sums
from optimization.covering import Covering
from optimization.plain import equal_price
from optimization.problem import Objective
from optimization.service import Service, most_spent
from optimization.stage import Stage

HARMLESS = {Objective.COST, Objective.FARTHEST}


@dataclass(frozen=True, slots=True, eq=False)
class Floors:
    """Floors of C coverings over F groups in all, coverings in order of their distance.

    `end` (C, I): the pairs of row i before it are near enough. `gain` (C, I): what they add to floor
    `label` (C, I); `there` (C, I) what the way out adds. `need` (F,) is due beyond the rows.
    """

    end: IntArray
    label: IntArray
    gain: FloatArray
    there: FloatArray
    need: FloatArray

    @property
    def parts(self) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
        """The arrays as the compiled loops take them."""
        return self.end, self.label, self.gain, self.there, self.need


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Rows over the sites: coefficients (R, M) @ chosen <= right (R,)."""

    coefficients: FloatArray
    right: FloatArray

    @property
    def parts(self) -> tuple[FloatArray, FloatArray]:
        """The arrays as the compiled loops take them."""
        return self.coefficients, self.right


def floors_of(service: Service) -> Floors:
    """Return the floors that a price can be put on: firm, and of covers nested in the rows or with own rows.

    A floor may be priced on the pair that serves, because each point is served from its nearest open
    site: if any site is within the cover's distance, the nearest one is. Not so where the cover measures
    its own distances, which is why it has its own rows, or where only some sites count.
    """
    stage, demand = service.stage, service.points >= 0
    asked = [part for part in stage.presence if stage.firm and part.limit.nested and part.need.any()]
    asked.sort(key=lambda part: part.limit.within)
    # own rows first: the loops take the last covering's pairs for all that a row can add
    parts = [*(own.covering for own in service.own), *asked]
    width, rows = len(parts), len(service.points)
    first = np.concatenate(([0], np.cumsum([len(part.need) for part in parts]))).astype(np.int64)
    end = np.tile(np.where(demand, service.start[:-1], service.start[1:]), (width, 1))
    label = np.tile(first[:-1, None], (1, rows))
    gain, needs = np.zeros((width, rows)), [np.zeros(0)]
    there = gain.copy()
    for number, own in enumerate(service.own):
        at = slice(own.first, own.first + len(own.weight))
        label[number, at] += own.group
        gain[number, at] = own.weight
        needs.append(own.covering.need - own.there)
    points = service.points[demand]
    for number, part in enumerate(asked, len(service.own)):
        end[number, demand] = (service.start[:-1] + _near_count(service, part.limit.within))[demand]
        label[number, demand] += part.limit.group[points]
        gain[number, demand] = part.limit.weight[points]
        there[number, demand] = gain[number, demand] * _fixed_near(stage, part)[points]
        needs.append(_need_of_rows(service, part))
    return Floors(end, label, gain, there, np.concatenate(needs))


def _near_count(service: Service, within: float) -> IntArray:
    ends = np.concatenate(([0], np.cumsum(service.distance <= within)))
    return np.asarray(ends[service.start[1:]] - ends[service.start[:-1]])


def _fixed_near(stage: Stage, part: Covering) -> FloatArray:
    reach, fixed = stage.instance.reach, stage.instance.fixed > 0
    hit = fixed[reach.indices] & (reach.data <= part.limit.within)
    return (sums(row_of_pair(reach), hit.astype(np.float64), reach.shape[0]) > 0).astype(np.float64)


def _need_of_rows(service: Service, part: Covering) -> FloatArray:
    """Return what is due, less all that points without demand of their own could add."""
    rest = part.limit.weight.copy()
    rest[service.points[service.points >= 0]] = 0.0
    return np.asarray(part.need - sums(part.limit.group, rest, len(part.need)))


def limits_of(service: Service) -> Limits:
    """Return the rows over the sites, where every plan is a plain choice of sites."""
    stage, instance, sites = service.stage, service.stage.instance, service.sites
    empty = Limits(np.zeros((0, len(sites))), np.zeros(0))
    if not one_unit_each(stage):
        return empty
    parts, right = [empty.coefficients], [empty.right]
    spend = most_spent(stage)
    if math.isfinite(spend) and np.ptp(instance.cost[sites]) > 0:
        parts.append(instance.cost[sites][None, :])
        right.append(np.array([spend]))
    if len(instance.lower) and stage.firm:
        rows = instance.rows[:, sites].toarray()
        there = instance.rows @ instance.fixed
        above, below = np.isfinite(instance.upper), np.isfinite(instance.lower)
        parts += [rows[above], -rows[below]]
        right += [(instance.upper - there)[above], (there - instance.lower)[below]]
    return Limits(np.ascontiguousarray(np.concatenate(parts)), np.concatenate(right))


def one_unit_each(stage: Stage) -> bool:
    """Return whether no site that can open takes a second unit."""
    instance = stage.instance
    return bool((instance.units - instance.fixed <= np.where(instance.fixed > 0, 0, 1)).all())


def is_free(stage: Stage) -> bool:
    """Return whether any choice of at most `most_sites` sites that serves all keeps every limit."""
    floors = not stage.elastic and any(bool(part.need.any()) for part in stage.presence)
    kept = {name for name, _ in stage.kept} <= HARMLESS
    spends = math.isfinite(most_spent(stage)) and equal_price(stage.instance) is None
    return kept and not floors and not spends and not len(stage.instance.lower)


def is_priced(stage: Stage) -> bool:
    """Return whether every limit that can bind has a price, so that the bound comes near the truth."""
    names = {name for name, _ in stage.kept}
    harmless = names <= HARMLESS | ({Objective.SHORTAGE} if stage.firm else set())
    floors = all(
        part.limit.nested or part.limit.reach is not None for part in stage.presence if part.need.any()
    )
    rows = one_unit_each(stage) or not len(stage.instance.lower)
    return is_free(stage) or (stage.firm and harmless and floors and rows)


def counts_units(service: Service) -> bool:
    """Return whether a plan with `limit` new sites has no unit besides."""
    instance, spend = service.stage.instance, most_spent(service.stage)
    if service.limit == instance.max_open:
        return True
    price = equal_price(instance)
    return price is not None and math.isfinite(spend) and service.limit == math.floor(spend / price)
