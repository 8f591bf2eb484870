"""What a rule set is called and where its rules are written, in the reader's language."""

from planner.language import Language
from planner.rules.base import Rule
from planner.rules.ruleset import RuleSet


def title_in(rule_set: RuleSet, language: Language | str) -> str:
    """Return a rule set's title in a language, or the one it has."""
    return rule_set.title_zh if language == Language.CHINESE and rule_set.title_zh else rule_set.title


def source_in(written: Rule | RuleSet, language: Language | str) -> str:
    """Return where a rule or a rule set is written, in a language or as it has it."""
    return written.source_zh if language == Language.CHINESE and written.source_zh else written.source
