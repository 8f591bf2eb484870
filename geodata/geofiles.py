"""Parquet, GeoPackage and GeoJSON: typed tables, with geometry where they have it."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geodata.messages import InputError, say
from geodata.rawtable import Limits, RawTable, blank_cells, damaged, preferred, too_many_rows

_LONGITUDE_FIRST = CRS.from_epsg(4326)
_GEOPACKAGES = frozenset(int.from_bytes(mark) for mark in (b"GPKG", b"GP10", b"GP11"))


def read_parquet(path: Path, sheets: tuple[str, ...], limits: Limits) -> RawTable:  # noqa: ARG001
    """Read a Parquet or GeoParquet file; an index that pandas stored becomes plain columns or is dropped."""
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > limits.rows:
                raise too_many_rows(path.name, file.metadata.num_rows, limits)
            has_geometry = b"geo" in (file.schema_arrow.metadata or {})
        table = pq.read_table(path)
        table.validate(full=True)
        if has_geometry:
            return _located(path.name, gpd.read_parquet(path))
        frame = table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, CRSError, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise damaged(path, "Parquet") from error
    return _plain(path.name, frame)


def read_geopackage(path: Path, sheets: tuple[str, ...], limits: Limits) -> RawTable:
    """Read one layer: the one named in `sheets`, else the first.

    The file is looked at with SQLite first: one that is no GeoPackage, or defines virtual tables (which may
    point to other files), is not given to GDAL.
    """
    layers = _layers(path)
    layer = preferred(list(layers), sheets) or next(iter(layers))
    if layers[layer] > limits.rows:
        raise too_many_rows(path.name, layers[layer], limits)
    source = path.name if len(layers) == 1 else f"{path.name} [{layer}]"
    others = tuple(name for name in layers if name != layer)
    try:
        frame = pyogrio.read_dataframe(path, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise damaged(path, "GeoPackage") from error
    if isinstance(frame, gpd.GeoDataFrame):
        return _located(source, frame, others)
    return _plain(source, pd.DataFrame(frame), others)


def read_geojson(path: Path, sheets: tuple[str, ...], limits: Limits) -> RawTable:  # noqa: ARG001
    """Read a FeatureCollection, as JSON: nothing but JSON is ever taken from the file."""
    features, crs = _features(path)
    if len(features) > limits.rows:
        raise too_many_rows(path.name, len(features), limits)
    frame = pd.DataFrame([_properties(feature) for feature in features], dtype=object)
    shapes = np.array([_shape_text(feature) for feature in features], dtype=object)
    geometry = shapely.from_geojson(shapes, on_invalid="ignore") if len(shapes) else shapes
    unread = np.flatnonzero((shapes != None) & (geometry == None))  # noqa: E711
    if unread.size:
        raise InputError(
            say(
                "{file}, row {row}: the geometry is not valid GeoJSON; export the file again.",
                file=path.name,
                row=int(unread[0]) + 1,
            )
        )
    frame.index = pd.RangeIndex(1, len(features) + 1)
    return RawTable(path.name, _unlisted(frame), np.asarray(geometry, dtype=object), crs)


def _features(path: Path) -> tuple[list[Mapping[str, Any]], CRS]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(content, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except RecursionError as error:
        raise InputError(
            say("{file} is nested too deeply for GeoJSON; export the file again.", file=path.name)
        ) from error
    except ValueError as error:
        raise damaged(path, "GeoJSON") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise InputError(
            say(
                "{file} is JSON but no GeoJSON FeatureCollection; export it as a layer of features.",
                file=path.name,
            )
        )
    return features, _geojson_crs(path, content.get("crs"))


def _geojson_crs(path: Path, member: object) -> CRS:
    if member is None:
        return _LONGITUDE_FIRST
    try:
        name = str(member["properties"]["name"])  # type: ignore[index]
        return _LONGITUDE_FIRST if name.upper().endswith("CRS84") else CRS.from_user_input(name)
    except (KeyError, TypeError, CRSError) as error:
        raise InputError(
            say("{file}: its 'crs' is not known; export it in WGS 84 (EPSG:4326).", file=path.name)
        ) from error


def _properties(feature: Mapping[str, Any]) -> dict[str, object]:
    properties = feature.get("properties")
    return dict(properties) if isinstance(properties, dict) else {}


def _shape_text(feature: Mapping[str, Any]) -> str | None:
    shape = feature.get("geometry")
    return None if shape is None else json.dumps(shape)


def _unlisted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with nested values as JSON text, so that every cell is a plain value."""

    def plain(value: object) -> object:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value

    return frame.map(plain) if len(frame.columns) else frame


def _layers(path: Path) -> dict[str, int]:
    """Return the layers of a GeoPackage and their number of rows."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            tables = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
            (mark,) = database.execute("PRAGMA application_id").fetchone()
            listed = database.execute(
                "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
            ).fetchall()
            virtual = [name for name, sql in tables if _is_foreign(str(name), str(sql))]
            absent = {name for (name,) in listed} - {name for name, _ in tables}
            if mark not in _GEOPACKAGES or virtual or not listed or absent:
                raise damaged(path, "GeoPackage")
            return {name: _count(database, name) for (name,) in listed}
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise damaged(path, "GeoPackage") from error


def _is_foreign(name: str, sql: str) -> bool:
    return sql.upper().startswith("CREATE VIRTUAL") and not name.startswith("rtree_")


def _count(database: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])


def _located(source: str, frame: gpd.GeoDataFrame, others: tuple[str, ...] = ()) -> RawTable:
    geometry: npt.NDArray[np.object_] = np.asarray(frame.geometry.array, dtype=object)
    crs = frame.crs
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    plain.index = pd.RangeIndex(1, len(plain) + 1)
    return RawTable(source, _unlisted(plain), geometry, crs, others)


def _plain(source: str, frame: pd.DataFrame, others: tuple[str, ...] = ()) -> RawTable:
    stored = [name for name in frame.columns if str(name).startswith("__index_level_")]
    frame = frame.drop(columns=stored).rename(columns=str)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return RawTable(source, frame.loc[~blank_cells(frame).all(axis=1)], others=others)
