"""Other ways to the same answers: compact models in PuLP and highspy, and spopt.

The compact models are those of the textbooks, written as a careful user writes them: one row per
demand point over the reachable pairs only. This module needs neither the engine nor its environment.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp
from scipy import sparse

from benchmarks.cases import Case, Csr, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Found:
    """What a peer found: objective (None without a plan), and whether it proved it within its gap."""

    objective: float | None
    proven: bool
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds from the start of the work (modelling included) and the relative gap."""

    ends: float
    gap: float

    @property
    def left(self) -> float:
        """Return the seconds left for the solver, one at least."""
        return max(1.0, self.ends - time.perf_counter())


def pulp_solver(name: str, limits: Limits) -> Any:
    """Return PuLP's HiGHS or CBC, one thread."""
    kind = pulp.HiGHS if name == "highs" else pulp.PULP_CBC_CMD
    return kind(msg=False, timeLimit=limits.left, gapRel=limits.gap, threads=1)


def read_back(model: Any) -> Found:
    """Return what a solved PuLP model holds; `status` says Optimal after a time-out too."""
    solved = model.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    value = pulp.value(model.objective) if solved else None
    return Found(value, model.sol_status == pulp.LpSolutionOptimal)


def by_pulp(case: Case, solver: str, limits: Limits) -> Found:
    """Solve the compact model by PuLP."""
    reach = case.pairs()
    model = pulp.LpProblem("compact", pulp.LpMaximize if case.objective == "coverage" else pulp.LpMinimize)
    low = np.zeros(reach.shape[1]) if case.fixed is None else case.fixed
    sites = range(reach.shape[1])
    opened = [model.add_variable(f"y{site}", int(low[site]), 1, pulp.LpInteger) for site in sites]
    existing = float(low.sum())
    if case.most is not None:
        model += pulp.lpSum(opened) <= case.most + existing
    if case.at_least:
        model += pulp.lpSum(opened) >= case.at_least
    if case.capacity is None and case.objective in ("cost", "coverage"):
        _cover(model, case, reach, opened)
    else:
        _assign(model, case, reach, opened)
    model.solve(pulp_solver(solver, limits))
    return read_back(model)


def _opening(case: Case, opened: list[Any]) -> Any:
    cost = np.ones(len(opened)) if case.cost is None else case.cost
    fixed = np.zeros(len(opened)) if case.fixed is None else case.fixed
    return pulp.lpSum(cost[j] * opened[j] for j in range(len(opened))) - float(cost @ fixed)


def _cover(model: Any, case: Case, reach: Csr, opened: list[Any]) -> None:
    """Add the rows of the LSCP, or of the MCLP with one variable per demand point."""
    if case.objective == "cost":
        model += _opening(case, opened)
        for point in range(reach.shape[0]):
            model += pulp.lpSum(opened[j] for j in _row(reach, point)) >= 1
        return
    covered = [model.add_variable(f"z{point}", 0, 1) for point in range(reach.shape[0])]
    model += pulp.lpSum(case.weight[i] * covered[i] for i in range(reach.shape[0]))
    for point in range(reach.shape[0]):
        model += covered[point] <= pulp.lpSum(opened[j] for j in _row(reach, point))


def _assign(model: Any, case: Case, reach: Csr, opened: list[Any]) -> None:
    """Add one share per pair, at most its site's opening, and the capacities."""
    shares = [model.add_variable(f"x{pair}", 0, 1) for pair in range(reach.nnz)]
    point = np.repeat(np.arange(reach.shape[0]), np.diff(reach.indptr))
    serves_everyone = case.objective in ("distance", "total") or case.floor == 1.0
    travelled = pulp.lpSum(case.weight[point[n]] * reach.data[n] * shares[n] for n in range(reach.nnz))
    model += {
        "cost": lambda: _opening(case, opened),
        "coverage": lambda: pulp.lpSum(case.weight[point[n]] * shares[n] for n in range(reach.nnz)),
        "distance": lambda: travelled,
        "total": lambda: _opening(case, opened) + travelled,
    }[case.objective]()
    for i in range(reach.shape[0]):
        served = pulp.lpSum(shares[reach.indptr[i] : reach.indptr[i + 1]])
        model += (served == 1) if serves_everyone else (served <= 1)
    if not serves_everyone and case.floor:
        total = pulp.lpSum(case.weight[point[n]] * shares[n] for n in range(reach.nnz))
        model += total >= case.floor * float(case.weight.sum())
    for n in range(reach.nnz):
        model += shares[n] <= opened[reach.indices[n]]
    if case.capacity is None:
        return
    at_site: list[list[Any]] = [[] for _ in opened]
    for n in range(reach.nnz):
        at_site[reach.indices[n]].append(case.weight[point[n]] * shares[n])
    for site, load in enumerate(at_site):
        model += pulp.lpSum(load) <= case.capacity[site] * opened[site]


def _row(reach: Csr, point: int) -> Any:
    return reach.indices[reach.indptr[point] : reach.indptr[point + 1]]


