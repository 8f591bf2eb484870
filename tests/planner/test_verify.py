"""Verify: what was changed is named, what is damaged is said in a sentence, nothing ends in a traceback."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geodata.messages import InputError
from planner.language import translator
from planner.study import Study, check_study, place_study
from planner.study_folder import read_plan, read_study, write_study
from planner.verify import verify
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B = code(1), code(2)
RULES = worlds.rules(
    rule("presence"), rule("ratio", quantity="sales", per=100), rule("reach_share", share=0.9, distance_km=30)
)
Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def placed() -> Study:
    points = worlds.demand([(A, 100.1, 30.5, 2.0), (A, 100.9, 30.5, 1.0), (B, 101.5, 30.5, 1.0)])
    sold = [("M", A, 250), ("M", B, 90), ("=1+1", B, 5)]
    tables = worlds.tables([A, B], sold, [at(A, 100.1, 30.5)], points)
    return place_study(tables, RULES, worlds.scenario())


@pytest.fixture(scope="module")
def written(placed: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "study"
    write_study(placed, folder, translator("en"))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "study"))


def twice(name: str, line: int = 1) -> Damage:
    """Repeat a line."""

    def damage(folder: Path) -> None:
        lines = (folder / name).read_text("utf-8").splitlines()
        (folder / name).write_text("\n".join([*lines, lines[line]]) + "\n", "utf-8")

    return damage


def half(name: str) -> Damage:
    """Cut a file in the middle."""
    return lambda folder: (folder / name).write_bytes(
        (folder / name).read_bytes()[: _size(folder / name) // 2]
    )


def _size(path: Path) -> int:
    return path.stat().st_size


def content(name: str, data: bytes) -> Damage:
    """Put something else into a file."""
    return lambda folder: (folder / name).write_bytes(data)


def gone(name: str) -> Damage:
    """Remove a file."""
    return lambda folder: (folder / name).unlink()


def figure(name: str, value: object) -> Damage:
    """Change a figure of the summary; None removes it."""

    def damage(folder: Path) -> None:
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        summary = {key: item for key, item in summary.items() if key != name}
        if value is not None:
            summary[name] = value
        (folder / "summary.json").write_text(json.dumps(summary), "utf-8")

    return damage


def table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    """Change a CSV or Parquet file as a table; geometry comes along as bytes."""

    def damage(folder: Path) -> None:
        if name.endswith(".csv"):
            change(pd.read_csv(folder / name, dtype=str, keep_default_na=False)).to_csv(
                folder / name, index=False
            )
        else:
            change(pd.read_parquet(folder / name)).to_parquet(folder / name, index=False)

    return damage


def cell(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Change the last row's cell."""
    return lambda frame: frame.assign(**{column: [*frame[column].tolist()[:-1], value]})


