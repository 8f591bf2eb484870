"""Moving in the program of a scope: the objective `total`, opening and moving together.

    minimise  sum_j c_j y_j + sum_i min_{j open} (t_i p h_j + v_i q d_ij)

with c_j the cost of opening, t_i and v_i the tonnes and vehicles that retire at demand point i in a year, h_j
the km from outlet j on to its nearest destination, d_ij those from the point to the outlet, and p and q the
prices of a tonne-km and a vehicle-km: uncapacitated facility location (UFLP). The problem's `reach` holds the
bracket, and its covers measure by distances of their own.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from geodata.messages import InputError, say
from geodata.reach import TravelUnit
from geodata.schemas import OutletKind
from optimization import LocationProblem
from planner.haulage import moving_cost
from planner.moves import Moves, located, onward
from planner.network import Bools, Floats, Ints
from planner.problem import World
from planner.program import Program

MOST_PAIRS = 20_000_000
"""Ways from demand points to sites that one scope may have: 240 MB."""


def with_moving(
    problem: LocationProblem, program: Program, world: World, *, everyone: bool
) -> LocationProblem:
    """Return the problem with the cost of moving as its distances, each demand point of weight 1.

    Points from which nothing is moved, or nothing can be, weigh nothing.

    Parameters
    ----------
    everyone
        Whether every point's batteries must be taken in. If not, leaving a point is dearer than any outlet
        that could serve it.
    """
    pairs = moving_pairs(program, world)
    weight = ((np.diff(pairs.indptr) > 0) & _something(program, world)).astype(float)
    dearest = float(np.max(problem.opening_cost, initial=0.0)) + float(pairs.data.max(initial=0.0)) + 1.0
    return replace(
        problem,
        weight=weight,
        reach=_anywhere(pairs, np.flatnonzero(weight == 0)),
        covers=tuple(c if c.reach is not None else replace(c, reach=problem.reach) for c in problem.covers),
        beyond=None if everyone else dearest,
        max_units=_units(problem, ~program.columns.existing),
    )


def _units(problem: LocationProblem, new: Bools) -> Ints:
    """Return the most units of each column (J,): 1 where a second gains nothing, which is easier to prove.

    That is so where all new columns cost the same and every row counts them alike, from below, and asks for
    no more than there are columns: a second unit at one moves to another that is closed, where it counts as
    much and is nearer to somebody, or is not needed.
    """
    units, size = np.asarray(problem.max_units), int(new.sum())
    rows = sparse.csr_array(problem.rows)[:, np.flatnonzero(new)]
    count = np.diff(rows.indptr)
    asks = np.flatnonzero(count > 0)
    if not size or np.ptp(np.asarray(problem.opening_cost)[new]) > 0 or (count[asks] < size).any():
        return units
    least = np.asarray(problem.row_lower) - problem.rows @ np.asarray(problem.fixed_open, dtype=float)
    alike = (rows.data == 1).all() and np.isinf(np.asarray(problem.row_upper)[asks]).all()
    enough = alike and least[asks].max(initial=0.0) <= size
    return np.where(new, np.minimum(units, 1), units) if enough else units


def moving_pairs(program: Program, world: World) -> sparse.csr_array:
    """Return what moving each demand point's batteries by way of each column costs in a year, (I, J).

    Stored are the columns that may take them in: located, of the kind that does, and in the point's area, or
    anywhere where a rule serves across borders.
    """
    network, columns, moves = program.network, program.columns, moves_in(world)
    number = moves.number[program.enterprise]
    if len(program.points) * len(columns) > MOST_PAIRS:
        raise InputError(
            say(
                "{enterprise}: the objective total looks at the way from each of {points} demand points to "
                "each of {sites} sites, which are too many; merge demand points into larger cells, or give "
                "fewer sites.",
                enterprise=program.enterprise,
                points=len(program.points),
                sites=len(columns),
            )
        )
    standing = columns.existing
    places = program.areas, columns.lonlat[standing], columns.source[~standing]
    km = world.geometry.within(*places, np.inf, TravelUnit.KM)
    row = np.repeat(np.arange(km.shape[0]), np.diff(km.indptr))
    area = network.point_area[program.points]
    keep = takes_in(program, moves)[km.indices]
    if not moves.across[number]:
        keep &= area[row] == columns.area[km.indices]
    row, column = row[keep], km.indices[keep]
    on = onward_km(program, world)
    weight = network.point_weight[program.points]
    cost = weight[row] * moving_cost(moves, number, area[row], km.data[keep], on[column])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=km.shape[0]))])
    return sparse.csr_array((cost, column, indptr), shape=km.shape)


def _something(program: Program, world: World) -> Bools:
    """Return whether anything is to be moved from each demand point (I,)."""
    network, moves = program.network, moves_in(world)
    here = moves.number[program.enterprise], network.point_area[program.points]
    amount = moves.tonnes[here] + moves.vehicles[here]
    return np.asarray(network.point_weight[program.points] * amount > 0)


def moves_in(world: World) -> Moves:
    """Return what is moved; a world that plans for `total` has it."""
    assert world.moves is not None
    return world.moves


def takes_in(program: Program, moves: Moves) -> Bools:
    """Return which columns (J,) take batteries in."""
    columns = program.columns
    kind = program.of_kind(moves.takes_in[moves.number[program.enterprise]])
    return np.asarray(kind & located(columns.lonlat) & (columns.area >= 0))


def onward_km(program: Program, world: World) -> Floats:
    """Return the km from each column (J,) on to its nearest destination; NaN without any."""
    columns = program.columns
    where = moves_in(world).destinations(program.network, program.enterprise)
    return onward(program.network, columns.lonlat, columns.kind == str(OutletKind.STORAGE), where)[1]


def moved(problem: LocationProblem, units: Ints) -> float:
    """Return what moving costs with these outlets (J,), each point's batteries where it costs least."""
    reach: sparse.csr_array = problem.reach
    cost = np.where(np.asarray(units)[reach.indices] > 0, reach.data, np.inf)
    filled = np.flatnonzero(np.diff(reach.indptr) > 0)
    least = np.minimum.reduceat(cost, reach.indptr[filled]) if len(filled) else np.zeros(0)
    return float(least[np.isfinite(least)] @ np.asarray(problem.weight)[filled][np.isfinite(least)])


