"""Demand from points with weights, such as vehicles registered by address: placed into areas, merged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.areanames import area_index
from geodata.assignment import locate
from geodata.columns import DEMAND, TableDefinition
from geodata.declared import declared_areas
from geodata.demand import DEMAND_COLUMNS, normalised, with_assumed
from geodata.grid import cell_sums, centroids, grid_for
from geodata.messages import InputError, Message, Note, NoteKind, say
from geodata.outlets import repeated_ids
from geodata.points import TablePoints, rows_without_point, table_points
from geodata.rawtable import RawTable
from geodata.schemas import Datum
from geodata.validation import (
    CheckedTable,
    checked,
    matched_headers,
    missing_column,
    raise_problems,
)

MANY_POINTS = 200_000
"""More points than this are merged into cells even if nobody asks for it."""
_COUNTS = (
    "vehicles", "registrations", "registered vehicles", "vehicle registrations", "cars", "count", "number",
    "sales", "value", "车辆数", "保有量", "注册量", "登记量", "上险量", "上牌量", "销量", "辆数", "数量",
)  # fmt: skip
_PEOPLE = ("pop", "residents", "inhabitants", "常住人口")


def _widened() -> TableDefinition:
    """Return `DEMAND` with more names for its quantities and nothing required but a place."""
    more = {"weight": _COUNTS, "population_weight": _PEOPLE}
    fields = [
        replace(
            field,
            required=field.name in ("lon", "lat"),
            aliases=(*field.aliases, *more.get(field.name, ())),
        )
        for field in DEMAND.fields
    ]
    return replace(DEMAND, fields=tuple(fields))


DENSITY = _widened()


@dataclass(frozen=True, slots=True)
class _Placed:
    """The points of a density that stand in areas, on the file's row numbers, and what was noticed."""

    frame: pd.DataFrame
    notes: tuple[Note, ...]


def is_density(raw: RawTable) -> bool:
    """Tell whether a table is no demand table: its points name no area, or have no name of their own."""
    if raw.frame.columns.empty:
        return False
    given = matched_headers(raw, DEMAND, DEMAND.names)
    return not {"point_id", "adcode"} <= given.keys()


def measured(raw: RawTable) -> TableDefinition:
    """Return the definition of a density's table, in which the quantity it holds is required.

    Raises
    ------
    InputError
        If it has neither weights nor people.
    """
    given = matched_headers(raw, DENSITY, DENSITY.names)
    quantity = next((name for name in ("weight", "population_weight") if name in given), None)
    if quantity is None:
        raise InputError(missing_column(raw, DENSITY, DENSITY["weight"]))
    fields = [replace(one, required=one.required or one.name == quantity) for one in DENSITY.fields]
    return replace(DENSITY, fields=tuple(fields))


def point_demand(
    raw: RawTable, areas: gpd.GeoDataFrame, datum: Datum = Datum.WGS84, *, cell_km: float | None = None
) -> tuple[pd.DataFrame, list[Note]]:
    """Return points with weights as demand points.

    Parameters
    ----------
    raw
        A table with a place and a weight (or people) in every row, and perhaps the area it counts for;
        else it counts for the area it stands in.
    areas
        The areas of the study, EPSG:4326; those without any weight get assumed points.
    datum
        The datum of the coordinates.
    cell_km
        The side of the cells that points are merged into, km; None: more than 200,000 are merged, fewer stay
        as they are.

    Raises
    ------
    InputError
        One sentence for everything that cannot be used, or if no point stands in any area.
    """
    _require_places(raw)
    table = checked(raw, measured(raw), optional=() if raw.geometry is None else ("lon", "lat"))
    merges = cell_km is not None or len(table.frame) > MANY_POINTS
    placed = _placed(table, areas, datum, named=not merges)
    notes = list(placed.notes)
    if merges and len(placed.frame):
        own, merging = _merged(placed.frame, areas, cell_km, raw.source)
        notes.append(merging)
    else:
        own = normalised(_named(placed.frame, table))
    columns = [*DEMAND_COLUMNS, *(name for name in own.columns if name not in DEMAND_COLUMNS)]
    points, missing = with_assumed(own[columns], areas, raw.source)
    return points, [*notes, *missing]


def require_weight(table: CheckedTable, weight: pd.Series) -> None:
    """Raise an `InputError` if rows weigh nothing together."""
    if len(weight) and not weight.sum() > 0:
        raise InputError(
            say(
                "{file}: its rows weigh 0 together; give at least one a weight above 0.",
                file=table.raw.source,
            )
        )


