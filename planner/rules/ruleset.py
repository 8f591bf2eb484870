"""Rule sets: read from TOML, bundled as presets, changed by one parameter at a time."""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import pandas as pd
import tomlkit
from pydantic import Field, ValidationError, model_validator

from geodata.messages import InputError, Message, Note, NoteKind, say
from planner.network import Level, Network
from planner.rules.area_share import AreaShare
from planner.rules.attribute import Attribute
from planner.rules.base import FINDING_COLUMNS, Rule
from planner.rules.capacity import Capacity
from planner.rules.presence import Presence
from planner.rules.proportion import Proportion
from planner.rules.ratio import Ratio
from planner.rules.reach_share import ReachShare
from planner.rules.threshold import Threshold
from planner.scenario import Frozen, read_toml, sentences_of

INSTEAD = {"minutes": "distance_km", "distance_km": "minutes"}
"""A parameter that takes the place of another: a rule states one of them."""

AnyRule = Annotated[
    Presence | Ratio | Capacity | Threshold | ReachShare | Proportion | Attribute | AreaShare,
    Field(discriminator="kind"),
]


class RuleSet(Frozen):
    """A text of law (or a draft, or an idea) as rules.

    Attributes
    ----------
    id, title, title_zh, source, source_zh
        What it is called and where it was read; in Chinese too, if at all.
    in_force, repealed
        First day in force and day of repeal; None: not known, or never.
    territory
        Leading digits of the adcodes it binds; empty: all.
    rules
        The rules, ids unique.
    """

    id: str
    title: str
    title_zh: str = ""
    source: str
    source_zh: str = ""
    in_force: date | None = None
    repealed: date | None = None
    territory: tuple[str, ...] = ()
    rules: tuple[AnyRule, ...]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [rule.id for rule in self.rules]
        for twice in sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"the rule id '{twice}' is used twice")
        return self

    @model_validator(mode="after")
    def _named_rules_fit(self) -> Self:
        for rule in self.rules:
            if isinstance(rule, AreaShare):
                _require_separable(rule, {other.id: other for other in self.rules})
        return self

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """The rules by their id."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def named(self) -> frozenset[str]:
        """Ids of rules that an `area_share` names: no duties of their own."""
        return frozenset(rule.parameters.rule for rule in self.rules if isinstance(rule, AreaShare))

    def findings(self, network: Network) -> pd.DataFrame:
        """Return the findings of all rules, in the order of the rules."""
        tables = [
            rule.findings_of(network, self.by_id) if isinstance(rule, AreaShare) else rule.findings(network)
            for rule in self.rules
        ]
        filled = [table for table in tables if len(table)]
        if not filled:
            return pd.DataFrame(columns=FINDING_COLUMNS)
        findings = pd.concat(filled, ignore_index=True)
        return findings.assign(duty=~findings["rule_id"].isin(self.named))

    def notices(self, year: int) -> list[Note]:
        """Return a notice where the study's year lies outside the dates of the rule set."""
        if self.in_force and year < self.in_force.year:
            text = say("Rule set {id} is in force only from {day} on.", id=self.id, day=self.in_force)
        elif self.repealed and year > self.repealed.year:
            text = say("Rule set {id} was repealed on {day}.", id=self.id, day=self.repealed)
        elif self.in_force is None:
            text = say("Rule set {id} has no date of coming into force.", id=self.id)
        else:
            return []
        return [Note(NoteKind.RULES, text, source=self.id)]


def _require_separable(rule: AreaShare, rules: dict[str, Any]) -> None:
    """Refuse an `area_share` whose named rule can't be decided area by area."""
    named = rules.get(rule.parameters.rule)
    if named is None:
        raise ValueError(f"rule '{rule.id}' names the rule '{rule.parameters.rule}', which is not in the set")
    if isinstance(named, AreaShare | Proportion) or named.binds_areas or named.level is not Level.AREA:
        raise ValueError(
            f"rule '{rule.id}' names '{named.id}', which ties areas together; name a rule of level area that "
            "is neither a proportion nor an area_share and does not count across borders"
        )
    if named.role != rule.role:
        raise ValueError(f"rule '{rule.id}' and the rule it names, '{named.id}', bind different roles")


def presets() -> list[str]:
    """Return the ids of the bundled rule sets."""
    folder = resources.files("planner.rules") / "presets"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def load_rule_set(name: str | Path, changes: Sequence[str] = ()) -> RuleSet:
    """Return a preset by its id or a rule set from a TOML file, with `changes` (RULE.PARAMETER=VALUE) made.

    Raises
    ------
    InputError
        With one sentence for everything that does not fit.
    """
    if str(name) in presets():
        text = (resources.files("planner.rules") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
        values, source = tomllib.loads(text), str(name)
    elif Path(name).suffix == ".toml" or Path(name).exists():
        values, source = read_toml(Path(name)), Path(name).name
    else:
        raise InputError(
            say(
                "There is no rule set '{name}'. Give the path of a TOML file or one of: {known}.",
                name=name,
                known=", ".join(presets()),
            )
        )
    for change in changes:
        values = _changed(values, change)
    return rule_set_from(values, source)


def rule_set_from(values: dict[str, Any], source: str) -> RuleSet:
    """Return the rule set of plain values, as a TOML file holds them."""
    try:
        return RuleSet.model_validate(values)
    except ValidationError as error:
        raise InputError(sentences_of(error, source)) from None


def rule_set_toml(rule_set: RuleSet) -> str:
    """Return the rule set as TOML that `load_rule_set` reads back to an equal one."""
    values = rule_set.model_dump(mode="json", exclude_none=True)
    for name in ("in_force", "repealed"):
        if name in values:
            values[name] = date.fromisoformat(values[name])
    return tomlkit.dumps(values)


def _changed(values: dict[str, Any], change: str) -> dict[str, Any]:
    """Return plain values with one parameter of one rule changed, as RULE.PARAMETER=VALUE says."""
    target, equals, text = change.partition("=")
    rule_id, dot, parameter = target.strip().rpartition(".")
    if not (equals and dot and text.strip()):
        raise InputError(_wrong_change(change, say("write RULE.PARAMETER=VALUE")))
    rules = values.get("rules", [])
    if rule_id not in [rule.get("id") for rule in rules]:
        known = ", ".join(str(rule.get("id")) for rule in rules)
        raise InputError(_wrong_change(change, say("the rules are: {known}", known=known)))
    value, instead = _literal(text.strip()), INSTEAD.get(parameter)
    return {
        **values,
        "rules": [
            {**rule, "parameters": {**_without(rule.get("parameters", {}), instead), parameter: value}}
            if rule.get("id") == rule_id
            else rule
            for rule in rules
        ],
    }


def _without(parameters: dict[str, Any], name: str | None) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != name}


def _wrong_change(change: str, remedy: Message) -> Message:
    return say("--set {change}: this names no parameter; {remedy}.", change=change, remedy=remedy)


def _literal(text: str) -> Any:
    """Read a value as TOML does; bare words are text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
