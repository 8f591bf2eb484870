"""A local Dask cluster of worker processes gives the same plans, faster, whatever happens to its workers."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import pytest

from benchmarks.instances import prefectures
from optimization import LocationProblem, Outcome, Plan, SolverOptions, solve, solve_many
from tests.optimization.test_promises import scattered

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*large graph.*:UserWarning"),
]

OBJECTIVES = ("cost", "distance")
PREFECTURES = 333


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Connect to two worker processes of one thread each."""
    with (
        distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def unplain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every problem to the cluster, those with a plain answer too."""
    monkeypatch.setattr("optimization.many._plainly", lambda *_: None)


def problems(count: int) -> dict[int, LocationProblem]:
    return {number: scattered(30 + number, number, least=4, share=0.95) for number in range(count)}


def assert_alike(plan: Plan, other: Plan) -> None:
    assert plan.open is not None
    assert other.open is not None
    assert plan.open.tolist() == other.open.tolist()
    assert plan.objectives == other.objectives


@pytest.mark.usefixtures("unplain")
def test_a_cluster_gives_the_same_plans(client: Any) -> None:
    asked = problems(6)
    plans = dict(solve_many(asked, OBJECTIVES, executor=client.get_executor(pure=False)))
    assert list(plans) == list(asked)
    for number, plan in plans.items():
        assert_alike(plan, solve(asked[number], OBJECTIVES))


@pytest.mark.usefixtures("unplain")
def test_killing_a_worker_in_the_middle_loses_nothing(client: Any) -> None:
    asked = problems(20)
    results = solve_many(asked, OBJECTIVES, executor=client.get_executor(pure=False))
    plans = dict([next(results)])
    victim = min(client.run(os.getpid).values())
    os.kill(victim, signal.SIGKILL)
    plans |= dict(results)
    assert list(plans) == list(asked)
    assert {plan.outcome for plan in plans.values()} == {Outcome.OPTIMAL}
    client.wait_for_workers(2, timeout=60)


@pytest.mark.usefixtures("unplain")
def test_a_cluster_that_goes_away_loses_nothing() -> None:
    with distributed.LocalCluster(1, threads_per_worker=1, dashboard_address=":0") as cluster:
        client = distributed.Client(cluster)
        results = solve_many(problems(8), OBJECTIVES, executor=client.get_executor(pure=False))
        plans = dict([next(results)])
        client.close()
    plans |= dict(results)
    assert {plan.outcome for plan in plans.values()} == {Outcome.OPTIMAL}


@pytest.mark.slow
def test_two_workers_are_faster_than_one(client: Any) -> None:
    asked = prefectures(PREFECTURES)
    alone = next(iter(client.scheduler_info(n_workers=-1)["workers"]))
    one = timed(asked, client.get_executor(pure=False, workers=[alone]))
    two = timed(asked, client.get_executor(pure=False))
    for number in asked:
        assert_alike(one[1][number], two[1][number])
    assert one[0] >= 1.5 * two[0]
    assert sum(plan.seconds["total"] for plan in two[1].values()) >= 1.7 * two[0]


def timed(asked: dict[int, LocationProblem], executor: Executor) -> tuple[float, dict[int, Plan]]:
    began = time.perf_counter()
    plans = dict(solve_many(asked, ("cost",), SolverOptions(gap=0.005), executor))
    return time.perf_counter() - began, plans
