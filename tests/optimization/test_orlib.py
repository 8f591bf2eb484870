"""OR-Library instances with published optima."""

from pathlib import Path

import pytest

from benchmarks.instances import read_medians, read_optima, read_warehouses
from optimization import Outcome, SolverOptions, solve

FOLDER = Path(__file__).parents[2] / "../shared/data/orlib"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the OR-Library files are not beside the repository"
)


FEW_WAREHOUSES = ("cap41", "cap64", "cap71", "cap92")
WAREHOUSES = sorted(path.stem for path in FOLDER.glob("cap*.txt") if path.stem not in FEW_WAREHOUSES)


@pytest.mark.parametrize(
    "name", [*FEW_WAREHOUSES, *(pytest.param(name, marks=pytest.mark.slow) for name in WAREHOUSES)]
)
def test_warehouses(name: str) -> None:
    plan = solve(read_warehouses(FOLDER / f"{name}.txt"), "total", SolverOptions(gap=1e-6))
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.objective == pytest.approx(read_optima(FOLDER)[name], rel=1e-6)
    assert plan.bound <= read_optima(FOLDER)[name] + 1e-3


QUICK = ("pmed1", "pmed3", "pmed5", "pmed10", "pmed16", "pmed20")
OTHERS = [f"pmed{number}" for number in range(1, 21) if f"pmed{number}" not in QUICK]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_medians(name: str) -> None:
    plan = solve(read_medians(FOLDER / f"{name}.txt"), "distance", SolverOptions(gap=0.0))
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.objective == plan.bound == read_optima(FOLDER)[name]
