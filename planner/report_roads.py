"""What roads do to a study: how ways are measured, where no road is, what straight lines would have done."""

import numpy as np

from planner.forms import CHOICES
from planner.language import Translator
from planner.report_digest import WORST, Digest
from planner.report_tables import Cell, Row, Table, number_cell
from planner.rules.base import Status

Pairs = list[tuple[str, str]]


def metric_words(digest: Digest) -> str:
    """Return how distances are measured, in a word or two."""
    return digest.t(CHOICES[str(digest.study.scenario.metric)])


def measured_lines(digest: Digest) -> Pairs:
    """Return what ways by road rest on, as label and value; empty where distances are straight lines."""
    study, t = digest.study, digest.t
    roads, settings = study.tables.roads, study.scenario.roads
    if roads is None or not study.scenario.metric.by_road:
        return []
    from planner.roadintake import road_km

    assumed = t("assumed")
    return [
        (t("Metric"), metric_words(digest)),
        (t("Roads"), roads.name),
        (t("Size"), t("{nodes} junctions, {km} km of road", nodes=t.number(len(roads.node_id)),
                      km=t.number(road_km(roads)))),
        (t("Speeds on roads"), t("by kind of road and speed limit, without traffic or waiting ({assumed})",
                                 assumed=assumed)),
        (t("Direction"), t(CHOICES[settings.direction])),
        (t("Between a place and its road"), t("straight, {kmh} km/h ({assumed}); at most {km} km",
            kmh=f"{settings.access_kmh:g}", km=f"{settings.snap_km:g}", assumed=assumed)),
        (t("Places off the roads"), t("straight line times the detour, {kmh} km/h ({assumed})",
            kmh=f"{settings.fallback_kmh:g}", assumed=assumed)),
    ]  # fmt: skip


def off_road_table(digest: Digest) -> Table | None:
    """Return the places that no road comes near, the farthest first; None where there are none."""
    t, off = digest.t, digest.study.off_road
    if off.empty:
        return None
    titles = (
        (t("Place"), False), (t("What"), False), (t("Area"), False), (t("km to the nearest road"), True),
    )  # fmt: skip
    what = place_words(t)
    rows = [
        Row(
            (
                Cell(str(row["name"])),
                Cell(what[str(row["table"])]),
                Cell(digest.names.get(str(row["adcode"]), str(row["adcode"])), area=str(row["adcode"])),
                _distance(float(row["off_km"]), digest),
            ),
            words=f"{row['name']} {row['id']} {row['adcode']}".lower(),
        )
        for row in off.sort_values("off_km", ascending=False, kind="stable").head(WORST).to_dict("records")
    ]
    return Table("off-roads", titles, tuple(rows), "")


def place_words(t: Translator) -> dict[str, str]:
    """Return what the places of each table are, in the reader's language."""
    return {
        "demand": t("demand point"),
        "outlets": t("outlet"),
        "sites": t("candidate site"),
        "recyclers": t("recycler"),
    }


def _distance(km: float, digest: Digest) -> Cell:
    """Return a distance; where no road was found so far off, that it is more."""
    if np.isfinite(km):
        return number_cell(km, digest.t, 2)
    return Cell(f"> {digest.study.scenario.roads.snap_km:g}", "999999")


def straight_table(digest: Digest) -> Table | None:
    """Return the plans by road and by straight line side by side; None where there are not both."""
    study, t, straight = digest.study, digest.t, digest.study.straight
    if straight is None or study.placement is None:
        return None
    new = study.new_outlets
    rows = [
        (t("New outlets"), t.number(len(new)), t.number(len(straight.outlets))),
        (t("Cost"), t.number(float(new["opening_cost"].sum()), 2), t.number(straight.cost, 2)),
        (t("At sites of both"), t.number(straight.common), t.number(straight.common)),
        (t("At sites of its own"), t.number(straight.only_by_road), t.number(straight.only_straight)),
        (
            t("Duties short, measured by road"),
            t.number(int(study.duties["status"].eq(str(Status.SHORT)).sum())),
            t.number(straight.duties_short),
        ),
        (
            t("Sales within reach by road"),
            t.percent(study.sales_within_reach),
            t.percent(straight.sales_within_reach),
        ),
    ]
    titles = ((t("Figure"), False), (t("Plan by road"), True), (t("Plan by straight line"), True))
    return Table("straight", titles, tuple(Row(tuple(map(Cell, row))) for row in rows), "")
