"""Write OpenStreetMap data as XML: nodes, rings and multipolygons with their tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

Tags = Mapping[str, str]
Ring = Sequence[tuple[float, float]]


def square(lon: float, lat: float, half: float = 0.001) -> list[tuple[float, float]]:
    """Return the corners of a square around a point, half a side long in degrees."""
    return [(lon + half * x, lat + half * y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


@dataclass
class Osm:
    """A small map; every thing added gets the next id of its element, from 1."""

    nodes: list[tuple[float, float, Tags]] = field(default_factory=list)
    ways: list[tuple[list[int], Tags]] = field(default_factory=list)
    relations: list[tuple[list[tuple[int, str]], Tags]] = field(default_factory=list)

    def node(self, lon: float, lat: float, **tags: str) -> int:
        self.nodes.append((lon, lat, _keys(tags)))
        return len(self.nodes)

    def ring(self, corners: Ring, **tags: str) -> int:
        refs = [self.node(*corner) for corner in corners]
        self.ways.append(([*refs, refs[0]], _keys(tags)))
        return len(self.ways)

    def relation(self, outer: Sequence[int], inner: Sequence[int] = (), **tags: str) -> int:
        members = [(way, "outer") for way in outer] + [(way, "inner") for way in inner]
        self.relations.append((members, {"type": "multipolygon", **_keys(tags)}))
        return len(self.relations)

    def elements(self) -> list[dict[str, object]]:
        """Return the map as the elements of an Overpass answer."""
        return [
            *({"type": "node", "id": n, "lon": x, "lat": y, "tags": dict(tags)}
              for n, (x, y, tags) in enumerate(self.nodes, 1)),
            *({"type": "way", "id": n, "nodes": refs, "tags": dict(tags)}
              for n, (refs, tags) in enumerate(self.ways, 1)),
            *({"type": "relation", "id": n, "tags": dict(tags),
               "members": [{"type": "way", "ref": ref, "role": role} for ref, role in members]}
              for n, (members, tags) in enumerate(self.relations, 1)),
        ]  # fmt: skip

    def write(self, path: Path, *, without_nodes: Sequence[int] = ()) -> Path:
        """Write the map, some of its nodes left out as where an extract is cut."""
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
        for number, (lon, lat, tags) in enumerate(self.nodes, 1):
            if number not in without_nodes:
                lines.append(f'<node id="{number}" version="1" lat="{lat}" lon="{lon}">{_tags(tags)}</node>')
        for number, (refs, tags) in enumerate(self.ways, 1):
            inside = "".join(f'<nd ref="{ref}"/>' for ref in refs)
            lines.append(f'<way id="{number}" version="1">{inside}{_tags(tags)}</way>')
        for number, (members, tags) in enumerate(self.relations, 1):
            inside = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
            lines.append(f'<relation id="{number}" version="1">{inside}{_tags(tags)}</relation>')
        path.write_text("\n".join([*lines, "</osm>"]), "utf-8")
        return path


def _keys(tags: Tags) -> dict[str, str]:
    """Return tags with colons in their keys, which Python's names cannot hold."""
    return {key.replace("__", ":"): value for key, value in tags.items()}


def _tags(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
