"""Sets of limits that cannot hold together, as small as can be proven."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from scipy import optimize, sparse

from optimization.arrays import BoolArray
from optimization.clock import Clock
from optimization.parts import Part, holds, restricted, values_of
from optimization.problem import LocationProblem, SolverOptions
from optimization.result import Outcome, Plan
from optimization.solve import solve

Item = TypeVar("Item", bound=Hashable)

ANY_PLAN = 0.9  # a gap at which the first plan is as good as any
ONE_QUESTION = 0.3  # of the time left: a hard question leaves time for the others
MOST_PARTS = 30  # beyond, a smallest set is not sought among all irreducible ones
MOST_SETS = 60


@dataclass(slots=True)
class Oracle:
    """Answers whether limits can hold together, and remembers.

    Attributes
    ----------
    problem : LocationProblem
        With all its limits.
    options : SolverOptions
        Of each question.
    clock : Clock
        Of all questions together.
    asked : bool
        False before the first question, which may take all the time.
    unsure : bool
        True once a question ran out of time: it then counts as "can hold", so that no set is called
        a conflict without proof, and a set may hold more than it must.
    """

    problem: LocationProblem
    options: SolverOptions
    clock: Clock
    asked: bool = False
    unsure: bool = False
    known: dict[frozenset[Part], Plan] = field(default_factory=dict)

    def plan(
        self, problem: LocationProblem, objectives: tuple[str, ...] = ("cost",), gap: float = ANY_PLAN
    ) -> Plan:
        """Return a plan of a restricted problem, and note where time ends it."""
        share = ONE_QUESTION if self.asked else 1.0
        self.asked = True
        limit = min(self.options.time_limit_s, max(0.0, self.clock.left) * share)
        found = solve(problem, objectives, replace(self.options, gap=gap, time_limit_s=limit))
        self.unsure |= found.outcome is Outcome.TIME_LIMIT
        return found

    def can_hold(self, kept: Sequence[Part], points: Mapping[Part, BoolArray] | None = None) -> bool:
        """Return False only if it is proven that these limits cannot hold together."""
        if points:
            return self.plan(restricted(self.problem, kept, points=points)).outcome is not Outcome.INFEASIBLE
        return self.answer(kept).outcome is not Outcome.INFEASIBLE

    def answer(self, kept: Sequence[Part]) -> Plan:
        """Return any plan that keeps these limits."""
        key = frozenset(kept)
        if key not in self.known:
            self.known[key] = self.plan(restricted(self.problem, kept))
        return self.known[key]

    def kept_by(self, plan: Plan, parts: Sequence[Part]) -> set[Part]:
        """Return which of the parts a plan keeps, asked for or not."""
        if plan.open is None:
            return set()
        instance = self.problem.instance
        values = values_of(instance, plan.open, plan.assignment, parts)
        return {part for part, value in values.items() if holds(instance, part, value)}


def irreducible(items: Sequence[Item], can_hold: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """Return a part of `items` that cannot hold together, while all but any one of it can.

    Halves what is asked about (QuickXplain, Junker 2004): for k of n items about k·log(n/k)
    questions. Earlier items are preferred. `items` as a whole must not hold.
    """

    def needed(background: list[Item], asked: bool, rest: list[Item]) -> list[Item]:
        if asked and not can_hold(background):
            return []
        if len(rest) == 1:
            return rest
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        later = needed(background + first, True, second)
        return needed(background + later, bool(later), first) + later

    return needed([], False, list(items)) if items else []


def smallest(oracle: Oracle, parts: Sequence[Part]) -> tuple[list[Part], bool]:
    """Return a set of parts that cannot hold together, and whether none is smaller.

    The least hitting set of the corrections found so far is asked about (Ignatiev, Previti,
    Liffiton, Marques-Silva 2015): every conflict hits every correction, so the first hitting set that
    cannot hold is a smallest conflict. An irreducible set is the answer where that takes too long.
    """
    found = irreducible(parts, oracle.can_hold)
    if len(found) <= 1 or len(parts) > MOST_PARTS:
        return found, len(found) <= 1 and not oracle.unsure
    corrections: list[set[Part]] = []
    ends = oracle.clock.left / 2
    for _ in range(MOST_SETS):
        hit = least_hitting_set(parts, corrections)
        if len(hit) >= len(found):
            return found, not oracle.unsure
        if not oracle.can_hold(hit):
            return hit, not oracle.unsure
        if oracle.clock.left < ends:
            break
        corrections.append(set(parts) - grown(oracle, hit, parts))
    return found, False


def grown(oracle: Oracle, start: Sequence[Part], parts: Sequence[Part]) -> set[Part]:
    """Return a set of parts that holds together and to which none can be added."""
    held = {*start, *oracle.kept_by(oracle.answer(start), parts)}
    for part in parts:
        if part not in held and oracle.can_hold([one for one in parts if one in held or one == part]):
            plan = oracle.answer([one for one in parts if one in held or one == part])
            held |= {part, *oracle.kept_by(plan, parts)}
    return held


def least_hitting_set(parts: Sequence[Part], sets: Sequence[set[Part]]) -> list[Part]:
    """Return a smallest choice of parts that has one of every set; earlier parts on ties."""
    if not sets:
        return []
    member = np.array([[part in one for part in parts] for one in sets], dtype=np.float64)
    # a little dearer with every place, by less than one part in all: ties go to earlier parts
    price = 1.0 + np.arange(len(parts)) / (4.0 * len(parts) * (len(parts) + 1))
    answer = optimize.milp(
        price,
        integrality=np.ones(len(parts)),
        bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(sparse.csr_array(member), lb=1.0),
    )
    return [part for part, chosen in zip(parts, answer.x, strict=True) if chosen > 0.5]


def least_points(oracle: Oracle, others: Sequence[Part], part: Part, most: int = 2_000) -> list[int]:
    """Return demand points of a floor of 1 that already cannot be served together with the others.

    Returns
    -------
    list of int
        An irreducible set; empty where the floor is below 1, the points are more than `most` or time is out.
    """
    limit = oracle.problem.instance.limits[part.number]
    members = np.flatnonzero((limit.group == part.group) & (limit.weight > 0))
    if limit.floor[part.group] < 1 or len(members) > most or oracle.clock.left <= 0:
        return []

    ends = oracle.clock.left * ONE_QUESTION

    def can_hold(chosen: Sequence[int]) -> bool:
        mask = np.zeros(len(limit.weight), dtype=bool)
        mask[list(chosen)] = True
        # out of time: nothing more is asked, and what is left stays in
        return oracle.clock.left <= ends or oracle.can_hold([*others, part], {part: mask})

    found = irreducible(members.tolist(), can_hold)
    return sorted(found) if oracle.clock.left > ends else []
