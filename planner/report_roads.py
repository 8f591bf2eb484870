"""How a study measures distances, said to its readers: by which roads, at which speeds, and where not."""

import numpy as np

from planner.forms import CHOICES
from planner.measure import RoadMeasure
from planner.network import Network
from planner.report_digest import WORST, Digest, outlet_names
from planner.report_tables import Cell, Row, Table, number_cell
from planner.study import planned_network

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
        (t("Attribution"), roads.credit),
        (t("Speeds on roads"), t("by kind of road and speed limit, without traffic or waiting ({assumed})",
                                 assumed=assumed)),
        (t("Way meant"), t(CHOICES[settings.direction])),
        (t("Between a place and its road"), t("straight, {kmh} km/h ({assumed}); at most {km} km",
            kmh=f"{settings.access_kmh:g}", km=f"{settings.snap_km:g}", assumed=assumed)),
        (t("Places off the roads"), t("straight line times the detour, {kmh} km/h ({assumed})",
            kmh=f"{settings.fallback_kmh:g}", assumed=assumed)),
    ]  # fmt: skip


def off_road_table(digest: Digest) -> Table | None:
    """Return the demand points and outlets that no road comes near; None where there are none."""
    study, t = digest.study, digest.t
    if not study.scenario.metric.by_road:
        return None
    network = planned_network(study, study.new_outlets)
    measure = network.measure
    assert isinstance(measure, RoadMeasure)
    rows = [*_off_points(network, measure, digest), *_off_outlets(network, measure, digest)]
    if not rows:
        return None
    titles = (
        (t("Place"), False),
        (t("What"), False),
        (t("Area"), False),
        (t("km to the nearest road"), True),
    )
    return Table("off-roads", titles, tuple(rows[:WORST]), "")


def _off_points(network: Network, measure: RoadMeasure, digest: Digest) -> list[Row]:
    ids, what = network.point_ids, digest.t("demand point")
    codes = network.adcodes[network.point_area]
    return _off(network.point_lonlat, ids, codes, what, measure, digest)


def _off_outlets(network: Network, measure: RoadMeasure, digest: Digest) -> list[Row]:
    named, ids = outlet_names(digest.study), network.outlets["outlet_id"].astype(str)
    names = np.array([named.get(outlet, outlet) for outlet in ids], dtype=object)
    codes = network.outlets["adcode"].fillna("").astype(str).to_numpy(dtype=object)
    return _off(network.outlet_lonlat, names, codes, digest.t("outlet"), measure, digest)


def _off(
    lonlat: np.ndarray, names: np.ndarray, codes: np.ndarray, what: str, measure: RoadMeasure, digest: Digest
) -> list[Row]:
    """Return a row for each place with coordinates that is off the roads, the farthest first."""
    located = np.isfinite(lonlat).all(axis=1)
    snapped = measure.reach.snapped(lonlat)
    off = np.flatnonzero(located & ~snapped.on_road)
    order = off[np.argsort(-snapped.off_km[off], kind="stable")]
    return [
        Row(
            (
                Cell(str(names[at])),
                Cell(what),
                Cell(digest.names.get(str(codes[at]), str(codes[at])), area=str(codes[at])),
                _distance(float(snapped.off_km[at]), digest),
            ),
            words=f"{names[at]} {what} {codes[at]}".lower(),
        )
        for at in order
    ]


def _distance(km: float, digest: Digest) -> Cell:
    if not np.isfinite(km):
        return Cell(digest.t("far"), "999999")
    return number_cell(km, digest.t, 1)
