"""How an area's sales spread over points: the user's own table, or an assumed density.

The default for China (`default_demand`) weighs each county by √(places + 2) and, inside it, each populated
place by √min(population, 600,000). Against the 2020 census the counties' shares of their prefecture then
differ by 0.18 (median total variation); raw place populations, which are nested and mixed, differ by 0.67.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.messages import Note, NoteKind, say
from geodata.places import counties, places
from geodata.rawtable import LIMITS, Limits
from geodata.schemas import Datum

DEMAND_COLUMNS = ("point_id", "adcode", "lon", "lat", "weight", "population_weight")
LARGEST_POPULATION = 600_000
"""A place counts for no more people than this: beyond it, GeoNames gives a city's figure to its centre."""
_MARGIN = 0.06  # degrees; a place may lie up to 3 km off its area
_GRID = 16  # about so many points stand for the surface of a polygon that no place is known in


def read_demand(
    path: Path | str | None,
    areas: gpd.GeoDataFrame,
    datum: Datum = Datum.WGS84,
    *,
    limits: Limits = LIMITS,
    cell_km: float | None = None,
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the demand points of `areas`.

    Parameters
    ----------
    path
        A demand table, points with weights, a population raster, or polygons with values; None for the
        assumed density of `assumed_demand`.
    areas
        The areas of the study; each gets at least one point.
    datum
        The datum of the file's coordinates.
    limits
        The largest file that is read.
    cell_km
        The side of the equal-area cells that points are merged into, km; None: rasters and polygons get
        cells of a size that keeps them to about 100,000 points, tables keep their points.

    Returns
    -------
    points : pandas.DataFrame
        point_id, adcode, lon, lat (WGS-84), weight (sums to 1 in each area), population_weight (NaN where not
        given, else sums to 1 too), and the file's further columns, or `cell_km` where points stand for cells;
        sorted by adcode and point_id.
    notes : list of Note
        What was assumed or looks odd.

    Raises
    ------
    InputError
        One sentence for everything in the file that cannot be used.
    """
    if path is None:
        return assumed_demand(areas)
    from geodata.owndemand import read_own_demand

    return read_own_demand(Path(path), areas, datum, limits=limits, cell_km=cell_km)


def assumed_demand(areas: gpd.GeoDataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Return assumed demand points of `areas` with the notes that say so.

    China's prefecture-level areas get `default_demand`. A polygon of the user's own gets an even grid of
    points: nothing is known about where people live in it.
    """
    known = default_demand()
    known = known[known["adcode"].isin(_same_place(known, areas))]
    own = areas[~areas["adcode"].isin(known["adcode"])]
    points = pd.concat([known, *_grids(own)], ignore_index=True)
    notes = _assumption_notes(len(known), own["adcode"])
    return points.sort_values(["adcode", "point_id"], ignore_index=True), notes


def with_assumed(own: pd.DataFrame, areas: gpd.GeoDataFrame, source: str) -> tuple[pd.DataFrame, list[Note]]:
    """Return a user's points and assumed ones for the areas without any, with a note that names these.

    Sorted by adcode and point_id.
    """
    missing = areas[~areas["adcode"].isin(own["adcode"])]
    if missing.empty:
        return own.sort_values(["adcode", "point_id"], ignore_index=True), []
    assumed = assumed_demand(missing)[0][list(DEMAND_COLUMNS)]
    message = say(
        "{file} has no point in {n} of the areas ({areas}); where sales are in them is assumed.",
        file=source,
        n=len(missing),
        areas=", ".join(missing["adcode"].head(5)),
    )
    points = pd.concat([own, assumed]).sort_values(["adcode", "point_id"], ignore_index=True)
    return points, [Note(NoteKind.ASSUMPTION, message, source)]


def default_demand() -> pd.DataFrame:
    """Return the assumed density of the 372 default areas; see `density`."""
    return _default().copy()


@cache
def _default() -> pd.DataFrame:
    return density(places(), counties())


def density(places: pd.DataFrame, counties: pd.DataFrame) -> pd.DataFrame:
    """Spread each area's weight 1 over its counties and their places.

    A county weighs √(n + 2), n being its GeoNames places, as a part of its area's total. Inside it the weight
    goes to the places with a population by √min(population, 600,000); without any to the others in equal
    parts; without any place to a point inside the polygon.

    Parameters
    ----------
    places
        place_id, name, lon, lat, population, county.
    counties
        county, adcode, name, lon, lat.

    Returns
    -------
    pandas.DataFrame
        The columns of a demand table and the point's `name`, sorted by adcode and point_id.
    """
    county = counties.set_index("county")
    placed = places[places["county"].isin(county.index)]
    n = placed.groupby("county").size().reindex(county.index, fill_value=0)
    share = shares((n + 2) ** 0.5, county["adcode"])
    populated = placed["population"] > 0
    chosen = placed[populated | ~placed["county"].isin(placed.loc[populated, "county"])]
    people = chosen["population"].clip(upper=LARGEST_POPULATION)
    pull = (people**0.5).where(people > 0, 1.0)
    weight = shares(pull, chosen["county"]) * share.reindex(chosen["county"]).to_numpy()
    empty = county[~county.index.isin(placed["county"])]
    points = [
        _points("P" + chosen["place_id"], chosen, chosen["county"].map(county["adcode"]), weight),
        _points("C" + empty.index.to_series(), empty, empty["adcode"], share[empty.index]),
    ]
    return pd.concat(points, ignore_index=True).sort_values(["adcode", "point_id"], ignore_index=True)


def normalised(points: pd.DataFrame) -> pd.DataFrame:
    """Return points with weights that sum to 1 in each area, without the areas that weigh nothing.

    population_weight becomes NaN in areas whose people are unknown or nobody.
    """
    whole = points[["weight", "population_weight"]].groupby(points["adcode"]).transform("sum")
    people = (points["population_weight"] / whole["population_weight"]).where(whole["population_weight"] > 0)
    some = whole["weight"] > 0
    weight = points["weight"].where(some) / whole["weight"].where(some)
    return points.assign(weight=weight, population_weight=people)[some].reset_index(drop=True)


def shares(weight: pd.Series, group: pd.Series) -> pd.Series:
    """Return weights of any scale as shares that sum to 1 in each group."""
    return weight / weight.groupby(group).transform("sum")


def grid_points(shape: shapely.Geometry, *, count: int = _GRID) -> NDArray[np.float64]:
    """Return about `count` points spread evenly inside a polygon, shape (n, 2), n ≥ 1.

    The cells are square on the ground; a polygon so narrow that no cell's centre falls inside gets one point
    that surely does.
    """
    left, low, right, high = shape.bounds
    stretch = max(float(np.cos(np.radians((low + high) / 2))), 0.01)
    step = np.sqrt(max(shape.area * stretch, 1e-18) / count)
    x = left + (np.arange(max(1, round((right - left) * stretch / step))) + 0.5) * step / stretch
    y = low + (np.arange(max(1, round((high - low) / step))) + 0.5) * step
    xy = np.column_stack([grid.ravel() for grid in np.meshgrid(x, y)])
    inside: NDArray[np.float64] = xy[shapely.contains_xy(shape, xy[:, 0], xy[:, 1])]
    return inside if len(inside) else shapely.get_coordinates(shape.representative_point())


def _points(ids: pd.Series, table: pd.DataFrame, adcode: pd.Series, weight: pd.Series) -> pd.DataFrame:
    columns = {
        "point_id": ids.astype(str),
        "adcode": adcode.astype(str),
        "lon": table["lon"].astype(float),
        "lat": table["lat"].astype(float),
        "weight": weight.astype(float),
        "population_weight": np.nan,
        "name": table["name"].astype(str),
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def _same_place(points: pd.DataFrame, areas: gpd.GeoDataFrame) -> list[str]:
    """Return the codes whose points lie in the box of that area: the same place, not the code alone."""
    boxes = points.groupby("adcode")[["lon", "lat"]].agg(["min", "max"])
    bounds = areas.geometry.bounds.set_axis(areas["adcode"])
    both = boxes.index.intersection(bounds.index)
    box, bound = boxes.loc[both], bounds.loc[both]
    fits = (
        (box["lon", "min"] >= bound["minx"] - _MARGIN)
        & (box["lon", "max"] <= bound["maxx"] + _MARGIN)
        & (box["lat", "min"] >= bound["miny"] - _MARGIN)
        & (box["lat", "max"] <= bound["maxy"] + _MARGIN)
    )
    return list(both[fits])


def _grids(areas: gpd.GeoDataFrame) -> Iterator[pd.DataFrame]:
    for adcode, name, shape in zip(areas["adcode"], areas["name"], areas.geometry, strict=True):
        xy = grid_points(shape)
        table = pd.DataFrame({"lon": xy[:, 0], "lat": xy[:, 1], "name": name})
        ids = pd.Series([f"A{adcode}-{number}" for number in range(1, len(xy) + 1)])
        yield _points(ids, table, pd.Series(adcode, table.index), pd.Series(1 / len(xy), table.index))


def _assumption_notes(known: int, own: pd.Series) -> list[Note]:
    notes = []
    if known:
        message = say(
            "Where sales are inside an area is assumed: counties weigh by the square root of their number of "
            "places plus 2, places by the square root of their population, up to {limit}.",
            limit=f"{LARGEST_POPULATION:,}",
        )
        notes.append(Note(NoteKind.ASSUMPTION, message))
    if len(own):
        message = say(
            "Where sales are is not known for {n} areas ({areas}): they are assumed to spread evenly over "
            "the surface. A demand table would say better.",
            n=len(own),
            areas=", ".join(own.head(5)),
        )
        notes.append(Note(NoteKind.ASSUMPTION, message))
    return notes
