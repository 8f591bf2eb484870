"""Population rasters: opened safely, checked, and read window by window."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from geodata.messages import InputError, say
from geodata.rawtable import LIMITS, Limits, damaged

FloatArray: TypeAlias = NDArray[np.float64]

WINDOW_CELLS = 2_000_000
"""About so many cells are read at once."""
MOST_PEOPLE = 1e10
"""More in one cell than live on Earth is a value that stands for no data."""
_BLOCK_CELLS = 64_000_000  # a file stored in larger pieces cannot be read in windows
_SETTINGS = {
    "GDAL_CACHEMAX": 64,  # MB
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no other file is ever looked at
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "GDAL_PAM_ENABLED": "NO",
}


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A window of a raster, north up.

    Attributes
    ----------
    values
        What the cells hold, shape (rows, columns); 0 where there is no data.
    bounds
        left, low, right, high in the raster's coordinate system.
    blank
        How many cells hold NaN though the file does not declare it as no data.
    """

    values: FloatArray
    bounds: tuple[float, float, float, float]
    blank: int = 0

    def centres(self, cell: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Return the centres of cells, numbered by row from the upper left, in the raster's coordinates."""
        rows, columns = self.values.shape
        left, low, right, high = self.bounds
        row, column = np.divmod(cell, columns)
        return left + (column + 0.5) * (right - left) / columns, high - (row + 0.5) * (high - low) / rows


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """An open raster of one band in a known coordinate system, not rotated.

    Attributes
    ----------
    source
        The file's name.
    crs
        Its coordinate system.
    bounds
        left, low, right, high in it.
    shape
        Rows and columns.
    cell
        Width and height of a cell in it.
    """

    source: str
    crs: CRS
    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    cell: tuple[float, float]
    _dataset: Any
    _path: Path

    def windows(self, cells: int = WINDOW_CELLS) -> Iterator[Window]:
        """Yield windows that cover the raster, each of at most about so many cells.

        They are whole blocks of the file, or rows of one block where a block is larger than that.
        """
        rows, columns = self.shape
        tall, wide = self._dataset.block_shapes[0]
        across = min(columns, max(1, cells // (tall * wide)) * wide)
        down = max(1, cells // across)
        down = down // tall * tall or down
        for row in range(0, rows, down):
            for column in range(0, columns, across):
                yield Window(column, row, min(across, columns - column), min(down, rows - row))

    def bounds_of(self, window: Window) -> tuple[float, float, float, float]:
        """Return left, low, right, high of a window, in the raster's coordinates."""
        where = self._dataset.transform
        left, top = where.c + where.a * window.col_off, where.f + where.e * window.row_off
        low = top + where.e * window.height
        return left, min(low, top), left + where.a * window.width, max(low, top)

    def read(self, window: Window) -> Tile:
        """Read a window.

        Raises
        ------
        InputError
            If the file is damaged there, or a cell holds less than nothing or no number.
        """
        try:
            band = self._dataset.read(1, window=window, masked=True)
        except RasterioError as error:
            raise damaged(self._path, "GeoTIFF") from error
        stored = band.filled(0).astype(np.float64)
        scale, offset = self._dataset.scales[0], self._dataset.offsets[0]
        values = np.where(np.ma.getmaskarray(band), 0.0, stored * scale + offset)
        blank = np.isnan(values)
        values[blank] = 0.0
        self._require_people(values, window)
        return Tile(self._upright(values), self.bounds_of(window), int(blank.sum()))

    def _upright(self, values: FloatArray) -> FloatArray:
        """Return values with the north on top, whichever way the file stores them."""
        return np.ascontiguousarray(values if self._dataset.transform.e < 0 else values[::-1])

    def _require_people(self, values: FloatArray, window: Window) -> None:
        wrong = np.argwhere((values < 0) | (values > MOST_PEOPLE))
        if len(wrong):
            row, column = (int(number) for number in wrong[0])
            raise InputError(
                say(
                    "{file}, raster row {line}, column {column}: {value:g} is no number of people; if it "
                    "stands for no data, declare it as the file's nodata value.",
                    file=self.source,
                    line=row + int(window.row_off) + 1,
                    column=column + int(window.col_off) + 1,
                    value=float(values[row, column]),
                )
            )


@contextmanager
def opened_raster(path: Path, limits: Limits = LIMITS) -> Iterator[Raster]:
    """Open a GeoTIFF; no other format and no other file is ever opened.

    Raises
    ------
    InputError
        If it is damaged, too large, has several bands, no numbers, is rotated or does not say where it lies.
    """
    with rasterio.Env(**_SETTINGS), _dataset(path) as dataset:
        _require_readable(path.name, dataset, limits)
        yield Raster(
            path.name,
            _crs(path.name, dataset),
            _upright_bounds(dataset.bounds),
            (dataset.height, dataset.width),
            (abs(dataset.transform.a), abs(dataset.transform.e)),
            dataset,
            path,
        )


def _dataset(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # we say it ourselves
        try:
            return rasterio.open(path, driver="GTiff")
        except RasterioError as error:
            raise damaged(path, "GeoTIFF") from error


def _upright_bounds(bounds: Any) -> tuple[float, float, float, float]:
    left, low, right, high = bounds
    return left, min(low, high), right, max(low, high)


def _require_readable(source: str, dataset: Any, limits: Limits) -> None:
    if dataset.count != 1 or np.dtype(dataset.dtypes[0]).kind not in "iuf":
        raise InputError(
            say(
                "{file} has {n} bands of {kind}; give a raster of one band with the number of people in "
                "each cell.",
                file=source,
                n=dataset.count,
                kind=dataset.dtypes[0],
            )
        )
    tall, wide = dataset.block_shapes[0]
    if dataset.width * dataset.height > limits.raster_cells or tall * wide > _BLOCK_CELLS:
        raise InputError(
            say(
                "{file} has {n:,} cells in pieces of {piece:,}; up to {limit:,} in pieces of up to {most:,} "
                "are read. Crop it, take a coarser one, or save it with tiles.",
                file=source,
                n=dataset.width * dataset.height,
                piece=tall * wide,
                limit=limits.raster_cells,
                most=_BLOCK_CELLS,
            )
        )
    where = dataset.transform
    if where.is_identity or where.b or where.d or where.a <= 0 or not where.e:
        raise InputError(
            say(
                "{file} does not say where its cells lie, or its cells are rotated; save it with a "
                "georeference of its own, north up.",
                file=source,
            )
        )


def _crs(source: str, dataset: Any) -> CRS:
    """Return the raster's coordinate system."""
    try:
        crs = CRS.from_user_input(dataset.crs.to_wkt()) if dataset.crs else None
    except (CRSError, RasterioError):
        crs = None
    if crs is None or not (crs.is_geographic or crs.is_projected):
        raise InputError(
            say(
                "{file} does not say its coordinate system; set it (EPSG:4326 for degrees) and save again.",
                file=source,
            )
        )
    return crs
