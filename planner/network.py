"""The tables of one study lined up by enterprise, area and outlet, ready to be counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geodata.reach import TravelUnit
from geodata.schemas import OutletStatus, Role, Tables
from planner.measure import Measure, measure_of
from planner.quantities import history_known, quantities
from planner.scenario import Scenario

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

EPSILON = 1e-9
"""What a share or a count may lack and still be met: sums of weights are not exact."""


class Level(StrEnum):
    """The territory over which a rule counts."""

    AREA = "area"
    PROVINCE = "province"
    NATION = "nation"


class KindAsked(StrEnum):
    """Which outlets a rule counts."""

    COLLECTION = "collection"
    STORAGE = "storage"
    ANY = "any"


class Quantity(StrEnum):
    """What a duty is measured by, for one enterprise, area and year."""

    SALES = "sales"
    STOCK = "stock"
    RETIRED_T = "retired_t"
    POPULATION = "population"


NATION_CODE = "000000"


@dataclass(frozen=True, slots=True)
class Territories:
    """The territories of a level: code and name of each, and the territory of each area (A,)."""

    codes: npt.NDArray[np.object_]
    names: npt.NDArray[np.object_]
    of_area: Ints

    def __len__(self) -> int:
        return len(self.codes)

    def sums(self, by_area: Floats) -> Floats:
        """Add up columns of areas (..., A) to columns of territories (..., T)."""
        if np.array_equal(self.of_area, np.arange(len(self))):
            return by_area
        total = np.zeros((*by_area.shape[:-1], len(self)))
        np.add.at(total.T, self.of_area, by_area.T)
        return total


@dataclass(frozen=True)
class Network:
    """One year's duties and outlets as arrays over parties (P), areas (A), outlets (O) and points (I).

    A party is an enterprise in a role. `listed` (O, P) says which outlets count for which party, `sharers`
    (O,) how many enterprises an outlet lists, `outlet_area` (O,) the area it stands in, -1 off every area.
    `quantity` holds (P, A) arrays, `certain` whether they are known in full. Areas that the rule set does not
    bind have no quantity.
    """

    adcodes: npt.NDArray[np.object_]
    levels: dict[Level, Territories]
    bound: Bools
    enterprises: npt.NDArray[np.object_]
    roles: npt.NDArray[np.object_]
    quantity: dict[Quantity, Floats]
    certain: dict[Quantity, Bools]
    point_ids: npt.NDArray[np.object_]
    point_area: Ints
    point_weight: Floats
    point_population: Floats
    point_lonlat: Floats
    outlets: pd.DataFrame
    outlet_area: Ints
    outlet_kind: npt.NDArray[np.object_]
    outlet_lonlat: Floats
    listed: sparse.csr_array
    sharers: Floats
    measure: Measure
    _reach: dict[tuple[float, TravelUnit], sparse.csr_array] = field(
        default_factory=dict, compare=False, repr=False
    )

    def parties(self, role: Role) -> Bools:
        """Return which parties (P,) have the role."""
        return np.asarray(self.roles == str(role))

    def of_kind(self, asked: KindAsked) -> Bools:
        """Return which outlets (O,) a rule that asks for this kind counts."""
        if asked is KindAsked.ANY:
            return np.ones(len(self.outlet_kind), dtype=bool)
        return np.asarray(self.outlet_kind == str(asked))

    def per_area(self, value: Floats) -> Floats:
        """Add up a value of each outlet (O,) to (P, A): by the parties it lists, in the area it stands in."""
        standing = np.flatnonzero(self.outlet_area >= 0)
        place = sparse.csr_array(
            (value[standing], (self.outlet_area[standing], standing)),
            shape=(len(self.adcodes), len(value)),
        )
        return np.asarray((place @ self.listed).toarray(), dtype=float).T

    def counts(self, asked: KindAsked, level: Level) -> Floats:
        """Return the number of outlets of a kind for each party and territory, (P, T)."""
        return self.levels[level].sums(self.per_area(self.of_kind(asked).astype(float)))

    def total(self, name: Quantity, level: Level) -> Floats:
        """Return a quantity for each party and territory, (P, T); NaN where a part is not known at all."""
        return self.levels[level].sums(self.quantity[name])

    def known(self, name: Quantity, level: Level) -> Bools:
        """Return whether a quantity is known in full for each party and territory, (P, T)."""
        return np.asarray(self.levels[level].sums((~self.certain[name]).astype(float)) == 0)

    def reach(self, limit: float, unit: TravelUnit = TravelUnit.KM) -> sparse.csr_array:
        """Return distances (I, O) of the outlets within a limit of each point; kept for reuse."""
        if (limit, unit) not in self._reach:
            found = self.measure.within(self.point_lonlat, self.outlet_lonlat, limit, unit)
            self._reach[limit, unit] = found
        return self._reach[limit, unit]


def counting(outlets: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the outlets that count in `year`: open, and opened by its end."""
    opened = pd.to_datetime(outlets["opened"])
    in_time = opened.isna() | (opened.dt.year <= year)
    works = outlets["status"].eq(str(OutletStatus.OPEN))
    return pd.DataFrame(outlets[works & in_time]).reset_index(drop=True)


