"""From a scope to its location problem: columns, points, pairs, and the rows its rules add."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from geodata.messages import InputError, say
from geodata.reach import nearest_pairs, union
from geodata.schemas import Role
from optimization import Cover, LocationProblem
from planner.candidates import Candidates, admitted
from planner.network import Bools, Floats, Ints, KindAsked, Level, Network, Quantity, reach_km
from planner.program import Columns, CoverRow, Program, Row
from planner.rules.base import Requirement, Rule, Unit
from planner.rules.capacity import annual_t, capacity_parts
from planner.rules.proportion import Proportion
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from planner.scope import Scope, kinds_offered

NEAREST = 10
"""Sites that each point is paired with at least, so that distances say something where none is in reach."""
PAIRS = 250_000
"""Most pairs kept where no rule has a radius."""
COVERAGE_KM = 50.0
"""Reach where coverage is asked and no rule has a radius (assumed)."""


@dataclass(frozen=True)
class World:
    """What all scopes of a run share: the network, the rules and what they ask, and the candidates."""

    network: Network
    rules: RuleSet
    scenario: Scenario
    asked: dict[str, Requirement]
    candidates: Candidates
    parts: sparse.csc_array
    annual: Floats
    admitted: dict[frozenset[Role], Bools]

    def bound(self, scope: Scope, enforced: frozenset[str] = frozenset()) -> list[Rule]:
        """Return the rules that bind a scope; those an `area_share` names only where enforced."""
        return [
            rule
            for rule in self.rules.rules
            if rule.role in scope.parties and (rule.id not in self.rules.named or rule.id in enforced)
        ]


def world_of(network: Network, rules: RuleSet, scenario: Scenario, candidates: Candidates) -> World:
    """Work out what all scopes share, once."""
    _require_plannable(rules)
    return World(
        network=network,
        rules=rules,
        scenario=scenario,
        asked={rule.id: rule.to_plan(network) for rule in rules.rules},
        candidates=candidates,
        parts=sparse.csc_array(capacity_parts(network)),
        annual=np.nan_to_num(annual_t(network.outlets)),
        admitted={
            frozenset(roles): admitted(candidates, rules, {str(role) for role in roles})
            for roles in [(Role.MAKER,), (Role.BATTERY_MAKER,), tuple(Role)]
        },
    )


def program_of(scope: Scope, world: World, *, coverage: bool = False) -> Program:
    """Return the scope's columns, demand points and pairs.

    Pairs reach twice as far as the widest radius and include each point's ten nearest places; where
    `coverage` is an objective, only what is within the widest radius.
    """
    network = world.network
    rules = [rule for rule in world.rules.rules if rule.role in scope.parties]
    reaches = [rule for rule in rules if isinstance(rule, ReachShare)]
    across = any(rule.parameters.across_borders for rule in reaches)
    inside = any(not rule.parameters.across_borders and rule.level is not Level.AREA for rule in reaches)
    columns = _columns(scope, world, rules, across=across)
    points = np.flatnonzero(np.isin(network.point_area, scope.areas))
    pairs = _pairs(network, points, columns.lonlat, [rule.limit_km for rule in reaches], coverage=coverage)
    if inside:
        pairs = _same_area(pairs, network.point_area[points], columns.area)
    return Program(network, scope.enterprise, scope.areas, scope.parties, columns, points, pairs)


def problem_of(
    program: Program,
    rules: Sequence[Rule],
    asked: dict[str, Requirement],
    *,
    apart: frozenset[str] = frozenset(),
) -> LocationProblem:
    """Return the location problem of a scope; `apart` names rows that are left out."""
    added = [row for rule in rules for row in rule.rows(program, asked[rule.id]) if row.name not in apart]
    rows = [row for row in added if isinstance(row, Row)] + shared_sites(program.columns)
    columns, distances = program.columns, program.pairs.data
    largest = float(distances.max()) if len(distances) else 0.0
    return LocationProblem(
        weight=_weight(program),
        reach=program.pairs,
        opening_cost=columns.cost,
        fixed_open=columns.existing.astype(np.int64),
        max_units=columns.max_units,
        rows=_stacked(rows, len(columns)),
        row_lower=np.array([row.lower for row in rows]),
        row_upper=np.array([row.upper for row in rows]),
        row_names=[row.name for row in rows],
        row_weight=np.array([row.weight for row in rows]),
        covers=tuple(_cover(row) for row in added if isinstance(row, CoverRow)),
        beyond=2.0 * largest or 1.0,
    )


def shared_sites(columns: Columns) -> list[Row]:
    """Return a row for every site that several columns share: together they hold no more than it does."""
    order = np.argsort(columns.place, kind="stable")
    cuts = np.flatnonzero(np.diff(columns.place[order])) + 1
    rows = []
    for together in np.split(order, cuts):
        if len(together) > 1:
            coefficient = np.zeros(len(columns))
            coefficient[together] = 1.0
            most = float(columns.place_units[together[0]])
            rows.append(Row(f"site|{columns.place[together[0]]}", coefficient, -np.inf, most))
    return rows


def _require_plannable(rules: RuleSet) -> None:
    reaches = [rule for rule in rules.rules if isinstance(rule, ReachShare)]
    across = [rule for rule in reaches if rule.parameters.across_borders]
    within = [r for r in reaches if not r.parameters.across_borders and r.level is not Level.AREA]
    if across and within:
        raise InputError(
            say(
                "Rules '{first}' and '{second}' cannot be planned together: one counts outlets across "
                "borders, the other only inside each area but over more than one. Plan them in two runs.",
                first=across[0].id,
                second=within[0].id,
            )
        )


def _columns(scope: Scope, world: World, rules: Sequence[Rule], *, across: bool) -> Columns:
    network, candidates = world.network, world.candidates
    party = next(iter(scope.parties.values()))
    standing = _existing(scope, network, rules, party, across=across)
    chosen = _chosen(scope, world, rules, party, across=across)
    units = candidates.units[chosen]
    asked = _most_asked(scope, world, rules)
    units = np.where(np.isnan(units), asked, units)
    part = np.asarray(world.parts[:, [party]].toarray()).ravel()[standing]
    ones = np.ones(len(standing), dtype=np.int64)
    last = int(candidates.site.max(initial=-1)) + 1
    most = np.concatenate([ones, units.astype(np.int64)])
    return Columns(
        existing=np.concatenate([ones > 0, np.zeros(len(chosen), dtype=bool)]),
        kind=np.concatenate([network.outlet_kind[standing], candidates.kind[chosen]]),
        area=np.concatenate([network.outlet_area[standing], candidates.area[chosen]]),
        lonlat=np.concatenate([network.outlet_lonlat[standing], candidates.lonlat[chosen]]),
        annual_t=np.concatenate([world.annual[standing] * part, np.nan_to_num(candidates.annual_t[chosen])]),
        cost=np.concatenate([np.zeros(len(standing)), candidates.cost[chosen]]),
        max_units=most,
        place=np.concatenate([last + np.arange(len(standing)), candidates.site[chosen]]),
        place_units=most,
        source=np.concatenate([standing, chosen]),
    )


def _existing(scope: Scope, network: Network, rules: Sequence[Rule], party: int, *, across: bool) -> Ints:
    """Return the enterprise's outlets that count for the scope: in its territories, or anywhere near."""
    listed = network.listed[:, [party]].toarray().ravel() > 0
    inside = np.zeros(len(network.adcodes), dtype=bool)
    inside[scope.areas] = True
    for rule in rules:
        of_area = network.levels[rule.level].of_area
        inside |= np.isin(of_area, of_area[scope.areas])
    here = np.where(network.outlet_area >= 0, inside[network.outlet_area], False)
    return np.flatnonzero(listed & (here | across))


