"""Shifted rows are noticed, clean tables are left alone."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geodata.messages import NoteKind
from geodata.plausibility import find_shift, misfits, sales_notes

SHARED = Path(__file__).parents[2] / "../shared/data/prefectures.csv"
BLOCK = 29
real = pytest.mark.skipif(not SHARED.is_file(), reason="the real registrations are not beside the repository")


@pytest.fixture(scope="module")
def registered() -> pd.DataFrame:
    table = pd.read_csv(SHARED, dtype={"adcode": str, "province_adcode": str})
    known = table[table["nev_registrations_2022"].notna()].sort_values("pinyin", ignore_index=True)
    return known.rename(columns={"nev_registrations_2022": "vehicles", "population_2020": "population"})


def sales_of(table: pd.DataFrame, vehicles: np.ndarray, year: int = 2022) -> pd.DataFrame:
    return pd.DataFrame(
        {"enterprise": "A", "role": "maker", "adcode": table["adcode"], "year": year, "vehicles": vehicles}
    )


def shifted(vehicles: np.ndarray, start: int) -> np.ndarray:
    block = slice(start, start + BLOCK)
    moved = vehicles.copy()
    moved[block] = np.roll(vehicles[block], 1)
    return moved


@real
def test_a_clean_table_gives_few_notes(registered: pd.DataFrame) -> None:
    for order in ("pinyin", "adcode"):
        table = registered.sort_values(order, ignore_index=True)
        notes = sales_notes(sales_of(table, table["vehicles"].to_numpy()), gpd.GeoDataFrame(table))
        assert len(notes) <= 1
        assert not any("moved by one row" in str(note.message) for note in notes)


@real
def test_a_shifted_block_is_caught_wherever_it_is(registered: pd.DataFrame) -> None:
    vehicles = registered["vehicles"].to_numpy()
    for start in range(0, len(registered) - BLOCK, 11):
        notes = sales_notes(sales_of(registered, shifted(vehicles, start)), gpd.GeoDataFrame(registered))
        (note,) = [note for note in notes if "moved by one row" in str(note.message)]
        assert note.kind is NoteKind.PLAUSIBILITY
        assert int(note.message.values["n"]) == pytest.approx(BLOCK, abs=12)  # type: ignore[call-overload]


@real
def test_without_population_a_shift_shows_against_the_year_before(registered: pd.DataFrame) -> None:
    vehicles = registered["vehicles"].to_numpy()
    areas = gpd.GeoDataFrame(registered.assign(population=np.nan))
    clean = pd.concat([sales_of(registered, vehicles, 2021), sales_of(registered, vehicles * 1.6, 2022)])
    assert sales_notes(clean, areas) == []
    bad = pd.concat(
        [sales_of(registered, vehicles, 2021), sales_of(registered, shifted(vehicles, 100), 2022)]
    )
    (note,) = sales_notes(bad, areas)
    assert "fit the year before better" in str(note.message)


@real
def test_a_slipped_decimal_point_is_named(registered: pd.DataFrame) -> None:
    vehicles = registered["vehicles"].to_numpy().copy()
    vehicles[200] *= 100
    notes = sales_notes(sales_of(registered, vehicles), gpd.GeoDataFrame(registered))
    assert any(registered["name"][200] in str(note.message) for note in notes)


def test_a_shift_is_found_where_it_is() -> None:
    expected = np.geomspace(100, 100_000, 60)[np.random.default_rng(1).permutation(60)]
    assert find_shift(expected, expected, np.zeros(60)) is None
    moved = expected.copy()
    moved[20:40] = np.roll(expected[20:40], 1)
    found = find_shift(moved, expected, np.zeros(60))
    assert found is not None
    assert (found.first, found.last) == pytest.approx((20, 39), abs=2)


def test_misfits_are_zero_where_sales_follow_the_base() -> None:
    base = pd.Series([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    fit = misfits(base * 7, base, pd.Series(0, base.index), pd.Series("p", base.index))
    assert fit["expected"].tolist() == pytest.approx((base * 7).tolist())
    assert fit[["normal", "off", "z"]].abs().to_numpy().max() == pytest.approx(0)


def test_small_tables_are_not_judged(china: gpd.GeoDataFrame) -> None:
    few = china.iloc[:10].assign(population=1e6)
    vehicles = np.r_[1e7, np.ones(9)]
    assert sales_notes(sales_of(few, vehicles), few) == []
