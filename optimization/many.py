"""Solve many problems: plain ones here at once, the rest in worker processes, largest first.

A worker that dies costs only the problem it held: that is tried once more in a fresh process, then
handed back as a plan with the outcome `time_limit`, nothing open and a note that says what
happened. The same holds for a problem that raises.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b
from typing import Generic, TypeVar

from optimization.farm import Farm, work_s
from optimization.problem import LocationProblem, SolverOptions
from optimization.result import Plan
from optimization.solve import DEFAULT_OPTIONS, objective_names, solve_plainly

Key = TypeVar("Key", bound=Hashable)


def solve_many(
    problems: Mapping[Key, LocationProblem],
    objectives: Sequence[str] | str = ("cost",),
    options: SolverOptions = DEFAULT_OPTIONS,
    executor: Executor | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Generator[tuple[Key, Plan], None, None]:
    """Yield (key, plan) for every problem, in the order of `problems`.

    Each comes as soon as it and those before it are done. Problems that are the same are solved
    once. Closing the iterator cancels what has not started, kills processes of our own, and returns
    at once.

    Parameters
    ----------
    problems : mapping of key to LocationProblem
        Their order is the order of the results, whatever ends first.
    objectives, options
        As in `solve`; the time limit is for each problem.
    executor : concurrent.futures.Executor, optional
        Where the problems run that need a solver, such as a Dask client's executor. Default:
        one process per core; none where the work is too little to start them, or where the
        calling script does not guard its work by `if __name__ == "__main__"`.
    progress : callable, optional
        Called with the number of problems done, in whatever order they end, and of all.

    Raises
    ------
    ValueError
        An unknown objective, before anything runs. An exception inside one problem never
        reaches the others: it is tried twice and then noted in that problem's plan.
    """
    objective_names(objectives)
    return _in_order(problems, objectives, options, executor, progress)


def _in_order(
    problems: Mapping[Key, LocationProblem],
    objectives: Sequence[str] | str,
    options: SolverOptions,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> Generator[tuple[Key, Plan], None, None]:
    order = list(problems)
    largest_first = sorted(order, key=lambda key: -work_s(problems[key]))
    done: dict[Key, Plan] = {}
    given = 0
    items = ((key, problems[key]) for key in largest_first)
    with closing(solve_stream(items, objectives, options, executor)) as stream:
        for number, (ended, found) in enumerate(stream, 1):
            done[ended] = found
            if progress is not None:
                progress(number, len(order))
            while given < len(order) and order[given] in done:
                yield order[given], done.pop(order[given])
                given += 1


def solve_stream(
    problems: Iterable[tuple[Key, LocationProblem]],
    objectives: Sequence[str] | str = ("cost",),
    options: SolverOptions = DEFAULT_OPTIONS,
    executor: Executor | None = None,
) -> Generator[tuple[Key, Plan], None, None]:
    """Yield (key, plan) as problems end, drawing the next ones only while there is room for them.

    The largest should come first. `solve_many` is this, sorted; here the problems are never all in
    memory. Closing the iterator does what it does there.
    """
    repeats: Repeats[Key] = Repeats()
    with closing(_distinct(repeats.first(problems), objectives, options, executor)) as stream:
        for key, plan in stream:
            yield key, plan
            yield from repeats.answered(key, plan)
    yield from repeats.ready


def _distinct(
    problems: Iterable[tuple[Key, LocationProblem]],
    objectives: Sequence[str] | str,
    options: SolverOptions,
    executor: Executor | None,
) -> Generator[tuple[Key, Plan], None, None]:
    farm: Farm[Key] = Farm(objectives, options, executor)
    try:
        for key, problem in problems:
            plan = _plainly(problem, objectives, options)
            if plan is not None:
                yield key, plan
            else:
                farm.submit(key, problem)
            yield from farm.ended()
        yield from farm.rest()
    except BaseException:
        farm.stop()
        raise
    farm.close()


def _plainly(
    problem: LocationProblem, objectives: Sequence[str] | str, options: SolverOptions
) -> Plan | None:
    """Return the plain answer; a mistake there is met again, and noted, by the full attempt."""
    try:
        return solve_plainly(problem, objectives, options)
    except Exception:
        return None


class Repeats(Generic[Key]):
    """Problems that are the same to the last bit: the first is solved, its plan is that of all.

    Hundreds of makers who plan the same area with nothing there yet pose one problem.
    """

    def __init__(self) -> None:
        self.waiting: dict[bytes, list[Key]] = {}
        self.plans: dict[bytes, Plan] = {}
        self.prints: dict[Key, bytes] = {}
        self.ready: list[tuple[Key, Plan]] = []

    def first(self, problems: Iterable[tuple[Key, LocationProblem]]) -> Iterator[tuple[Key, LocationProblem]]:
        """Yield the problems that are new; those that repeat a solved one are ready."""
        for key, problem in problems:
            mark = fingerprint(problem)
            if mark in self.plans:
                self.ready.append((key, self.plans[mark]))
            elif mark in self.waiting:
                self.waiting[mark].append(key)
            else:
                if mark:
                    self.waiting[mark], self.prints[key] = [], mark
                yield key, problem

    def answered(self, key: Key, plan: Plan) -> Iterator[tuple[Key, Plan]]:
        """Yield what has the plan of `key` too, and what else is ready."""
        mark = self.prints.pop(key, b"")
        if mark:
            self.plans[mark] = replace(
                plan, seconds={}, notes=(*plan.notes, "as for the same problem before")
            )
            self.ready += [(other, self.plans[mark]) for other in self.waiting.pop(mark)]
        while self.ready:
            yield self.ready.pop()


def fingerprint(problem: LocationProblem) -> bytes:
    """Return what only problems with the same numbers and names share; nothing for what is no problem."""
    try:
        return blake2b(pickle.dumps(problem.instance, 5), digest_size=16).digest()
    except Exception:
        return b""
