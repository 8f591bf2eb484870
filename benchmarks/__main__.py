"""`python -m benchmarks`: run the comparisons, print them, write docs/performance.md and its picture."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import comparisons, tables
from benchmarks.comparisons import Comparison
from benchmarks.page import write_part
from benchmarks.picture import draw
from benchmarks.runner import Median, Runner, names

DOCS = Path(__file__).parents[1] / "docs"
STORE = Path(__file__).parents[1] / "out" / "benchmarks.jsonl"


def main(
    everything: Annotated[bool, typer.Option("--full", help="All sizes; else those of ten minutes.")] = False,
    only: Annotated[str, typer.Option(help="Only comparisons whose name begins so; no page.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Keep what earlier runs measured.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Measure nothing: write what is known.")] = False,
    peer_python: Annotated[str, typer.Option(help="The interpreter that has spopt.")] = "",
    orlib: Annotated[Path | None, typer.Option(help="A folder of OR-Library files.")] = None,
    out: Annotated[Path, typer.Option(help="Where performance.md and its picture are.")] = DOCS,
) -> None:
    """Compare the engine with its peers."""
    runner = Runner(peer_python, STORE, measures=not page)
    if resume or page:
        runner.resume()
    if only:
        chosen = _compared(everything) + ([] if orlib is None else comparisons.orlib(orlib))
        chosen += [step for curve in comparisons.curves(everything=everything) for _, step in curve.steps]
        chosen += [one for _, one in comparisons.growing(everything=everything)]
        _table(runner, names(chosen, only), tables.compared)
        return
    parts = [f"{machine()} `make {'bench-full' if everything else 'bench'}`."]
    parts += ["### Ours and the peers", _table(runner, _compared(everything), tables.compared)]
    if orlib is not None:
        optima = tables.read_optima(orlib)
        found = _table(runner, comparisons.orlib(orlib), lambda rows: tables.published(rows, optima))
        parts += ["### OR-Library", found]
    for curve in comparisons.curves(everything=everything):
        steps = [(at, runner.compare(step)) for at, step in curve.steps]
        if not any(ways for _, ways in steps):
            continue
        found = tables.curve_table(curve.axis, [(at, ways[0]) for at, ways in steps if ways])
        print(f"\n{curve.name}\n{found}", flush=True)
        parts += [f"### {curve.name}, by {curve.axis}", found]
    growing = [(points, runner.compare(one)) for points, one in comparisons.growing(everything=everything)]
    draw([(points, ways) for points, ways in growing if ways], out / "performance.svg")
    written = out / "performance.md"
    write_part("measured", "\n\n".join(parts), written)
    print(f"Written: {written}")


def _compared(everything: bool) -> list[Comparison]:
    chosen = comparisons.full() if everything else comparisons.quick()
    return chosen + comparisons.clusters(333 if everything else 8)


def _table(
    runner: Runner,
    chosen: list[Comparison],
    table: Callable[[list[tuple[Comparison, list[Median]]]], str],
) -> str:
    """Run the comparisons, printing each as it ends, and return their table."""
    rows = []
    for comparison in chosen:
        ways = runner.compare(comparison)
        if not ways:
            continue
        rows.append((comparison, ways))
        print("\n".join(table(rows[-1:]).splitlines()[0 if len(rows) == 1 else 2 :]), flush=True)
    return table(rows)


def machine() -> str:
    """Return a sentence on where this was measured."""
    parts = ", ".join(f"{name} {version(name)}" for name in ("pulp", "highspy", "numpy", "scipy"))
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {parts};"


if __name__ == "__main__":
    typer.run(main)
