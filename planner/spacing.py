"""Spacing: outlets of one enterprise and kind stand at least so many km apart, in a straight line.

It is asked for by the user alone; no law states it. Of outlets that are all nearer to each other than that, a
clique, at most one may open: sum y <= 1, one row for the whole clique in place of one for each pair. The rows
come from a greedy clique cover of the pairs (Kellerman 1973; Kou, Stockmeyer and Wong 1978).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import sparse

from geodata.reach import pairs_within
from geodata.schemas import OutletKind
from optimization import LocationProblem
from planner.moves import located
from planner.network import Bools, Floats, Ints
from planner.problem import World
from planner.program import Program

TOLERANCE_KM = 1e-9
"""What two outlets may lack to the spacing: a micrometre of rounding."""
DENSE = 5_000
"""Places up to which pairs are looked up in a full table."""
SPACING = "spacing"
"""How its rows are named, in the place of a rule: spacing|CODE|NUMBER."""


def with_spacing(problem: LocationProblem, program: Program, world: World) -> LocationProblem:
    """Return the problem with rows that keep outlets apart; as it is where the scenario asks for nothing."""
    spacing_km = world.scenario.spacing_km
    if spacing_km is None:
        return problem
    members, most = spacing_rows(program, world, spacing_km)
    if not members:
        return problem
    columns = program.columns
    indptr = np.cumsum([0, *(len(row) for row in members)])
    at = np.concatenate(members)
    rows = sparse.csr_array((np.ones(len(at)), at, indptr), shape=(len(members), len(columns)))
    codes = [str(world.network.adcodes[columns.area[row[0]]]) for row in members]
    return replace(
        problem,
        rows=sparse.vstack([problem.rows, rows], format="csr"),
        row_lower=np.concatenate([problem.row_lower, np.full(len(most), -np.inf)]),
        row_upper=np.concatenate([problem.row_upper, most]),
        row_names=[*problem.row_names, *(f"{SPACING}|{code}|{n}" for n, code in enumerate(codes))],
        row_weight=np.concatenate([problem.row_weight, np.ones(len(most))]),
    )


def spacing_rows(program: Program, world: World, spacing_km: float) -> tuple[list[Ints], Floats]:
    """Return the columns of each row, sorted, and how many units they may hold: 0 beside an outlet, else 1.

    Outlets of the enterprise that stand keep others away wherever they are, also outside the scope.
    """
    columns, network = program.columns, world.network
    party = next(iter(program.parties.values()))
    own = np.flatnonzero(network.listed[:, [party]].toarray().ravel() > 0)
    members: list[Ints] = []
    most: list[float] = []
    for kind in OutletKind:
        new = np.flatnonzero(~columns.existing & (columns.kind == str(kind)) & located(columns.lonlat))
        standing = own[network.outlet_kind[own] == str(kind)]
        beside = too_near(network.outlet_lonlat[standing], columns.lonlat[new], spacing_km)
        blocks = np.flatnonzero(np.diff(beside.indptr) > 0)
        members += [new[beside.indices[beside.indptr[at] : beside.indptr[at + 1]]] for at in blocks]
        most += [0.0] * len(blocks)
        free = np.setdiff1d(new, new[beside.indices])
        near = too_near(columns.lonlat[free], columns.lonlat[free], spacing_km)
        together = [free[row] for row in cliques(near)]
        held = np.concatenate([np.empty(0, dtype=np.int64), *together])
        alone = np.setdiff1d(free[columns.max_units[free] > 1], held)
        members += [*together, *(np.array([column]) for column in alone)]
        most += [1.0] * (len(together) + len(alone))
    return members, np.array(most)


def too_near(first: Floats, second: Floats, spacing_km: float) -> sparse.csr_array:
    """Return the pairs of places (A, 2) and (B, 2) that are nearer than the spacing."""
    sides = first[:, 0], first[:, 1], second[:, 0], second[:, 1]
    return pairs_within(*sides, max(spacing_km - TOLERANCE_KM, 0.0))


def cliques(near: sparse.csr_array) -> Iterator[Ints]:
    """Yield sets of places, sorted, that are all near each other; every pair that is near is in some set.

    `near` (N, N) is symmetric, its columns sorted; the distances do not matter, nor does what is stored for a
    place itself.
    """
    size, indptr, indices = near.shape[0], near.indptr, near.indices
    near = sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=near.shape)
    table = None
    if size <= DENSE:
        table = np.zeros(near.shape, dtype=bool)
        table[np.repeat(np.arange(size), np.diff(indptr)), indices] = True
    covered = indices == np.repeat(np.arange(size), np.diff(indptr))
    for place in range(size):
        own = slice(indptr[place], indptr[place + 1])
        if covered[own].all():
            continue
        others = indices[own][indices[own] != place]
        among = near[others][:, others].toarray() > 0 if table is None else table[np.ix_(others, others)]
        while not covered[own].all():
            left = ~covered[own][indices[own] != place]
            found = np.sort(np.append(others[_grown(among, left)], place))
            for member in found:
                start, end = indptr[member], indptr[member + 1]
                covered[start + np.searchsorted(indices[start:end], found[found != member])] = True
            yield found.astype(np.int64)


def _grown(among: Bools, wanted: Bools) -> list[int]:
    """Return a maximal set of places that are all near each other, those `wanted` first."""
    among = among & ~np.eye(len(among), dtype=bool)
    order = np.lexsort((-among.sum(axis=1), ~wanted))
    allowed = np.ones(len(among), dtype=bool)
    chosen: list[int] = []
    for place in order.tolist():
        if allowed[place]:
            chosen.append(place)
            allowed &= among[place]
    return chosen
