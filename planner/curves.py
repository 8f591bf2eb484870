"""What a scope gains from each outlet: its least shortage against outlets, cost, or both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geodata.messages import say
from optimization import LocationProblem, Plan, SolverOptions, solve_many
from planner.network import EPSILON, Floats
from planner.run import Job, Planned, Run, hard_rows, replace_limits

STEP = 1e-5
"""How much less than a cost the next point of a curve must cost, relative."""
TIGHT = 1e-7
"""Gap of a curve's points: shortages are small numbers."""
OBJECTIVES = ("shortage", "cost", "coverage")


@dataclass(frozen=True, slots=True)
class Option:
    """One point of a scope's curve: with so many units and so much cost, this much shortage remains.

    `bound` is what is proven of the shortage; `apart` names rows that cannot hold with so few outlets.
    """

    units: int
    cost: float
    shortage: float
    coverage: float
    bound: float = 0.0
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Caps:
    """The most new units and the most cost; None: no limit."""

    units: int | None = None
    cost: float | None = None


def curves_of(run: Run, planned: Sequence[Planned]) -> list[list[Option]]:
    """Return every point where each scope's least shortage changes, from the limits of the run to nothing.

    All curves are walked at once, a step of each in every round, so that the rounds run in parallel.
    """
    walks = [Walk.of(run, item) for item in planned]
    options = replace(run.options, gap=min(run.options.gap, TIGHT))
    _count_plainly(run, walks, options)
    rounds = 0
    while active := {at: walk.problem() for at, walk in enumerate(walks) if not walk.ended}:
        for at, plan in solve_many(active, OBJECTIVES, options, run.executor):
            walks[at].step(run, plan)
        rounds += 1
        run.tell(say("Weighing what each outlet gains"), len(walks) - len(active), len(walks))
    return [walk.points or [walk.nothing()] for walk in walks]


@dataclass(slots=True)
class Walk:
    """The walk down one scope's curve; within `caps` the least shortage is looked for next."""

    job: Job
    whole: LocationProblem
    start: Caps
    caps: Caps
    points: list[Option] = field(default_factory=list)
    level: int = 0
    ended: bool = False

    @classmethod
    def of(cls, run: Run, item: Planned) -> "Walk":
        """Begin at the limits of the run, or at what the unlimited plan took where that is the same."""
        problem = run.modelled(item.job, coverage=True)[1]
        scenario = run.world.scenario
        caps = first_caps(problem, item, scenario.max_new, scenario.budget)
        return cls(item.job, problem, caps, caps)

    @property
    def existing(self) -> int:
        """The units that stand."""
        return int(np.sum(self.whole.fixed_open))

    def problem(self) -> LocationProblem:
        """Return the problem within the caps."""
        cost = None if self.caps.cost is None else max(self.caps.cost, 0.0) * (1 + STEP / 10)
        return replace_limits(self.whole, max_open=self.caps.units, budget=cost)

    def step(self, run: Run, plan: Plan) -> None:
        """Note the point that was found, and go on to the next that may differ.

        First along the cost, if it is capped; then to fewer outlets than any point at this many used.
        """
        if plan.open is None:
            self._give_way(run)
            return
        point = self._point(plan)
        self.points.append(point)
        self.level = max(self.level, point.units)
        if self.caps.cost is not None and point.cost > 0 and point.units > 0:
            self.caps = Caps(self.caps.units, point.cost - STEP * max(1.0, point.cost))
            self.ended = self.caps.cost is not None and self.caps.cost < 0
        elif self.caps.units is not None and self.level > 0:
            self.caps, self.level = Caps(self.level - 1, self.start.cost), 0
        else:
            self.ended = True

    def nothing(self) -> Option:
        """Return the point of opening nothing, its shortage not better than it may be."""
        worst = float(np.sum(self.whole.row_weight)) + sum(np.size(c.floor) for c in self.whole.covers)
        return Option(0, 0.0, worst, 0.0, apart=self.job.apart)

    def _point(self, plan: Plan) -> Option:
        stages = {stage.name: stage for stage in plan.objectives}
        assert plan.open is not None
        return Option(
            int(plan.open.sum()) - self.existing,
            stages["cost"].value,
            stages["shortage"].value,
            stages["coverage"].value / (float(np.sum(self.whole.weight)) or 1.0),
            stages["shortage"].bound,
            self.job.apart,
        )

    def _give_way(self, run: Run) -> None:
        """Leave out the rows that no shortage can bend, and look again; without such rows, end."""
        names = hard_rows(run, self.job)
        if not names or self.job.apart:
            self.ended = True
            return
        self.job = replace(self.job, apart=names)
        self.whole = run.modelled(self.job, coverage=True)[1]


