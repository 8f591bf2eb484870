"""OR-Library instances with published optima."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from optimization import LocationProblem, Outcome, SolverOptions, solve

FOLDER = Path(__file__).parents[2] / "../shared/data/orlib"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the OR-Library files are not beside the repository"
)


def optimum(name: str) -> float:
    with (FOLDER / "optima.csv").open(encoding="utf-8") as lines:
        return next(float(row["optimum"]) for row in csv.DictReader(lines) if row["instance"] == name)


def full(distance: np.ndarray) -> sparse.csr_array:
    points, sites = distance.shape
    row, column = np.divmod(np.arange(points * sites), sites)
    return sparse.csr_array((distance.ravel(), (row, column)), shape=distance.shape)


def warehouses(name: str) -> LocationProblem:
    """The file's cost is for all of a customer's demand; ours is per unit of it."""
    words = iter((FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())
    sites, points = int(next(words)), int(next(words))
    table = np.array([[float(next(words)), float(next(words))] for _ in range(sites)])
    demand, cost = np.zeros(points), np.zeros((points, sites))
    for point in range(points):
        demand[point] = float(next(words))
        cost[point] = [float(next(words)) for _ in range(sites)]
    return LocationProblem(
        demand, full(cost / demand[:, None]), opening_cost=table[:, 1], capacity=table[:, 0]
    )


def medians(name: str) -> LocationProblem:
    """Distances are shortest paths; a later edge overrides an earlier one."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    nodes, _, most = (int(word) for word in lines[0].split())
    edges = np.full((nodes, nodes), np.inf)
    for line in lines[1:]:
        if line.strip():
            a, b, length = (int(word) for word in line.split())
            edges[a - 1, b - 1] = edges[b - 1, a - 1] = length
    return LocationProblem(np.ones(nodes), full(shortest_path(edges)), max_open=most)


@pytest.mark.parametrize("name", ["cap41", "cap64", "cap71", "cap92"])
def test_warehouses(name: str) -> None:
    plan = solve(warehouses(name), "total")
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.objective == pytest.approx(optimum(name), rel=1e-4)
    assert plan.bound <= optimum(name) + 1e-3


QUICK = ("pmed1", "pmed3", "pmed5", "pmed10", "pmed16", "pmed20")
OTHERS = [f"pmed{number}" for number in range(1, 21) if f"pmed{number}" not in QUICK]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_medians(name: str) -> None:
    plan = solve(medians(name), "distance", SolverOptions(gap=0.0))
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.objective == plan.bound == optimum(name)
