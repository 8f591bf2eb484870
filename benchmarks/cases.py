"""Instances to measure on, as plain arrays: synthetic ones from a seed, the OR-Library's from a folder.

Demand points and sites lie in a square of 100 × 100; every function is pure, so that a seed names an
instance for good. Nothing here knows the engine: its peers draw the same instances in environments of
their own.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
Csr: TypeAlias = Any  # scipy.sparse.csr_array: scipy ships no types

SIDE = 100.0
CLUSTERS = 40
SPREAD = 4.0  # standard deviation of a cluster
BLOCK = 50_000  # demand points paired at a time: bounds the memory of a million

# Of a synthetic prefecture.
EXISTING = 8
AT_LEAST = 14
SHARE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Demand points (I, 2) with their weights (I,), and sites (J, 2)."""

    points: FloatArray
    weight: FloatArray
    sites: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A location problem before anyone has modelled it.

    Attributes
    ----------
    objective : str
        cost, coverage, distance or total.
    weight : float array (I,)
        Demand.
    points, sites : float arrays (I, 2) and (J, 2), or None
        Places; without them `distance` is given.
    distance : float array (I, J) or None
        Distances of all pairs.
    radius : float
        Pairs farther apart serve nobody; infinity: all pairs.
    most : int or None
        Most outlets to open.
    capacity, cost : float arrays (J,) or None
        Of an outlet; None: unlimited, and 1.
    fixed : int array (J,) or None
        Outlets that exist: 0 or 1.
    at_least : int
        Least outlets, existing ones included.
    floor : float
        Share of the weight to be served, of the objectives cost and total.
    """

    objective: str
    weight: FloatArray
    points: FloatArray | None = None
    sites: FloatArray | None = None
    distance: FloatArray | None = None
    radius: float = math.inf
    most: int | None = None
    capacity: FloatArray | None = None
    cost: FloatArray | None = None
    fixed: IntArray | None = None
    at_least: int = 0
    floor: float = 1.0

    def matrix(self) -> FloatArray:
        """Return the distances of all pairs, dense (I, J)."""
        if self.distance is not None:
            return self.distance
        return np.asarray(cdist(self.points, self.sites), dtype=np.float64)

    def pairs(self) -> Csr:
        """Return the usable pairs with their distances, csr (I, J)."""
        if self.points is None or self.sites is None or math.isinf(self.radius):
            return full_pairs(self.matrix())
        return pairs_within(self.points, self.sites, self.radius)


def places(seed: int, points: int, sites: int, *, clustered: bool = False, among: bool = False) -> Places:
    """Return demand points and sites in the square.

    Parameters
    ----------
    seed, points, sites : int
        The instance's number, I and J.
    clustered : bool
        Points and sites around 40 Gaussian centres in place of uniform ones.
    among : bool
        Sites are a random subset of the demand points.

    Returns
    -------
    Places
        Weights are whole numbers from 1 to 100.
    """
    random = np.random.default_rng(seed)
    centres = random.uniform(0.0, SIDE, (CLUSTERS, 2))

    def spots(count: int) -> FloatArray:
        if not clustered:
            return random.uniform(0.0, SIDE, (count, 2))
        around = centres[random.integers(0, CLUSTERS, count)] + random.normal(0.0, SPREAD, (count, 2))
        return np.clip(around, 0.0, SIDE)

    demand = spots(points)
    weight = random.integers(1, 101, points).astype(np.float64)
    chosen = demand[random.choice(points, sites, replace=False)] if among else spots(sites)
    return Places(demand, weight, chosen)


def usual_radius(sites: int) -> float:
    """Return 8 for 500 sites, scaled so that a point reaches about ten sites of any number."""
    return 8.0 * math.sqrt(500 / sites)


def pairs_within(points: FloatArray, sites: FloatArray, radius: float) -> Csr:
    """Return the distances of all pairs at most `radius` apart, csr (I, J) with 32-bit indices.

    Points are taken in blocks, so that the pairs are the only large thing in memory.
    """
    tree = KDTree(sites)
    starts = range(0, len(points), BLOCK)
    # a shade more than the radius: room for ties, cut off at the end
    room = sum(
        int(tree.count_neighbors(KDTree(points[start : start + BLOCK]), radius * (1 + 1e-9) + 1e-12))
        for start in starts
    )
    kind = np.int32 if room < np.iinfo(np.int32).max else np.int64
    distances, near, indptr, end = np.empty(room), np.empty(room, kind), np.zeros(len(points) + 1, kind), 0
    for start in starts:
        part = points[start : start + BLOCK]
        found, order, counts = _block(part, tree, radius)
        distances[end : end + len(found)] = found["v"][order]
        near[end : end + len(found)] = found["j"][order]
        indptr[start + 1 : start + 1 + len(part)] = end + np.cumsum(counts)
        end += len(found)
    return sparse.csr_array((distances[:end], near[:end], indptr), shape=(len(points), len(sites)))


def _block(points: FloatArray, tree: KDTree, radius: float) -> tuple[Any, IntArray, IntArray]:
    """Return pairs in any order, their order by point and site, and the count of each point."""
    found = KDTree(points).sparse_distance_matrix(tree, radius, output_type="ndarray")
    # stable sorts of 16-bit numbers count and never compare
    order = np.argsort(found["j"].astype(np.min_scalar_type(tree.n)), kind="stable")
    row = found["i"].astype(np.min_scalar_type(len(points)))[order]
    return found, order[np.argsort(row, kind="stable")], np.bincount(found["i"], minlength=len(points))


def full_pairs(distance: FloatArray) -> Csr:
    """Return a dense distance matrix (I, J) as csr with every pair stored, zeros included."""
    points, sites = distance.shape
    indices = np.tile(np.arange(sites, dtype=np.int32), points)
    indptr = np.arange(points + 1, dtype=np.int32) * np.int32(sites)
    return sparse.csr_array((distance.ravel(), indices, indptr), shape=distance.shape)


def mclp(
    seed: int, points: int = 10_000, sites: int = 500, most: int = 25, *, clustered: bool = False
) -> Case:
    """Return a maximal covering problem: at most `most` outlets."""
    drawn = places(seed, points, sites, clustered=clustered)
    return Case(
        "coverage", drawn.weight, drawn.points, drawn.sites, radius=usual_radius(sites), most=most, floor=0.0
    )


def million(seed: int, *, clustered: bool = False) -> Case:
    """Return the maximal covering problem of a million demand points, 1,000 sites, 50 outlets."""
    return mclp(seed, 1_000_000, 1_000, 50, clustered=clustered)


def lscp(seed: int, points: int = 10_000, sites: int = 500, *, clustered: bool = False) -> Case:
    """Return a set covering problem; points that no site covers are left out."""
    drawn = places(seed, points, sites, clustered=clustered)
    radius = usual_radius(sites)
    coverable = KDTree(drawn.sites).query(drawn.points)[0] <= radius
    return Case("cost", drawn.weight[coverable], drawn.points[coverable], drawn.sites, radius=radius)


def capacitated_equal(seed: int, points: int = 5_000, sites: int = 300) -> Case:
    """Return a capacitated set covering problem: all capacities three mean loads."""
    drawn = places(seed, points, sites)
    capacity = np.full(sites, 3.0 * drawn.weight.sum() / sites)
    return Case(
        "cost", drawn.weight, drawn.points, drawn.sites, radius=_roomy_radius(drawn), capacity=capacity
    )


def capacitated_random(seed: int, points: int = 5_000, sites: int = 300, *, whole: bool = True) -> Case:
    """Return a capacitated set covering problem with random capacities and costs.

    Capacities are 1.5 to 5 mean loads, costs 20 to 100, whole numbers if `whole`.
    """
    drawn = places(seed, points, sites)
    random = np.random.default_rng([seed, 1])
    capacity = random.uniform(1.5, 5.0, sites) * drawn.weight.sum() / sites
    cost = random.integers(20, 101, sites).astype(np.float64) if whole else random.uniform(20.0, 100.0, sites)
    return Case(
        "cost",
        drawn.weight,
        drawn.points,
        drawn.sites,
        radius=_roomy_radius(drawn),
        capacity=capacity,
        cost=cost,
    )


def _roomy_radius(drawn: Places) -> float:
    """Return a radius at which every point has a site, with three times the usual pairs at least."""
    nearest = KDTree(drawn.sites).query(drawn.points)[0].max()
    return max(math.sqrt(3.0) * usual_radius(len(drawn.sites)), 1.2 * float(nearest))


def p_median(
    seed: int, points: int = 10_000, sites: int = 500, most: int = 25, *, clustered: bool = False
) -> Case:
    """Return a p-median problem over every pair."""
    drawn = places(seed, points, sites, clustered=clustered)
    return Case("distance", drawn.weight, drawn.points, drawn.sites, most=most)


def prefecture(seed: int, points: int = 500, sites: int = 60) -> Case:
    """Return one synthetic prefecture: the fewest outlets that serve 90 % of the volume.

    Sites lie at demand points; 8 outlets exist and 14 are the least. The capacity of an outlet is
    2 % to 10 % of the volume, so that about half of them need more than the least number says. The reach is
    a fifth of the square, wider where 97 % of the volume would not have a site that near.
    """
    drawn = places(seed, points, sites, clustered=True, among=True)
    random = np.random.default_rng([seed, 2])
    nearest = KDTree(drawn.sites).query(drawn.points)[0]
    order = np.argsort(nearest)
    share = np.cumsum(drawn.weight[order]) / drawn.weight.sum()
    needed = float(nearest[order][min(int(np.searchsorted(share, 0.97)), points - 1)])
    fixed = np.zeros(sites, dtype=np.int64)
    fixed[random.choice(sites, min(EXISTING, sites), replace=False)] = 1
    return Case(
        "cost",
        drawn.weight,
        drawn.points,
        drawn.sites,
        radius=max(0.2 * SIDE, needed),
        capacity=random.uniform(0.02, 0.10, sites) * drawn.weight.sum(),
        fixed=fixed,
        at_least=min(AT_LEAST, sites),
        floor=SHARE,
    )


def read_warehouses(path: Path, capacity: float | None = None) -> Case:
    """Return an OR-Library warehouse location file (cap*, capa-c, uncap), for the objective `total`.

    Parameters
    ----------
    path : Path
        The file. Its costs are for serving all of a customer's demand; ours are per unit of it.
    capacity : float, optional
        Of every warehouse, for the files that hold the word `capacity` in its place (capa-c).
    """
    words = iter(path.read_text(encoding="utf-8").split())
    sites, points = int(next(words)), int(next(words))
    table = np.array([[_capacity(next(words), capacity), float(next(words))] for _ in range(sites)])
    demand, cost = np.zeros(points), np.zeros((points, sites))
    for point in range(points):
        demand[point] = float(next(words))
        cost[point] = [float(next(words)) for _ in range(sites)]
    unit = np.where(demand > 0, demand, 1.0)[:, None]
    return Case("total", demand, distance=cost / unit, capacity=table[:, 0], cost=table[:, 1])


def _capacity(word: str, given: float | None) -> float:
    if word != "capacity":
        return float(word)
    if given is None:
        raise ValueError("the file leaves the capacity open; give it.")
    return given


def read_medians(path: Path) -> Case:
    """Return an OR-Library p-median file (pmed*), for the objective `distance`.

    The file is an undirected graph: distances are its shortest paths, a later edge overrides an
    earlier one.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    nodes, _, most = (int(word) for word in lines[0].split())
    edges = np.full((nodes, nodes), np.inf)
    for a, b, length in _edges(lines[1:]):
        edges[a - 1, b - 1] = edges[b - 1, a - 1] = length
    return Case("distance", np.ones(nodes), distance=shortest_path(edges), most=most)


def _edges(lines: list[str]) -> Iterator[tuple[int, int, int]]:
    for line in lines:
        if line.strip():
            a, b, length = (int(word) for word in line.split()[:3])
            yield a, b, length


def read_case(path: Path) -> Case:
    """Return an OR-Library file by the kind that its name tells."""
    return read_medians(path) if path.name.startswith("pmed") else read_warehouses(path)


def read_optima(folder: Path) -> dict[str, float]:
    """Return the published optimum of every instance in `optima.csv` of the folder."""
    with (folder / "optima.csv").open(encoding="utf-8") as lines:
        return {row["instance"]: float(row["optimum"]) for row in csv.DictReader(lines)}