def first_caps(problem: LocationProblem, item: Planned, max_new: int | None, budget: float | None) -> Caps:
    """Return where a curve begins: as much as the limits of the run allow one scope.

    More outlets than the unlimited plan took (where only outlets are limited), or more cost (where only cost
    is), gain nothing. Where all outlets cost the same, a budget is a number of outlets.
    """
    room = np.asarray(problem.max_units) - np.asarray(problem.fixed_open)
    prices = np.unique(np.asarray(problem.opening_cost)[room > 0])
    if budget is not None and len(prices) == 1 and prices[0] > 0:
        affordable = int(budget / prices[0] + EPSILON)
        max_new, budget = affordable if max_new is None else min(max_new, affordable), None
    if budget is None:
        return Caps(units=min(item.units, item.units if max_new is None else max_new))
    if max_new is None:
        return Caps(cost=min(budget, item.cost))
    dearest = float(np.asarray(problem.opening_cost) @ room)
    return Caps(units=min(max_new, int(room.sum())), cost=min(budget, dearest))


def _count_plainly(run: Run, walks: Sequence[Walk], options: SolverOptions) -> None:
    """Note the upper part of the curves of scopes whose rows only count outlets, without a solver.

    Let c outlets be enough for every share of reach. With k >= c outlets, c of them placed so and the others
    anywhere, no share is short, and each count row lacks what it asks less what stands less k, wherever they
    are. No plan with k outlets lacks less, so this is the curve from c up; below c it is walked.
    """
    plain = {at: walk for at, walk in enumerate(walks) if walk.caps.cost is None and counts_only(walk.whole)}
    bare = {at: without_rows(walk.whole) for at, walk in plain.items()}
    for at, plan in solve_many(bare, ("cost", "coverage"), options, run.executor):
        if plan.open is None or plan.outcome != "optimal":
            continue
        walk, problem = plain[at], plain[at].whole
        least = int(plan.open.sum()) - walk.existing
        most = walk.caps.units or 0
        coverage = plan.objectives[1].value / (float(np.sum(problem.weight)) or 1.0)
        price = float(np.max(problem.opening_cost))
        walk.points += [
            Option(k, k * price, short, coverage, short)
            for k, short in zip(range(least, most + 1), _lacking(problem, least, most), strict=True)
        ]
        walk.caps = Caps(units=min(most, least - 1))
        walk.ended = least == 0


def counts_only(problem: LocationProblem) -> bool:
    """Return whether all rows count the new units of all columns alike from below, at one price."""
    room = np.asarray(problem.max_units) > np.asarray(problem.fixed_open)
    prices = np.asarray(problem.opening_cost)[room]
    if not room.any() or prices.min() <= 0 or prices.min() < prices.max():
        return False
    lower, upper = np.asarray(problem.row_lower), np.asarray(problem.row_upper)
    alike = all((problem.rows[[row]].toarray().ravel()[room] == 1).all() for row in range(len(lower)))
    return bool(alike and (lower > 0).all() and np.isinf(upper).all())


def without_rows(problem: LocationProblem) -> LocationProblem:
    """Return the problem with its shares of reach alone."""
    return replace(problem, rows=None, row_lower=None, row_upper=None, row_names=None, row_weight=None)


def _lacking(problem: LocationProblem, least: int, most: int) -> Iterator[float]:
    """Yield the relative shortage of the count rows with `least` to `most` new units."""
    stand: Floats = np.asarray(problem.rows @ np.asarray(problem.fixed_open))
    lower, weight = np.asarray(problem.row_lower), np.asarray(problem.row_weight)
    for units in range(least, most + 1):
        yield float(weight @ (np.maximum(lower - stand - units, 0.0) / lower))
