"""What is known of a work: an optimum is one of the tables, rules and assumptions it was found under."""

from optimization import Outcome
from planner.draft import Accepted, Draft, Exclusion, TriedSite, content
from planner.rules.ruleset import load_rule_set
from planner.scenario import Scenario
from planner.work import Work

SITES = (
    TriedSite(
        outlet_id="T-0001", name="s", kind="collection", enterprises="M", lon=114.0, lat=22.5,
        adcode="440300",
    ),
)  # fmt: skip
BARE = Work(data="demo", rules=load_rule_set("cn-2026-73"), scenario=Scenario(year=2022))


def proven() -> Work:
    said = Accepted(outcome=Outcome.OPTIMAL, bound=1.0, sites=content(SITES), under=BARE.asked)
    return BARE.model_copy(update={"draft": Draft(sites=SITES, accepted=said)})


def test_an_optimum_holds_while_what_was_asked_is_the_same() -> None:
    work = proven()
    assert work.settled == work.draft
    assert Work.model_validate_json(work.model_dump_json()).settled.proven is not None


def test_an_optimum_of_other_rules_years_tables_or_exclusions_is_none() -> None:
    work = proven()
    shape = Exclusion(name="lake", corners=((0, 0), (1, 0), (1, 1)))
    others: list[dict[str, object]] = [
        {"rules": load_rule_set("cn-2019-46")},
        {"scenario": Scenario(year=2021)},
        {"data": "national"},
        {"draft": work.draft.model_copy(update={"exclusions": (shape,)})},
    ]
    for changed in others:
        other = work.model_copy(update=changed)
        assert other.settled.proven is None
        assert other.settled.sites == SITES