def network_of(tables: Tables, scenario: Scenario, *, territory: Sequence[str] = ()) -> Network:
    """Line up the tables of a study for its year.

    Parameters
    ----------
    territory
        Leading digits of the adcodes that the rule set binds; empty: all.
    """
    areas = tables.areas
    adcodes = areas["adcode"].to_numpy(dtype=object)
    position = pd.Series(np.arange(len(adcodes)), index=adcodes)
    bound = np.array([not territory or code.startswith(tuple(territory)) for code in adcodes], dtype=bool)
    measured = quantities(tables.sales, areas, tables.demand, scenario, scenario.year)
    parties = measured[["enterprise", "role"]].drop_duplicates().sort_values(["enterprise", "role"])
    quantity, certain = _quantity_arrays(measured, parties, position, tables, scenario, bound)
    demand = tables.demand[tables.demand["adcode"].isin(position.index)]
    return Network(
        adcodes=adcodes,
        levels=_levels(areas),
        bound=bound,
        enterprises=parties["enterprise"].to_numpy(dtype=object),
        roles=parties["role"].astype(str).to_numpy(dtype=object),
        quantity=quantity,
        certain=certain,
        point_ids=demand["point_id"].to_numpy(dtype=object),
        point_area=position.loc[demand["adcode"]].to_numpy(dtype=np.int64),
        point_weight=demand["weight"].to_numpy(dtype=float),
        point_population=demand["population_weight"].to_numpy(dtype=float),
        point_lonlat=demand[["lon", "lat"]].to_numpy(dtype=float),
        **_outlet_arrays(counting(tables.outlets, scenario.year), position, parties["enterprise"]),
        measure=measure_of(tables, scenario),
    )


def with_outlets(network: Network, outlets: pd.DataFrame, year: int) -> Network:
    """Return the network with another table of outlets; all that doesn't depend on them is kept."""
    position = pd.Series(np.arange(len(network.adcodes)), index=network.adcodes)
    arrays = _outlet_arrays(counting(outlets, year), position, pd.Series(network.enterprises, dtype=object))
    return replace(network, **arrays, _reach={})


def _outlet_arrays(outlets: pd.DataFrame, position: "pd.Series[int]", parties: pd.Series) -> dict[str, Any]:
    """Return the fields of a network that depend on its outlets; `parties` are their enterprises (P,)."""
    return {
        "outlets": outlets,
        "outlet_area": outlets["adcode"].map(position).fillna(-1).to_numpy(dtype=np.int64),
        "outlet_kind": outlets["kind"].astype(str).to_numpy(dtype=object),
        "outlet_lonlat": outlets[["lon", "lat"]].to_numpy(dtype=float),
        "listed": listed_by(outlets["enterprises"], parties),
        "sharers": _named(outlets["enterprises"]).groupby("outlet").size().to_numpy().astype(float),
    }


