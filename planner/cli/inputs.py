"""From options to tables, rules and scenario; every mistake of a user's becomes a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geodata.messages import InputError, say

if TYPE_CHECKING:
    from geodata.schemas import Datum, Tables
    from planner.rules.ruleset import RuleSet
    from planner.scenario import Scenario

DEFAULT_RULES = "cn-2026-73"
TABLES = ("outlets", "sites", "demand", "recyclers")


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for: where the tables are, by which rules, under which assumptions.

    `overrides` are the scenario's fields that options set; None leaves a field to the file or the default.
    `roads` are given only where the metric is by road, and `overpass`, the service to ask, in place of them.
    """

    sales: Path
    outlets: Path | None = None
    sites: Path | None = None
    demand: Path | None = None
    areas: Path | None = None
    datum: Sequence[str] = ()
    rules: str | None = None
    changes: Sequence[str] = ()
    scenario: Path | None = None
    year: int | None = None
    overrides: Mapping[str, Any] | None = None
    roads: Sequence[Path] = ()
    overpass: str | None = None
    recyclers: Path | None = None
    cell_km: float | None = None

    def read(self) -> tuple["Tables", "RuleSet", "Scenario"]:
        """Read everything; what is cheap to get wrong is read first.

        Raises
        ------
        InputError
            With a sentence for everything that must be mended.
        """
        from planner.roadinputs import with_roads_for

        rules = self._read_rules()
        tables = self.read_tables()
        scenario = self.scenario_of(int(tables.sales["year"].max()))
        return with_roads_for(tables, scenario, self.roads, overpass=self.overpass), rules, scenario

    def _read_rules(self) -> "RuleSet":
        """Read the rules, and find mistakes in the assumptions before the tables are read."""
        from planner.roadinputs import require_files
        from planner.rules.reach_share import require_measurable
        from planner.rules.ruleset import load_rule_set

        rules = load_rule_set(self.rules or DEFAULT_RULES, self.changes)
        scenario = self.scenario_of(self.year or 2000)
        require_measurable(rules.rules, by_road=scenario.metric.by_road)
        if self.roads and not scenario.metric.by_road:
            raise InputError(
                say(
                    "--roads: the metric {metric} uses no roads; choose --metric road-km or road-min, or "
                    "leave --roads out.",
                    metric=str(scenario.metric),
                )
            )
        if self.overpass and (self.roads or not scenario.metric.by_road):
            raise InputError(
                say(
                    "--overpass: is asked for roads only where the metric is road-km or road-min and --roads "
                    "gives no file; leave it out."
                )
            )
        require_files(self.roads)
        return rules

    def read_tables(self) -> "Tables":
        """Read and check the tables."""
        from geodata.tables import read_tables

        return read_tables(
            self.sales,
            outlets=self.outlets,
            sites=self.sites,
            demand=self.demand,
            areas=self.areas,
            recyclers=self.recyclers,
            cell_km=self.cell_km,
            datum=datums(self.datum),
        )

    def scenario_of(self, latest: int) -> "Scenario":
        """Return the scenario; `latest` is the year where neither option nor file names one."""
        from planner.scenario import read_scenario, read_toml

        stated = read_toml(self.scenario).get("year") if self.scenario else None
        year = self.year or (None if stated is not None else latest)
        return read_scenario(self.scenario, year=year, **(self.overrides or {}))


def datums(options: Sequence[str]) -> dict[str, "Datum"]:
    """Return the datum of each table from options like `gcj02` (all tables) or `outlets=gcj02`."""
    from geodata.schemas import Datum

    chosen = dict.fromkeys(TABLES, Datum.WGS84)
    for option in options:
        table, equals, name = option.rpartition("=")
        if name not in list(Datum) or (equals and table not in TABLES):
            raise InputError(
                say(
                    "--datum {option}: give one of {datums}, alone or for one table ({tables}), as in "
                    "outlets=gcj02.",
                    option=option,
                    datums=", ".join(Datum),
                    tables=", ".join(TABLES),
                )
            )
        for each in (table,) if equals else TABLES:
            chosen[each] = Datum(name)
    return chosen


def solver_overrides(
    *,
    metric: str | None,
    allow_joining: bool,
    max_new: int | None,
    budget: float | None,
    solver: str | None,
    time_limit: float | None,
    gap: float | None,
    objective: str | None = None,
    spacing: float | None = None,
) -> dict[str, Any]:
    """Return what options set of a scenario, as its file would hold it."""
    settings = {"name": solver, "time_limit_s": time_limit, "gap": gap}
    chosen = {name: value for name, value in settings.items() if value is not None}
    return {
        "metric": metric,
        "allow_joining": allow_joining or None,
        "max_new": max_new,
        "budget": budget,
        "objective": objective,
        "spacing_km": spacing,
        "solver": chosen or None,
    }
