"""Plan outlets: scopes to problems, problems to plans, plans to new outlets."""

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd

from geodata.messages import Note
from geodata.schemas import Tables
from optimization import SolverOptions, Workers
from planner.candidates import candidates_of, site_notes
from planner.check import findings_of
from planner.limits import Master, within_limits
from planner.moves import moves_of
from planner.network import EPSILON, Bools, Network, network_of
from planner.openings import PLAN_COLUMNS, plan_table
from planner.placement import (
    CONFLICT_COLUMNS,
    SCOPE_COLUMNS,
    Placement,
    conflict_row,
    scope_row,
    worst,
)
from planner.problem import World, world_of
from planner.rules.attribute import Attribute
from planner.rules.base import Rule, Status
from planner.rules.proportion import Proportion
from planner.rules.ruleset import RuleSet
from planner.run import Job, Planned, Progress, Run, plan_all
from planner.scenario import Scenario
from planner.scope import Scope, scopes_of
from planner.spaced import joined_jobs, spacing_notes
from planner.total import (
    has_something,
    offers_storage,
    plan_total,
    require_total,
    tied_by_moving,
    total_notes,
)
from planner.variants import enforced_rules


def place(
    tables: Tables,
    rules: RuleSet,
    scenario: Scenario,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Placement:
    """Return the cheapest new outlets with which every duty is met, enterprise by enterprise.

    Each scope is planned for cost, then for distance; with the objective `total`, for opening and moving
    together. Where its duties cannot all be met, the least shortage is planned and explained. With `max_new`
    or `budget` in the scenario, one master problem shares them out.

    Parameters
    ----------
    workers
        Processes that solve, one set for the whole run; None: as many as there are processors.
    executor
        Where problems are solved instead, such as a cluster's.
    progress
        Called as scopes are done.

    Raises
    ------
    InputError
        If the rules cannot be planned together, or the objective `total` has no price of moving.
    """
    network = network_of(tables, scenario, territory=rules.territory)
    moves = moves_of(tables, network, rules, scenario) if scenario.objective == "total" else None
    candidates = candidates_of(tables, network, rules, scenario)
    world = world_of(network, rules, scenario, candidates, moves=moves)
    if moves is not None:
        require_total(network, moves, scenario, storage=offers_storage(world))
    scopes = scopes_of(network, rules, world.asked)
    if moves is not None:
        scopes = tied_by_moving(scopes, moves)
    with nullcontext(executor) if executor else Workers(workers) as solving:
        planned, master = _planned(Run(world, options_of(scenario), solving, progress), scopes)
    return _placement(tables, world, as_planned(scopes, planned), planned, master)


def _planned(run: Run, scopes: Sequence[Scope]) -> tuple[list[Planned], Master | None]:
    """Return the plans of the scopes that need one, within the limits of the run, if it has any."""
    due = due_scopes(run.world, scopes)
    if (moves := run.world.moves) is not None:
        due |= {scope.name for scope in scopes if has_something(moves, scope)}
    choice = enforced_rules(run, scopes)
    jobs = [
        Job(scope, choice.enforced.get(scope.name, frozenset()))
        for scope in scopes
        if scope.name in due | choice.given_up or choice.enforced.get(scope.name)
    ]
    while True:
        planned = [
            replace(item, feasible=item.feasible and item.job.scope.name not in choice.given_up)
            for item in plan_apart(run, jobs)
        ]
        limited = within_limits(run, planned)
        if limited is None:
            return planned, None
        joined = joined_jobs(run.world, limited.planned)
        if joined is None:
            return limited.planned, limited.master
        jobs = [replace(job, apart=frozenset(), max_open=None, budget=None) for job in joined]


def plan_apart(run: Run, jobs: Sequence[Job]) -> list[Planned]:
    """Return the plans of jobs; those that come too near each other are planned as one, until none do."""
    plan = plan_all if run.world.moves is None else plan_total
    planned = plan(run, jobs)
    while (joined := joined_jobs(run.world, planned)) is not None:
        kept = {item.job.scope.name: item for item in planned}
        wider = [job for job in joined if len(job.scope.areas) > len(kept[job.scope.name].job.scope.areas)]
        names = {job.scope.name for job in wider}
        # where batteries go depends on all plans of an enterprise
        also = {job.scope.enterprise for job in wider} if run.world.moves is not None else set()
        again = [job for job in joined if job.scope.name in names or job.scope.enterprise in also]
        kept |= {item.job.scope.name: item for item in plan(run, again)}
        planned = [kept[job.scope.name] for job in joined]
    return planned


def as_planned(scopes: Sequence[Scope], planned: Sequence[Planned]) -> list[Scope]:
    """Return the scopes, those that were planned as one as one."""
    wide = {item.job.scope.name: item.job.scope for item in planned}
    inside = {(one.enterprise, area): name for name, one in wide.items() for area in one.areas.tolist()}
    first = [(scope, (scope.enterprise, int(scope.areas[0]))) for scope in scopes]
    return [wide.get(one.name, one) for one, key in first if inside.get(key, one.name) == one.name]


def _placement(
    tables: Tables,
    world: World,
    scopes: Sequence[Scope],
    final: Sequence[Planned],
    master: Master | None,
) -> Placement:
    network = world.network
    scope_table = _scope_table(network, scopes, final)
    value = master or Master(float(scope_table["objective"].sum()), float(scope_table["bound"].sum()))
    openings = [opening for item in final for opening in item.openings]
    return Placement(
        outlets=_with_reasons(
            plan_table(openings, world.candidates, network, also=own_columns(world.rules)), world
        ),
        scopes=scope_table,
        conflicts=_conflicts(final),
        outcome=worst(scope_table["outcome"]),
        objective=value.objective,
        bound=value.bound,
        gap=abs(value.objective - value.bound) / max(1.0, abs(value.objective)),
        limited=master is not None,
        notes=(
            *site_notes(tables, world.rules, world.scenario),
            *_moving_notes(world),
            *spacing_notes(world),
        ),
    )


def _moving_notes(world: World) -> list[Note]:
    return [] if world.moves is None else total_notes(world, storage=offers_storage(world))


def own_columns(rules: RuleSet) -> list[str]:
    """Return the columns, beyond those of every plan, that rules look at."""
    named = {rule.parameters.column for rule in rules.rules if isinstance(rule, Attribute)}
    return sorted(named - set(PLAN_COLUMNS))


def options_of(scenario: Scenario) -> SolverOptions:
    """Return the engine's options as the scenario has them."""
    solver = scenario.solver
    return SolverOptions(
        solver=solver.name,
        time_limit_s=solver.time_limit_s,
        gap=solver.gap,
        seed=solver.seed,
        tie_break_s=solver.tie_break_s,
    )


def due_scopes(world: World, scopes: Sequence[Scope]) -> set[str]:
    """Return the names of the scopes where some duty lacks something; the others need no plan."""
    due = set()
    for rule in world.rules.rules:
        if rule.id in world.rules.named:
            continue
        lacks = lacking(rule, world.network)
        of_area = world.network.levels[rule.level].of_area
        for scope in scopes:
            if rule.role in scope.parties and lacks[scope.parties[rule.role], of_area[scope.areas]].any():
                due.add(scope.name)
    return due


def lacking(rule: Rule, network: Network) -> Bools:
    """Return where (P, T) the known part of a requirement is more than what is known to be there.

    Properties that outlets lack are left out: opening others doesn't mend them.
    """
    verdict = rule.verdict(network)
    if isinstance(rule, Attribute):
        return np.zeros_like(verdict.asked.owed)
    if isinstance(rule, Proportion):
        return np.asarray(verdict.asked.owed & (verdict.status == str(Status.SHORT)))
    below = verdict.found.actual < verdict.asked.required - EPSILON
    return np.asarray(verdict.asked.owed & below & (verdict.status != str(Status.MET)))


def _scope_table(network: Network, scopes: Sequence[Scope], planned: Sequence[Planned]) -> pd.DataFrame:
    by_name = {item.job.scope.name: item for item in planned}
    rows = []
    for scope in scopes:
        item, adcodes = by_name.get(scope.name), network.adcodes[scope.areas]
        if item is None:
            rows.append(scope_row(scope, adcodes, None))
        else:
            rows.append(scope_row(scope, adcodes, item))
    return pd.DataFrame(rows, columns=SCOPE_COLUMNS)


def _conflicts(planned: Sequence[Planned]) -> pd.DataFrame:
    rows = [
        conflict_row(item.job.scope.name, item.job.scope.enterprise, conflict)
        for item in planned
        for conflict in item.conflicts
    ]
    return pd.DataFrame(rows, columns=CONFLICT_COLUMNS)


def _with_reasons(outlets: pd.DataFrame, world: World) -> pd.DataFrame:
    """Return the new outlets with the rules that were short there before, as `reason`."""
    network = world.network
    findings = findings_of(network, world.rules)
    short = findings[findings["status"] != str(Status.MET)]
    parts = []
    for level, territories in network.levels.items():
        codes = pd.Series(territories.codes[territories.of_area], index=network.adcodes)
        at = outlets.assign(territory=outlets["adcode"].map(codes), order=np.arange(len(outlets)))
        asked = short[short["level"] == str(level)][["enterprise", "adcode", "rule_id"]]
        parts.append(
            at.merge(asked, left_on=["enterprises", "territory"], right_on=["enterprise", "adcode"])[
                ["order", "rule_id"]
            ]
        )
    named = pd.concat(parts).drop_duplicates().groupby("order")["rule_id"].agg("; ".join)
    return outlets.assign(
        reason=pd.Series(np.arange(len(outlets))).map(named).astype(object).fillna("").to_numpy()
    )
