"""Dense demand as one small picture: a hundred thousand cells weigh less than a photograph."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_PIXELS = 2048
"""Pixels on the longer side of a picture."""
FINE = 4
"""Pixels across the usual distance between neighbours, where the size allows."""
ROUNDED = 0.5
"""Pixels that a point may lie off the middle of its own."""
LEVEL = 40
"""Grey levels between classes: a browser that blurs what pages read of pictures still tells them apart."""

Floats = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Picture:
    """Classes of points as a picture whose rows are even in Web Mercator, as maps stretch pictures.

    Attributes
    ----------
    png
        Grey levels: 0 for nothing, `LEVEL` times (class + 1) for a class. The map gives them the colours of
        its theme, so that one picture serves light and dark.
    world
        Left, top, right, bottom in Web Mercator, in units of a world of 256 by 256.
    """

    png: bytes
    world: tuple[float, float, float, float]

    def text(self) -> str:
        """Return the picture in base 64."""
        return base64.b64encode(self.png).decode("ascii")


def mercator(lon: Floats, lat: Floats) -> Floats:
    """Return points, (N,) degrees each, in Web Mercator, (N, 2), from the upper left of a 256-pixel world."""
    sine = np.sin(np.radians(np.clip(lat, -85.05, 85.05)))
    down = 128 - 64 * np.log((1 + sine) / (1 - sine)) / np.pi
    return np.column_stack([256 * (lon + 180) / 360, down])


def picture_of(lon: Floats, lat: Floats, member: Classes) -> Picture:
    """Return points as cells that reach half-way to their neighbours.

    Parameters
    ----------
    lon, lat
        WGS 84, (N,), at least one point.
    member
        Class of each, (N,), from 0, at most five. Where several share a pixel, the highest is shown.
    """
    points = mercator(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    half = _half_cells(points)
    edge = half.max(axis=0)
    low, high = points.min(axis=0) - edge, points.max(axis=0) + edge
    usual = float(np.median(half, axis=0).min())
    pixel = max(float((high - low).max()) / MOST_PIXELS, 2 * usual / FINE)
    columns, rows = (int(side) for side in np.ceil((high - low) / pixel))
    across, down = ((points - low) / pixel).astype(np.int64).T
    seed = np.zeros((rows, columns), np.uint8)
    np.maximum.at(seed, (down, across), np.asarray(member + 1, np.uint8))
    reach = np.zeros((2, rows, columns), np.float32)
    for side, part in zip(reach, half.T, strict=True):
        np.maximum.at(side, (down, across), (part / pixel + ROUNDED).astype(np.float32))
    left, top = map(float, low)
    return Picture(_png(_grown(seed, reach)), (left, top, left + columns * pixel, top + rows * pixel))


def _half_cells(points: Floats) -> Floats:
    """Return how far the cell of each point reaches to the sides and up and down, (N, 2).

    That is half-way to the farthest of its four nearest neighbours, so the cells of a grid touch. What stands
    alone, or closer together than is usual, is drawn about as large as the usual.
    """
    from scipy.spatial import cKDTree

    places, back = np.unique(points, axis=0, return_inverse=True)
    if len(places) < 2:
        return np.full(points.shape, 1e-3)
    near = cKDTree(places).query(places, k=min(5, len(places)))[1]
    half = np.abs(places[near[:, 1:]] - places[:, None]).max(axis=1) / 2
    usual = np.median(half, axis=0)
    usual = np.where(usual > 0, usual, usual.max() or half.max())
    found: Floats = np.clip(half, usual / 2, usual * 1.5)[back.ravel()]
    return found


def _grown(seed: npt.NDArray[np.uint8], reach: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return each pixel with the class of the nearest point, as far as that one's cell reaches."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(seed == 0, return_distances=False, return_indices=True)
    across, down = reach[:, rows, columns]
    own_row, own_column = np.ogrid[: seed.shape[0], : seed.shape[1]]
    inside = (np.abs(columns - own_column) <= across) & (np.abs(rows - own_row) <= down)
    grown: npt.NDArray[np.uint8] = np.where(inside, seed[rows, columns], 0)
    return grown


def _png(classes: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(classes * np.uint8(LEVEL)).save(held, "PNG", compress_level=6)
    return held.getvalue()
