"""Two studies side by side: their figures, what became of the areas, and what else differs between them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from geodata.messages import Message, say
from geodata.schemas import InputFile, Tables
from planner.compare import Difference, area_differences, rule_changes
from planner.report_digest import Digest
from planner.rules.base import Rule
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from planner.study import Study
from planner.tablenotes import NAMES

ORDER = {Difference.WORSE: 0, Difference.BETTER: 1, Difference.OTHER: 2}


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of two studies; `share` where it is a share, None where a study does not have it."""

    label: Message
    before: float | None
    after: float | None
    share: bool = False

    @property
    def change(self) -> float | None:
        """By how much it grew."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two studies held against each other.

    Attributes
    ----------
    figures
        The figures of both.
    rules
        As of `rule_changes`.
    areas
        As of `area_differences`, with `label`, the name in the reader's language; all areas.
    said
        What differs beside the outlets: rules, year, assumptions, tables.
    """

    figures: tuple[FigureChange, ...]
    rules: pd.DataFrame
    areas: pd.DataFrame
    said: tuple[Message, ...]

    @property
    def changed(self) -> pd.DataFrame:
        """The areas that changed: worse ones first, then by the change of their missing outlets."""
        areas = self.areas[self.areas["difference"] != Difference.SAME]
        size = (areas["missing_after"] - areas["missing_before"]).abs()
        shorts = (areas["short_after"] - areas["short_before"]).abs()
        order = areas.assign(order=areas["difference"].map(ORDER), size=size, shorts=shorts)
        order = order.sort_values(
            ["order", "size", "shorts", "adcode"], ascending=[True, False, False, True], kind="stable"
        )
        return order.drop(columns=["order", "size", "shorts"]).reset_index(drop=True)

    def count(self, difference: Difference) -> int:
        """Return how many areas went a way."""
        return int((self.areas["difference"] == difference).sum())


def compared(before: Digest, after: Digest) -> Comparison:
    """Hold two studies against each other."""
    areas = area_differences(before.areas, after.areas)
    return Comparison(
        figures=figure_changes(before, after),
        rules=rule_changes(before.study.duties, after.study.duties),
        areas=areas.assign(label=areas["adcode"].map({**before.names, **after.names})),
        said=tuple(differences(before.study, after.study)),
    )


def figure_changes(before: Digest, after: Digest) -> tuple[FigureChange, ...]:
    """Return the figures of two studies side by side."""
    counted: list[tuple[Message, Callable[[Digest], int]]] = [
        (say("Areas that meet every duty"), lambda digest: digest.count("met")),
        (say("Areas that are short"), lambda digest: digest.count("short")),
        (say("Duties"), lambda digest: len(digest.duties)),
        (say("Duties met"), lambda digest: int(digest.duties["status"].eq("met").sum())),
        (say("Outlets missing"), lambda digest: digest.missing()),
        (say("Existing outlets"), lambda digest: len(digest.study.counted_outlets)),
        (say("New outlets"), lambda digest: len(digest.study.new_outlets)),
    ]
    shown = [FigureChange(label, float(of(before)), float(of(after))) for label, of in counted]
    shares = (before.study.sales_within_reach, after.study.sales_within_reach)
    return (*shown, FigureChange(say("Share of sales within reach"), shares[0], shares[1], share=True))


def comparison_sentence(found: Comparison) -> Message:
    """Say in one sentence which way the areas went."""
    better, worse = found.count(Difference.BETTER), found.count(Difference.WORSE)
    if not better and not worse:
        return say("No area is better or worse off.")
    return say(
        "Areas better off: {better}; worse: {worse}; as before: {same}.",
        better=better,
        worse=worse,
        same=found.count(Difference.SAME),
    )


