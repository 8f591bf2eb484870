"""Spacing over a whole run: plans of neighbouring scopes that come too near, and what a reader is told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geodata.messages import InputError, Message, Note, NoteKind, say
from geodata.schemas import OutletKind
from planner.moves import located
from planner.network import Ints, names_in, used_by
from planner.problem import World
from planner.run import Job, Planned
from planner.spacing import too_near


def joined_jobs(world: World, planned: Sequence[Planned]) -> list[Job] | None:
    """Return the jobs anew, those joined whose plans come too near each other; None where none do.

    Scopes are planned one by one. Where the plans of two keep apart, both are the best there are; where they
    do not, the scopes are planned as one.

    Raises
    ------
    InputError
        If an `area_share` chose differently for areas that must be planned as one.
    """
    if world.scenario.spacing_km is None:
        return None
    pairs = list(_clashes(world, planned, world.scenario.spacing_km))
    if not pairs:
        return None
    jobs = [item.job for item in planned]
    one, other = np.array(pairs).T
    graph = sparse.coo_array((np.ones(len(pairs)), (one, other)), shape=(len(jobs), len(jobs)))
    label = connected_components(graph, directed=False)[1]
    return [_joined(world, [jobs[at] for at in np.flatnonzero(label == group)]) for group in _in_order(label)]


def _in_order(label: Ints) -> list[int]:
    return list(dict.fromkeys(label.tolist()))


def _joined(world: World, jobs: Sequence[Job]) -> Job:
    """Return jobs as one."""
    first = jobs[0]
    if len(jobs) == 1:
        return first
    if any(job.enforced != first.enforced for job in jobs):
        raise InputError(
            say(
                "{enterprise}: the spacing of {km:g} km ties {area} to its neighbours, but a rule chooses "
                "areas one by one. Plan them in two runs, or lower the spacing.",
                enterprise=first.scope.enterprise,
                km=world.scenario.spacing_km or 0.0,
                area=str(world.network.adcodes[first.scope.areas[0]]),
            )
        )
    areas = np.sort(np.concatenate([job.scope.areas for job in jobs]))
    return replace(first, scope=replace(first.scope, areas=areas), storage=None)


def _clashes(world: World, planned: Sequence[Planned], spacing_km: float) -> Iterator[tuple[int, int]]:
    """Yield pairs of plans, of one enterprise, that open outlets of a kind too near each other."""
    opened = [(at, opening) for at, item in enumerate(planned) for opening in item.openings]
    if not opened:
        return
    number = np.array([at for at, _ in opened])
    candidate = np.array([opening.candidate for _, opening in opened])
    enterprise = np.array([opening.enterprise for _, opening in opened], dtype=object)
    kind, lonlat = world.candidates.kind[candidate], world.candidates.lonlat[candidate]
    for name in dict.fromkeys(enterprise):
        for which in OutletKind:
            own = np.flatnonzero((enterprise == name) & (kind == str(which)))
            near = too_near(lonlat[own], lonlat[own], spacing_km).tocoo()
            apart = number[own[near.row]] < number[own[near.col]]
            yield from zip(number[own[near.row[apart]]], number[own[near.col[apart]]], strict=True)


def spacing_notes(world: World) -> list[Note]:
    """Say that outlets are kept apart, and which cannot be."""
    spacing_km = world.scenario.spacing_km
    if spacing_km is None:
        return []
    text = say(
        "New outlets of one enterprise and kind stand at least {km:g} km in a straight line from each other "
        "and from those that stand, as was asked for; no law asks for it.",
        km=spacing_km,
    )
    notes = [Note(NoteKind.PROGRAM, text)]
    nowhere = int((~located(world.network.outlet_lonlat)).sum())
    if nowhere:
        text = say("The spacing leaves out {n} outlets that are not located.", n=nowhere)
        notes.append(Note(NoteKind.PROGRAM, text))
    return notes


def spacing_differences(plan: pd.DataFrame, standing: pd.DataFrame, spacing_km: float) -> Iterator[Message]:
    """Name new outlets that are nearer than the spacing to another outlet of their enterprise and kind.

    Parameters
    ----------
    plan
        New outlets, as in plan.csv.
    standing
        Outlets that count.
    """
    for name in names_in(plan["enterprises"]).unique():
        for kind in OutletKind:
            new, old = (_places(table, name, kind) for table in (plan, standing))
            every = pd.concat([new, old])
            first, second = (table[["lon", "lat"]].to_numpy(float) for table in (new, every))
            coo = too_near(first, second, spacing_km).tocoo()
            for row, column in zip(*(side[coo.row < coo.col] for side in (coo.row, coo.col)), strict=True):
                yield say(
                    "plan.csv: outlet {outlet} of {enterprise} is nearer than {km:g} km to {other}.",
                    outlet=new["outlet_id"].iloc[row],
                    enterprise=name,
                    km=spacing_km,
                    other=every["outlet_id"].iloc[column],
                )


def _places(outlets: pd.DataFrame, enterprise: str, kind: OutletKind) -> pd.DataFrame:
    """Return the outlets of an enterprise and a kind: outlet_id, lon, lat."""
    own = used_by(outlets["enterprises"], [enterprise]) & outlets["kind"].astype(str).eq(str(kind))
    return pd.DataFrame(outlets.loc[own, ["outlet_id", "lon", "lat"]])
