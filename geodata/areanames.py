"""Find the area people mean: by code of any level, in use or not, or by name in Chinese or Latin letters."""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from importlib.resources import files

import geopandas as gpd

from geodata.romanize import short_name


class Finding(StrEnum):
    """How an area was found, or why it was not."""

    EXACT = "exact"
    ROLLED_UP = "rolled_up"
    ABOLISHED = "abolished"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    DIVIDED = "divided"
    PROVINCE = "province"


class Extent(StrEnum):
    """How much of the area found a code or name means."""

    WHOLE = "whole"
    PART = "part"
    FORMER = "former"


_PROVINCES_IN_LATIN_LETTERS = {
    "北京": "Beijing", "天津": "Tianjin", "河北": "Hebei", "山西": "Shanxi", "内蒙古": "InnerMongolia",
    "辽宁": "Liaoning", "吉林": "Jilin", "黑龙江": "Heilongjiang", "上海": "Shanghai", "江苏": "Jiangsu",
    "浙江": "Zhejiang", "安徽": "Anhui", "福建": "Fujian", "江西": "Jiangxi", "山东": "Shandong",
    "河南": "Henan", "湖北": "Hubei", "湖南": "Hunan", "广东": "Guangdong", "广西": "Guangxi",
    "海南": "Hainan", "重庆": "Chongqing", "四川": "Sichuan", "贵州": "Guizhou", "云南": "Yunnan",
    "西藏": "Tibet", "陕西": "Shaanxi", "甘肃": "Gansu", "青海": "Qinghai", "宁夏": "Ningxia",
    "新疆": "Xinjiang", "台湾": "Taiwan", "香港": "HongKong", "澳门": "Macau",
}  # fmt: skip

FOUND = frozenset({Finding.EXACT, Finding.ROLLED_UP, Finding.ABOLISHED})


@dataclass(frozen=True, slots=True)
class Match:
    """What a code or name means.

    Attributes
    ----------
    finding
        How it was found, or why not.
    adcode
        The area's (or province's) code; "" if it was not found.
    candidates
        Codes it may mean, where it is ambiguous, divided, or looks like a known name.
    source
        The document that abolished the code.
    extent
        Whether the area itself is meant, a part of it, or what it was before.
    """

    finding: Finding
    adcode: str = ""
    candidates: tuple[str, ...] = ()
    source: str = ""
    extent: Extent = Extent.WHOLE

    @property
    def found(self) -> bool:
        """Whether an area was found."""
        return self.finding in FOUND


@dataclass(frozen=True, slots=True)
class Abolished:
    """A code no longer in use: what it became, by which document."""

    name: str
    now: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class AreaIndex:
    """Codes and names of a study's areas and provinces, ready to be asked.

    Attributes
    ----------
    areas, provinces
        Name by code.
    names
        Codes by every folded name they go by.
    abolished
        What became of codes no longer in use.
    """

    areas: dict[str, str]
    provinces: dict[str, str]
    names: dict[str, frozenset[str]]
    abolished: dict[str, Abolished] = field(default_factory=dict)

    def label(self, adcode: str) -> str:
        """Return a code with its name, for messages."""
        name = self.areas.get(adcode) or self.provinces.get(adcode, "")
        return f"{name} ({adcode})" if name else adcode

    def labels(self, adcodes: Iterable[str]) -> str:
        """Return codes with their names, for messages."""
        return ", ".join(map(self.label, adcodes))


def area_index(areas: gpd.GeoDataFrame) -> AreaIndex:
    """Return the index of `areas` and their provinces."""
    provinces = dict(zip(areas["province_adcode"], areas["province"], strict=True))
    by_code = dict(zip(areas["adcode"], areas["name"], strict=True))
    names: dict[str, set[str]] = defaultdict(set)
    rows = areas[["adcode", "name", "province", "pinyin", "name_en"]].itertuples(index=False)
    for adcode, name, province, latin, english in rows:
        for key in _area_names(name, province, latin, english):
            names[_key(key)].add(adcode)
    for adcode, province in provinces.items():
        short = _short_province(province)
        for key in (province, short, _PROVINCES_IN_LATIN_LETTERS.get(short, "")):
            names[_key(key)].add(adcode)
    names.pop("", None)
    known = {old: became for old, became in _abolished().items() if set(became.now) <= by_code.keys()}
    return AreaIndex(by_code, provinces, {key: frozenset(codes) for key, codes in names.items()}, known)


