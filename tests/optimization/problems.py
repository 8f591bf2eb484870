"""Small random location problems for Hypothesis: every limit there is, mixed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from optimization import Cover, LocationProblem


def csr(dense_mask: np.ndarray, values: np.ndarray) -> sparse.csr_array:
    """A csr_array that stores `values` where the mask is true, zeros included."""
    row, column = np.nonzero(dense_mask)
    return sparse.csr_array((values[row, column].astype(float), (row, column)), shape=dense_mask.shape)


@st.composite
def problems(
    draw: Any, *, capacity: bool = False, beyond: bool | None = None, floors: bool = True, own: bool = False
) -> Any:
    """A problem of up to 6 points and 5 sites with small whole numbers, ties and zeros included.

    `own`: with at least one cover that measures its own distances, of another scale than the problem's.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points, sites = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    far = rng.integers(0, 9, (points, sites)).astype(float)
    stored = rng.random((points, sites)) < rng.choice([0.5, 0.8, 1.0])
    fixed = rng.integers(0, 2, sites) * (rng.random(sites) < 0.4)
    units = np.maximum(fixed, rng.integers(0, 3, sites))
    weight = rng.choice([rng.integers(0, 6, points).astype(float), rng.random(points)])
    options = {}
    if rng.random() < 0.5:
        options["opening_cost"] = rng.choice([rng.integers(0, 4, sites).astype(float), rng.random(sites) * 3])
    if capacity:
        options["capacity"] = rng.integers(1, 8, sites).astype(float)
        options["single_source"] = bool(rng.random() < 0.4)
    if rng.random() < 0.5:
        options |= _rows(rng, sites)
    if floors and rng.random() < 0.5:
        options |= _floor(rng, points)
    if own or rng.random() < 0.5:
        options["covers"] = tuple(_cover(rng, n, points, sites) for n in range(int(rng.integers(1, 3))))
    if own:
        first, *others = options["covers"]
        others = [
            replace(one, reach=_own(rng, points, sites)) if rng.random() < 0.5 else one for one in others
        ]
        options["covers"] = (replace(first, within=40.0, reach=_own(rng, points, sites)), *others)
    if rng.random() < 0.3:
        options["max_open"] = int(rng.integers(0, 5))
    if rng.random() < 0.3:
        options["budget"] = float(rng.integers(0, 6))
    if rng.random() < 0.5 if beyond is None else beyond:
        options["beyond"] = float(rng.integers(8, 20))
    return LocationProblem(weight, csr(stored, far), fixed_open=fixed, max_units=units, **options)


def _rows(rng: Any, sites: Any) -> Any:
    count = int(rng.integers(1, 3))
    matrix = rng.integers(0, 3, (count, sites)).astype(float)
    if rng.random() < 0.5:
        matrix[0] = 1.0
    if rng.random() < 0.2:
        matrix = matrix - 1.0
    upper = np.where(rng.random(count) < 0.3, rng.integers(4, 9, count), np.inf)
    lower = np.where(rng.random(count) < 0.8, rng.integers(0, 5, count), -np.inf)
    weight = rng.integers(1, 4, count).astype(float)
    return {"rows": sparse.csr_array(matrix), "row_lower": lower, "row_upper": upper, "row_weight": weight}


def _floor(rng: Any, points: Any) -> Any:
    if rng.random() < 0.5:
        return {"coverage_floor": float(rng.choice([0.3, 0.5, 0.8, 1.0]))}
    return {"demand_group": rng.integers(0, 2, points), "coverage_floor": rng.choice([0.0, 0.5, 0.8, 1.0], 2)}


def _own(rng: Any, points: int, sites: int) -> sparse.csr_array:
    """Pairs of their own, with distances up to 80."""
    return csr(
        rng.random((points, sites)) < rng.choice([0.5, 1.0]), 10.0 * rng.integers(0, 9, (points, sites))
    )


def _cover(rng: Any, number: int, points: Any, sites: Any) -> Any:
    return Cover(
        f"cover {number}",
        within=float(rng.integers(0, 9)),
        floor=rng.choice([0.5, 0.8, 1.0], 2) if number else float(rng.choice([0.3, 0.6, 0.9])),
        sites=rng.random(sites) < 0.7 if rng.random() < 0.4 else None,
        group=rng.integers(0, 2, points) if number else None,
        weight=rng.integers(0, 4, points).astype(float) if rng.random() < 0.4 else None,
        shortage_weight=float(rng.integers(1, 4)),
    )
