"""One measurement in a fresh process: `python -m benchmarks.measure REQUEST` prints its result as JSON.

Imports and the drawing of the instance are not counted, for ours and peers alike; everything from the
points to the plan is: distances, modelling, compiled kernels read from their cache, the recount.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import cases
from benchmarks.cases import Case


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure.

    Attributes
    ----------
    kind : str
        A function of `cases`; `file` for an OR-Library file; `prefectures` for many problems.
    arguments : dict
        Its arguments.
    how : str
        `ours`, `dask-1`, `dask-2`, `highspy`, or `pulp` or `spopt` with a solver, as `pulp-cbc`.
    limit : float
        Seconds, modelling included for peers too.
    gap : float
        Relative gap at which a plan counts as proven.
    """

    kind: str
    arguments: dict[str, Any]
    how: str = "ours"
    limit: float = 60.0
    gap: float = 1e-4


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured; None where there is nothing.

    Attributes
    ----------
    seconds : float
        Wall time from the points to the plan.
    objective, bound, gap : float or None
        Of many problems: sums, and the worst gap.
    proven : bool
        Within the gap, by its own account.
    megabytes : float
        Peak memory of the process, or of its largest child.
    notes : tuple of str
        How the engine answered.
    """

    seconds: float
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    proven: bool = False
    megabytes: float | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)


def drawn(request: Request) -> Case | list[Case]:
    """Return the instance, or the many of `prefectures`."""
    if request.kind == "file":
        return cases.read_case(Path(request.arguments["path"]))
    if request.kind == "prefectures":
        rest = {key: value for key, value in request.arguments.items() if key not in ("count", "seed")}
        first = request.arguments.get("seed", 0) * 10_000
        numbers = range(first, first + request.arguments["count"])
        return [cases.prefecture(number, **rest) for number in numbers]
    case = getattr(cases, request.kind)(**request.arguments)
    assert isinstance(case, Case)
    return case


def measure(request: Request) -> Result:
    """Return the measurement of one request, in this process."""
    work = drawn(request)
    if request.how == "ours" or request.how.startswith("dask"):
        run = importlib.import_module("benchmarks.ours").run
    else:
        run = by_peer
    if isinstance(work, list) and run is by_peer:
        run = many
    return _timed(lambda: run(work, request))


def _timed(run: Callable[[], Result]) -> Result:
    began = time.perf_counter()
    result = run()
    seconds = result.seconds or time.perf_counter() - began
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who) / 1024
    return Result(seconds, result.objective, result.bound, result.gap, result.proven, peak, result.notes)


def by_peer(case: Case, request: Request) -> Result:
    """Solve by a peer."""
    peers = importlib.import_module("benchmarks.peers")
    limits = peers.Limits(time.perf_counter() + request.limit, request.gap)
    name, _, solver = request.how.partition("-")
    if name == "highspy":
        found = peers.by_highspy(case, limits)
    else:
        found = (peers.by_spopt if name == "spopt" else peers.by_pulp)(case, solver, limits)
    return Result(0.0, found.objective, found.bound, None, found.proven)


def many(work: list[Case], request: Request) -> Result:
    """Solve many by a peer, on every core: one process each, as `solve_many` does."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(by_peer, work, [request] * len(work)))
    values = [result.objective for result in results if result.objective is not None]
    every = len(values) == len(work)
    return Result(0.0, sum(values) if every else None, None, None, all(one.proven for one in results))


def main() -> None:
    """Measure the request on the command line."""
    importlib.import_module("benchmarks.peers")
    request = Request(**json.loads(sys.argv[1]))
    if request.how.startswith("spopt"):
        importlib.import_module("spopt.locate")
    result = measure(request)
    print(json.dumps(asdict(result), default=lambda number: np.asarray(number).item()))


if __name__ == "__main__":
    main()
