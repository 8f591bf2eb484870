"""The command line's page: complete, and every example in it runs."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from planner.cli import main
from planner.cli.commands import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\$ outlet-planner (.+)$", PAGE, re.MULTILINE)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def expected_code(example: str) -> int:
    """The network of the example is short before placing, and with too few new outlets."""
    return 1 if example.startswith("check") or "--max-new" in example else 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_part(name: str) -> None:
    assert f"\n## {name}\n" in PAGE
    assert f"outlet-planner {name}" in PAGE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_there(name: str) -> None:
    parts = getattr(COMMANDS[name], "commands", {"": COMMANDS[name]}).values()
    options = {text for part in parts for one in part.params for text in one.opts if text.startswith("--")}
    assert {option for option in options if f"`{option}" not in PAGE and f" {option} " not in PAGE} == set()


def test_no_option_is_made_up() -> None:
    parts = [part for one in COMMANDS.values() for part in getattr(one, "commands", {"": one}).values()]
    known = {text for part in parts for one in part.params for text in one.opts} | {"--help"}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= known


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    codes = {}
    for example in EXAMPLES:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(example))
        codes[example] = ended.value.code or 0
    assert codes == {example: expected_code(example) for example in EXAMPLES}
    assert len(EXAMPLES) >= 12


def test_the_readme_prints_what_really_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n\$ outlet-planner (.+)\n((?:.*\n)*?)```", page)
    assert len(blocks) == 2
    for command, shown in blocks:
        with pytest.raises(SystemExit):
            main(shlex.split(command))
        printed = [line.rstrip() for line in capfd.readouterr().out.splitlines()]
        assert [line for line in shown.splitlines() if line not in {"", "…"} and line not in printed] == []


def test_the_outputs_are_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    example = next(one for one in EXAMPLES if one.startswith("place"))
    with pytest.raises(SystemExit):
        main([*shlex.split(example)[:-1], str(tmp_path / "study")])
    files = [path.name for path in (tmp_path / "study").iterdir()]
    assert [name for name in files if f"`{name}" not in page] == []
    figures = json.loads((tmp_path / "study" / "summary.json").read_text(encoding="utf-8"))
    assert [name for name in figures if f"`{name}`" not in page] == []
    for name in ("findings.csv", "plan.csv"):
        columns = (tmp_path / "study" / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        part = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0].replace("\n", " ")
        assert ", ".join(columns) in part, name


def test_the_examples_of_the_models_run() -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 12
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/models.md", "exec"), names)
