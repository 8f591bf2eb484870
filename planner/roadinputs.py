"""The roads of a study: read around its areas where the metric needs them."""

from collections.abc import Sequence
from pathlib import Path

from geodata.files import file_digest
from geodata.messages import InputError, say
from geodata.schemas import InputFile, Tables
from planner.roadintake import ROADS, in_play, with_roads
from planner.scenario import Scenario


def with_roads_for(
    tables: Tables, scenario: Scenario, paths: Sequence[Path] = (), *, overpass: str | None = None
) -> Tables:
    """Return tables with the roads around their areas, if the scenario's metric is by road.

    Parameters
    ----------
    paths
        Files of OpenStreetMap roads; none: the Overpass service is asked.
    overpass
        Address of the service, in place of the public one.

    Raises
    ------
    InputError
        If a file cannot be used, or the areas are too large to ask for.
    """
    if not scenario.metric.by_road:
        return tables
    from geodata.roads import fetch_roads, read_roads

    margin = scenario.roads.margin_km
    if paths:
        network = read_roads(paths, in_play(tables), margin_km=margin)
        edges = len(network.tail)
        files = [InputFile(ROADS, path.name, file_digest(path), edges) for path in paths]
    else:
        network = fetch_roads(in_play(tables), margin_km=margin, overpass_url=overpass)
        files = [InputFile(ROADS, network.name, network.digest, len(network.tail))]
    return with_roads(tables, network, files)


def require_files(paths: Sequence[Path]) -> None:
    """Refuse paths that name no file, before anything is read."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise InputError(
            [say("{file}: there is no such file. Check the path.", file=path) for path in missing]
        )
