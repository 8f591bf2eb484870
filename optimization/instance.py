"""The filled-in, checked form of a location problem that every method works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from optimization.arrays import BoolArray, Csr, FloatArray, IntArray

if TYPE_CHECKING:
    from optimization.problem import Cover, LocationProblem

FLOOR_TOLERANCE = 1e-9
SERVED = "coverage_floor"


@dataclass(frozen=True, slots=True, eq=False)
class CoverLimit:
    """One cover with every default worked out (G groups); `reach` only where it has its own."""

    name: str
    within: float
    floor: FloatArray
    sites: BoolArray
    group: IntArray
    weight: FloatArray
    shortage_weight: FloatArray
    grouped: bool
    reach: Csr | None = None

    @property
    def nested(self) -> bool:
        """True if the nearest open site of the problem's reach covers a point whenever any site does."""
        return self.reach is None and bool(self.sites.all())

    def pairs(self, reach: Csr) -> Csr:
        """Return the pairs (I, J) that this cover measures: its own, or those of the problem."""
        return reach if self.reach is None else self.reach

    def label(self, group: int) -> str:
        """Return the name under which a shortage of this group is listed."""
        return f"{self.name}[{group}]" if self.grouped else self.name


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A location problem with every default worked out.

    `limits[0]` is the coverage floor (named `coverage_floor`, any stored distance), the rest are
    the covers in their order.
    """

    weight: FloatArray
    reach: Csr
    cost: FloatArray
    capacity: FloatArray | None
    single_source: bool
    fixed: IntArray
    units: IntArray
    rows: Csr
    lower: FloatArray
    upper: FloatArray
    row_names: tuple[str, ...]
    row_weight: FloatArray
    limits: tuple[CoverLimit, ...]
    max_open: float
    budget: float
    beyond: float | None

    @property
    def free(self) -> IntArray:
        """Sites where a further unit may open."""
        return np.flatnonzero(self.units > self.fixed)

    @property
    def whole_costs(self) -> bool:
        """True if every opening cost is an integer, so that bounds of cost can be rounded up."""
        return bool(np.all(self.cost == np.round(self.cost)))

    def with_own_reach(self, covers: tuple[Cover, ...]) -> tuple[Cover, ...]:
        """Return the covers with their own pairs as they are held here, so that they are held once."""
        held = zip(covers, self.limits[1:], strict=True)
        return tuple(c if c.reach is None else replace(c, reach=limit.reach) for c, limit in held)

    def near(self, limit: CoverLimit) -> tuple[Csr, BoolArray]:
        """Return the pairs that a cover measures, and which of them (N,) are near enough and count."""
        pairs = limit.pairs(self.reach)
        return pairs, limit.sites[pairs.indices] & (pairs.data <= limit.within)


def instance_of(problem: LocationProblem) -> Instance:
    """Check `problem` and fill in its defaults; raises ValueError with one clear sentence."""
    reach = _reach("reach", problem.reach)
    points, sites = reach.shape
    weight = numbers("weight", problem.weight, points, least=0.0)
    fixed = whole("fixed_open", problem.fixed_open, sites, default=0)
    default_units = np.maximum(1, fixed)
    units = default_units if problem.max_units is None else whole("max_units", problem.max_units, sites)
    if (fixed > units).any():
        site = int(np.flatnonzero(fixed > units)[0])
        raise ValueError(
            f"fixed_open at site {site} is {fixed[site]}, more than max_units {units[site]}; "
            "raise max_units or leave outlets out."
        )
    rows = _rows(problem.rows, sites)
    count = rows.shape[0]
    lower = numbers("row_lower", problem.row_lower, count, default=-np.inf, infinite=True)
    upper = numbers("row_upper", problem.row_upper, count, default=np.inf, infinite=True)
    if (lower > upper).any():
        row = int(np.flatnonzero(lower > upper)[0])
        raise ValueError(f"row_lower of row {row} is {lower[row]}, above row_upper {upper[row]}.")
    return Instance(
        weight=weight,
        reach=reach,
        cost=numbers("opening_cost", problem.opening_cost, sites, default=1.0, least=0.0),
        capacity=_capacity(problem.capacity, sites, float(weight.sum())),
        single_source=bool(problem.single_source),
        fixed=fixed,
        units=units,
        rows=rows,
        lower=lower,
        upper=upper,
        row_names=_names(problem.row_names, count),
        row_weight=numbers("row_weight", problem.row_weight, count, default=1.0, least=0.0),
        limits=(_served(problem, weight, sites), *_covers(problem.covers, weight, sites)),
        max_open=_scalar("max_open", problem.max_open, np.inf),
        budget=_scalar("budget", problem.budget, np.inf),
        beyond=_beyond(problem.beyond, reach),
    )


def numbers(
    name: str,
    values: Any,
    size: int,
    *,
    default: float | None = None,
    least: float | None = None,
    infinite: bool = False,
) -> FloatArray:
    """Return `values` as a new float array of `size`, or raise a sentence that names `name`."""
    if values is None:
        if default is None:
            raise ValueError(f"{name} is missing; give {size} numbers.")
        return np.full(size, float(default))
    array = np.array(values, dtype=np.float64)
    if array.shape != (size,):
        raise ValueError(f"{name} has shape {array.shape}; it must be ({size},).")
    wrong = np.isnan(array) if infinite else ~np.isfinite(array)
    if wrong.any():
        raise ValueError(f"{name}[{np.flatnonzero(wrong)[0]}] is not a finite number.")
    if least is not None and (array < least).any():
        at = int(np.flatnonzero(array < least)[0])
        raise ValueError(f"{name}[{at}] is {array[at]}; it must be at least {least:g}.")
    return array


def whole(name: str, values: Any, size: int, *, default: int | None = None) -> IntArray:
    """Return `values` as a new integer array of `size`, at least 0."""
    array = numbers(name, values, size, default=default, least=0.0)
    if (array != np.round(array)).any():
        at = int(np.flatnonzero(array != np.round(array))[0])
        raise ValueError(f"{name}[{at}] is {array[at]}; it must be a whole number.")
    return array.astype(np.int64)


def _capacity(values: Any, sites: int, total: float) -> FloatArray | None:
    if values is None:
        return None
    # more than all demand is as good as unlimited, and keeps the numbers of the model small
    return np.minimum(numbers("capacity", values, sites, least=0.0, infinite=True), total)


def _scalar(name: str, value: float | None, default: float) -> float:
    if value is None:
        return default
    if not float(value) >= 0:
        raise ValueError(f"{name} is {value}; it must be at least 0.")
    return float(value)


def _canonical(name: str, matrix: Any) -> Csr:
    if not sparse.issparse(matrix):
        raise ValueError(f"{name} is a {type(matrix).__name__}; it must be a scipy.sparse.csr_array.")
    whole = isinstance(matrix, sparse.csr_array) and matrix.dtype == np.float64
    if whole and matrix.has_canonical_format:
        return matrix  # shared: a second copy of a million points' pairs would fill the memory
    # a real copy: sorting the caller's own matrix would be an edit in place
    result = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    result.sort_indices()
    if not result.has_canonical_format:
        raise ValueError(f"{name} stores a pair twice; add or drop the repeats first.")
    return result


def _reach(name: str, matrix: Any) -> Csr:
    reach = _canonical(name, matrix)
    if not np.isfinite(reach.data).all():
        raise ValueError(f"{name} holds a distance that is not a finite number; leave such pairs out.")
    if (reach.data < 0).any():
        raise ValueError(f"{name} holds the distance {reach.data.min()}; distances are at least 0.")
    return reach


def _own_reach(where: str, matrix: Any, points: int, sites: int) -> Csr | None:
    if matrix is None:
        return None
    reach = _reach(f"{where}: reach", matrix)
    if reach.shape != (points, sites):
        raise ValueError(f"{where}: reach has shape {reach.shape}; it must be ({points}, {sites}).")
    return reach


def _rows(matrix: Any, sites: int) -> Csr:
    if matrix is None:
        return sparse.csr_array((0, sites), dtype=np.float64)
    rows = _canonical("rows", matrix)
    if rows.shape[1] != sites:
        raise ValueError(f"rows has {rows.shape[1]} columns; it must have {sites}, one per site.")
    if not np.isfinite(rows.data).all():
        raise ValueError("rows holds a coefficient that is not a finite number.")
    return rows


def _names(names: Any, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"row[{row}]" for row in range(count))
    result = tuple(str(name) for name in names)
    if len(result) != count:
        raise ValueError(f"row_names has {len(result)} names; it must have {count}.")
    if len(set(result)) != count:
        raise ValueError("row_names repeats a name; every row needs its own.")
    return result


def _beyond(value: float | None, reach: Csr) -> float | None:
    if value is None:
        return None
    farthest = float(reach.data.max()) if reach.nnz else 0.0
    if not np.isfinite(value) or value < farthest:
        raise ValueError(f"beyond is {value}; it must be at least the largest stored distance, {farthest:g}.")
    return float(value)


def _groups(name: str, group: Any, floor: Any, points: int) -> tuple[IntArray, FloatArray, bool]:
    """Return group of each point, floor of each group, and whether groups were given."""
    floors = np.array(floor, dtype=np.float64)
    if floors.ndim > 1:
        raise ValueError(f"{name} has shape {floors.shape}; it must be one number or one per group.")
    if not ((floors >= 0) & (floors <= 1)).all():
        raise ValueError(f"{name} must hold shares from 0 to 1.")
    if group is None:
        if floors.size != 1:
            raise ValueError(f"{name} has {floors.size} floors but no group is given for the points.")
        return np.zeros(points, dtype=np.int64), floors.reshape(1), False
    groups = whole(f"{name} groups", group, points)
    count = int(groups.max()) + 1 if points else 0
    if floors.ndim == 0:
        return groups, np.full(count, float(floors)), True
    if count > floors.size:
        raise ValueError(f"{name} has {floors.size} floors; the groups go up to {count - 1}.")
    return groups, floors, True


def _shortage_weight(name: str, value: Any, count: int) -> FloatArray:
    array = np.asarray(1.0 if value is None else value, dtype=np.float64)
    return numbers(name, np.full(count, float(array)) if array.ndim == 0 else array, count, least=0.0)


def _served(problem: LocationProblem, weight: FloatArray, sites: int) -> CoverLimit:
    floor = 0.0 if problem.coverage_floor is None else problem.coverage_floor
    # one number is a floor in total, whatever the groups
    group = None if np.ndim(floor) == 0 else problem.demand_group
    if problem.demand_group is not None:
        whole("demand_group", problem.demand_group, len(weight))
    groups, floors, grouped = _groups("coverage_floor", group, floor, len(weight))
    return CoverLimit(
        name=SERVED,
        within=np.inf,
        floor=floors,
        sites=np.ones(sites, dtype=bool),
        group=groups,
        weight=weight,
        shortage_weight=_shortage_weight("floor_weight", problem.floor_weight, len(floors)),
        grouped=grouped,
    )


def _covers(covers: tuple[Cover, ...], weight: FloatArray, sites: int) -> list[CoverLimit]:
    names = [cover.name for cover in covers]
    if len(set(names)) != len(names):
        raise ValueError("covers repeat a name; every cover needs its own.")
    return [_cover(cover, weight, sites) for cover in covers]


def _cover(cover: Cover, weight: FloatArray, sites: int) -> CoverLimit:
    where = f"cover {cover.name!r}"
    if not cover.within >= 0:
        raise ValueError(f"{where}: within is {cover.within}; it must be at least 0.")
    groups, floors, grouped = _groups(f"{where}: floor", cover.group, cover.floor, len(weight))
    counts = np.ones(sites) if cover.sites is None else numbers(f"{where}: sites", cover.sites, sites)
    own = (
        weight if cover.weight is None else numbers(f"{where}: weight", cover.weight, len(weight), least=0.0)
    )
    return CoverLimit(
        name=cover.name,
        within=float(cover.within),
        floor=floors,
        sites=counts.astype(bool),
        group=groups,
        weight=own,
        shortage_weight=_shortage_weight(f"{where}: shortage_weight", cover.shortage_weight, len(floors)),
        grouped=grouped,
        reach=_own_reach(where, cover.reach, len(weight), sites),
    )
