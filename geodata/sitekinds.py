"""Which features of OpenStreetMap are candidate sites, and which are land to keep off: tags as data.

Each kind is what the OpenStreetMap Wiki documents under the named page at https://wiki.openstreetmap.org/wiki/.
A list of values such as ``shop=car;tyres`` is none of the values, in an extract as at Overpass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.messages import Message, say

Tags = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """A kind of feature: every one that has all the tags of at least one alternative.

    Attributes
    ----------
    name
        What options and tables call it.
    title
        What people call it.
    tags
        The alternatives, each with the values by key; the first key is the one that files and services are
        searched for.
    source
        Page of the wiki that says what the tags mean.
    land
        Whether it is a piece of land rather than a place on it: then one without a name is no double of
        the named one around it.
    """

    name: str
    title: Message
    tags: tuple[Tags, ...]
    source: str
    land: bool = False

    def matches(self, features: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which features are of the kind, by their columns of tags; shape (n,)."""
        found = np.zeros(len(features), dtype=bool)
        for alternative in self.tags:
            fits = np.ones(len(features), dtype=bool)
            for key, values in alternative.items():
                fits &= features[key].isin(values).to_numpy(bool) if key in features else False
            found |= fits
        return found


SITE_KINDS = (
    FeatureKind("car_dealer", say("Car dealer"), ({"shop": ("car", "truck")},), "Tag:shop=car"),
    FeatureKind(
        "car_repair", say("Car repair"), ({"shop": ("car_repair", "truck_repair")},), "Tag:shop=car_repair"
    ),
    FeatureKind("car_parts", say("Vehicle parts"), ({"shop": ("car_parts",)},), "Tag:shop=car_parts"),
    FeatureKind(
        "scrap_yard",
        say("Scrapyard"),
        ({"industrial": ("scrap_yard", "auto_wrecker")},),
        "Tag:industrial=scrap_yard",
    ),
    FeatureKind(
        "recycling_centre",
        say("Recycling centre"),
        ({"amenity": ("recycling",), "recycling_type": ("centre",)},),
        "Tag:recycling_type=centre",
    ),
    FeatureKind("fuel", say("Fuel station"), ({"amenity": ("fuel",)},), "Tag:amenity=fuel"),
    FeatureKind(
        "charging",
        say("Charging station"),
        ({"amenity": ("charging_station",)},),
        "Tag:amenity=charging_station",
    ),
    FeatureKind(
        "industrial",
        say("Industrial land"),
        ({"landuse": ("industrial",)},),
        "Tag:landuse=industrial",
        land=True,
    ),
)
"""In the order in which a feature of several kinds takes one."""

MASK_KINDS = (
    FeatureKind(
        "water",
        say("water"),
        (
            {"natural": ("water",)},
            {"waterway": ("riverbank", "dock")},
            {"landuse": ("reservoir", "basin")},
        ),
        "Tag:natural=water",
        land=True,
    ),
    FeatureKind(
        "protected",
        say("protected land"),
        ({"boundary": ("protected_area", "national_park")}, {"leisure": ("nature_reserve",)}),
        "Tag:boundary=protected_area",
        land=True,
    ),
    FeatureKind(
        "residential",
        say("residential land"),
        ({"landuse": ("residential",)},),
        "Tag:landuse=residential",
        land=True,
    ),
)


def wanted_tags(kinds: Iterable[FeatureKind]) -> dict[str, list[str]]:
    """Return what to search for so that all features of the kinds are among what is found: values by key."""
    wanted: dict[str, set[str]] = {}
    for kind in kinds:
        for alternative in kind.tags:
            key, values = next(iter(alternative.items()))
            wanted.setdefault(key, set()).update(values)
    return {key: sorted(values) for key, values in sorted(wanted.items())}


def tag_keys(kinds: Iterable[FeatureKind]) -> tuple[str, ...]:
    """Return every key that tells the kinds apart."""
    return tuple(sorted({key for kind in kinds for alternative in kind.tags for key in alternative}))
