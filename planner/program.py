"""The integer program of one scope, as rules see it: columns, points, and the rows they add."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geodata.reach import TravelUnit
from geodata.schemas import Role
from planner.network import Bools, Floats, Ints, KindAsked, Level, Network


@dataclass(frozen=True, slots=True)
class Row:
    """A row over the columns: lower <= coefficient @ y <= upper; `weight` is that of its shortage."""

    name: str
    coefficient: Floats
    lower: float
    upper: float = np.inf
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class CoverRow:
    """A share of weight that must have an outlet near: the cover of `LocationProblem`, named by its rule.

    `weight` (I,) is that of the points; with `group` (I,) each group has its own floor, (G,). `reach` (I, J)
    holds distances of its own, where `within` is in another unit than the program's pairs.
    """

    name: str
    within: float
    floor: float | Floats
    sites: Bools
    weight: Floats
    group: Ints | None = None
    reach: sparse.csr_array | None = None


@dataclass(frozen=True)
class Columns:
    """The places of a scope, one column for each kind of outlet they can hold, as arrays (J,).

    `existing` columns are outlets that stand; `place` says which columns share a site (and its max_units);
    `source` is the position in the table the column came from.
    """

    existing: Bools
    kind: npt.NDArray[np.object_]
    area: Ints
    lonlat: Floats
    annual_t: Floats
    cost: Floats
    max_units: Ints
    place: Ints
    place_units: Ints
    source: Ints

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True)
class Program:
    """What one enterprise's scope is made of: its areas, its parties, columns, demand points and pairs.

    Attributes
    ----------
    areas
        Positions of the scope's areas in the network, sorted.
    parties
        The enterprise's party in each role that it has.
    columns
        Where outlets stand or could.
    points
        Positions of the scope's demand points in the network.
    pairs
        Distances (points, columns) in the unit of the network's measure, detour included.
    others
        Pairs within limits in another unit, by limit and unit.
    """

    network: Network
    enterprise: str
    areas: Ints
    parties: dict[Role, int]
    columns: Columns
    points: Ints
    pairs: sparse.csr_array
    others: Mapping[tuple[float, TravelUnit], sparse.csr_array] = field(default_factory=dict)

    def own_pairs(self, limit: float, unit: TravelUnit) -> sparse.csr_array | None:
        """Return the pairs of a limit in another unit than the program's; None where it is the same."""
        return None if unit == self.network.measure.unit else self.others[limit, unit]

    def owed(self, role: Role, level: Level, owed: Bools) -> Iterator[tuple[int, int]]:
        """Yield (party, territory) for what is `owed` (P, T) by this enterprise inside the scope."""
        if role not in self.parties:
            return
        party = self.parties[role]
        for place in np.unique(self.network.levels[level].of_area[self.areas]):
            if owed[party, place]:
                yield party, int(place)

    def of_kind(self, asked: KindAsked) -> Bools:
        """Return which columns (J,) hold outlets that a rule counts."""
        if asked is KindAsked.ANY:
            return np.ones(len(self.columns), dtype=bool)
        return np.asarray(self.columns.kind == str(asked))

    def standing_in(self, asked: KindAsked, level: Level, place: int) -> Bools:
        """Return which columns (J,) of a kind stand in a territory."""
        area = self.columns.area
        inside = np.where(area >= 0, self.network.levels[level].of_area[area], -1) == place
        return np.asarray(self.of_kind(asked) & inside)

    def points_in(self, level: Level, place: int) -> Bools:
        """Return which of the scope's demand points lie in a territory."""
        of_area = self.network.levels[level].of_area
        return np.asarray(of_area[self.network.point_area[self.points]] == place)
