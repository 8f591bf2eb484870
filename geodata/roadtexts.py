"""What is said about roads that are read: the files they may be in, what is missing, what is assumed."""

from collections.abc import Collection, Mapping
from pathlib import Path

from geodata import driving
from geodata.extracts import SUFFIXES, is_extract
from geodata.messages import InputError, Message, Note, NoteKind, say


def road_file(path: Path) -> Path:
    """Return `path`, which is a file whose name ends as one of roads does.

    Raises
    ------
    InputError
        If it is a folder, is not there, or has another ending.
    """
    if path.is_dir():
        raise InputError(say("{file} is a folder; name the file in it.", file=path.name))
    if not path.is_file():
        raise InputError(say("{file} cannot be found; check the name and the folder.", file=path.name))
    if not is_extract(path) and path.suffix.lower() != ".graphml":
        text = say(
            "{file} is no file of roads by its name: give one that ends in {endings}.",
            file=path.name,
            endings=", ".join((*SUFFIXES, ".graphml")),
        )
        raise InputError(text)
    return path


def no_roads(name: str) -> Message:
    """Return the sentence for a source without a road where roads are wanted."""
    return say(
        "{file}: no road for cars lies in the areas or around them: give a file that covers them.", file=name
    )


def no_graph(name: str) -> Message:
    """Return the sentence for a graph that is none, or not as OSMnx saves them."""
    return say(
        "{file}: cannot be read as a graph of roads: give a GraphML file saved by OSMnx (save_graphml).",
        file=name,
    )


def without_lengths(name: str, count: int) -> Message:
    """Return the sentence for a graph with edges that lack a length."""
    return say(
        "{file}: {count} edges have no length: save the graph with OSMnx, which adds them.",
        file=name,
        count=count,
    )


def assumed_speeds(name: str, assumed: Mapping[str, float]) -> Note:
    """Return the note on speeds in km/h that were assumed, by class of road."""
    speeds = ", ".join(f"{kind} {kmh:g}" for kind, kmh in sorted(assumed.items()))
    text = say(
        "{name}: no speed limit is known for roads of these classes, so a free-flow speed in km/h is "
        "assumed: {speeds}.",
        name=name,
        speeds=speeds,
    )
    return Note(NoteKind.ASSUMPTION, text, source=name)


def odd_limits(name: str, limits: Collection[str]) -> Note:
    """Return the note on speed limits that no road has."""
    text = say(
        "{name}: speed limits below {least} or above {most} km/h are not used: {limits}.",
        name=name,
        least=round(driving.LIKELY_KMH[0]),
        most=round(driving.LIKELY_KMH[1]),
        limits=", ".join(sorted(limits)[:5]),
    )
    return Note(NoteKind.ROADS, text, source=name)


def too_large(km2: float, limit_km2: float) -> Message:
    """Return the sentence for areas larger than a public service is asked for."""
    return say(
        "The areas with their margin span {km2} km²; up to {limit} km² are asked of the Overpass service: "
        "give the roads as files (--roads FILE), such as the provinces' extracts from download.geofabrik.de.",
        km2=round(km2),
        limit=round(limit_km2),
    )


def dated(name: str, dates: str) -> Note:
    """Return the note on the day that a service's data are of."""
    text = say("{name}: roads as OpenStreetMap had them on {dates}.", name=name, dates=dates)
    return Note(NoteKind.ROADS, text, source=name)
