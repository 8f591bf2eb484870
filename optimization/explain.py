"""Why a problem has no plan: which limits cannot be met together, by how much, and what would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from optimization.arrays import FloatArray, IntArray, sums
from optimization.clock import Clock
from optimization.conflicts import Oracle, least_points, smallest
from optimization.parts import Part, asked_of, hopeless, parts_of, reachable, row_range
from optimization.problem import LocationProblem, SolverOptions
from optimization.repairs import Repair, least_repair
from optimization.result import Conflict
from optimization.solve import solve

TEMPLATES = {
    "row": "{name} needs {required} units, but only {attainable} can be had together with the other limits.",
    "floor": "{name} asks for {required} of the weight, but only {attainable} can be served.",
    "cover": "{name} asks for {required} of the weight, but only {attainable} can have an outlet near.",
    "point": "Demand point {name} has no site it could be served from, and its weight counts.",
    "max_open": "The maximum of new outlets is {attainable}, but it takes {required}.",
    "budget": "The budget is {attainable}, but {required} is needed.",
    "capacity": "A weight of {required} must be served, but the capacities fall short by {shortage}.",
    "limits": "{name} allows at most {attainable} units, but the other limits need {required}.",
}
REPAIRS = {
    "lower": "Lower the requirement to {attainable}.",
    "room": "Make room for {shortage} more at its sites.",
    "site": "Add a site within reach of demand points {points}.",
    "near": "Add a site near this demand point, or widen the reach.",
    "max_open": "Raise max_open to {required}.",
    "budget": "Raise the budget to {required}.",
    "capacity": "Enlarge the capacity of an outlet (site: by how much): {enlarged}.",
    "limits": "Raise it to {required}.",
    "both": "Both must change together: max_open to {max_open} and the budget to {budget}.",
    "core": "Demand points {core} alone ask for more than the other limits allow.",
    "partly": "This alone does not suffice: other limits are in conflict too.",
    "unproven": "Time ran out before this was proven to be the least.",
}
UNITS = {
    "row": "units",
    "floor": "share",
    "cover": "share",
    "point": "weight",
    "max_open": "outlets",
    "budget": "cost",
    "capacity": "weight",
    "limits": "units",
}
KINDS = {"lower": "row", "upper": "limits"}
ORDER = ("max_open", "budget", "capacity", "point", "limits", "row", "cover", "floor")
LISTED = 10
SETS_SHARE = 0.6  # of the time, for the sets; the rest is for the repairs
PATIENCE = SolverOptions(time_limit_s=30.0)


@dataclass(slots=True)
class Findings:
    """What cannot hold together, and how far each limit must give way.

    Attributes
    ----------
    parts : list of Part
        All limits.
    sets : list of (list of Part, bool)
        Conflicts, each with whether it is proven to be smallest.
    given_up : dict of Part to Repair or None
        One limit of every conflict, with the values at which all together leave a plan.
    """

    parts: list[Part]
    sets: list[tuple[list[Part], bool]] = field(default_factory=list)
    given_up: dict[Part, Repair | None] = field(default_factory=dict)

    @property
    def kept(self) -> list[Part]:
        """The limits that need not change."""
        return [part for part in self.parts if part not in self.given_up]

    @property
    def changed(self) -> dict[Part, Any]:
        """The values at which what is given up leaves a plan."""
        return {part: repair.value for part, repair in self.given_up.items() if repair is not None}


def explain(problem: LocationProblem, options: SolverOptions = PATIENCE) -> list[Conflict]:
    """Return the limits that cannot be met together; an empty list if the problem has a plan.

    Sets of limits that cannot hold together are sought until what is left of the problem has a plan,
    each as small as can be proven. Of each limit in them, `attainable` (of a maximum: `required`) is what
    it would have to be if all other limits stay; where several conflicts have nothing in common, if
    one limit of each other conflict has given way too.

    Parameters
    ----------
    problem : LocationProblem
        Judged by its rows, floors, covers, capacities and maxima; not by objectives that serve
        everyone.
    options : SolverOptions
        The time limit is for the whole explanation; what it leaves unproven says so.

    Returns
    -------
    list of Conflict
        Each with a sentence in English, and its template with values for translation. Maxima come first,
        then demand points that no site could serve, then rows, covers and floors.
    """
    oracle = Oracle(problem, options, Clock.of(SETS_SHARE * options.time_limit_s))
    found = _sets(oracle)
    if not found.sets:
        return _short(oracle) if oracle.unsure else []
    oracle.clock = Clock.of(max(oracle.clock.left, 0.0) + (1 - SETS_SHARE) * options.time_limit_s)
    for part in found.given_up:
        found.given_up[part] = least_repair(oracle, part, found.kept, found.changed)
    named = {one.name: one for one in _points(problem, found)}
    for members, proven in found.sets:
        for part in members:
            one = _conflict(oracle, found, members, part, proven=proven)
            named.setdefault(f"{part.kind} {one.name}", one)
    return sorted(named.values(), key=lambda one: ORDER.index(one.kind))


def _sets(oracle: Oracle) -> Findings:
    """Return conflicts until what is left can hold, giving up one limit of each."""
    instance = oracle.problem.instance
    found = Findings(parts_of(instance))
    for part in found.parts:
        if hopeless(instance, part):
            found.sets.append(([part], True))
            found.given_up[part] = None
    while found.kept and not oracle.can_hold(found.kept):
        members, proven = smallest(oracle, found.kept)
        found.sets.append((members, proven))
        found.given_up[min(members, key=found.parts.index)] = None
    return found


def _short(oracle: Oracle) -> list[Conflict]:
    """Return what the least shortage found leaves short, where time did not prove that it must be."""
    problem = oracle.problem
    seconds = max(1.0, (1 - SETS_SHARE) * oracle.options.time_limit_s)
    options = replace(oracle.options, time_limit_s=seconds)
    missing = solve(problem, ("shortage",), options).shortage
    named = {part_name(problem, part): part for part in parts_of(problem.instance) if part.kind != "upper"}
    found = []
    for name, shortage in missing.items():
        part, required = named[name], asked_of(problem.instance, named[name])
        kind = KINDS.get(part.kind, part.kind)
        one = conflict(kind, name, required, required - shortage, ["lower", "unproven"])
        found.append(replace(one, together=(name,), proven=False))
    return found


def _points(problem: LocationProblem, found: Findings) -> Iterator[Conflict]:
    """Name every demand point that no site could serve and that a hopeless floor needs."""
    instance = problem.instance
    missing = [_out_of_reach(problem, part) for members, _ in found.sets for part in members]
    for point in sorted({int(number) for numbers in missing for number in numbers}):
        yield conflict("point", str(point), float(instance.weight[point]), 0.0, ["near"])


def _out_of_reach(problem: LocationProblem, part: Part) -> IntArray:
    """Return the points of a floor's group that no site could ever cover, if it needs some of them."""
    if part.kind not in ("floor", "cover") or not hopeless(problem.instance, part):
        return np.zeros(0, dtype=np.int64)
    limit = problem.instance.limits[part.number]
    members = (limit.group == part.group) & (limit.weight > 0)
    return np.flatnonzero(members & ~reachable(problem.instance, limit))


