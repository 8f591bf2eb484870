"""`area_share` in a plan: each area planned with and without the named rule, and the cheapest kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations

import numpy as np
from scipy import sparse

from geodata.messages import InputError, say
from optimization import LocationProblem, solve
from planner.network import Bools, Level
from planner.rules.area_share import AreaShare
from planner.run import Job, Planned, Run, solved
from planner.scope import Scope


@dataclass(frozen=True)
class Choice:
    """Which named rules each scope must meet, by its name; `given_up` are scopes of a share out of reach."""

    enforced: dict[str, frozenset[str]] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()


def enforced_rules(run: Run, scopes: Sequence[Scope]) -> Choice:
    """Return the named rules that each scope must meet, so that every `area_share` holds at least cost.

    Areas are separable: a named rule's price in an area is what its plan costs more with the rule than
    without. A master program keeps, in each territory, as many areas as the share asks, with the least
    increase in all; with one `area_share` these are the cheapest increases.

    Raises
    ------
    InputError
        If a scope of several areas owes a named rule: its areas are not separable.
    """
    shares = [rule for rule in run.world.rules.rules if isinstance(rule, AreaShare)]
    if not shares:
        return Choice()
    chosen = Choice()
    for enterprise in sorted({scope.enterprise for scope in scopes}):
        own = [scope for scope in scopes if scope.enterprise == enterprise]
        more = _choice(run, [rule for rule in shares if rule.role in own[0].parties], own)
        chosen = Choice({**chosen.enforced, **more.enforced}, chosen.given_up | more.given_up)
    return chosen


def _choice(run: Run, shares: list[AreaShare], scopes: list[Scope]) -> Choice:
    jobs = [
        Job(scope, enforced=frozenset(names))
        for scope in scopes
        if (owed := _owed(run, shares, scope))
        for names in _subsets(owed)
    ]
    if not jobs:
        return Choice()
    options = solved(run, jobs, ("cost",), what=say("Pricing rules area by area"))
    picked, reached = _cheapest(run, shares, _possible(options))
    bare = frozenset(item.job.scope.name for item in picked if not item.job.enforced)
    return Choice(
        {item.job.scope.name: item.job.enforced for item in picked}, frozenset() if reached else bare
    )


def _owed(run: Run, shares: list[AreaShare], scope: Scope) -> list[str]:
    """Return the named rules that ask something in a scope."""
    named = []
    for rule in shares:
        owed = _named_owed(run, rule, scope)
        if not owed[scope.areas].any():
            continue
        if len(scope.areas) > 1:
            raise InputError(
                say(
                    "Rule '{rule}' chooses areas one by one, but another rule ties areas of {enterprise} "
                    "together. Plan them in two runs.",
                    rule=rule.id,
                    enterprise=scope.enterprise,
                )
            )
        named.append(rule.parameters.rule)
    return sorted(set(named))


def _named_owed(run: Run, rule: AreaShare, scope: Scope) -> Bools:
    return np.asarray(run.world.asked[rule.parameters.rule].owed[scope.parties[rule.role]])


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def _possible(options: list[Planned]) -> list[Planned]:
    """Keep options that have a plan; the bare one of a scope always, so that each has one."""
    return [item for item in options if item.plan.open is not None or not item.job.enforced]


def _cheapest(run: Run, shares: list[AreaShare], options: list[Planned]) -> tuple[list[Planned], bool]:
    """Choose one option of each scope: every `area_share` holds, the cost is least.

    Where a share cannot be reached, as many areas as possible are kept, and False is returned with them.
    """
    names = sorted({item.job.scope.name for item in options})
    scope_of = np.array([names.index(item.job.scope.name) for item in options])
    one_each = (scope_of[None, :] == np.arange(len(names))[:, None]).astype(float)
    counts, lower = _area_rows(run, shares, options)
    problem = LocationProblem(
        weight=np.zeros(0),
        reach=sparse.csr_array((0, len(options))),
        opening_cost=np.array([item.plan.objective or 0.0 for item in options]),
        max_units=np.ones(len(options), dtype=np.int64),
        rows=sparse.csr_array(np.vstack([one_each, *counts])),
        row_lower=np.concatenate([np.ones(len(names)), lower]),
        row_upper=np.concatenate([np.ones(len(names)), np.full(len(lower), np.inf)]),
        row_weight=np.concatenate([np.full(len(names), 1e4), np.ones(len(lower))]),
    )
    plan = solve(problem, ("cost",), run.options)
    reached = plan.open is not None
    if plan.open is None:
        plan = solve(problem, ("shortage", "cost"), run.options)
    if plan.open is None:
        raise RuntimeError("one option of each scope is always a plan")
    return [options[at] for at in np.flatnonzero(plan.open)], reached


def _area_rows(
    run: Run, shares: list[AreaShare], options: list[Planned]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return, for each `area_share` and territory, which options count, and how many must."""
    rows, lower = [], []
    for rule in shares:
        of_area = run.world.network.levels[Level(rule.parameters.within)].of_area
        places = np.array([of_area[item.job.scope.areas[0]] for item in options])
        owes = np.array([_named_owed(run, rule, item.job.scope)[item.job.scope.areas[0]] for item in options])
        meets = np.array([rule.parameters.rule in item.job.enforced for item in options])
        for place in np.unique(places[owes]):
            here = owes & (places == place)
            areas = {options[at].job.scope.name for at in np.flatnonzero(here)}
            rows.append((meets & here).astype(float))
            lower.append(float(rule.required_areas(len(areas))))
    return rows, np.array(lower)