def by_highspy(case: Case, limits: Limits) -> Found:
    """Solve the same compact model by arrays handed to HiGHS: no modelling layer in between."""
    highspy: Any = importlib.import_module("highspy")
    columns, rows = _arrays(case)
    matrix = rows.matrix
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = columns.cost, columns.lower, np.ones(matrix.shape[1])
    lp.row_lower_, lp.row_upper_ = rows.lower, rows.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    whole = highspy.HighsVarType.kInteger
    lp.integrality_ = [
        whole if n < columns.sites else highspy.HighsVarType.kContinuous for n in range(len(columns.cost))
    ]
    maximise = case.objective == "coverage"
    lp.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
    solver = highspy.Highs()
    options = {"output_flag": False, "threads": 1, "mip_rel_gap": limits.gap}
    for name, option in options.items():
        solver.setOptionValue(name, option)
    solver.passModel(lp)
    solver.setOptionValue("time_limit", limits.left)
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == 2
    proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value = info.objective_function_value - columns.existing_cost if found else None
    return Found(value, proven, info.mip_dual_bound - columns.existing_cost)


@dataclass(frozen=True, slots=True)
class _Columns:
    cost: FloatArray
    lower: FloatArray
    sites: int
    existing_cost: float


@dataclass(frozen=True, slots=True)
class _Rows:
    matrix: Csr
    lower: FloatArray
    upper: FloatArray


def _arrays(case: Case) -> tuple[_Columns, _Rows]:
    """Return the compact model: columns y (J), then z (I) or one share per pair."""
    reach = case.pairs()
    points, sites = reach.shape
    fixed = np.zeros(sites) if case.fixed is None else case.fixed.astype(np.float64)
    opening = np.ones(sites) if case.cost is None else case.cost
    parts: list[tuple[Csr, FloatArray, FloatArray]] = []
    if case.capacity is None and case.objective in ("cost", "coverage"):
        covers = sparse.csr_array((np.ones(reach.nnz), reach.indices, reach.indptr), shape=reach.shape)
        second = np.zeros(0)
        if case.objective == "coverage":
            second = case.weight
            covers = sparse.hstack([covers, -sparse.eye_array(points)], format="csr")
        parts.append((covers, np.full(points, 0.0 if len(second) else 1.0), np.full(points, np.inf)))
    else:
        second = _share_costs(case, reach)
        parts += _share_rows(case, reach)
    count = sparse.csr_array(np.concatenate([np.ones(sites), np.zeros(len(second))])[None, :])
    most = np.inf if case.most is None else case.most + fixed.sum()
    parts.append((count, np.array([float(case.at_least)]), np.array([most])))
    first = opening if case.objective in ("cost", "total") else np.zeros(sites)
    return (
        _Columns(
            np.concatenate([first, second]),
            np.concatenate([fixed, np.zeros(len(second))]),
            sites,
            float(first @ fixed),
        ),
        _Rows(
            sparse.vstack([part[0] for part in parts], format="csr"),
            np.concatenate([part[1] for part in parts]),
            np.concatenate([part[2] for part in parts]),
        ),
    )


def _share_costs(case: Case, reach: Csr) -> FloatArray:
    weight = np.repeat(case.weight, np.diff(reach.indptr))
    prices = {"cost": np.zeros(reach.nnz), "coverage": weight}
    return np.asarray(prices.get(case.objective, weight * reach.data))


def _share_rows(case: Case, reach: Csr) -> list[tuple[Csr, FloatArray, FloatArray]]:
    points, sites = reach.shape
    pairs: IntArray = np.arange(reach.nnz)
    weight = np.repeat(case.weight, np.diff(reach.indptr))
    everyone = case.objective in ("distance", "total") or case.floor == 1.0
    served = sparse.csr_array((np.ones(reach.nnz), pairs, reach.indptr), shape=(points, reach.nnz))
    at_site = sparse.csr_array((np.ones(reach.nnz), (pairs, reach.indices)), shape=(reach.nnz, sites))
    none, infinite = sparse.csr_array((points, sites)), np.full(points, np.inf)
    parts = [
        (sparse.hstack([none, served], format="csr"), np.full(points, float(everyone)), np.ones(points)),
        (
            sparse.hstack([-at_site, sparse.eye_array(reach.nnz)], format="csr"),
            np.full(reach.nnz, -np.inf),
            np.zeros(reach.nnz),
        ),
    ]
    if not everyone and case.floor:
        total = sparse.csr_array(np.concatenate([np.zeros(sites), weight])[None, :])
        parts.append((total, np.array([case.floor * case.weight.sum()]), infinite[:1]))
    if case.capacity is not None:
        load = sparse.csr_array((weight, (reach.indices, pairs)), shape=(sites, reach.nnz))
        limit = sparse.hstack([-sparse.diags_array(case.capacity), load], format="csr")
        parts.append((limit, np.full(sites, -np.inf), np.zeros(sites)))
    return parts


def by_spopt(case: Case, solver: str, limits: Limits) -> Found:
    """Solve by spopt, from the cost matrix as its documentation does."""
    locate: Any = importlib.import_module("spopt.locate")
    matrix = case.matrix()
    if case.objective == "coverage":
        model = locate.MCLP.from_cost_matrix(matrix, case.weight, case.radius, p_facilities=case.most)
    elif case.objective == "distance":
        model = locate.PMedian.from_cost_matrix(matrix, case.weight, p_facilities=case.most)
    elif case.capacity is not None:
        model = locate.LSCP.from_cost_matrix(
            matrix, case.radius, demand_quantity_arr=case.weight, facility_capacity_arr=case.capacity
        )
    else:
        model = locate.LSCP.from_cost_matrix(matrix, case.radius)
    solved = model.solve(pulp_solver(solver, limits))
    return read_back(solved.problem)
