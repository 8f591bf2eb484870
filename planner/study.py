"""A study: assumptions, tables, findings and plan, as one thing."""

import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.messages import Note
from geodata.schemas import CRS, Tables
from geodata.tables import input_files
from optimization import Outcome
from planner.check import area_status, findings_of, sales_within_reach
from planner.credits import credits_of
from planner.haulage import haulage_facts, haulage_summary, total_cost
from planner.network import Network, counting, network_of
from planner.offroad import OFF_ROAD_COLUMNS, road_facts
from planner.place import place
from planner.placement import Placement, residual_conflicts, worth_in_total
from planner.rules.ruleset import RuleSet
from planner.run import Progress
from planner.scenario import Scenario

if TYPE_CHECKING:
    from geodata.roadnetwork import RoadNetwork
    from planner.straight import Straight

DISTRIBUTION = "outlet-network-planner"


@dataclass(frozen=True, slots=True)
class Study:
    """Scenario, rules and tables, with what was found and planned.

    Attributes
    ----------
    findings
        Of the network with its new outlets: the columns of `planner.check.check`.
    findings_before
        Of the network as it is; None where nothing was planned.
    placement
        The plan; None where the network was only checked.
    seconds
        Time by step.
    off_road
        Places that no road comes near, see `planner.offroad.road_facts`.
    road_notes
        How places come to the roads.
    straight
        The plan that straight lines would have given; None where distances are not by road.
    haulage, haulage_notes
        What moving batteries comes to in a year with the new outlets, see `planner.haulage.haulage_of`, and
        what that rests on; None where it is not looked at.
    """

    scenario: Scenario
    rules: RuleSet
    tables: Tables
    findings: pd.DataFrame
    findings_before: pd.DataFrame | None = None
    placement: Placement | None = None
    sales_within_reach: float | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    off_road: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OFF_ROAD_COLUMNS))
    road_notes: tuple[Note, ...] = ()
    straight: "Straight | None" = None
    haulage: pd.DataFrame | None = None
    haulage_notes: tuple[Note, ...] = ()
    version: str = field(default_factory=lambda: version(DISTRIBUTION))

    @property
    def new_outlets(self) -> pd.DataFrame:
        """The plan's outlets, one row each; none where nothing was planned."""
        from planner.openings import PLAN_COLUMNS

        return pd.DataFrame(columns=PLAN_COLUMNS) if self.placement is None else self.placement.outlets

    @property
    def counted_outlets(self) -> pd.DataFrame:
        """The outlets that stand and count in the study's year."""
        return counting(self.tables.outlets, self.scenario.year)

    @property
    def duties(self) -> pd.DataFrame:
        """The findings that are duties of their own."""
        return self.findings[self.findings["duty"].astype(bool)]

    @property
    def inputs(self) -> pd.DataFrame:
        """The files that were read: table, name, sha256, rows."""
        return input_files(self.tables)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Everything a reader should know about data, rules and program."""
        planned = self.placement.notes if self.placement else ()
        notices = self.rules.notices(self.scenario.year)
        return (*self.tables.notes, *self.road_notes, *notices, *planned, *self.haulage_notes)

    def area_status(self) -> pd.DataFrame:
        """Return what the findings say of each area, with its outlets and new outlets counted."""
        status = area_status(self.tables, self.findings, self.scenario, territory=self.rules.territory)
        standing = self.counted_outlets["adcode"].value_counts()
        new = self.new_outlets["adcode"].value_counts()
        return status.assign(
            outlets=status["adcode"].map(standing).fillna(0).astype(int),
            new_outlets=status["adcode"].map(new).fillna(0).astype(int),
        )

    @property
    def exit_code(self) -> int:
        """0 all met · 1 short or unknown left · 3 a duty no plan can meet · 4 a scope unplanned."""
        if self.placement is not None:
            if self.placement.outcome is Outcome.TIME_LIMIT:
                return 4
            if (~self.placement.conflicts["cause"].isin(["limit", "time"])).any():
                return 3
        return 0 if self.duties["status"].eq("met").all() else 1


def check_study(tables: Tables, rules: RuleSet, scenario: Scenario) -> Study:
    """Check the network as it is."""
    began = time.perf_counter()
    network = network_of(tables, scenario, territory=rules.territory)
    findings = findings_of(network, rules)
    off_road, road_notes = road_facts(tables, network, scenario)
    haulage, haulage_notes = haulage_facts(tables, network, rules, scenario)
    return Study(
        scenario,
        rules,
        tables,
        findings,
        sales_within_reach=sales_within_reach(network, rules),
        seconds={"check": time.perf_counter() - began},
        off_road=off_road,
        road_notes=road_notes,
        haulage=haulage,
        haulage_notes=haulage_notes,
    )


def place_study(
    tables: Tables,
    rules: RuleSet,
    scenario: Scenario,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    straight: bool = True,
) -> Study:
    """Plan new outlets, and check the network with them once more.

    Parameters
    ----------
    workers, executor, progress
        See `planner.place.place`.
    straight
        Whether a study by road is planned by straight line too, to say what roads change.
    """
    before = check_study(tables, rules, scenario)
    began = time.perf_counter()
    placement = place(tables, rules, scenario, workers=workers, executor=executor, progress=progress)
    seconds = {**before.seconds, "place": time.perf_counter() - began}
    study = replace(with_placement(before, placement), seconds=seconds)
    if not (straight and scenario.metric.by_road):
        return study
    from planner.straight import straight_plan

    began = time.perf_counter()
    study = replace(study, straight=straight_plan(study, workers=workers, executor=executor))
    return replace(study, seconds={**seconds, "straight": time.perf_counter() - began})


def with_placement(before: Study, placement: Placement) -> Study:
    """Return a checked study with a plan: its findings are those of the network with the new outlets."""
    network = planned_network(before, placement.outlets)
    findings = findings_of(network, before.rules)
    haulage, haulage_notes = haulage_facts(before.tables, network, before.rules, before.scenario)
    if haulage is not None and before.scenario.objective == "total":
        placement = worth_in_total(placement, total_cost(haulage, placement.outlets))
    return replace(
        before,
        findings=findings,
        findings_before=before.findings,
        placement=replace(placement, conflicts=residual_conflicts(placement, findings)),
        sales_within_reach=sales_within_reach(network, before.rules),
        haulage=haulage,
        haulage_notes=haulage_notes,
    )


def planned_network(study: Study, outlets: pd.DataFrame) -> Network:
    """Return the network with new outlets opened."""
    tables = replace(study.tables, outlets=with_new(study.tables.outlets, outlets))
    return network_of(tables, study.scenario, territory=study.rules.territory)


def with_new(outlets: gpd.GeoDataFrame, new: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the outlets table with the rows of a plan added: open, located, in the area they stand in."""
    if not len(new):
        return outlets
    rows = new_rows(outlets, new)
    added = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows["lon"], rows["lat"]), crs=CRS)
    parts = [part for part in (outlets, added) if len(part)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=CRS)


