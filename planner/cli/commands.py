"""The commands of `outlet-planner`, in the order the help lists them."""

from collections.abc import Callable

import typer

from planner.cli import data_commands, look_commands, site_commands, study_commands
from planner.cli.options import _

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=_("Check and plan battery collection outlets against the rules that bind them."),
)
WORKING, LOOKING, PREPARING = _("Working"), _("Looking"), _("Preparing")
HELP: dict[str, tuple[str, str, Callable[..., None]]] = {
    "check": (WORKING, _("Hold a network against the rules."), study_commands.check),
    "place": (WORKING, _("Plan new outlets so that the rules are met."), study_commands.place),
    "forecast": (
        WORKING,
        _("Forecast vehicles in use and retired tonnes by enterprise, area and year."),
        data_commands.forecast,
    ),
    "frontier": (
        WORKING,
        _("Say what another outlet, more budget or a larger share of reach buys."),
        look_commands.frontier,
    ),
    "compare": (LOOKING, _("Say what changed between two studies."), look_commands.compare),
    "verify": (LOOKING, _("Recompute every figure of a study without the solver."), look_commands.verify),
    "map": (LOOKING, _("Write the map of a study as one page."), look_commands.draw_map),
    "app": (LOOKING, _("Open the app in the browser, on this machine only."), data_commands.app),
    "template": (PREPARING, _("Write filled example workbooks, in both languages."), data_commands.template),
    "sample": (PREPARING, _("Write the bundled, fictional sample."), data_commands.sample),
    "sites": (
        PREPARING,
        _("Find candidate sites on OpenStreetMap, off the land that is to be kept off."),
        site_commands.sites,
    ),
}
for name, (panel, help_text, function) in HELP.items():
    app.command(name, rich_help_panel=panel, help=help_text)(function)
app.add_typer(
    data_commands.rules_app, name="rules", rich_help_panel=PREPARING, help=_("List and show rule sets.")
)
data_commands.rules_app.command("list", help=_("List the bundled rule sets."))(data_commands.list_rules)
data_commands.rules_app.command(
    "show", help=_("Print what each rule asks, where it is from, what is assumed.")
)(data_commands.show_rules)
