"""OpenStreetMap extracts cut to a polygon while they are read: what lies outside takes no memory.

An extract of a province holds tens of millions of nodes. It is read several times, a little each time: the
nodes around the polygon, as plain arrays; the wanted ways that have one of them; then what those need from
farther away. Ids are kept in sorted arrays: osmium's own sets of ids and its tables of places take up to
1.6 GB where ids are spread, as those of any city's nodes are.
"""

import re
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import osmium
import shapely
from osmium.osm import mutable

from geodata.messages import InputError, Message, say
from geodata.osmplaces import SCALE, GrowingPlaces, Ids, Places, no_ids

SUFFIXES = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
"""How the names of files end that are read."""

Wanted: TypeAlias = Mapping[str, Collection[str] | None]
Keep: TypeAlias = Callable[[Mapping[str, str]], bool]

_NOT_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
_SURFACES = ("multipolygon", "boundary")  # protected land is mapped as either
_WIDER = (
    0.02  # degrees: nodes are known at once so far around the polygon, which saves most of the third reading
)
_BATCH = 2_000  # ways looked up at once


def cropped(
    path: Path | Sequence[Path],
    polygon: shapely.Geometry,
    wanted: Wanted,
    target: Path,
    *,
    relations: bool = False,
    keep: Keep | None = None,
    tags: Collection[str] | None = None,
) -> Path:
    """Write what is wanted of an extract and touches a polygon as OSM XML; return the file written.

    Parameters
    ----------
    path
        A file, or several that are read as one; an object that more than one holds is taken in its newest
        version.
    polygon
        Polygon or MultiPolygon in WGS-84 degrees.
    wanted
        Tags by key: the values wanted, None for any. An object with one of them is wanted.
    target
        The file to write, its name ending in `.osm`; an old one is replaced.
    relations
        Whether to keep nodes and multipolygon relations too, the latter with all their ways. They are kept
        for a member that touches the polygon.
    keep
        A further condition on the tags of what is wanted.
    tags
        The keys of the tags of ways that are written; None for all.

    Notes
    -----
    A way touches the polygon if it meets it as a line; a closed one that goes round it does too, as long as
    one of its nodes lies in the polygon's envelope. Ways are written with all their nodes. Where the extract
    itself lacks nodes of a way, which was cut there, the way falls into the runs of nodes it has: the first
    keeps its id, the others get negative ones.

    Raises
    ------
    InputError
        If a file is missing, has another ending, or cannot be read to its end.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    crop = _Crop(paths, polygon, wanted, keep or _any)
    crop.read_nodes(tagged=relations)
    members = crop.member_ways() if relations else no_ids()
    crop.read_ways(members)
    if relations:
        crop.read_relations()
    crop.read_missing_nodes()
    crop.drop_untouching()
    return crop.write(target, tags)


def _plain(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags without the characters that other formats hold and XML cannot."""
    return {_NOT_XML.sub(" ", key): _NOT_XML.sub(" ", value) for key, value in tags.items()}


def is_extract(path: Path) -> bool:
    """Return whether the name of `path` ends as an OpenStreetMap extract's does."""
    return path.name.lower().endswith(SUFFIXES)


@dataclass(slots=True)
class _Way:
    version: int
    tags: dict[str, str]
    refs: Ids
    wanted: bool


@dataclass(slots=True)
class _Relation:
    version: int
    tags: dict[str, str]
    members: list[tuple[str, int, str]]


