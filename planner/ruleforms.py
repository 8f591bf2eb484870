"""Change a rule set by hand: a rule's numbers at a time, under a name of one's own, apart from the law."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from geodata.messages import InputError, Message, say
from planner.forms import FieldKind, FormField, fields_of, with_value
from planner.rules.reach_share import require_measurable
from planner.rules.ruleset import INSTEAD, AnyRule, RuleSet, load_rule_set, presets, rule_set_from
from planner.scenario import Scenario, scenario_from

MOST_BYTES = 100_000
MOST_RULES = 100
LONGEST_TITLE = 200
MOST_OUTLETS = 1_000_000
"""What a rule may ask for as a whole number."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OWN = "-own"


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """A parameter (or, with none named, a whole rule) that is not as in another rule set; None: not there."""

    rule: str
    parameter: str
    before: Any
    after: Any


def rule_fields(rule_set: RuleSet, rule_id: str, *, by_road: bool = False) -> list[FormField]:
    """Return what a form asks for of one rule: its parameters; a rule it names is chosen from the set.

    Minutes are asked for only where ways are measured `by_road`.
    """
    found = fields_of(rule_of(rule_set, rule_id).parameters)
    others = tuple(rule.id for rule in rule_set.rules if rule.id != rule_id)
    return [
        replace(field, kind=FieldKind.CHOICE, choices=others) if field.name == "rule" else field
        for field in found
        if field.name != "minutes" or by_road
    ]


def rule_of(rule_set: RuleSet, rule_id: str) -> AnyRule:
    """Return a rule of a set; KeyError where there is none."""
    return next(rule for rule in rule_set.rules if rule.id == rule_id)


def with_parameters(
    rule_set: RuleSet, rule_id: str, parameters: Mapping[str, Any], *, by_road: bool = False
) -> RuleSet:
    """Return the set with the parameters of one rule set to others; None leaves one out.

    Where a limit is given in minutes that was in km, or the other way, the new one takes the place of the
    old. Minutes can be asked for only where ways are measured `by_road`.

    A bundled set is not changed: where anything differs, what comes back has an id and a title of its own. A
    number that is not the law's is ours: the rule is assumed until its parameters are the bundled ones again.

    Raises
    ------
    InputError
        One sentence for everything that does not fit, also between rules.
    """
    own = own_copy(rule_set)
    values = own.model_dump(mode="json", exclude_none=True)
    rules = [
        {**rule, "parameters": _changed(rule["parameters"], parameters)} if rule["id"] == rule_id else rule
        for rule in values["rules"]
    ]
    changed = _marked(measurable(rule_set_from({**values, "rules": rules}, own.id), by_road=by_road))
    return rule_set if changed.rules == rule_set.rules else changed


def measurable(rule_set: RuleSet, *, by_road: bool) -> RuleSet:
    """Return the set if all it asks can be measured; InputError where a rule is in minutes and no road is."""
    require_measurable(rule_set.rules, by_road=by_road)
    return rule_set


def own_copy(rule_set: RuleSet) -> RuleSet:
    """Return the set itself if it is somebody's own, else a copy with another id and title."""
    if rule_set.id not in presets():
        return rule_set
    titles = {"title": f"{rule_set.title} (own figures)"}
    if rule_set.title_zh:
        titles["title_zh"] = f"{rule_set.title_zh}（自定参数）"
    return rule_set.model_copy(update={"id": f"{rule_set.id}{_OWN}", **titles})


def renamed(rule_set: RuleSet, name: str, title: str) -> RuleSet:
    """Return the set under another id and title.

    Raises
    ------
    InputError
        If the id is a bundled set's, or either is blank or too long, or the id has other characters than
        Latin letters, digits, `.`, `_` and `-`.
    """
    named = rule_set.model_copy(update={"id": name.strip(), "title": title.strip(), "title_zh": ""})
    _require_own(named, source=say("The rule set"))
    return named


def read_rule_set(upload: tuple[str, bytes], *, by_road: bool = False) -> RuleSet:
    """Return an uploaded rule set, given as its file's name and content.

    It may be in minutes only where ways are measured `by_road`.

    Raises
    ------
    InputError
        If it is no TOML, too large, does not fit, or is called as a bundled set that it is not.
    """
    name, content = upload
    shown = re.split(r"[/\\]", name)[-1][-80:]
    if not shown.lower().endswith(".toml") or len(content) > MOST_BYTES:
        raise InputError(
            say(
                "{file} is not a rule set: upload a TOML file of at most {limit} kB.",
                file=shown,
                limit=MOST_BYTES // 1000,
            )
        )
    with TemporaryDirectory(prefix="upload-") as scratch:
        path = Path(scratch) / "rules.toml"
        path.write_bytes(content)
        found = measurable(load_rule_set(path), by_road=by_road)
    _require_writable(found, source=say("{file}", file=shown))
    if found.id in presets() and found == load_rule_set(found.id):
        return found
    _require_own(found, source=say("{file}", file=shown))
    return found