def find_area(text: str, index: AreaIndex, *, provinces: bool = False) -> Match:
    """Return the area that `text`, a code or a name, means.

    Parameters
    ----------
    text
        Code of six digits, or of a county or a province by itself (four or two digits), or a name: full,
        short, in pinyin or English, with or without the province before it.
    index
        The areas to look among.
    provinces
        Whether a province is an answer; without it, a province is the finding `PROVINCE`.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain in index.areas:
        return Match(Finding.EXACT, plain)
    if plain in index.provinces:  # the user's own may have any code: no digits, or fewer than six
        match = Match(Finding.EXACT, plain)
    else:
        match = _by_code(plain, index) if re.fullmatch(r"[0-9]+", plain) else _by_name(plain, index)
    if match.adcode in index.provinces and match.adcode not in index.areas and not provinces:
        return Match(Finding.PROVINCE, candidates=(match.adcode,))
    return match


def _by_code(code: str, index: AreaIndex) -> Match:
    code = re.sub(r"^156(?=[0-9]{6}$)", "", code)
    code = code[:6] if len(code) in (9, 12) else code
    padded = code.ljust(6, "0") if len(code) in (2, 4) else code
    if padded in index.areas or padded in index.provinces:
        return Match(Finding.EXACT if len(code) == 6 else Finding.ROLLED_UP, padded)
    for known in (index.areas, index.provinces):
        filled = code.zfill(len(next(iter(known), "")))
        if filled in known:
            return Match(Finding.EXACT, filled)
    return _abolished_code(padded, index) or _rolled_up(padded, index)


def _abolished_code(code: str, index: AreaIndex) -> Match | None:
    for old in (code, code[:4] + "00"):
        if len(code) == 6 and old in index.abolished:
            became = index.abolished[old]
            if len(became.now) > 1:
                return Match(Finding.DIVIDED, candidates=became.now, source=became.source)
            return Match(Finding.ABOLISHED, became.now[0], source=became.source, extent=Extent.FORMER)
    return None


def _rolled_up(code: str, index: AreaIndex) -> Match:
    if len(code) == 6:
        for parent in (code[:4] + "00", code[:2] + "0000"):
            if parent in index.areas:
                return Match(Finding.ROLLED_UP, parent, extent=Extent.PART)
    return Match(Finding.UNKNOWN)


def _by_name(name: str, index: AreaIndex) -> Match:
    exact = _exactly_named(name, index)
    codes = exact or index.names.get(_key(name)) or index.names.get(_without_rank(_key(name))) or frozenset()
    if len(codes) == 1:
        return Match(Finding.EXACT, next(iter(codes)))
    if codes:
        return Match(Finding.AMBIGUOUS, candidates=tuple(sorted(codes)))
    for became in index.abolished.values():
        if name in (became.name, short_name(became.name)):
            found = Finding.ABOLISHED if len(became.now) == 1 else Finding.DIVIDED
            single = became.now[0] if len(became.now) == 1 else ""
            return Match(found, single, became.now if not single else (), became.source, Extent.FORMER)
    close = get_close_matches(_key(name), index.names, n=2, cutoff=0.75)
    return Match(
        Finding.UNKNOWN, candidates=tuple(sorted({code for key in close for code in index.names[key]}))
    )


def _exactly_named(name: str, index: AreaIndex) -> frozenset[str]:
    """Return the codes whose full name this is: 吉林市 is no province, though 吉林 may be one."""
    everything = (*index.areas.items(), *index.provinces.items())
    return frozenset(code for code, full in everything if full == name)


def _area_names(name: str, province: str, latin: str, english: str) -> Iterator[str]:
    for one in (name, short_name(name), _usual_name(name)):
        yield one
        yield province + one
        yield _short_province(province) + one
    yield from (latin, english)


def _usual_name(name: str) -> str:
    """Return what people call an autonomous prefecture or county: 恩施土家族苗族自治州 is 恩施州."""
    rank = re.search(r"自治([州县])$", name)
    return short_name(name) + rank[1] if rank else name


def _short_province(province: str) -> str:
    return re.sub(r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|[省市])$", "", province)


def _key(name: str) -> str:
    """Return a name as it is compared: half-width, without case, marks, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _without_rank(key: str) -> str:
    return re.sub(r"(?<=[a-z]{2})(?:city|shi|prefecture|municipality|province|sheng)$", "", key)


def _abolished() -> dict[str, Abolished]:
    with files("geodata").joinpath("data/abolished_areas.csv").open(encoding="utf-8") as file:
        return {
            row["adcode"]: Abolished(row["name"], tuple(row["now"].split(";")), row["source"])
            for row in csv.DictReader(file)
        }
