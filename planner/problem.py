"""From a scope to its location problem: columns, points, pairs, and the rows its rules add."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from geodata.messages import InputError, say
from optimization import Cover, LocationProblem
from planner.candidates import Candidates, admitted
from planner.geometry import Geometry
from planner.moves import Moves
from planner.network import Bools, Floats, Ints, KindAsked, Level, Network, Quantity
from planner.program import Columns, CoverRow, Program, Row
from planner.rules.base import Requirement, Rule, Unit
from planner.rules.capacity import annual_t, capacity_parts
from planner.rules.proportion import Proportion
from planner.rules.reach_share import ReachShare, require_measurable
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from planner.scope import Scope, kinds_offered


@dataclass(frozen=True)
class World:
    """What all scopes of a run share: the network, the rules and what they ask, and the candidates.

    `moves` is what has to be moved, where a plan counts its cost.
    """

    network: Network
    rules: RuleSet
    scenario: Scenario
    asked: dict[str, Requirement]
    candidates: Candidates
    geometry: Geometry
    parts: sparse.csr_array
    annual: Floats
    listed: sparse.csc_array
    moves: Moves | None = None

    def own(self, scope: Scope) -> Ints:
        """Return the positions of the outlets that list the scope's enterprise, sorted."""
        party = next(iter(scope.parties.values()))
        start, end = self.listed.indptr[party : party + 2]
        return np.sort(self.listed.indices[start:end]).astype(np.int64)

    def bound(self, scope: Scope, enforced: frozenset[str] = frozenset()) -> list[Rule]:
        """Return the rules that bind a scope; those an `area_share` names only where enforced."""
        return [
            rule
            for rule in self.rules.rules
            if rule.role in scope.parties and (rule.id not in self.rules.named or rule.id in enforced)
        ]


def world_of(
    network: Network,
    rules: RuleSet,
    scenario: Scenario,
    candidates: Candidates,
    *,
    moves: Moves | None = None,
) -> World:
    """Work out what all scopes share, once."""
    _require_plannable(rules)
    require_measurable(rules.rules, by_road=network.measure.by_road)
    return World(
        network=network,
        rules=rules,
        scenario=scenario,
        asked={rule.id: rule.to_plan(network) for rule in rules.rules},
        candidates=candidates,
        geometry=Geometry(network, candidates),
        parts=capacity_parts(network),
        annual=np.nan_to_num(annual_t(network.outlets)),
        listed=sparse.csc_array(network.listed),
        moves=moves,
    )


def program_of(
    scope: Scope, world: World, *, enforced: frozenset[str] = frozenset(), coverage: bool = False
) -> Program:
    """Return the scope's columns, demand points and pairs; `enforced` are named rules it has to meet.

    Which pairs there are is told by `Geometry.pairs`; `coverage` says whether it is an objective.
    """
    network = world.network
    rules = [rule for rule in world.rules.rules if rule.role in scope.parties]
    reaches = [rule for rule in rules if isinstance(rule, ReachShare)]
    across = any(rule.parameters.across_borders for rule in reaches)
    inside = any(not rule.parameters.across_borders and rule.level is not Level.AREA for rule in reaches)
    columns = _columns(scope, world, rules, enforced, across=across)
    points, existing = world.geometry.points(scope.areas), columns.existing
    places = scope.areas, columns.lonlat[existing], columns.source[~existing]
    radii = list(dict.fromkeys((rule.limit, rule.limit_unit) for rule in reaches))
    pairs = world.geometry.pairs(*places, radii, coverage=coverage)
    others = {
        (limit, unit): world.geometry.within(*places, limit, unit)
        for limit, unit in radii
        if unit != network.measure.unit
    }
    if inside:
        sides = network.point_area[points], columns.area
        pairs = _same_area(pairs, *sides)
        others = {radius: _same_area(found, *sides) for radius, found in others.items()}
    return Program(network, scope.enterprise, scope.areas, scope.parties, columns, points, pairs, others)


