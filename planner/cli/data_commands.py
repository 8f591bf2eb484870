"""Commands about data: `template`, `sample`, `rules list`, `rules show`, `forecast`, `app`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geodata.messages import InputError, say
from planner.cli import options as opt
from planner.cli.console import Console
from planner.cli.options import _

if TYPE_CHECKING:
    import pandas as pd

    from planner.rules.ruleset import RuleSet

rules_app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
APP_SETTINGS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "runner.postScriptGC": "false",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.enableXsrfProtection": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 20,
    "server.showEmailPrompt": "false",
    "theme.baseFontSize": 14,
    "theme.dark.backgroundColor": "#16181C",
    "theme.dark.primaryColor": "#56B4E9",
    "theme.dark.secondaryBackgroundColor": "#1D2025",
    "theme.headingFontSizes": '["2rem", "1.7rem", "1.35rem", "1.15rem", "1rem", "0.9rem"]',
    "theme.metricValueFontSize": "1.9rem",
    "theme.paddingTop": "1rem",
    "theme.primaryColor": "#0072B2",
}
"""As in .streamlit/config.toml, for an installed app: nothing leaves this machine."""
FORECAST_MARKER = "forecast.csv"
HORIZON = 15
"""Years that a forecast looks beyond the sales table: by then nearly all batteries sold have retired."""


def template(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder to write to."))],
    lang: opt.Language = None,  # noqa: ARG001  # read before the commands are built
) -> None:
    """Write filled example workbooks with drop-downs and notes, in both languages."""
    from geodata.template import write_templates

    console: Console = ctx.obj
    for path in write_templates(folder):
        console.print(str(path))


def sample(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder to write to."))],
    size: Annotated[
        opt.SampleSize,
        typer.Option("--size", help=_("demo: five enterprises; national: 190 makers, 10,235 outlets.")),
    ] = opt.SampleSize.DEMO,
    lang: opt.Language = None,  # noqa: ARG001
) -> None:
    """Write the bundled, fictional sample: a sales table and an outlet list."""
    from geodata.sample import write_sample

    console: Console = ctx.obj
    write_sample(folder, str(size))
    console.say("The sample is in {path}: fictional enterprises and outlets, real areas.", path=folder)


def list_rules(ctx: typer.Context, lang: opt.Language = None, as_json: opt.Json = False) -> None:  # noqa: ARG001
    """List the bundled rule sets."""
    from planner.rules.ruleset import load_rule_set, presets
    from planner.rules.wording import title_in

    console: Console = ctx.obj
    sets = [load_rule_set(name) for name in presets()]
    rows = [
        {"id": each.id, "title": title_in(each, console.language), "rules": len(each.rules)} for each in sets
    ]
    if as_json:
        console.print_json(rows)
    else:
        headings = [_("id"), _("title"), _("number of rules")]
        console.table(headings, [list(row.values()) for row in rows], left=2)


def show_rules(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID|FILE", help=_("Rule set: a preset's id or a file."))],
    toml: Annotated[bool, typer.Option("--toml", help=_("Print the file, to start your own."))] = False,
    lang: opt.Language = None,  # noqa: ARG001
    as_json: opt.Json = False,
) -> None:
    """Print a rule set: what each rule asks, where it is from, what is assumed."""
    from planner.rules.ruleset import load_rule_set, rule_set_toml

    console: Console = ctx.obj
    rule_set = load_rule_set(name)
    if toml:
        typer.echo(rule_set_toml(rule_set), nl=False)
    elif as_json:
        console.print_json(rule_set.model_dump(mode="json"))
    else:
        _print_rules(console, rule_set)


def forecast(
    ctx: typer.Context,
    sales: opt.Sales,
    demand: opt.Demand = None,
    areas: opt.Areas = None,
    scenario: opt.ScenarioFile = None,
    first: Annotated[
        int | None, typer.Option("--from", help=_("First year; the sales table's first if left out."))
    ] = None,
    last: Annotated[
        int | None,
        typer.Option("--to", help=_("Last year; 15 years after the sales table's last if left out.")),
    ] = None,
    growth: Annotated[
        float | None,
        typer.Option(
            "--growth",
            min=-1,
            help=_(
                "Yearly growth of sales after the table's last year (0.1: 10 %); none are sold if left out."
            ),
        ),
    ] = None,
    by: Annotated[
        opt.ForecastBy, typer.Option("--by", help=_("What the printed table shows, besides the year."))
    ] = opt.ForecastBy.YEAR,
    out: Annotated[
        Path | None,
        typer.Option("--out", help=_("Folder for forecast.csv, forecast.png and forecast.svg.")),
    ] = None,
    lang: opt.Language = None,  # noqa: ARG001
    as_json: opt.Json = False,
) -> None:
    """Forecast vehicles in use and retired tonnes by enterprise, area and year."""
    from planner.cli.inputs import Request
    from planner.folders import require_replaceable
    from planner.forecast import forecast as forecast_table

    console: Console = ctx.obj
    if out:
        require_replaceable(out, marker=FORECAST_MARKER)
    request = Request(sales, demand=demand, areas=areas, scenario=scenario)
    tables = request.read_tables()
    begin, end = int(tables.sales["year"].min()), int(tables.sales["year"].max())
    years = _years(begin if first is None else first, end + HORIZON if last is None else last)
    table = forecast_table(
        tables.sales, tables.areas, tables.demand, request.scenario_of(end), years, growth=growth
    )
    _print_forecast(console, _sums(table, by), as_json=as_json)
    if tables.sample:
        console.tell(say("These figures are from the bundled, fictional sample."))
    if out:
        _write_forecast(console, table, out)


def app(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help=_("Port to serve on."))] = 8501,
    address: Annotated[
        str,
        typer.Option(
            "--address", help=_("Address to listen on; any but localhost: read docs/deploy.md first.")
        ),
    ] = "localhost",
    sample: Annotated[
        opt.SampleSize, typer.Option("--sample", help=_("The sample that the app opens with."))
    ] = opt.SampleSize.DEMO,
    lang: opt.Language = None,  # noqa: ARG001
) -> None:
    """Open the app in the browser; it serves this machine only and asks nothing of the internet."""
    import importlib.util
    import os
    import subprocess
    import sys

    console: Console = ctx.obj
    found = importlib.util.find_spec("app")
    if found is None or found.origin is None:
        raise InputError(say("The app is missing; install outlet-network-planner again."))
    chosen = {"server.port": port, "server.address": address, **APP_SETTINGS}
    settings = [f"--{name}={value}" for name, value in chosen.items()]
    opening = {"OUTLET_PLANNER_LANG": console.language, "OUTLET_PLANNER_SAMPLE": str(sample)}
    command = [sys.executable, "-m", "streamlit", "run", found.origin, *settings]
    if address == "localhost":  # no other site may pass for this one by a name of its own
        opening["STREAMLIT_SERVER_ALLOWED_HOSTS"] = "localhost 127.0.0.1"
    if os.name == "posix":
        os.execve(command[0], command, os.environ | opening)  # what ends this process ends the server
    raise typer.Exit(subprocess.run(command, env=os.environ | opening, check=False).returncode)


def _print_rules(console: Console, rule_set: "RuleSet") -> None:
    """Print a rule set rule by rule."""
    from planner.rules.wording import source_in, title_in

    console.print(f"{rule_set.id}: {title_in(rule_set, console.language)}")
    console.say("Source: {source}", source=source_in(rule_set, console.language))
    for rule in rule_set.rules:
        assumed = f" ({console.t('assumed')})" if rule.assumption else ""
        source = source_in(rule, console.language)
        console.print(f"\n{rule.id}{assumed}: {console.t(rule.statement())}\n    {source}")


def _years(first: int, last: int) -> range:
    """Return the years of a forecast, both ends included."""
    if first > last:
        raise InputError(
            say(
                "The forecast would begin in {first} and end in {last}; "
                "give --from a year no later than --to.",
                first=first,
                last=last,
            )
        )
    return range(first, last + 1)


def _sums(table: "pd.DataFrame", by: opt.ForecastBy) -> "pd.DataFrame":
    """Return the sums to print, roles apart: a battery maker's packs may be in a maker's vehicles."""
    keys = ["role", *([by.column] if by.column else []), "year"]
    return table.groupby(keys, as_index=False, sort=True)[["sales", "stock", "retired_t"]].sum()


def _print_forecast(console: Console, table: "pd.DataFrame", *, as_json: bool) -> None:
    """Print the sums of a forecast."""
    from planner.report_digest import role_words

    if as_json:
        console.print_json(table.to_dict(orient="records"))
        return
    headings = {
        "role": _("role"),
        "year": _("year"),
        "enterprise": _("enterprise"),
        "area": _("area"),
        "sales": _("sales"),
        "stock": _("in use"),
        "retired_t": _("retired, t"),
    }
    said = {"role": table["role"].map(role_words(console.t)), "year": table["year"].astype(str)}
    texts = table.assign(**said).round({"sales": 0, "stock": 0, "retired_t": 1})
    if table["role"].nunique() == 1:
        texts = texts.drop(columns="role")
    rows = texts.itertuples(index=False, name=None)
    left = list(texts.columns).index("year") + 1
    console.table([headings[str(name)] for name in texts.columns], rows, left=left)


def _write_forecast(console: Console, table: "pd.DataFrame", out: Path) -> None:
    """Write a forecast's table and chart into a folder."""
    from planner.charts import write_chart
    from planner.folders import replaced_folder
    from planner.forecast import forecast_chart, write_forecast

    with replaced_folder(out, marker=FORECAST_MARKER) as fresh:
        write_forecast(table, fresh / "forecast.csv")
        figure = forecast_chart(table, console.t.gettext)
        for ending in ("png", "svg"):
            write_chart(figure, fresh / f"forecast.{ending}")
    console.tell(say("Written: {path}", path=out / "forecast.csv"))
