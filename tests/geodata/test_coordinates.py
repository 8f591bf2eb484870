from importlib import import_module
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from geodata.coordinates import from_wgs84, shifted_by_gcj02, to_wgs84
from geodata.reach import great_circle_km
from geodata.schemas import Datum

Numbers: TypeAlias = NDArray[np.float64]
Places: TypeAlias = tuple[ArrayLike, ArrayLike]

reference = import_module("geocoordinates_ffi")  # an independent library, without types
SHIFTED = [Datum.GCJ02, Datum.BD09]
CHINA = st.tuples(st.floats(73.5, 135.0), st.floats(17.0, 53.6))


def metres(a: Places, b: Places) -> Numbers:
    return great_circle_km(a[0], a[1], b[0], b[1]) * 1000


def peer(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    place = reference.Wgs84(lat=lat, lon=lon)
    made = reference.wgs84_to_gcj02(place) if datum is Datum.GCJ02 else reference.wgs84_to_bd09(place)
    return made.lon, made.lat


@pytest.mark.parametrize("datum", SHIFTED)
@given(place=CHINA)
def test_there_and_back_is_the_same_place(datum: Datum, place: tuple[float, float]) -> None:
    lon, lat = from_wgs84([place[0]], [place[1]], datum)
    assert metres(to_wgs84(lon, lat, datum), ([place[0]], [place[1]])).max() < 0.001


@pytest.mark.parametrize("datum", SHIFTED)
@given(place=CHINA)
def test_agrees_with_an_independent_library_within_a_metre(datum: Datum, place: tuple[float, float]) -> None:
    ours = from_wgs84([place[0]], [place[1]], datum)
    theirs = peer(*place, datum)
    assert metres(ours, theirs).max() < 1.0
    assert metres(to_wgs84([theirs[0]], [theirs[1]], datum), place).max() < 1.0


def test_tiananmen_is_shifted_by_half_a_kilometre_and_more() -> None:
    lon, lat = [116.39123], [39.90691]
    assert 450 < metres(from_wgs84(lon, lat, Datum.GCJ02), (lon, lat))[0] < 650
    assert 1_000 < metres(from_wgs84(lon, lat, Datum.BD09), (lon, lat))[0] < 1_900


def test_wgs84_stays_as_it_is_and_the_callers_arrays_too() -> None:
    lon, lat = np.array([100.0, np.nan]), np.array([30.0, 40.0])
    new_lon, new_lat = to_wgs84(lon, lat, Datum.WGS84)
    np.testing.assert_array_equal(new_lon, lon)
    new_lon[0] = 0.0
    assert lon[0] == 100.0
    np.testing.assert_array_equal(new_lat, lat)


@pytest.mark.parametrize("datum", SHIFTED)
def test_a_missing_coordinate_stays_missing(datum: Datum) -> None:
    lon, lat = to_wgs84([np.nan, 116.0], [40.0, 40.0], datum)
    assert np.isnan(lon[0])
    assert np.isfinite(lon[1])
    assert np.isfinite(lat[1])


def test_outside_china_gcj02_is_no_other_datum() -> None:
    lon, lat = [139.7, 10.0, -70.0], [35.7, 50.0, -30.0]
    assert not shifted_by_gcj02(lon, lat).any()
    np.testing.assert_array_equal(from_wgs84(lon, lat, Datum.GCJ02), (lon, lat))
    np.testing.assert_array_equal(to_wgs84(lon, lat, Datum.GCJ02), (lon, lat))
