"""Plan for opening and moving together: the objective `total` over all scopes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from geodata.messages import InputError, Note, NoteKind, say
from geodata.schemas import OutletKind
from optimization import Outcome
from planner.moves import Moves, Places
from planner.network import Network
from planner.problem import World
from planner.run import SHORTAGE_TOTAL, TOTAL, Job, Planned, Run, least_short, plan_all, solved
from planner.scenario import Scenario
from planner.scope import Scope


def require_total(network: Network, moves: Moves, scenario: Scenario, *, storage: bool) -> None:
    """Refuse the objective `total` where moving can have no cost.

    Parameters
    ----------
    storage
        Whether a plan may open storage outlets.

    Raises
    ------
    InputError
        If moving has no price, or only a price per tonne-km and batteries have nowhere to go.
    """
    cost = scenario.haulage
    if cost.per_tonne_km == 0 and cost.per_vehicle_km == 0:
        raise InputError(
            say(
                "The objective total needs a price of moving: set haulage.per_tonne_km or "
                "haulage.per_vehicle_km in the scenario, or plan for the cost of opening."
            )
        )
    somewhere = any(len(moves.destinations(network, str(name)).ids) for name in moves.enterprises)
    if cost.per_vehicle_km == 0 and not somewhere and not storage:
        raise InputError(
            say(
                "The objective total has only a price per tonne-km, and there is nowhere to take batteries "
                "on to: give recyclers, storage outlets with coordinates, or haulage.per_vehicle_km."
            )
        )


def has_something(moves: Moves, scope: Scope) -> bool:
    """Return whether anything is to be moved from a scope's areas."""
    number = moves.number[scope.enterprise]
    amount = moves.tonnes[number, scope.areas] + moves.vehicles[number, scope.areas]
    return bool(amount.sum() > 0)


def tied_by_moving(scopes: Sequence[Scope], moves: Moves) -> list[Scope]:
    """Return the scopes as moving ties them: one for an enterprise whose outlets serve across borders."""
    across = {str(name) for name in moves.enterprises[moves.across]}
    tied: dict[str, Scope] = {}
    for scope in scopes:
        name = scope.enterprise if scope.enterprise in across else scope.name
        if name in tied:
            areas = np.sort(np.concatenate([tied[name].areas, scope.areas]))
            scope = replace(tied[name], areas=areas)
        tied[name] = scope
    return list(tied.values())


def plan_total(run: Run, jobs: Sequence[Job]) -> list[Planned]:
    """Plan every job for opening and moving together; those that cannot be met, for the least shortage.

    Where storage outlets may open, where batteries go depends on the plan itself: a first plan for the cost
    of opening settles them, and its storage outlets are the destinations of the second.
    """
    run, jobs = _with_storage(run, jobs)
    planned = {item.job.scope.name: item for item in solved(run, jobs, TOTAL)}
    planned |= {item.job.scope.name: item for item in _not_everyone(run, _hopeless(planned))}
    hopeless = _hopeless(planned)
    planned |= {item.job.scope.name: item for item in least_short(run, hopeless, SHORTAGE_TOTAL)}
    return [planned[job.scope.name] for job in jobs]


def total_notes(world: World, *, storage: bool) -> list[Note]:
    """Say what the objective `total` takes for granted."""
    cost = world.scenario.haulage
    notes = [
        Note(
            NoteKind.ASSUMPTION,
            say(
                "The plan makes opening and moving together cheapest: opening costs are taken as costs of a "
                "year, in the currency of {tonne:g} per tonne-km and {vehicle:g} per vehicle-km.",
                tonne=cost.per_tonne_km,
                vehicle=cost.per_vehicle_km,
            ),
        )
    ]
    if cost.per_vehicle_km == 0:
        text = say(
            "Without a price per vehicle-km the way to an outlet costs nothing: batteries go to the outlet "
            "nearest to where they go on, however far that is."
        )
        notes.append(Note(NoteKind.ASSUMPTION, text))
    if storage:
        text = say(
            "Storage outlets are settled first, for the cost of opening; the plan for opening and moving is "
            "the best for these."
        )
        notes.append(Note(NoteKind.PROGRAM, text))
    return notes


def offers_storage(world: World) -> bool:
    """Return whether a plan may open storage outlets: a rule asks for them, or is met by them."""
    asked = {str(rule.outlet_kind) for rule in world.rules.rules}
    relieving = {
        str(kind) for rule in world.rules.rules for kind in getattr(rule.parameters, "relieved_by", ())
    }
    return str(OutletKind.STORAGE) in asked | relieving


def _hopeless(planned: dict[str, Planned]) -> list[Job]:
    return [item.job for item in planned.values() if item.plan.outcome is Outcome.INFEASIBLE]


def _not_everyone(run: Run, jobs: Sequence[Job]) -> list[Planned]:
    """Plan jobs in which the limits leave some batteries without an outlet, but every duty can be met."""
    return solved(run, jobs, TOTAL, everyone=False)


def _with_storage(run: Run, jobs: Sequence[Job]) -> tuple[Run, list[Job]]:
    """Return the run with the storage outlets of a first plan as destinations, and jobs that keep them."""
    world = run.world
    if not offers_storage(world):
        return run, list(jobs)
    first = plan_all(replace(run, world=replace(world, moves=None)), jobs)
    storage = {item.job.scope.name: _storage(world, item) for item in first}
    planned = {
        enterprise: _places(
            world,
            [
                at
                for item in first
                for at, _ in storage[item.job.scope.name]
                if item.job.scope.enterprise == enterprise
            ],
        )
        for enterprise in {item.job.scope.enterprise for item in first}
    }
    assert world.moves is not None
    moves = replace(world.moves, planned=planned)
    settled = [replace(job, storage=storage[job.scope.name]) for job in jobs]
    return replace(run, world=replace(world, moves=moves)), settled


def _storage(world: World, item: Planned) -> tuple[tuple[int, int], ...]:
    """Return the storage outlets that a plan opens: candidate and units."""
    kind = world.candidates.kind
    return tuple(
        (opening.candidate, opening.units)
        for opening in item.openings
        if kind[opening.candidate] == str(OutletKind.STORAGE)
    )


def _places(world: World, candidates: list[int]) -> Places:
    at = np.array(candidates, dtype=np.int64)
    ids = world.candidates.table["site_id"].to_numpy(dtype=object)[at]
    return Places(ids, world.candidates.lonlat[at])
