"""Sentences for people, kept apart from the language they are read in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence: an English template with named fields, and the fields' values.

    The template is the key of the translation catalogues, so one message can be read in any language
    after it was made. Make one with `say`.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text(str)

    def text(self, translate: Callable[[str], str]) -> str:
        """Return the sentence in the language of `translate`, a gettext function; messages may be nested."""
        values = {
            name: value.text(translate) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return translate(self.template).format(**values)


def say(template: str, **values: object) -> Message:
    """Return `template` with `values` as a message; translators find the first argument by this name."""
    return Message(template, values)


def message_data(value: object) -> object:
    """Return a message, or a value in one, as what JSON can hold; `message_from` gives the message back."""
    if isinstance(value, Message):
        return {"template": value.template, "values": {k: message_data(v) for k, v in value.values.items()}}
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return value.item() if hasattr(value, "item") else str(value)


def message_from(data: Mapping[str, object]) -> Message:
    """Return the message that `message_data` wrote."""
    values = data["values"]
    assert isinstance(values, dict)
    return Message(
        str(data["template"]),
        {name: message_from(v) if isinstance(v, dict) else v for name, v in values.items()},
    )


class InputError(ValueError):
    """Bad input: one sentence for every place that must be mended, all found before it is raised.

    Parameters
    ----------
    messages
        What is wrong and what to do, a sentence each.
    """

    def __init__(self, messages: Message | Iterable[Message]) -> None:
        self.messages = (messages,) if isinstance(messages, Message) else tuple(messages)
        super().__init__(self.messages)

    def __str__(self) -> str:
        return "\n".join(map(str, summarised(self.messages)))


def summarised(messages: Iterable[Message], *, first: int = 10) -> list[Message]:
    """Return `messages` fit for a screen: the first of each kind, then how many more there are of it.

    Parameters
    ----------
    messages
        Sentences in the order they were found; those of one template are one kind.
    first
        How many of each kind are kept.
    """
    groups: dict[str, list[Message]] = {}
    for message in messages:
        groups.setdefault(message.template, []).append(message)
    lines: list[Message] = []
    for group in groups.values():
        lines += group[:first]
        if len(group) > first:
            lines.append(say("… and {count} more of this kind.", count=len(group) - first))
    return lines


class NoteKind(StrEnum):
    """What a data note is about."""

    ASSUMPTION = "assumption"
    AREA = "area"
    COORDINATES = "coordinates"
    DUPLICATE = "duplicate"
    NOT_LOCATED = "not_located"
    PLAUSIBILITY = "plausibility"
    PROGRAM = "program"
    ROADS = "roads"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the results should know about the data; nothing was changed because of it."""

    kind: NoteKind
    message: Message
    source: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
