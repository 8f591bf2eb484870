"""Demand points and distances of single areas, worked out once for all who plan there."""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from geodata.reach import TravelUnit, beside, union
from planner.candidates import Candidates
from planner.measure import Measure
from planner.network import Floats, Ints, Network

NEAREST = 10
"""Sites that each point is paired with at least, so that distances say something where none is in reach."""
PAIRS = 250_000
"""Most pairs kept where no rule has a radius."""
COVERAGE_KM = 50.0
"""Reach where coverage is asked and no rule has a radius (assumed)."""

Key = tuple[int, bytes, float, TravelUnit]
Radius = tuple[float, TravelUnit]


@dataclass(frozen=True)
class Geometry:
    """Where points and candidates lie; what was worked out for a single area is kept for the next maker."""

    network: Network
    candidates: Candidates
    _near: dict[Key, sparse.csr_array] = field(default_factory=dict, repr=False)
    _whole: dict[Key, sparse.csr_array] = field(default_factory=dict, repr=False)
    _points: dict[int, Ints] = field(default_factory=dict, repr=False)

    def points(self, areas: Ints) -> Ints:
        """Return the positions of the demand points in these areas, sorted."""
        if not self._points:
            order = np.argsort(self.network.point_area, kind="stable")
            ends = np.cumsum(np.bincount(self.network.point_area, minlength=len(self.network.adcodes)))
            self._points.update(enumerate(np.split(order, ends[:-1])))
        return np.sort(np.concatenate([self._points[area] for area in areas.tolist()]))

    def pairs(
        self, areas: Ints, standing: Floats, chosen: Ints, radii: list[Radius], *, coverage: bool = False
    ) -> sparse.csr_array:
        """Return distances (points of the areas, standing outlets and then chosen candidates).

        They are in the measure's own unit. Pairs reach twice as far as the widest radius and include each
        point's ten nearest places (without a radius as many as `PAIRS` allows); for `coverage` only what is
        within the widest radius.
        """
        own = [self.measure.converted(limit, unit) for limit, unit in radii]
        if coverage:
            none = self.measure.converted(COVERAGE_KM, TravelUnit.KM)
            return self.within(areas, standing, chosen, max(own, default=none))
        if not own:
            return self._nearest(areas, standing, chosen, max(NEAREST, PAIRS // max(self._size(areas), 1)))
        limit = 2 * max(own)
        key = _key(areas, chosen, limit, self.measure.unit) if not len(standing) else None
        if key in self._whole:
            return self._whole[key]
        near = self.within(areas, standing, chosen, limit)
        # a point with ten places within the limit has its ten nearest among them
        few = near.shape[0] and np.diff(near.indptr).min() < NEAREST
        pairs = union(near, self._nearest(areas, standing, chosen, NEAREST)) if few else near
        if key is not None:
            self._whole[key] = pairs
        return pairs

    @property
    def measure(self) -> Measure:
        """How far is measured."""
        return self.network.measure

    def _size(self, areas: Ints) -> int:
        return len(self.points(areas))

    def within(
        self, areas: Ints, standing: Floats, chosen: Ints, limit: float, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the pairs within a limit: of what stands, then of the candidates, which all share."""
        sites = self._candidates_near(areas, chosen, limit, unit or self.measure.unit)
        if not len(standing):
            return sites
        at = self.network.point_lonlat[self.points(areas)]
        return beside(self.measure.within(at, standing, limit, unit), sites)

    def _candidates_near(self, areas: Ints, chosen: Ints, limit: float, unit: TravelUnit) -> sparse.csr_array:
        key = _key(areas, chosen, limit, unit)
        if key in self._near:
            return self._near[key]
        at, places = self.network.point_lonlat[self.points(areas)], self.candidates.lonlat[chosen]
        near = self.measure.within(at, places, limit, unit)
        if key is not None:
            self._near[key] = near
        return near

    def _nearest(self, areas: Ints, standing: Floats, chosen: Ints, k: int) -> sparse.csr_array:
        at = self.network.point_lonlat[self.points(areas)]
        places = np.concatenate([standing, self.candidates.lonlat[chosen]])
        return self.measure.nearest(at, places, k)


def _key(areas: Ints, chosen: Ints, limit: float, unit: TravelUnit) -> Key | None:
    """Return under what the pairs of a single area are kept; those of several areas are nobody else's."""
    return (int(areas[0]), chosen.tobytes(), limit, unit) if len(areas) == 1 else None