def problem_of(
    program: Program,
    rules: Sequence[Rule],
    asked: dict[str, Requirement],
    *,
    apart: frozenset[str] = frozenset(),
) -> LocationProblem:
    """Return the location problem of a scope; `apart` names rows that are left out."""
    added = [row for rule in rules for row in rule.rows(program, asked[rule.id]) if row.name not in apart]
    rows = [row for row in added if isinstance(row, Row)]
    columns, distances = program.columns, program.pairs.data
    shared, most = shared_sites(columns)
    largest = float(distances.max()) if len(distances) else 0.0
    return LocationProblem(
        weight=sales_weight(program),
        reach=program.pairs,
        opening_cost=columns.cost,
        fixed_open=columns.existing.astype(np.int64),
        max_units=columns.max_units,
        rows=sparse.vstack([_stacked(rows, len(columns)), shared], format="csr"),
        row_lower=np.concatenate([[row.lower for row in rows], np.full(len(most), -np.inf)]),
        row_upper=np.concatenate([[row.upper for row in rows], most]),
        row_names=[row.name for row in rows] + [f"site|{number}" for number in range(len(most))],
        row_weight=np.concatenate([[row.weight for row in rows], np.ones(len(most))]),
        covers=tuple(_cover(row) for row in added if isinstance(row, CoverRow)),
        beyond=2.0 * largest or 1.0,
    )


def shared_sites(columns: Columns) -> tuple[sparse.csr_array, Floats]:
    """Return a row for every site that several columns share, (S, J), and the most units each can hold."""
    place, at, number = np.unique(columns.place, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(number > 1)
    row = np.full(len(place), -1)
    row[shared] = np.arange(len(shared))
    members = np.flatnonzero(row[at] >= 0)
    rows = sparse.csr_array(
        (np.ones(len(members)), (row[at][members], members)), shape=(len(shared), len(columns))
    )
    most = np.zeros(len(shared))
    most[row[at][members]] = columns.place_units[members]
    return rows, most


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


def _columns(
    scope: Scope, world: World, rules: Sequence[Rule], enforced: frozenset[str], *, across: bool
) -> Columns:
    network, candidates = world.network, world.candidates
    standing = _existing(scope, world, rules, across=across)
    chosen = _chosen(scope, world, rules, enforced, across=across)
    units = candidates.units[chosen]
    asked = _most_asked(scope, world, rules)
    units = np.where(np.isnan(units), asked, units)
    party = next(iter(scope.parties.values()))
    part = world.parts[standing, np.full(len(standing), party)] if len(standing) else np.empty(0)
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


def _existing(scope: Scope, world: World, rules: Sequence[Rule], *, across: bool) -> Ints:
    """Return the enterprise's outlets that count for the scope: in its territories, or anywhere near."""
    own = world.own(scope)
    if across:
        return own
    area = world.network.outlet_area[own]
    inside = _territory(scope, world.network, rules)
    return own[np.where(area >= 0, inside[area], False)]


def _territory(scope: Scope, network: Network, rules: Sequence[Rule]) -> Bools:
    """Return the areas (A,) whose outlets count for the scope: its own, and those of its territories."""
    inside = np.zeros(len(network.adcodes), dtype=bool)
    inside[scope.areas] = True
    for level in {rule.level for rule in rules}:
        of_area = network.levels[level].of_area
        inside |= np.isin(of_area, of_area[scope.areas])
    return inside


def _chosen(
    scope: Scope, world: World, rules: Sequence[Rule], enforced: frozenset[str], *, across: bool
) -> Ints:
    """Return the candidates of a scope: of a kind that is offered, admitted, and not the enterprise's own.

    They stand in its areas; the user's sites also in the rest of its territories, and where outlets serve
    across borders those of any area within reach.
    """
    candidates, network = world.candidates, world.network
    if across:
        chosen = _near(scope, world, rules)
    elif candidates.given:
        territory = _territory(scope, network, rules) & network.bound
        chosen = candidates.within(np.flatnonzero(territory))
    else:
        chosen = candidates.within(scope.areas)
    offered = np.isin(candidates.kind[chosen], [str(kind) for kind in kinds_offered(rules, scope.parties)])
    joins_own = np.isin(candidates.outlet[chosen], world.own(scope))
    allowed = admitted(candidates, world.bound(scope, enforced), chosen)
    return np.asarray(chosen[offered & allowed & ~joins_own])


def _near(scope: Scope, world: World, rules: Sequence[Rule]) -> Ints:
    """Return the candidates in the scope's areas, and those of others within reach of its points."""
    network, candidates = world.network, world.candidates
    points = world.geometry.points(scope.areas)
    near = np.isin(candidates.area, scope.areas)
    reaches = [rule for rule in rules if isinstance(rule, ReachShare)]
    for unit in {rule.limit_unit for rule in reaches}:
        widest = max(rule.limit for rule in reaches if rule.limit_unit is unit)
        pairs = network.measure.within(network.point_lonlat[points], candidates.lonlat, widest, unit)
        near[np.unique(pairs.indices)] = True
    return np.flatnonzero(near)


def _most_asked(scope: Scope, world: World, rules: Sequence[Rule]) -> float:
    """Return the most outlets the rules ask of a territory of the scope: what a demand point can hold.

    Kinds that rules name stand side by side; a rule that takes any counts both.
    """
    most = dict.fromkeys(KindAsked, 0.0)
    for rule in rules:
        most[rule.outlet_kind] = max(most[rule.outlet_kind], _asked_of(rule, scope, world))
    return max(1.0, most[KindAsked.ANY], most[KindAsked.COLLECTION] + most[KindAsked.STORAGE])


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
    """Return a number of outlets that no territory needs more of to match.

    Where n_t stand or are asked for, the upper sides need N >= (n_t - 1) / (s_t τ) for all territories, and
    the lower sides hold for any such N when each has ⌈N s_t / τ⌉ or n_t; so twice the largest of these N, and
    an outlet for each territory, is room enough for the whole.
    """
    network, party = world.network, scope.parties[rule.role]
    needed = network.counts(rule.outlet_kind, rule.level)[party].copy()
    for other in world.rules.rules:
        if other.role in scope.parties and other.unit is Unit.OUTLETS and other.kind != "attribute":
            asked = world.asked[other.id].required[scope.parties[other.role]]
            if other.level is rule.level:
                needed = np.maximum(needed, asked)
            else:
                needed = np.maximum(needed, asked.max(initial=0.0))
    share = rule.shares(network)[party]
    sold = share > 0
    whole = float((needed[sold] / share[sold]).max(initial=1.0))
    return float(np.ceil(2 * whole * share.max(initial=0.0) * rule.parameters.tolerance) + len(share))


def _same_area(pairs: sparse.csr_array, point_area: Ints, column_area: Ints) -> sparse.csr_array:
    """Return only the pairs inside one area: an outlet counts for the area it stands in."""
    row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    keep = point_area[row] == column_area[pairs.indices]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[keep], minlength=pairs.shape[0]))])
    return sparse.csr_array((pairs.data[keep], pairs.indices[keep], indptr), shape=pairs.shape)


