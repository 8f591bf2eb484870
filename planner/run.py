"""One run of the optimiser over many scopes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from geodata.messages import Message, say
from optimization import Conflict, LocationProblem, Outcome, Plan, SolverOptions, explain, solve_many
from planner.openings import Opening, openings_of
from planner.problem import World, problem_of, program_of
from planner.program import Program
from planner.rules.proportion import Proportion
from planner.scope import Scope

Progress = Callable[[Message, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

CHUNK = 400
"""Scopes whose problems are held in memory at once."""
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

    def modelled(self, job: Job) -> tuple[Program, LocationProblem]:
        """Return a job's program and its problem, limits included."""
        program = program_of(job.scope, self.world)
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
        conflicts = tuple(explain(run.modelled(item.job)[1]))
        if item.plan.outcome is Outcome.INFEASIBLE:
            item = _without_hard_rows(run, item.job)
        done.append(replace(item, feasible=False, conflicts=conflicts))
    return done


def solved(
    run: Run, jobs: Sequence[Job], objectives: tuple[str, ...], *, what: Message | None = None
) -> Iterator[Planned]:
    """Yield every job planned for the objectives, in order, whole chunks of them at a time."""
    message = what or say("Planning {total} scopes", total=len(jobs))
    for start in range(0, len(jobs), CHUNK):
        chunk = jobs[start : start + CHUNK]
        models = [run.modelled(job) for job in chunk]
        problems = {number: problem for number, (_, problem) in enumerate(models)}
        for number, plan in solve_many(problems, objectives, run.options, run.executor):
            program, problem = models[number]
            yield planned_of(chunk[number], program, problem, plan)
            run.tell(message, start + number + 1, len(jobs))


def planned_of(job: Job, program: Program, problem: LocationProblem, plan: Plan) -> Planned:
    """Return a plan with what it opens."""
    size = (len(program.points), len(program.columns))
    openings = [] if plan.open is None else openings_of(program, plan.open, problem.weight)
    return Planned(job, plan, openings, size)


def _without_hard_rows(run: Run, job: Job) -> Planned:
    """Plan once more without the rows of proportion, which no shortage can bend."""
    program, _ = run.modelled(job)
    rules = run.world.bound(job.scope, job.enforced)
    names = {
        row.name
        for rule in rules
        if isinstance(rule, Proportion)
        for row in rule.rows(program, run.world.asked[rule.id])
    }
    return next(iter(solved(run, [replace(job, apart=frozenset(names))], SHORTAGE)))
