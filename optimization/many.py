"""Solve many problems: plain ones here at once, the rest in worker processes, largest first.

A worker that dies costs only the problem it held: every lane is a thread with one process of its
own, so nothing else is in that process. The problem is tried once more in a fresh one, then handed
back as a plan with the outcome `time_limit`, nothing open and a note that says what happened.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from optimization.problem import LocationProblem, SolverOptions
from optimization.result import Outcome, Plan
from optimization.solve import DEFAULT_OPTIONS, objective_names, solve, solve_plainly

Key = TypeVar("Key", bound=Hashable)
Task = tuple[LocationProblem, Sequence[str] | str, SolverOptions]

SERIAL_WORK_S = 3.0
ATTEMPTS = 2


def solve_many(
    problems: Mapping[Key, LocationProblem],
    objectives: Sequence[str] | str = ("cost",),
    options: SolverOptions = DEFAULT_OPTIONS,
    executor: Executor | None = None,
) -> Iterator[tuple[Key, Plan]]:
    """Yield (key, plan) for every problem, in the order of `problems`.

    Parameters
    ----------
    problems : mapping of key to LocationProblem
        Their order is the order of the results, whatever ends first.
    objectives, options
        As in `solve`; the time limit is for each problem.
    executor : concurrent.futures.Executor, optional
        Where the problems run that need a solver, such as a Dask client's executor. Default:
        one process per core, or none at all where the work is too little to start them.

    Raises
    ------
    ValueError
        An unknown objective, before anything runs. An exception inside one problem never
        reaches the others: it is tried twice and then noted in that problem's plan.
    """
    objective_names(objectives)
    return _results(problems, objectives, options, executor)


def _results(
    problems: Mapping[Key, LocationProblem],
    objectives: Sequence[str] | str,
    options: SolverOptions,
    executor: Executor | None,
) -> Iterator[tuple[Key, Plan]]:
    done: dict[Key, Plan] = {}
    for key, problem in problems.items():
        plan = _plainly(problem, objectives, options)
        if plan is not None:
            done[key] = plan
    hard = sorted((key for key in problems if key not in done), key=lambda key: -work_s(problems[key]))
    tasks = {key: (problems[key], objectives, options) for key in hard}
    if executor is None and (len(hard) < 2 or sum(work_s(problems[key]) for key in hard) < SERIAL_WORK_S):
        yield from ((key, done[key] if key in done else attempts(solve, tasks[key])) for key in problems)
        return
    with Lanes() as lanes:
        futures = {key: lanes.submit(task, executor) for key, task in tasks.items()}
        for key in problems:
            yield key, done[key] if key in done else futures[key].result()


def _plainly(
    problem: LocationProblem, objectives: Sequence[str] | str, options: SolverOptions
) -> Plan | None:
    """Return the plain answer; a mistake there is met again, and noted, by the full attempt."""
    try:
        return solve_plainly(problem, objectives, options)
    except Exception:
        return None


def work_s(problem: LocationProblem) -> float:
    """Return a rough guess of the seconds a problem takes, to order and to decide on processes."""
    try:
        return 0.01 + 4e-5 * float(problem.instance.reach.nnz)
    except AttributeError:  # no problem at all: its own attempt will say so
        return 0.01


def attempts(run: Callable[..., Plan], task: Task) -> Plan:
    """Return the plan of the first attempt that works, or a note of why none did."""
    error: Exception | None = None
    for _ in range(ATTEMPTS):
        try:
            return run(*task)
        except Exception as caught:
            error = caught
    return failed(error)


def failed(error: BaseException | None) -> Plan:
    """Return the plan of a problem that could not be run: nothing open, and why."""
    reason = (
        "a worker process died"
        if isinstance(error, BrokenProcessPool)
        else f"{type(error).__name__}: {error}"
    )
    return Plan(Outcome.TIME_LIMIT, notes=(f"no answer after {ATTEMPTS} attempts: {reason}",))


class Lanes:
    """Threads that each own one worker process, and a door to somebody else's executor."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="lane")
        self.own = threading.local()
        self.pools: list[ProcessPoolExecutor] = []
        self.usable: bool | None = None
        self.lock = threading.Lock()

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, task: Task, executor: Executor | None) -> Future[Plan]:
        """Start a task, in `executor` where there is one, and in a lane if that fails."""
        if executor is None:
            return self.threads.submit(attempts, self._run, task)
        try:
            outside = executor.submit(solve, *task)
        except Exception:
            return self.threads.submit(attempts, self._run, task)
        waiting: Future[Plan] = Future()
        outside.add_done_callback(lambda future: self._hand_over(future, task, waiting))
        return waiting

    def _hand_over(self, outside: Future[Plan], task: Task, waiting: Future[Plan]) -> None:
        if outside.cancelled() or outside.exception() is not None:
            retry = self.threads.submit(attempts, self._run, task)
            retry.add_done_callback(lambda future: waiting.set_result(future.result()))
        else:
            waiting.set_result(outside.result())

    def _run(self, *task: object) -> Plan:
        pool = self._pool()
        if pool is None:
            return solve(*task)  # type: ignore[arg-type]
        try:
            return pool.submit(solve, *task).result()  # type: ignore[arg-type]
        except BrokenProcessPool:
            self.own.pool = None
            raise

    def _pool(self) -> ProcessPoolExecutor | None:
        """Return this thread's process; None where processes cannot be started at all."""
        pool: ProcessPoolExecutor | None = getattr(self.own, "pool", None)
        if pool is None and self.usable is not False:
            pool = ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))
            try:
                pool.submit(os.getpid).result()
            except BrokenProcessPool:
                # a script without the usual `if __name__ == "__main__"` cannot start processes
                self.usable = False
                return None
            with self.lock:
                self.pools.append(pool)
            self.own.pool = pool
        return pool
