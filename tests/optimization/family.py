"""Small random instances of every classic, on a plane or without any order, with further limits mixed in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from optimization import LocationProblem
from tests.optimization.problems import _cover, _floor, _rows, csr

# Objectives, and what makes the classic what it is: capacity, single source, a maximum, a floor of 1 or less.
CLASSICS: dict[str, tuple[tuple[str, ...], str]] = {
    "lscp": (("cost",), "all"),
    "weighted set cover": (("cost",), "all costs"),
    "partial set cover": (("cost",), "share costs"),
    "mclp": (("coverage",), "most"),
    "mclp with a budget": (("coverage",), "budget costs"),
    "capacitated lscp": (("cost",), "all capacity"),
    "capacitated mclp": (("coverage",), "most capacity"),
    "p-median": (("distance",), "most"),
    "capacitated p-median": (("distance",), "most capacity single"),
    "p-center": (("farthest",), "most"),
    "uflp": (("total",), "costs"),
    "cflp": (("total",), "costs capacity"),
    "sscflp": (("total",), "costs capacity single"),
    "least shortage": (("shortage", "cost"), "share most"),
    "cover then distance": (("cost", "distance"), "share"),
    "all one after the other": (("shortage", "cost", "distance"), "share costs most"),
}


@st.composite
def instances(draw: Any, traits: str) -> Any:
    """An instance of up to 7 points and 6 sites (5 and 4 with capacity) with these traits and others."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    asked = traits.split()
    limited = "capacity" in asked
    points, sites = int(rng.integers(1, 6 if limited else 8)), int(rng.integers(1, 5 if limited else 7))
    far, stored = _pairs(rng, points, sites)
    fixed = rng.integers(0, 2, sites) * (rng.random(sites) < 0.25)
    units = np.maximum(fixed, rng.choice([1, 1, 1, 2], sites))
    weight = rng.choice([rng.integers(0, 6, points).astype(float), rng.random(points) * 4, np.ones(points)])
    options: dict[str, Any] = {}
    if "costs" in asked or rng.random() < 0.2:
        options["opening_cost"] = rng.choice([rng.integers(0, 7, sites).astype(float), rng.random(sites) * 5])
    if "all" in asked:
        options["coverage_floor"] = 1.0
    elif "share" in asked:
        options |= _floor(rng, points)
    if "most" in asked or rng.random() < 0.1:
        options["max_open"] = int(rng.integers(1, 4))
    if "budget" in asked or rng.random() < 0.1:
        options["budget"] = float(rng.integers(1, 9))
    if limited:
        size = rng.integers(1, 9, sites).astype(float)
        options["capacity"] = np.full(sites, size[0] + 2) if rng.random() < 0.3 else size
        options["single_source"] = "single" in asked
    if rng.random() < 0.3:
        options |= _rows(rng, sites)
    if rng.random() < 0.3:
        options["covers"] = tuple(_cover(rng, n, points, sites) for n in range(int(rng.integers(1, 3))))
    if rng.random() < 0.4:
        options["beyond"] = float(far.max(initial=0.0)) + float(rng.integers(0, 9))
    return LocationProblem(weight, csr(stored, far), fixed_open=fixed, max_units=units, **options)


def _pairs(rng: Any, points: int, sites: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances and which are stored: by a radius on a plane (points may coincide), or at random."""
    if rng.random() < 0.6:
        spots, places = rng.integers(0, 5, (points, 2)), rng.integers(0, 5, (sites, 2))
        far = np.hypot(*(spots[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
        return far, far <= rng.choice([1.0, 2.0, 3.0, 9.0])
    far = rng.integers(0, 9, (points, sites)).astype(float)
    return far, rng.random((points, sites)) < rng.choice([0.5, 0.8, 1.0])


def with_useless_site(problem: LocationProblem) -> LocationProblem:
    """The problem with one more site, dear and without pairs, that no row counts."""
    points, sites = problem.reach.shape

    def more(values: Any, value: float) -> Any:
        return None if values is None else np.append(np.asarray(values), value)

    reach = problem.reach
    wider = sparse.csr_array((reach.data, reach.indices, reach.indptr), shape=(points, sites + 1))
    rows = problem.rows
    if rows is not None:
        rows = sparse.csr_array(np.hstack([rows.toarray(), np.zeros((rows.shape[0], 1))]))
    return replace(
        problem,
        reach=wider,
        opening_cost=np.append(problem.instance.cost, 50.0),
        capacity=more(problem.capacity, 1.0),
        fixed_open=more(problem.fixed_open, 0),
        max_units=more(problem.max_units, 1),
        rows=rows,
        covers=tuple(
            cover if cover.sites is None else replace(cover, sites=np.append(cover.sites, True))
            for cover in problem.covers
        ),
    )


def with_split_point(problem: LocationProblem, point: int, share: float) -> LocationProblem:
    """The problem with one demand point's weight divided over two of the same kind."""

    def split(values: Any) -> Any:
        if values is None:
            return None
        before = np.asarray(values, dtype=float)
        after = np.append(before, before[point] * (1 - share))
        after[point] *= share
        return after

    def again(values: Any) -> Any:
        return None if values is None else np.append(np.asarray(values), np.asarray(values)[point])

    reach = problem.reach
    start, end = reach.indptr[point], reach.indptr[point + 1]
    longer = sparse.csr_array(
        (
            np.concatenate([reach.data, reach.data[start:end]]),
            np.concatenate([reach.indices, reach.indices[start:end]]),
            np.append(reach.indptr, reach.indptr[-1] + end - start),
        ),
        shape=(reach.shape[0] + 1, reach.shape[1]),
    )
    return replace(
        problem,
        weight=split(problem.weight),
        reach=longer,
        demand_group=again(problem.demand_group),
        covers=tuple(
            replace(cover, group=again(cover.group), weight=split(cover.weight)) for cover in problem.covers
        ),
    )
