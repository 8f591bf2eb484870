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
from planner.moving import fixed_storage, moved, with_moving
from planner.openings import Opening, openings_of, spread_units
from planner.problem import World, problem_of, program_of, sales_weight
from planner.program import Program
from planner.rules.proportion import Proportion
from planner.scope import Scope
from planner.spacing import with_spacing

Progress = Callable[[Message, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

AHEAD = 16
"""Explanations that are asked for ahead of the one that is waited for: bounds the memory."""
COST = ("cost", "distance")
SHORTAGE = ("shortage", "cost", "distance")
LIMITED = ("shortage", "coverage", "cost", "distance")
TOTAL = ("total",)
SHORTAGE_TOTAL = ("shortage", "total")


@dataclass(frozen=True, slots=True)
class Job:
    """A scope to plan: with which named rules, without which rows, and within which limits.

    `storage` are the new storage outlets, units by candidate, where these are settled before.
    """

    scope: Scope
    enforced: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    max_open: int | None = None
    budget: float | None = None
    storage: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A job with its plan, what it opens at what cost, and why it cannot be met in full.

    `moving` is what moving costs with what it opens, where that is part of the objective; `left_out` what the
    objective counts beside it for batteries that no outlet takes in.
    """

    job: Job
    plan: Plan
    openings: list[Opening]
    size: tuple[int, int]
    feasible: bool = True
    conflicts: tuple[Conflict, ...] = ()
    cost: float = 0.0
    moving: float = 0.0
    left_out: float = 0.0

    @property
    def units(self) -> int:
        """The number of new outlets."""
        return sum(opening.units for opening in self.openings)


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
        problem = with_spacing(problem, program, self.world)
        return program, replace_limits(problem, max_open=job.max_open, budget=job.budget)

    def with_moving(self, job: Job, *, everyone: bool) -> tuple[Program, LocationProblem]:
        """Return a job's program, and its problem with moving as part of the objective."""
        program, problem = self.modelled(job)
        if job.storage is not None:
            problem = fixed_storage(problem, program, dict(job.storage))
        return program, with_moving(problem, program, self.world, everyone=everyone)


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


def least_short(run: Run, jobs: Sequence[Job], objectives: tuple[str, ...] = SHORTAGE) -> list[Planned]:
    """Plan jobs for the least shortage, each with what explains it.

    Rows with nothing below them stay hard: where even these cannot hold, they are left out.
    """
    planned = solved(run, jobs, objectives, what=say("Planning for the least shortage"))
    stuck = [number for number, item in enumerate(planned) if item.plan.outcome is Outcome.INFEASIBLE]
    relaxed = [replace(jobs[number], apart=hard_rows(run, jobs[number])) for number in stuck]
    for number, item in zip(stuck, solved(run, relaxed, objectives), strict=True):
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
    run: Run,
    jobs: Sequence[Job],
    objectives: tuple[str, ...],
    *,
    what: Message | None = None,
    everyone: bool = True,
) -> list[Planned]:
    """Return every job planned for the objectives, in order; modelled as there is room for them.

    `everyone`: with `total` as the only objective, all batteries must be taken in.
    """
    message = what or say("Planning {total} scopes", total=len(jobs))
    models: dict[int, tuple[Program, LocationProblem]] = {}

    def modelled(job: Job) -> tuple[Program, LocationProblem]:
        if "total" in objectives:
            return run.with_moving(job, everyone=everyone and objectives == TOTAL)
        return run.modelled(job, coverage="coverage" in objectives)

    def problems() -> Iterator[tuple[int, LocationProblem]]:
        for number in largest_first(run.world, jobs):
            models[number] = modelled(jobs[number])
            yield number, models[number][1]

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


def planned_of(job: Job, program: Program, problem: LocationProblem, plan: Plan) -> Planned:
    """Return a plan with what it opens, and what that costs."""
    size = (len(program.points), len(program.columns))
    if plan.open is None:
        return Planned(job, plan, [], size)
    new = spread_units(program, plan.open, sales_weight(program))
    planned = Planned(job, plan, openings_of(program, new), size, cost=float(program.columns.cost @ new))
    if not any(stage.name == "total" for stage in plan.objectives):
        return planned
    left = float(np.sum(problem.weight)) - (plan.covered or 0.0)
    moving = moved(problem, np.where(program.columns.existing, 1, new))
    return replace(planned, moving=moving, left_out=(problem.beyond or 0.0) * left)


def hard_rows(run: Run, job: Job) -> frozenset[str]:
    """Return the names of a job's rows of proportion, which no shortage can bend."""
    rules = [rule for rule in run.world.bound(job.scope, job.enforced) if isinstance(rule, Proportion)]
    if not rules:
        return frozenset()
    program, _ = run.modelled(job)
    return frozenset(row.name for rule in rules for row in rule.rows(program, run.world.asked[rule.id]))
