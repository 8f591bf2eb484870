"""The options of the commands, each said once: what it is called, what it takes, what it is for.

`_` marks the help texts for the catalogues; they are translated when the command line is built.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


DATA = _("Data")
ASSUMPTIONS = _("Assumptions")
SOLVING = _("Solving")
OUTPUT = _("Output")
OUTCOMES = {
    "optimal": _("optimal"),
    "feasible": _("feasible"),
    "infeasible": _("not all duties can be met"),
    "time_limit": _("a limit ended it"),
}


class Lang(StrEnum):
    """The languages of the interface."""

    ENGLISH = "en"
    CHINESE = "zh"


class Only(StrEnum):
    """Parts of a study that can be written alone."""

    FINDINGS = "findings"


class MetricName(StrEnum):
    """How far is measured."""

    GREAT_CIRCLE = "great-circle"
    DETOUR = "detour"
    ROAD_KM = "road-km"
    ROAD_MIN = "road-min"


class ObjectiveName(StrEnum):
    """What a plan is to make least."""

    COST = "cost"
    TOTAL = "total"


class SolverName(StrEnum):
    """The solvers."""

    HIGHS = "highs"
    CBC = "cbc"


class SampleSize(StrEnum):
    """The sizes of the bundled sample."""

    DEMO = "demo"
    NATIONAL = "national"


class ForecastBy(StrEnum):
    """What a printed forecast is broken down by."""

    YEAR = "year"
    ENTERPRISE = "enterprise"
    AREA = "area"

    @property
    def column(self) -> str | None:
        """The column that goes with the year."""
        return None if self is ForecastBy.YEAR else str(self)


Sales = Annotated[
    Path,
    typer.Option("--sales", help=_("Sales table: CSV, XLSX or Parquet."), rich_help_panel=DATA),
]
Outlets = Annotated[
    Path | None,
    typer.Option("--outlets", help=_("Outlets that exist; none if left out."), rich_help_panel=DATA),
]
Sites = Annotated[
    Path | None,
    typer.Option(
        "--sites",
        help=_("Places where outlets could open; the demand points if left out."),
        rich_help_panel=DATA,
    ),
]
Demand = Annotated[
    Path | None,
    typer.Option(
        "--demand",
        help=_("Demand points with weights; towns from GeoNames if left out."),
        rich_help_panel=DATA,
    ),
]
Areas = Annotated[
    Path | None,
    typer.Option(
        "--areas",
        help=_("Areas as polygons with codes; the prefectures of China if left out."),
        rich_help_panel=DATA,
    ),
]
CellKm = Annotated[
    float | None,
    typer.Option(
        "--cell-km",
        min=0.05,
        max=500,
        help=_("Grid that demand from a raster or polygons is merged to, in km."),
        rich_help_panel=DATA,
    ),
]
Overpass = Annotated[
    str | None,
    typer.Option(
        "--overpass",
        metavar="URL",
        help=_("Overpass service to ask in place of the public one."),
        rich_help_panel=DATA,
    ),
]
Roads = Annotated[
    list[Path] | None,
    typer.Option(
        "--roads",
        metavar="FILE",
        help=_(
            "OpenStreetMap roads for a metric by road: .osm.pbf, .osm, .osm.bz2, .osm.gz or .graphml; may be "
            "repeated. If left out, they are asked of the Overpass service."
        ),
        rich_help_panel=DATA,
    ),
]
Recyclers = Annotated[
    Path | None,
    typer.Option(
        "--recyclers", help=_("Recyclers that outlets hand on to; none if left out."), rich_help_panel=DATA
    ),
]
DatumOption = Annotated[
    list[str] | None,
    typer.Option(
        "--datum",
        metavar="[TABLE=]DATUM",
        help=_(
            "Datum of the coordinates: wgs84, gcj02 or bd09, for all tables or for one (outlets=gcj02). "
            "May be repeated."
        ),
        rich_help_panel=DATA,
    ),
]
Rules = Annotated[
    str | None,
    typer.Option(
        "--rules",
        metavar="ID|FILE",
        help=_("Rule set: a preset's id (see `rules list`) or a TOML file; cn-2026-73 if left out."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
SetParameter = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="RULE.PARAMETER=VALUE",
        help=_("Override a parameter of a rule. May be repeated."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
ScenarioFile = Annotated[
    Path | None,
    typer.Option("--scenario", help=_("TOML file with assumptions."), rich_help_panel=ASSUMPTIONS),
]
Year = Annotated[
    int | None,
    typer.Option(
        "--year",
        min=1990,
        max=2100,
        help=_("Year of the study; the latest in the sales table if left out."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
Metric = Annotated[
    MetricName | None,
    typer.Option(
        "--metric",
        help=_(
            "Straight distance as laws measure it, stretched by the scenario's detour factor, or by road in "
            "km or minutes."
        ),
        rich_help_panel=ASSUMPTIONS,
    ),
]
Objective = Annotated[
    ObjectiveName | None,
    typer.Option(
        "--objective",
        help=_("What is made least: the cost of opening, or the total of opening and moving."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
Spacing = Annotated[
    float | None,
    typer.Option(
        "--spacing",
        metavar="KM",
        min=0.001,
        help=_("How far apart outlets of an enterprise and a kind stand at least, in km; any if left out."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
AllowJoining = Annotated[
    bool,
    typer.Option(
        "--allow-joining",
        help=_("Let enterprises join outlets of others instead of opening their own."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
MaxNew = Annotated[
    int | None,
    typer.Option(
        "--max-new", min=0, help=_("The most new outlets in the whole run."), rich_help_panel=ASSUMPTIONS
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        min=0,
        help=_("The most that the new outlets of the whole run may cost."),
        rich_help_panel=ASSUMPTIONS,
    ),
]
Solver = Annotated[
    SolverName | None, typer.Option("--solver", help=_("Solver to use."), rich_help_panel=SOLVING)
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        min=0.001,
        help=_("Seconds for each problem; 60 if left out."),
        rich_help_panel=SOLVING,
    ),
]
Gap = Annotated[
    float | None,
    typer.Option(
        "--gap",
        min=0,
        help=_("Relative gap at which a plan counts as optimal; 0.0001 if left out."),
        rich_help_panel=SOLVING,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help=_("Processes to solve in; all cores if left out."), rich_help_panel=SOLVING
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help=_("Solve on the Dask cluster at this address."),
        rich_help_panel=SOLVING,
    ),
]
Out = Annotated[
    Path,
    typer.Option("--out", help=_("Folder for the study; a study there is replaced."), rich_help_panel=OUTPUT),
]
OnlyPart = Annotated[
    Only | None,
    typer.Option("--only", help=_("Write findings.csv and summary.json alone."), rich_help_panel=OUTPUT),
]
Language = Annotated[
    Lang | None,
    typer.Option(
        "--lang",
        help=_("Language of messages and reports; that of the environment if left out."),
        rich_help_panel=OUTPUT,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help=_("Print the result for machines on standard output."), rich_help_panel=OUTPUT
    ),
]
Study = Annotated[Path, typer.Argument(metavar="STUDY", help=_("Folder of a study."))]
