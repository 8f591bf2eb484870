"""A study as a folder: written whole or not at all, read back, complete in itself."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.messages import InputError, say
from geodata.schemas import CRS, Tables
from geodata.tables import read_inputs, write_inputs
from planner.candidates import default_sites
from planner.folders import replaced_folder
from planner.language import Translator
from planner.openings import PLAN_COLUMNS
from planner.placement import CONFLICT_COLUMNS, SCOPE_COLUMNS, Placement, worst
from planner.rules.ruleset import RuleSet, load_rule_set, rule_set_toml
from planner.scenario import Scenario, read_scenario, scenario_toml
from planner.sentences import with_sentences
from planner.study import Study, check_study, summary_of, with_placement

MARKER = "summary.json"
FINDING_FILE_COLUMNS = [
    "rule_id", "enterprise", "role", "level", "adcode", "area", "required", "actual", "shortage", "unit",
    "status", "assumed", "sentence",
]  # fmt: skip


def write_study(
    study: Study, directory: Path, translator: Translator, *, only_findings: bool = False
) -> None:
    """Write a study folder: all files, or none.

    Parameters
    ----------
    directory
        May be missing, empty, or a study, which is then replaced.
    translator
        The language of the report, the workbook and the sentences.
    only_findings
        Write summary.json and findings.csv alone.

    Raises
    ------
    InputError
        If `directory` is something else or can't be written.
    """
    with replaced_folder(directory, marker=MARKER) as folder:
        findings = with_sentences(study.findings, translator.gettext)
        findings[FINDING_FILE_COLUMNS].to_csv(folder / "findings.csv", index=False)
        if not only_findings:
            _write_all(study, findings, folder, translator)
        text = json.dumps(summary_of(study), ensure_ascii=False, indent=2)
        (folder / MARKER).write_text(text + "\n", encoding="utf-8")


def _write_all(study: Study, findings: pd.DataFrame, folder: Path, translator: Translator) -> None:
    from planner.report import write_report
    from planner.workbook import write_workbook

    if study.placement is not None:
        study.new_outlets.to_csv(folder / "plan.csv", index=False)
        study.placement.scopes.to_csv(folder / "scopes.csv", index=False)
    write_geopackage(study, findings, folder / "study.gpkg")
    write_workbook(study, folder / "report.xlsx", translator)
    write_report(study, folder / "report.html", translator)
    inputs = folder / "inputs"
    inputs.mkdir()
    write_inputs(study.tables, inputs)
    (inputs / "rules.toml").write_text(rule_set_toml(study.rules), encoding="utf-8")
    (inputs / "scenario.toml").write_text(scenario_toml(study.scenario), encoding="utf-8")


def write_geopackage(study: Study, findings: pd.DataFrame, path: Path) -> None:
    """Write the layers areas, demand, outlets, sites, findings and plan, in EPSG:4326.

    Findings are a table without geometry; the plan is empty where nothing was planned.
    """
    sites = default_sites(study.tables) if study.tables.sites is None else study.tables.sites
    plan = study.new_outlets
    layers: dict[str, pd.DataFrame] = {
        "areas": study.tables.areas[["adcode", "geometry"]].merge(study.area_status(), on="adcode"),
        "demand": _points(study.tables.demand[["point_id", "adcode", "weight", "lon", "lat"]]),
        "outlets": study.tables.outlets,
        "sites": _points(pd.DataFrame(sites).drop(columns="geometry", errors="ignore")),
        "plan": _points(plan),
    }
    for name, layer in layers.items():
        frame = gpd.GeoDataFrame(layer, geometry="geometry", crs=CRS)
        frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", **_geometry_type(name))
    _write_table(findings[FINDING_FILE_COLUMNS], path)


def _write_table(table: pd.DataFrame, path: Path) -> None:
    import pyogrio

    pyogrio.write_dataframe(table, path, layer="findings", driver="GPKG", append=False)


def _geometry_type(layer: str) -> dict[str, str]:
    return (
        {"geometry_type": "MultiPolygon", "promote_to_multi": "YES"}
        if layer == "areas"
        else {"geometry_type": "Point"}
    )


def _points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
    return gpd.GeoDataFrame(table, geometry=points, crs=CRS)


def read_study(directory: Path) -> Study:
    """Return the study of a folder, its findings worked out anew from `inputs/` and `plan.csv`.

    Raises
    ------
    InputError
        If the folder is no whole study.
    """
    tables, rules, scenario = read_study_inputs(directory)
    summary = read_summary(directory)
    study = check_study(tables, rules, scenario)
    if summary["outcome"] is None:
        return study
    return with_placement(study, _placement(directory, summary))


def read_study_inputs(directory: Path) -> tuple[Tables, RuleSet, Scenario]:
    """Return what a study folder was made from."""
    inputs = directory / "inputs"
    if not (directory / MARKER).is_file() or not inputs.is_dir():
        raise InputError(
            say(
                "{folder}: is no whole study (summary.json and inputs/ are needed). Run check or place with "
                "--out {folder}, without --only.",
                folder=directory,
            )
        )
    rules, scenario = load_rule_set(inputs / "rules.toml"), read_scenario(inputs / "scenario.toml")
    return read_inputs(inputs), rules, scenario


def read_summary(directory: Path) -> dict[str, object]:
    """Return the figures that a study folder states."""
    try:
        summary = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            say("{file}: cannot be read ({problem}). Make the study anew.", file=MARKER, problem=error)
        ) from None
    return dict(summary)


def read_plan(directory: Path) -> pd.DataFrame:
    """Return plan.csv as it was written."""
    path = directory / "plan.csv"
    numbers = ["lon", "lat", "area_m2", "stock_cap_t", "pickups_per_year", "opening_cost"]
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)[PLAN_COLUMNS]
        return table.assign(**{name: pd.to_numeric(table[name].replace("", None)) for name in numbers})
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            say("{file}: cannot be read ({problem}). Make the study anew.", file="plan.csv", problem=error)
        ) from None


def _placement(directory: Path, summary: dict[str, object]) -> Placement:
    scopes = pd.read_csv(directory / "scopes.csv", dtype={"areas": str}, keep_default_na=False)
    return Placement(
        outlets=read_plan(directory),
        scopes=scopes[SCOPE_COLUMNS],
        conflicts=pd.DataFrame(columns=CONFLICT_COLUMNS),
        outcome=worst(scopes["outcome"]),
        objective=float(str(summary["objective"])),
        bound=float(str(summary["bound"])),
        gap=float(str(summary["gap"])),
        limited=bool(summary["limited"]),
    )
