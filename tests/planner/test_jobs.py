"""Work in the background: progress, results, mistakes, limits, queues, and an end that is one."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from geodata.messages import InputError, say
from planner.jobs import KEPT_S, Jobs, Report, State

PATIENCE_S = 60.0
Progress = Callable[..., None]
"""Not the planner's own: a process that imports it takes seconds to start."""


def count(number: int, *, progress: Progress) -> int:
    for at in range(number):
        progress(say("Counting to {number}", number=number), at + 1, number)
    return number


def sleep(seconds: float, *, progress: Progress) -> int:
    progress(say("Sleeping"), os.getpid(), 0)
    time.sleep(seconds)
    return os.getpid()


def refuse(*, progress: Progress) -> None:
    raise InputError(say("Give it {what}.", what="another"))


def fail(*, progress: Progress) -> None:
    raise ZeroDivisionError("by nothing")


def die(*, progress: Progress) -> None:
    print("not an answer")
    os._exit(3)


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def wait(jobs: Jobs, job: str, until: Callable[[Report], bool] = lambda report: report.over) -> Report:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = jobs.report(job, "me")
        assert found is not None
        if until(found):
            return found
        time.sleep(0.02)
    raise AssertionError("it takes too long")


def asleep(report: Report) -> bool:
    return report.done > 0


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_tells_how_far_it_is_and_hands_back_what_came_out(jobs: Jobs) -> None:
    job = jobs.start(count, 5, session="me")
    found = wait(jobs, job)
    assert (found.state, found.result, found.done, found.total) == (State.DONE, 5, 5, 5)
    assert jobs.fetch(job, "me") == found
    assert jobs.report(job, "me") is None


def test_one_process_serves_one_job_after_the_other(jobs: Jobs) -> None:
    first = wait(jobs, jobs.start(sleep, 0.0, session="me"))
    second = wait(jobs, jobs.start(sleep, 0.0, session="me"))
    assert first.result == second.result != os.getpid()


def test_mistakes_are_sentences(jobs: Jobs) -> None:
    refused = wait(jobs, jobs.start(refuse, session="me"))
    assert (refused.state, str(refused.message)) == (State.FAILED, "Give it another.")
    failed = wait(jobs, jobs.start(fail, session="me"))
    assert "ZeroDivisionError: by nothing" in str(failed.message)
    died = wait(jobs, jobs.start(die, session="me"))
    assert "the process ended" in str(died.message)
    assert wait(jobs, jobs.start(count, 1, session="me")).result == 1


def test_cancelling_ends_the_process_within_two_seconds(jobs: Jobs) -> None:
    job = jobs.start(sleep, 60.0, session="me")
    process = wait(jobs, job, asleep).done
    assert alive(process)
    began = time.monotonic()
    jobs.cancel(job, "me")
    found = wait(jobs, job)
    assert found.state is State.CANCELLED
    while alive(process):
        assert time.monotonic() - began < 2
        time.sleep(0.02)


def test_time_is_limited(jobs: Jobs) -> None:
    wait(jobs, jobs.start(count, 1, session="me"))  # the process has started
    job = jobs.start(sleep, 60.0, session="me", limit_s=0.3)
    found = wait(jobs, job)
    assert found.state is State.FAILED
    assert "0.3 s, the time limit" in str(found.message)


def test_two_run_and_the_others_wait_with_words(jobs: Jobs) -> None:
    running = [jobs.start(sleep, 60.0, session="me") for _ in range(2)]
    third, fourth = (jobs.start(count, 1, session="me") for _ in range(2))
    said = [jobs.report(job, "me") for job in (third, fourth)]
    assert [(one.state, one.before) for one in said if one] == [(State.WAITING, 1), (State.WAITING, 2)]
    assert "1 jobs before yours" in str(said[1].message if said[1] else "")
    jobs.cancel(fourth, "me")
    assert wait(jobs, fourth).state is State.CANCELLED
    jobs.cancel(running[0], "me")
    assert wait(jobs, third).result == 1


def test_a_job_is_its_sessions_own(jobs: Jobs) -> None:
    job = jobs.start(sleep, 60.0, session="me")
    assert jobs.report(job, "other") is None
    jobs.cancel(job, "other")
    assert wait(jobs, job, asleep).state is State.RUNNING
    jobs.forget("me")
    end = time.monotonic() + 5
    while (left := jobs.fetch(job, "me")) is not None and time.monotonic() < end:
        assert left.state in (State.RUNNING, State.CANCELLED)
        time.sleep(0.02)


def test_what_nobody_fetches_is_dropped_after_an_hour() -> None:
    now = [0.0]
    jobs = Jobs(clock=lambda: now[0])
    job = jobs.start(count, 1, session="me")
    assert wait(jobs, job).state is State.DONE
    now[0] = KEPT_S - 1
    assert jobs.report(job, "me") is not None
    now[0] = KEPT_S + 1
    assert jobs.report(job, "me") is None
    jobs.close()


def test_a_process_that_cannot_start_is_a_failure_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Jobs(at_once=1)

    def refused() -> None:
        raise OSError("no more processes")

    with monkeypatch.context() as patch:
        patch.setattr(made, "_worker", refused)
        found = wait(made, made.start(count, 1, session="me"))
    assert found.state is State.FAILED
    assert wait(made, made.start(count, 1, session="me")).state is State.DONE
    made.close()
