"""Look for candidate sites in some areas: which kinds, off which land, from which data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import shapely

from geodata.areanames import Finding, area_index, find_area
from geodata.candidatesites import CandidateSites, candidate_sites, masks_of
from geodata.exclusionmasks import FARTHEST_M, OWN, Mask
from geodata.features import Features, fetch_features, read_features
from geodata.margins import with_margin
from geodata.messages import InputError, Message, say
from geodata.sitekinds import MASK_KINDS, SITE_KINDS, FeatureKind, tag_keys, wanted_tags

SNAP_KM = 3.0
"""A place so far off every area still counts for the nearest, as any point does."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteSearch:
    """What is looked for.

    Attributes
    ----------
    areas
        All areas of the study.
    chosen
        The codes of those that are searched.
    kinds, masks
        The kinds of sites, and of land to keep off, in the order in which it gives the reason.
    own
        The user's own land to keep off, asked first.
    keep_off_m
        How far to stay away from the land of `masks`, in metres; 0 where not said: not inside.
    """

    areas: gpd.GeoDataFrame
    chosen: tuple[str, ...]
    kinds: tuple[FeatureKind, ...] = SITE_KINDS
    masks: tuple[FeatureKind, ...] = ()
    own: tuple[Mask, ...] = ()
    keep_off_m: Mapping[str, float] = field(default_factory=dict)

    def land(self) -> dict[str, Message]:
        """Return what there is to keep off: titles by name, in the order in which it gives the reason."""
        own = {mask.name: mask.title for mask in self.own}
        return own | {kind.name: kind.title for kind in self.masks}

    def polygon(self) -> shapely.Geometry:
        """Return where features can matter: the areas with a margin as wide as land can refuse a site."""
        here = self.areas["adcode"].isin(self.chosen)
        farthest = max(self.keep_off_m.values(), default=0.0) / 1000
        return with_margin(shapely.union_all(self.areas.geometry[here].to_numpy()), SNAP_KM + farthest)

    def from_files(self, paths: Sequence[Path], text: Callable[[Message], str] = str) -> CandidateSites:
        """Return what the user's OpenStreetMap extracts hold."""
        return self._of(read_features(paths, self.polygon(), *self._tags()), text)

    def from_overpass(
        self, url: str | None = None, text: Callable[[Message], str] = str, *, cache: Path | None = None
    ) -> CandidateSites:
        """Return what the Overpass service gives, its public one if no address is named."""
        features = fetch_features(self.polygon(), *self._tags(), overpass_url=url, cache=cache)
        return self._of(features, text)

    def _tags(self) -> tuple[dict[str, list[str]], tuple[str, ...]]:
        kinds = (*self.kinds, *self.masks)
        return wanted_tags(kinds), tag_keys(kinds)

    def _of(self, features: Features, text: Callable[[Message], str]) -> CandidateSites:
        masks = (*self.own, *masks_of(features, self.masks, dict(self.keep_off_m)))
        return candidate_sites(
            features, self.areas, self.kinds, masks, chosen=frozenset(self.chosen), text=text
        )


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many places of a kind were found, how many of them land leaves out, by its name, and the rest."""

    kind: FeatureKind
    found: int
    excluded: Mapping[str, int]
    kept: int


def counted(search: SiteSearch, sites: CandidateSites) -> tuple[KindCount, ...]:
    """Return what was found of each kind that was looked for."""
    kept = sites.sites["place_kind"].value_counts()
    out = sites.excluded.groupby(["place_kind", "mask"]).size()
    counts = []
    for kind in search.kinds:
        excluded = {name: int(out.get((kind.name, name), 0)) for name in search.land()}
        left = int(kept.get(kind.name, 0))
        counts.append(KindCount(kind, left + sum(excluded.values()), excluded, left))
    return tuple(counts)


def chosen_areas(names: Sequence[str], areas: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Return the codes of the areas that codes or names mean, of areas or provinces; all if none is given.

    Raises
    ------
    InputError
        One sentence for every one that means no area, or several.
    """
    index = area_index(areas)
    found: set[str] = set()
    problems: list[Message] = []
    for name in names:
        match = find_area(name, index, provinces=True)
        if match.found and match.adcode in index.areas:
            found.add(match.adcode)
        elif match.found or match.finding is Finding.PROVINCE:
            province = match.adcode or match.candidates[0]
            found.update(areas.loc[areas["province_adcode"] == province, "adcode"])
        else:
            problems.append(_no_area(name, index.labels(match.candidates)))
    if problems:
        raise InputError(problems)
    return tuple(sorted(found if names else areas["adcode"]))


def _no_area(name: str, labels: str) -> Message:
    if labels:
        return say("--adcode {name}: means no single area; choose one of {areas}.", name=name, areas=labels)
    return say("--adcode {name}: no area has this code or name; see the areas table.", name=name)


def kinds_named(names: Iterable[str], kinds: Sequence[FeatureKind], option: str) -> tuple[FeatureKind, ...]:
    """Return the kinds of these names, in the order of `kinds`; an option may hold several, by commas.

    Raises
    ------
    InputError
        For a name that none has.
    """
    wanted = [name.strip() for text in names for name in text.split(",") if name.strip()]
    known = [kind.name for kind in kinds]
    problems = [
        say("{option} {name}: is not known; give {kinds}.", option=option, name=name, kinds=", ".join(known))
        for name in wanted
        if name not in known
    ]
    if problems:
        raise InputError(problems)
    return tuple(kind for kind in kinds if kind.name in wanted)


def keep_off_of(options: Sequence[str]) -> dict[str, float]:
    """Return the distances in metres of options like `residential=100`.

    Raises
    ------
    InputError
        For one that is no such option, names no land, or is no number from 0 to 50,000.
    """
    return dict(_distance(option) for option in options)


def _distance(option: str) -> tuple[str, float]:
    known = (*(kind.name for kind in MASK_KINDS), OWN)
    name, _, text = (part.strip() for part in option.partition("="))
    try:
        metres = float(text)
    except ValueError:
        metres = -1.0
    if name in known and 0 <= metres <= FARTHEST_M:
        return name, metres
    raise InputError(
        say(
            "--keep-off {option}: give one of {kinds} and metres from 0 to {most}, as in residential=100.",
            option=option,
            kinds=", ".join(known),
            most=f"{FARTHEST_M:g}",
        )
    )
