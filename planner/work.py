"""What a person is working on: the tables by name, the rules, the assumptions, and the sites being tried."""

import hashlib

from geodata.messages import InputError, Message, say
from geodata.schemas import Tables
from planner.draft import Draft
from planner.rules.reach_share import require_measurable
from planner.rules.ruleset import RuleSet
from planner.scenario import Frozen, Scenario


class Work(Frozen):
    """One state of somebody's work; hashes by content, and is stored as JSON.

    Attributes
    ----------
    data
        Which tables: a sample's name, or the digest of the uploaded files.
    rules, scenario
        What the network is held against, and what is assumed.
    draft
        The sites being tried.
    """

    data: str
    rules: RuleSet
    scenario: Scenario
    draft: Draft = Draft()

    @property
    def checked(self) -> str:
        """The name of what a check depends on beside the draft: what caches know it by."""
        parts = (self.data, self.rules.model_dump_json(), self.scenario.model_dump_json())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def asked(self) -> str:
        """The name of what an optimum depends on: what a check does, and where nothing may be opened."""
        parts = (self.checked, *(one.model_dump_json() for one in self.draft.exclusions))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def settled(self) -> Draft:
        """The draft, without what the optimiser said of it where that was of something else than `asked`."""
        said = self.draft.accepted
        if said is None or said.under == self.asked:
            return self.draft
        return self.draft.model_copy(update={"accepted": None})

    @property
    def key(self) -> str:
        """The name of all of it."""
        return hashlib.sha256(f"{self.checked}\0{self.draft.model_dump_json()}".encode()).hexdigest()


def obstacles(work: Work, tables: Tables) -> tuple[Message, ...]:
    """Return what keeps a work's rules from being measured on these tables, a sentence each."""
    by_road = work.scenario.metric.by_road
    if by_road and tables.roads is None:
        return (say("Distances by road need roads: upload them on the page Data, or choose straight lines."),)
    try:
        require_measurable(work.rules.rules, by_road=by_road)
    except InputError as error:
        return error.messages
    return ()
