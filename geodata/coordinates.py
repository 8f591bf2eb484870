"""Chinese map datums and WGS-84.

Chinese map services hand out GCJ-02, WGS-84 shifted by a smooth function of place by 100-700 m, or BD-09,
GCJ-02 shifted once more by about a kilometre. The formulas are the public ones of the eviltransform family;
both shifts are inverted by iteration, because they have no closed inverse.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.schemas import Datum

FloatArray: TypeAlias = NDArray[np.float64]
_Shift: TypeAlias = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

_AXIS_M = 6378245.0  # Krasovsky 1940, as the shift is defined, whatever ellipsoid the data are on
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_ITERATIONS = 8  # each one divides the error by about a thousand; 8 leave nothing of a double


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Return WGS-84 degrees for degrees in `datum`; NaN stays NaN.

    Parameters
    ----------
    lon, lat
        Degrees, shape (n,).
    datum
        The datum they are in.

    Returns
    -------
    tuple of arrays
        Longitude and latitude, shape (n,), new arrays.
    """
    x, y = _arrays(lon, lat)
    if datum is Datum.BD09:
        x, y = _invert(_gcj02_to_bd09, x, y)
    if datum is not Datum.WGS84:
        x, y = _invert(_wgs84_to_gcj02, x, y)
    return x, y


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Return degrees in `datum` for WGS-84 degrees; the inverse of `to_wgs84`."""
    x, y = _arrays(lon, lat)
    if datum is not Datum.WGS84:
        x, y = _wgs84_to_gcj02(x, y)
    if datum is Datum.BD09:
        x, y = _gcj02_to_bd09(x, y)
    return x, y


def shifted_by_gcj02(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Return where GCJ-02 differs from WGS-84: the usual rectangle 72.004-137.8347 E, 0.8293-55.8271 N.

    Outside it the datum is the identity by custom. Hong Kong, Macau and Taiwan lie inside.
    """
    x, y = _arrays(lon, lat)
    return (x >= 72.004) & (x <= 137.8347) & (y >= 0.8293) & (y <= 55.8271)


def _arrays(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    return np.array(lon, dtype=float), np.array(lat, dtype=float)


def _waves(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eastward and northward waves of the shift, metres, at offsets from 105 E, 35 N."""
    common = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    root = np.sqrt(np.abs(x))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (common + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * (2.0 / 3.0)
    east += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * (2.0 / 3.0)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (common + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * (2.0 / 3.0)
    north += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * (2.0 / 3.0)
    return east, north


def _wgs84_to_gcj02(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    east, north = _waves(x - 105.0, y - 35.0)
    latitude = np.radians(y)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    step_y = np.degrees(north * magic * np.sqrt(magic) / (_AXIS_M * (1.0 - _ECCENTRICITY2)))
    step_x = np.degrees(east * np.sqrt(magic) / (_AXIS_M * np.cos(latitude)))
    inside = shifted_by_gcj02(x, y)
    return np.where(inside, x + step_x, x), np.where(inside, y + step_y, y)


def _gcj02_to_bd09(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(forward: _Shift, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what `forward` takes to (x, y), by fixed-point steps: the shift changes slowly with place."""
    guess_x, guess_y = x, y
    for _ in range(_ITERATIONS):
        there_x, there_y = forward(guess_x, guess_y)
        guess_x, guess_y = guess_x + (x - there_x), guess_y + (y - there_y)
    return guess_x, guess_y
