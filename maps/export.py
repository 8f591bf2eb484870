"""A map as one page that opens anywhere: no request, and no script but its own."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from branca.element import Figure

from maps.overview import OfflineMap
from maps.safe import html_text


@dataclass(frozen=True, slots=True)
class Parts:
    """A map, taken apart for a page to hold.

    Attributes
    ----------
    styles, scripts
        Texts of style and script elements, all ours. The scripts run in this order, after `body`.
    body
        Markup: the map's element and its data block.
    """

    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    body: str


def parts(drawing: OfflineMap) -> Parts:
    """Return the parts of a map."""
    figure = cast(Figure, drawing.get_root())
    figure.render()
    return Parts(drawing.styles, (*drawing.scripts, figure.script.render()), figure.html.render())


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return a Content-Security-Policy that lets exactly these scripts and styles work, and nothing load.

    The hashes come from the texts we wrote, never from the finished page: a script that slipped in with
    someone's data has none.
    """
    return (
        "default-src 'none'; "
        f"script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Iterable[str]) -> str:
    digests = (hashlib.sha256(text.encode("utf-8")).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests) or "'none'"


def page(drawing: OfflineMap, *, title: str, language: str) -> str:
    """Return a map as a page that fills the window.

    Parameters
    ----------
    drawing
        The map.
    title
        The page's title, escaped here.
    language
        Value of the page's `lang` attribute.
    """
    pieces = parts(drawing)
    styles = (*pieces.styles, "html, body { margin: 0; height: 100%; }")
    scripts = "".join(f"<script>{script}</script>\n" for script in pieces.scripts)
    return (
        f'<!DOCTYPE html>\n<html lang="{html_text(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(pieces.scripts, styles)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n"
        f"{''.join(f'<style>{style}</style>' for style in styles)}\n</head>\n"
        f"<body>\n{pieces.body}\n{scripts}</body>\n</html>\n"
    )


def write_map(drawing: OfflineMap, path: Path, *, title: str, language: str) -> None:
    """Write a map as one self-contained page."""
    path.write_text(page(drawing, title=title, language=language), encoding="utf-8", newline="\n")
