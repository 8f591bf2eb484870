"""The points of a table: from its longitude and latitude, or from its geometry, in WGS-84."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.coordinates import to_wgs84
from geodata.messages import InputError, Message, say
from geodata.schemas import CRS, Datum
from geodata.validation import MOST_PROBLEMS, CheckedTable


@dataclass(frozen=True, slots=True)
class TablePoints:
    """Where the rows of a table are.

    Attributes
    ----------
    given
        Columns lon and lat, degrees as they stand in the file, on its row numbers; NaN where not located.
    lon, lat
        The same in WGS-84.
    problems
        A sentence for every row whose coordinates cannot be used.
    """

    given: pd.DataFrame
    lon: pd.Series
    lat: pd.Series
    problems: tuple[Message, ...]

    @property
    def located(self) -> pd.Series:
        """Which rows have a point."""
        return self.lon.notna()

    def geometry(self) -> npt.NDArray[np.object_]:
        """Return a point per row, None where not located."""
        shapes: npt.NDArray[np.object_] = np.full(len(self.lon), None, dtype=object)
        located = self.located.to_numpy(bool)
        shapes[located] = shapely.points(self.lon.to_numpy(float), self.lat.to_numpy(float))[located]
        return shapes


def table_points(table: CheckedTable, datum: Datum) -> TablePoints:
    """Return the points of `table`, whose coordinates are in `datum`.

    Columns `lon` and `lat` go before the geometry, which is taken where the file has neither.

    Raises
    ------
    InputError
        If the file has only one of the columns lon and lat.
    """
    columns = [name for name in ("lon", "lat") if table.given(name)]
    if len(columns) == 1:
        raise InputError(
            say(
                "{file}, row 1: of longitude and latitude only '{column}' is there; add the other.",
                file=table.raw.source,
                column=table.header(columns[0]),
            )
        )
    if columns or table.raw.geometry is None:
        given, problems = table.frame[["lon", "lat"]], _column_problems(table)
    else:
        given, problems = _from_geometry(table)
    lon, lat = to_wgs84(given["lon"].to_numpy(float), given["lat"].to_numpy(float), datum)
    index = table.frame.index
    return TablePoints(given, pd.Series(lon, index), pd.Series(lat, index), tuple(problems))


def rows_without_point(table: CheckedTable, points: TablePoints) -> list[int]:
    """Return the rows of a file with geometry that have none, those said already left out.

    Blank coordinates of a table that has columns for them are said when it is checked.
    """
    if table.given("lon"):
        return []
    said = {message.values.get("row") for message in points.problems}
    rows = table.frame.index[~points.located.to_numpy(bool)][:MOST_PROBLEMS]
    return [int(row) for row in rows if row not in said]


def _column_problems(table: CheckedTable) -> list[Message]:
    """Return the rows with half a point or one at 0, 0, unless a blank cell is a problem already."""
    said = {(message.values.get("row"), message.values.get("column")) for message in table.problems}
    problems: list[Message] = []
    for name, other in (("lon", "lat"), ("lat", "lon")):
        half = table.frame.index[table.blank(name) & ~table.blank(other)][:MOST_PROBLEMS]
        problems += [_half(table, row, name) for row in half if (row, table.header(name)) not in said]
    zero = (table.frame["lon"] == 0) & (table.frame["lat"] == 0)
    return problems + [_nowhere(table, row) for row in table.frame.index[zero][:MOST_PROBLEMS]]


def _half(table: CheckedTable, row: int, name: str) -> Message:
    return say(
        "{file}, row {row}, column '{column}': only the other coordinate is given; fill in or clear both.",
        **table.place(row, name),
    )


def _nowhere(table: CheckedTable, row: int) -> Message:
    return say(
        "{file}, row {row}, column '{column}': longitude and latitude are both 0; clear both if the place is "
        "not known.",
        **table.place(row, "lon"),
    )


def _from_geometry(table: CheckedTable) -> tuple[pd.DataFrame, list[Message]]:
    raw = table.raw
    shapes = gpd.GeoSeries(raw.geometry, index=table.frame.index, crs=raw.crs or CRS)
    missing = shapes.isna() | shapes.is_empty
    points = ~missing & (shapes.geom_type == "Point")
    degrees = shapes[points].to_crs(CRS)
    given = pd.DataFrame({"lon": degrees.x, "lat": degrees.y}).reindex(table.frame.index)
    off = points & ~(given["lon"].abs().le(180) & given["lat"].abs().le(90))
    problems = [
        say(
            "{file}, row {row}: its geometry is a {shape}; give a point.",
            file=raw.source,
            row=int(row),
            shape=str(shapes.loc[row].geom_type),
        )
        for row in table.frame.index[~missing & ~points][:MOST_PROBLEMS]
    ]
    problems += [
        say(
            "{file}, row {row}: its point {lon}, {lat} is not on the globe; are longitude and latitude "
            "swapped, or is it in another coordinate system?",
            file=raw.source,
            row=int(row),
            lon=round(degrees.x[row], 5),
            lat=round(degrees.y[row], 5),
        )
        for row in table.frame.index[off][:MOST_PROBLEMS]
    ]
    return given.mask(off), problems
