"""One run of the optimiser over many scopes."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from geodata.messages import Message, say
from optimization import Conflict, LocationProblem, Outcome, Plan, SolverOptions, explain, solve_stream
from planner.explained import in_planner_terms
from planner.network import Floats
from planner.openings import Opening, openings_of
from planner.problem import World, problem_of, program_of
from planner.program import Program
from planner.rules.proportion import Proportion
from planner.scope import Scope

Progress = Callable[[Message, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

AHEAD = 16
"""Explanations that are asked for ahead of the one that is waited for: bounds the memory."""
COST = ("cost", "distance")
SHORTAGE = ("shortage", "cost", "distance")
LIMITED = ("shortage", "coverage", "cost", "distance")


@dataclass(frozen=True, slots=True)
class Job:
    """A scope to plan: with which named rules, without which rows, and within which limits."""

    scope: Scope
    enforced: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    max_open: int | None = None
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A job with its plan, what it opens, and why it cannot be met in full."""

    job: Job
    plan: Plan
    openings: list[Opening]
    size: tuple[int, int]
    feasible: bool = True
    conflicts: tuple[Conflict, ...] = ()

    @property
    def units(self) -> int:
        """The number of new outlets."""
        return sum(opening.units for opening in self.openings)

    @property
    def cost(self) -> float:
        """The cost of the new outlets."""
        return next((stage.value for stage in self.plan.objectives if stage.name == "cost"), 0.0)


@dataclass(frozen=True)
class Run:
    """What solving needs beside the world: the options, where to run, whom to tell."""

    world: World
    options: SolverOptions
    executor: Executor | None = None
    progress: Progress | None = None

    def tell(self, message: Message, done: int, total: int) -> None:
        """Report progress to whoever listens."""
        if self.progress is not None:
            self.progress(message, done, total)

    def modelled(self, job: Job, *, coverage: bool = False) -> tuple[Program, LocationProblem]:
        """Return a job's program and its problem, limits included; `coverage` if it is an objective."""
        program = program_of(job.scope, self.world, enforced=job.enforced, coverage=coverage)
        rules = self.world.bound(job.scope, job.enforced)
        problem = problem_of(program, rules, self.world.asked, apart=job.apart)
        return program, replace_limits(problem, max_open=job.max_open, budget=job.budget)


def replace_limits(
    problem: LocationProblem, *, max_open: float | None, budget: float | None
) -> LocationProblem:
    """Return the problem with limits on new units and cost."""
    if max_open is None and budget is None:
        return problem
    return replace(problem, max_open=max_open, budget=budget)


def plan_all(run: Run, jobs: Sequence[Job]) -> list[Planned]:
    """Plan every job for cost, then distance; those that cannot be met, for the least shortage."""
    planned = {item.job.scope.name: item for item in solved(run, jobs, COST)}
    hopeless = [item.job for item in planned.values() if item.plan.outcome is Outcome.INFEASIBLE]
    planned |= {item.job.scope.name: item for item in least_short(run, hopeless)}
    return [planned[job.scope.name] for job in jobs]


def least_short(run: Run, jobs: Sequence[Job]) -> list[Planned]:
    """Plan jobs for the least shortage, each with what explains it.

    Rows with nothing below them stay hard: where even these cannot hold, they are left out.
    """
    planned = solved(run, jobs, SHORTAGE, what=say("Planning for the least shortage"))
    stuck = [number for number, item in enumerate(planned) if item.plan.outcome is Outcome.INFEASIBLE]
    relaxed = [replace(jobs[number], apart=hard_rows(run, jobs[number])) for number in stuck]
    for number, item in zip(stuck, solved(run, relaxed, SHORTAGE), strict=True):
        planned[number] = item
    return [
        replace(item, feasible=False, conflicts=conflicts)
        for item, conflicts in zip(planned, explained(run, jobs), strict=True)
    ]


def explained(run: Run, jobs: Sequence[Job]) -> Iterator[tuple[Conflict, ...]]:
    """Yield what explains each job, in order; a few at a time where processes are at work already."""
    working = run.executor if getattr(run.executor, "started", True) else None
    out: deque[tuple[Program, LocationProblem, Future[list[Conflict]] | None]] = deque()
    try:
        for job in jobs:
            program, problem = run.modelled(job)
            out.append((program, problem, None if working is None else _asked(working, problem)))
            if len(out) > (AHEAD if working else 0):
                yield _explanation(run, *out.popleft())
        while out:
            yield _explanation(run, *out.popleft())
    finally:
        for _, _, future in out:
            if future is not None:
                future.cancel()


def _asked(executor: Executor, problem: LocationProblem) -> Future[list[Conflict]] | None:
    """Return an explanation under way; None where the executor takes nothing any more."""
    try:
        return executor.submit(explain, problem)
    except Exception:  # broken, or shut down
        return None


def _explanation(
    run: Run, program: Program, problem: LocationProblem, future: Future[list[Conflict]] | None
) -> tuple[Conflict, ...]:
    """Return a job's conflicts; they are sought here where nobody else does, or a process was lost."""
    try:
        found = explain(problem) if future is None else future.result()
    except Exception:
        found = explain(problem)
    return tuple(in_planner_terms(one, program, run.world) for one in found)


def solved(
    run: Run, jobs: Sequence[Job], objectives: tuple[str, ...], *, what: Message | None = None
) -> list[Planned]:
    """Return every job planned for the objectives, in order; modelled as there is room for them."""
    message = what or say("Planning {total} scopes", total=len(jobs))
    models: dict[int, tuple[Program, Floats]] = {}

    def problems() -> Iterator[tuple[int, LocationProblem]]:
        for number in largest_first(run.world, jobs):
            program, problem = run.modelled(jobs[number], coverage="coverage" in objectives)
            models[number] = program, problem.weight
            yield number, problem

    planned: dict[int, Planned] = {}
    with closing(solve_stream(problems(), objectives, run.options, run.executor)) as stream:
        for number, plan in stream:
            planned[number] = planned_of(jobs[number], *models.pop(number), plan)
            run.tell(message, len(planned), len(jobs))
    return [planned[number] for number in range(len(jobs))]


def largest_first(world: World, jobs: Sequence[Job]) -> list[int]:
    """Return the numbers of the jobs by falling number of demand points, those of the same areas together."""
    points = np.bincount(world.network.point_area, minlength=len(world.network.adcodes))
    size = [int(points[job.scope.areas].sum()) for job in jobs]
    return sorted(range(len(jobs)), key=lambda at: (-size[at], int(jobs[at].scope.areas[0]), at))


def planned_of(job: Job, program: Program, weight: Floats, plan: Plan) -> Planned:
    """Return a plan with what it opens; `weight` (I,) is that of the demand points."""
    size = (len(program.points), len(program.columns))
    openings = [] if plan.open is None else openings_of(program, plan.open, weight)
    return Planned(job, plan, openings, size)


def hard_rows(run: Run, job: Job) -> frozenset[str]:
    """Return the names of a job's rows of proportion, which no shortage can bend."""
    rules = [rule for rule in run.world.bound(job.scope, job.enforced) if isinstance(rule, Proportion)]
    if not rules:
        return frozenset()
    program, _ = run.modelled(job)
    return frozenset(row.name for rule in rules for row in rule.rows(program, run.world.asked[rule.id]))