def fixed_storage(problem: LocationProblem, program: Program, storage: dict[int, int]) -> LocationProblem:
    """Return the problem with just these new storage outlets, units by candidate: they are settled."""
    columns = program.columns
    new = ~columns.existing & (columns.kind == str(OutletKind.STORAGE))
    units = np.array([storage.get(int(source), 0) for source in columns.source])
    opened = np.flatnonzero(new & (units > 0))
    rows = sparse.csr_array(
        (np.ones(len(opened)), (np.arange(len(opened)), opened)), shape=(len(opened), len(columns))
    )
    none = np.full(len(opened), np.inf)
    return replace(
        problem,
        max_units=np.where(new, units, problem.max_units),
        rows=sparse.vstack([problem.rows, rows], format="csr"),
        row_lower=np.concatenate([problem.row_lower, units[opened]]),
        row_upper=np.concatenate([problem.row_upper, none]),
        row_names=[*problem.row_names, *(f"storage|{number}" for number in range(len(opened)))],
        # a shortage of them would be dearer than any other
        row_weight=np.concatenate([problem.row_weight, np.full(len(opened), 1e3)]),
    )


def _anywhere(pairs: sparse.csr_array, rows: Ints) -> sparse.csr_array:
    """Return the pairs with those of some rows replaced: every column, at no cost."""
    if not len(rows):
        return pairs
    count = np.diff(pairs.indptr)
    kept = np.ones(len(count), dtype=bool)
    kept[rows] = False
    row = np.repeat(np.arange(len(count)), count)
    stay = kept[row]
    width = pairs.shape[1]
    at = np.concatenate([row[stay], np.repeat(rows, width)])
    column = np.concatenate([pairs.indices[stay], np.tile(np.arange(width), len(rows))])
    value = np.concatenate([pairs.data[stay], np.zeros(width * len(rows))])
    matrix = sparse.coo_array((value, (at, column)), shape=pairs.shape).tocsr()
    matrix.sort_indices()
    return matrix
