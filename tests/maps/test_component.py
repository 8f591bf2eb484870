"""The map in the app: files that a strict policy lets through, and that never make markup of a name."""

import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from maps import assets
from maps.palette import DARK, css_variables

APP = files("maps") / "static" / "app"
SCRIPTS = ("component.js", "sites.js")
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|"
    r"set(Timeout|Interval)\(\s*[\"'`]"
)


class Tags(HTMLParser):
    """The tags of a page, and the text inside its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside = ""

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.found and self.found[-1][0] in ("script", "style"):
            self.inside += data.strip()


def page() -> Tags:
    tags = Tags()
    tags.feed((APP / "index.html").read_text(encoding="utf-8"))
    return tags


def test_the_page_holds_no_script_or_style_of_its_own() -> None:
    tags = page()
    scripts = [attributes for tag, attributes in tags.found if tag == "script"]
    assert scripts
    assert all("src" in attributes for attributes in scripts)
    assert tags.inside == ""
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert not [name for _, attributes in tags.found for name in attributes if name == "style"]


def test_the_page_asks_only_for_what_the_server_has_beside_it() -> None:
    wanted = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in page().found
        if tag in ("script", "link")
    ]
    beside = {str(path.name) for path in APP.iterdir()}
    served = {"leaflet.js", "leaflet.css", "map.js", "map.css"}  # by the routes in planner.pages.server
    for address in map(str, wanted):
        shared = address.removeprefix("../../map/asset/")
        assert shared in served if shared != address else address in beside
    assert {"component.js", "component.css", *SCRIPTS} <= beside


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_of_the_app_set_text_and_never_markup(name: str) -> None:
    assert not MAKES_MARKUP.findall((APP / name).read_text(encoding="utf-8"))


def test_shared_scripts_make_markup_of_nothing_but_cleaned_text() -> None:
    lines = [line for line in assets.map_script().splitlines() if MAKES_MARKUP.search(line)]
    assert [line.strip() for line in lines] == ["map.attributionControl.addAttribution(clean.innerHTML);"]


def test_a_page_that_knows_its_theme_gets_it_whatever_the_system_prefers() -> None:
    style = css_variables()
    assert f":root[data-theme=dark] {{ color-scheme: dark; --page: {DARK['page']};" in style
    assert "(prefers-color-scheme: dark) { :root:not([data-theme])" in style
