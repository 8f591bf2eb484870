"""Write candidate sites and those left out: both files, or neither; files of others are never replaced."""

import json
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata.candidatesites import EXCLUDED_COLUMNS, SITE_COLUMNS, CandidateSites
from geodata.messages import InputError, say
from planner.folders import write_csv

LAYERS = ("sites", "excluded", "credits")
ENDINGS = (".csv", ".geojson", ".gpkg")


def files_of(out: Path) -> tuple[Path, ...]:
    """Return the files that are written for `--out`: a GeoPackage holds both tables.

    Raises
    ------
    InputError
        If the ending is none we write.
    """
    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            say("{path}: give a name that ends in {endings}.", path=out, endings=", ".join(ENDINGS))
        )
    return (out,) if ending == ".gpkg" else (out, out.with_name(f"{out.stem}_excluded{out.suffix}"))


def require_ours(out: Path) -> None:
    """Refuse to replace a file that is there and is no table of sites of ours.

    Raises
    ------
    InputError
        If one is something else, or cannot be looked into.
    """
    for path in files_of(out):
        try:
            theirs = path.exists() and not _is_ours(path)
        except (OSError, sqlite3.Error, UnicodeDecodeError):
            theirs = True
        if theirs:
            raise InputError(
                say(
                    "{path}: is there already and is no table of found sites; choose another name.", path=path
                )
            )


def write_sites(found: CandidateSites, out: Path, credit: Sequence[str]) -> tuple[Path, ...]:
    """Write what was found; return the files.

    Parameters
    ----------
    found
        The sites and those left out.
    out
        `.csv` (a second file beside it, `…_excluded`, holds those left out), `.geojson` (the same) or
        `.gpkg` (layers sites, excluded, credits).
    credit
        Whom the files name.

    Raises
    ------
    InputError
        If a file cannot be written, or one of somebody else's would be replaced.
    """
    require_ours(out)
    targets = files_of(out)
    writer = _WRITERS[out.suffix.lower()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
            fresh = [Path(scratch) / path.name for path in targets]
            writer(found, fresh, credit)
            _swap(fresh, targets)
    except OSError as error:
        raise InputError(say("{path}: cannot be written ({problem}).", path=out, problem=error)) from None
    return targets


def _swap(fresh: Sequence[Path], targets: Sequence[Path]) -> None:
    """Put finished files into their places; where one cannot be, all are as they were."""
    old = [path.with_name(f"{path.name}.old") for path in fresh]
    done: list[tuple[Path, Path]] = []
    try:
        for new, before, target in zip(fresh, old, targets, strict=True):
            if target.exists():
                target.rename(before)
            done.append((before, target))
            new.rename(target)
    except OSError:
        for before, target in done:
            with suppress(OSError):
                target.unlink(missing_ok=True)
            if before.exists():
                before.rename(target)
        raise


def _csv(found: CandidateSites, paths: Sequence[Path], credit: Sequence[str]) -> None:  # noqa: ARG001
    """Write two tables; their column `source` is the credit."""
    for table, columns, path in _parts(found, paths):
        write_csv(pd.DataFrame(table)[columns], path)


def _geojson(found: CandidateSites, paths: Sequence[Path], credit: Sequence[str]) -> None:
    from planner.exports import geojson

    for table, columns, path in _parts(found, paths):
        path.write_text(geojson(table[[*columns, "geometry"]], credit), encoding="utf-8", newline="\n")


def _geopackage(found: CandidateSites, paths: Sequence[Path], credit: Sequence[str]) -> None:
    import pyogrio

    for table, columns, layer in (
        (found.sites, SITE_COLUMNS, LAYERS[0]),
        (found.excluded, EXCLUDED_COLUMNS, LAYERS[1]),
    ):
        frame = table[[*columns, "geometry"]]
        pyogrio.write_dataframe(frame, paths[0], layer=layer, driver="GPKG", geometry_type="Point")
    said = pd.DataFrame({"credit": list(credit)})
    pyogrio.write_dataframe(said, paths[0], layer=LAYERS[2], driver="GPKG")


_Writer = Callable[[CandidateSites, Sequence[Path], Sequence[str]], None]
_WRITERS: dict[str, _Writer] = {".csv": _csv, ".geojson": _geojson, ".gpkg": _geopackage}


def _parts(found: CandidateSites, paths: Sequence[Path]) -> list[tuple[gpd.GeoDataFrame, list[str], Path]]:
    return [
        (found.sites, list(SITE_COLUMNS), paths[0]),
        (found.excluded, list(EXCLUDED_COLUMNS), paths[1]),
    ]


def _is_ours(path: Path) -> bool:
    """Return whether a file is one that `write_sites` wrote, by its columns, keys or layers."""
    if path.suffix.lower() == ".gpkg":
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as package:
            names = {str(name) for (name,) in package.execute("SELECT table_name FROM gpkg_contents")}
        return names == set(LAYERS)
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig") as file:
            return file.readline().strip().split(",")[: len(SITE_COLUMNS)] == list(SITE_COLUMNS)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    features = content.get("features") if isinstance(content, dict) else None
    return isinstance(features, list) and all("place_kind" in one.get("properties", {}) for one in features)
