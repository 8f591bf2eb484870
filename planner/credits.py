"""Whom every output must name, because it holds what others gave: attributions of data with a licence."""

from collections.abc import Iterator

from geodata.attribution import from_openstreetmap
from geodata.roadnetwork import CREDIT
from geodata.schemas import Tables

OPENSTREETMAP = CREDIT
"""Of whatever was taken from OpenStreetMap."""


def credits_of(tables: Tables) -> tuple[str, ...]:
    """Return the attributions that a study's outputs show, each once, in the order of the tables.

    Roads bring theirs, readers leave theirs in `tables.credits`, and a table whose column `source` names
    OpenStreetMap is under its licence, the Open Database License:
    https://www.openstreetmap.org/copyright.
    """
    return tuple(dict.fromkeys(_credits(tables)))


def _credits(tables: Tables) -> Iterator[str]:
    yield from tables.credits
    if tables.roads is not None:
        yield tables.roads.credit
    for table in (tables.sites, tables.outlets, tables.recyclers, tables.demand, tables.areas):
        if from_openstreetmap(table):
            yield OPENSTREETMAP
