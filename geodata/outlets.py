"""The outlet list: what exists or is planned, for whom, and where it stands."""

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.areanames import area_index
from geodata.assignment import locate
from geodata.columns import OUTLETS, TableDefinition
from geodata.declared import declared_areas
from geodata.files import open_table
from geodata.messages import Message, Note, say
from geodata.outletnotes import place_notes, repetition_notes
from geodata.points import TablePoints, table_points
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import CRS, Datum
from geodata.suspicion import suspect_datum
from geodata.validation import MOST_PROBLEMS, CheckedTable, checked, raise_problems

OUTLET_COLUMNS = (
    "outlet_id", "name", "enterprises", "kind", "lon", "lat", "adcode", "declared_adcode", "located",
    "area_m2", "stock_cap_t", "pickups_per_year", "opened", "status",
)  # fmt: skip


def read_outlets(
    path: Path | str | None,
    areas: gpd.GeoDataFrame,
    datum: Datum = Datum.WGS84,
    *,
    limits: Limits = LIMITS,
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Return the outlets of a study.

    Parameters
    ----------
    path
        An outlets table in any format we read, or None: no outlet exists.
    areas
        The areas of the study.
    datum
        The datum of the file's coordinates.
    limits
        The largest file that is read.

    Returns
    -------
    outlets : geopandas.GeoDataFrame
        EPSG:4326 points (None where not located): outlet_id, name, enterprises (";"-joined), kind, lon, lat,
        adcode (of the area it stands in by its point, else as declared; "" off every area), declared_adcode,
        located, area_m2, stock_cap_t, pickups_per_year (NaN where not given), opened, status, then the file's
        further columns; in the file's order.
    notes : list of Note
        Outlets not located, in another area than declared, off every area, or listed twice; a datum or an
        order of axes under which more of them would lie where they say.

    Raises
    ------
    InputError
        One sentence for everything in the file that cannot be used.
    """
    if path is None:
        return _framed(_nothing()), []
    table = checked(open_table(Path(path), sheets=OUTLETS.sheets, limits=limits), OUTLETS)
    index = area_index(areas)
    declared = declared_areas(table, index)
    points = table_points(table, datum)
    enterprises = split_enterprises(table.frame["enterprises"])
    raise_problems(
        [
            *table.problems,
            *declared.problems,
            *points.problems,
            *repeated_ids(table, "outlet_id"),
            *_without_enterprise(table, enterprises),
            *_without_place(table),
        ]
    )
    found = locate(points.lon, points.lat, areas)
    located = points.located
    frame = table.frame.assign(
        enterprises=enterprises,
        lon=points.lon,
        lat=points.lat,
        adcode=declared.adcode.mask(located, pd.Series(found.adcode, points.lon.index)).astype("str"),
        declared_adcode=declared.adcode,
        located=located,
    )
    suspicion = suspect_datum(points.given["lon"], points.given["lat"], declared.adcode, areas, datum=datum)
    notes = [
        *declared.notes,
        *([suspicion.note(table.raw.source)] if suspicion else []),
        *found.notes(table.raw.source),
        *place_notes(table, frame, index),
        *repetition_notes(table, frame),
    ]
    return _framed(frame, points), notes


def split_enterprises(values: pd.Series) -> pd.Series:
    """Return lists of enterprises as ";"-joined names, trimmed, each once; ；and 、 separate too."""

    def joined(text: str) -> str:
        names = [name.strip() for name in re.split(r"[;；、]", text)]
        return ";".join(dict.fromkeys(filter(None, names)))

    return values.map({text: joined(text) for text in values.unique()}).astype("str")


def repeated_ids(table: CheckedTable, name: str) -> list[Message]:
    """Return a sentence for every identifier in column `name` that an earlier row has."""
    ids = table.frame[name]
    first = {text: row for row, text in zip(ids.index[::-1], ids.iloc[::-1], strict=True)}
    return [
        say(
            "{file}, row {row}, column '{column}': '{value}' is in row {first} too; give each row its own.",
            first=int(first[ids.at[row]]),
            **table.place(int(row), name),
        )
        for row in ids.index[(ids != "") & ids.duplicated()][:MOST_PROBLEMS]
    ]


def _without_enterprise(table: CheckedTable, enterprises: pd.Series) -> list[Message]:
    empty = (enterprises == "") & (table.frame["enterprises"] != "")
    return [
        say(
            "{file}, row {row}, column '{column}': '{value}' names no enterprise; write names, separated by "
            "semicolons.",
            **table.place(int(row), "enterprises"),
        )
        for row in enterprises.index[empty][:MOST_PROBLEMS]
    ]


def _without_place(table: CheckedTable) -> list[Message]:
    """Return the rows that have neither a point nor an area."""
    nowhere = table.blank("lon") & table.blank("lat") & table.blank("adcode")
    if table.raw.geometry is not None and not table.given("lon"):
        nowhere &= pd.isna(table.raw.geometry)
    return [
        say(
            "{file}, row {row}: the outlet has neither coordinates nor an area; fill in '{column}' or "
            "longitude and latitude.",
            **table.place(int(row), "adcode"),
        )
        for row in table.frame.index[nowhere][:MOST_PROBLEMS]
    ]


def _nothing(definition: TableDefinition = OUTLETS) -> pd.DataFrame:
    """Return the outlets of a study without any."""
    text = pd.Series([], dtype="str")
    number = pd.Series([], dtype=float)
    kinds = {"number": number, "whole": number, "date": pd.Series([], dtype="datetime64[us]")}
    columns = {one.name: kinds.get(one.kind, text) for one in definition.fields}
    return pd.DataFrame(columns).assign(declared_adcode=text, located=pd.Series([], dtype=bool))


def _framed(frame: pd.DataFrame, points: TablePoints | None = None) -> gpd.GeoDataFrame:
    """Return the canonical table: its columns first, the file's further ones after them, then the points."""
    known = [*OUTLET_COLUMNS, "geometry"]
    extra = [name for name in frame.columns if name not in known]
    geometry = np.array([], dtype=object) if points is None else points.geometry()
    ordered = frame[[*OUTLET_COLUMNS, *extra]].reset_index(drop=True)
    return gpd.GeoDataFrame(ordered, geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS)
