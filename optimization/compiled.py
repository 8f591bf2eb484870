"""Compile the kernels once, so that nobody's first plan waits for it: `python -m optimization.compiled`.

numba compiles a kernel when it is first called, and keeps the result on disk beside it. So a small problem of
every kind that uses kernels is solved here.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from optimization.arrays import FloatArray
from optimization.problem import LocationProblem, SolverOptions
from optimization.solve import solve

SECONDS = 3.0
"""The most for each problem: none is meant to be solved to the end."""


def compile_kernels() -> None:
    """Solve the small problems; the plans are thrown away."""
    options = SolverOptions(time_limit_s=SECONDS, gap=1e-9)
    for problem, objectives in small_problems():
        solve(problem, objectives, options)


def small_problems() -> list[tuple[LocationProblem, tuple[str, ...]]]:
    """Return problems of every family, each with its objectives."""
    weight, near = _world(300, 60, within=0.25)
    many, nearby = _world(15_000, 400, within=0.16)
    few, every = _world(80, 40, within=2.0)
    some, far = _world(520, 40, within=2.0)
    cost = np.linspace(20.0, 100.0, 60)
    room, load = np.full(60, 4.5 * weight.sum() / 60), some.sum() / 40
    return [
        (LocationProblem(many, nearby, max_open=25), ("coverage",)),
        (LocationProblem(weight, near, coverage_floor=1.0), ("cost",)),
        (LocationProblem(weight, near, coverage_floor=0.9), ("cost", "distance")),
        (LocationProblem(few, every, max_open=5), ("distance",)),
        (LocationProblem(few, every, max_open=5), ("farthest",)),
        (LocationProblem(few, every, opening_cost=np.full(40, 60.0)), ("total",)),
        (
            LocationProblem(some, far, opening_cost=np.full(40, 60.0), capacity=np.full(40, 3 * load)),
            ("total",),
        ),
        (LocationProblem(weight, near, opening_cost=cost, capacity=room, coverage_floor=0.95), ("cost",)),
        (LocationProblem(weight, near, capacity=room, max_open=8), ("coverage",)),
    ]


def _world(points: int, sites: int, *, within: float) -> tuple[FloatArray, sparse.csr_array]:
    """Return weights (I,) and reach (I, J) in the unit square, each point at least to its nearest site."""
    random = np.random.default_rng(0)
    apart = random.random((points, 1, 2)) - random.random((1, sites, 2))
    distance = np.hypot(apart[..., 0], apart[..., 1])
    usable = distance <= np.maximum(within, distance.min(axis=1, keepdims=True))
    point, site = np.nonzero(usable)
    reach = sparse.csr_array((distance[usable], (point, site)), shape=distance.shape)
    return random.integers(1, 100, points).astype(float), reach


if __name__ == "__main__":
    compile_kernels()
