"""Many problems at once: their order, their independence, a worker's death, and an early end."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import optimization.farm as farm
import optimization.many as many
from optimization import (
    LocationProblem,
    Outcome,
    SolverOptions,
    Workers,
    solve,
    solve_many,
    solve_plainly,
    solve_stream,
)
from tests.optimization.test_promises import scattered

pytestmark = pytest.mark.alone


class Poison(SolverOptions):
    """Options that kill the process that unpacks them first, and leave `marker`; then they are good."""

    marker: str

    @classmethod
    def once(cls, marker: Path) -> "Poison":
        poison = cls()
        object.__setattr__(poison, "marker", str(marker))
        return poison

    def __reduce__(self) -> Any:
        return kill_once, (self.marker,)


def kill_once(marker: str) -> SolverOptions:
    if not Path(marker).exists():
        Path(marker).touch()
        os._exit(3)
    return SolverOptions()


class Poisoned(LocationProblem):
    """A problem that kills the worker that unpacks it."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


class Spilt(Executor):
    """An executor that loses everything: each future is cancelled at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def hard(count: int) -> dict[int, LocationProblem]:
    """Return problems that need a solver; `test_these_need_a_solver` says so."""
    return {number: scattered(30, number, least=4, share=0.95) for number in range(count)}


def poisoned(problem: LocationProblem) -> LocationProblem:
    return Poisoned(
        problem.weight, problem.reach, rows=problem.rows, row_lower=problem.row_lower, covers=problem.covers
    )


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every problem for enough work to start processes, and none for plain."""
    monkeypatch.setattr(farm, "SERIAL_WORK_S", 0.0)
    monkeypatch.setattr(many, "_plainly", lambda *_: None)


def test_results_come_in_the_order_of_the_problems() -> None:
    problems = {name: scattered(8 + 4 * number, number, least=2) for number, name in enumerate("dacb")}
    told: list[tuple[int, int]] = []
    results = list(
        solve_many(problems, ("cost", "distance"), progress=lambda done, total: told.append((done, total)))
    )
    assert [key for key, _ in results] == list("dacb")
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for key, plan in results:
        assert plan.objective == solve(problems[key], ("cost", "distance")).objective


def test_a_stream_is_drawn_as_it_ends() -> None:
    drawn: list[int] = []

    def problems() -> Any:
        for number in range(4):
            drawn.append(number)
            yield number, scattered(12, number, least=2)

    stream = solve_stream(problems())
    assert next(stream)[0] == 0
    assert drawn == [0]
    assert sorted(key for key, _ in stream) == [1, 2, 3]


@pytest.mark.parametrize("count", [1, 2])
def test_any_executor_will_do(count: int) -> None:
    problems = hard(4)
    alone = {key: solve(problem, ("cost", "distance")) for key, problem in problems.items()}
    with ThreadPoolExecutor(count) as executor:
        plans = dict(solve_many(problems, ("cost", "distance"), executor=executor))
    assert list(plans) == [0, 1, 2, 3]
    for key, plan in plans.items():
        assert plan.outcome is Outcome.OPTIMAL
        assert plan.open is not None
        assert plan.open.tolist() == alone[key].open.tolist()


def test_a_problem_that_raises_costs_only_itself() -> None:
    problems = hard(3)
    object.__setattr__(problems[1], "instance", None)
    plans = dict(solve_many(problems, ("cost", "distance")))
    assert plans[1].outcome is Outcome.TIME_LIMIT
    assert plans[1].open is None
    assert "no answer after 2 attempts" in plans[1].notes[0]
    assert plans[0].outcome is plans[2].outcome is Outcome.OPTIMAL


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("pool", [None, ProcessPoolExecutor])
def test_a_problem_that_kills_its_worker_costs_only_itself(pool: Any) -> None:
    problems = hard(4)
    problems[2] = poisoned(problems[2])
    executor = pool and pool(2, mp_context=get_context("spawn"))
    plans = dict(solve_many(problems, ("cost",), executor=executor))
    assert "a worker process died" in plans[2].notes[0]
    assert plans[2].outcome is Outcome.TIME_LIMIT
    assert {plans[key].outcome for key in (0, 1, 3)} == {Outcome.OPTIMAL}


@pytest.mark.usefixtures("busy")
def test_a_worker_that_dies_once_is_replaced_and_the_plan_says_so(tmp_path: Path) -> None:
    (plan,) = dict(solve_many(hard(1), ("cost",), Poison.once(tmp_path / "died"))).values()
    assert plan.outcome is Outcome.OPTIMAL
    assert plan.notes[-1] == "attempted again: a worker process died"


@pytest.mark.usefixtures("busy")
def test_an_executor_that_loses_its_tasks_loses_no_problem() -> None:
    plans = dict(solve_many(hard(2), ("cost",), executor=Spilt()))
    assert {plan.outcome for plan in plans.values()} == {Outcome.OPTIMAL}
    assert all("shut down" in plan.notes[-1] for plan in plans.values())


