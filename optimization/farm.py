"""Problems that need a solver, on their way through somebody's executor or processes of our own."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Generic, TypeVar

from optimization.problem import LocationProblem, SolverOptions
from optimization.result import Outcome, Plan
from optimization.solve import solve
from optimization.workers import Workers

Key = TypeVar("Key", bound=Hashable)

SERIAL_WORK_S = 3.0
"""Work for which no processes are started: they take about as long to start."""
ATTEMPTS = 2
PAIRS_IN_FLIGHT = 20_000_000
"""Pairs of the problems handed out at which the next ones wait: about 250 MB."""


def work_s(problem: LocationProblem) -> float:
    """Return a rough guess of the seconds a problem takes, to order and to decide on processes."""
    return 0.01 + 4e-5 * _pairs(problem)


def _pairs(problem: LocationProblem) -> int:
    try:
        own = [limit.reach for limit in problem.instance.limits if limit.reach is not None]
        return sum(int(pairs.nnz) for pairs in [problem.instance.reach, *own])
    except AttributeError:  # no problem at all: its own attempt will say so
        return 0


@dataclass(slots=True, eq=False)
class Ticket(Generic[Key]):
    """A problem on its way: where it was sent last, how often it failed there, and why."""

    key: Key
    problem: LocationProblem
    where: Executor | None = None
    failures: int = 0
    reason: str = ""


class Farm(Generic[Key]):
    """The problems that need a solver, in somebody's executor or in processes of our own."""

    def __init__(
        self, objectives: Sequence[str] | str, options: SolverOptions, executor: Executor | None
    ) -> None:
        self.objectives, self.options = objectives, options
        self.executor = executor
        self.own: Workers | None = None
        self.held: list[Ticket[Key]] = []
        self.held_s = 0.0
        self.out: dict[Future[Plan], Ticket[Key]] = {}
        self.finished: SimpleQueue[Future[Plan]] = SimpleQueue()
        self.pairs = 0

    def submit(self, key: Key, problem: LocationProblem) -> None:
        """Hand a problem out, or hold it until there is work enough to start processes for."""
        self.held.append(Ticket(key, problem))
        self.held_s += work_s(problem)
        idle = self.executor is None or (isinstance(self.executor, Workers) and not self.executor.started)
        if self.own is None and idle and self.held_s < SERIAL_WORK_S:
            return
        for ticket in self.held:
            self.pairs += _pairs(ticket.problem)
            self._send(ticket, self.executor or self._spare())
        self.held, self.held_s = [], 0.0

    def ended(self) -> Iterator[tuple[Key, Plan]]:
        """Yield what has ended, and wait while too much is out."""
        while self.out and (self.pairs > PAIRS_IN_FLIGHT or not self.finished.empty()):
            yield from self._next()

    def rest(self) -> Iterator[tuple[Key, Plan]]:
        """Yield all that is left; the little that is still held is solved here."""
        for ticket in self.held:
            yield ticket.key, self._here(ticket)
        while self.out:
            yield from self._next()

    def close(self) -> None:
        """End the processes of our own, which have nothing left to do."""
        if self.own is not None:
            self.own.shutdown()

    def stop(self) -> None:
        """Cancel what has not started, and kill what runs in processes of our own."""
        for future in list(self.out):
            future.cancel()
        if self.own is not None:
            self.own.kill()

    def _spare(self) -> Workers:
        """Return the processes of our own: where problems go that another executor lost."""
        if isinstance(self.executor, Workers):
            return self.executor
        self.own = self.own or Workers()
        return self.own

    def _send(self, ticket: Ticket[Key], executor: Executor) -> None:
        try:
            future = executor.submit(solve, ticket.problem, self.objectives, self.options)
        except Exception:  # broken, or shut down
            executor = self._spare()
            future = executor.submit(solve, ticket.problem, self.objectives, self.options)
        ticket.where, self.out[future] = executor, ticket
        future.add_done_callback(self.finished.put)

    def _next(self) -> Iterator[tuple[Key, Plan]]:
        """Wait for the next to end, and yield its plan; what failed once is sent again."""
        future = self.finished.get()
        ticket = self.out.pop(future)
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            ticket.reason = reason_of(error)
            # a pool that breaks takes all its problems along: only one of them may be to blame
            ticket.failures += isinstance(ticket.where, Workers) or not isinstance(error, BrokenExecutor)
            if ticket.failures < ATTEMPTS:
                self._send(ticket, self._spare())
                return
        self.pairs -= _pairs(ticket.problem)
        yield (
            ticket.key,
            failed(ticket.reason) if error is not None else noted(future.result(), ticket.reason),
        )

    def _here(self, ticket: Ticket[Key]) -> Plan:
        """Return the plan of the first attempt that works, or a note of why none did."""
        for _ in range(ATTEMPTS):
            try:
                return noted(solve(ticket.problem, self.objectives, self.options), ticket.reason)
            except Exception as error:
                ticket.reason = reason_of(error)
        return failed(ticket.reason)


def reason_of(error: BaseException) -> str:
    """Say why an attempt failed."""
    if isinstance(error, BrokenExecutor):
        return "a worker process died"
    if isinstance(error, CancelledError):
        return "its executor was shut down"
    return f"{type(error).__name__}: {error}"


def noted(plan: Plan, reason: str) -> Plan:
    """Return a plan that says so if it took more than one attempt."""
    return replace(plan, notes=(*plan.notes, f"attempted again: {reason}")) if reason else plan


def failed(reason: str) -> Plan:
    """Return the plan of a problem that could not be run: nothing open, and why."""
    return Plan(Outcome.TIME_LIMIT, notes=(f"no answer after {ATTEMPTS} attempts: {reason}",))