@dataclass(slots=True)
class _Crop:
    """One cut through the files: filled by its readings in their order, then written."""

    paths: list[Path]
    polygon: shapely.Geometry
    wanted: Wanted
    keep: Keep
    places: Places = field(default_factory=Places)
    tagged: dict[int, tuple[int, dict[str, str]]] = field(default_factory=dict)
    ways: dict[int, _Way] = field(default_factory=dict)
    relations: dict[int, _Relation] = field(default_factory=dict)

    def read_nodes(self, *, tagged: bool) -> None:
        """Take the places of the nodes in the polygon's envelope, and the wanted ones themselves."""
        west, south, east, north = (int(value * SCALE) for value in self._envelope())
        taken = GrowingPlaces()
        for node in _objects(self.paths, osmium.osm.NODE):
            where = node.location
            x = where.x
            if west <= x <= east and south <= (y := where.y) <= north:
                taken.add(node.id, x, y)
        self.places = taken.places()
        if tagged:
            self._read_tagged(_boxed(self.polygon))

    def _read_tagged(self, polygon: shapely.Geometry) -> None:
        for node in _objects(self.paths, osmium.osm.NODE, osmium.filter.KeyFilter(*self.wanted)):
            where = node.location
            if not where.valid() or not shapely.intersects_xy(polygon, where.lon, where.lat):
                continue
            tags = dict(node.tags)
            if self._is_wanted(tags) and node.version >= self.tagged.get(node.id, (0,))[0]:
                self.tagged[node.id] = node.version, tags

    def member_ways(self) -> Ids:
        """Return the ids of the ways in wanted multipolygons anywhere in the files: eight bytes each."""
        found = array("q")
        for relation in self._multipolygons():
            found.extend(member.ref for member in relation.members if member.type == "w")
        return np.unique(np.frombuffer(found, dtype=np.int64)) if found else no_ids()

    def read_ways(self, members: Ids) -> None:
        """Take the ways, wanted or `members` of a multipolygon, that have a node whose place is known."""
        names = None if len(members) else osmium.filter.KeyFilter(*self.wanted)
        batch: list[tuple[int, _Way]] = []
        for way in _objects(self.paths, osmium.osm.WAY, names):
            tags = dict(way.tags)
            wanted = self._is_wanted(tags)
            if wanted or _has(members, way.id):
                refs = np.fromiter((node.ref for node in way.nodes), dtype=np.int64, count=len(way.nodes))
                batch.append((way.id, _Way(way.version, tags, refs, wanted)))
            if len(batch) == _BATCH:
                self._take(batch)
                batch = []
        self._take(batch)

    def _take(self, batch: list[tuple[int, _Way]]) -> None:
        for (number, way), near in zip(
            batch, self.places.any_known([way.refs for _, way in batch]), strict=True
        ):
            known = self.ways.get(number)
            if near and (known is None or known.version < way.version):
                self.ways[number] = way

    def read_relations(self) -> None:
        """Take the multipolygons that have a way near the polygon, and the rest of their ways."""
        touching = {number for number, _ in self._touching()}
        missing: set[int] = set()
        for relation in self._multipolygons():
            members = [(member.type, member.ref, member.role) for member in relation.members]
            mine = {number for kind, number, _ in members if kind == "w"}
            if mine & touching:
                self.relations[relation.id] = _Relation(relation.version, dict(relation.tags), members)
                missing |= mine - self.ways.keys()
        if missing:
            self._read_far_ways(missing)

    def _read_far_ways(self, missing: set[int]) -> None:
        for way in _objects(self.paths, osmium.osm.WAY):
            if way.id in missing:
                refs = np.fromiter((node.ref for node in way.nodes), dtype=np.int64, count=len(way.nodes))
                self.ways[way.id] = _Way(way.version, dict(way.tags), refs, wanted=False)

    def read_missing_nodes(self) -> None:
        """Take the places of the nodes that the ways have outside the polygon's envelope."""
        refs = np.unique(np.concatenate([no_ids(), *(way.refs for way in self.ways.values())]))
        missing = set(refs[~self.places.known(refs)].tolist())
        if not missing:
            return
        taken = GrowingPlaces()
        for node in _objects(self.paths, osmium.osm.NODE):
            if node.id in missing and node.location.valid():
                taken.add(node.id, node.location.x, node.location.y)
        self.places = self.places.joined(taken.places())

    def drop_untouching(self) -> None:
        """Drop the ways that do not touch the polygon and serve no multipolygon."""
        serving = {ref for one in self.relations.values() for kind, ref, _ in one.members if kind == "w"}
        kept = {number for number, way in self._touching() if way.wanted} | serving
        self.ways = {number: way for number, way in self.ways.items() if number in kept}

    def _touching(self) -> Iterator[tuple[int, _Way]]:
        """Yield the ways that meet the polygon, or go round it."""
        polygon = _boxed(self.polygon)
        inside = [part.representative_point() for part in shapely.get_parts(polygon)]
        for number, way in self.ways.items():
            xy = self.places.lonlat(way.refs)
            xy = xy[np.isfinite(xy[:, 0])]
            if len(xy) < 2:
                touches = len(xy) == 1 and bool(shapely.intersects_xy(polygon, *xy[0]))
            elif polygon.intersects(shapely.linestrings(xy)):
                touches = True
            else:
                ring = len(xy) > 3 and bool((xy[0] == xy[-1]).all())
                touches = ring and bool(shapely.contains(shapely.polygons(xy), inside).any())
            if touches:
                yield number, way

    def write(self, target: Path, keys: Collection[str] | None = None) -> Path:
        """Write nodes, ways and relations in the order of their kinds and ids, as other readers expect."""
        target.unlink(missing_ok=True)
        unused = count(min(0, *self.ways) - 1 if self.ways else -1, -1)
        runs = {number: list(self._runs(number, unused)) for number in sorted(self.ways)}
        with osmium.SimpleWriter(str(target)) as writer:
            self._write_nodes(writer, runs)
            ways = [(part, number, refs) for number, parts in runs.items() for part, refs in parts]
            for part, number, refs in sorted(ways, key=lambda way: (way[0] > 0, abs(way[0]))):
                way = self.ways[number]
                tags = {key: value for key, value in way.tags.items() if keys is None or key in keys}
                writer.add_way(
                    mutable.Way(id=part, version=way.version, tags=_plain(tags), nodes=refs.tolist())
                )
            for number, one in sorted(self.relations.items()):
                held = [
                    (kind, ref, _NOT_XML.sub(" ", role))
                    for kind, ref, role in one.members
                    if kind == "w" and runs.get(ref)
                ]
                writer.add_relation(
                    mutable.Relation(id=number, version=one.version, tags=_plain(one.tags), members=held)
                )
        return target

    def _write_nodes(self, writer: Any, runs: Mapping[int, list[tuple[int, Ids]]]) -> None:
        used = [refs for parts in runs.values() for _, refs in parts]
        numbers = np.unique(np.concatenate([np.array(sorted(self.tagged), dtype=np.int64), *used]))
        for number, (lon, lat) in zip(numbers.tolist(), self.places.lonlat(numbers).tolist(), strict=True):
            version, tags = self.tagged.get(number, (1, {}))
            writer.add_node(mutable.Node(id=number, version=version, tags=_plain(tags), location=(lon, lat)))

    def _runs(self, number: int, unused: Iterator[int]) -> Iterator[tuple[int, Ids]]:
        """Yield a way's runs of nodes with known places, with an id each: its own, then `unused` ones."""
        refs = self.ways[number].refs
        known = self.places.known(refs)
        ends = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), len(refs)]
        runs = [refs[a:b] for a, b in pairwise(ends) if b - a > 1 and known[a]]
        for place, run in enumerate(runs):
            yield (number if place == 0 else next(unused)), run

    def _multipolygons(self) -> Iterator[Any]:
        for relation in _objects(self.paths, osmium.osm.RELATION, osmium.filter.KeyFilter(*self.wanted)):
            tags = dict(relation.tags)
            if tags.get("type") in _SURFACES and self._is_wanted(tags):
                yield relation

    def _is_wanted(self, tags: Mapping[str, str]) -> bool:
        named = any(
            key in tags and (values is None or tags[key] in values) for key, values in self.wanted.items()
        )
        return named and self.keep(tags)

    def _envelope(self) -> tuple[float, float, float, float]:
        west, south, east, north = shapely.bounds(self.polygon).tolist()
        return west - _WIDER, south - _WIDER, east + _WIDER, north + _WIDER


