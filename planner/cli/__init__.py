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
    if console.language != "en":
        _translate(command, console)
    return command


def _translate(command, console: Console) -> None:  # type: ignore[no-untyped-def]
    """Put the help of a command, of its options and of its sub-commands into the console's language."""
    command.help = console.t.gettext(command.help or "")
    for parameter in command.params:
        for name in ("help", "rich_help_panel"):
            if text := getattr(parameter, name, None):
                setattr(parameter, name, console.t.gettext(text))
    for part in getattr(command, "commands", {}).values():
        _translate(part, console)
