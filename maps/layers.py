"""The map's layers as compact data: what the scripts draw, and nothing that a browser would run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from maps.classes import Classes, classify
from maps.density import LEVEL, picture_of
from maps.palette import QUANTITY_CLASSES
from maps.words import Words

DECIMALS = 3
"""Least decimals of a degree on a map: about 100 m, less than a pixel where a whole country is seen."""

FINE_DECIMALS = 5
"""Decimals of lines that are looked at from near: about 1 m."""

MOST_POINTS = 15_000
"""Demand points drawn one by one, as many as a country has places; more are cells of one picture."""

Data = dict[str, object]


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure on an area's card: its label, and its value for each area, ready to read."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardLine:
    """A sentence on an area's card, with the status whose sign stands before it."""

    mark: str
    text: str


def area_layer(
    areas: gpd.GeoDataFrame,
    *,
    chinese: bool,
    facts: Sequence[Fact] = (),
    lines: Mapping[str, Sequence[CardLine]] | None = None,
) -> Data:
    """Return the areas with their names, cards and outlines.

    Parameters
    ----------
    areas
        Polygons in EPSG:4326, simplified: adcode, name, province, pinyin, name_en.
    chinese
        Whether names are shown as they are, or the English ones before them.
    facts
        Figures of each area's card, in the order of `areas`.
    lines
        Sentences of an area's card, by adcode.
    """
    points = shapely.get_coordinates(shapely.point_on_surface(areas.geometry.values))
    cards = lines or {}
    return {
        "code": areas["adcode"].tolist(),
        "name": areas["name"].tolist(),
        "label": display_names(areas, chinese=chinese).tolist(),
        "english": areas["name_en"].fillna("").tolist(),
        "pinyin": areas["pinyin"].fillna("").tolist(),
        "province": areas["province"].fillna("").tolist(),
        "at": np.round(points, decimals_for(areas)).tolist(),
        "facts": [{"label": fact.label, "values": list(fact.values)} for fact in facts],
        "lines": [[[line.mark, line.text] for line in cards.get(code, ())] for code in areas["adcode"]],
        "shape": outlines(areas),
    }


def display_names(areas: pd.DataFrame, *, chinese: bool) -> pd.Series:
    """Return the name a reader of the language knows an area by."""
    if chinese:
        return areas["name"]
    return areas["name_en"].where(areas["name_en"].fillna("") != "", areas["name"])


def outlines(areas: gpd.GeoDataFrame) -> list[list[object]]:
    """Return each area as a list of polygons, each a list of rings of (longitude, latitude)."""
    decimals = decimals_for(areas)
    return [[_rings(part, decimals) for part in shapely.get_parts(shape)] for shape in areas.geometry]


def _rings(polygon: shapely.Polygon, decimals: int) -> list[list[list[float]]]:
    rings = [polygon.exterior, *polygon.interiors]
    return [np.round(shapely.get_coordinates(ring), decimals).tolist() for ring in rings]


def stepped(points: npt.NDArray[np.float64]) -> list[int]:
    """Return points, (N, 2), as the steps from each to the next, (2N,), in 0.00001 degrees: half the size."""
    whole = np.rint(points * 10**FINE_DECIMALS).astype(np.int64)
    return [int(step) for step in np.diff(whole, axis=0, prepend=0).flat]


def decimals_for(shapes: gpd.GeoDataFrame) -> int:
    """Return how many decimals of a degree are seen: a 5,000th of the longer side, at least three."""
    left, low, right, high = shapes.total_bounds
    step = max(right - left, high - low, 1e-6) / 5000
    return max(DECIMALS, 1 - math.floor(math.log10(step)))


def line_layer(shapes: gpd.GeoDataFrame | None, decimals: int | None = None) -> list[list[list[float]]]:
    """Return lines, or the outlines of polygons, as lists of (longitude, latitude)."""
    if shapes is None or shapes.empty:
        return []
    values = shapes.geometry.values
    lines = shapely.boundary(values) if (shapely.get_dimensions(values) == 2).all() else values
    parts = shapely.get_parts(shapely.line_merge(lines))
    decimals = decimals_for(shapes) if decimals is None else decimals
    return [np.round(shapely.get_coordinates(part), decimals).tolist() for part in parts]


