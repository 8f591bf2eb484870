"""A raster, addresses and districts, from the command line to a study that verifies."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine

from planner.cli import main
from tests.geodata.densities import raster

EXAMPLE = Path(__file__).parents[2] / "examples" / "de"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    return int(ended.value.code or 0)


def density(kind: str, folder: Path) -> Path:
    areas = gpd.read_file(EXAMPLE / "areas.geojson")
    left, low, right, high = areas.total_bounds
    random = np.random.default_rng(0)
    if kind == "raster":
        where = Affine((right - left) / 120, 0, left, 0, (low - high) / 90, high)
        return raster(folder / "people.tif", random.lognormal(2, 1, (90, 120)), transform=where, nodata=-1)
    if kind == "addresses":
        place = {"lon": random.uniform(left, right, 2000), "lat": random.uniform(low, high, 2000)}
        pd.DataFrame(place | {"vehicles": 1}).to_csv(folder / "addresses.csv", index=False)
        return folder / "addresses.csv"
    areas[["geometry"]].assign(population=1000.0).to_file(folder / "districts.gpkg")
    return folder / "districts.gpkg"


@pytest.mark.parametrize("kind", ["raster", "addresses", "districts"])
def test_a_density_becomes_a_study_that_verifies(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    tables = ["--sales", EXAMPLE / "sales.csv", "--areas", EXAMPLE / "areas.geojson"]
    own = ["--demand", density(kind, tmp_path), "--cell-km", 20, "--rules", "de-altfahrzeugv"]
    assert run("check", *tables, *own, "--out", tmp_path / "study", "--json") == 1
    summary = json.loads(capfd.readouterr().out)
    assert summary["areas"] == len(gpd.read_file(EXAMPLE / "areas.geojson"))
    used = pd.read_parquet(tmp_path / "study" / "inputs" / "demand.parquet")
    assert set(used["cell_km"].dropna()) == {20.0}
    np.testing.assert_allclose(used.groupby("adcode")["weight"].sum(), 1.0, rtol=1e-9)
    assert run("verify", tmp_path / "study") == 0


def test_a_raster_as_another_table_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = density("raster", tmp_path)
    assert run("check", "--sales", path, "--out", tmp_path / "study") == 2
    assert "people.tif is a raster, which only demand may be" in " ".join(capfd.readouterr().err.split())
