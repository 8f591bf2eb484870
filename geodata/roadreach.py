"""Which points lie within reach of which by road, in kilometres or minutes."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from geodata.reach import Detour, FloatArray, IndexArray, nearest_pairs, pairs_within, road_like_km, union
from geodata.reach import TravelUnit as TravelUnit
from geodata.remembered import Remembered
from geodata.roadlinks import Joints
from geodata.roadnetwork import RoadNetwork
from geodata.roadsearch import Found, RoadGraph, csr_of, found_in, grained
from geodata.snapping import Snapped, Streets

if TYPE_CHECKING:
    import geopandas as gpd

_SNAPPED_BYTES, _ROW_BYTES = 64_000_000, 200_000_000
_DOUBLINGS = 6  # of the limit, before the nearest are looked for without one


class Direction(StrEnum):
    """Which way is meant: to the outlet, back from it, or the mean of the two."""

    TO = "to"
    BACK = "back"
    BOTH = "both"

    @property
    def ways(self) -> tuple[bool, ...]:
        """The ways that count: whether each leads to the outlet."""
        return {"to": (True,), "back": (False,)}.get(self.value, (True, False))


@dataclass(frozen=True, slots=True)
class RoadOptions:
    """How places and roads are joined.

    Attributes
    ----------
    snap_km
        A place farther than this from every road is off the network.
    access_kmh
        Speed on the straight leg between a place and the road (assumed).
    fallback_kmh
        Speed where an end is off the network, over road-like kilometres (assumed).
    direction
        Which way is meant.
    detour
        What a way off the network is longer than the great circle, as `geodata.reach.pairs_within` takes it.
    """

    snap_km: float = 2.0
    access_kmh: float = 20.0
    fallback_kmh: float = 40.0
    direction: Direction = Direction.TO
    detour: Detour = road_like_km


class RoadReach:
    """A road network made ready for searches; threads may share it.

    A way takes the straight leg to the nearest point of the nearest street, the least that the roads take
    from there in the direction driven, and the straight leg at the other end. Where an end is off the
    network, it takes the straight line times the detour; where no road leads, there is no pair. Nothing is to
    be travelled between places at the same coordinates.

    Parameters
    ----------
    network
        The roads.
    options
        How places and roads are joined.
    """

    def __init__(self, network: RoadNetwork, options: RoadOptions | None = None) -> None:
        self.network, self.options = network, options or RoadOptions()
        self.streets = Streets(network)
        self._lock = Lock()
        self._graphs: dict[TravelUnit, tuple[RoadGraph, FloatArray]] = {}
        self._snapped: Remembered[Snapped] = Remembered(_SNAPPED_BYTES)
        self._rows: Remembered[tuple[float, IndexArray, FloatArray]] = Remembered(_ROW_BYTES)

    def __reduce__(self) -> tuple[type["RoadReach"], tuple[RoadNetwork, RoadOptions]]:
        return RoadReach, (self.network, self.options)

    def within(
        self, points: FloatArray, places: FloatArray, limit: float, unit: TravelUnit
    ) -> sparse.csr_array:
        """Return every pair of a point and a place at most `limit` apart.

        Parameters
        ----------
        points, places
            Shapes (I, 2) and (J, 2): longitude and latitude, WGS-84 degrees. One with NaN has no pair.
        limit
            In `unit`, inclusive; of the mean of both ways where both are meant.
        unit
            What is counted.

        Returns
        -------
        scipy.sparse.csr_array
            Shape (I, J), float64 in `unit`, column indices sorted. Stored entries are the pairs; zeros count.
        """
        points, places = _lonlat(points), _lonlat(places)
        roads = self._remembered(points, places, limit, unit)
        straight = [part for part in self._straight(points, places, limit, unit) if part.nnz]
        return reduce(union, straight, roads)

    def nearest(self, points: FloatArray, places: FloatArray, k: int, unit: TravelUnit) -> sparse.csr_array:
        """Return each point with its `k` nearest places, as many as can be reached.

        Of places equally far by road the first are taken. Shapes, units and storage are those of `within`.
        """
        points, places = _lonlat(points), _lonlat(places)
        shape, k = (len(points), len(places)), min(k, len(places))
        if k <= 0 or not len(points):
            return sparse.csr_array(shape, dtype=np.float64)
        parts = self._nearest_by_road(points, places, k, unit)
        for from_off in (True, False):
            ends = self._off_pairs(points, places, from_off)
            parts.append(found_in(self._in_unit(nearest_pairs(*ends, k, detour=self.options.detour), unit)))
        return csr_of([_first_of_rows(parts, k)], shape)

    def routes(self, origins: FloatArray, targets: FloatArray, unit: TravelUnit) -> "gpd.GeoDataFrame":
        """Return the shortest way of each origin and its target, to or fro as the options' direction says.

        Parameters
        ----------
        origins, targets
            Shapes (R, 2), WGS-84 degrees: points, and the place of each.
        unit
            What is to be least.

        Returns
        -------
        geopandas.GeoDataFrame
            R rows, EPSG:4326: `km` and `minutes` of the way, of both ways their means; `on_road`, whether
            both ends are on the network; `geometry`, the line as it is travelled from end to end, of both
            ways there and back. Without a way km and minutes are NaN, and there is no line.
        """
        from geodata.routes import route_table  # a table of shapes is needed by maps only

        return route_table(self, _lonlat(origins), _lonlat(targets), unit)

    def snapped(self, lonlat: FloatArray) -> Snapped:
        """Return where places (P, 2), WGS-84, join the roads."""
        lonlat = _lonlat(lonlat)
        key = _digest(lonlat)
        known = self._snapped.get(key)
        if known is None:
            known = self.streets.snap(lonlat, self.options.snap_km)
            self._snapped.put(key, known, 48 * len(lonlat))
        return known

    def graph(self, unit: TravelUnit) -> tuple[RoadGraph, FloatArray]:
        """Return the graph that is searched for `unit`, and what each edge takes (M,)."""
        with self._lock:
            if unit not in self._graphs:
                per = self.network.length_m / 1000.0 if unit is TravelUnit.KM else self.network.seconds / 60.0
                cost = grained(per)
                self._graphs[unit] = RoadGraph(self.network, cost), cost
            return self._graphs[unit]

    def joints(self, lonlat: FloatArray, unit: TravelUnit) -> Joints:
        """Return how places (P, 2), WGS-84, hang on the roads, in `unit`."""
        snapped = self.snapped(lonlat)
        access = snapped.off_km * (1.0 if unit is TravelUnit.KM else 60.0 / self.options.access_kmh)
        return Joints(self.streets, snapped, self.graph(unit)[1], access)

    def _remembered(
        self, points: FloatArray, places: FloatArray, limit: float, unit: TravelUnit
    ) -> sparse.csr_array:
        """Return the pairs by road; only places that were never asked for with these points are searched."""
        about = _digest(points), unit
        keys = [(*about, place.tobytes()) for place in places]
        known = [self._rows.get(key) for key in keys]
        missing = [row for row, kept in enumerate(known) if kept is None or kept[0] < limit]
        found = self._by_road(points, places[missing], limit, unit)
        for row, (begin, end) in zip(missing, pairwise(found.indptr.tolist()), strict=True):
            kept = limit, found.indices[begin:end].astype(np.int64), found.data[begin:end].copy()
            self._rows.put(keys[row], kept, 16 * (end - begin))
            known[row] = kept
        if len(missing) == len(places):
            return found.T.tocsr()
        parts = [_upto(limit, row, kept) for row, kept in enumerate(known) if kept is not None]
        return csr_of([(column, row, value) for row, column, value in parts], (len(points), len(places)))

    def _by_road(
        self, points: FloatArray, places: FloatArray, limit: float, unit: TravelUnit
    ) -> sparse.csr_array:
        """Return the pairs by road, shape (J, I)."""
        if self.options.direction is not Direction.BOTH:
            return self._one_way(points, places, limit, unit, self.options.direction is Direction.TO)
        there, back = (self._one_way(points, places, 2.0 * limit, unit, to) for to in (True, False))
        return _mean(there, back, limit)

    def _one_way(
        self, points: FloatArray, places: FloatArray, limit: float, unit: TravelUnit, to: bool
    ) -> sparse.csr_array:
        """Return what ways to the places take, or from them, shape (J, I); searched from where fewer are."""
        point, place = self.joints(points, unit), self.joints(places, unit)
        place_ends, point_ends = place.links(leaving=not to), point.links(leaving=to)
        graph, _ = self.graph(unit)
        if len(points) < len(places):
            ways = graph.search(point_ends, place_ends, limit, backwards=not to).T.tocsr()
        else:
            ways = graph.search(place_ends, point_ends, limit, backwards=to)
        if to:
            column, row, value = point.along(place, points, places)
        else:
            row, column, value = place.along(point, places, points)
        near = value <= limit
        return _least(ways, (row[near], column[near], value[near]))

    def _nearest_by_road(
        self, points: FloatArray, places: FloatArray, k: int, unit: TravelUnit
    ) -> list[Found]:
        """Return pairs by road that hold each point's `k` nearest: the limit grows until they do."""
        left = np.flatnonzero(self.snapped(points).on_road)
        on_road = np.flatnonzero(self.snapped(places).on_road)
        enough = min(k, len(on_road))
        if not enough:
            return []
        limit, parts = self._first_limit(points[left], places[on_road], enough, unit), []
        while len(left):
            found = self._by_road(points[left], places[on_road], limit, unit).T.tocsr()
            done = (np.diff(found.indptr) >= enough) | (limit == np.inf)
            row, column, value = found_in(found)
            parts.append((left[row][done[row]], on_road[column][done[row]], value[done[row]]))
            left = left[~done]
            limit = 2.0 * limit if len(parts) < _DOUBLINGS else np.inf
        return parts

    def _first_limit(self, points: FloatArray, places: FloatArray, k: int, unit: TravelUnit) -> float:
        """Return a guess, which costs time only, of the limit within which most points have `k` places."""
        ends = points[:, 0], points[:, 1], places[:, 0], places[:, 1]
        near = nearest_pairs(*ends, k, detour=self.options.detour)
        farthest = np.maximum.reduceat(near.data, near.indptr[:-1]) if near.nnz else np.zeros(1)
        km = float(np.median(farthest)) + self.options.snap_km / 4.0
        return max(km if unit is TravelUnit.KM else km / self.options.fallback_kmh * 60.0, 0.1)

    def _straight(
        self, points: FloatArray, places: FloatArray, limit: float, unit: TravelUnit
    ) -> list[sparse.csr_array]:
        """Return the pairs with an end off the network: those of points off it, and of others with places."""
        km = limit if unit is TravelUnit.KM else limit / 60.0 * self.options.fallback_kmh
        found = []
        for from_off in (True, False):
            ends = self._off_pairs(points, places, from_off)
            pairs = pairs_within(*ends, km, detour=self.options.detour)
            found.append(self._in_unit(pairs, unit))
        return found

    def _off_pairs(
        self, points: FloatArray, places: FloatArray, from_off: bool
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return lon, lat of points off the network and of all places, or of the others and places off it."""
        mine = ~self.snapped(points).on_road
        point = np.where((mine if from_off else ~mine)[:, None], points, np.nan)
        off = ~self.snapped(places).on_road
        place = places if from_off else np.where(off[:, None], places, np.nan)
        return point[:, 0], point[:, 1], place[:, 0], place[:, 1]

    def _in_unit(self, pairs: sparse.csr_array, unit: TravelUnit) -> sparse.csr_array:
        if unit is TravelUnit.MIN:
            pairs.data = pairs.data * (60.0 / self.options.fallback_kmh)
        return pairs


def _lonlat(values: FloatArray) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64).reshape(-1, 2)


def _digest(lonlat: FloatArray) -> bytes:
    return hashlib.blake2b(lonlat.tobytes(), digest_size=16).digest()


def _upto(limit: float, row: int, kept: tuple[float, IndexArray, FloatArray]) -> Found:
    _, column, value = kept
    near = value <= limit
    column, value = column[near], value[near]
    return np.full(len(column), row, dtype=np.int64), column, value


def _least(ways: sparse.csr_array, others: Found) -> sparse.csr_array:
    """Return `ways` with other pairs, which are few, put in where they take less or were not there."""
    row, column, value = others
    if not len(row):
        return ways
    order = np.lexsort((value, column, row))
    row, column, value = row[order], column[order], value[order]
    first = (np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0)
    width = np.int64(ways.shape[1])
    rows, columns, values = found_in(ways)
    keys, key, value = rows * width + columns, (row * width + column)[first], value[first]
    at = np.searchsorted(keys, key)
    there = at < len(keys)
    there[there] = keys[at[there]] == key[there]
    values = values.copy()
    values[at[there]] = np.minimum(values[at[there]], value[there])
    keys, values = (np.insert(a, at[~there], b[~there]) for a, b in ((keys, key), (values, value)))
    return csr_of([(keys // width, keys % width, values)], ways.shape)


def _mean(there: sparse.csr_array, back: sparse.csr_array, limit: float) -> sparse.csr_array:
    """Return the means of the pairs in both matrices, up to `limit`."""
    width = np.int64(there.shape[1])
    (row, column, first), (rows, columns, second) = found_in(there), found_in(back)
    both, at, other = np.intersect1d(
        row * width + column, rows * width + columns, assume_unique=True, return_indices=True
    )
    mean = (first[at] + second[other]) / 2.0
    near = mean <= limit
    return csr_of([(both[near] // width, both[near] % width, mean[near])], (there.shape[0], int(width)))


def _first_of_rows(parts: list[Found], k: int) -> Found:
    """Return the `k` least of each row; of equals the first column."""
    row, column, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.lexsort((column, value, row))
    row, column, value = row[order], column[order], value[order]
    place = np.arange(len(row)) - np.searchsorted(row, row, side="left")
    kept = place < k
    return row[kept], column[kept], value[kept]
