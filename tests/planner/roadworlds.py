"""Small worlds with roads: a grid of streets over the squares of `worlds`, with gaps and one-way streets."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from geodata.reach import great_circle_km
from geodata.roadnetwork import RoadNetwork, network_from_arrays
from geodata.schemas import Tables
from planner.scenario import Scenario
from tests.planner import worlds

WIDTH, HEIGHT = 10, 4
STEP = 0.2
KMH = 60.0


def crossing(column: int, row: int) -> tuple[float, float]:
    """Longitude and latitude of a crossing; the first five columns lie in the first square."""
    return round(100.1 + STEP * column, 6), round(30.2 + STEP * row, 6)


def streets() -> list[tuple[int, int]]:
    """Every street of the grid as a pair of crossings, numbered row by row."""
    at = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
    across = zip(at[:, :-1].ravel().tolist(), at[:, 1:].ravel().tolist(), strict=True)
    along = zip(at[:-1].ravel().tolist(), at[1:].ravel().tolist(), strict=True)
    return [*across, *along]


def roads(
    missing: Collection[int] = (), one_way: Collection[int] = (), kmh: float = KMH, name: str = "grid.osm.pbf"
) -> RoadNetwork:
    """The grid without the streets at `missing`, driven in one direction only at `one_way`."""
    places = np.array([crossing(at % WIDTH, at // WIDTH) for at in range(WIDTH * HEIGHT)])
    edges = [pair for at, pair in enumerate(streets()) if at not in missing]
    edges += [
        (head, tail) for at, (tail, head) in enumerate(streets()) if at not in missing and at not in one_way
    ]
    tail, head = np.array(edges).T
    km = great_circle_km(*places[tail].T, *places[head].T)
    lon, lat = places.T
    return network_from_arrays(
        np.arange(len(places)), lon, lat, tail, head, 1000 * km, 3600 * km / kmh, name=name
    )


def tables(
    sold: Iterable[tuple[object, ...]],
    points: Iterable[tuple[str, int, int, float]],
    standing: Iterable[tuple[str, int, int]] = (),
    network: RoadNetwork | None = None,
) -> Tables:
    """Two squares; points are (adcode, column, row, weight), outlets (adcode, column, row), at crossings."""
    demand = worlds.demand([(adcode, *crossing(x, y), weight) for adcode, x, y, weight in points])
    outlets = [worlds.at(adcode, *crossing(x, y)) for adcode, x, y in standing]
    codes = [worlds.code(1), worlds.code(2)]
    return replace(worlds.tables(codes, sold, outlets, demand), roads=roads() if network is None else network)


def scenario(metric: str = "road-min", **parts: object) -> Scenario:
    return worlds.scenario(metric=metric, **parts)