def without(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.drop(columns=column)


DAMAGES = {
    "findings: empty": content("findings.csv", b""),
    "findings: blank": content("findings.csv", b"\n\n\n"),
    "findings: cut": half("findings.csv"),
    "findings: binary": content("findings.csv", bytes(range(256))),
    "findings: gone": gone("findings.csv"),
    "findings: a column gone": table("findings.csv", without("status")),
    "findings: a line gone": table("findings.csv", lambda frame: frame.iloc[1:]),
    "findings: a line more": twice("findings.csv"),
    "findings: another code": table("findings.csv", cell("adcode", "999999")),
    "findings: text for a number": table("findings.csv", cell("actual", "many")),
    "findings: too many cells": content("findings.csv", b"rule_id,enterprise\n1,2,3,4\n"),
    "summary: empty": content("summary.json", b""),
    "summary: cut": half("summary.json"),
    "summary: a list": content("summary.json", b"[1, 2]"),
    "summary: null": content("summary.json", b"null"),
    "summary: deep": content("summary.json", b"[" * 100_000),
    "summary: not UTF-8": content("summary.json", b'{"outcome": "\xff\xfe"}'),
    "summary: no outcome": figure("outcome", None),
    "summary: a strange outcome": figure("outcome", "splendid"),
    "summary: text for a number": figure("objective", "four"),
    "summary: no objective": figure("objective", None),
    "summary: a huge number": figure("objective", 10**400),
    "summary: truth for a number": figure("sales_within_reach_share", True),
    "summary: findings gone": figure("findings", None),
    "plan: gone": gone("plan.csv"),
    "plan: empty": content("plan.csv", b""),
    "plan: cut": half("plan.csv"),
    "plan: a line more": twice("plan.csv"),
    "plan: a line gone": table("plan.csv", lambda frame: frame.iloc[1:]),
    "plan: a column gone": table("plan.csv", without("lon")),
    "plan: text for a number": table("plan.csv", cell("lat", "north")),
    "plan: no number": table("plan.csv", cell("lat", "")),
    "scopes: empty": content("scopes.csv", b""),
    "scopes: a strange outcome": table("scopes.csv", cell("outcome", "splendid")),
    "scopes: a column gone": table("scopes.csv", without("outcome")),
    "inputs: sales empty": content("inputs/sales.parquet", b""),
    "inputs: sales cut": half("inputs/sales.parquet"),
    "inputs: areas cut": half("inputs/areas.parquet"),
    "inputs: areas gone": gone("inputs/areas.parquet"),
    "inputs: another code": table("inputs/sales.parquet", cell("adcode", "999999")),
    "inputs: a column gone": table("inputs/sales.parquet", without("vehicles")),
    "inputs: text for a number": table("inputs/demand.parquet", lambda frame: frame.assign(weight="much")),
    "inputs: notes cut": half("inputs/notes.parquet"),
    "inputs: files without content": content("inputs/files.parquet", b"PAR1"),
    "inputs: geometry cut": table(
        "inputs/areas.parquet", lambda frame: frame.assign(geometry=[b"\x01\x06"] * len(frame))
    ),
    "inputs: rules cut": half("inputs/rules.toml"),
    "inputs: rules gone": gone("inputs/rules.toml"),
    "inputs: scenario binary": content("inputs/scenario.toml", b"\xff\x00\xfe"),
    "inputs: no folder": lambda folder: shutil.rmtree(folder / "inputs"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_said_in_sentences(folder: Path, damage: Damage) -> None:
    damage(folder)
    try:
        said = [verify(folder)]
    except InputError as error:
        said = list(error.messages)
    assert said
    assert all(message is not None and str(message).endswith(".") for message in said)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (twice("findings.csv"), f"finding of rule presence, =1+1, {B} is there twice"),
        (table("findings.csv", cell("adcode", "999999")), "is missing"),
        (table("plan.csv", cell("area", "elsewhere")), "'area' of outlet"),
        (table("plan.csv", cell("name", "Palace")), "'name' of outlet"),
        (table("plan.csv", cell("adcode", A)), "'adcode' of outlet"),
        (table("plan.csv", cell("enterprises", "Nobody")), "is for 'Nobody', which sells nothing"),
        (table("plan.csv", cell("stock_cap_t", "500")), "'stock_cap_t' of outlet"),
        (figure("limited", True), "summary.json"),
    ],
)
def test_what_was_changed_is_named(folder: Path, damage: Damage, words: str) -> None:
    damage(folder)
    assert words in str(verify(folder))


def test_scopes_are_not_needed(folder: Path, placed: Study) -> None:
    (folder / "scopes.csv").unlink()
    assert verify(folder) is None
    again = read_study(folder)
    assert again.placement is not None
    assert again.placement.outcome == "optimal"
    pd.testing.assert_frame_equal(again.findings, placed.findings)


def test_text_that_looks_like_a_formula_is_disarmed_and_read_back(folder: Path, placed: Study) -> None:
    for name, column in (
        ("findings.csv", "enterprise"),
        ("plan.csv", "enterprises"),
        ("scopes.csv", "enterprise"),
    ):
        cells = pd.read_csv(folder / name, dtype=str)
        assert "'=1+1" in set(cells[column])
        assert not cells.apply(lambda values: values.astype(str).str.startswith(("=", "+", "@"))).any(
            axis=None
        )
    assert "=1+1" in set(read_plan(folder)["enterprises"])
    assert read_plan(folder)["enterprises"].tolist() == placed.new_outlets["enterprises"].tolist()
    assert verify(folder) is None


def test_a_line_break_in_a_name_is_kept(tmp_path: Path) -> None:
    tables = worlds.tables([A], [("-M\rN\n", A, 250)])
    write_study(place_study(tables, RULES, worlds.scenario()), tmp_path / "study", translator("en"))
    assert verify(tmp_path / "study") is None
    assert set(read_plan(tmp_path / "study")["enterprises"]) == {"-M\rN\n"}


def test_a_check_verifies_without_a_plan(tmp_path: Path) -> None:
    tables = worlds.tables([A, B], [("M", A, 250)])
    write_study(check_study(tables, RULES, worlds.scenario()), tmp_path / "study", translator("en"))
    assert verify(tmp_path / "study") is None
