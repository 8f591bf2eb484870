"""The engine's side of a measurement."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from benchmarks.cases import Case
from benchmarks.instances import problem_of
from benchmarks.measure import Request, Result
from optimization import Plan, SolverOptions, solve, solve_many


def run(work: Case | list[Case], request: Request) -> Result:
    """Solve one case, or many at once."""
    options = SolverOptions(time_limit_s=request.limit, gap=request.gap)
    if isinstance(work, Case):
        plan = solve(problem_of(work), work.objective, options)
        proven = plan.outcome == "optimal"
        return Result(0.0, plan.objective, plan.bound, plan.gap, proven, notes=plan.notes)
    if request.how == "ours":
        return _many(work, options, None)
    with dask(int(request.how.removeprefix("dask-"))) as executor:
        return _many(work, options, executor)


def _many(work: list[Case], options: SolverOptions, executor: Executor | None) -> Result:
    """Return sums over many plans, with a digest of all sites opened: equal plans, equal digest."""
    began = perf_counter()
    problems = {number: problem_of(case) for number, case in enumerate(work)}
    plans = [plan for _, plan in solve_many(problems, "cost", options, executor)]
    seconds = perf_counter() - began
    complete = all(plan.objective is not None for plan in plans)
    return Result(
        seconds,
        sum(plan.objective or 0.0 for plan in plans) if complete else None,
        sum(plan.bound or 0.0 for plan in plans),
        max((plan.gap for plan in plans if plan.gap is not None), default=None),
        all(plan.outcome == "optimal" for plan in plans),
        notes=(f"digest {digest(plans)}",),
    )


def digest(plans: list[Plan]) -> str:
    """Return a short digest of the sites that all plans open."""
    content = b"".join(b"-" if plan.open is None else plan.open.tobytes() for plan in plans)
    return hashlib.sha256(content).hexdigest()[:12]


@contextmanager
def dask(workers: int) -> Iterator[Executor]:
    """Yield the executor of a local Dask cluster, one thread a worker; starting it is not counted."""
    distributed: Any = importlib.import_module("distributed")

    with (
        distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(workers)
        yield client.get_executor(pure=False)
