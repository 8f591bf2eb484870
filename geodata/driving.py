"""Which roads may be driven and how fast where no limit is known: data with their sources."""

import re
from collections.abc import Mapping
from types import MappingProxyType

NOT_DRIVEN: Mapping[str, str] = MappingProxyType(
    {
        "area": "yes",
        "access": "private",
        "highway": (
            "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|no|"
            "path|pedestrian|planned|platform|proposed|raceway|razed|rest_area|service|services|steps|track"
        ),
        "motor_vehicle": "no",
        "motorcar": "no",
        "service": "alley|driveway|emergency_access|parking|parking_aisle|private",
    }
)
"""By key, the values that close a way to cars, as regular expressions found anywhere in the value.

OSMnx 2.1's network type "drive" (`osmnx._overpass._get_network_filter`), which reading a file does not apply.
Service roads are left out as there: they are most of a map's ways and lead to single buildings; the straight
leg to the nearest road stands for them.
"""

ASSUMED_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 100.0,
        "trunk": 80.0,
        "primary": 60.0,
        "secondary": 50.0,
        "tertiary": 40.0,
        "unclassified": 40.0,
        "residential": 30.0,
        "living_street": 20.0,
        "motorway_link": 50.0,
        "trunk_link": 40.0,
        "primary_link": 40.0,
        "secondary_link": 30.0,
        "tertiary_link": 30.0,
    }
)
"""Assumed speed in km/h by class of road, where no road of the class has a limit; `OTHER_KMH` for the rest.

In the spirit of the regulation on implementing China's road traffic safety law, articles 45 and 78 (30 or 40
without a centre line, 50 or 70 with one lane a direction, motorways up to 120), below which traffic stays.
"""
OTHER_KMH = 30.0

LIKELY_KMH = (5.0, 200.0)
"""A speed limit outside is taken for a slip and not used."""

_PATTERNS = {key: re.compile(values) for key, values in NOT_DRIVEN.items()}


def is_driven(tags: Mapping[str, str]) -> bool:
    """Return whether a way with these tags is a public road for cars."""
    return "highway" in tags and not any(
        key in tags and pattern.search(tags[key]) for key, pattern in _PATTERNS.items()
    )
