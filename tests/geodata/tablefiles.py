"""Write a raw table in every format the readers know."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import xlsxwriter


def as_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="utf-8")


def as_csv_with_mark(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="utf-8-sig")


def as_gb18030(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="gb18030")


def as_xlsx(frame: pd.DataFrame, path: Path) -> None:
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), plain) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([list(frame.columns), *frame.to_numpy(dtype=object).tolist()]):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(row, column, cell)
                elif not pd.isna(cell):
                    sheet.write_number(row, column, cell)


def as_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def as_geopackage(frame: pd.DataFrame, path: Path) -> None:
    pyogrio.write_dataframe(frame, path, layer="table")


def as_geojson(frame: pd.DataFrame, path: Path) -> None:
    cells = frame.astype(object).where(frame.notna(), None).to_dict("records")
    features = [{"type": "Feature", "properties": one, "geometry": None} for one in cells]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")


Writer = Callable[[pd.DataFrame, Path], None]
WRITERS: dict[str, tuple[Writer, str]] = {
    "csv": (as_csv, ".csv"),
    "csv with byte-order mark": (as_csv_with_mark, ".csv"),
    "gb18030": (as_gb18030, ".csv"),
    "xlsx": (as_xlsx, ".xlsx"),
    "parquet": (as_parquet, ".parquet"),
    "geopackage": (as_geopackage, ".gpkg"),
    "geojson": (as_geojson, ".geojson"),
}


def located(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with lon and lat as points without these columns."""
    points = gpd.points_from_xy(frame["lon"], frame["lat"], crs=4326)
    return gpd.GeoDataFrame(frame.drop(columns=["lon", "lat"]), geometry=points)
