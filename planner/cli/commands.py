"""The commands of `outlet-planner`, in the order the help lists them."""

import typer

from planner.cli import data_commands
from planner.cli.options import _

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=_("Check and plan battery collection outlets against the rules that bind them."),
)
PREPARING = _("Preparing")

app.command(rich_help_panel=PREPARING, help=_("Write filled example workbooks, in both languages."))(
    data_commands.template
)
app.command(rich_help_panel=PREPARING, help=_("Write the bundled, fictional sample."))(data_commands.sample)
app.command(
    rich_help_panel=_("Working"), help=_("Forecast vehicles in use and retired tonnes by area and year.")
)(data_commands.forecast)
app.add_typer(
    data_commands.rules_app, name="rules", rich_help_panel=PREPARING, help=_("List and show rule sets.")
)
app.command(rich_help_panel=_("Looking"), help=_("Open the app in the browser, on this machine only."))(
    data_commands.app
)
