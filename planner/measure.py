"""How far is measured in a study: one measure for the check, the program and what is tried."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geodata.messages import InputError, say
from geodata.reach import Detour, TravelUnit, nearest_pairs, pairs_within
from geodata.schemas import Tables
from planner.scenario import Metric, Scenario

if TYPE_CHECKING:
    from geodata.roadnetwork import RoadNetwork
    from geodata.roadreach import RoadOptions, RoadReach

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SLACK = 1e-9
"""What a way may be too long, in km or minutes, and still do: sums of legs are not exact."""
PREPARED = 4
"""Road networks that are kept ready to be searched."""


def generous(limit: float) -> float:
    """Return a limit as it is compared with ways that were summed up; the check and the program use it."""
    return limit + SLACK


class Measure(Protocol):
    """What tells how far places are from points; both are longitudes and latitudes, (I, 2) and (J, 2).

    A place without coordinates (NaN) is near nothing. In what comes back (I, J) the stored entries are the
    pairs, zeros among them, columns sorted.
    """

    @property
    def unit(self) -> TravelUnit:
        """What the study's distances are in; where no other unit is asked for, answers are too."""

    @property
    def by_road(self) -> bool:
        """Whether ways go by road: then they are known in km and in minutes."""

    def within(
        self, points: Floats, places: Floats, limit: float, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the places at most `limit` from each point."""

    def nearest(
        self, points: Floats, places: Floats, k: int, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the `k` nearest places of each point, as far as there are ways to them."""

    def converted(self, limit: float, unit: TravelUnit) -> float:
        """Return about what a limit in another unit is in this measure's own."""


@dataclass(frozen=True)
class StraightMeasure:
    """Great circles in km, made longer by a detour."""

    detour: Detour = 1.0

    @property
    def unit(self) -> TravelUnit:
        """Kilometres."""
        return TravelUnit.KM

    @property
    def by_road(self) -> bool:
        """It knows no roads."""
        return False

    def within(
        self, points: Floats, places: Floats, limit: float, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the places at most `limit` km from each point.

        Raises
        ------
        InputError
            If minutes are asked for.
        """
        _require_km(unit)
        return pairs_within(*_sides(points, places), generous(limit), detour=self.detour)

    def nearest(
        self, points: Floats, places: Floats, k: int, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the `k` nearest places of each point."""
        _require_km(unit)
        return nearest_pairs(*_sides(points, places), k, detour=self.detour)

    def converted(self, limit: float, unit: TravelUnit) -> float:
        """Return the limit, which must be in km."""
        _require_km(unit)
        return limit


@dataclass(frozen=True)
class RoadMeasure:
    """Ways by road, in km or minutes; see `geodata.roadreach.RoadReach`."""

    reach: "RoadReach"
    unit: TravelUnit

    @property
    def by_road(self) -> bool:
        """It knows roads."""
        return True

    def within(
        self, points: Floats, places: Floats, limit: float, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the places at most `limit` from each point."""
        return self.reach.within(points, places, generous(limit), unit or self.unit)

    def nearest(
        self, points: Floats, places: Floats, k: int, unit: TravelUnit | None = None
    ) -> sparse.csr_array:
        """Return the `k` nearest places of each point, as far as there are ways to them."""
        return self.reach.nearest(points, places, k, unit or self.unit)

    def converted(self, limit: float, unit: TravelUnit) -> float:
        """Return the limit at the speed of places off the network, if it is not in the own unit."""
        if unit == self.unit:
            return limit
        hourly = self.reach.options.fallback_kmh
        return limit * hourly / 60 if unit == TravelUnit.MIN else limit / hourly * 60


def measure_of(tables: Tables, scenario: Scenario) -> Measure:
    """Return how far is measured in a study.

    Raises
    ------
    InputError
        If the metric is by road and the tables hold no roads.
    """
    if not scenario.metric.by_road:
        return StraightMeasure(scenario.stretch)
    if tables.roads is None:
        raise InputError(
            say(
                "The metric {metric} needs roads, and none are given: add a file of OpenStreetMap roads, or "
                "choose the metric great-circle or detour.",
                metric=str(scenario.metric),
            )
        )
    unit = TravelUnit.KM if scenario.metric is Metric.ROAD_KM else TravelUnit.MIN
    return RoadMeasure(road_reach(tables.roads, scenario), unit)


def nearest_km(measure: Measure, points: Floats, places: Floats) -> tuple[Ints, Floats]:
    """Return each point's nearest place (I,), -1 where there is none, and how many km it is; NaN there.

    Where roads lead to none, as between areas whose roads lie apart, the straight line with its detour stands
    in (assumed), as it does off the network.
    """
    at, km = np.full(len(points), -1), np.full(len(points), np.nan)
    found = [measure.nearest(points, places, 1, TravelUnit.KM)]
    if isinstance(measure, RoadMeasure):
        detour = measure.reach.options.detour
        found.insert(0, nearest_pairs(*_sides(points, places), 1, detour=detour))
    for pairs in found:
        rows = np.flatnonzero(np.diff(pairs.indptr) > 0)
        at[rows], km[rows] = pairs.indices[pairs.indptr[rows]], pairs.data[pairs.indptr[rows]]
    return at, km


def road_reach(roads: "RoadNetwork", scenario: Scenario) -> "RoadReach":
    """Return what searches these roads as the scenario has it; the same again for roads of the same content.

    It is costly to prepare and remembers what it found, and a study lines up its network many times.
    """
    from geodata.roadreach import Direction, RoadOptions

    settings = scenario.roads
    options = RoadOptions(
        snap_km=settings.snap_km,
        access_kmh=settings.access_kmh,
        fallback_kmh=settings.fallback_kmh,
        direction=Direction(settings.direction),
        detour=scenario.stretch,
    )
    return _prepared(_Prepared(roads.digest, options, roads))


@dataclass(frozen=True)
class _Prepared:
    """Roads, told apart by their content."""

    digest: str
    options: "RoadOptions"
    roads: "RoadNetwork" = field(compare=False)


@lru_cache(maxsize=PREPARED)
def _prepared(key: _Prepared) -> "RoadReach":
    from geodata.roadreach import RoadReach

    return RoadReach(key.roads, key.options)


def _require_km(unit: TravelUnit | None) -> None:
    if unit == TravelUnit.MIN:
        raise InputError(
            say(
                "Minutes need travel times by road: choose the metric road-min or road-km, or state limits "
                "in km."
            )
        )


def _sides(points: Floats, places: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    return points[:, 0], points[:, 1], places[:, 0], places[:, 1]
