"""Which areas of an enterprise must be planned together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geodata.schemas import OutletKind, Role
from planner.network import Bools, Ints, KindAsked, Level, Network, Quantity
from planner.rules.base import Requirement, Rule
from planner.rules.capacity import Capacity
from planner.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Scope:
    """Areas of one enterprise that are planned as one problem.

    Attributes
    ----------
    name
        The enterprise and the code of the first area; unique in a run.
    enterprise, parties
        Who owes, and its party in each role it has.
    areas
        Positions of the areas in the network, sorted.
    """

    name: str
    enterprise: str
    parties: dict[Role, int]
    areas: Ints


def scopes_of(network: Network, rules: RuleSet, asked: dict[str, Requirement]) -> list[Scope]:
    """Return the scopes of all enterprises, by enterprise and first area.

    Areas that one rule binds together (across borders, in proportion, or over a province or the nation) are
    one scope, and so are those of both roles of an enterprise; all others are scopes of their own.
    """
    return [
        Scope(f"{enterprise}|{network.adcodes[areas[0]]}", str(enterprise), parties, areas)
        for enterprise, parties in parties_of(network)
        for areas in _groups(network, [r for r in rules.rules if r.role in parties], parties, asked)
    ]


def parties_of(network: Network) -> Iterator[tuple[str, dict[Role, int]]]:
    """Yield each enterprise with its party in each of its roles, in the order of their names."""
    for enterprise in sorted(set(network.enterprises)):
        at = np.flatnonzero(network.enterprises == enterprise)
        yield enterprise, {Role(network.roles[party]): int(party) for party in at}


def kinds_offered(rules: Iterable[Rule], roles: Iterable[Role]) -> tuple[OutletKind, ...]:
    """Return the kinds that rules name for these roles; where none names one, collection."""
    bound = [rule for rule in rules if rule.role in set(roles)]
    named = {rule.outlet_kind for rule in bound if rule.outlet_kind is not KindAsked.ANY}
    relieving = {kind for rule in bound if isinstance(rule, Capacity) for kind in rule.parameters.relieved_by}
    kinds = {OutletKind(kind) for kind in named} | relieving
    return tuple(kind for kind in OutletKind if kind in kinds) or (OutletKind.COLLECTION,)


def _groups(
    network: Network, rules: list[Rule], parties: dict[Role, int], asked: dict[str, Requirement]
) -> list[Ints]:
    """Return the areas of one enterprise, those bound together as one array each."""
    inside = _sells(network, parties)
    for rule in rules:
        if rule.level is Level.AREA:
            inside |= asked[rule.id].owed[parties[rule.role]]
    edges: list[tuple[int, int]] = []
    hub = len(network.adcodes)
    for rule in rules:
        owed = asked[rule.id].owed[parties[rule.role]]
        for members in _bound_together(network, rule, owed, inside):
            edges += [(int(area), hub) for area in members]
            hub += 1
    bound = np.array([area for area, _ in edges], dtype=np.int64)
    inside[bound] = True
    return _components(inside, edges, hub)


def _sells(network: Network, parties: dict[Role, int]) -> Bools:
    """Return the areas (A,) where the enterprise has sales, vehicles in use or retirements."""
    at = list(parties.values())
    names = (Quantity.SALES, Quantity.STOCK, Quantity.RETIRED_T)
    return np.asarray(sum(network.quantity[name][at].sum(axis=0) for name in names) > 0)


def _bound_together(network: Network, rule: Rule, owed: Bools, inside: Bools) -> Iterator[Ints]:
    """Yield groups of areas that the rule looks at as one; single areas where it looks at each.

    Of a territory these are the areas that are planned anyway (`inside`); all of them where none is.
    """
    of_area = network.levels[rule.level].of_area
    members = owed[of_area] & network.bound
    if rule.level is not Level.AREA:
        planned = np.bincount(of_area, inside & members, minlength=len(owed)) > 0
        members &= inside | ~planned[of_area]
    if rule.binds_all:
        yield np.flatnonzero(members)
        return
    for territory in np.unique(of_area[members]):
        yield np.flatnonzero(members & (of_area == territory))


def _components(inside: Bools, edges: list[tuple[int, int]], size: int) -> list[Ints]:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    graph = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    label = connected_components(graph, directed=False)[1][: len(inside)]
    areas = np.flatnonzero(inside)
    order = np.argsort(label[areas], kind="stable")
    parts = np.split(areas[order], np.flatnonzero(np.diff(label[areas][order])) + 1) if len(areas) else []
    return sorted(parts, key=lambda part: int(part[0]))
