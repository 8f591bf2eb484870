"""A study as a folder: written whole or not at all, read back, complete in itself."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geodata.cells import unguarded
from geodata.files import read_frame
from geodata.messages import InputError, Message, say
from geodata.schemas import CRS, Tables
from geodata.tables import read_inputs, write_inputs
from optimization import Outcome
from planner.candidates import default_sites
from planner.credits import credits_of
from planner.folders import replaced_folder, write_csv
from planner.language import Translator
from planner.openings import PLAN_COLUMNS
from planner.placement import CONFLICT_COLUMNS, SCOPE_COLUMNS, Placement, worst
from planner.rules.ruleset import RuleSet, load_rule_set, rule_set_toml
from planner.scenario import Scenario, read_scenario, scenario_toml
from planner.sentences import with_sentences
from planner.service import routes_of, service_areas_of, unreached_of
from planner.study import Study, check_study, summary_of, with_placement

if TYPE_CHECKING:
    from planner.straight import Straight

MARKER = "summary.json"
STRAIGHT_FILE = "plan_straight.csv"
HAULAGE_FILE = "haulage.csv"
OFF_ROAD_FILE = "off_road.csv"
FINDING_FILE_COLUMNS = [
    "rule_id", "enterprise", "role", "level", "adcode", "area", "required", "actual", "shortage", "unit",
    "status", "assumed", "sentence",
]  # fmt: skip
TABLE_COLUMNS = {
    "areas": (["adcode", "name", "province_adcode", "province", "pinyin", "name_en"], ["population"]),
    "sales": (
        ["enterprise", "role", "adcode", "chemistry"], ["year", "vehicles", "batteries", "stock", "pack_kg"]
    ),
    "outlets": (
        ["outlet_id", "name", "enterprises", "kind", "adcode", "opened", "status"],
        ["lon", "lat", "area_m2", "stock_cap_t", "pickups_per_year"],
    ),
    "sites": (
        ["site_id", "name", "adcode", "kind"],
        ["lon", "lat", "opening_cost", "area_m2", "stock_cap_t", "pickups_per_year", "max_units"],
    ),
    "demand": (["point_id", "adcode"], ["lon", "lat", "weight", "population_weight"]),
    "recyclers": (["recycler_id", "name"], ["lon", "lat"]),
}  # fmt: skip
"""What is worked with of each table: columns of text (or days), columns of numbers."""


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
        write_csv(findings[FINDING_FILE_COLUMNS], folder / "findings.csv")
        if not only_findings:
            _write_all(study, findings, folder, translator)
        text = json.dumps(summary_of(study), ensure_ascii=False, indent=2)
        (folder / MARKER).write_text(text + "\n", encoding="utf-8")


def _write_all(study: Study, findings: pd.DataFrame, folder: Path, translator: Translator) -> None:
    from planner.report import write_report
    from planner.workbook import write_workbook

    if study.placement is not None:
        write_csv(study.new_outlets, folder / "plan.csv")
        write_csv(study.placement.scopes, folder / "scopes.csv")
    if study.straight is not None:
        write_csv(study.straight.outlets, folder / STRAIGHT_FILE)
    if study.haulage is not None:
        write_csv(study.haulage, folder / HAULAGE_FILE)
    if len(study.off_road):
        write_csv(study.off_road, folder / OFF_ROAD_FILE)
    write_geopackage(study, findings, folder / "study.gpkg")
    write_workbook(study, folder / "report.xlsx", translator)
    write_report(study, folder / "report.html", translator)
    inputs = folder / "inputs"
    inputs.mkdir()
    write_inputs(study.tables, inputs)
    (inputs / "rules.toml").write_text(rule_set_toml(study.rules), encoding="utf-8")
    (inputs / "scenario.toml").write_text(scenario_toml(study.scenario), encoding="utf-8")


def write_geopackage(study: Study, findings: pd.DataFrame, path: Path) -> None:
    """Write the layers of a study, in EPSG:4326.

    They are areas, demand, outlets, sites, plan (empty where nothing was planned) and unreached; by road also
    service_areas and routes; and findings and, where data asks for it, credits, tables without geometry.
    """
    sites = default_sites(study.tables) if study.tables.sites is None else study.tables.sites
    plan = study.new_outlets
    layers: dict[str, pd.DataFrame] = {
        "areas": study.tables.areas[["adcode", "geometry"]].merge(study.area_status(), on="adcode"),
        "demand": _points(study.tables.demand[["point_id", "adcode", "weight", "lon", "lat"]]),
        "outlets": study.tables.outlets,
        "sites": _points(pd.DataFrame(sites).drop(columns="geometry", errors="ignore")),
        "plan": _points(plan),
        "unreached": unreached_of(study),
    }
    if study.scenario.metric.by_road:
        ways = routes_of(study)
        drawn = ways[ways["km"] > 0]  # a line from a place to itself is no valid one
        layers |= {"service_areas": service_areas_of(study), "routes": drawn}
    for name, layer in layers.items():
        frame = gpd.GeoDataFrame(layer, geometry="geometry", crs=CRS)
        frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", **_geometry_type(name))
    _write_table(findings[FINDING_FILE_COLUMNS], path, "findings")
    if named := credits_of(study.tables):
        _write_table(pd.DataFrame({"credit": named}), path, "credits")
    _date(path, study.scenario.year)


def _date(path: Path, year: int) -> None:
    """Date the layers by the study and not by the clock, so that the same study gives the same file."""
    with closing(sqlite3.connect(path)) as package:
        package.execute("UPDATE gpkg_contents SET last_change = ?", (f"{year}-12-31T00:00:00.000Z",))
        package.commit()


def _write_table(table: pd.DataFrame, path: Path, layer: str) -> None:
    import pyogrio

    pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG", append=False)


def _geometry_type(layer: str) -> dict[str, str]:
    kind = {"areas": "MultiPolygon", "service_areas": "MultiPolygon", "routes": "MultiLineString"}.get(layer)
    return {"geometry_type": kind, "promote_to_multi": "YES"} if kind else {"geometry_type": "Point"}


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
    with recomputing():
        study = check_study(tables, rules, scenario)
    if summary["outcome"] is None:
        return study
    placement = _placement(directory, summary)
    with recomputing():
        study = with_placement(study, placement)
        return replace(study, straight=_straight(study, directory, summary))


def _straight(study: Study, directory: Path, summary: Mapping[str, object]) -> "Straight | None":
    """Return the plan by straight line that was written beside the study's, held against it anew."""
    stated = summary.get("by_straight_line")
    if not isinstance(stated, dict):
        return None
    from planner.straight import straight_of

    outcome = _outcome(MARKER, [stated.get("outcome")])
    return straight_of(study, read_plan(directory, STRAIGHT_FILE), str(outcome))