def _chosen(scope: Scope, world: World, rules: Sequence[Rule], party: int, *, across: bool) -> Ints:
    """Return the candidates of a scope: of a kind that is offered, admitted, and not the enterprise's own."""
    candidates, network = world.candidates, world.network
    areas = np.arange(len(network.adcodes)) if across and candidates.given else scope.areas
    chosen = candidates.within(areas)
    offered = np.isin(candidates.kind[chosen], [str(kind) for kind in kinds_offered(rules, scope.parties)])
    own = network.listed[:, [party]].toarray().ravel() > 0
    joined = candidates.outlet[chosen]
    joins_own = np.zeros(len(chosen), dtype=bool)
    joins_own[joined >= 0] = own[joined[joined >= 0]]
    allowed = world.admitted[frozenset(scope.parties)][chosen]
    return np.asarray(chosen[offered & allowed & ~joins_own])


def _most_asked(scope: Scope, world: World, rules: Sequence[Rule]) -> float:
    """Return the most outlets the rules ask of a territory of the scope: what a demand point can hold.

    Kinds that rules name stand side by side; a rule that takes any counts both.
    """
    most = dict.fromkeys(KindAsked, 1.0)
    for rule in rules:
        most[rule.outlet_kind] = max(most[rule.outlet_kind], _asked_of(rule, scope, world))
    return max(most[KindAsked.ANY], most[KindAsked.COLLECTION] + most[KindAsked.STORAGE])