def nearest_preset(rule_set: RuleSet) -> RuleSet | None:
    """Return the bundled set that a set was most likely made from: the one that shares most rules, if any.

    Of those that share as many, the one from the same source.
    """
    ids = {(rule.id, rule.kind) for rule in rule_set.rules}
    sets = [load_rule_set(name) for name in presets()]
    shared = {one.id: len(ids & {(rule.id, rule.kind) for rule in one.rules}) for one in sets}
    best = max(sets, key=lambda one: (shared[one.id], one.source == rule_set.source))
    return best if shared[best.id] else None


def parameter_changes(rule_set: RuleSet, base: RuleSet) -> list[ParameterChange]:
    """Return where a set is not as another: parameters, and rules that only one of them has."""
    before = {rule.id: rule for rule in base.rules}
    after = {rule.id: rule for rule in rule_set.rules}
    found = []
    for name in [*before, *(name for name in after if name not in before)]:
        if name in before and name in after:
            found += _changes_of(before[name], after[name])
        else:
            found.append(
                ParameterChange(name, "", name if name in before else None, name if name in after else None)
            )
    return found


def with_assumptions(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return a scenario with fields, named with dots, set to others; None leaves one out.

    Raises
    ------
    InputError
        One sentence for everything that does not fit.
    """
    values = scenario.model_dump(mode="json", exclude_none=True)
    for name, value in changes.items():
        values = with_value(values, name, value)
    return scenario_from(values)


def _changes_of(before: AnyRule, after: AnyRule) -> list[ParameterChange]:
    old, new = (rule.parameters.model_dump(mode="json") for rule in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    return [
        ParameterChange(after.id, name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _changed(known: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**known, **parameters}
    given = {name: value for name, value in merged.items() if value is not None}
    for name, other in INSTEAD.items():
        if name in given and name not in known and given.get(other) == known.get(other):
            given.pop(other, None)
    return given


def _marked(rule_set: RuleSet) -> RuleSet:
    """Return the set with every rule assumed whose parameters are not those of the bundled set."""
    base = nearest_preset(rule_set)
    law = {rule.id: rule for rule in base.rules} if base else {}
    rules = tuple(_marked_against(law.get(rule.id), rule) for rule in rule_set.rules)
    return rule_set.model_copy(update={"rules": rules})


def _marked_against(law: AnyRule | None, rule: AnyRule) -> AnyRule:
    if law is None:
        return rule
    return rule.model_copy(update={"assumption": law.assumption or bool(_changes_of(law, rule))})


def _require_writable(rule_set: RuleSet, source: Message) -> None:
    """Refuse whole numbers that nobody means, and no form can show: a browser counts to 2^53."""
    problems = [
        say(
            "{source}: {name} of rule {rule} is {value}; it can be at most {most}.",
            source=source,
            name=name,
            rule=rule.id,
            value=str(value)[:40],
            most=MOST_OUTLETS,
        )
        for rule in rule_set.rules
        for name, value in rule.parameters.model_dump(mode="json").items()
        if isinstance(value, int) and value > MOST_OUTLETS
    ]
    if problems:
        raise InputError(problems)


def _require_own(rule_set: RuleSet, source: Message) -> None:
    problems = []
    if not _ID.fullmatch(rule_set.id):
        problems.append(
            say(
                "{source}: the id '{id}' does not do; use up to 64 Latin letters, digits, '.', '_' and '-'.",
                source=source,
                id=rule_set.id[:80],
            )
        )
    if rule_set.id in presets():
        problems.append(
            say(
                "{source}: '{id}' is a bundled rule set; give this one another id.",
                source=source,
                id=rule_set.id,
            )
        )
    if not 0 < len(rule_set.title) <= LONGEST_TITLE or len(rule_set.rules) > MOST_RULES:
        problems.append(
            say(
                "{source}: a rule set has a title of at most {title} characters and at most {rules} rules.",
                source=source,
                title=LONGEST_TITLE,
                rules=MOST_RULES,
            )
        )
    if problems:
        raise InputError(problems)
