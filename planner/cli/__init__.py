"""The command line: a thin skin over the planner. Start-up reads no table and imports no science."""

import os
import sys
from collections.abc import Sequence

from geodata.messages import InputError
from planner.cli.console import Console, chosen_language

BAD_INPUT = 2


def main(args: Sequence[str] | None = None) -> None:
    """Run `outlet-planner` with `args` (the process's own if None) and exit with its code."""
    given = list(sys.argv[1:] if args is None else args)
    console = Console(chosen_language(given, os.environ))
    try:
        _command(console)(given, prog_name="outlet-planner", obj=console)
    except InputError as error:
        console.complain(error)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)


def _command(console: Console):  # type: ignore[no-untyped-def]  # typer's command class is private to it
    """Return the command with its help texts in the console's language."""
    import typer

    from planner.cli.commands import app

    command = typer.main.get_command(app)
    _frame(console)
    if console.language != "en":
        _translate(command, console)
    return command


def _frame(console: Console) -> None:
    """Put what typer itself writes around help and errors into the console's language.

    Chinese has no blanks to break lines at: without folding, the end of a text would be cut off.
    """
    from typer import rich_utils

    class Folding(rich_utils.OptionHighlighter):
        """Marks up options in a text that may break anywhere."""

        def __call__(self, text):  # type: ignore[no-untyped-def]
            marked = super().__call__(text)
            marked.overflow = "fold"
            return marked

    def t(text: str) -> str:
        return text if console.language == "en" else console.t(text)

    rich_utils.highlighter = Folding()
    rich_utils.ARGUMENTS_PANEL_TITLE = t("Arguments")
    rich_utils.OPTIONS_PANEL_TITLE = t("Options")
    rich_utils.COMMANDS_PANEL_TITLE = t("Commands")
    rich_utils.ERRORS_PANEL_TITLE = t("Error")
    rich_utils.REQUIRED_LONG_STRING = t("[required]")


def _translate(command, console: Console) -> None:  # type: ignore[no-untyped-def]
    """Put the help of a command, of its options and of its sub-commands into the console's language."""
    import typer

    option = command.get_help_option(typer.Context(command))
    option.help = console.t("Show this message and exit.")
    for part in (command, *command.params):
        for name in ("help", "rich_help_panel"):
            text = getattr(part, name, None)
            if isinstance(text, str):
                setattr(part, name, console.t.gettext(text))
    for part in getattr(command, "commands", {}).values():
        _translate(part, console)