def listed_by(enterprises: pd.Series, parties: pd.Series) -> sparse.csr_array:
    """Return which outlets list which party's enterprise, (O, P), from ;-separated names."""
    parts = pd.DataFrame({"enterprise": parties.to_numpy(), "party": np.arange(len(parties))})
    pairs = _named(enterprises).merge(parts, on="enterprise")
    return sparse.csr_array(
        (np.ones(len(pairs)), (pairs["outlet"].to_numpy(), pairs["party"].to_numpy())),
        shape=(len(enterprises), len(parties)),
    )


def names_in(lists: pd.Series) -> pd.Series:
    """Return the names that ;-separated lists hold, one row each, on the lists' index."""
    return lists.fillna("").astype(str).str.split(";").explode().str.strip()


def used_by(lists: pd.Series, names: Collection[str]) -> "pd.Series[bool]":
    """Return which ;-separated lists hold one of the names."""
    found = names_in(lists).isin(list(names)).groupby(level=0).any()
    return found.reindex(lists.index, fill_value=False)


def _named(enterprises: pd.Series) -> pd.DataFrame:
    """Return each outlet's enterprises, one row each: outlet (position), enterprise."""
    names = names_in(enterprises.reset_index(drop=True))
    return pd.DataFrame({"outlet": names.index, "enterprise": names.to_numpy()}).drop_duplicates()


def _levels(areas: pd.DataFrame) -> dict[Level, Territories]:
    codes = areas["adcode"].to_numpy(dtype=object)
    provinces = areas[["province_adcode", "province"]].drop_duplicates("province_adcode")
    provinces = provinces.sort_values("province_adcode")
    place = pd.Series(np.arange(len(provinces)), index=provinces["province_adcode"].to_numpy())
    return {
        Level.AREA: Territories(codes, areas["name"].to_numpy(dtype=object), np.arange(len(codes))),
        Level.PROVINCE: Territories(
            provinces["province_adcode"].to_numpy(dtype=object),
            provinces["province"].to_numpy(dtype=object),
            place.loc[areas["province_adcode"]].to_numpy(dtype=np.int64),
        ),
        Level.NATION: Territories(
            np.array([NATION_CODE], dtype=object),
            np.array(["nation"], dtype=object),
            np.zeros(len(codes), dtype=np.int64),
        ),
    }


def _quantity_arrays(
    measured: pd.DataFrame,
    parties: pd.DataFrame,
    position: "pd.Series[int]",
    tables: Tables,
    scenario: Scenario,
    bound: Bools,
) -> tuple[dict[Quantity, Floats], dict[Quantity, Bools]]:
    """Return the quantities (P, A) and whether each is known, areas outside the territory left at 0."""
    shape = (len(parties), len(position))
    party = pd.Series(np.arange(len(parties)), index=pd.MultiIndex.from_frame(parties))
    rows = party.loc[pd.MultiIndex.from_frame(measured[["enterprise", "role"]])].to_numpy()
    columns = position.loc[measured["adcode"]].to_numpy()

    def spread(values: pd.Series, empty: float) -> Floats:
        array = np.full(shape, empty)
        array[rows, columns] = values.to_numpy(dtype=float)
        array[:, ~bound] = empty
        return array

    history = history_known(tables.sales, scenario, scenario.year)
    given = spread(measured["stock_given"], 0.0).astype(bool)
    sales = spread(measured["sales"], 0.0)
    population = np.where(bound, tables.areas["population"].to_numpy(dtype=float), 0.0)
    population = np.where(sales > 0, population[None, :], 0.0)
    stock, retired = spread(measured["stock"], 0.0), spread(measured["retired_t"], 0.0)
    quantity = {
        Quantity.SALES: sales,
        Quantity.STOCK: stock,
        Quantity.RETIRED_T: retired,
        Quantity.POPULATION: population,
    }
    owes_somewhere = (sales > 0) | (stock > 0) | (retired > 0)
    certain = {
        Quantity.SALES: np.ones(shape, dtype=bool),
        Quantity.STOCK: history | given | ~owes_somewhere,
        Quantity.RETIRED_T: np.full(shape, history) | ~owes_somewhere,
        Quantity.POPULATION: ~np.isnan(population),
    }
    return quantity, certain
