"""Sales, vehicles in use and retired tonnes, by enterprise, area and year.

Batteries retire by a Weibull law, chemistry by chemistry: of the units sold in year s the share
F(t - s + 1/2) has retired by the end of year t, with F(a) = 1 - exp(-(max(0, a) / scale)^shape). Sales
count at mid-year, hence the half. So the stock of a year is the stock of the year before, plus the year's
sales, less the year's retirements.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.messages import InputError, say
from geodata.schemas import Role
from planner.scenario import ChemistryLife, Scenario

Floats = npt.NDArray[np.float64]
KEY = ["enterprise", "role", "adcode"]
COHORT = [*KEY, "year", "chemistry", "pack_kg", "units", "stock"]
HISTORY_BEGINS = 2016
"""The first year whose electric vehicles still matter: a table that begins later may lack vehicles in use."""


def failed_share(age_years: npt.ArrayLike, *, scale_years: float, shape: float) -> Floats:
    """Return the share of units that has retired by an age: 1 - exp(-(max(0, age) / scale)^shape)."""
    age = np.maximum(np.asarray(age_years, dtype=float), 0.0)
    return np.asarray(-np.expm1(-np.power(age / scale_years, shape)), dtype=float)


def stock(units_by_year: pd.Series, scenario: Scenario, year: int, *, chemistry: str = "") -> float:
    """Return the units still in use at the end of `year`; `units_by_year` is indexed by year of sale."""
    ages = year - units_by_year.index.to_numpy(dtype=float)
    return float(units_by_year.to_numpy(dtype=float) @ _surviving(ages, scenario, chemistry))


def retired_units(units_by_year: pd.Series, scenario: Scenario, year: int, *, chemistry: str = "") -> float:
    """Return the units that retire during `year`; `units_by_year` is indexed by year of sale."""
    ages = year - units_by_year.index.to_numpy(dtype=float)
    return float(units_by_year.to_numpy(dtype=float) @ _retiring(ages, scenario, chemistry))


def retired_t(units_by_year: pd.Series, scenario: Scenario, year: int, *, chemistry: str = "") -> float:
    """Return the tonnes of batteries that retire during `year`, each pack at its chemistry's weight."""
    ages = year - units_by_year.index.to_numpy(dtype=float)
    kg = _retiring_kg(ages, scenario, chemistry)
    return float(units_by_year.to_numpy(dtype=float) @ kg) / 1000.0


