"""The app's map as two files: what all see of the areas, and the colours, points and cards of one study."""

import hashlib
import json
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from threading import Lock

import geopandas as gpd
import pandas as pd
import shapely

from geodata.boundaries import default_areas, simplified
from geodata.schemas import Tables
from maps.layers import CardLine, Data, Fact, area_layer, reach_layer, unreached_layer
from maps.legend import Colouring, LegendClass
from maps.overview import base_of
from planner.credits import credits_of
from planner.language import Language, Translator, translator
from planner.network import names_in
from planner.outlines import OUTLINES
from planner.report_digest import Digest, status_words
from planner.report_map import (
    background_of,
    card_lines,
    colourings,
    facts,
    layers,
    located_ids,
    outlet_notes,
)
from planner.report_service import routes_layer, zones_layer

MOST_CIRCLES = 40
"""Outlets whose reach is drawn unasked: the circles of more hide what is below them."""
MOST_DRAWINGS = 8
"""Sets of simplified areas that are kept: the packaged ones, and those of people's own that are in use."""


class Drawings:
    """Base files by the digest of their areas and the language: made once, by whoever asks first."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = Lock()

    def base(self, areas: gpd.GeoDataFrame, digest: str, t: Translator) -> bytes:
        """Return the base file of some areas; whoever asks while it is being made waits for it."""
        with self._lock:
            key = (digest, str(t.language))
            if key not in self._made:
                self._made[key] = _drawn(areas, t)
            self._made.move_to_end(key)
            while len(self._made) > MOST_DRAWINGS:
                self._made.popitem(last=False)
            return self._made[key]


DRAWINGS = Drawings()


def base_data(tables: Tables, t: Translator) -> bytes:
    """Return geometry and names of the areas, province lines and labels, as JSON in a language."""
    return DRAWINGS.base(tables.areas, area_digest(tables.areas), t)


def is_packaged(tables: Tables) -> bool:
    """Whether the areas are those that everybody has, so that everyone may see how they are drawn."""
    return area_digest(tables.areas) == _packaged_digest()


def warm() -> None:
    """Draw the packaged areas in all languages, so that the first reader does not wait for it."""
    import mapclassify  # noqa: F401  # slow to import, and needed by the first colouring

    areas = default_areas()
    for language in Language:
        DRAWINGS.base(areas, _packaged_digest(), translator(language))


@lru_cache(maxsize=1)
def _packaged_digest() -> str:
    return area_digest(default_areas())


def area_digest(areas: gpd.GeoDataFrame) -> str:
    """Return what tells areas from others: the SHA-256 of their codes, names and shapes.

    It is kept as long as the table lives, since a click must not hash half a million vertices.
    """
    name = id(areas)
    known = _DIGESTS.get(name)
    if known is None or known[0]() is not areas:

        def forget(_: object) -> None:
            _DIGESTS.pop(name, None)

        known = _DIGESTS[name] = (weakref.ref(areas, forget), _digest(areas))
    return known[1]


_DIGESTS: dict[int, tuple["weakref.ref[gpd.GeoDataFrame]", str]] = {}


def _digest(areas: gpd.GeoDataFrame) -> str:
    words = areas[["adcode", "name", "province_adcode", "province", "pinyin", "name_en"]].fillna("")
    shapes = b"".join(shapely.to_wkb(areas.geometry.to_numpy()))
    return hashlib.sha256(words.to_csv(index=False).encode() + b"\0" + shapes).hexdigest()


def _drawn(areas: gpd.GeoDataFrame, t: Translator) -> bytes:
    coarse = simplified(areas)
    shown = area_layer(coarse, chinese=t.language is Language.CHINESE)
    plain = {name: part for name, part in shown.items() if name not in ("facts", "lines")}
    return as_json(base_of(coarse, plain, background_of(coarse, t), t))


def paint_data(digest: Digest) -> bytes:
    """Return colourings, points and cards of a study, as JSON in the digest's language."""
    return paint_of(
        digest,
        colours=colourings(digest),
        points=named_outlets(layers(digest), digest),
        figures=facts(digest),
        lines=card_lines(digest),
    )