def _objects(paths: Sequence[Path], kind: Any, only: Any = None) -> Iterator[Any]:
    for path in paths:
        with _reading(path):
            name = path.name.lower()
            form = next(ending for ending in SUFFIXES if name.endswith(ending))
            objects = osmium.FileProcessor(osmium.io.File(str(path), form.removeprefix(".")), kind)
            yield from objects if only is None else objects.with_filter(only)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    if not is_extract(path):
        raise InputError(_other_kind(path))
    if not path.is_file():
        raise InputError(say("{file} cannot be found; check the name and the folder.", file=path.name))
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, ValueError, OverflowError, osmium.InvalidLocationError) as error:
        text = say(
            "{file}: cannot be read to its end as OpenStreetMap data: it is cut off, damaged or of another "
            "kind; download it again.",
            file=path.name,
        )
        raise InputError(text) from error


def _other_kind(path: Path) -> Message:
    return say(
        "{file}: is no OpenStreetMap extract by its name: give a file that ends in {endings}.",
        file=path.name,
        endings=", ".join(SUFFIXES),
    )


def _boxed(polygon: shapely.Geometry) -> shapely.Geometry:
    shapely.prepare(polygon)
    return polygon


def _has(ids: Ids, number: int) -> bool:
    where = int(np.searchsorted(ids, number))
    return where < len(ids) and int(ids[where]) == number


def _any(_: Mapping[str, str]) -> bool:
    return True
