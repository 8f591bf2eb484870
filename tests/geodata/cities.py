"""A small city as OpenStreetMap would hold it, with what can go wrong on a road in it.

A grid of two-way streets, nodes 1 to 36 (row by row from the south-west, 0.002 degrees apart), and to it: a
one-way street, one drawn against its direction, a limit in miles, a dual carriageway, a roundabout, parallel
streets, a dead end that can only be entered, an island, and ways that are no roads for cars.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

import osmium
import shapely
from osmium.osm import mutable

WEST, SOUTH, STEP, SIDE = 116.0, 40.0, 0.002, 6
BOX = shapely.box(WEST - 0.005, SOUTH - 0.005, WEST + 0.02, SOUTH + 0.02)
"""Holds the city and its island."""

ONE_WAY = (3, 33)  # the third column, northwards
AGAINST = (36, 31)  # the northern row, drawn eastwards, driven westwards
ISLAND = (901, 902)
DEAD_END = (36, 801)
PARALLEL = (1, 2)


@dataclass
class City:
    """Nodes by id as lon, lat; ways as id, nodes, tags."""

    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: list[tuple[int, list[int], dict[str, str]]] = field(default_factory=list)

    def add(self, number: int, refs: list[int], **tags: str) -> None:
        self.ways.append((number, refs, {"highway": "residential", **tags}))

    def shuffled(self, seed: int) -> "City":
        """Return the same city with its nodes and ways in another order."""
        nodes, ways = list(self.nodes.items()), list(self.ways)
        random.Random(seed).shuffle(nodes)
        random.Random(seed + 1).shuffle(ways)
        return City(dict(nodes), ways)

    def part(self, ways: set[int]) -> "City":
        """Return the city with only those ways, and the nodes they need."""
        kept = [way for way in self.ways if way[0] in ways]
        used = {ref for _, refs, _ in kept for ref in refs}
        return City({ref: self.nodes[ref] for ref in sorted(used)}, kept)

    def xml(self) -> str:
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="a test">']
        for number, (lon, lat) in self.nodes.items():
            lines.append(f'<node id="{number}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>')
        for number, refs, tags in self.ways:
            lines.append(f'<way id="{number}" version="1">')
            lines += [f'<nd ref="{ref}"/>' for ref in refs]
            lines += [f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items()]
            lines.append("</way>")
        return "\n".join([*lines, "</osm>", ""])

    def write(self, path: Path) -> Path:
        """Write the city in the format that the name of `path` says."""
        if path.name.endswith(".osm"):
            path.write_text(self.xml(), encoding="utf-8")
            return path
        with osmium.SimpleWriter(str(path)) as writer:
            for number, place in sorted(self.nodes.items()):
                writer.add_node(mutable.Node(id=number, version=1, location=place))
            for number, refs, tags in sorted(self.ways, key=lambda way: way[0]):
                writer.add_way(mutable.Way(id=number, version=1, nodes=refs, tags=tags))
        return path

    def overpass(self) -> dict[str, object]:
        """Return the city as the Overpass service answers."""
        elements: list[dict[str, object]] = [
            {"type": "node", "id": number, "lat": lat, "lon": lon}
            for number, (lon, lat) in self.nodes.items()
        ]
        elements += [{"type": "way", "id": n, "nodes": refs, "tags": tags} for n, refs, tags in self.ways]
        about = {"timestamp_osm_base": "2026-11-01T00:00:00Z", "copyright": "ODbL"}
        return {"version": 0.6, "generator": "Overpass API", "osm3s": about, "elements": elements}


def grid(side: int = SIDE, *, west: float = WEST, south: float = SOUTH, first: int = 1) -> City:
    """Return `side` by `side` streets that cross, all two-way, without limits.

    Rows are the ways from 100 on, columns those from 200 on (after the rows, of more than 100).
    """
    city = City()
    for row in range(side):
        for column in range(side):
            place = (round(west + STEP * column, 7), round(south + STEP * row, 7))
            city.nodes[first + row * side + column] = place
    for line in range(side):
        city.add(100 + line, [first + line * side + column for column in range(side)])
        city.add(100 + max(side, 100) + line, [first + row * side + line for row in range(side)])
    return city


def city() -> City:
    """Return the whole city."""
    whole = grid()
    tags = {number: tags for number, _, tags in whole.ways}
    tags[100].update(highway="primary", maxspeed="60")  # the southern row
    tags[101].update(maxspeed="20 mph")
    tags[102].update(maxspeed="30")
    tags[103].update(maxspeed="9999")  # a slip
    tags[105].update(oneway="-1", maxspeed="30")
    tags[202].update(oneway="yes", maxspeed="30")
    _add_beside(whole)
    _add_closed(whole)
    return whole


def _add_beside(whole: City) -> None:
    """Add what hangs on the grid: carriageways, a roundabout, a second street, a dead end, an island."""
    east = WEST + STEP * SIDE
    whole.nodes |= {701: (east, SOUTH), 702: (east, SOUTH + STEP * 5)}
    whole.add(301, [6, 701, 702, 36], highway="trunk", oneway="yes", maxspeed="80")
    whole.add(302, [36, 6], highway="trunk", oneway="yes", maxspeed="80")
    ring = {711: (-3, -3), 712: (-2, -3), 713: (-2, -2), 714: (-3, -2)}
    whole.nodes |= {number: (WEST + x * 5e-4, SOUTH + y * 5e-4) for number, (x, y) in ring.items()}
    whole.add(303, [711, 712, 713, 714, 711], junction="roundabout", highway="tertiary", maxspeed="30")
    whole.add(304, [713, 1], highway="tertiary", maxspeed="30")
    whole.nodes[721] = (WEST + STEP / 2, SOUTH - STEP / 2)
    whole.add(305, [1, 721, 2], maxspeed="30")
    whole.nodes[801] = (WEST + STEP * 5, SOUTH + STEP * 6)
    whole.add(306, list(DEAD_END), oneway="yes", maxspeed="30")
    whole.nodes |= {901: (WEST - 0.004, SOUTH + 0.004), 902: (WEST - 0.004, SOUTH + 0.006)}
    whole.add(307, list(ISLAND), maxspeed="30")


def _add_closed(whole: City) -> None:
    """Add shortcuts that no car may take: from corner to corner."""
    whole.add(401, [1, 36], highway="footway")
    whole.add(402, [1, 36], highway="service")
    whole.add(403, [1, 36], access="private")
    whole.add(404, [1, 36], motor_vehicle="no")
    whole.ways.append((405, [1, 36], {"railway": "rail"}))