def _conflict(oracle: Oracle, found: Findings, members: list[Part], part: Part, *, proven: bool) -> Conflict:
    """Return what one limit of a conflict asks, what can be had, and the change that resolves it."""
    problem = oracle.problem
    repair = found.given_up.get(part) or _alternative(oracle, found, members, part)
    partly = repair is None and not hopeless(problem.instance, part)
    repair = least_repair(oracle, part, members) if partly else repair
    value = _worst(problem, part) if repair is None else repair.value
    repairs, extra = _repairs(oracle, found, members, part, value)
    certain = proven and repair is not None and (repair.proven or part.kind == "capacity")
    required, attainable = asked_of(problem.instance, part), value
    if part.kind in ("max_open", "budget", "upper"):
        required, attainable = attainable, required
    if part.kind == "capacity":
        required, attainable = _capacity_needed(problem, found, value)
    together = tuple(part_name(problem, one) for one in members)
    repairs += ["partly"] if partly else []
    repairs += [] if certain else ["unproven"]
    kind = KINDS.get(part.kind, part.kind)
    one = conflict(kind, part_name(problem, part), required, attainable, repairs, **extra)
    return replace(one, together=together, proven=certain)


def _alternative(oracle: Oracle, found: Findings, members: list[Part], part: Part) -> Repair | None:
    """Return how far a limit would have to give way instead of the one that was given up."""
    own = next(one for one in members if one in found.given_up)
    others = {one: value for one, value in found.changed.items() if one != own}
    return least_repair(oracle, part, [*found.kept, own], others)


