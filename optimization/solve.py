"""Solve a location problem: objectives in order, each kept while the next is sought."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from optimization.arrays import Csr, IntArray
from optimization.assignment import assign
from optimization.clock import Clock
from optimization.covering import coverings
from optimization.methods import answer_stage
from optimization.plain import easy_bound, equal_price
from optimization.problem import SERVES_EVERYONE, LocationProblem, Objective, SolverOptions
from optimization.recount import Recount, recount
from optimization.result import Outcome, Plan, StageResult, proven_outcome, relative_gap
from optimization.stage import Answer, Stage

DEFAULT_OPTIONS = SolverOptions()
WITHOUT_PLAN = {
    Outcome.INFEASIBLE: "proven that there is no plan",
    Outcome.TIME_LIMIT: "ended by the time limit without a plan",
}


@dataclass(slots=True)
class Progress:
    """What the objectives so far have settled."""

    open: IntArray | None = None
    shares: Csr = None
    answers: list[tuple[Objective, Answer]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def solve(
    problem: LocationProblem,
    objectives: Sequence[str] | str = ("cost",),
    options: SolverOptions = DEFAULT_OPTIONS,
) -> Plan:
    """Return the best plan for `objectives`, met in order.

    Parameters
    ----------
    problem : LocationProblem
        What is asked.
    objectives : sequence of str
        Any of cost, coverage, distance, farthest, total, shortage; each is sought while all
        earlier ones stay at their values (plus 1e-9 relative).
    options : SolverOptions
        Solver, time limit of the whole call, gap, threads and seed.

    Returns
    -------
    Plan
        With outcome, values and proven bounds; an infeasible problem is an outcome.

    Raises
    ------
    ValueError
        An unknown or repeated objective.
    RecountError
        A plan breaks its own limits: a mistake in this package.
    """
    plan = _solve(problem, objective_names(objectives), options, plain=False)
    assert plan is not None
    return plan


def solve_plainly(
    problem: LocationProblem,
    objectives: Sequence[str] | str = ("cost",),
    options: SolverOptions = DEFAULT_OPTIONS,
) -> Plan | None:
    """Return the plan as `solve` would, or None where that needs an integer programming solver."""
    return _solve(problem, objective_names(objectives), options, plain=True)


def solve_from(
    problem: LocationProblem, objectives: Sequence[str] | str, options: SolverOptions, start: IntArray | None
) -> Plan:
    """Return the plan as `solve` would, starting from units (J,) that keep every limit."""
    plan = _solve(problem, objective_names(objectives), options, plain=False, start=start)
    assert plan is not None
    return plan


def _solve(
    problem: LocationProblem,
    names: tuple[Objective, ...],
    options: SolverOptions,
    *,
    plain: bool,
    start: IntArray | None = None,
) -> Plan | None:
    began, clock = time.perf_counter(), Clock.of(options.time_limit_s)
    stage, progress = first_stage(problem, names), Progress(open=start)
    for name in names:
        stage = replace(stage, objective=name)
        breaks_ties = len(names) > 1 and name is names[-1]
        allowed = clock.within(options.tie_break_s) if breaks_ties else clock
        answer = _timed(stage, progress, options, allowed, plain=plain)
        if answer is None:
            return None
        if answer.open is None:
            return _without_plan(name, answer, progress, began)
        stage = _kept(stage, name, answer)
    plan = finish(stage, progress, options, clock)
    return replace(plan, seconds={**progress.seconds, "total": time.perf_counter() - began})


def objective_names(objectives: Sequence[str] | str) -> tuple[Objective, ...]:
    """Return the objectives by name; raises ValueError for unknown, repeated or no names."""
    asked = (objectives,) if isinstance(objectives, str) else tuple(objectives)
    known = {name.value for name in Objective}
    for name in asked:
        if name not in known:
            raise ValueError(f"objective {name!r} is unknown; choose from {', '.join(sorted(known))}.")
    if not asked or len(set(asked)) != len(asked):
        raise ValueError("objectives must name at least one objective, each once.")
    return tuple(Objective(name) for name in asked)


def first_stage(problem: LocationProblem, names: Sequence[Objective]) -> Stage:
    """Return the stage that all objectives share, before any of them is settled."""
    instance = problem.instance
    return Stage(
        instance=instance,
        coverings=coverings(instance),
        objective=None,
        serve_all=instance.beyond is None and bool(SERVES_EVERYONE & set(names)),
        elastic=Objective.SHORTAGE in names,
    )


def _timed(
    stage: Stage, progress: Progress, options: SolverOptions, clock: Clock, *, plain: bool
) -> Answer | None:
    """Answer a stage; what an earlier stage found stays good when nothing better is found."""
    began = time.perf_counter()
    answer = answer_stage(stage, progress.open, options, clock, plain=plain)
    if answer is None:
        return None
    assert stage.objective is not None
    if answer.open is None and progress.open is not None:
        answer = _incumbent(stage, progress, answer)
    if answer.open is not None:
        if not math.isfinite(answer.bound):  # the clock ended before any method's own bound stood
            answer = replace(answer, bound=easy_bound(stage))
        progress.open = answer.open
        progress.shares = progress.shares if answer.assignment is None else answer.assignment
        progress.answers.append((stage.objective, answer))
    progress.seconds[stage.objective.value] = time.perf_counter() - began
    return answer


def _incumbent(stage: Stage, progress: Progress, answer: Answer) -> Answer:
    """Return the earlier stages' plan as this stage's answer, with the bound that was proven."""
    assert stage.objective is not None
    assert progress.open is not None
    value = count_again(stage, progress).values[stage.objective]
    return Answer(
        Outcome.FEASIBLE, progress.open, value, answer.bound, "plan of the objective before", progress.shares
    )


def _kept(stage: Stage, name: Objective, answer: Answer) -> Stage:
    kept = (*stage.kept, (name, answer.value))
    if name is Objective.COST:
        stage = replace(stage, new_units=_settled_units(stage, answer))
    beyond = None if stage.must_serve else stage.instance.beyond
    if name is Objective.FARTHEST and (beyond is None or answer.value < beyond):
        return replace(stage, kept=kept, radius=answer.value)
    return replace(stage, kept=kept)


def _settled_units(stage: Stage, answer: Answer) -> int | None:
    """Return how many units every plan must now open: settled by equal costs and an exact proof."""
    price = equal_price(stage.instance)
    if price is None:
        return None
    proven = answer.bound >= answer.value - 1e-6 * price
    return round(answer.value / price) if proven else None


def count_again(stage: Stage, progress: Progress, seconds: float = 10.0) -> Recount:
    """Recount the plan so far with the best assignment for its units."""
    assert progress.open is not None
    return recount(
        stage.instance,
        progress.open,
        shares_of(stage, progress, seconds),
        elastic=stage.elastic,
        serve_all=stage.must_serve,
    )


def shares_of(stage: Stage, progress: Progress, seconds: float) -> Csr:
    """Return who is served where; single-source shares come from the solver's own answer."""
    assert progress.open is not None
    if stage.instance.single_source and stage.instance.capacity is not None and progress.shares is not None:
        return progress.shares
    targets = tuple((name, answer.value) for name, answer in progress.answers)
    return assign(stage, progress.open, targets, seconds)