class Recording(ThreadPoolExecutor):
    """An executor that remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(1)
        self.given: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given.append(super().submit(fn, *args, **kwargs))
        return self.given[-1]


@pytest.mark.usefixtures("busy")
def test_closing_the_iterator_cancels_what_has_not_started() -> None:
    with Recording() as executor:
        results = solve_many(hard(6), ("cost",), executor=executor)
        next(results)
        executor.submit(time.sleep, 0.3)
        results.close()
        assert list(results) == []
    assert len(executor.given) == 7
    assert all(future.done() for future in executor.given)


@pytest.mark.usefixtures("busy")
def test_closing_the_iterator_kills_processes_of_our_own() -> None:
    slow = {number: scattered(400, number, least=40, share=0.97) for number in range(3)}
    results = solve_many(slow, ("cost", "distance"), SolverOptions(gap=0.5))
    next(results)
    began = time.perf_counter()
    results.close()
    assert time.perf_counter() - began < 2


def test_workers_are_killed_where_an_exception_ends_the_run() -> None:
    began = time.perf_counter()
    futures: list[Future[Any]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(futures)
    with pytest.raises(Exception, match="terminated abruptly"):
        futures[0].result()
    assert futures[1].cancelled()
    assert time.perf_counter() - began < 30


def interrupted(futures: list[Future[Any]]) -> None:
    with Workers(1) as workers:
        workers.submit(os.getpid).result()
        futures += [workers.submit(time.sleep, 60) for _ in range(2)]
        while not futures[0].running():
            time.sleep(0.01)
        raise KeyboardInterrupt


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
def test_something_that_is_no_problem_spoils_only_its_own_plan(executor: Any) -> None:
    good = scattered(12, 1, least=3)
    broken: Any = None
    plans = dict(solve_many({"good": good, "bad": broken}, executor=executor and executor(1)))
    assert plans["good"].outcome is Outcome.OPTIMAL
    assert plans["bad"].outcome is Outcome.TIME_LIMIT
    assert "AttributeError" in plans["bad"].notes[0]


def test_the_same_problem_is_solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[LocationProblem] = []

    def counted(problem: LocationProblem, *rest: Any) -> Any:
        asked.append(problem)
        return solve_plainly(problem, *rest)

    monkeypatch.setattr(many, "solve_plainly", counted)
    problems = {
        key: scattered(12, number, least=2) for key, number in (("a", 1), ("b", 2), ("c", 1), ("d", 1))
    }
    plans = dict(solve_many(problems, ("cost", "distance")))
    assert len(asked) == 2
    assert list(plans) == ["a", "b", "c", "d"]
    for key, plan in plans.items():
        assert plan.objectives == solve(problems[key], ("cost", "distance")).objectives


def test_a_problem_is_pickled_once() -> None:
    problem = scattered(200, 1, least=3)
    reach = problem.instance.reach
    size = reach.data.nbytes + reach.indices.nbytes + reach.indptr.nbytes
    assert len(pickle.dumps(problem, 5)) < 1.2 * size + 20_000
    again = pickle.loads(pickle.dumps(problem, 5))
    assert again.reach is again.instance.reach
    assert solve(again).objective == solve(problem).objective


def test_an_unknown_objective_raises_at_once() -> None:
    with pytest.raises(ValueError, match="'costs' is unknown"):
        solve_many({}, ("costs",))


def test_no_problems_no_results() -> None:
    assert list(solve_many({})) == []
    lone = LocationProblem(np.ones(1), scattered(1, 0, least=1).reach)
    assert [key for key, _ in solve_many({"one": lone})] == ["one"]


def run_script(folder: Path, text: str) -> "subprocess.Popen[str]":
    script = folder / "script.py"
    script.write_text(text)
    root = str(Path(__file__).parents[2])
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, script], stdout=pipe, stderr=pipe, text=True, env={**os.environ, "PYTHONPATH": root}
    )


def test_a_script_without_a_guard_runs_once_and_alone(tmp_path: Path) -> None:
    text = (
        "from optimization import Workers\nwith Workers(1) as at:\n    print(at.submit(abs, -2).result())\n"
    )
    said, complaint = run_script(tmp_path, text).communicate(timeout=60)
    assert (said, complaint) == ("2\n", "")


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    text = """
import os, time
from optimization import Workers
if __name__ == "__main__":
    workers = Workers(1)
    print(workers.submit(os.getpid).result(), flush=True)
    workers.submit(time.sleep, 60).result()
"""
    with run_script(tmp_path, text) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        ends = time.perf_counter() + 20
        while running(child) and time.perf_counter() < ends:
            time.sleep(0.05)
        assert not running(child)


def running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
