"""The market of the bundled sample: public figures spread over areas, years and fictional makers.

Sources. New passenger registrations of 2022 by province: github.com/Miffyfei/EOL-power-battery, CC BY 4.0
(X. Tian, F. Peng et al.). Vehicles in use: Ministry of Public Security, 4.92 M at the end of 2020; registered
in 2021: 2.95 M, in 2022: 5.35 M. Everything below a province, and every maker, is made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from geodata.places import places
from geodata.schemas import Role

YEARS = tuple(range(2016, 2023))
_STOCK_2020, _NEW_2021, _NEW_2022 = 4.92, 2.95, 5.35  # millions of vehicles
_SANSHA = "460300"
_SPREAD = 0.35  # sigma of how much a maker's share varies from area to area (lognormal)


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A fictional enterprise.

    Attributes
    ----------
    name
        English and Chinese, and that it is fictional.
    share
        Its part of the market where it sells.
    role
        What it makes.
    provinces
        First two digits of the provinces where it sells; all if empty.
    since
        Its first year.
    chemistries
        Part of each chemistry in its sales; empty leaves the column blank.
    fewest
        It does not sell where it would sell fewer a year than this, in 2022.
    by_province
        Whether its sales are known by province only.
    """

    name: str
    share: float
    role: Role = Role.MAKER
    provinces: tuple[str, ...] = ()
    since: int = YEARS[0]
    chemistries: Mapping[str, float] | None = None
    fewest: float = 1.0
    by_province: bool = False


def year_factors() -> dict[int, float]:
    """Return each year's registrations as a part of those of 2022.

    2021 is known. Before, each year is the same part of the next, such that the years 2016-2020 make up the
    vehicles in use at the end of 2020: s(y) = s(2021)·r^(2021−y), r from Σ r^k = 4.92 / 2.95 over k = 1…5.
    """
    before = np.arange(1, 2021 - YEARS[0] + 1)
    ratio = brentq(lambda r: float(np.sum(r**before)) - _STOCK_2020 / _NEW_2021, 0.1, 1.0)
    growth = {2021 - int(k): float(ratio**k) * _NEW_2021 / _NEW_2022 for k in before}
    return dict(sorted({**growth, 2021: _NEW_2021 / _NEW_2022, 2022: 1.0}.items()))


def registrations_2022() -> pd.Series:
    """Return the new registrations of 2022 by province code, in vehicles: 31 provinces."""
    source = files("geodata").joinpath("data", "registrations-2022.csv")
    with source.open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype={"province_adcode": str})
    return table.set_index("province_adcode")["thousands"] * 1000.0


def market_2022(areas: pd.DataFrame) -> pd.Series:
    """Return registrations of 2022 by adcode: each province's, spread by its areas' largest places.

    An area without a place whose population is known gets none, nor does Sansha: small islands, few cars.
    """
    known = areas[["adcode", "province_adcode"]].set_index("adcode")
    towns = places()
    towns = towns[towns["adcode"] != _SANSHA]
    largest = towns.groupby("adcode")["population"].max().reindex(known.index).fillna(0.0).clip(lower=0)
    of_province = largest.groupby(known["province_adcode"]).transform("sum")
    total = known["province_adcode"].map(registrations_2022())
    market = (largest / of_province.where(of_province > 0) * total).fillna(0.0)
    return market[market > 0]


def sales_of(enterprise: Enterprise, market: pd.Series, random: np.random.Generator) -> pd.DataFrame:
    """Return an enterprise's sales: enterprise, role, adcode, year, vehicles, batteries, chemistry.

    Its share varies from area to area; whole vehicles, years without any left out.
    """
    here = market[_sells(market.index, enterprise.provinces)] * enterprise.share
    here = here * random.lognormal(-(_SPREAD**2) / 2, _SPREAD, len(here))
    here = here[here >= enterprise.fewest]
    if enterprise.by_province:
        here = here.groupby(here.index.str[:2] + "0000").sum()
    parts = (enterprise.chemistries or {"": 1.0}).items()
    rows = [_rows(enterprise, here * part, chemistry) for chemistry, part in parts]
    return pd.concat(rows, ignore_index=True)


def _sells(codes: pd.Index, provinces: tuple[str, ...]) -> NDArray[np.bool_]:
    if not provinces:
        return np.ones(len(codes), dtype=bool)
    return np.asarray(codes.str[:2].isin(provinces), dtype=bool)


def _rows(enterprise: Enterprise, units_2022: pd.Series, chemistry: str) -> pd.DataFrame:
    years = [year for year in YEARS if year >= enterprise.since]
    factors = year_factors()
    units = np.rint(np.outer([factors[year] for year in years], units_2022.to_numpy())).astype(int)
    year, area = np.nonzero(units)
    whole = pd.Series(units[year, area]).astype("Int64")
    nothing = pd.Series(pd.NA, whole.index, dtype="Int64")
    is_maker = enterprise.role is Role.MAKER
    return pd.DataFrame(
        {
            "enterprise": enterprise.name,
            "role": enterprise.role.value,
            "adcode": units_2022.index.to_numpy(dtype=object)[area],
            "year": np.array(years)[year],
            "vehicles": whole if is_maker else nothing,
            "batteries": nothing if is_maker else whole,
            "chemistry": chemistry,
        }
    )


def demo_enterprises() -> tuple[Enterprise, ...]:
    """Return three makers and two battery makers: one of each everywhere, the others in some provinces."""
    return (
        Enterprise(maker_name(1), 0.10, chemistries={"LFP": 0.6, "NCM523": 0.4}),
        Enterprise(
            maker_name(2),
            0.08,
            provinces=("11", "12", "31", "32", "33", "34", "35", "37", "41", "42", "43", "44", "50", "51"),
            since=2018,
            chemistries={"NCM523": 0.7, "LFP": 0.3},
        ),
        Enterprise(
            maker_name(3),
            0.06,
            provinces=("36", "42", "43", "44", "45", "46", "50", "51", "52", "53"),
            since=2019,
            chemistries={"LFP": 1.0},
        ),
        Enterprise(battery_maker_name(1), 0.30, Role.BATTERY_MAKER, by_province=True),
        Enterprise(
            battery_maker_name(2),
            0.10,
            Role.BATTERY_MAKER,
            provinces=("32", "33", "34", "35", "36", "44"),
            since=2018,
        ),
    )


def national_enterprises(count: int = 190) -> tuple[Enterprise, ...]:
    """Return makers with long-tailed shares, the k-th proportional to k^-1.4; small ones start later."""
    weight = np.arange(1, count + 1) ** -1.4
    chemistries = ("LFP", "NCM523", "")
    return tuple(
        Enterprise(
            maker_name(number, digits=3),
            float(part),
            since=YEARS[0] + (number * 7 % 5 if number > 20 else 0),
            chemistries={chemistries[number % 3]: 1.0},
            fewest=12.0,
        )
        for number, part in enumerate(weight / weight.sum(), start=1)
    )


def maker_name(number: int, *, digits: int = 1) -> str:
    """Return the name of a fictional vehicle maker, in both languages."""
    return f"Sample Maker {number:0{digits}d} (虚构车企{number:0{digits}d})"


def battery_maker_name(number: int) -> str:
    """Return the name of a fictional battery maker, in both languages."""
    return f"Sample Battery Maker {number} (虚构电池企业{number})"
