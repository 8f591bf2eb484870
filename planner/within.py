"""How near is near on the pages: a rule's limit, in km or minutes, by road or not."""

from dataclasses import dataclass

from geodata.reach import Detour, TravelUnit, straight_like_km
from planner.language import Translator
from planner.measure import StraightMeasure
from planner.network import Network
from planner.report_digest import limit_words
from planner.rules.reach_share import ReachShare


@dataclass(frozen=True, slots=True)
class Within:
    """How near an outlet must be to count.

    Attributes
    ----------
    limit, unit
        In km or minutes.
    detour
        What ways are longer than straight lines; None by road, where what an outlet reaches is no circle.
    """

    limit: float
    unit: TravelUnit = TravelUnit.KM
    detour: Detour | None = 1.0

    @property
    def circle_km(self) -> float | None:
        """The radius on the ground of what an outlet reaches, in km; None where that is no circle."""
        return None if self.detour is None else straight_like_km(self.limit, self.detour)

    def words(self, t: Translator) -> str:
        """Return it as it is read: 50 km, 15 min."""
        return limit_words(self.limit, self.unit, t)


def within_of(rule: ReachShare, network: Network) -> Within:
    """Return how near is near by a rule, as a network measures it."""
    measure = network.measure
    detour = measure.detour if isinstance(measure, StraightMeasure) else None
    return Within(rule.limit, rule.limit_unit, detour)
