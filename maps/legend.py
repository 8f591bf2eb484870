"""What the colours of the areas stand for: classes with bounds, units and the number of areas in each."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from maps.classes import classify
from maps.palette import QUANTITY_CLASSES, Status
from maps.words import Words

SHORT_CLASSES = 4


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One line of a legend: what it means, how many it holds, and how it is drawn.

    `fill` names a colour of the palette, `mark` the status whose sign is drawn with it ("" for none).
    """

    label: str
    count: int
    fill: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Colouring:
    """A way to colour the areas: its legend, and the class of each area in the order of the table."""

    name: str
    title: str
    unit: str
    classes: tuple[LegendClass, ...]
    member: tuple[int, ...]

    def data(self) -> dict[str, object]:
        """Return it as the map's scripts read it."""
        return asdict(self)


def status_colouring(
    status: pd.Series, missing: pd.Series, t: Words, *, name: str = "status", title: str = ""
) -> Colouring:
    """Return the areas by status, the short ones by how many outlets they miss.

    Parameters
    ----------
    status
        `Status` of each area.
    missing
        Outlets missing in each area, 0 or NaN where what is short is not a number of outlets.
    t
        The language of the legend.
    name, title
        What tells this colouring from others on the same map.
    """
    short = (status == Status.SHORT).to_numpy()
    depth = classify(np.where(short, missing.fillna(0).to_numpy(dtype=float), np.nan), SHORT_CLASSES)
    met = _fixed(status, Status.MET, t("all duties met"))
    unknown = _fixed(status, Status.UNKNOWN, t("unknown: a value is missing"))
    none = _fixed(status, Status.NONE, t("no duty"))
    first = 4 - len(depth.lower) if depth.lower else 0
    shades = [f"short-fill-{first + rank + 1}" for rank in range(len(depth.lower))]
    labels = [_missing_label(first, last, t) for first, last in depth.spans()]
    depths = [
        LegendClass(label, count, shade, Status.SHORT)
        for label, count, shade in zip(labels, depth.counts(), shades, strict=True)
    ]
    ranks = {Status.MET: 0, Status.UNKNOWN: len(depths) + 1, Status.NONE: len(depths) + 2}
    plain = status.map(ranks).fillna(ranks[Status.NONE]).astype(int).to_numpy()
    member = np.where(short, depth.member + 1, plain)
    return Colouring(
        name,
        title or t("Status"),
        t("areas"),
        (met, *depths, unknown, none),
        tuple(int(rank) for rank in member),
    )


def _fixed(status: pd.Series, which: Status, label: str) -> LegendClass:
    return LegendClass(label, int((status == which).sum()), f"{which}-fill", which)


def _missing_label(first: float, last: float | None, t: Words) -> str:
    if first == 0:
        return (
            t("short, though not of outlets") if not last else t("short of up to {last}", last=t.number(last))
        )
    if last is None:
        return t("short of {first} outlets or more", first=t.number(first))
    if first == last:
        return t("short of {first}", first=t.number(first))
    return t("short of {first} to {last}", first=t.number(first), last=t.number(last))


def quantity_colouring(values: pd.Series, t: Words, *, name: str, title: str, unit: str) -> Colouring:
    """Return the areas by a number of theirs, in quantiles, with a class for zero and one for no data."""
    positive = values.where(values > 0)
    classes = classify(positive.to_numpy(dtype=float), QUANTITY_CLASSES, quantiles=True)
    lines = [
        LegendClass(_span_label(first, last, classes.whole, t), count, f"quantity-{rank}")
        for rank, ((first, last), count) in enumerate(
            zip(classes.spans(), classes.counts(), strict=True), start=1
        )
    ]
    zero = LegendClass("0", int((values <= 0).sum()), "none-fill")
    nothing = LegendClass(t("no data"), int(values.isna().sum()), "unknown-fill", Status.UNKNOWN)
    plain = np.where(values.isna(), len(lines) + 1, 0)
    member = np.where(positive.isna(), plain, classes.member + 1)
    return Colouring(name, title, unit, (zero, *lines, nothing), tuple(int(rank) for rank in member))


def _span_label(first: float, last: float | None, whole: bool, t: Words) -> str:
    decimals = 0 if whole or first >= 100 else 1
    if last is None:
        return f"≥ {t.number(first, decimals)}"
    if first == last:
        return t.number(first, decimals)
    return f"{t.number(first, decimals)} – {t.number(last, decimals)}"