def sales_weight(program: Program) -> Floats:
    """Return each demand point's share (I,) of the units sold; the plain weights where nothing is sold.

    Shares, and not units: so makers with the same task pose the same problem, and share its answer.
    """
    network, points = program.network, program.points
    sold = np.asarray(sum(network.quantity[Quantity.SALES][party] for party in program.parties.values()))
    total = sold[program.areas].sum()
    share = sold / total if total > 0 else np.ones_like(sold)
    return np.asarray(network.point_weight[points] * share[network.point_area[points]])


def _stacked(rows: list[Row], width: int) -> sparse.csr_array:
    """Return the rows as one sparse matrix (R, J)."""
    at = [np.flatnonzero(row.coefficient) for row in rows]
    values = [row.coefficient[where] for row, where in zip(rows, at, strict=True)]
    indptr = np.cumsum([0, *(len(where) for where in at)])
    none = np.empty(0)
    return sparse.csr_array(
        (np.concatenate([none, *values]), np.concatenate([none.astype(np.int64), *at]), indptr),
        shape=(len(rows), width),
    )


def _cover(row: CoverRow) -> Cover:
    return Cover(
        row.name,
        row.within,
        row.floor,
        sites=row.sites,
        group=row.group,
        weight=row.weight,
        reach=row.reach,
    )