def area_paint(
    digest: Digest,
    adcode: str,
    *,
    reach_km: float | None = None,
    unreached: pd.DataFrame | None = None,
    zones: gpd.GeoDataFrame | None = None,
    routes: gpd.GeoDataFrame | None = None,
) -> bytes:
    """Return what lies on one area and around it: sales, what is not reached, outlets, reach, fine outlines.

    Parameters
    ----------
    digest
        The study counted up, narrowed to an enterprise where one is looked at.
    adcode
        The area.
    reach_km
        How far an outlet reaches; None where no rule says so.
    unreached
        Demand points of the area out of reach: lon, lat (WGS 84). They are told apart from "all reached",
        an empty table, by None: not known.
    zones, routes
        What the outlets reach and ways to them by road, of `planner.service`; zones stand in for the circles
        of `reach_km`.
    """
    t, study = digest.t, digest.study
    areas = study.tables.areas
    near = _around(areas, adcode, reach_km or 0.0)
    narrow = replace(study, tables=replace(study.tables, outlets=near(study.tables.outlets)))
    within = replace(digest, study=narrow)
    shown = named_outlets(layers(within, demand_of=[adcode]), within)
    lines = card_lines(replace(digest, duties=digest.duties[digest.duties["adcode"] == adcode]))
    below: list[Data] = [{**shown[0], "on": True}]
    if unreached is not None:
        below.append(unreached_layer(unreached, t, unit=t("places")))
    if zones is not None and len(zones):
        below.append(zones_layer(zones, t))
    elif reach_km is not None:
        standing = narrow.counted_outlets
        standing = standing[standing["adcode"] == adcode]
        reach = reach_layer(standing, pd.Series(reach_km, index=standing.index), t)
        below.append({**reach, "on": len(standing) <= MOST_CIRCLES})
    if routes is not None and len(routes):
        below.append(routes_layer(routes, digest, on=len(routes) == 1))
    return paint_of(
        digest,
        colours=[_alone(digest, adcode), *colourings(digest)],
        points=[*below, *shown[1:]],
        figures=facts(digest),
        lines=lines,
        fine=OUTLINES.around(areas, area_digest(areas), adcode),
    )


def _alone(digest: Digest, adcode: str) -> Colouring:
    """Return one area by its status on a ground of all others: what lies on it is to be seen."""
    t, areas = digest.t, digest.areas
    here = areas["adcode"].eq(adcode)
    status = str(areas.loc[here, "status"].iloc[0])
    fill = "short-fill-1" if status == "short" else f"{status}-fill"
    return Colouring(
        "area",
        t("This area"),
        t("areas"),
        (
            LegendClass(status_words(t)[status], 1, fill, status),
            LegendClass(t("other areas"), len(areas) - 1, "none-fill"),
        ),
        tuple(int(not is_here) for is_here in here),
    )


def _around(
    areas: gpd.GeoDataFrame, adcode: str, margin_km: float
) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    """Return what keeps the points in the box around an area, and half a box more on each side."""
    west, south, east, north = areas.loc[areas["adcode"] == adcode].total_bounds
    margin = margin_km / 60
    wide, high = (east - west) / 2 + margin, (north - south) / 2 + margin

    def near(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        inside = points["lon"].between(west - wide, east + wide)
        return points[inside & points["lat"].between(south - high, north + high)]

    return near


def paint_of(
    digest: Digest,
    *,
    colours: Sequence[Colouring],
    points: Sequence[Data],
    figures: Sequence[Fact] = (),
    lines: Mapping[str, Sequence[CardLine]] | None = None,
    fine: Data | None = None,
) -> bytes:
    """Return what lies on the areas as JSON; colourings and figures are in the order of the areas.

    Parameters
    ----------
    digest
        Whose areas they are.
    colours
        Ways to colour the areas, the first shown first.
    points
        From `maps.layers`; later ones lie on top.
    figures, lines
        Figures and sentences on the areas' cards, the latter by adcode.
    fine
        Outlines that stand in for the coarse ones, see `planner.outlines`.
    """
    cards = lines or {}
    return as_json(
        {
            "colourings": [colouring.data() for colouring in colours],
            "layers": list(points),
            "facts": [{"label": fact.label, "values": list(fact.values)} for fact in figures],
            "lines": [
                [[line.mark, line.text] for line in cards.get(code, ())] for code in digest.areas["adcode"]
            ],
            "fine": fine,
            "owed": list(credits_of(digest.study.tables)),
        }
    )


def named_outlets(shown: Sequence[Data], digest: Digest) -> list[Data]:
    """Return layers of outlets with the id of each point and who uses it.

    Enterprises are numbers in a list of names, since an outlet may be shared by twenty: their names again and
    again were two thirds of the file.
    """
    outlets = {"outlets": digest.study.counted_outlets, "new": digest.study.new_outlets}
    return [
        {**layer, **_identity(outlets[str(layer["name"])], digest)} if layer["name"] in outlets else layer
        for layer in shown
    ]


def _identity(outlets: pd.DataFrame, digest: Digest) -> Data:
    placed = outlets[outlets["lon"].notna() & outlets["lat"].notna()]
    lists = names_in(placed["enterprises"].reset_index(drop=True)).groupby(level=0).agg(list)
    names = sorted({name for names in lists for name in names if name})
    number = {name: at for at, name in enumerate(names)}
    notes, texts = pd.factorize(pd.Series(outlet_notes(placed.assign(enterprises=""), digest), dtype=object))
    return {
        "id": located_ids(outlets),
        "owners": names,
        "owned": [[number[name] for name in names if name] for names in lists],
        "note": notes.tolist(),
        "notes": [str(text) for text in texts],
    }


def as_json(data: Data) -> bytes:
    """Return data as compact JSON; it is fetched as data, never part of a page.

    Raises
    ------
    ValueError
        For NaN and infinities, which are no JSON: say None instead.
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
