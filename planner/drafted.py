"""A study with tried sites is a study with a plan: reports, exports and checks work on it as they are."""

from dataclasses import replace

import geopandas as gpd
import pandas as pd

from geodata.schemas import CRS, Tables
from planner.check import findings_of, sales_within_reach
from planner.draft import Draft, placement_of, plan_rows
from planner.haulage import haulage_facts, total_cost
from planner.placement import worth_in_total
from planner.spaced import spacing_differences
from planner.study import Study, planned_network


def drafted_study(study: Study, draft: Draft) -> Study:
    """Return a checked study with the draft's sites opened; the study itself where there are none.

    The tried sites stand among the sites of its tables, so that its folder is complete in itself.
    """
    if not draft.sites:
        return study
    network = planned_network(study, plan_rows(draft, study.tables, study.scenario))
    findings = findings_of(network, study.rules)
    short = bool((findings["duty"].astype(bool) & findings["status"].eq("short")).any())
    placement = placement_of(draft, study.tables, study.scenario, short=short)
    haulage, haulage_notes = haulage_facts(study.tables, network, study.rules, study.scenario)
    if haulage is not None and study.scenario.objective == "total":
        placement = worth_in_total(placement, total_cost(haulage, placement.outlets))
    return replace(
        study,
        tables=with_sites(study.tables, draft),
        findings=findings,
        findings_before=study.findings,
        placement=placement,
        sales_within_reach=sales_within_reach(network, study.rules),
        haulage=haulage,
        haulage_notes=haulage_notes,
    )


def with_sites(tables: Tables, draft: Draft) -> Tables:
    """Return the tables with the tried sites among the sites: after the user's own, or alone."""
    rows = pd.DataFrame([site.model_dump(mode="json") for site in draft.sites])
    numbers = ["area_m2", "stock_cap_t", "pickups_per_year"]
    sites = rows.astype(dict.fromkeys(numbers, float)).assign(site_id=rows["outlet_id"], max_units=1.0)
    sites = sites.drop(columns=["outlet_id", "enterprises", "origin", "reason"])
    points = gpd.points_from_xy(sites["lon"], sites["lat"])
    tried = gpd.GeoDataFrame(sites, geometry=points, crs=CRS)
    if tables.sites is None:
        return replace(tables, sites=tried)
    both = pd.concat([tables.sites, tried], ignore_index=True)
    return replace(tables, sites=gpd.GeoDataFrame(both, geometry="geometry", crs=CRS))


def crowded(draft: Draft, study: Study) -> int:
    """Return how many tried sites are nearer to another outlet than the scenario keeps outlets apart."""
    rows, spacing_km = plan_rows(draft, study.tables, study.scenario), study.scenario.spacing_km
    if spacing_km is None or rows.empty:
        return 0
    found = spacing_differences(rows, study.counted_outlets, spacing_km)
    return len({message.values["outlet"] for message in found})
