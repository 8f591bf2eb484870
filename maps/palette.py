"""One set of colours for the map, the report and the app, told apart by eyes that don't see red and green."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

QUANTITY_CLASSES = 5


class Status(StrEnum):
    """What a finding, or all findings of an area together, come to; `none` is an area without a duty."""

    MET = "met"
    SHORT = "short"
    UNKNOWN = "unknown"
    NONE = "none"


MARKS: Mapping[str, str] = {"met": "●", "short": "▲", "unknown": "?", "none": "–"}
"""The sign beside every colour of a status, so that colour never speaks alone."""

LIGHT: Mapping[str, str] = {
    "page": "#FFFFFF",
    "panel": "#FFFFFF",
    "raised": "#F6F7F8",
    "ink": "#1B1E23",
    "soft": "#5B626C",
    "rule": "#DCDFE3",
    "accent": "#0072B2",
    "accent-soft": "#E3F0F8",
    "sea": "#EEF2F5",
    "met": "#0072B2",
    "met-fill": "#BFDDEE",
    "short": "#B84E00",
    "short-fill-1": "#FBD3B5",
    "short-fill-2": "#F2A36F",
    "short-fill-3": "#D55E00",
    "short-fill-4": "#8C3D00",
    "unknown": "#666666",
    "unknown-fill": "#E6E6E4",
    "unknown-line": "#9A9A9A",
    "none": "#5B626C",
    "none-fill": "#F3F3F1",
    "area-line": "#AAAAAA",
    "province-line": "#555555",
    "outlet": "#000000",
    "rim": "#FFFFFF",
    "new": "#009E73",
    "new-text": "#00775A",
    "label": "#22262B",
    "halo": "#FFFFFF",
}

DARK: Mapping[str, str] = {
    "page": "#16181C",
    "panel": "#1D2025",
    "raised": "#23272D",
    "ink": "#E8EAED",
    "soft": "#A7AEB8",
    "rule": "#353A42",
    "accent": "#56B4E9",
    "accent-soft": "#1D3443",
    "sea": "#101216",
    "met": "#56B4E9",
    "met-fill": "#1F4A63",
    "short": "#F08A3C",
    "short-fill-1": "#5A3419",
    "short-fill-2": "#96490F",
    "short-fill-3": "#D55E00",
    "short-fill-4": "#FFA45C",
    "unknown": "#B5B5B5",
    "unknown-fill": "#3A3D42",
    "unknown-line": "#9A9A9A",
    "none": "#A7AEB8",
    "none-fill": "#2A2D32",
    "area-line": "#565B63",
    "province-line": "#9AA0A9",
    "outlet": "#FFFFFF",
    "rim": "#16181C",
    "new": "#2BC79A",
    "new-text": "#2BC79A",
    "label": "#F1F3F5",
    "halo": "#16181C",
}


@lru_cache(maxsize=8)
def sequence(count: int = QUANTITY_CLASSES) -> tuple[str, ...]:
    """Return `count` colours from light to dark of acton (Crameri 2018): one hue, even steps of lightness.

    Its purple is neither the blue, the vermilion nor the green that stand for a status on the same map. The
    table is read from the package's own text file: importing `cmcrameri` would import all of matplotlib.
    """
    package = find_spec("cmcrameri")
    assert package is not None  # a dependency of this distribution
    assert package.origin is not None
    table = (Path(package.origin).parent / "cmaps" / "acton.txt").read_text(encoding="ascii").splitlines()
    last = len(table) - 1
    picks = [round(last * (0.93 - 0.86 * step / max(1, count - 1))) for step in range(count)]
    return tuple(_hexadecimal(table[pick]) for pick in picks)


def _hexadecimal(line: str) -> str:
    return "#" + "".join(f"{round(255 * float(part)):02X}" for part in line.split())


def css_variables() -> str:
    """Return the colours as CSS custom properties: light, dark where preferred or asked for, light on paper.

    A page that knows its theme says so by `data-theme` on its root; others follow what the reader's system
    prefers.
    """
    light = _declarations({**LIGHT, **_ramp(sequence())})
    dark = _declarations({**DARK, **_ramp(sequence()[::-1])})
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme]) {{ {dark} }} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{ color-scheme: dark; {dark} }} }}\n"
        ":root[data-theme=light] { color-scheme: light; }\n"
        "@media print { :root { color-scheme: light; } }\n"
    )


def _ramp(colours: tuple[str, ...]) -> dict[str, str]:
    return {f"quantity-{rank}": colour for rank, colour in enumerate(colours, start=1)}


def _declarations(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
