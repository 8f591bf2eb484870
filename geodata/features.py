"""Features of OpenStreetMap with their tags and shapes: from the user's extracts, or asked of Overpass."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import osmnx as ox
import pandas as pd
import shapely
from osmium.osm import Area, Node, Way

from geodata.extracts import cropped
from geodata.margins import area_km2
from geodata.messages import InputError, Message, say
from geodata.overpass import OVERPASS_URL, Patience, Watch
from geodata.roadcache import road_cache
from geodata.roads import LARGEST_KM2, ask_overpass
from geodata.schemas import CRS

NAME_KEYS = ("name:zh", "name", "name:en", "brand", "operator")
"""What a feature is called: by the first of these that it has."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of OpenStreetMap.

    Attributes
    ----------
    table
        EPSG:4326, sorted by element and id, each once: `element` (node, way, relation), `osm_id`, a column
        for each key asked for ("" where it has no such tag), `geometry` (points, polygons, multipolygons).
    broken
        How many ways and relations have no whole shape, as where an extract was cut.
    name
        The names of the files, or "Overpass".
    as_of
        The dates of the data, where the service says them.
    """

    table: gpd.GeoDataFrame
    broken: int
    name: str
    as_of: str = ""


def read_features(
    paths: Sequence[Path],
    polygon: shapely.Geometry,
    wanted: Mapping[str, Collection[str]],
    keys: Collection[str] = (),
) -> Features:
    """Return the features of extracts that have a wanted tag and touch a polygon.

    Parameters
    ----------
    paths
        `.osm`, `.osm.gz`, `.osm.bz2` or `.osm.pbf` files, read as one.
    polygon
        Polygon or MultiPolygon in WGS-84 degrees.
    wanted
        Values by key.
    keys
        Further keys to keep the values of, beside those wanted and the names.

    Raises
    ------
    InputError
        If a file is missing, has another ending, or cannot be read to its end.
    """
    with TemporaryDirectory(prefix="features-") as scratch:
        file = cropped(list(paths), polygon, wanted, Path(scratch) / "features.osm", relations=True)
        records, broken = _assembled(file, wanted, _columns(wanted, keys))
    table = _touching(_table(records, _columns(wanted, keys)), polygon)
    return Features(table, broken, ", ".join(path.name for path in paths))


def fetch_features(
    polygon: shapely.Geometry,
    wanted: Mapping[str, Collection[str]],
    keys: Collection[str] = (),
    *,
    overpass_url: str | None = None,
    cache: Path | None = None,
    patience: Patience | None = None,
) -> Features:
    """Return the features that the Overpass service has of the wanted tags in a polygon.

    As `geodata.roads.fetch_roads` asks: in pieces, smaller ones where an answer breaks off, waiting for its
    turn, and never twice for an answer that is kept.

    Parameters
    ----------
    polygon, wanted, keys
        As `read_features` takes them.
    overpass_url
        The service's address up to `/interpreter`; the public one if None.
    cache
        Folder that answers are kept in; the user's cache folder if None.
    patience
        How long to wait for the service.

    Raises
    ------
    InputError
        If the polygon spans more than `LARGEST_KM2`, or the service cannot be reached, is busy, refuses, or
        answers in part or with something else.
    """
    span = sum(area_km2(part.convex_hull) for part in shapely.get_parts(polygon))
    if span > LARGEST_KM2:
        raise InputError(_too_large(span))
    tags: dict[str, bool | str | list[str]] = {key: list(values) for key, values in wanted.items()}
    watch = Watch((overpass_url or OVERPASS_URL).rstrip("/"), patience or Patience())
    answers = (cache or road_cache()) / "overpass"
    parts = ask_overpass(polygon, lambda part: _features_of(part, tags), watch, answers)
    columns = _columns(wanted, keys)
    whole = [_surfaces(part, columns) for part in parts]
    table = _table([record for part in whole for record in part.to_dict("records")], columns)
    broken = sum(map(len, parts)) - sum(map(len, whole))
    return Features(_touching(table, polygon), broken, "Overpass", ", ".join(sorted(watch.as_of - {""})))


def _features_of(part: shapely.Polygon, tags: dict[str, bool | str | list[str]]) -> gpd.GeoDataFrame:
    try:
        found = ox.features_from_polygon(part, tags).reset_index()
    except json.JSONDecodeError:
        raise
    except ValueError:  # OSMnx's word for an answer without such features
        return gpd.GeoDataFrame({"element": [], "id": []}, geometry=[], crs=CRS)
    except TypeError as error:
        raise InputError(_untold()) from error
    if not pd.api.types.is_integer_dtype(found["id"]):
        raise InputError(_untold())
    return found


def _untold() -> Message:
    """Return the sentence for a feature with a tag named `id` or `element`, which OSMnx takes for its own."""
    return say(
        "Overpass: a feature there has a tag named 'id' or 'element', for which OSMnx cannot tell the "
        "features apart; give an extract of OpenStreetMap (--osm FILE)."
    )


def _too_large(span: float) -> Message:
    return say(
        "The areas span {span} km²; the Overpass service is asked for up to {most} km². Choose fewer areas, "
        "or give an extract of OpenStreetMap, as download.geofabrik.de has them by province (--osm FILE).",
        span=round(span),
        most=round(LARGEST_KM2),
    )


def _surfaces(found: gpd.GeoDataFrame, columns: Sequence[str]) -> gpd.GeoDataFrame:
    """Return the points and surfaces of OSMnx's table; a ring that OSMnx takes for a line is a surface."""
    tags = pd.DataFrame(found).reindex(columns=list(columns)).astype(object).fillna("")
    shapes = np.array([_ring(shape) for shape in found.geometry], dtype=object)
    table = gpd.GeoDataFrame(
        tags.assign(element=found["element"], osm_id=found["id"]),
        geometry=gpd.GeoSeries(shapes, index=found.index, crs=CRS),
    )
    return table[table.geom_type.isin({"Point", "Polygon", "MultiPolygon"})]


