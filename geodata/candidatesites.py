"""Candidate sites from features of OpenStreetMap: a table that can be read as sites, and what is left out.

What is mapped twice counts once: places of one kind and name whose points are at most 100 m apart or one in
the other's outline; and a place without a name within 25 m of another of its kind or in its outline.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geodata.assignment import assign_areas
from geodata.exclusionmasks import Mask, polygons_of, refused
from geodata.features import NAME_KEYS, Features
from geodata.messages import Message, Note, NoteKind, say
from geodata.reach import pairs_within
from geodata.schemas import CRS
from geodata.sitekinds import FeatureKind

SOURCE = "OpenStreetMap"
SAME_NAME_KM = 0.1
UNNAMED_KM = 0.025
SITE_COLUMNS = ("site_id", "name", "lon", "lat", "adcode", "place_kind", "source", "source_id", "also")
"""Of the table of sites; `also` are the ids of the features it stands for besides, ;-separated."""
EXCLUDED_COLUMNS = (*SITE_COLUMNS, "mask", "distance_m", "reason")

_DIGITS = 7  # of a degree, as OpenStreetMap has them


@dataclass(frozen=True, slots=True, eq=False)
class CandidateSites:
    """What was found.

    Attributes
    ----------
    sites
        EPSG:4326 points with `SITE_COLUMNS`, sorted by area, kind and id.
    excluded
        Those that a mask refuses, with `EXCLUDED_COLUMNS`: `mask`, the first that does; `distance_m`, 0 for
        inside; `reason`, a sentence.
    notes
        What was noticed.
    """

    sites: gpd.GeoDataFrame
    excluded: gpd.GeoDataFrame
    notes: tuple[Note, ...] = ()


def candidate_sites(
    features: Features,
    areas: gpd.GeoDataFrame,
    kinds: Sequence[FeatureKind],
    masks: Sequence[Mask] = (),
    *,
    chosen: Collection[str] | None = None,
    text: Callable[[Message], str] = str,
) -> CandidateSites:
    """Return the sites of some kinds in some areas, and those that masks refuse.

    Parameters
    ----------
    features
        With the columns of tags that tell the kinds apart.
    areas
        All areas of the study: a place just beyond a border counts for its own area.
    kinds
        The kinds looked for; a feature of several takes the first.
    masks
        Land to keep off, in the order in which it gives the reason.
    chosen
        Codes of the areas whose sites are wanted; all if None.
    text
        Puts kinds' titles, for places without a name, and reasons into the reader's language.
    """
    found = _of_kinds(features.table, kinds)
    placed = _placed(found, areas, chosen)
    once = _merged(placed, {kind.name for kind in kinds if kind.land})
    titles = {kind.name: text(kind.title) for kind in kinds}
    table = _as_table(once, titles)
    refusals = refused(table["lon"].to_numpy(), table["lat"].to_numpy(), masks)
    out = np.isin(np.arange(len(table)), list(refusals))
    why = [refusals[row] for row in sorted(refusals)]
    excluded = table[out].assign(
        mask=pd.array([one.mask for one in why], dtype="str"),
        distance_m=np.array([np.floor(one.distance_m * 10) / 10 for one in why], dtype=float),
        reason=pd.array([text(one.reason) for one in why], dtype="str"),
    )
    notes = _notes(features, len(placed) - len(once))
    return CandidateSites(_located(table[~out]), _located(excluded), notes)


def masks_of(
    features: Features, kinds: Sequence[FeatureKind], keep_off_m: dict[str, float]
) -> tuple[Mask, ...]:
    """Return the land of some kinds as masks; points of it have no inside and count for nothing."""
    masks = []
    for kind in kinds:
        land = features.table[kind.matches(features.table)]
        shapes = polygons_of(land.geometry.to_numpy())
        whole = np.array([shape is not None for shape in shapes], dtype=bool)
        names = tuple(_names(land)[whole])
        masks.append(Mask(kind.name, kind.title, shapes[whole], names, keep_off_m.get(kind.name, 0.0)))
    return tuple(masks)


def _of_kinds(table: gpd.GeoDataFrame, kinds: Sequence[FeatureKind]) -> gpd.GeoDataFrame:
    """Return the features of the kinds with `place_kind`, `name`, `lon`, `lat`."""
    kind = np.full(len(table), "", dtype=object)
    for one in reversed(kinds):
        kind[one.matches(table)] = one.name
    found = table.assign(place_kind=pd.array(kind, dtype="str"), name=_names(table))
    found = found[found["place_kind"] != ""].reset_index(drop=True)
    point = shapely.point_on_surface(found.geometry.to_numpy())
    return found.assign(lon=shapely.get_x(point).round(_DIGITS), lat=shapely.get_y(point).round(_DIGITS))


def _names(table: pd.DataFrame) -> NDArray[np.object_]:
    """Return what features are called, "" where nothing says; shape (n,)."""
    names = np.full(len(table), "", dtype=object)
    for key in reversed(NAME_KEYS):
        if key in table:
            said = table[key].astype(str).str.split().str.join(" ").to_numpy(object)
            names = np.where(said != "", said, names)
    return names


def _placed(
    found: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, chosen: Collection[str] | None
) -> gpd.GeoDataFrame:
    adcode = pd.Series(assign_areas(found["lon"], found["lat"], areas), found.index).astype("str")
    wanted = adcode.ne("") if chosen is None else adcode.isin(list(chosen))
    return found.assign(adcode=adcode)[wanted].reset_index(drop=True)


def _merged(places: gpd.GeoDataFrame, land: set[str]) -> gpd.GeoDataFrame:
    """Return each place once, the largest outline first, with the ids of its doubles as `also`."""
    order = np.lexsort((places["osm_id"], places["element"], -shapely.area(places.geometry.to_numpy())))
    sorted_ = places.iloc[order].reset_index(drop=True)
    leader = np.arange(len(sorted_))
    for kind, rows in sorted_.groupby("place_kind").indices.items():
        leader[rows] = rows[_leaders(sorted_.iloc[rows], named_only=kind in land)]
    source_id = sorted_["element"] + "/" + sorted_["osm_id"].astype(str)
    also = source_id[leader != np.arange(len(leader))].groupby(leader[leader != np.arange(len(leader))])
    joined = also.agg(lambda ids: ";".join(ids)).reindex(range(len(sorted_))).fillna("")
    kept = np.unique(leader)
    return sorted_.assign(source_id=source_id, also=joined.astype("str")).iloc[kept].reset_index(drop=True)


def _leaders(places: gpd.GeoDataFrame, *, named_only: bool) -> NDArray[np.int64]:
    """Return the position of the place that each of one kind is merged into, often its own; shape (n,)."""
    name = places["name"].str.casefold().to_numpy(object)
    near, within = _close(places, SAME_NAME_KM), _close(places, UNNAMED_KM)
    i, j = near
    same = (name[i] == name[j]) & (name[i] != "")
    if not named_only:
        k, m = within
        blank = (name[k] == "") & (name[m] == "")
        i, j = np.concatenate([i[same], k[blank]]), np.concatenate([j[same], m[blank]])
    else:
        i, j = i[same], j[same]
    leader = _firsts(len(places), i, j)
    return leader if named_only else _to_named(leader, name, *within)


def _close(places: gpd.GeoDataFrame, limit_km: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of places within a distance, or one's point in the other's outline."""
    near = pairs_within(places["lon"], places["lat"], places["lon"], places["lat"], limit_km).tocoo()
    shapes = places.geometry.to_numpy()
    points = shapely.points(places["lon"], places["lat"])
    inner, outer = shapely.STRtree(shapes).query(points, predicate="intersects")
    i, j = np.concatenate([near.row, inner]), np.concatenate([near.col, outer])
    return i.astype(np.int64), j.astype(np.int64)


