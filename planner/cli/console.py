"""What the commands say, in the reader's language: results on standard output, the rest on standard error."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from geodata.messages import InputError, Message, say

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from planner.language import Translator

MOST_SENTENCES = 50
"""How many sentences about bad input are printed: who has more mends the first ones first."""


def chosen_language(args: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return `en` or `zh`: what `--lang` says, else what the environment's locale says."""
    for option, value in zip(args, [*args, ""][1:], strict=True):
        name, _, inline = option.partition("=")
        if name == "--lang":
            return "zh" if (inline or value) == "zh" else "en"
    locale = next((environment[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(n)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


class Console:
    """Speaks one language to one terminal.

    Parameters
    ----------
    language
        `en` or `zh`.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    @cached_property
    def t(self) -> "Translator":
        """Translate a message or an English template."""
        from planner.language import translator

        return translator(self.language)

    @cached_property
    def out(self) -> "RichConsole":
        """Standard output."""
        from rich.console import Console as RichConsole

        return RichConsole(highlight=False, soft_wrap=True)

    @cached_property
    def err(self) -> "RichConsole":
        """Standard error."""
        from rich.console import Console as RichConsole

        return RichConsole(highlight=False, soft_wrap=True, stderr=True)

    def say(self, text: str | Message, **values: object) -> None:
        """Print a sentence on standard output."""
        self.out.print(self.t(text, **values), markup=False)

    def print(self, text: str) -> None:
        """Print text that needs no translation on standard output."""
        self.out.print(text, markup=False)

    def tell(self, message: Message) -> None:
        """Print a sentence on standard error: progress, a mistake, what was assumed."""
        self.err.print(self.t(message), markup=False)

    def complain(self, error: InputError) -> None:
        """Print each sentence of bad input on standard error, the first fifty of them."""
        for message in error.messages[:MOST_SENTENCES]:
            self.tell(message)
        rest = len(error.messages) - MOST_SENTENCES
        if rest > 0:
            self.tell(say("and {n} more; mend these first.", n=rest))

    def print_json(self, value: object) -> None:
        """Print a value as JSON on standard output; dates and codes as text, missing numbers as null."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, left: int = 1) -> None:
        """Print a table: headings are translated, the first `left` columns are text, the others numbers."""
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for position, name in enumerate(columns):
            table.add_column(
                escape(self.t(name)), justify="left" if position < left else "right", overflow="fold"
            )
        for row in rows:
            table.add_row(*(escape(self.cell(value)) for value in row))
        self.out.print(table)

    def cell(self, value: object) -> str:
        """Return a cell's text: numbers with thousands separated and at most three decimals."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return str(value)
        return self.t.number(float(value), 3)

    @contextmanager
    def progress(self) -> Iterator["Progress"]:
        """Show a long job's progress on standard error."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        with Bar(*columns, console=self.err, transient=True, disable=not self.err.is_terminal) as bar:
            yield Progress(self, bar)


class Progress:
    """Shows what is done of a long job."""

    def __init__(self, console: Console, bar: "Bar") -> None:
        self.console, self.bar = console, bar
        self.tasks: dict[str, TaskID] = {}
        self.told: tuple[str, int] = ("", 0)

    def __call__(self, message: Message, done: int, total: int) -> None:
        """Show how many parts of a job are done: a bar, or a line for every tenth where it is no terminal."""
        text = self.console.t(message)
        if self.console.err.is_terminal:
            if message.template not in self.tasks:
                self.tasks[message.template] = self.bar.add_task(text, total=total)
            self.bar.update(self.tasks[message.template], description=text, completed=done, total=total)
            return
        tenth = 10 * done // max(total, 1)
        if (message.template, tenth) != self.told:
            self.told = (message.template, tenth)
            self.console.tell(say("{job}: {done} of {total} done", job=message, done=done, total=total))
