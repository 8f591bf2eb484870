from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geodata.coordinates import from_wgs84
from geodata.schemas import Datum
from geodata.suspicion import suspect_datum

CELL = 0.1
Sample: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    """A ten by ten board of small areas around Beijing."""
    lines = [(116 + CELL * i, 39.5 + CELL * j) for i in range(10) for j in range(10)]
    return gpd.GeoDataFrame(
        {"adcode": [f"11{k:04d}" for k in range(100)], "province_adcode": "110000"},
        geometry=[shapely.box(x, y, x + CELL, y + CELL) for x, y in lines],
        crs="EPSG:4326",
    )


@pytest.fixture(scope="module")
def points(areas: gpd.GeoDataFrame) -> Sample:
    rng = np.random.default_rng(7)
    k = rng.integers(0, 100, 400)
    left, low, _, _ = areas.geometry.iloc[k].bounds.to_numpy().T
    lon, lat = left + rng.uniform(0, CELL, 400), low + rng.uniform(0, CELL, 400)
    return lon, lat, areas["adcode"].to_numpy(dtype=object)[k]


@pytest.mark.parametrize("true", list(Datum))
@pytest.mark.parametrize("said", list(Datum))
def test_the_true_datum_is_named_unless_it_was_said(
    areas: gpd.GeoDataFrame, points: Sample, true: Datum, said: Datum
) -> None:
    lon, lat, declared = points
    found = suspect_datum(*from_wgs84(lon, lat, true), declared, areas, datum=said)
    if true is said:
        assert found is None
    else:
        assert (found.datum, found.swapped, found.still_outside) == (true, False, 0)
        assert found.outside > 10


def test_swapped_axes_are_named(areas: gpd.GeoDataFrame, points: Sample) -> None:
    lon, lat, declared = points
    found = suspect_datum(lat, lon, declared, areas)
    assert found.swapped
    assert (found.outside, found.still_outside, found.total) == (400, 0, 400)
    assert "swapped" in str(found.note("outlets.csv").message)


def test_points_wrong_by_themselves_are_no_reason(areas: gpd.GeoDataFrame, points: Sample) -> None:
    lon, lat, declared = points
    wrong = declared.copy()
    wrong[:40] = "110099"
    assert suspect_datum(lon, lat, wrong, areas) is None


def test_without_declared_areas_nothing_can_be_said(areas: gpd.GeoDataFrame, points: Sample) -> None:
    lon, lat, _ = points
    assert suspect_datum(lat, lon, np.full(400, ""), areas) is None


def test_a_missing_place_is_no_evidence(areas: gpd.GeoDataFrame) -> None:
    assert suspect_datum([np.nan], [np.nan], ["110000"], areas) is None
