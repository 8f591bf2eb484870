"""Commands that look at studies: `verify`, `compare`, `frontier`, `map`."""

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geodata.messages import InputError, say
from planner.cli import options as opt
from planner.cli.console import Console
from planner.cli.inputs import Request, solver_overrides
from planner.cli.options import OUTCOMES, _

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FRONTIER_MARKER = "frontier.csv"
NOT_THE_SAME = 1


def verify(ctx: typer.Context, study: opt.Study, lang: opt.Language = None) -> None:  # noqa: ARG001
    """Recompute every figure of a study without the solver."""
    from planner.verify import verify as first_difference

    console: Console = ctx.obj
    difference = first_difference(study)
    if difference is not None:
        console.tell(difference)
        raise typer.Exit(NOT_THE_SAME)
    console.say("Every figure of {study} is right.", study=study)


def compare(
    ctx: typer.Context,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help=_("Folder of a study."))],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help=_("Folder of another study."))],
    lang: opt.Language = None,  # noqa: ARG001
    as_json: opt.Json = False,
) -> None:
    """Say what changed between two studies, by rule and by area."""
    from planner.compare import area_changes, rule_changes
    from planner.comparison import differences
    from planner.report_digest import status_words
    from planner.study_folder import read_study

    console: Console = ctx.obj
    studies = [read_study(folder) for folder in (before, after)]
    rules = rule_changes(studies[0].duties, studies[1].duties)
    areas = area_changes(studies[0].area_status(), studies[1].area_status())
    said = differences(*studies)
    if as_json:
        differ = [console.t(message) for message in said]
        console.print_json(
            {"rules": rules.to_dict("records"), "areas": areas.to_dict("records"), "differences": differ}
        )
        return
    if said:
        console.tell(say("Not only the outlets differ, so not every change below is theirs:"))
    for message in said:
        console.tell(message)
    console.say("Duties that are short or unknown:")
    console.table([_("rule"), _("before"), _("after"), _("change")], rules.itertuples(index=False))
    console.say("Areas that changed, the largest change first:")
    headings = [_("adcode"), _("area"), _("before"), _("after"), _("missing before"), _("missing after")]
    words = {**status_words(console.t), "–": "–"}
    shown = areas.assign(before=areas["before"].map(words), after=areas["after"].map(words))
    console.table(headings, shown.itertuples(index=False), left=4)


def frontier(
    ctx: typer.Context,
    sales: opt.Sales,
    values: Annotated[
        str, typer.Option("--values", help=_("Values to try: 0,5,10 or from:to:step, as in 0:20:5."))
    ],
    over: Annotated[
        str,
        typer.Option(
            "--over", help=_("What to vary: max-new, budget, or the share of a reach rule (its id).")
        ),
    ] = "max-new",
    enterprise: Annotated[
        str | None, typer.Option("--enterprise", help=_("One enterprise; the whole run if left out."))
    ] = None,
    area: Annotated[str | None, typer.Option("--area", help=_("Its area: code or name."))] = None,
    outlets: opt.Outlets = None,
    sites: opt.Sites = None,
    demand: opt.Demand = None,
    areas: opt.Areas = None,
    roads: opt.Roads = None,
    overpass: opt.Overpass = None,
    recyclers: opt.Recyclers = None,
    cell_km: opt.CellKm = None,
    datum: opt.DatumOption = None,
    rules: opt.Rules = None,
    changes: opt.SetParameter = None,
    scenario: opt.ScenarioFile = None,
    year: opt.Year = None,
    metric: opt.Metric = None,
    objective: opt.Objective = None,
    spacing: opt.Spacing = None,
    allow_joining: opt.AllowJoining = False,
    solver: opt.Solver = None,
    time_limit: opt.TimeLimit = None,
    gap: opt.Gap = None,
    workers: opt.Workers = None,
    prices: Annotated[
        bool, typer.Option("--prices", help=_("With one area: what one step less of each duty saves."))
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help=_("Folder for frontier.csv, frontier.png and frontier.svg."))
    ] = None,
    lang: opt.Language = None,  # noqa: ARG001
    as_json: opt.Json = False,
) -> None:
    """Say what another outlet, another yuan or another share of reach buys."""
    from planner.credits import credits_of
    from planner.folders import require_replaceable
    from planner.frontier import (
        Trade,
        frontier_chart,
        parse_values,
        run_frontier,
        scope_frontier,
        scope_prices,
    )

    console: Console = ctx.obj
    trade = Trade(over, parse_values(values))
    if (enterprise is None) != (area is None):
        raise InputError(say("Give both --enterprise and --area, or neither for the whole run."))
    limits = solver_overrides(
        metric=metric, allow_joining=allow_joining, max_new=None, budget=None, solver=solver,
        time_limit=time_limit, gap=gap, objective=objective, spacing=spacing,
    )  # fmt: skip
    request = Request(
        sales, outlets, sites, demand, areas, datum or (), rules, changes or (), scenario, year,
        overrides=limits, roads=roads or (), overpass=overpass,
        recyclers=recyclers, cell_km=cell_km,
    )  # fmt: skip
    if out:
        require_replaceable(out, marker=FRONTIER_MARKER)
    inputs = request.read()
    if prices and area is None:
        raise InputError(say("--prices asks for one enterprise and one area: give --enterprise and --area."))
    saved = None
    if enterprise is not None and area is not None:
        saved = scope_prices(inputs, enterprise=enterprise, area=area) if prices else None
        table = scope_frontier(inputs, trade, enterprise=enterprise, area=area)
    else:
        with console.progress() as progress:
            table = run_frontier(inputs, trade, workers=workers, progress=progress)
    named = credits_of(inputs[0])
    _print_frontier(console, table, saved, as_json=as_json)
    for credit in named:
        console.tell(say("Data: {credit}", credit=credit))
    if out:
        _write_frontier(
            console, table, saved, frontier_chart(table, trade, console.t.gettext, named=named), out
        )