def outlet_layer(outlets: pd.DataFrame, notes: Iterable[str], t: Words, *, new: bool) -> Data:
    """Return outlets as points of the two kinds.

    Parameters
    ----------
    outlets
        lon, lat (WGS 84; missing where not located), kind, name.
    notes
        What is said below each one's name.
    t
        The language of the legend.
    new
        Whether these are proposed: the same shapes in green, with a plus.
    """
    frame = outlets.assign(note=pd.Series(list(notes), index=outlets.index, dtype=object))
    frame = frame[frame["lon"].notna() & frame["lat"].notna()]
    storage = (frame["kind"] == "storage").to_numpy()
    kinds = [t("collection outlet"), t("storage outlet")]
    counts = [int((~storage).sum()), int(storage.sum())]
    codes, texts = pd.factorize(frame["note"])
    return {
        "name": "new" if new else "outlets",
        "title": t("New outlets") if new else t("Existing outlets"),
        "unit": t("outlets"),
        "on": True,
        "classes": [
            {"label": kind, "count": count, "fill": "new" if new else "outlet", "shape": shape, "plus": new}
            for kind, count, shape in zip(kinds, counts, ("circle", "square"), strict=True)
        ],
        "lon": _degrees(frame["lon"]),
        "lat": _degrees(frame["lat"]),
        "member": storage.astype(int).tolist(),
        "text": frame["name"].astype(str).tolist(),
        "note": codes.tolist(),
        "notes": [str(text) for text in texts],
        "left": len(outlets) - len(frame),
        "left_text": t("not located"),
    }


def demand_layer(demand: pd.DataFrame, t: Words, *, title: str, unit: str) -> Data:
    """Return demand points by quantity in quantiles: as points, or as a picture where they are many.

    Parameters
    ----------
    demand
        lon, lat (WGS 84), quantity; points without a quantity are left out.
    t
        The language of the legend.
    title, unit
        What the quantity is.
    """
    frame = demand[demand["quantity"] > 0].sort_values("quantity", kind="stable")
    classes = classify(frame["quantity"].to_numpy(dtype=float), QUANTITY_CLASSES, quantiles=True)
    labels = [_density_label(first, last, t) for first, last in classes.spans()]
    dense = len(frame) > MOST_POINTS
    return {
        "name": "demand",
        "title": title,
        "unit": unit,
        "on": False,
        "classes": [
            {
                "label": label,
                "count": count,
                "fill": f"quantity-{rank}",
                "shape": "cell" if dense else "dot",
                "plus": False,
            }
            for rank, (label, count) in enumerate(zip(labels, classes.counts(), strict=True), start=1)
        ],
        **(_picture(frame, classes) if dense else _dots(frame, classes)),
        "text": [],
        "note": [],
        "notes": [],
        "left": 0,
        "left_text": "",
    }


def _dots(frame: pd.DataFrame, classes: Classes) -> Data:
    return {
        "lon": _degrees(frame["lon"]),
        "lat": _degrees(frame["lat"]),
        "member": classes.member.tolist(),
    }


def _picture(frame: pd.DataFrame, classes: Classes) -> Data:
    """Return points too many to draw one by one, a hundred thousand of which make 70 kB."""
    lon, lat = frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
    picture = picture_of(lon, lat, classes.member)
    return {
        "draws": "picture",
        "picture": picture.text(),
        "corners": list(picture.world),
        "level": LEVEL,
        "lon": [],
        "lat": [],
        "member": [],
    }


def reach_layer(outlets: pd.DataFrame, km: "pd.Series[float]", t: Words) -> Data:
    """Return how far outlets reach, as circles on the ground.

    Parameters
    ----------
    outlets
        lon, lat (WGS 84; missing where not located).
    km
        Radius of each.
    t
        The language of the legend.
    """
    placed = outlets["lon"].notna() & outlets["lat"].notna()
    title, near = t("Reach of the outlets"), t("within reach")
    shown = _points(
        outlets[placed], name="reach", title=title, unit="km", fill="outlet", shape="reach", label=near
    )
    return {**shown, "km": [float(value) for value in km[placed]]}


def unreached_layer(demand: pd.DataFrame, t: Words, *, unit: str) -> Data:
    """Return the demand points that no outlet reaches.

    Parameters
    ----------
    demand
        lon, lat (WGS 84) [name, note: what is said where one is pointed at].
    t
        The language of the legend.
    unit
        What is counted.
    """
    title, label = t("Sales not reached"), t("no outlet within reach")
    shown = _points(
        demand, name="unreached", title=title, unit=unit, fill="short", shape="triangle", label=label
    )
    if "name" not in demand:
        return shown
    notes = demand["note"].astype(str).tolist()
    return {
        **shown,
        "text": demand["name"].astype(str).tolist(),
        "note": list(range(len(notes))),
        "notes": notes,
    }


def _points(
    frame: pd.DataFrame, *, name: str, title: str, unit: str, fill: str, shape: str, label: str
) -> Data:
    """Return points of one class that are drawn and never pointed at."""
    return {
        "name": name,
        "title": title,
        "unit": unit,
        "on": True,
        "classes": [{"label": label, "count": len(frame), "fill": fill, "shape": shape, "plus": False}],
        "lon": _degrees(frame["lon"]),
        "lat": _degrees(frame["lat"]),
        "member": [0] * len(frame),
        "text": [],
        "note": [],
        "notes": [],
        "left": 0,
        "left_text": "",
    }


def _density_label(first: float, last: float | None, t: Words) -> str:
    if last is None:
        return f"≥ {t.number(first, 1)}"
    return f"{t.number(first, 1)} – {t.number(last, 1)}"


def _degrees(values: pd.Series) -> list[float]:
    return [float(value) for value in values.astype(float).round(DECIMALS + 1)]
