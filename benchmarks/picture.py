"""Time against size, as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.runner import Median
from benchmarks.tables import LABELS


def draw(lines: list[tuple[float, list[Median]]], path: Path) -> None:
    """Write the seconds of every way against the demand points, both axes logarithmic, as SVG."""
    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    hows = dict.fromkeys(way.how for _, ways in lines for way in ways)
    for how in hows:
        spots = [
            (points, way.of("seconds"))
            for points, ways in lines
            for way in ways
            if way.how == how and way.solved
        ]
        axes.plot(*zip(*spots, strict=True), marker="o", label=LABELS[how]) if spots else None
    axes.set(xscale="log", yscale="log", xlabel="demand points", ylabel="seconds from points to plan")
    axes.set_title("Maximal covering: time against size")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    # the same measurements give the same file: no date, no random ids
    with mpl.rc_context({"svg.hashsalt": "performance"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
