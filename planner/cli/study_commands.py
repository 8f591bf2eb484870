"""Commands that make studies: `check` and `place`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from geodata.messages import InputError, say
from planner.cli import options as opt
from planner.cli.console import Console
from planner.cli.inputs import Request, solver_overrides
from planner.cli.options import OUTCOMES, _

if TYPE_CHECKING:
    import pandas as pd

    from planner.report_digest import Digest
    from planner.study import Study

INTERRUPTED = 130
"""The exit code after an interruption, as shells have it."""
MOST_SENTENCES = 8
"""Findings and conflicts that are printed; all are in the study."""


def check(
    ctx: typer.Context,
    sales: opt.Sales,
    out: opt.Out,
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
    only: opt.OnlyPart = None,
    lang: opt.Language = None,  # noqa: ARG001  # read before the commands are built
    as_json: opt.Json = False,
) -> None:
    """Hold a network against the rules."""
    from planner.study import check_study

    request = Request(
        sales, outlets, sites, demand, areas, datum or (), rules, changes or (), scenario, year,
        overrides={"metric": metric}, roads=roads or (), overpass=overpass,
        recyclers=recyclers, cell_km=cell_km,
    )  # fmt: skip
    console: Console = ctx.obj
    _require_folder(out)
    with _interruptible(console, out):
        study = check_study(*request.read())
        _finish(console, study, out, only_findings=only is not None, as_json=as_json)


def place(
    ctx: typer.Context,
    sales: opt.Sales,
    out: opt.Out,
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
    max_new: opt.MaxNew = None,
    budget: opt.Budget = None,
    solver: opt.Solver = None,
    time_limit: opt.TimeLimit = None,
    gap: opt.Gap = None,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    only: opt.OnlyPart = None,
    lang: opt.Language = None,  # noqa: ARG001
    as_json: opt.Json = False,
) -> None:
    """Plan new outlets so that the rules are met."""
    from planner.cluster import cluster_executor
    from planner.study import place_study

    console: Console = ctx.obj
    limits = solver_overrides(
        metric=metric, allow_joining=allow_joining, max_new=max_new, budget=budget, solver=solver,
        time_limit=time_limit, gap=gap, objective=objective, spacing=spacing,
    )  # fmt: skip
    request = Request(
        sales, outlets, sites, demand, areas, datum or (), rules, changes or (), scenario, year,
        overrides=limits, roads=roads or (), overpass=overpass,
        recyclers=recyclers, cell_km=cell_km,
    )  # fmt: skip
    _require_folder(out)
    with _interruptible(console, out):
        inputs = request.read()
        with cluster_executor(scheduler) as cluster, console.progress() as progress:
            study = place_study(*inputs, workers=workers, executor=cluster, progress=progress)
        _finish(console, study, out, only_findings=only is not None, as_json=as_json)


@contextmanager
def _interruptible(console: Console, out: Path) -> Iterator[None]:
    """End with a sentence where the user interrupts; workers are gone by then, folders whole or not there."""
    try:
        yield
    except KeyboardInterrupt:
        console.tell(say("Interrupted. {folder} holds no half of a study.", folder=out))
        raise typer.Exit(INTERRUPTED) from None


def _require_folder(out: Path) -> None:
    """Refuse a folder that can't be replaced before anything is worked out."""
    from planner.folders import require_replaceable
    from planner.study_folder import MARKER

    require_replaceable(out, marker=MARKER)


def _finish(console: Console, study: "Study", out: Path, *, only_findings: bool, as_json: bool) -> None:
    """Write a study, say what is in it, and end with its exit code."""
    from planner.study import summary_of
    from planner.study_folder import write_study

    _require_duties(study)
    write_study(study, out, console.t, only_findings=only_findings)
    if as_json:
        console.print_json({**summary_of(study), "exit_code": study.exit_code, "out": str(out)})
    else:
        (_count if only_findings else _describe)(console, study)
        name = out / ("findings.csv" if only_findings else "report.html")
        console.say("The study is in {folder}; open {file}.", folder=out, file=name)
    raise typer.Exit(study.exit_code)


def _require_duties(study: "Study") -> None:
    """Refuse a year without sales in which nobody owes anything: "nothing is short" would then mislead."""
    years, year = study.tables.sales["year"], study.scenario.year
    if study.duties.empty and not years.eq(year).any():
        raise InputError(
            say(
                "The sales table has no sales in {year}, so nobody has a duty; it covers {first} to {last}. "
                "Choose one of its years.",
                year=year,
                first=int(years.min()),
                last=int(years.max()),
            )
        )


def _count(console: Console, study: "Study") -> None:
    """Print how many duties are met, by rule: what costs no more time than the findings themselves."""
    from planner.compare import rule_counts

    if study.tables.sample:
        console.say("This is the bundled, fictional sample.")
    duties, t = study.duties, console.t
    met = int(duties["status"].eq("met").sum())
    if duties.empty:
        console.say("Under these rules no area has a duty.")
    console.say("{met} of {total} duties are met.", met=t.number(met), total=t.number(len(duties)))
    _print_rules(console, rule_counts(duties))


def _print_rules(console: Console, counts: "pd.DataFrame") -> None:
    """Print how many findings of each rule are met, short and unknown."""
    console.table(
        [_("rule"), _("met"), _("short"), _("unknown")], [(str(r.Index), *r[1:]) for r in counts.itertuples()]
    )


def _describe(console: Console, study: "Study") -> None:
    """Print the answer, the rules, and the worst that is left."""
    from planner.compare import rule_counts
    from planner.report_answer import answer
    from planner.report_digest import digest_of, failing
    from planner.sentences import with_sentences

    digest = digest_of(study, console.t)
    if study.tables.sample:
        console.say("This is the bundled, fictional sample.")
    console.print(answer(digest))
    _print_rules(console, rule_counts(study.duties))
    if study.placement is not None:
        _describe_plan(console, digest)
    _describe_roads(console, study)
    worst = failing(digest.duties)
    for text in with_sentences(worst.head(MOST_SENTENCES), console.t.gettext)["sentence"]:
        console.print(f"- {text}")
    if len(worst) > MOST_SENTENCES:
        console.say("… and {n} more in findings.csv.", n=console.t.number(len(worst) - MOST_SENTENCES))


def _describe_roads(console: Console, study: "Study") -> None:
    """Print which places are off the roads, and how a plan by straight line would differ."""
    from planner.straight import straight_sentences

    for note in study.road_notes:
        console.tell(note.message)
    for sentence in straight_sentences(study):
        console.print(f"- {console.t(sentence)}")


def _describe_plan(console: Console, digest: "Digest") -> None:
    """Print the outcome of a plan with its bound and gap, and what no plan can mend."""
    from planner.report_plan import HELD_BACK, conflict_text

    placement = digest.study.placement
    assert placement is not None
    t = console.t
    by_objective = {"cost": t("cost"), "total": t("opening and moving")}
    stage = t("weighted shortage") if placement.limited else by_objective[digest.study.scenario.objective]
    console.say(
        "Outcome: {outcome}; {stage} {objective}, bound {bound}, gap {gap}.",
        outcome=t(HELD_BACK) if placement.held_back else t(OUTCOMES[str(placement.outcome)]),
        stage=stage,
        objective=t.number(placement.objective, 3),
        bound=t.number(placement.bound, 3),
        gap=t.percent(placement.gap),
    )
    hopeless = placement.conflicts[~placement.conflicts["cause"].isin(["limit", "time"])]
    for row in hopeless.head(MOST_SENTENCES).to_dict("records"):
        console.print("- " + conflict_text({str(name): value for name, value in row.items()}, digest))
