"""The tables of docs/performance.md."""

from __future__ import annotations

from benchmarks.cases import read_optima
from benchmarks.comparisons import Comparison
from benchmarks.runner import FAILED, Median

__all__ = ["compared", "curve_table", "published", "read_optima"]

LABELS = {
    "ours": "ours",
    "spopt-highs": "spopt, HiGHS",
    "spopt-cbc": "spopt, CBC",
    "pulp-highs": "compact, PuLP + HiGHS",
    "pulp-cbc": "compact, PuLP + CBC",
    "highspy": "compact, highspy",
    "dask-1": "Dask, 1 worker",
    "dask-2": "Dask, 2 workers",
}
HEAD = (
    "| instance | ours s | objective | bound | gap | MB | peer | peer s | objective | MB | times as long |\n"
    "|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|\n"
)


def compared(rows: list[tuple[Comparison, list[Median]]]) -> str:
    """Return the table of comparisons, one row per peer."""
    lines = []
    for comparison, (ours, *peers) in rows:
        lines += [_row(comparison, ours, peer) for peer in peers] or [_row(comparison, ours, None)]
    return HEAD + "\n".join(lines)


def _row(comparison: Comparison, ours: Median, peer: Median | None) -> str:
    seeds = f" ({len(comparison.seeds)} seeds)" if len(comparison.seeds) > 1 else ""
    own = [
        comparison.name + seeds,
        seconds(ours),
        number(ours.of("objective")),
        number(ours.of("bound")),
        share(ours.of("gap")),
        number(ours.of("megabytes"), 0),
    ]
    if peer is None:
        return "| " + " | ".join([*own, "", "", "", "", ""]) + " |"
    other = [
        LABELS[peer.how],
        seconds(peer),
        number(peer.of("objective")),
        number(peer.of("megabytes"), 0),
        ratio(ours, peer),
    ]
    return "| " + " | ".join([*own, *other]) + " |"


def seconds(way: Median) -> str:
    """Return the median seconds; where not every seed is proven, how many are."""
    shown = number(way.of("seconds"))
    total = len(way.results)
    if any(FAILED in one.notes for one in way.results):
        return FAILED
    if not way.solved:
        return f"none in {number(way.of('seconds'), 0)}"
    return shown if way.proven == total else f"{shown} ({way.proven} of {total} proven)"


def ratio(ours: Median, peer: Median) -> str:
    """Return the median over the seeds of peer's time by ours; `≥` where the peer proved nothing."""
    if any(FAILED in one.notes for one in (*ours.results, *peer.results)):
        return ""
    pairs = zip(ours.results, peer.results, strict=True)
    values = sorted(theirs.seconds / max(mine.seconds, 1e-6) for mine, theirs in pairs)
    middle = values[len(values) // 2]
    return f"{'' if peer.proven == len(peer.results) else '≥ '}{middle:.3g}"


def curve_table(axis: str, steps: list[tuple[float, Median]]) -> str:
    """Return what one curve passes through."""
    lines = [f"| {axis} | s | objective | bound | gap | MB |", "|--:|--:|--:|--:|--:|--:|"]
    for step, way in steps:
        cells = [
            f"{step:g}",
            number(way.of("seconds")),
            number(way.of("objective")),
            number(way.of("bound")),
            share(way.of("gap")),
            number(way.of("megabytes"), 0),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def published(rows: list[tuple[Comparison, list[Median]]], optima: dict[str, float]) -> str:
    """Return ours on the files of a folder, beside the published optima."""
    lines = ["| file | published | ours | bound | gap | s | proven |", "|---|--:|--:|--:|--:|--:|---|"]
    for comparison, (ours, *_) in rows:
        cells = [
            comparison.name,
            number(optima.get(comparison.name)),
            number(ours.of("objective")),
            number(ours.of("bound")),
            share(ours.of("gap")),
            number(ours.of("seconds")),
            "yes" if ours.proven else "no",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def number(value: float | None, digits: int = 2) -> str:
    """Return a number for a cell: whole where it is, empty where there is none."""
    if value is None:
        return ""
    return (
        f"{value:,.0f}" if abs(value - round(value)) < 1e-6 or abs(value) >= 1e5 else f"{value:,.{digits}f}"
    )


def share(value: float | None) -> str:
    """Return a gap as a percentage."""
    return "" if value is None else f"{100 * value:.3f} %"
