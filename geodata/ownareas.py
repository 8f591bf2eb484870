"""A user's own polygons in place of China's areas: a code and a polygon are enough."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.columns import AREAS, TableDefinition
from geodata.files import open_table
from geodata.messages import InputError, Message, say
from geodata.packaged import province_names
from geodata.rawtable import LIMITS, Limits, RawTable
from geodata.romanize import english_name, pinyin
from geodata.schemas import CRS
from geodata.validation import checked, raise_problems, shown

OWN_AREAS: TableDefinition = replace(
    AREAS, fields=tuple(replace(field, required=field.name == "adcode") for field in AREAS.fields)
)
"""The definition of `AREAS` with everything but the code optional."""

_CHINA = (70.0, 0.0, 140.0, 56.0)


def read_own_areas(path: Path, *, limits: Limits = LIMITS) -> gpd.GeoDataFrame:
    """Return the polygons of a GeoPackage, GeoJSON or GeoParquet file as areas.

    A blank name is the code. Where neither province column is filled, six-digit codes of places in China give
    the province by their first two digits; all other areas form one territory named after the file.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, sorted by adcode: adcode, name, province_adcode, province, population, pinyin, name_en, the
        file's further columns, geometry.

    Raises
    ------
    InputError
        One sentence for every code that is blank or doubled, every geometry that is missing, no polygon or
        invalid, or for a file without geometry or a coordinate system.
    """
    raw = open_table(path, sheets=OWN_AREAS.sheets, limits=limits)
    table = checked(raw, OWN_AREAS)
    shapes = in_degrees(raw)
    problems = [*table.problems, *_doubled(raw, table.frame["adcode"]), *_unusable(raw, table.frame, shapes)]
    raise_problems(problems)
    frame = _completed(table.frame, shapes.total_bounds, path.stem)
    areas = gpd.GeoDataFrame(frame, geometry=shapes, crs=CRS)
    return areas.sort_values("adcode", ignore_index=True)


def in_degrees(raw: RawTable) -> gpd.GeoSeries:
    """Return the geometry of a file in EPSG:4326, on the table's row numbers; bad input where it has none."""
    if raw.geometry is None:
        raise InputError(
            say(
                "{file} has no polygons; give the areas as GeoPackage, GeoJSON or GeoParquet.",
                file=raw.source,
            )
        )
    if raw.crs is None:
        raise InputError(
            say(
                "{file} does not say its coordinate system; set it (EPSG:4326 for degrees) and save again.",
                file=raw.source,
            )
        )
    shapes = gpd.GeoSeries(shapely.force_2d(raw.geometry), index=_rows(raw), crs=raw.crs)
    return _within_the_globe(raw, shapes.to_crs(CRS)).loc[raw.frame.index]


def _rows(raw: RawTable) -> pd.Index:
    count = len(raw.geometry) if raw.geometry is not None else 0
    return raw.frame.index if count == len(raw.frame) else pd.RangeIndex(1, count + 1)


def _within_the_globe(raw: RawTable, shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    left, low, right, high = shapes.total_bounds
    if max(abs(left), abs(right)) > 360 or max(abs(low), abs(high)) > 90:
        raise InputError(
            say(
                "{file} has coordinates that are no degrees (up to {value}); save it with its true "
                "coordinate system, or in EPSG:4326.",
                file=raw.source,
                value=f"{max(abs(left), abs(right), abs(low), abs(high)):,.0f}",
            )
        )
    return shapes


def _doubled(raw: RawTable, codes: pd.Series) -> list[Message]:
    filled = codes[codes != ""]
    return [
        say(
            "{file}, row {row}: the code '{value}' is there twice (first in row {first}); each area needs "
            "its own code, so merge the rows or change one.",
            file=raw.source,
            row=row,
            value=shown(code),
            first=filled.index[filled == code][0],
        )
        for row, code in filled[filled.duplicated()].items()
    ]


def _unusable(raw: RawTable, frame: pd.DataFrame, shapes: gpd.GeoSeries) -> list[Message]:
    """Return a sentence for each geometry that is missing, no polygon, or crosses itself."""
    problems = []
    for row, shape in shapes.items():
        place = {"file": raw.source, "row": row, "code": shown(frame.at[row, "adcode"])}
        if shape is None or shape.is_empty:
            problems.append(
                say("{file}, row {row}: area '{code}' has no geometry; draw it or remove the row.", **place)
            )
        elif shape.geom_type not in {"Polygon", "MultiPolygon"}:
            problems.append(
                say(
                    "{file}, row {row}: area '{code}' is a {kind}; give its outline as a polygon.",
                    kind=shape.geom_type,
                    **place,
                )
            )
        elif not shape.is_valid or shape.area == 0:
            reason = shapely.is_valid_reason(shape) if not shape.is_valid else "no surface"
            problems.append(
                say(
                    "{file}, row {row}: the polygon of area '{code}' is invalid ({reason}); repair it, for "
                    "example with 'Fix geometries' in QGIS.",
                    reason=reason,
                    **place,
                )
            )
    return problems


def _completed(frame: pd.DataFrame, bounds: NDArray[np.float64], stem: str) -> pd.DataFrame:
    """Return the areas' columns with names and provinces filled in, further columns behind them."""
    name = frame["name"].where(frame["name"] != "", frame["adcode"])
    code, province = _provinces(frame, bounds, stem)
    columns = {
        "adcode": frame["adcode"],
        "name": name,
        "province_adcode": code,
        "province": province,
        "population": frame["population"],
        "pinyin": _given(frame, "pinyin", name.map(pinyin)),
        "name_en": _given(frame, "name_en", name.map(english_name)),
    }
    further = frame.drop(columns=[column for column in frame.columns if column in columns])
    return pd.DataFrame(columns).join(further)


def _given(frame: pd.DataFrame, column: str, otherwise: pd.Series) -> pd.Series:
    if column not in frame:
        return otherwise.astype(str)
    text = frame[column].fillna("").astype(str)
    return text.where(text != "", otherwise).astype(str)


def _provinces(frame: pd.DataFrame, bounds: NDArray[np.float64], stem: str) -> tuple[pd.Series, pd.Series]:
    """Return code and name of the provinces: as given, one for the other, by GB/T 2260, or the file's."""
    code, name = frame["province_adcode"], frame["province"]
    both = code.where(code != "", name), name.where(name != "", code)
    unknown = both[0] == ""
    chinese = _chinese_provinces(frame.loc[unknown, "adcode"], bounds)
    if chinese is not None:
        return both[0].mask(unknown, frame["adcode"].str[:2] + "0000"), both[1].mask(unknown, chinese)
    return both[0].mask(unknown, "00"), both[1].mask(unknown, stem)


def _chinese_provinces(codes: pd.Series, bounds: NDArray[np.float64]) -> pd.Series | None:
    """Return the provinces' names where all codes are six digits of GB/T 2260 and all polygons near China."""
    left, low, right, high = bounds
    near = left > _CHINA[0] and low > _CHINA[1] and right < _CHINA[2] and high < _CHINA[3]
    if codes.empty or not near or not codes.str.fullmatch(r"\d{6}").all():
        return None
    names = codes.str[:2].map(province_names())
    return names if names.notna().all() else None