def sales_by_area(sales: pd.DataFrame, areas: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Return the sales with one row per area; what battery makers state for a province is spread over it.

    A province's quantity goes to its areas by population where all of them have one, else by their number
    of demand points. The totals stay what they were.

    Parameters
    ----------
    sales
        The sales table: makers' rows hold an area's code, battery makers' an area's or a province's.
    areas
        adcode, province_adcode, population.
    demand
        Demand points with their adcode.

    Returns
    -------
    DataFrame
        enterprise, role, adcode, year, chemistry, pack_kg, units (vehicles, or packs for battery makers) and
        stock (units in use at the end of the year, NaN where not given).
    """
    of_batteries = sales["role"].astype(str).eq(str(Role.BATTERY_MAKER))
    units = sales["batteries"].where(of_batteries, sales["vehicles"])
    rows = sales.assign(units=units)[COHORT]
    by_province = of_batteries & rows["adcode"].isin(areas["province_adcode"])
    if not by_province.any():
        return rows.reset_index(drop=True)
    return pd.concat([rows[~by_province], _spread(rows[by_province], areas, demand)], ignore_index=True)


def spread_shares(areas: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Return each area's share of its province: province_adcode, adcode, share (adds up to 1 by province)."""
    population = areas["population"].astype(float)
    known = population.notna().groupby(areas["province_adcode"]).transform("all")
    inhabited = population.groupby(areas["province_adcode"]).transform("sum") > 0
    points = areas["adcode"].map(demand["adcode"].value_counts()).fillna(0.0).astype(float)
    size = population.where(known & inhabited, points)
    total = size.groupby(areas["province_adcode"]).transform("sum")
    members = areas.groupby("province_adcode")["adcode"].transform("size")
    share = (size / total.where(total > 0)).fillna(1.0 / members)
    return pd.DataFrame(areas[["province_adcode", "adcode"]]).assign(share=share)


def quantities(
    sales: pd.DataFrame, areas: pd.DataFrame, demand: pd.DataFrame, scenario: Scenario, year: int
) -> pd.DataFrame:
    """Return sales, vehicles in use and retired tonnes of one year, by enterprise, role and area.

    Returns
    -------
    DataFrame
        enterprise, role, adcode; sales (units sold in `year`), stock (units in use at its end), retired_t
        (tonnes retired during it), stock_given (whether the sales table itself states the stock). Rows of
        later years are left out. NaN where a figure the result rests on is missing.
    """
    return _quantities_of(sales_by_area(sales, areas, demand), scenario, year)


def retired_by_area(
    sales: pd.DataFrame, areas: pd.DataFrame, demand: pd.DataFrame, scenario: Scenario, year: int
) -> pd.DataFrame:
    """Return the units that retire during `year`: enterprise, role, adcode, units (vehicles, or packs)."""
    rows = sales_by_area(sales, areas, demand)
    rows = rows[rows["year"] <= year].reset_index(drop=True)
    ages, share = year - rows["year"].to_numpy(dtype=float), np.zeros(len(rows))
    for chemistry, index in rows.groupby("chemistry", observed=True).indices.items():
        share[index] = _retiring(ages[index], scenario, str(chemistry))
    units = rows.assign(units=rows["units"] * share).groupby(KEY, sort=True, observed=True)["units"]
    return units.sum(min_count=1).reset_index()


def history_known(sales: pd.DataFrame, scenario: Scenario, year: int) -> bool:
    """Return whether the table reaches back far enough to know the vehicles in use in `year`.

    It does not where its first year is the study's own, or later than 2016, unless the scenario says that
    the history is complete.
    """
    first = sales["year"].min()
    if pd.isna(first) or first >= year:
        return False
    return bool(first <= HISTORY_BEGINS or scenario.history_complete)


def project(cohorts: pd.DataFrame, years: Iterable[int], *, growth: float) -> pd.DataFrame:
    """Return `cohorts` with sales after its last year: the last year's, growing by `growth` a year."""
    last = int(cohorts["year"].max())
    latest = cohorts[cohorts["year"] == last]
    later = [
        latest.assign(year=year, units=latest["units"] * (1.0 + growth) ** (year - last), stock=np.nan)
        for year in range(last + 1, max(years, default=last) + 1)
    ]
    return pd.concat([cohorts, *later], ignore_index=True)


def quantities_over(
    cohorts: pd.DataFrame, scenario: Scenario, years: Iterable[int], *, growth: float | None = None
) -> pd.DataFrame:
    """Return `quantities` of several years, with a column `year`, from the rows of `sales_by_area`."""
    wanted = list(years)
    rows = cohorts if growth is None else project(cohorts, wanted, growth=growth)
    return pd.concat(
        [_quantities_of(rows, scenario, year).assign(year=year) for year in wanted], ignore_index=True
    )


def _quantities_of(cohorts: pd.DataFrame, scenario: Scenario, year: int) -> pd.DataFrame:
    """Return the quantities of one year from rows of `sales_by_area`."""
    rows = cohorts[cohorts["year"] <= year].reset_index(drop=True)
    keys = rows.groupby(KEY, sort=True, observed=True)
    code = np.asarray(keys.ngroup(), dtype=np.intp)
    table = keys.size().index.to_frame(index=False)
    units = rows["units"].to_numpy(dtype=float)
    surviving, kg = _factors(rows, scenario, year)
    this_year = rows["year"].to_numpy() == year
    total, given = _stock(rows, code, units * surviving, this_year, len(table))
    return table.assign(
        sales=_total(np.where(this_year, units, 0.0), code, len(table)),
        stock=total,
        retired_t=_total(units * kg / 1000.0, code, len(table)),
        stock_given=given,
    )


def _stock(
    rows: pd.DataFrame, code: npt.NDArray[np.intp], modelled: Floats, this_year: npt.NDArray[np.bool_], n: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the stock of each key, and whether every row of the year states it.

    Where only some rows of the year state it, they stand for their chemistry alone.
    """
    stated_rows = this_year & rows["stock"].notna().to_numpy()
    stated = _total(np.where(stated_rows, rows["stock"].to_numpy(dtype=float), 0.0), code, n)
    unstated = _total((this_year & ~stated_rows).astype(float), code, n)
    whole = (_total(stated_rows.astype(float), code, n) > 0) & (unstated == 0)
    chemistry = np.asarray(rows.groupby([*KEY, "chemistry"], observed=True).ngroup(), dtype=np.intp)
    covered = np.zeros(chemistry.max(initial=-1) + 1, dtype=bool)
    covered[chemistry[stated_rows]] = True
    rest = _total(np.where(covered[chemistry], 0.0, modelled), code, n)
    return np.where(whole, stated, stated + rest), whole


def _factors(rows: pd.DataFrame, scenario: Scenario, year: int) -> tuple[Floats, Floats]:
    """Return by row the share of its units in use at the end of `year`, and the kg that retire of a unit."""
    surviving, kg = np.zeros(len(rows)), np.zeros(len(rows))
    ages = year - rows["year"].to_numpy(dtype=float)
    pack_kg = rows["pack_kg"].to_numpy(dtype=float)
    for chemistry, index in rows.groupby("chemistry", observed=True).indices.items():
        age, own = ages[index], pack_kg[index]
        surviving[index] = _surviving(age, scenario, str(chemistry))
        default = _retiring_kg(age, scenario, str(chemistry))
        kg[index] = np.where(np.isnan(own), default, own * _retiring(age, scenario, str(chemistry)))
    return surviving, kg


def _surviving(ages: Floats, scenario: Scenario, chemistry: str) -> Floats:
    """Return the share of units sold `ages` years before that is in use at the year's end; 0 before sale."""
    parts = [
        share * (1.0 - failed_share(ages + 0.5, scale_years=life.scale_years, shape=scenario.weibull_shape))
        for life, share in _lives(scenario, chemistry)
    ]
    return np.where(ages >= 0, np.sum(parts, axis=0), 0.0)


def _retiring(ages: Floats, scenario: Scenario, chemistry: str) -> Floats:
    """Return the share of units sold `ages` years before that retires during the year."""
    return np.asarray(np.sum([part for part, _ in _retiring_parts(ages, scenario, chemistry)], axis=0))


def _retiring_kg(ages: Floats, scenario: Scenario, chemistry: str) -> Floats:
    """Return the kilogrammes that retire during the year of a unit sold `ages` years before."""
    parts = [part * life.pack_kg for part, life in _retiring_parts(ages, scenario, chemistry)]
    return np.asarray(np.sum(parts, axis=0))


def _retiring_parts(ages: Floats, scenario: Scenario, chemistry: str) -> list[tuple[Floats, ChemistryLife]]:
    """Return the retiring share by chemistry of the mix."""
    shape = scenario.weibull_shape

    def failed(age: Floats, life: ChemistryLife) -> Floats:
        return failed_share(age, scale_years=life.scale_years, shape=shape)

    return [
        (np.where(ages >= 0, share * (failed(ages + 0.5, life) - failed(ages - 0.5, life)), 0.0), life)
        for life, share in _lives(scenario, chemistry)
    ]


def _lives(scenario: Scenario, chemistry: str) -> list[tuple[ChemistryLife, float]]:
    """Return the lives a chemistry stands for with their shares; blank stands for the scenario's mix."""
    known = {entry.name.casefold(): entry.life for entry in scenario.chemistries}
    mix = (
        {chemistry: 1.0} if chemistry.strip() else {part.name: part.share for part in scenario.chemistry_mix}
    )
    unknown = [name for name in mix if name.strip().casefold() not in known]
    if unknown:
        raise InputError(
            say(
                "Chemistry {name} is not known. Write one of {known}, leave the cell blank, or add it to the "
                "scenario's chemistries.",
                name=repr(unknown[0]),
                known=", ".join(entry.name for entry in scenario.chemistries),
            )
        )
    total = sum(mix.values())
    return [(known[name.strip().casefold()], share / total) for name, share in mix.items()]


def _spread(rows: pd.DataFrame, areas: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Return rows of provinces as rows of their areas, quantities shared out."""
    shares = spread_shares(areas, demand)
    provinces = rows.rename(columns={"adcode": "province_adcode"})
    spread = provinces.merge(shares, on="province_adcode", how="left")
    share = spread["share"]
    return spread.assign(units=spread["units"] * share, stock=spread["stock"] * share)[COHORT]


def _total(values: Floats, code: npt.NDArray[np.intp], n: int) -> Floats:
    """Return the sums of `values` by group; a missing value makes its group's sum missing."""
    return np.bincount(code, weights=values, minlength=n).astype(float)
