"""The outlets of the bundled sample: fictional, inside their areas, with gaps worth finding."""

from collections.abc import Mapping, Sequence
from enum import Enum

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geodata.assignment import assign_areas
from geodata.reach import pairs_within
from geodata.schemas import OutletKind, OutletStatus, Role

PER_OUTLET = 1280  # vehicles; about what one outlet served in China at the end of 2022
_SHARED = 0.6  # how often another enterprise joins an outlet
_JITTER_KM = 1.2
_NEAR_KM = 45.0  # a little less than rules ask, as outlets do not stand exactly at a place
_MOST_FOR_REACH = 6  # of a maker in one area; the widest areas stay badly reached
_NEAR_THRESHOLD = 7000  # vehicles sold; from 8,000 in use on, a storage outlet was asked for in 2019
_FIRST_DAY, _LAST_DAY = np.datetime64("2018-09-01"), np.datetime64("2022-08-31")

_Points = Mapping[str, pd.DataFrame]


class Supply(Enum):
    """How well an area of the sample is served: the gaps are on purpose."""

    NONE = 0.10
    FEW = 0.15
    ASIDE = 0.08
    ENOUGH = 0.67


def demo_outlets(
    sales: pd.DataFrame, areas: gpd.GeoDataFrame, demand: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """Return about 1,500 outlets for the sales of a few enterprises.

    Some areas have none, some too few, some have them all far from where sales are; elsewhere there are as
    many as one per 1,280 vehicles asks, and as reach most sales. Some are shared.
    """
    points = _points_by_area(demand)
    needs = _needs(sales)
    kinds = list(Supply)
    supply = random.choice(len(kinds), size=len(needs), p=[kind.value for kind in kinds])
    rows: list[dict[str, object]] = []
    for (adcode, need), kind in zip(needs.items(), [kinds[k] for k in supply], strict=True):
        rows += _area_outlets(adcode, need, kind, points[adcode], random)
    rows += _storage_outlets(sales, points, random)
    outlets = _finished(pd.DataFrame(rows), areas, random)
    words = [OutletStatus.OPEN.value, OutletStatus.PLANNED.value, OutletStatus.CLOSED.value]
    return outlets.assign(status=random.choice(words, size=len(outlets), p=[0.97, 0.02, 0.01]))


def national_outlets(
    sales: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    demand: pd.DataFrame,
    random: np.random.Generator,
    *,
    outlets: int = 10_235,
    areas_served: int = 326,
) -> pd.DataFrame:
    """Return exactly `outlets` outlets in exactly `areas_served` areas, the ones with the largest sales.

    Every area served has one; the rest goes by the square root of sales. An outlet serves from one to twenty
    enterprises of those that sell there, larger ones more often.
    """
    points = _points_by_area(demand)
    latest = _latest(sales)
    total = latest.groupby("adcode").sum().nlargest(areas_served)
    numbers = 1 + _whole(np.sqrt(total.to_numpy()), outlets - areas_served)
    rows: list[dict[str, object]] = []
    for adcode, number in zip(total.index, numbers, strict=True):
        makers = latest.xs(adcode, level="adcode")
        for enterprises in _joined(makers, int(number), random):
            here = points[str(adcode)]
            rows.append(_outlet(str(adcode), enterprises, here, _place(here, False, random)))
    table = pd.DataFrame(rows)
    kinds = [OutletKind.COLLECTION.value, OutletKind.STORAGE.value]
    table = table.assign(kind=random.choice(kinds, size=len(table), p=[0.94, 0.06]))
    return _finished(table, areas, random).assign(status=OutletStatus.OPEN.value)


def _points_by_area(demand: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(code): part for code, part in demand.groupby("adcode")}


def _latest(sales: pd.DataFrame) -> pd.Series:
    """Return the makers' vehicles of the last year by enterprise and adcode."""
    makers = sales[(sales["role"] == Role.MAKER) & (sales["year"] == sales["year"].max())]
    return pd.Series(makers.groupby(["enterprise", "adcode"])["vehicles"].sum().astype(float))


def _needs(sales: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return, by adcode and maker, the outlets that one per 1,280 vehicles asks."""
    needs: dict[str, dict[str, int]] = {}
    for enterprise, adcode, vehicles in _latest(sales).reset_index().itertuples(index=False, name=None):
        needs.setdefault(adcode, {})[enterprise] = int(np.ceil(vehicles / PER_OUTLET))
    return dict(sorted(needs.items()))


def _area_outlets(
    adcode: str, need: Mapping[str, int], kind: Supply, points: pd.DataFrame, random: np.random.Generator
) -> list[dict[str, object]]:
    """Return an area's collection outlets: each maker's first one at the best place, and so on."""
    best = _best_places(points) if kind is Supply.ENOUGH else []
    number = {name: _number(asked, kind, len(best), random) for name, asked in need.items()}
    rows = []
    for turn in range(max(number.values())):
        makers = [name for name, most in number.items() if most > turn]
        for together in _groups(makers, random):
            row = best[turn] if turn < len(best) else _place(points, kind is Supply.ASIDE, random)
            rows.append(_outlet(adcode, together, points, row))
    return rows


def _number(asked: int, kind: Supply, places: int, random: np.random.Generator) -> int:
    """Return how many outlets a maker has in an area that asks for `asked` and is reached from `places`."""
    match kind:
        case Supply.NONE:
            return 0
        case Supply.FEW:
            return int(np.ceil(asked * 0.4))
        case Supply.ASIDE:
            return asked
        case Supply.ENOUGH:
            return max(asked, min(places, _MOST_FOR_REACH)) + int(random.integers(0, 2))


def _groups(makers: Sequence[str], random: np.random.Generator) -> list[list[str]]:
    """Return who shares an outlet with whom: a maker joins the one before it more often than not."""
    groups: list[list[str]] = []
    for name in makers:
        if groups and random.random() < _SHARED:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _best_places(points: pd.DataFrame) -> list[int]:
    """Return places, each the one that reaches most more sales, until nine tenths are reached."""
    near = pairs_within(points["lon"], points["lat"], points["lon"], points["lat"], _NEAR_KM)
    left = points["weight"].to_numpy(dtype=float).copy()
    close = sparse.csr_array((np.ones(near.nnz), near.indices, near.indptr), shape=near.shape)
    places: list[int] = []
    while left.sum() > 0.1:
        places.append(int(np.argmax(close @ left)))
        left[near.indices[near.indptr[places[-1]] : near.indptr[places[-1] + 1]]] = 0.0
    return places


def _joined(makers: pd.Series, number: int, random: np.random.Generator) -> list[list[str]]:
    """Return the enterprises of each of an area's outlets, by their sales there; half have up to three."""
    share = np.sqrt(makers.to_numpy())
    share = share / share.sum()
    sizes = np.minimum(random.geometric(0.25, size=number), min(20, len(makers)))
    names = makers.index.to_numpy(dtype=object)
    return [sorted(random.choice(names, size=size, replace=False, p=share)) for size in sizes]


def _place(points: pd.DataFrame, aside: bool, random: np.random.Generator) -> int:
    """Return a place of an area: where sales are, or as far from them as can be."""
    weight = points["weight"].to_numpy()
    return _farthest(points) if aside else int(random.choice(len(points), p=weight / weight.sum()))


def _outlet(adcode: str, enterprises: Sequence[str], points: pd.DataFrame, row: int) -> dict[str, object]:
    return {
        "adcode": adcode,
        "enterprises": ";".join(enterprises),
        "kind": OutletKind.COLLECTION.value,
        "lon": points["lon"].iloc[row],
        "lat": points["lat"].iloc[row],
    }


def _farthest(points: pd.DataFrame) -> int:
    """Return the point farthest from the middle of sales."""
    lon, lat, weight = (points[name].to_numpy() for name in ("lon", "lat", "weight"))
    off = np.hypot((lon - lon @ weight) * np.cos(np.radians(lat)), lat - lat @ weight)
    return int(np.argmax(off))


def _storage_outlets(
    sales: pd.DataFrame, points: _Points, random: np.random.Generator
) -> list[dict[str, object]]:
    """Return storage outlets of makers with about 8,000 vehicles in use in an area, and of battery makers.

    One in three of the former is missing, and of the latter that in one province of eight.
    """
    makers = sales[sales["role"] == Role.MAKER].groupby(["adcode", "enterprise"])["vehicles"].sum()
    large = makers[makers >= _NEAR_THRESHOLD].index
    wanted = [(str(code), str(name)) for code, name in large if random.random() < 2 / 3]
    batteries = sales[sales["role"] == Role.BATTERY_MAKER]
    pairs = set(zip(batteries["adcode"].str[:2], batteries["enterprise"], strict=True))
    for province, enterprise in sorted(pairs):
        own = [code for code in points if code[:2] == province]
        if random.random() < 7 / 8:
            wanted.append((own[int(random.integers(0, min(len(own), 3)))], str(enterprise)))
    rows = [
        _outlet(code, [name], points[code], _place(points[code], False, random))
        for code, name in sorted(wanted)
    ]
    return [{**row, "kind": OutletKind.STORAGE.value} for row in rows]


def _whole(weight: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Return whole numbers in proportion to `weight` that sum to `total` (largest remainder)."""
    exact = weight / weight.sum() * total
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]] += 1
    return whole


def _finished(outlets: pd.DataFrame, areas: gpd.GeoDataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return the outlets with identifiers, names, places inside their areas, and what they hold."""
    table = outlets.sort_values("adcode", kind="stable", ignore_index=True)
    number = table.groupby("adcode").cumcount() + 1
    names = dict(zip(areas["adcode"], areas["name"], strict=True))
    short = [f"{code}-{serial:03d}" for code, serial in zip(table["adcode"], number, strict=True)]
    label = [f"Sample outlet {ident} (虚构网点·{names[ident[:6]]})" for ident in short]
    placed = _scattered(table, areas, random)
    held = _held(table["kind"] == OutletKind.STORAGE, random)
    identified = pd.DataFrame({"outlet_id": [f"S{ident}" for ident in short], "name": label})
    return pd.concat([identified, placed, held], axis=1)


def _scattered(table: pd.DataFrame, areas: gpd.GeoDataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return the outlets moved a little, back at the place or well inside where that would leave the area."""
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    east, north = random.normal(0.0, _JITTER_KM / 111.2, (2, len(table)))
    inside = areas.set_index("adcode").geometry.representative_point().loc[table["adcode"]]
    tries = [
        (np.round(lon + east / np.cos(np.radians(lat)), 5), np.round(lat + north, 5)),
        (lon, lat),
        (inside.x.to_numpy(), inside.y.to_numpy()),
    ]
    x, y = np.full(len(table), np.nan), np.full(len(table), np.nan)
    for try_x, try_y in tries:
        good = np.isnan(x) & (
            assign_areas(try_x, try_y, areas, snap_km=0.0) == table["adcode"].to_numpy(dtype=object)
        )
        x, y = np.where(good, try_x, x), np.where(good, try_y, y)
    return table.assign(lon=x, lat=y)[["enterprises", "kind", "lon", "lat", "adcode"]]


def _held(storage: pd.Series, random: np.random.Generator) -> pd.DataFrame:
    """Return floor, stock, pick-ups and opening day; a few fail the numbers of 2019, on purpose."""
    n, is_storage = len(storage), storage.to_numpy()
    floor = random.choice([8, 10, 12, 15, 20, 30], size=n, p=[0.02, 0.28, 0.2, 0.2, 0.2, 0.1])
    stock = random.choice([2, 3, 4, 5, 6], size=n, p=[0.1, 0.2, 0.2, 0.48, 0.02])
    large = random.choice([80, 120, 200, 300], size=n)
    bulk = random.choice([25, 30, 40, 60], size=n, p=[0.05, 0.45, 0.3, 0.2])
    days = random.integers(0, int((_LAST_DAY - _FIRST_DAY) / np.timedelta64(1, "D")) + 1, size=n)
    return pd.DataFrame(
        {
            "area_m2": np.where(is_storage, large, floor),
            "stock_cap_t": np.where(is_storage, bulk, stock),
            "pickups_per_year": random.choice([6, 12, 26], size=n, p=[0.2, 0.6, 0.2]),
            "opened": np.datetime_as_string(_FIRST_DAY + days, unit="D"),
        }
    )
