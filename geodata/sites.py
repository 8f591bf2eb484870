"""A user's candidate sites: places where outlets could open."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.assignment import locate
from geodata.columns import SITES
from geodata.files import open_table
from geodata.messages import Message, Note, NoteKind, say
from geodata.outlets import repeated_ids
from geodata.points import TablePoints, rows_without_point, table_points
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import CRS, Datum
from geodata.validation import CheckedTable, checked, raise_problems

SITE_COLUMNS = (
    "site_id", "name", "lon", "lat", "adcode", "kind", "opening_cost", "area_m2", "stock_cap_t",
    "pickups_per_year", "max_units",
)  # fmt: skip


def read_sites(
    path: Path | str, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84, *, limits: Limits = LIMITS
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Return the candidate sites of a file.

    Parameters
    ----------
    path
        A sites table in any format we read.
    areas
        The areas of the study.
    datum
        The datum of the file's coordinates.
    limits
        The largest file that is read.

    Returns
    -------
    sites : geopandas.GeoDataFrame
        EPSG:4326 points: site_id, name, lon, lat, adcode (of the area it stands in, "" off every area), kind
        ("" for either), opening_cost, area_m2, stock_cap_t, pickups_per_year, max_units (NaN where not
        given), then the file's further columns; in the file's order.
    notes : list of Note
        Sites off every area, and those taken to the nearest.

    Raises
    ------
    InputError
        One sentence for everything in the file that cannot be used.
    """
    raw = open_table(Path(path), sheets=SITES.sheets, limits=limits)
    table = checked(raw, SITES, optional=() if raw.geometry is None else ("lon", "lat"))
    points = table_points(table, datum)
    raise_problems(
        [*table.problems, *points.problems, *repeated_ids(table, "site_id"), *_without_point(table, points)]
    )
    found = locate(points.lon, points.lat, areas)
    adcode = pd.Series(found.adcode, points.lon.index).astype("str")
    frame = table.frame.assign(lon=points.lon, lat=points.lat, adcode=adcode)
    notes = [*found.notes(raw.source), *_off_notes(table, frame)]
    extra = [name for name in frame.columns if name not in (*SITE_COLUMNS, "geometry")]
    ordered = frame[[*SITE_COLUMNS, *extra]].reset_index(drop=True)
    return gpd.GeoDataFrame(ordered, geometry=gpd.GeoSeries(points.geometry(), crs=CRS), crs=CRS), notes


def _without_point(table: CheckedTable, points: TablePoints) -> list[Message]:
    return [
        say(
            "{file}, row {row}: the site has no point; give it one or remove the row.",
            file=table.raw.source,
            row=row,
        )
        for row in rows_without_point(table, points)
    ]


def _off_notes(table: CheckedTable, frame: pd.DataFrame) -> list[Note]:
    return [
        Note(
            NoteKind.COORDINATES,
            say("The site '{name}' lies off every area; it is not offered.", name=frame.at[row, "name"]),
            table.raw.source,
            int(row),
            value=table.cell(int(row), "site_id"),
        )
        for row in frame.index[frame["adcode"] == ""]
    ]
