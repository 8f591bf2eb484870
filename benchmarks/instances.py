"""The instances of `cases` as location problems."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks import cases
from benchmarks.cases import Case, read_optima
from optimization import LocationProblem

__all__ = [
    "capacitated_equal",
    "capacitated_random",
    "lscp",
    "mclp",
    "million",
    "p_median",
    "prefecture",
    "prefectures",
    "problem_of",
    "read_medians",
    "read_optima",
    "read_warehouses",
]


def problem_of(case: Case) -> LocationProblem:
    """Return the location problem of a case, for the objective `case.objective`."""
    sites = len(case.sites) if case.sites is not None else case.matrix().shape[1]
    serves_everyone = case.objective in ("distance", "total")
    return LocationProblem(
        case.weight,
        case.pairs(),
        opening_cost=case.cost,
        capacity=case.capacity,
        fixed_open=case.fixed,
        rows=sparse.csr_array(np.ones((1, sites))) if case.at_least else None,
        row_lower=[case.at_least] if case.at_least else None,
        row_names=["outlets"] if case.at_least else None,
        coverage_floor=None if serves_everyone or not case.floor else case.floor,
        max_open=case.most,
    )


def mclp(
    seed: int, points: int = 10_000, sites: int = 500, most: int = 25, *, clustered: bool = False
) -> LocationProblem:
    """Return a maximal covering problem, for the objective `coverage`."""
    return problem_of(cases.mclp(seed, points, sites, most, clustered=clustered))


def million(seed: int, *, clustered: bool = False) -> LocationProblem:
    """Return the maximal covering problem of a million demand points, for `coverage`."""
    return problem_of(cases.million(seed, clustered=clustered))


def lscp(seed: int, points: int = 10_000, sites: int = 500, *, clustered: bool = False) -> LocationProblem:
    """Return a set covering problem, for the objective `cost`."""
    return problem_of(cases.lscp(seed, points, sites, clustered=clustered))


def capacitated_equal(seed: int, points: int = 5_000, sites: int = 300) -> LocationProblem:
    """Return a capacitated set covering problem with equal capacities, for `cost`."""
    return problem_of(cases.capacitated_equal(seed, points, sites))


def capacitated_random(
    seed: int, points: int = 5_000, sites: int = 300, *, whole: bool = True
) -> LocationProblem:
    """Return a capacitated set covering problem with random capacities and costs, for `cost`."""
    return problem_of(cases.capacitated_random(seed, points, sites, whole=whole))


def p_median(
    seed: int, points: int = 10_000, sites: int = 500, most: int = 25, *, clustered: bool = False
) -> LocationProblem:
    """Return a p-median problem over every pair, for the objective `distance`."""
    return problem_of(cases.p_median(seed, points, sites, most, clustered=clustered))


def prefecture(number: int, points: int = 500, sites: int = 60) -> LocationProblem:
    """Return one synthetic prefecture, for `cost`."""
    return problem_of(cases.prefecture(number, points, sites))


def prefectures(count: int = 333, points: int = 500, sites: int = 60) -> dict[int, LocationProblem]:
    """Return `count` synthetic prefectures by their numbers."""
    return {number: prefecture(number, points, sites) for number in range(count)}


def read_warehouses(path: Path, capacity: float | None = None) -> LocationProblem:
    """Return an OR-Library warehouse location file, for the objective `total`."""
    return problem_of(cases.read_warehouses(path, capacity))


def read_medians(path: Path) -> LocationProblem:
    """Return an OR-Library p-median file, for the objective `distance`."""
    return problem_of(cases.read_medians(path))
