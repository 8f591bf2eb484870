"""One run of the optimiser over many scopes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from geodata.messages import Message, say
from optimization import Conflict, LocationProblem, Outcome, Plan, SolverOptions, explain, solve_many
from planner.explained import in_planner_terms
from planner.openings import Opening, openings_of
from planner.problem import World, problem_of, program_of
from planner.program import Program
from planner.rules.proportion import Proportion
from planner.scope import Scope

Progress = Callable[[Message, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

CHUNK = 1000
"""Most scopes whose problems are held in memory at once."""
PAIRS = 5_000_000
"""Pairs in them at which no more are taken."""
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
    done = []
    for item in solved(run, jobs, SHORTAGE, what=say("Planning for the least shortage")):
        program, problem = run.modelled(item.job)
        conflicts = tuple(in_planner_terms(found, program, run.world) for found in explain(problem))
        if item.plan.outcome is Outcome.INFEASIBLE:
            relaxed = replace(item.job, apart=hard_rows(run, item.job))
            item = next(iter(solved(run, [relaxed], SHORTAGE)))
        done.append(replace(item, feasible=False, conflicts=conflicts))
    return done


def solved(
    run: Run, jobs: Sequence[Job], objectives: tuple[str, ...], *, what: Message | None = None
) -> Iterator[Planned]:
    """Yield every job planned for the objectives, in order, whole chunks of them at a time."""
    message, done = what or say("Planning {total} scopes", total=len(jobs)), 0
    for chunk in _chunks(run, jobs, coverage="coverage" in objectives):
        problems = {number: problem for number, (_, _, problem) in enumerate(chunk)}
        for number, plan in solve_many(problems, objectives, run.options, run.executor):
            job, program, problem = chunk[number]
            yield planned_of(job, program, problem, plan)
            done += 1
            run.tell(message, done, len(jobs))


def _chunks(
    run: Run, jobs: Sequence[Job], *, coverage: bool
) -> Iterator[list[tuple[Job, Program, LocationProblem]]]:
    """Yield jobs with their models, as many at a time as fit into memory."""
    chunk: list[tuple[Job, Program, LocationProblem]] = []
    pairs = 0
    for job in jobs:
        program, problem = run.modelled(job, coverage=coverage)
        chunk.append((job, program, problem))
        pairs += program.pairs.nnz
        if len(chunk) >= CHUNK or pairs >= PAIRS:
            yield chunk
            chunk, pairs = [], 0
    if chunk:
        yield chunk


def planned_of(job: Job, program: Program, problem: LocationProblem, plan: Plan) -> Planned:
    """Return a plan with what it opens."""
    size = (len(program.points), len(program.columns))
    openings = [] if plan.open is None else openings_of(program, plan.open, problem.weight)
    return Planned(job, plan, openings, size)


def hard_rows(run: Run, job: Job) -> frozenset[str]:
    """Return the names of a job's rows of proportion, which no shortage can bend."""
    rules = [rule for rule in run.world.bound(job.scope, job.enforced) if isinstance(rule, Proportion)]
    if not rules:
        return frozenset()
    program, _ = run.modelled(job)
    return frozenset(row.name for rule in rules for row in rule.rows(program, run.world.asked[rule.id]))
