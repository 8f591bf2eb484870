"""Sites that a person tries: outlets put on the map, moved and taken away again, with every step kept."""

from typing import Literal

from geodata.schemas import OutletKind
from planner.scenario import Frozen, NonNegative

Origin = Literal["map", "table", "proposal"]


class TriedSite(Frozen):
    """An outlet that is tried, not opened.

    Attributes
    ----------
    outlet_id
        Unique in the draft, and no existing outlet's.
    enterprises
        Who uses it, ;-separated.
    lon, lat
        WGS 84, degrees.
    adcode
        The area it stands in.
    opening_cost
        In the scenario's unit.
    origin
        Whether it was clicked, typed in, or proposed by the optimiser.
    """

    outlet_id: str
    name: str
    kind: OutletKind
    enterprises: str
    lon: float
    lat: float
    adcode: str
    area_m2: NonNegative | None = None
    stock_cap_t: NonNegative | None = None
    pickups_per_year: NonNegative | None = None
    opening_cost: NonNegative = 1.0
    origin: Origin = "map"
    reason: str = ""


class Exclusion(Frozen):
    """A part of the map where nothing may be opened: a name, and corners as (longitude, latitude)."""

    name: str
    corners: tuple[tuple[float, float], ...]


class Draft(Frozen):
    """All sites tried at one moment, and where none may be."""

    sites: tuple[TriedSite, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
