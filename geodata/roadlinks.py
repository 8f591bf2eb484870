"""How places hang on the nodes of a road network, along the streets they stand at."""

import numpy as np

from geodata.roadsearch import FloatArray, Found, IntArray, Links, grained, spread
from geodata.snapping import Snapped, Streets


class Joints:
    """Places that were snapped, with what every leg along their streets takes.

    Parameters
    ----------
    streets
        The streets of the network.
    snapped
        Where P places join them.
    cost
        Shape (M,), what each edge takes; multiples of the grain.
    access
        Shape (P,), what the leg between place and road takes.
    """

    def __init__(self, streets: Streets, snapped: Snapped, cost: FloatArray, access: FloatArray) -> None:
        self._streets, self._snapped, self._cost = streets, snapped, cost
        self.access = np.where(snapped.on_road, grained(access), 0.0)
        self.street: IntArray = np.full(len(snapped.edge), -1, dtype=np.int64)
        self.street[snapped.on_road] = streets.street[snapped.edge[snapped.on_road]]
        self.at_node = snapped.on_road & ((snapped.fraction == 0.0) | (snapped.fraction == 1.0))

    def __len__(self) -> int:
        return len(self.street)

    def links(self, *, leaving: bool) -> Links:
        """Return the nodes that one comes to on leaving, or comes from on arriving, access leg included."""
        network = self._streets.network
        node_owner = np.flatnonzero(self.at_node)
        first = self._snapped.edge[node_owner]
        ends = np.where(self._snapped.fraction[node_owner] == 0.0, network.tail[first], network.head[first])
        inner = np.flatnonzero(self._snapped.on_road & ~self.at_node)
        at, edge = self._edges(inner)
        before = self.before(inner[at], edge)
        node = network.head[edge] if leaving else network.tail[edge]
        cost = self._cost[edge] - before if leaving else before
        owner = np.concatenate([node_owner, inner[at]])
        order = np.argsort(owner, kind="stable")
        owner = owner[order]
        cost = np.concatenate([np.zeros(len(ends)), cost])[order] + self.access[owner]
        along = np.concatenate([np.full(len(ends), -1), edge])[order]
        return Links(owner, np.concatenate([ends, node])[order], cost, along, len(self))

    def fractions(self, places: IntArray, edge: IntArray) -> FloatArray:
        """Return how far along edges of their streets places are; shapes (E,)."""
        fraction = self._snapped.fraction[places]
        return np.where(self._streets.against[edge], 1.0 - fraction, fraction)

    def fraction(self, place: int, edge: int) -> float:
        """Return how far along an edge of its street a place is."""
        return float(self.fractions(np.array([place]), np.array([edge]))[0])

    def own_edges(self, place: int) -> IntArray:
        """Return the directed edges of the street that a place stands at."""
        begin, end = self._streets.start[self.street[place] :][:2]
        return self._streets.edges[begin:end]

    def shared(self, place: int, others: "Joints", other: int) -> tuple[int, float] | None:
        """Return the edge to drive along between two places of one street, and what that takes, if any."""
        if self.street[place] != others.street[other] or self.at_node[place] or others.at_node[other]:
            return None
        edges = self.own_edges(place)
        mine, theirs = np.full(len(edges), place), np.full(len(edges), other)
        takes = others.before(theirs, edges) - self.before(mine, edges)
        ahead = np.flatnonzero(self.fractions(mine, edges) <= others.fractions(theirs, edges))
        if not len(ahead):
            return None
        best = ahead[np.argmin(takes[ahead])]
        return int(edges[best]), float(takes[best])

    def before(self, places: IntArray, edge: IntArray) -> FloatArray:
        """Return what it takes from the tails of edges to `places` on them; shapes (E,)."""
        along = grained(self._snapped.fraction[places] * self._cost[edge])
        return np.where(self._streets.against[edge], self._cost[edge] - along, along)

    def along(self, others: "Joints", same: FloatArray, other: FloatArray) -> Found:
        """Return what ways to `others` take that stay on one street, or lead from a place to itself.

        Parameters
        ----------
        others
            Where the ways lead.
        same, other
            Shapes (P, 2) and (Q, 2), the places' and the others' coordinates: at the same coordinates
            nothing is to be travelled, not even to the road and back.
        """
        place, target = self._on_one_street(others)
        equal = (same[place] == other[target]).all(axis=1)
        inner = np.flatnonzero(~equal & ~self.at_node[place] & ~others.at_node[target])
        at, edge = self._edges(place[inner])
        begin, end = self.before(place[inner][at], edge), others.before(target[inner][at], edge)
        ahead = self.fractions(place[inner][at], edge) <= others.fractions(target[inner][at], edge)
        rows, columns = place[inner][at][ahead], target[inner][at][ahead]
        values = (end - begin)[ahead] + self.access[rows] + others.access[columns]
        zeros = np.zeros(int(equal.sum()))
        return (
            np.concatenate([place[equal], rows]),
            np.concatenate([target[equal], columns]),
            np.concatenate([zeros, values]),
        )

    def _edges(self, places: IntArray) -> tuple[IntArray, IntArray]:
        """Return the directed edges of the places' streets, and which of `places` each belongs to."""
        street = self.street[places]
        counts = self._streets.start[street + 1] - self._streets.start[street]
        edge = self._streets.edges[spread(self._streets.start[street], counts)]
        return np.repeat(np.arange(len(places)), counts), edge

    def _on_one_street(self, others: "Joints") -> tuple[IntArray, IntArray]:
        mine = np.flatnonzero(self.street >= 0)
        order = np.argsort(others.street, kind="stable")
        street = others.street[order]
        begin = np.searchsorted(street, self.street[mine], side="left")
        counts = np.searchsorted(street, self.street[mine], side="right") - begin
        return np.repeat(mine, counts), order[spread(begin, counts)]
