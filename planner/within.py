"""How near is near on the pages: a rule's limit, in km or minutes, by road or not."""

from dataclasses import dataclass

from geodata.reach import TravelUnit
from planner.language import Translator
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
    by_road
        Whether ways go by road; then what an outlet reaches is no circle.
    """

    limit: float
    unit: TravelUnit = TravelUnit.KM
    by_road: bool = False

    @property
    def circle_km(self) -> float | None:
        """The radius of what an outlet reaches, in km; None where that is no circle."""
        return None if self.by_road else self.limit

    def words(self, t: Translator) -> str:
        """Return it as it is read: 50 km, 15 min."""
        return limit_words(self.limit, self.unit, t)


def within_of(rule: ReachShare, network: Network) -> Within:
    """Return how near is near by a rule, as a network measures it."""
    return Within(rule.limit, rule.limit_unit, network.measure.by_road)