def new_rows(outlets: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a plan as rows of the outlets table, without geometry."""
    rows = new.drop(columns=["area", "action", "opening_cost", "reason", "site_id"]).assign(
        declared_adcode=new["adcode"], located=True, opened=None, status="open"
    )
    return rows.astype({"opened": outlets["opened"].dtype})


def summary_of(study: Study) -> dict[str, object]:
    """Return the figures of a study: the content of summary.json."""
    duties, status, roads = study.duties, study.area_status(), study.tables.roads
    sells, placement = status["sales"] > 0, study.placement
    return {
        "rules": study.rules.id,
        "year": study.scenario.year,
        "areas": len(status),
        "areas_with_sales": int(sells.sum()),
        "areas_compliant": int((sells & status["status"].eq("met")).sum()),
        "duties": len(duties),
        "duties_met": int(duties["status"].eq("met").sum()),
        "outlets": len(study.counted_outlets),
        "new_outlets": len(study.new_outlets),
        "outcome": None if placement is None else str(placement.outcome),
        "objective": None if placement is None else placement.objective,
        "bound": None if placement is None else placement.bound,
        "gap": None if placement is None else placement.gap,
        "findings": _counts_by_rule(duties, study.rules),
        "sales_within_reach_share": _rounded(study.sales_within_reach),
        "metric": str(study.scenario.metric),
        "roads": None if roads is None else _road_figures(roads),
        "off_road": len(study.off_road),
        "haulage": None if study.haulage is None else haulage_summary(study.haulage),
        "by_straight_line": None if study.straight is None else study.straight.figures(),
        "sample": study.tables.sample,
        "limited": placement is not None and placement.limited,
        "seconds": {name: round(value, 3) for name, value in study.seconds.items()},
        "inputs": [
            {"name": file.name, "sha256": file.sha256, "rows": file.rows} for file in study.tables.files
        ],
        "credits": list(credits_of(study.tables)),
        "version": study.version,
    }


def _road_figures(roads: "RoadNetwork") -> dict[str, object]:
    nodes, edges = len(roads.node_id), len(roads.tail)
    return {"name": roads.name, "sha256": roads.digest, "nodes": nodes, "edges": edges}


def _counts_by_rule(duties: pd.DataFrame, rules: RuleSet) -> dict[str, dict[str, int]]:
    """Return how many findings of each duty are met, short and unknown, in the order of the rules."""
    count = duties.groupby(["rule_id", "status"]).size().to_dict()
    return {
        rule.id: {name: count.get((rule.id, name), 0) for name in ("met", "short", "unknown")}
        for rule in rules.rules
        if rule.id not in rules.named
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, 9)