def _firsts(n: int, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first of each connected part, by member."""
    graph = sparse.coo_array((np.ones(len(i)), (i, j)), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    first = np.full(n, n, dtype=np.int64)
    np.minimum.at(first, part, np.arange(n))
    return np.asarray(first[part])


def _to_named(
    leader: NDArray[np.int64], name: NDArray[np.object_], i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Take each part without a name to the first named place next to one of its members."""
    across = ((name[i] == "") & (name[j] != "")) | ((name[j] == "") & (name[i] != ""))
    target = np.full(len(leader), len(leader), dtype=np.int64)
    blank = np.where(name[i] == "", i, j)[across]
    named = np.where(name[i] == "", j, i)[across]
    np.minimum.at(target, leader[blank], leader[named])
    return np.where((name == "") & (target[leader] < len(leader)), target[leader], leader)


def _as_table(places: gpd.GeoDataFrame, titles: dict[str, str]) -> pd.DataFrame:
    name = places["name"].where(places["name"] != "", places["place_kind"].map(titles))
    table = pd.DataFrame(places.drop(columns="geometry")).assign(
        site_id="osm-" + places["source_id"].str.replace("/", "-", regex=False),
        name=name.astype("str"),
        source=SOURCE,
    )
    table = table.sort_values(["adcode", "place_kind", "element", "osm_id"], kind="stable")
    return table[list(SITE_COLUMNS)].reset_index(drop=True)


def _located(table: pd.DataFrame) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(table["lon"], table["lat"], crs=CRS)
    return gpd.GeoDataFrame(table, geometry=points).reset_index(drop=True)


def _notes(features: Features, doubles: int) -> tuple[Note, ...]:
    notes = []
    if features.as_of:
        message = say("{name}: as OpenStreetMap was on {dates}.", name=features.name, dates=features.as_of)
        notes.append(Note(NoteKind.COORDINATES, message, features.name))
    if features.broken:
        message = say(
            "{n} features, places or land to keep off, have no whole outline, as where an extract was cut; "
            "they are left out.",
            n=features.broken,
        )
        notes.append(Note(NoteKind.COORDINATES, message, features.name))
    if doubles:
        message = say(
            "{n} features stand for places that are mapped twice, of the same kind and near by; each place "
            "is listed once.",
            n=doubles,
        )
        notes.append(Note(NoteKind.DUPLICATE, message, features.name))
    return tuple(notes)
