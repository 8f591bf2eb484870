"""Recompute a study from its folder, without the solver, and name what differs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from geodata.messages import Message, say
from geodata.schemas import Tables
from planner.candidates import ATTRIBUTES, Candidates, candidates_of
from planner.network import Bools, names_in, network_of
from planner.openings import PLAN_COLUMNS
from planner.shortage import weighted_shortage
from planner.spaced import spacing_differences
from planner.study import Study, summary_of
from planner.study_folder import (
    FINDING_FILE_COLUMNS,
    HAULAGE_FILE,
    OFF_ROAD_FILE,
    STRAIGHT_FILE,
    read_study,
    read_summary,
    read_written,
    recomputing,
)

NOT_RECOMPUTED = frozenset({"bound", "gap", "seconds", "version"})
"""What only the solver (or the clock) knows."""
TOLERANCE = 1e-6
FINDING_KEY = ["rule_id", "enterprise", "role", "level", "adcode"]


def verify(directory: Path) -> Message | None:
    """Return what differs first between a study folder and what its inputs and plan give; None if nothing.

    Every figure of summary.json but bound, gap, seconds and version is worked out anew, every finding held
    against findings.csv, and every new outlet against the site it stands at.

    Raises
    ------
    InputError
        If the folder is no whole study, or a file in it is damaged.
    """
    study = read_study(directory)
    with recomputing():
        return next(_differences(study, directory), None)


def _differences(study: Study, directory: Path) -> Iterator[Message]:
    if study.placement is not None:
        yield from _plan_differences(study, study.new_outlets)
    if study.straight is not None:
        for difference in _plan_differences(study, study.straight.outlets):
            yield say(
                "{file}, looked at like a plan: {difference}", file=STRAIGHT_FILE, difference=difference
            )
    elif (directory / STRAIGHT_FILE).exists():
        yield say("summary.json: by_straight_line is missing, but {file} is there.", file=STRAIGHT_FILE)
    written = read_written(directory / "findings.csv", FINDING_FILE_COLUMNS)
    yield from _finding_differences(study.findings, written)
    if study.haulage is not None:
        yield from _row_differences(study.haulage, directory / HAULAGE_FILE)
    if len(study.off_road):
        yield from _row_differences(study.off_road, directory / OFF_ROAD_FILE)
    yield from _summary_differences(_figures(study), read_summary(directory))


def _figures(study: Study) -> dict[str, object]:
    """Return the figures of a study, those of its plan worked out from the new outlets."""
    figures = summary_of(study)
    if study.placement is None:
        return figures
    if not study.placement.limited and study.scenario.objective == "total":
        return figures  # worked out anew as the study was read
    if not study.placement.limited:
        return {**figures, "objective": float(study.new_outlets["opening_cost"].sum())}
    if study.rules.named:  # which areas were to hold the named rule isn't written down
        return figures
    shortage = weighted_shortage(study.tables, study.rules, study.scenario, study.findings)
    return {**figures, "objective": shortage}


def _summary_differences(figures: Mapping[str, object], written: Mapping[str, object]) -> Iterator[Message]:
    for name, value in figures.items():
        if name in NOT_RECOMPUTED or _same(value, written.get(name)):
            continue
        yield say(
            "summary.json: {name} is {written}, recomputed it is {value}.",
            name=name,
            written=written.get(name),
            value=value,
        )


def _same(value: object, written: object) -> bool:
    if isinstance(value, bool) or isinstance(written, bool):
        return value is written
    if isinstance(value, float) and isinstance(written, int | float):
        return bool(np.isclose(value, float(str(written)), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))
    if isinstance(value, dict) and isinstance(written, dict):
        return value.keys() == written.keys() and all(_same(value[key], written[key]) for key in value)
    return value == written


def _finding_differences(findings: pd.DataFrame, written: pd.DataFrame) -> Iterator[Message]:
    twice = written[written.duplicated(FINDING_KEY)]
    if len(twice):
        yield _finding(
            say("findings.csv: the finding of rule {rule}, {enterprise}, {adcode} is there twice."), twice
        )
    if len(findings) != len(written):
        yield say(
            "findings.csv: has {written} findings, recomputed there are {number}.",
            written=len(written),
            number=len(findings),
        )
    ours = findings.astype(dict.fromkeys(FINDING_KEY, str)).set_index(FINDING_KEY)
    lacking = ours[~ours.index.isin(pd.MultiIndex.from_frame(written[FINDING_KEY]))].reset_index()
    if len(lacking):
        yield _finding(
            say("findings.csv: the finding of rule {rule}, {enterprise}, {adcode} is missing."), lacking
        )
        return
    theirs = written.drop_duplicates(FINDING_KEY).set_index(FINDING_KEY).reindex(ours.index)
    for name in ("required", "actual", "shortage"):
        value = pd.to_numeric(theirs[name], errors="coerce").to_numpy(dtype=float)
        expected = ours[name].to_numpy(dtype=float)
        same = np.isclose(value, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        yield from _first_finding(~same, ours, theirs, name)
    for name in ("area", "unit", "status"):
        differs = (theirs[name].astype(str) != ours[name].astype(str)).to_numpy()
        yield from _first_finding(differs, ours, theirs, name)
    assumed = (theirs["assumed"] != ours["assumed"].astype(str)).to_numpy()
    yield from _first_finding(assumed, ours, theirs, "assumed")


def _row_differences(table: pd.DataFrame, path: Path) -> Iterator[Message]:
    """Hold a table against the file it was written to, row by row."""
    written = read_written(path, [str(name) for name in table])
    if len(table) != len(written):
        yield say(
            "{file}: has {written} rows, recomputed there are {number}.",
            file=path.name,
            written=len(written),
            number=len(table),
        )
        return
    for name in table:
        ours, theirs = table[name].reset_index(drop=True), written[name]
        if pd.api.types.is_numeric_dtype(ours):
            theirs = pd.to_numeric(theirs, errors="coerce")
            same = np.isclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        else:
            same = (ours.astype(str) == theirs).to_numpy()
        if not same.all():
            row = int(np.argmin(same))
            yield say(
                "{file}, row {row}: {name} is {written}, recomputed it is {value}.",
                file=path.name,
                row=row + 2,
                name=name,
                written=theirs.iloc[row],
                value=ours.iloc[row],
            )


def _finding(message: Message, findings: pd.DataFrame) -> Message:
    """Return the message with the first of some findings named."""
    rule, enterprise, adcode = findings[["rule_id", "enterprise", "adcode"]].iloc[0]
    return say(message.template, rule=rule, enterprise=enterprise, adcode=adcode)


def _first_finding(differs: Bools, ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> Iterator[Message]:
    if differs.any():
        at = int(np.argmax(differs))
        rule, enterprise, _, _, adcode = ours.index[at]
        yield say(
            "findings.csv: '{name}' of rule {rule}, {enterprise}, {adcode} is {written}, recomputed it is "
            "{value}.",
            name=name,
            rule=rule,
            enterprise=enterprise,
            adcode=adcode,
            written=theirs[name].iloc[at],
            value=ours[name].iloc[at],
        )


def _plan_differences(study: Study, plan: pd.DataFrame) -> Iterator[Message]:
    """Hold each new outlet against the candidate it was opened at: place, cost, attributes, number."""
    network = network_of(study.tables, study.scenario, territory=study.rules.territory)
    candidates = candidates_of(study.tables, network, study.rules, study.scenario)
    key = ["site_id", "kind", "action"]
    if plan.empty:
        return
    sites = candidates.table.drop_duplicates(key).set_index(key)
    at = pd.MultiIndex.from_frame(plan[key])
    unknown = ~at.isin(sites.index)
    if unknown.any():
        yield say("plan.csv: no site '{site}' can be opened so.", site=plan["site_id"][unknown].iloc[0])
        return
    asked = sites.loc[at].reset_index()
    for name in ("lon", "lat", "opening_cost", *_other_numbers(plan, asked)):
        expected, value = (pd.to_numeric(table[name], errors="coerce") for table in (asked, plan))
        same = np.isclose(expected, value, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        yield from _first_outlet(~same, plan, name, asked[name])
    yield from _text_differences(plan, asked, study.tables)
    yield from _crowded(plan, candidates)
    if study.scenario.spacing_km is not None:
        yield from spacing_differences(plan, study.counted_outlets, study.scenario.spacing_km)
    if (
        plan["outlet_id"].duplicated().any()
        or plan["outlet_id"].isin(study.tables.outlets["outlet_id"]).any()
    ):
        yield say("plan.csv: an outlet_id is used twice.")


def _other_numbers(plan: pd.DataFrame, asked: pd.DataFrame) -> list[str]:
    """Return the attributes of the new outlets: those of every plan, and those that rules look at."""
    own = [str(name) for name in plan if name not in PLAN_COLUMNS and name in asked]
    return [*ATTRIBUTES, *own]


def _text_differences(plan: pd.DataFrame, asked: pd.DataFrame, tables: Tables) -> Iterator[Message]:
    """Hold names and codes of the new outlets against the sites, the areas and the enterprises that sell."""
    areas = tables.areas.set_index("adcode")["name"]
    ending = plan["outlet_id"].str.rpartition("-")[2]
    expected = {
        "adcode": asked["adcode"],
        "area": asked["adcode"].map(areas),
        "name": asked["name"] + " " + ending,
    }
    for name, values in expected.items():
        differs = values.astype(str).to_numpy() != plan[name].astype(str).to_numpy()
        yield from _first_outlet(differs, plan, name, values)
    users = names_in(plan["enterprises"])
    strange = users[~users.isin(tables.sales["enterprise"].astype(str).str.strip())]
    if len(strange):
        yield say(
            "plan.csv: outlet {outlet} is for '{enterprise}', which sells nothing.",
            outlet=plan.at[strange.index[0], "outlet_id"],
            enterprise=strange.iloc[0],
        )


def _first_outlet(differs: Bools, plan: pd.DataFrame, name: str, expected: pd.Series) -> Iterator[Message]:
    if differs.any():
        row = int(np.argmax(differs))
        yield say(
            "plan.csv: '{name}' of outlet {outlet} is {written}, its site has {value}.",
            name=name,
            outlet=plan["outlet_id"].iloc[row],
            written=plan[name].iloc[row],
            value=expected.iloc[row],
        )


def _crowded(plan: pd.DataFrame, candidates: Candidates) -> Iterator[Message]:
    """Say where more outlets of an enterprise are at a user's site than it can hold."""
    units = pd.Series(candidates.units, index=candidates.table["site_id"]).groupby(level=0).max()
    held = plan.groupby(["enterprises", "site_id"]).size()
    most = units.reindex(held.index.get_level_values("site_id")).to_numpy()
    over = held.to_numpy() > np.where(np.isnan(most), np.inf, most)
    for row in held[over].rename("number").reset_index().to_dict("records"):
        yield say(
            "plan.csv: site '{site}' holds {number} outlets of {enterprise}, more than it can.",
            site=row["site_id"],
            number=row["number"],
            enterprise=row["enterprises"],
        )
