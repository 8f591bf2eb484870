"""Work in the background: started, watched, cancelled; two at a time, each in a process of its own."""

import os
import pickle
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from geodata.messages import Message, say
from planner.jobworker import ENVIRONMENT

AT_ONCE = 2
KEPT_S = 3600.0
"""How long what came out waits for being fetched."""
TICK_S = 0.1
GRACE_S = 1.0
ROOT = Path(__file__).parents[1]


class State(StrEnum):
    """How a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Report:
    """What is known of a job: how far it is, what came out, or why nothing did.

    `before` is the number of jobs that are taken up before it; `done` of `total` as the work itself counts.
    """

    state: State
    message: Message
    done: int = 0
    total: int = 0
    before: int = 0
    result: Any = None
    seconds: float = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in (State.WAITING, State.RUNNING)


@dataclass(eq=False)
class _Job:
    id: str
    session: str
    task: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
    limit_s: float
    report: Report = field(default_factory=lambda: Report(State.WAITING, say("Waiting to start")))
    began: float = 0.0
    ended: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """The jobs of all sessions of a server.

    Parameters
    ----------
    at_once
        How many run at the same time; the others wait in the order they came.
    clock
        Tells seconds; a test may have its own.
    """

    def __init__(self, at_once: int = AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once = at_once
        self.clock = clock
        self._jobs: dict[str, _Job] = {}
        self._waiting: list[_Job] = []
        self._idle: list[_Worker] = []
        self._threads: set[threading.Thread] = set()
        self._running = 0
        self._lock = threading.Lock()

    def start(
        self,
        function: Callable[..., Any],
        *args: Any,
        session: str,
        limit_s: float = 600.0,
        **kwargs: Any,
    ) -> str:
        """Start a job and return its id.

        `function` is found by its module and name, takes `progress` (see `planner.run.Progress`), and all
        that goes in and comes out can be pickled.
        """
        job = _Job(secrets.token_urlsafe(12), session, (function, args, kwargs), limit_s)
        with self._lock:
            self._drop_old()
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._take_up()
        return job.id

    def report(self, job_id: str, session: str) -> Report | None:
        """Return how a job of this session stands; None where it has none of this id (any more)."""
        with self._lock:
            self._drop_old()
            job = self._jobs.get(job_id)
            if job is None or job.session != session:
                return None
            if job not in self._waiting:
                return job.report
            before = self._waiting.index(job) + 1
            return replace(job.report, before=before, message=_queue(before))

    def fetch(self, job_id: str, session: str) -> Report | None:
        """Return the same, and forget the job if it is over."""
        found = self.report(job_id, session)
        if found is not None and found.over:
            with self._lock:
                self._jobs.pop(job_id, None)
        return found

    def cancel(self, job_id: str, session: str) -> None:
        """Stop a job: its process is gone within two seconds."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.session != session or job.report.over:
                return
            job.cancelled.set()
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, State.CANCELLED, say("Cancelled"))

    def forget(self, session: str) -> None:
        """Stop and drop all jobs of a session."""
        for job in [job for job in list(self._jobs.values()) if job.session == session]:
            self.cancel(job.id, session)
            self.fetch(job.id, session)

    def close(self) -> None:
        """Stop everything, and wait until it has."""
        for job in list(self._jobs.values()):
            self.cancel(job.id, job.session)
        for thread in list(self._threads):
            thread.join(2 * GRACE_S)
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()

    def _take_up(self) -> None:
        while self._waiting and self._running < self.at_once:
            job = self._waiting.pop(0)
            self._running += 1
            job.began = self.clock()
            job.report = Report(State.RUNNING, say("Starting"))
            thread = threading.Thread(target=self._run, args=(job,), daemon=True, name="job")
            self._threads.add(thread)
            thread.start()

    def _run(self, job: _Job) -> None:
        worker = None
        try:
            worker = self._worker()
            self._watch(job, worker)
        except Exception as error:  # a thread that dies without a word would leave its job running for ever
            self._end(job, State.FAILED, _broken(f"{type(error).__name__}: {error}"))
        finally:
            with self._lock:
                self._running -= 1
                self._threads.discard(threading.current_thread())
                if worker is not None and worker.alive and job.report.state in (State.DONE, State.FAILED):
                    self._idle.append(worker)
                elif worker is not None:
                    worker.kill()
                self._take_up()

    def _worker(self) -> "_Worker":
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
        return _Worker()

    def _watch(self, job: _Job, worker: "_Worker") -> None:
        """Hear what the worker says until the job is over, cancelled, or out of time."""
        worker.send(job.task)
        while not job.report.over:
            if job.cancelled.is_set():
                worker.kill()
                self._end(job, State.CANCELLED, say("Cancelled"))
            elif self.clock() - job.began > job.limit_s:
                worker.kill()
                self._end(job, State.FAILED, _too_long(job.limit_s))
            else:
                for kind, content in worker.heard(TICK_S):
                    self._hear(job, kind, content)
                if not worker.alive and not job.report.over:
                    self._end(job, State.FAILED, _broken("the process ended"))

    def _hear(self, job: _Job, kind: str, content: Any) -> None:
        if kind == "progress":
            message, done, total = content
            seconds = self.clock() - job.began
            job.report = Report(State.RUNNING, message, done, total, seconds=seconds)
        elif kind == "result":
            self._end(job, State.DONE, say("Done"), content)
        elif kind == "refused":
            self._end(job, State.FAILED, content[0])
        elif kind == "failed":
            self._end(job, State.FAILED, _broken(content))

    def _end(self, job: _Job, state: State, message: Message, result: Any = None) -> None:
        job.ended = self.clock()
        seconds = job.ended - job.began if job.began else 0.0
        done, total = job.report.done, job.report.total
        job.report = Report(state, message, done, total, result=result, seconds=seconds)

    def _drop_old(self) -> None:
        now = self.clock()
        for job in list(self._jobs.values()):
            if job.report.over and now - job.ended > KEPT_S:
                del self._jobs[job.id]


class _Worker:
    """A process that works, and a thread that hears what it says."""

    def __init__(self) -> None:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "planner.jobworker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # an interruption is the server's to handle
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._tasks, self._answers = self._process.stdin, self._process.stdout
        self._said: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self._ended = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether it can still say something."""
        return not self._ended

    def send(self, task: object) -> None:
        """Give it a task."""
        pickle.dump(task, self._tasks)
        self._tasks.flush()

    def heard(self, wait_s: float) -> Iterable[tuple[str, Any]]:
        """Return what it said since, waiting a little for something."""
        with self._news:
            if not self._said and not self._ended:
                self._news.wait(wait_s)
            said, self._said = self._said, []
        return said

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(GRACE_S)
        self._listener.join(GRACE_S)
        with suppress(OSError):  # what was still to be written is nobody's any more
            self._tasks.close()

    def _listen(self) -> None:
        try:
            while True:
                item = pickle.load(self._answers)
                with self._news:
                    self._said.append(item)
                    self._news.notify_all()
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._answers.close()
            with self._news:
                self._ended = True
                self._news.notify_all()


def _queue(before: int) -> Message:
    if before == 1:
        return say("Waiting: it is the next to start.")
    return say("Waiting: {number} jobs before yours.", number=before - 1)


def _too_long(limit_s: float) -> Message:
    return say(
        "Stopped after {seconds} s, the time limit. Raise it, or ask for less at once.",
        seconds=f"{limit_s:g}",
    )


def _broken(problem: str) -> Message:
    return say("The work ended by itself ({problem}). Start it again.", problem=problem)