def without_point(table: CheckedTable, place: TablePoints) -> list[Message]:
    """Return the features without a point; blank cells of lon and lat are said already."""
    return [
        say(
            "{file}, row {row}: the demand point has no place; give it one or remove the row.",
            file=table.raw.source,
            row=row,
        )
        for row in rows_without_point(table, place)
    ]


def _require_places(raw: RawTable) -> None:
    given = matched_headers(raw, DENSITY, DENSITY.names)
    if raw.geometry is None and not {"lon", "lat"} & given.keys():
        raise InputError(
            say(
                "{file} has no coordinates; add longitude and latitude ('lon', 'lat') to every row. Where "
                "only postcodes or addresses are known, look up their places first.",
                file=raw.source,
            )
        )


def _placed(table: CheckedTable, areas: gpd.GeoDataFrame, datum: Datum, *, named: bool) -> _Placed:
    """Return the points with the area each counts for: the one it names, else the one it stands in."""
    place = table_points(table, datum)
    declared = declared_areas(table, area_index(areas))
    ids = repeated_ids(table, "point_id") if named and table.given("point_id") else []
    raise_problems([*table.problems, *place.problems, *declared.problems, *ids, *without_point(table, place)])
    found = locate(place.lon, place.lat, areas)
    code = declared.adcode.where(declared.adcode != "", pd.Series(found.adcode, table.frame.index))
    weight = table.frame["weight" if table.given("weight") else "population_weight"]
    frame = table.frame.assign(adcode=code, lon=place.lon, lat=place.lat, weight=weight)
    require_weight(table, weight)
    off = frame.index[(code == "").to_numpy(bool)]
    if len(off) and len(off) == len(frame):
        raise InputError(
            say(
                "{file}: none of its points lies in any of the areas; are longitude and latitude swapped, or "
                "are they in another coordinate system?",
                file=table.raw.source,
            )
        )
    near = [] if table.given("adcode") else found.notes(table.raw.source)
    notes = [*declared.notes, *near, *_left_out(table, frame, off)]
    return _Placed(frame.drop(index=off), tuple(notes))


def _left_out(table: CheckedTable, frame: pd.DataFrame, off: pd.Index) -> Iterator[Note]:
    if len(off):
        total = float(frame["weight"].sum())
        message = say(
            "{file}: {n} of {total} points, with {share:.1%} of the weight, lie off every area and are left "
            "out, first in row {row}.",
            file=table.raw.source,
            n=len(off),
            total=len(frame),
            share=float(frame.loc[off, "weight"].sum()) / total if total else 0.0,
            row=int(off[0]),
        )
        yield Note(NoteKind.COORDINATES, message, table.raw.source, int(off[0]))


def _named(frame: pd.DataFrame, table: CheckedTable) -> pd.DataFrame:
    """Return points with a name each: the file's, else the area's code and a number from west to east."""
    if table.given("point_id") and (frame["point_id"] != "").all():
        return frame
    ordered = frame.sort_values(["adcode", "lon", "lat", "weight"], kind="stable")
    number = ordered.groupby("adcode").cumcount() + 1
    return ordered.assign(point_id=(ordered["adcode"] + "-" + number.astype(str)).astype("str"))


def _merged(
    frame: pd.DataFrame, areas: gpd.GeoDataFrame, cell_km: float | None, source: str
) -> tuple[pd.DataFrame, Note]:
    """Return the points of each area and cell as one, and the note that says so.

    Points are added in the order of their place, so that the file's order changes nothing.
    """
    ordered = normalised(frame.sort_values(["lon", "lat", "weight", "population_weight"], kind="stable"))
    used = areas[areas["adcode"].isin(ordered["adcode"])].reset_index(drop=True)
    grid = grid_for(used if len(used) else areas, cell_km, most=len(ordered))
    position = pd.Series(np.arange(len(used)), used["adcode"])
    area = ordered["adcode"].map(position).to_numpy(np.int64)
    x, y = grid.plane(ordered["lon"].to_numpy(float), ordered["lat"].to_numpy(float))
    weight, people = ordered["weight"].to_numpy(float), ordered["population_weight"].to_numpy(float)
    mass = weight + np.nan_to_num(people)
    sums = cell_sums(grid, area, x, y, mass, sales=weight, people=people).query("weight > 0")
    sums = sums.sort_values(["area", "column", "row"], ignore_index=True)
    points = centroids(grid, sums, used)
    message = say(
        "{file}: {n:,} points were merged into {cells:,}, those of cells of {size:g} km.",
        file=source,
        n=len(frame),
        cells=len(points),
        size=grid.cell_km,
    )
    return points.assign(weight=sums["sales"], population_weight=sums["people"]), Note(
        NoteKind.COORDINATES, message, source
    )