def draw_map(
    ctx: typer.Context,
    study: opt.Study,
    out: Annotated[
        Path | None, typer.Option("--out", help=_("The page to write; map.html in the study if left out."))
    ] = None,
    lang: opt.Language = None,  # noqa: ARG001
) -> None:
    """Write the map of a study as one page that opens without the internet."""
    from maps.export import write_map
    from planner.report_digest import digest_of
    from planner.report_map import study_map
    from planner.report_service import service_layers, service_of
    from planner.study_folder import read_study

    console: Console = ctx.obj
    whole = read_study(study)
    target = out or study / "map.html"
    title = console.t("Outlet network {year}: {rules}", year=whole.scenario.year, rules=whole.rules.id)
    digest = digest_of(whole, console.t)
    drawing = study_map(digest, service_layers(service_of(whole), digest))
    try:
        write_map(drawing, target, title=title, language=console.t.language.html)
    except OSError as error:
        raise InputError(say("{path}: cannot be written ({problem}).", path=target, problem=error)) from None
    console.tell(say("Written: {path}", path=target))


def _print_frontier(
    console: Console, table: "pd.DataFrame", prices: "pd.DataFrame | None", *, as_json: bool
) -> None:
    """Print the answers, one row for each value, and the prices of the duties if they were asked for."""
    if as_json:
        answers, saved = (None if one is None else _records(one) for one in (table, prices))
        console.print_json(answers if saved is None else {"frontier": answers, "prices": saved})
        return
    headings = {
        "value": _("value"),
        "objective": _("objective"),
        "bound": _("bound"),
        "gap": _("gap"),
        "outcome": _("outcome"),
        "new_outlets": _("new outlets"),
    }
    said = table.assign(outcome=[console.t(OUTCOMES[str(outcome)]) for outcome in table["outcome"]])
    console.table([headings[str(name)] for name in table.columns], said.itertuples(index=False), left=0)
    if prices is not None:
        console.say("What one step less of each duty saves:")
        titles = [_("rule"), _("adcode"), _("required"), _("one step less"), _("cost"), _("saving")]
        shown = prices[["rule_id", "adcode", "required", "loosened", "cost", "saving"]]
        console.table(titles, shown.itertuples(index=False), left=2)


def _records(table: "pd.DataFrame") -> list[dict[Hashable, object]]:
    """Return the rows of a table, missing numbers as None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _write_frontier(
    console: Console, table: "pd.DataFrame", prices: "pd.DataFrame | None", figure: "Figure", out: Path
) -> None:
    """Write the answers and their chart into a folder, and the prices of the duties."""
    from planner.charts import write_chart
    from planner.folders import replaced_folder

    with replaced_folder(out, marker=FRONTIER_MARKER) as fresh:
        table.to_csv(fresh / "frontier.csv", index=False, lineterminator="\n")
        if prices is not None:
            prices.to_csv(fresh / "prices.csv", index=False, lineterminator="\n")
        for ending in ("png", "svg"):
            write_chart(figure, fresh / f"frontier.{ending}")
    console.tell(say("Written: {path}", path=out / "frontier.csv"))