def _ring(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.Polygon(shape.coords) if shape.geom_type == "LineString" and shape.is_ring else shape


def _assembled(
    file: Path, wanted: Mapping[str, Collection[str]], columns: Sequence[str]
) -> tuple[list[dict[str, Any]], int]:
    """Return the wanted nodes and the surfaces of wanted ways and relations, and how many have none."""
    tagged = osmium.filter.TagFilter(*((key, value) for key, values in wanted.items() for value in values))
    objects = osmium.FileProcessor(str(file)).with_areas(tagged).with_filter(tagged)
    shapes = osmium.geom.WKBFactory()
    records: list[dict[str, Any]] = []
    meant: set[tuple[str, int]] = set()
    for one in objects:
        if isinstance(one, Node):
            records.append(_record("node", one.id, shapes.create_point(one), one.tags, columns))
        elif isinstance(one, Area):
            element = "way" if one.from_way() else "relation"
            records.append(
                _record(element, one.orig_id(), shapes.create_multipolygon(one), one.tags, columns)
            )
        elif one.id > 0:  # a piece of a way that was cut has a negative id
            meant.add(("way" if isinstance(one, Way) else "relation", one.id))
    whole = {(record["element"], record["osm_id"]) for record in records}
    return records, len(meant - whole)


def _record(element: str, number: int, shape: str, tags: Any, columns: Sequence[str]) -> dict[str, Any]:
    said = {key: tags.get(key, "") for key in columns}
    return {**said, "element": element, "osm_id": number, "geometry": shapely.from_wkb(shape)}


def _columns(wanted: Mapping[str, Collection[str]], keys: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted({*wanted, *keys, *NAME_KEYS}))


def _table(records: Sequence[Mapping[Any, Any]], columns: Sequence[str]) -> gpd.GeoDataFrame:
    """Return records as the table of features; a multipolygon of one part becomes a polygon."""
    names = ["element", "osm_id", *columns]
    frame = pd.DataFrame.from_records(list(records), columns=[*names, "geometry"])
    frame = frame.astype({"osm_id": "int64", **dict.fromkeys(["element", *columns], "str")})
    shapes = np.array([_plain(shape) for shape in frame.pop("geometry")], dtype=object)
    table = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index, crs=CRS))
    once = table.sort_values(["element", "osm_id"], kind="stable").drop_duplicates(["element", "osm_id"])
    return once.reset_index(drop=True)


def _plain(shape: shapely.Geometry) -> shapely.Geometry:
    whole = shape if shape.is_valid else shapely.make_valid(shape)
    return whole.geoms[0] if whole.geom_type == "MultiPolygon" and len(whole.geoms) == 1 else whole


def _touching(table: gpd.GeoDataFrame, polygon: shapely.Geometry) -> gpd.GeoDataFrame:
    shapely.prepare(polygon)
    near = shapely.intersects(polygon, table.geometry.to_numpy()) if len(table) else np.zeros(0, dtype=bool)
    return table.loc[near].reset_index(drop=True)