def _worst(problem: LocationProblem, part: Part) -> Any:
    """Return the value of a limit at which it asks for nothing: all that is sure where time is out."""
    instance = problem.instance
    least, most = row_range(instance)
    sure: dict[str, Any] = {
        "max_open": float((instance.units - instance.fixed).sum()),
        "budget": float(instance.cost @ (instance.units - instance.fixed)),
        "capacity": instance.capacity,
    }
    if part.kind in sure:
        return sure[part.kind]
    return float({"lower": least, "upper": most}[part.kind][part.number]) if part.kind in KINDS else 0.0


def _repairs(
    oracle: Oracle, found: Findings, members: list[Part], part: Part, value: Any
) -> tuple[list[str], dict[str, str]]:
    """Return the sentences of the repair, and what they name."""
    instance = oracle.problem.instance
    if part.kind == "capacity":
        assert instance.capacity is not None
        larger = value - instance.capacity
        shown = [f"{site}: {plain_number(larger[site])}" for site in np.flatnonzero(larger > 0)]
        return ["capacity"], {"enlarged": _listed(shown)}
    if part.kind in ("max_open", "budget"):
        both = {one.kind: found.given_up[one] for one in found.given_up if one.kind in ("max_open", "budget")}
        if len(both) < 2 or None in both.values():
            return [part.kind], {}
        return ["both"], {kind: plain_number(repair.value) for kind, repair in both.items() if repair}
    if part.kind == "upper":
        return ["limits"], {}
    if part.kind == "lower":
        return ["room" if hopeless(instance, part) else "lower"], {}
    missing = _out_of_reach(oracle.problem, part)
    if len(missing):
        return ["site"], {"points": _listed([str(point) for point in missing])}
    core = least_points(oracle, [one for one in members if one != part], part)
    return (["lower", "core"], {"core": _listed([str(point) for point in core])}) if core else (["lower"], {})


def _listed(shown: Sequence[str]) -> str:
    return ", ".join(shown[:LISTED]) + (" …" if len(shown) > LISTED else "")


def _capacity_needed(problem: LocationProblem, found: Findings, capacity: FloatArray) -> tuple[float, float]:
    """Return the weight that must be served, and that weight less what the capacities are enlarged by."""
    instance = problem.instance
    limit = instance.limits[0]
    asked = limit.floor.copy()
    for part, value in found.changed.items():
        if part.kind == "floor":
            asked[part.group] = value
    needed = float(asked @ sums(limit.group, limit.weight, len(asked)))
    assert instance.capacity is not None
    return needed, max(0.0, needed - float((capacity - instance.capacity).sum()))


def part_name(problem: LocationProblem, part: Part) -> str:
    """Return the name of a limit: of its row, of its floor with the group, or its own."""
    instance = problem.instance
    if part.kind in KINDS:
        return instance.row_names[part.number]
    return instance.limits[part.number].label(part.group) if part.kind in ("floor", "cover") else part.kind


def conflict(
    kind: str, name: str, required: float, attainable: float, repairs: Sequence[str], **extra: str
) -> Conflict:
    """Return a conflict with its sentence: what is wrong, then the repair."""
    shortage = required - attainable
    numbers = {"required": required, "attainable": attainable, "shortage": shortage}
    show = percent if UNITS[kind] == "share" else plain_number
    values: dict[str, float | str] = {
        "name": name,
        **{key: show(value) for key, value in numbers.items()},
        **extra,
    }
    repair = " ".join(REPAIRS[key] for key in repairs)
    template = f"{TEMPLATES[kind]} {repair}"
    return Conflict(
        kind=kind,
        name=name,
        required=required,
        attainable=attainable,
        shortage=shortage,
        unit=UNITS[kind],
        repair=repair.format(**values),
        sentence=template.format(**values),
        template=template,
        values=values,
    )


def percent(share: float) -> str:
    """Return a share as a percentage, rounded down so that 79.99 % never reads as 80 %."""
    return f"{np.floor(share * 1000 + 1e-6) / 10:g} %"


def plain_number(value: float) -> str:
    """Return a number without needless digits."""
    return f"{round(value, 3):g}" if abs(value) < 1e6 else f"{value:.0f}"