@contextmanager
def recomputing() -> Iterator[None]:
    """Say in a sentence if the files of a folder, each whole by itself, do not fit together.

    Raises
    ------
    InputError
        In place of what tables of other codes, types or ranges than a study's make fail.
    """
    try:
        yield
    except InputError:
        raise
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            say(
                "inputs/ and plan.csv do not fit together: the study cannot be worked out anew ({problem}). "
                "Make the study anew.",
                problem=f"{type(error).__name__}: {error}",
            )
        ) from error


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
    try:
        tables = read_inputs(inputs)
    except InputError:
        raise
    except Exception as error:  # a damaged Parquet file fails in as many ways as its readers have
        raise _unreadable("inputs/", error) from error
    _require_whole(tables)
    return tables, rules, scenario


def _require_whole(tables: Tables) -> None:
    """Refuse tables that lack a column of theirs, or hold text where numbers belong."""
    problems = [
        say("{file}: the column '{column}' is missing. Make the study anew.", file=file, column=column)
        if column not in frame
        else say(
            "{file}: the column '{column}' holds no numbers. Make the study anew.", file=file, column=column
        )
        for name, (texts, numbers) in TABLE_COLUMNS.items()
        if (frame := getattr(tables, name)) is not None
        for file in [f"inputs/{name}.parquet"]
        for column in [*texts, *numbers]
        if column not in frame or (column in numbers and not _is_numeric(frame[column]))
    ]
    if problems:
        raise InputError(problems)


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) or bool(values.isna().all())


def read_summary(directory: Path) -> dict[str, object]:
    """Return the figures that a study folder states."""
    try:
        summary = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(MARKER, error) from None
    if not isinstance(summary, dict) or "outcome" not in summary:
        raise _unreadable(MARKER, say("'{name}' is missing", name="outcome"))
    return summary


def read_plan(directory: Path, name: str = "plan.csv") -> pd.DataFrame:
    """Return plan.csv as it was written: its own columns, then those that rules look at."""
    table = read_written(directory / name, PLAN_COLUMNS)
    numbers = ["lon", "lat", "area_m2", "stock_cap_t", "pickups_per_year", "opening_cost"]
    try:
        return table.assign(**{name: pd.to_numeric(table[name].replace("", None)) for name in numbers})
    except ValueError as error:
        raise _unreadable(name, error) from None


def read_written(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a CSV file of a study folder as text, these columns first, and as it was before `write_csv`.

    Raises
    ------
    InputError
        If it is missing, damaged, or lacks a column.
    """
    frame = read_frame(path)
    for column in columns:
        if column not in frame:
            raise InputError(
                say(
                    "{file}: the column '{column}' is missing. Make the study anew.",
                    file=path.name,
                    column=column,
                )
            )
    ordered = frame[[*columns, *(name for name in frame if name not in columns)]]
    plain = {str(name): ordered[name].fillna("").astype(str).map(unguarded) for name in ordered}
    return pd.DataFrame(plain, index=ordered.index).reset_index(drop=True)


def _placement(directory: Path, summary: Mapping[str, object]) -> Placement:
    path = directory / "scopes.csv"
    if path.exists():
        scopes = read_written(path, SCOPE_COLUMNS)
        outcome = _outcome(path.name, scopes["outcome"])
    else:  # it explains the outcome; without it, the outcome stands as stated
        scopes, outcome = pd.DataFrame(columns=SCOPE_COLUMNS), _outcome(MARKER, [summary["outcome"]])
    return Placement(
        outlets=read_plan(directory),
        scopes=scopes,
        conflicts=pd.DataFrame(columns=CONFLICT_COLUMNS),
        outcome=outcome,
        objective=_number(summary, "objective"),
        bound=_number(summary, "bound"),
        gap=_number(summary, "gap"),
        limited=bool(summary.get("limited")),
    )


def _outcome(file: str, stated: Iterable[object]) -> Outcome:
    try:
        return worst(str(outcome) for outcome in stated)
    except ValueError as error:
        raise _unreadable(file, error) from None


def _number(summary: Mapping[str, object], name: str) -> float:
    value = summary.get(name)
    try:
        return float(str(value))
    except ValueError:
        problem = say("'{name}' is no number but {value}", name=name, value=value)
        raise _unreadable(MARKER, problem) from None


def _unreadable(file: str, problem: Message | Exception) -> InputError:
    return InputError(
        say("{file}: cannot be read ({problem}). Make the study anew.", file=file, problem=problem)
    )
