"""Leaflet and our own scripts and styles as text, so that a page needs nothing from outside."""

import base64
import re
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from maps.palette import css_variables

SCRIPTS = ("points.js", "shapes.js", "panel.js", "search.js", "overview.js")


@lru_cache(maxsize=1)
def leaflet_script() -> str:
    """Return Leaflet's script, without the hint at a source map, which would be a request."""
    return re.sub(r"\n?//# sourceMappingURL=\S+", "", _leaflet("leaflet.js").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def leaflet_style() -> str:
    """Return Leaflet's style sheet with its images as data URIs; the VML hint for old browsers goes."""
    text = _leaflet("leaflet.css").read_text(encoding="utf-8").replace("\r\n", "\n")
    text = re.sub(r"behavior:\s*url\([^)]*\);?", "", text)
    return re.sub(r"url\((images/[^)]+\.png)\)", lambda match: f"url({_data_uri(match[1])})", text)


@lru_cache(maxsize=1)
def map_script() -> str:
    """Return our own map scripts as one."""
    return "\n".join(_own(name) for name in SCRIPTS)


@lru_cache(maxsize=1)
def map_style() -> str:
    """Return the palette and our own map styles."""
    return css_variables() + _own("overview.css")


def _data_uri(name: str) -> str:
    return "data:image/png;base64," + base64.b64encode(_leaflet(name).read_bytes()).decode("ascii")


def _leaflet(name: str) -> Traversable:
    return resources.files("js_lib_leaflet") / "static" / "js_lib_leaflet" / name


def _own(name: str) -> str:
    return (resources.files("maps") / "static" / name).read_text(encoding="utf-8")
