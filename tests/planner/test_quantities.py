"""The stock identity, what is spread, and small pictures of sales, stock and retirement."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.messages import InputError
from planner.quantities import (
    failed_share,
    history_known,
    quantities,
    quantities_over,
    retired_t,
    retired_units,
    sales_by_area,
    spread_shares,
    stock,
)
from planner.scenario import Scenario, scenario_from

LFP_ONLY = scenario_from({"year": 2022, "chemistry_mix": {"LFP": 1.0}})
AREAS = pd.DataFrame(
    {
        "adcode": ["110000", "370100", "370200", "440100", "440300"],
        "name": ["Beijing", "Jinan", "Qingdao", "Guangzhou", "Shenzhen"],
        "province_adcode": ["110000", "370000", "370000", "440000", "440000"],
        "population": [21.0, 9.0, 10.0, 18.0, np.nan],
    }
)
DEMAND = pd.DataFrame({"adcode": ["110000"] * 2 + ["370100"] * 3 + ["370200"] + ["440100"] * 3 + ["440300"]})
COLUMNS = ["enterprise", "role", "adcode", "year", "vehicles", "batteries", "stock", "chemistry", "pack_kg"]
histories = st.dictionaries(st.integers(2010, 2030), st.floats(0, 1e6), min_size=1, max_size=8)


def sales_of(*rows: dict[str, object]) -> pd.DataFrame:
    blank = {"role": "maker", "vehicles": np.nan, "batteries": np.nan, "stock": np.nan, "chemistry": ""}
    table = pd.DataFrame([{"enterprise": "A", "pack_kg": np.nan, **blank, **row} for row in rows])
    return table[COLUMNS].astype({"vehicles": float, "batteries": float, "stock": float, "pack_kg": float})


@given(histories, st.integers(2010, 2045), st.sampled_from(["", "LFP", "NCM523", "NCM811", "PHEV"]))
def test_stock_is_last_years_plus_sales_less_retirements(
    history: dict[int, float], year: int, chemistry: str
) -> None:
    sold, scenario = pd.Series(history), Scenario(year=2022)
    before = stock(sold, scenario, year - 1, chemistry=chemistry)
    retired = retired_units(sold, scenario, year, chemistry=chemistry)
    after = stock(sold, scenario, year, chemistry=chemistry)
    assert math.isclose(after, before + history.get(year, 0.0) - retired, rel_tol=1e-9, abs_tol=1e-6)
    assert 0 <= after <= sum(history.values()) * (1 + 1e-12)
    assert retired >= -1e-9


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(2015, 2024), st.floats(0, 1e5)), min_size=1))
def test_the_table_says_what_the_formula_says_for_each_area(rows: list[tuple[int, int, float]]) -> None:
    sales = sales_of(*({"adcode": AREAS["adcode"][a], "year": y, "vehicles": v} for a, y, v in rows))
    found = quantities(sales, AREAS, DEMAND, LFP_ONLY, 2022).set_index("adcode")
    for adcode, part in sales[sales["year"] <= 2022].groupby("adcode"):
        sold = part.groupby("year")["vehicles"].sum()
        assert found.loc[adcode, "sales"] == pytest.approx(sold.get(2022, 0.0))
        assert found.loc[adcode, "stock"] == pytest.approx(stock(sold, LFP_ONLY, 2022))
        assert found.loc[adcode, "retired_t"] == pytest.approx(retired_t(sold, LFP_ONLY, 2022))


@given(st.permutations(range(8)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    sales = sales_of(
        *(
            {"adcode": AREAS["adcode"][n % 5], "year": 2016 + n, "vehicles": 100.0 + n, "chemistry": c}
            for n, c in enumerate(["", "LFP", "NCM523", "", "LFP", "", "PHEV", ""])
        )
    )
    straight = quantities(sales, AREAS, DEMAND, Scenario(year=2022), 2022)
    shuffled = quantities(sales.iloc[list(order)], AREAS, DEMAND, Scenario(year=2022), 2022)
    pd.testing.assert_frame_equal(straight, shuffled)


def test_the_weibull_law_by_hand() -> None:
    assert failed_share(-1.0, scale_years=9.5, shape=3.5) == 0
    assert failed_share(9.5, scale_years=9.5, shape=3.5) == pytest.approx(1 - math.exp(-1))
    assert failed_share(4.5, scale_years=8.0, shape=3.5) == pytest.approx(1 - math.exp(-((4.5 / 8) ** 3.5)))


def test_the_cars_of_2022_retire_as_counted_from_mid_year() -> None:
    sold = pd.Series({2022: 5.234e6})  # passenger cars registered in China in 2022
    by_hand = 5.234e6 * (math.exp(-((3.5 / 9.5) ** 3.5)) - math.exp(-((4.5 / 9.5) ** 3.5))) * 350 / 1000
    assert retired_t(sold, LFP_ONLY, 2026) == pytest.approx(by_hand)
    assert retired_t(sold, LFP_ONLY, 2026) == pytest.approx(74_000, abs=1_000)
    assert retired_t(sold, LFP_ONLY, 2030) == pytest.approx(253_000, abs=2_000)


def test_a_row_s_own_pack_weight_wins() -> None:
    light = {"adcode": "440300", "year": 2016, "vehicles": 1000.0, "chemistry": "LFP"}
    both = [
        quantities(sales_of({**light, "pack_kg": kg}), AREAS, DEMAND, LFP_ONLY, 2022)["retired_t"].item()
        for kg in (np.nan, 175.0)
    ]
    assert both[1] == pytest.approx(both[0] / 2)


def test_blank_chemistry_takes_the_mix() -> None:
    mixed = scenario_from({"year": 2022, "chemistry_mix": {"LFP": 0.5, "NCM523": 0.5}})
    row = {"adcode": "440300", "year": 2015, "vehicles": 1000.0}
    blank, lfp, ncm = (
        quantities(sales_of({**row, "chemistry": c}), AREAS, DEMAND, mixed, 2022).iloc[0]
        for c in ("", "lfp", "NCM523")
    )
    for column in ("stock", "retired_t"):
        assert blank[column] == pytest.approx((lfp[column] + ncm[column]) / 2)


def test_an_unknown_chemistry_is_bad_input() -> None:
    with pytest.raises(InputError, match="'Na-ion' is not known"):
        quantities(
            sales_of({"adcode": "440300", "year": 2022, "vehicles": 1.0, "chemistry": "Na-ion"}),
            *(AREAS, DEMAND, LFP_ONLY, 2022),
        )


def test_a_given_stock_wins() -> None:
    old = {"adcode": "440300", "year": 2016, "vehicles": 1000.0}
    now = {"adcode": "440300", "year": 2022, "vehicles": 500.0, "stock": 9000.0}
    row = quantities(sales_of(old, now), AREAS, DEMAND, LFP_ONLY, 2022).iloc[0]
    assert (row["stock"], row["stock_given"], row["sales"]) == (9000.0, True, 500.0)
    next_year = quantities(sales_of(old, now), AREAS, DEMAND, LFP_ONLY, 2023).iloc[0]
    assert next_year["stock"] < 1500
    assert not next_year["stock_given"]


def test_a_stock_given_for_one_chemistry_stands_for_that_chemistry() -> None:
    rows = [
        {"adcode": "440300", "year": 2022, "vehicles": 10.0, "chemistry": "LFP", "stock": 700.0},
        {"adcode": "440300", "year": 2022, "vehicles": 100.0, "chemistry": "NCM523"},
        {"adcode": "440300", "year": 2019, "vehicles": 60.0, "chemistry": "LFP"},
    ]
    row = quantities(sales_of(*rows), AREAS, DEMAND, LFP_ONLY, 2022).iloc[0]
    rest = stock(pd.Series({2022: 100.0}), LFP_ONLY, 2022, chemistry="NCM523")
    assert row["stock"] == pytest.approx(700 + rest)
    assert not row["stock_given"]


def test_a_province_s_batteries_go_to_its_areas() -> None:
    battery = {"role": "battery_maker", "year": 2022}
    sales = sales_of(
        {**battery, "adcode": "370000", "batteries": 1900.0, "stock": 190.0},
        {**battery, "adcode": "440000", "batteries": 400.0},
        {**battery, "adcode": "440300", "batteries": 7.0},
        {**battery, "adcode": "110000", "batteries": 50.0},
        {"adcode": "440100", "year": 2022, "vehicles": 3.0},
    )
    found = quantities(sales, AREAS, DEMAND, LFP_ONLY, 2022).set_index(["role", "adcode"])
    packs = found.loc["battery_maker", "sales"]
    assert packs.to_dict() == pytest.approx(
        {"110000": 50, "370100": 900, "370200": 1000, "440100": 300, "440300": 107}
    )
    assert found.loc[("battery_maker", "370100"), "stock"] == pytest.approx(90)
    assert found.loc[("maker", "440100"), "sales"] == 3


@given(st.dictionaries(st.sampled_from(["110000", "370000", "440000", "440300"]), st.floats(0, 1e6)))
def test_spreading_keeps_the_totals(batteries: dict[str, float]) -> None:
    rows = (
        {"role": "battery_maker", "adcode": a, "year": 2022, "batteries": b} for a, b in batteries.items()
    )
    sales = sales_of(*rows) if batteries else sales_of({"adcode": "440300", "year": 2022, "vehicles": 0.0})
    assert sales_by_area(sales, AREAS, DEMAND)["units"].sum() == pytest.approx(sum(batteries.values()))
    shares = spread_shares(AREAS, DEMAND)
    assert shares.groupby("province_adcode")["share"].sum().tolist() == pytest.approx([1, 1, 1])


def test_when_history_is_known() -> None:
    def known(first: int, year: int, *, complete: bool = False) -> bool:
        sales = sales_of(*({"adcode": "440300", "year": y, "vehicles": 1.0} for y in range(first, year + 1)))
        return history_known(sales, Scenario(year=year, history_complete=complete), year)

    assert known(2015, 2022)
    assert known(2016, 2022)
    assert not known(2017, 2022)
    assert known(2017, 2022, complete=True)
    assert not known(2022, 2022)
    assert not known(2022, 2022, complete=True)


def test_a_missing_figure_makes_the_result_missing() -> None:
    rows = [{"adcode": "440300", "year": 2022}, {"adcode": "110000", "year": 2022, "vehicles": 5.0}]
    found = quantities(sales_of(*rows), AREAS, DEMAND, LFP_ONLY, 2022).set_index("adcode")
    assert found["sales"].isna().to_dict() == {"110000": False, "440300": True}
    assert found["retired_t"].isna().to_dict() == {"110000": False, "440300": True}


def test_growth_goes_on_from_the_last_year() -> None:
    sales = sales_of({"adcode": "440300", "year": 2022, "vehicles": 100.0})
    cohorts = sales_by_area(sales, AREAS, DEMAND)
    still = quantities_over(cohorts, LFP_ONLY, [2022, 2024])
    growing = quantities_over(cohorts, LFP_ONLY, [2022, 2024], growth=0.1)
    assert still["sales"].tolist() == [100, 0]
    assert growing["sales"].tolist() == pytest.approx([100, 121])


def test_the_country_takes_less_than_two_seconds() -> None:
    makers, areas, years = 190, 372, 7
    size = makers * areas * years
    index = np.arange(size)
    table = pd.DataFrame(
        {
            "enterprise": (index // (areas * years)).astype(str),
            "role": "maker",
            "adcode": (index // years % areas).astype(str),
            "year": 2016 + index % years,
            "vehicles": index % 97,
            "batteries": np.nan,
            "stock": np.nan,
            "chemistry": "",
            "pack_kg": np.nan,
        }
    )
    areas_of = pd.DataFrame({"adcode": [str(n) for n in range(areas)], "population": np.nan})
    begun = time.perf_counter()
    found = quantities(table, areas_of.assign(province_adcode="0"), DEMAND, LFP_ONLY, 2022)
    assert len(found) == makers * areas
    assert time.perf_counter() - begun < 6  # about one second; the rest is a busy machine's
