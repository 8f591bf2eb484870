import hashlib
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geodata.assignment import assign_areas
from geodata.boundaries import read_areas
from geodata.messages import InputError
from geodata.sample import SAMPLE_FILES, SampleSize, write_sample
from geodata.samplemarket import market_2022, national_enterprises, registrations_2022, year_factors


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return read_areas()


@pytest.fixture(scope="module", params=list(SampleSize))
def size(request: pytest.FixtureRequest) -> SampleSize:
    return SampleSize(request.param)


@pytest.fixture(scope="module")
def folder(size: SampleSize, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(size) / "sample"
    write_sample(path, size)
    return path


@pytest.fixture(scope="module")
def sales(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "sales.csv", dtype={"adcode": str})


@pytest.fixture(scope="module")
def outlets(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "outlets.csv", dtype={"adcode": str})


def digests(folder: Path) -> list[str]:
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in SAMPLE_FILES]


def test_the_folder_holds_exactly_its_three_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(SAMPLE_FILES)


def test_every_row_of_both_tables_is_marked_and_every_name_says_it_is_made_up(
    sales: pd.DataFrame, outlets: pd.DataFrame
) -> None:
    assert set(sales["sample"]) == set(outlets["sample"]) == {"yes"}
    assert sales["enterprise"].str.contains("Sample").all()
    assert sales["enterprise"].str.contains("虚构").all()
    assert outlets["name"].str.contains("虚构").all()
    assert outlets["name"].str.contains("Sample").all()


def test_every_outlet_stands_in_the_area_it_declares(outlets: pd.DataFrame, areas: gpd.GeoDataFrame) -> None:
    found = assign_areas(outlets["lon"], outlets["lat"], areas, snap_km=0.0)
    np.testing.assert_array_equal(found, outlets["adcode"].to_numpy(dtype=object))


def test_enterprises_of_outlets_sell(sales: pd.DataFrame, outlets: pd.DataFrame) -> None:
    named = set(outlets["enterprises"].str.split(";").explode())
    assert named <= set(sales["enterprise"])


def test_identifiers_and_keys_are_their_own(sales: pd.DataFrame, outlets: pd.DataFrame) -> None:
    assert outlets["outlet_id"].is_unique
    assert not sales.duplicated(["enterprise", "role", "adcode", "year", "chemistry"]).any()
    assert sales.loc[sales["role"] == "maker", "vehicles"].gt(0).all()


def test_counts_are_those_promised(size: SampleSize, sales: pd.DataFrame, outlets: pd.DataFrame) -> None:
    makers = sales.loc[sales["role"] == "maker", "enterprise"].nunique()
    if size is SampleSize.NATIONAL:
        assert (makers, len(outlets), outlets["adcode"].nunique()) == (190, 10_235, 326)
        assert set(outlets["status"]) == {"open"}
    else:
        assert makers == 3
        assert sales.loc[sales["role"] == "battery_maker", "enterprise"].nunique() == 2
        assert 1_400 <= len(outlets) <= 1_600
    assert (outlets["enterprises"].str.contains(";")).mean() > 0.2
    assert set(sales["year"]) == set(range(2016, 2023))


def test_the_demo_has_gaps_of_each_sort(size: SampleSize, sales: pd.DataFrame, outlets: pd.DataFrame) -> None:
    if size is SampleSize.NATIONAL:
        pytest.skip("the demo's promise")
    latest = sales[(sales["role"] == "maker") & (sales["year"] == 2022)]
    sold = latest.groupby(["enterprise", "adcode"])["vehicles"].sum()
    listed = outlets.assign(enterprise=outlets["enterprises"].str.split(";")).explode("enterprise")
    have = listed[listed["status"] == "open"].groupby(["enterprise", "adcode"]).size()
    have = have.reindex(sold.index, fill_value=0)
    required = np.ceil(sold / 1280)
    assert (have == 0).sum() > 20
    assert ((have > 0) & (have < required)).sum() > 10
    assert (have >= required).mean() > 0.5
    in_use = sales[sales["role"] == "maker"].groupby(["enterprise", "adcode"])["vehicles"].sum()
    assert (in_use >= 9_000).sum() > 10


def test_the_same_bytes_again_and_in_another_process(folder: Path, size: SampleSize, tmp_path: Path) -> None:
    code = (
        f"from geodata.sample import write_sample; write_sample({str(tmp_path / 'again')!r}, {str(size)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."})
    assert digests(tmp_path / "again") == digests(folder)


def test_an_earlier_sample_is_replaced_and_other_files_never_are(tmp_path: Path) -> None:
    target = tmp_path / "data"
    target.mkdir()
    write_sample(target)
    (target / "sales.csv").write_text("old")
    write_sample(target)
    assert (target / "sales.csv").stat().st_size > 1000
    (target / "mine.csv").write_text("mine")
    before = digests(target)
    with pytest.raises(InputError, match=r"mine\.csv"):
        write_sample(target, "national")
    assert digests(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_file_in_the_way_and_an_unknown_size_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        write_sample(tmp_path / "file")
    with pytest.raises(InputError, match="no sample 'huge'"):
        write_sample(tmp_path / "new", "huge")
    assert not (tmp_path / "new").exists()


def test_nothing_is_left_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("geodata.sample._swap", fail)
    with pytest.raises(InputError, match="No space left"):
        write_sample(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_provinces_keep_their_registrations(areas: gpd.GeoDataFrame) -> None:
    market = market_2022(areas)
    by_province = market.groupby(market.index.str[:2] + "0000").sum()
    given = registrations_2022()
    assert "460300" not in market
    assert len(given) == 31
    pd.testing.assert_series_equal(by_province.sort_index(), given.sort_index(), check_names=False)


def test_years_follow_the_national_stock() -> None:
    factors = year_factors()
    assert list(factors) == list(range(2016, 2023))
    assert sum(value for year, value in factors.items() if year <= 2020) == pytest.approx(4.92 / 5.35)
    assert factors[2021] == pytest.approx(2.95 / 5.35)
    early = [factors[year] / factors[year + 1] for year in range(2016, 2021)]
    assert np.ptp(early) < 1e-9


def test_shares_have_a_long_tail_and_sum_to_one() -> None:
    shares = [one.share for one in national_enterprises()]
    assert sum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares[:10]) > 0.6
