"""Charts of figures over years and limits: matplotlib, written as PNG or SVG."""

from pathlib import Path
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from geodata.messages import InputError, say

CHART_FORMATS = (".png", ".svg")
FONTS = ("Noto Sans CJK SC", "Noto Serif CJK SC", "WenQuanYi Zen Hei", "DejaVu Sans")
BLUE, ORANGE = "#0072B2", "#D55E00"


def chart_style() -> Any:
    """Return the settings of a figure, with the first fonts of ours that this machine has."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return {
        "font.family": [name for name in FONTS if name in installed] or ["sans-serif"],
        "svg.hashsalt": "outlet-planner",
        "axes.unicode_minus": False,
    }


def new_figure(panels: int) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with panels side by side; call it, and draw, inside `chart_style`."""
    figure = Figure(figsize=(4.5 * panels, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def dress(axes: Axes, title: str) -> None:
    """Give a panel its title, a scale from zero and thousands separated, and no box around it."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def require_chart_name(path: Path) -> None:
    """Refuse a name that ends neither in .png nor in .svg."""
    if path.suffix.lower() not in CHART_FORMATS:
        raise InputError(
            say("{path}: a chart is written as .png or .svg; give it one of these endings.", path=path)
        )


def write_chart(figure: Figure, path: Path) -> None:
    """Write the figure as PNG or SVG, told by the name's ending; the same figure gives the same bytes."""
    require_chart_name(path)
    with rc_context(chart_style()):
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
