"""The plan that straight lines would have given, and what it is worth by road."""

from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from geodata.messages import Message, say
from geodata.reach import TravelUnit, straight_like_km
from planner.check import findings_of, sales_within_reach
from planner.place import place
from planner.rules.base import Status
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet, rule_set_from
from planner.scenario import Metric, Scenario
from planner.study import Study, planned_network

SITE = ["enterprises", "site_id", "kind", "action"]


@dataclass(frozen=True, slots=True)
class Straight:
    """A plan by straight line, beside the plan by road of the same study.

    Attributes
    ----------
    outlets
        Its new outlets, with the columns of a plan.
    outcome
        Of its planning.
    common, only_by_road, only_straight
        New outlets that both plans open at the same site for the same enterprise, and those that only one
        does.
    duties_short
        Duties that are short by road with the straight plan's outlets.
    sales_within_reach
        The share of the sales within reach by road with them; None where no rule says how near.
    """

    outlets: pd.DataFrame
    outcome: str
    common: int
    only_by_road: int
    only_straight: int
    duties_short: int
    sales_within_reach: float | None

    @property
    def cost(self) -> float:
        """What its outlets cost."""
        return float(self.outlets["opening_cost"].sum())

    def figures(self) -> dict[str, object]:
        """Return the figures that a study's summary states."""
        near = self.sales_within_reach
        return {
            "outcome": self.outcome,
            "new_outlets": len(self.outlets),
            "cost": round(self.cost, 9),
            "common": self.common,
            "only_by_road": self.only_by_road,
            "only_straight": self.only_straight,
            "duties_short_by_road": self.duties_short,
            "sales_within_reach_by_road": None if near is None else round(near, 9),
        }


def straight_plan(
    study: Study, *, workers: int | None = None, executor: Executor | None = None
) -> Straight | None:
    """Plan a study by straight line too, and check that plan by road.

    The rules are the same. A limit in km is held in a straight line, as the laws measure it; one in minutes
    over road-like kilometres at the speed for places off the network.

    Returns
    -------
    Straight or None
        None where the study has no plan, or its distances are not by road.
    """
    if study.placement is None or not study.scenario.metric.by_road:
        return None
    rules = straight_rules(study.rules, study.scenario)
    scenario = study.scenario.model_copy(update={"metric": Metric.GREAT_CIRCLE})
    found = place(replace(study.tables, roads=None), rules, scenario, workers=workers, executor=executor)
    return straight_of(study, found.outlets, str(found.outcome))


def straight_of(study: Study, outlets: pd.DataFrame, outcome: str) -> Straight:
    """Return how the plan of a study and these outlets, planned by straight line, differ."""
    ours, theirs = _openings(study.new_outlets), _openings(outlets)
    common = (ours & theirs).total()
    network = planned_network(study, outlets)
    findings = findings_of(network, study.rules)
    duties = findings[findings["duty"].astype(bool)]
    return Straight(
        outlets=outlets,
        outcome=outcome,
        common=common,
        only_by_road=ours.total() - common,
        only_straight=theirs.total() - common,
        duties_short=int(duties["status"].eq(str(Status.SHORT)).sum()),
        sales_within_reach=sales_within_reach(network, study.rules),
    )


def _openings(plan: pd.DataFrame) -> Counter[tuple[str, ...]]:
    return Counter(map(tuple, plan[SITE].astype(str).to_numpy()))


def straight_rules(rules: RuleSet, scenario: Scenario) -> RuleSet:
    """Return the rules with limits in minutes as km in a straight line, by the speed off the network."""
    values = rules.model_dump(mode="json", exclude_none=True)
    for written, rule in zip(values["rules"], rules.rules, strict=True):
        if isinstance(rule, ReachShare) and rule.limit_unit is TravelUnit.MIN:
            way_km = rule.limit * scenario.roads.fallback_kmh / 60
            del written["parameters"]["minutes"]
            written["parameters"]["distance_km"] = straight_like_km(way_km, scenario.stretch)
    return rule_set_from(values, rules.id)


def straight_sentences(study: Study) -> list[Message]:
    """Say how the plans by road and by straight line differ; nothing where there are not both."""
    straight = study.straight
    if straight is None or study.placement is None:
        return []
    by_road = study.new_outlets
    said = [
        say(
            "New outlets planned by straight line: {n}, at a cost of {cost:g}; by road: {own}, at "
            "{own_cost:g}.",
            n=len(straight.outlets),
            cost=straight.cost,
            own=len(by_road),
            own_cost=float(by_road["opening_cost"].sum()),
        ),
        say(
            "Opened by both plans at the same sites: {common}; only by road: {road}; only by straight line: "
            "{straight}.",
            common=straight.common,
            road=straight.only_by_road,
            straight=straight.only_straight,
        ),
        say(
            "Duties short, measured by road: {n} with the plan by straight line, {own} with the plan by "
            "road.",
            n=straight.duties_short,
            own=int(study.duties["status"].eq(str(Status.SHORT)).sum()),
        ),
    ]
    if straight.sales_within_reach is not None and study.sales_within_reach is not None:
        said.append(
            say(
                "Sales within reach, measured by road: {share:.1%} with the plan by straight line, {own:.1%} "
                "with the plan by road.",
                share=straight.sales_within_reach,
                own=study.sales_within_reach,
            )
        )
    return said
