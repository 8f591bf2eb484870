"""`reach_share`: a share of the sales, or of the people, must have an outlet near."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy import sparse

from geodata.messages import InputError, Message, say
from geodata.reach import TravelUnit
from planner.measure import generous
from planner.network import Bools, Floats, Level, Network, Quantity
from planner.program import CoverRow, Program, Row
from planner.rules.base import Requirement, Rule, Supply, Unit, row_name
from planner.scenario import Frozen, Positive


class ReachShareParameters(Frozen):
    """`share` of the weight at most `distance_km` (or `minutes` by road) from an outlet."""

    share: Annotated[float, Field(gt=0, le=1)]
    distance_km: Positive | None = None
    minutes: Positive | None = None
    of: Literal["sales", "population"] = "sales"
    across_borders: bool = False

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.distance_km is None) == (self.minutes is None):
            raise ValueError("give either distance_km or minutes")
        return self


class ReachShare(Rule):
    """The share of the weight that has an outlet within reach is at least `share`.

    An outlet counts for the area it stands in; for its neighbours only where `across_borders` says so. An
    outlet whose place isn't known may be near everything: it turns short into unknown.
    """

    kind: Literal["reach_share"] = "reach_share"
    parameters: ReachShareParameters

    @property
    def unit(self) -> Unit:
        """A share of weight."""
        return Unit.SHARE

    @property
    def binds_areas(self) -> bool:
        """Outlets that serve across borders tie areas together."""
        return self.parameters.across_borders or self.level is not Level.AREA

    @property
    def binds_all(self) -> bool:
        """Across borders, any area's outlets may serve any other."""
        return self.parameters.across_borders

    @property
    def limit(self) -> float:
        """How far counts as near, in `limit_unit`."""
        limit = self.parameters.minutes or self.parameters.distance_km
        assert limit is not None  # the parameters hold one of them
        return limit

    @property
    def limit_unit(self) -> TravelUnit:
        """Whether the limit is in km or in minutes."""
        return TravelUnit.KM if self.parameters.minutes is None else TravelUnit.MIN

    def statement(self) -> Message:
        """Say what the rule asks."""
        values = {"share": self.parameters.share, "limit": self.limit}
        people = self.parameters.of == "population"
        if self.limit_unit is TravelUnit.MIN and people:
            return say("{share:.0%} of the inhabitants within {limit:g} minutes of an outlet", **values)
        if self.limit_unit is TravelUnit.MIN:
            return say("{share:.0%} of the sales within {limit:g} minutes of an outlet", **values)
        if people:
            return say("{share:.0%} of the inhabitants within {limit:g} km of an outlet", **values)
        return say("{share:.0%} of the sales within {limit:g} km of an outlet", **values)

    def requirement(self, network: Network) -> Requirement:
        """Ask for the share wherever the enterprise sells."""
        territories = network.levels[self.level]
        owed = territories.sums(network.quantity[Quantity.SALES]) > 0
        known = self._sized(network)
        return Requirement(owed, np.where(owed, self.parameters.share, 0.0), known)

    def supply(self, network: Network) -> Supply:
        """Add up the weight that has an outlet of the party near."""
        counted = network.of_kind(self.outlet_kind)
        share = self.territory_share(network, self.covered(network, counted))
        located = np.isfinite(network.outlet_lonlat).all(axis=1)
        blank = network.levels[self.level].sums(network.per_area((counted & ~located).astype(float)))
        if self.parameters.across_borders:
            blank = np.broadcast_to(blank.sum(axis=1, keepdims=True), blank.shape)
        unsure = (blank > 0) | ~self._sized(network)
        return Supply(share, np.where(unsure, 1.0, share))

    def covered(self, network: Network, counted: Bools) -> sparse.csr_array:
        """Return which points have an outlet of which party near, (I, P) of ones."""
        require_measurable([self], by_road=network.measure.by_road)
        pairs = network.reach(self.limit, self.limit_unit).tocoo()
        keep = counted[pairs.col]
        if not self.parameters.across_borders:
            keep &= network.point_area[pairs.row] == network.outlet_area[pairs.col]
        near = sparse.csr_array(
            (np.ones(int(keep.sum())), (pairs.row[keep], pairs.col[keep])), shape=pairs.shape
        )
        covered = sparse.csr_array(near @ network.listed)
        covered.data = np.ones_like(covered.data)
        return covered

    def area_share(self, network: Network, covered: sparse.csr_array) -> Floats:
        """Return the share of each area's weight that is covered, (P, A)."""
        areas, points = len(network.adcodes), np.arange(len(network.point_area))
        weight = self.point_shares(network)
        place = sparse.csr_array((weight, (network.point_area, points)), shape=(areas, len(points)))
        return np.asarray((place @ covered).toarray(), dtype=float).T

    def territory_share(self, network: Network, covered: sparse.csr_array) -> Floats:
        """Return the share of each territory's weight that is covered, (P, T)."""
        share = self.area_share(network, covered)
        if self.level is Level.AREA:
            return share
        territories, size = network.levels[self.level], self._size(network)
        total = territories.sums(size)
        return territories.sums(size * share) / np.where(total > 0, total, 1.0)

    def point_shares(self, network: Network) -> Floats:
        """Return each point's share of its area's weight (I,), adding up to 1 in each area.

        For shares of the people, the points' population weights where the whole area has them; else the
        weight for sales stands in.
        """
        weight = network.point_weight
        if self.parameters.of == "population":
            people, areas = network.point_population, len(network.adcodes)
            lacking = np.bincount(network.point_area, np.isnan(people), areas) > 0
            none = np.bincount(network.point_area, np.nan_to_num(people), areas) <= 0
            weight = np.where((lacking | none)[network.point_area], weight, np.nan_to_num(people))
        total = np.bincount(network.point_area, weight, len(network.adcodes))
        return np.asarray(weight / total[network.point_area], dtype=float)

    def rows(self, program: Program, asked: Requirement) -> list[Row | CoverRow]:
        """A `Cover` for each territory; one with groups where outlets serve across borders."""
        owed = [place for _, place in program.owed(self.role, self.level, asked.owed)]
        if not owed:
            return []
        weight = self._program_weight(program)
        if self.parameters.across_borders:
            return [self._grouped(program, owed, weight)]
        return [self._single(program, place, weight) for place in owed]

    def _single(self, program: Program, place: int, weight: Floats) -> CoverRow:
        inside = program.points_in(self.level, place)
        return CoverRow(
            name=row_name(self, program.network, place),
            within=generous(self.limit),
            reach=program.own_pairs(self.limit, self.limit_unit),
            floor=self.parameters.share,
            sites=program.standing_in(self.outlet_kind, self.level, place),
            weight=np.where(inside, weight, 0.0),
        )

    def _grouped(self, program: Program, owed: list[int], weight: Floats) -> CoverRow:
        of_area = program.network.levels[self.level].of_area
        place = of_area[program.network.point_area[program.points]]
        group = np.searchsorted(owed, place).clip(0, len(owed) - 1)
        return CoverRow(
            name=self.id,
            within=generous(self.limit),
            reach=program.own_pairs(self.limit, self.limit_unit),
            floor=np.full(len(owed), self.parameters.share),
            sites=program.of_kind(self.outlet_kind),
            weight=np.where(np.isin(place, owed), weight, 0.0),
            group=group.astype(np.int64),
        )

    def _program_weight(self, program: Program) -> Floats:
        """Return the points' weights in their territory, sums of 1 in each area times the area's size."""
        share = self.point_shares(program.network)[program.points]
        if self.level is Level.AREA:
            return share
        size = self._size(program.network)[program.parties[self.role]]
        return np.asarray(share * size[program.network.point_area[program.points]], dtype=float)

    def _sized(self, network: Network) -> Bools:
        """Return where (P, T) it is known how the areas weigh against each other; one area needs no size."""
        sells = (network.quantity[Quantity.SALES] > 0).astype(float)
        alone = network.levels[self.level].sums(sells) <= 1
        return np.asarray(alone | network.known(self._quantity, self.level))

    @property
    def _quantity(self) -> Quantity:
        return Quantity.POPULATION if self.parameters.of == "population" else Quantity.SALES

    def _size(self, network: Network) -> Floats:
        return np.nan_to_num(network.quantity[self._quantity], nan=0.0)


def require_measurable(rules: Iterable[Rule], *, by_road: bool) -> None:
    """Refuse rules in minutes where no roads tell how long a way takes.

    Raises
    ------
    InputError
        With a sentence for each of them.
    """
    problems = [
        say(
            "Rule '{rule}' is in minutes, which needs travel times by road: choose the metric road-km or "
            "road-min, or give distance_km.",
            rule=rule.id,
        )
        for rule in rules
        if not by_road and isinstance(rule, ReachShare) and rule.limit_unit is TravelUnit.MIN
    ]
    if problems:
        raise InputError(problems)
