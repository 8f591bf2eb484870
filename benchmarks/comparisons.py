"""What is compared with what: the instances, the peers on each, and the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Request

SPOPT = ("spopt-highs", "spopt-cbc")
COMPACT = ("pulp-highs", "pulp-cbc", "highspy")
PEERS = (*SPOPT, *COMPACT)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of the table for every peer: the same instances, ours and theirs.

    Attributes
    ----------
    name : str
        As the table shows it.
    kind, arguments
        As in `Request`; `seed` is added.
    seeds : sequence of int
        The medians are over them.
    peers : sequence of str
        As in `Request.how`.
    limit, peer_limit : float
        Seconds for ours and for each peer.
    gap : float
        For both.
    """

    name: str
    kind: str
    arguments: dict[str, Any]
    seeds: Sequence[int]
    peers: Sequence[str] = ()
    limit: float = 60.0
    peer_limit: float = 300.0
    gap: float = 1e-4

    def request(self, how: str, seed: int) -> Request:
        """Return the request of one measurement."""
        own = how == "ours" or how.startswith("dask")
        arguments = self.arguments if self.kind == "file" else {**self.arguments, "seed": seed}
        return Request(self.kind, arguments, how, self.limit if own else self.peer_limit, self.gap)


@dataclass(frozen=True, slots=True)
class Curve:
    """Ours alone along one axis: sizes, or time limits in seconds."""

    name: str
    axis: str
    steps: tuple[tuple[float, Comparison], ...]


TITLES = {
    "mclp": "MCLP",
    "million": "MCLP 1,000,000 × 1,000, p = 50",
    "lscp": "LSCP",
    "capacitated_equal": "LSCP with equal capacities",
    "capacitated_random": "LSCP with random capacities and costs",
    "p_median": "p-median",
}


def size(points: int, sites: int, most: int | None = None) -> dict[str, Any]:
    """Return the arguments of an instance of this size."""
    return {"points": points, "sites": sites} | ({} if most is None else {"most": most})


def compare(
    kind: str, arguments: dict[str, Any], seeds: Sequence[int], peers: Sequence[str] = (), **limits: Any
) -> Comparison:
    """Return a comparison named by its kind, size and limit."""
    name = TITLES[kind]
    if "points" in arguments:
        name += f" {arguments['points']:,} × {arguments['sites']:,}"
    if "most" in arguments:
        name += f", p = {arguments['most']}"
    if kind == "million":
        name += f", {'clustered' if arguments else 'uniform'}, {limits['limit']:g} s"
    return Comparison(name, kind, arguments, seeds, peers, **limits)


def prefectures(count: int, peers: Sequence[str] = (), limit: float = 60.0, suffix: str = "") -> Comparison:
    """Return a comparison over many problems at once, each to 0.5 %."""
    return Comparison(
        f"{count} prefectures 500 × 60{suffix}",
        "prefectures",
        {"count": count},
        (0,),
        peers,
        peer_limit=limit,
        gap=0.005,
    )


def quick() -> list[Comparison]:
    """Return comparisons that end within ten minutes, each on one small instance."""
    limits: dict[str, Any] = {"limit": 20.0, "peer_limit": 30.0}
    return [
        compare("mclp", size(1_000, 100, 10), (1,), PEERS, **limits),
        compare("lscp", size(1_000, 100), (1,), PEERS, **limits),
        compare("capacitated_equal", size(600, 60), (1,), PEERS, **limits),
        compare("capacitated_random", size(600, 60), (1,), COMPACT, **limits),
        compare("p_median", size(500, 50, 8), (1,), PEERS, **limits),
        prefectures(8, ("pulp-highs",), 20.0),
        compare("mclp", size(100_000, 1_000, 50), (1,), **limits),
    ]


def full() -> list[Comparison]:
    """Return the comparisons of the usual sizes, with the peers where they can end."""
    one, three, seven = (1,), (1, 2, 3), tuple(range(1, 8))
    clustered = {"clustered": True}
    return [
        compare("mclp", size(10_000, 500, 25), three, (*SPOPT, "pulp-cbc", "highspy"), peer_limit=120.0),
        compare("lscp", size(10_000, 500), three, (*SPOPT, "highspy"), peer_limit=150.0),
        compare("capacitated_equal", size(5_000, 300), one, (*SPOPT, "highspy"), peer_limit=240.0),
        compare("capacitated_equal", size(10_000, 500), three),
        compare("capacitated_equal", size(50_000, 1_000), three),
        compare("capacitated_random", size(5_000, 300), seven, ("highspy",), peer_limit=60.0),
        compare("p_median", size(10_000, 500, 25), three, limit=90.0),
        prefectures(333, ("pulp-highs",), 10.0),
        compare("million", {}, three, limit=30.0),
        compare("million", clustered, three, limit=30.0),
        compare("million", {}, three, limit=90.0),
        compare("million", clustered, three, limit=90.0),
        compare("p_median", size(1_000, 100, 10), one, PEERS, peer_limit=120.0),
    ]


def clusters(count: int) -> list[Comparison]:
    """Return the same prefectures here, and on local Dask clusters of one and two workers."""
    return [prefectures(count, ("dask-1", "dask-2"), suffix=" on a cluster")]


def orlib(folder: Path) -> list[Comparison]:
    """Return one comparison for every OR-Library file in a folder."""
    return [
        Comparison(path.stem, "file", {"path": str(path.resolve())}, (0,), limit=120.0)
        for path in sorted(folder.glob("*.txt"), key=lambda path: (len(path.stem), path.stem))
    ]


def curves(*, everything: bool) -> list[Curve]:
    """Return cost against the number of prefectures, and gap against time."""
    counts = (50, 100, 200, 333, 500, 1_000) if everything else (4, 8, 16)
    seconds = (5.0, 10.0, 30.0, 90.0) if everything else (2.0, 5.0, 10.0)
    hard = size(5_000, 300) if everything else size(1_000, 80)
    result = [
        Curve("Prefectures", "prefectures", tuple((float(n), prefectures(n)) for n in counts)),
        _over_time("capacitated_random", hard, seconds),
    ]
    if everything:
        result.append(_over_time("lscp", size(10_000, 500), (1.0, 2.0, 5.0)))
        result.append(_over_time("million", {}, seconds))
        result.append(_over_time("million", {"clustered": True}, seconds))
    return result


def _over_time(kind: str, arguments: dict[str, Any], seconds: Sequence[float]) -> Curve:
    steps = tuple((limit, compare(kind, arguments, (1,), limit=limit)) for limit in seconds)
    return Curve(steps[0][1].name.removesuffix(f", {seconds[0]:g} s"), "seconds", steps)


def growing(*, everything: bool) -> list[tuple[float, Comparison]]:
    """Return MCLPs of growing size for the picture, by their demand points."""
    steps = [(300, 50, 5), (1_000, 100, 10), (3_000, 200, 15)]
    if everything:
        steps += [(10_000, 500, 25), (100_000, 1_000, 50), (1_000_000, 1_000, 50)]
    peers = ("spopt-cbc", "pulp-highs", "highspy")
    limit = 120.0 if everything else 30.0
    return [
        (
            float(points),
            compare(
                "mclp",
                size(points, sites, most),
                (1,),
                peers if points <= 10_000 else (),
                peer_limit=limit,
            ),
        )
        for points, sites, most in steps
    ]