def finish(stage: Stage, progress: Progress, options: SolverOptions, clock: Clock) -> Plan:
    """Recount the plan and put it together."""
    shares = shares_of(stage, progress, max(clock.left, 1.0))
    assert progress.open is not None
    counted = recount(
        stage.instance, progress.open, shares, elastic=stage.elastic, serve_all=stage.must_serve
    )
    results = tuple(_result(name, answer, counted, options) for name, answer in progress.answers)
    optimal = all(result.outcome is Outcome.OPTIMAL for result in results)
    return Plan(
        outcome=Outcome.OPTIMAL if optimal else Outcome.FEASIBLE,
        open=progress.open,
        objective=results[0].value,
        bound=results[0].bound,
        gap=results[0].gap,
        objectives=results,
        assignment=shares,
        covered=counted.covered,
        shortage=counted.shortage,
        notes=tuple(
            f"{name}: {answer.method}; {_stopped(result, clock)}"
            for (name, answer), result in zip(progress.answers, results, strict=True)
        ),
    )


def _stopped(result: StageResult, clock: Clock) -> str:
    """Say why the search for an objective ended."""
    if result.outcome is Outcome.OPTIMAL:
        return "proven" if result.gap == 0.0 else f"proven to {result.gap:.2g}"
    reason = "ended by the time limit" if clock.left <= 0 else "ended"
    return f"{reason} at a gap of {result.gap:.2g}"


def _result(name: Objective, answer: Answer, counted: Recount, options: SolverOptions) -> StageResult:
    value = counted.values[name]
    bound = float(max(answer.bound, value) if name is Objective.COVERAGE else min(answer.bound, value))
    value, bound = value + 0.0, bound + 0.0  # no minus zero
    gap = relative_gap(value, bound)
    return StageResult(name.value, value, bound, gap, proven_outcome(value, bound, options.gap))


def _without_plan(name: Objective, answer: Answer, progress: Progress, began: float) -> Plan:
    bound = answer.bound if answer.outcome is Outcome.TIME_LIMIT and np.isfinite(answer.bound) else None
    return Plan(
        outcome=answer.outcome,
        bound=bound,
        seconds={**progress.seconds, "total": time.perf_counter() - began},
        notes=(f"{name}: {answer.method}; {WITHOUT_PLAN[answer.outcome]}",),
    )
