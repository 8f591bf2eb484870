"""Demand points and distances of single areas, worked out once for all who plan there."""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from geodata.reach import beside, nearest_pairs, union
from planner.candidates import Candidates
from planner.network import Floats, Ints, Network, reach_km

NEAREST = 10
"""Sites that each point is paired with at least, so that distances say something where none is in reach."""
PAIRS = 250_000
"""Most pairs kept where no rule has a radius."""
COVERAGE_KM = 50.0
"""Reach where coverage is asked and no rule has a radius (assumed)."""

Key = tuple[int, bytes, float]


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
        self, areas: Ints, standing: Floats, chosen: Ints, radii: list[float], *, coverage: bool = False
    ) -> sparse.csr_array:
        """Return distances (points of the areas, standing outlets and then chosen candidates) in km.

        Pairs reach twice as far as the widest radius and include each point's ten nearest places (without a
        radius as many as `PAIRS` allows); for `coverage` only what is within the widest radius.
        """
        if coverage:
            return self._beside(areas, standing, chosen, max(radii, default=COVERAGE_KM))
        if not radii:
            return self._nearest(areas, standing, chosen, max(NEAREST, PAIRS // max(self._size(areas), 1)))
        limit_km = 2 * max(radii)
        key = _key(areas, chosen, limit_km) if not len(standing) else None
        if key in self._whole:
            return self._whole[key]
        near = self._beside(areas, standing, chosen, limit_km)
        # a point with ten places within the limit has its ten nearest among them
        few = near.shape[0] and np.diff(near.indptr).min() < NEAREST
        pairs = union(near, self._nearest(areas, standing, chosen, NEAREST)) if few else near
        if key is not None:
            self._whole[key] = pairs
        return pairs

    def _size(self, areas: Ints) -> int:
        return len(self.points(areas))

    def _beside(self, areas: Ints, standing: Floats, chosen: Ints, limit_km: float) -> sparse.csr_array:
        """Return the pairs within a limit: of what stands, then of the candidates, which all share."""
        sites = self._candidates_near(areas, chosen, limit_km)
        if not len(standing):
            return sites
        at = self.network.point_lonlat[self.points(areas)]
        return beside(reach_km(at, standing, limit_km, detour=self.network.detour), sites)

    def _candidates_near(self, areas: Ints, chosen: Ints, limit_km: float) -> sparse.csr_array:
        key = _key(areas, chosen, limit_km)
        if key in self._near:
            return self._near[key]
        at, places = self.network.point_lonlat[self.points(areas)], self.candidates.lonlat[chosen]
        near = reach_km(at, places, limit_km, detour=self.network.detour)
        if key is not None:
            self._near[key] = near
        return near

    def _nearest(self, areas: Ints, standing: Floats, chosen: Ints, k: int) -> sparse.csr_array:
        at = self.network.point_lonlat[self.points(areas)]
        places = np.concatenate([standing, self.candidates.lonlat[chosen]])
        return nearest_pairs(at[:, 0], at[:, 1], places[:, 0], places[:, 1], k, detour=self.network.detour)


def _key(areas: Ints, chosen: Ints, limit_km: float) -> Key | None:
    """Return under what the pairs of a single area are kept; those of several areas are nobody else's."""
    return (int(areas[0]), chosen.tobytes(), limit_km) if len(areas) == 1 else None