def _asked_of(rule: Rule, scope: Scope, world: World) -> float:
    """Return the most outlets that one rule asks of a territory of the scope."""
    if isinstance(rule, ReachShare):
        return 1.0
    if isinstance(rule, Proportion):
        return _proportional_most(scope, world, rule)
    place = np.unique(world.network.levels[rule.level].of_area[scope.areas])
    party, asked = scope.parties[rule.role], world.asked[rule.id]
    required = np.where(asked.owed[party, place], asked.required[party, place], 0.0)
    if rule.unit is Unit.TONNES:
        smallest = np.nanmin(world.candidates.annual_t, initial=np.inf)
        required = np.ceil(required / smallest) if smallest > 0 else np.zeros_like(required)
    return float(required.max(initial=0.0))


def _proportional_most(scope: Scope, world: World, rule: Proportion) -> float:
    """Return a number of outlets that no area needs more of to match: all that stand or are asked for."""
    counts = world.network.counts(rule.outlet_kind, rule.level)[scope.parties[rule.role]]
    others = [
        world.asked[other.id].required[scope.parties[other.role]].sum()
        for other in world.rules.rules
        if other.role in scope.parties and other.unit is Unit.OUTLETS and other.kind != "attribute"
    ]
    return float(counts.sum() + sum(others) + len(scope.areas))


def _pairs(
    network: Network, points: Ints, places: Floats, radii: list[float], *, coverage: bool
) -> sparse.csr_array:
    at = network.point_lonlat[points]
    if coverage:
        return reach_km(at, places, max(radii, default=COVERAGE_KM), detour=network.detour)
    sides = at[:, 0], at[:, 1], places[:, 0], places[:, 1]
    k = NEAREST if radii else max(NEAREST, PAIRS // max(len(points), 1))
    nearest = nearest_pairs(*sides, k, detour=network.detour)
    return union(reach_km(at, places, 2 * max(radii), detour=network.detour), nearest) if radii else nearest


def _same_area(pairs: sparse.csr_array, point_area: Ints, column_area: Ints) -> sparse.csr_array:
    """Return only the pairs inside one area: an outlet counts for the area it stands in."""
    row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    keep = point_area[row] == column_area[pairs.indices]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[keep], minlength=pairs.shape[0]))])
    return sparse.csr_array((pairs.data[keep], pairs.indices[keep], indptr), shape=pairs.shape)


def _weight(program: Program) -> Floats:
    """Return the units sold at each demand point (I,); the plain weights where nothing is sold."""
    network, points = program.network, program.points
    sold = sum(network.quantity[Quantity.SALES][party] for party in program.parties.values())
    weight = network.point_weight[points] * np.asarray(sold)[network.point_area[points]]
    return weight if weight.sum() > 0 else network.point_weight[points]


def _stacked(rows: list[Row], width: int) -> sparse.csr_array:
    dense = np.array([row.coefficient for row in rows]).reshape(len(rows), width)
    return sparse.csr_array(dense)


def _cover(row: CoverRow) -> Cover:
    return Cover(row.name, row.within, row.floor, sites=row.sites, group=row.group, weight=row.weight)