def differences(before: Study, after: Study) -> list[Message]:
    """Say what differs between two studies beside their new outlets; nothing where only these do."""
    said = [
        *_rule_differences(before.rules, after.rules),
        *_scenario_differences(before.scenario, after.scenario),
        *_table_differences(before.tables, after.tables),
    ]
    if before.version != after.version:
        said.append(
            say("The versions differ: {before}, then {after}.", before=before.version, after=after.version)
        )
    return said


def _rule_differences(before: RuleSet, after: RuleSet) -> Iterator[Message]:
    if before.id != after.id:
        yield say("The rules differ: {before}, then {after}.", before=before.id, after=after.id)
    common = [rule for rule in before.by_id if rule in after.by_id]
    for rule in common:
        yield from _parameter_differences(before.by_id[rule], after.by_id[rule])
    if common:
        for rule in [name for name in before.by_id if name not in after.by_id]:
            yield say("Rule {rule} is left out.", rule=rule)
        for rule in [name for name in after.by_id if name not in before.by_id]:
            yield say("Rule {rule} is added.", rule=rule)
    if before.territory != after.territory:
        yield say("The rules bind other provinces.")


def _parameter_differences(before: Rule, after: Rule) -> Iterator[Message]:
    ignored = {"source", "assumption"}
    for name, old, new in _unequal(before.model_dump(mode="json"), after.model_dump(mode="json")):
        if name not in ignored:
            yield say(
                "Rule {rule}: {name} is {before}, then {after}.",
                rule=before.id,
                name=name.removeprefix("parameters."),
                before=_value(old),
                after=_value(new),
            )


def _scenario_differences(before: Scenario, after: Scenario) -> Iterator[Message]:
    if before.year != after.year:
        yield say("The years differ: {before}, then {after}.", before=before.year, after=after.year)
    for name, old, new in _unequal(before.model_dump(mode="json"), after.model_dump(mode="json")):
        if name != "year":
            yield say(
                "Assumption {name}: {before}, then {after}.", name=name, before=_value(old), after=_value(new)
            )


def _unequal(before: object, after: object, name: str = "") -> Iterator[tuple[str, object, object]]:
    """Give what differs between plain values: its dotted name, and both values."""
    old, new = _fields(before), _fields(after)
    if (old is None and before is not None) or (new is None and after is not None) or old is new:
        if before != after:
            yield name, before, after
        return
    first, second = old or {}, new or {}
    for key in dict.fromkeys([*first, *second]):
        yield from _unequal(first.get(key), second.get(key), f"{name}.{key}" if name else key)


def _fields(value: object) -> Mapping[str, object] | None:
    """Return a value as named parts: a mapping, or a list of things that have names."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
        return {str(one["name"]): {k: v for k, v in one.items() if k != "name"} for one in value}
    return None


def _value(value: object) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _table_differences(before: Tables, after: Tables) -> Iterator[Message]:
    """Say which files differ; sites that are only tried are in no file."""
    for name, label in NAMES.items():
        old, new = _file(before.files, name), _file(after.files, name)
        if old is None and new is None:
            if name != "sites" and not _same(getattr(before, name), getattr(after, name)):
                yield say("{table} differ.", table=label)
        elif old is None or new is None or old.sha256 != new.sha256:
            yield say(
                "{table} differ: {before}, then {after}.",
                table=label,
                before=_file_words(old),
                after=_file_words(new),
            )


def _same(before: object, after: object) -> bool:
    """Whether two tables, or the roads of two studies, are the same."""
    if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
        return before is after or before.equals(after)
    digests = (getattr(before, "digest", None), getattr(after, "digest", None))
    return (before is None) == (after is None) and digests[0] == digests[1]


def _file(files: Iterable[InputFile], table: str) -> InputFile | None:
    return next((file for file in files if file.table == table), None)


def _file_words(file: InputFile | None) -> Message:
    if file is None:
        return say("none given")
    return say(
        "{file} ({rows} rows, SHA-256 {sha256}…)", file=file.name, rows=file.rows, sha256=file.sha256[:8]
    )
