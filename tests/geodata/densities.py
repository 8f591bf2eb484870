"""Areas, rasters and tables that the tests of densities share."""

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from geodata.messages import Note

LEFT, TOP, CELL = 10.0, 52.0, 0.02


def areas_of(*shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    codes = [f"a{number}" for number in range(len(shapes))]
    table = {"adcode": codes, "name": codes, "province_adcode": "00", "province": "x", "population": np.nan}
    return gpd.GeoDataFrame(table | {"pinyin": "", "name_en": codes}, geometry=list(shapes), crs=4326)


def two_areas() -> gpd.GeoDataFrame:
    """Return two areas that share a slanted border which cuts cells of the raster."""
    west = shapely.Polygon([(10, 51), (10, 52), (10.513, 52), (10.333, 51)])
    east = shapely.Polygon([(10.333, 51), (10.513, 52), (11, 52), (11, 51)])
    return areas_of(west, east)


def people(rows: int = 50, columns: int = 50, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).lognormal(2, 1.5, (rows, columns)).astype(np.float32)


def raster(
    path: Path, values: NDArray[Any], *, transform: Affine | None = None, crs: Any = 4326, **more: Any
) -> Path:
    """Write a GeoTIFF of one band; its upper left corner is the areas' if nothing else is said."""
    where = Affine(CELL, 0, LEFT, 0, -CELL, TOP) if transform is None else transform
    bands = values if values.ndim == 3 else values[None]
    shape = {"height": bands.shape[1], "width": bands.shape[2], "count": len(bands)}
    how = {"driver": "GTiff", "dtype": values.dtype, "transform": where, "crs": crs} | shape | more
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # that is what a test may want
        with rasterio.open(path, "w", **how) as file:
            file.write(bands)
    return path


def texts(notes: list[Note]) -> str:
    return "\n".join(str(note.message) for note in notes)


def by_area(points: pd.DataFrame, column: str = "weight") -> pd.Series:
    return points.groupby("adcode")[column].sum()
