"""Tell when coordinates look as if they were in another datum than said, or had their axes swapped."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.assignment import assign_areas
from geodata.coordinates import to_wgs84
from geodata.messages import Note, NoteKind, say
from geodata.schemas import Datum

_FEWEST = 3  # one or two points outside their area are more likely wrong by themselves


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A reading of the coordinates that fits the declared areas better than the one said.

    Attributes
    ----------
    datum
        The datum of that reading.
    swapped
        Whether it takes longitude for latitude.
    total, outside, still_outside
        How many points declare an area, how many of them lie outside it as read, and how many would under
        this reading.
    """

    datum: Datum
    swapped: bool
    total: int
    outside: int
    still_outside: int

    def note(self, source: str = "") -> Note:
        """Return the sentence for people; nothing is ever mended because of it."""
        numbers = {"outside": self.outside, "total": self.total, "still": self.still_outside}
        if self.swapped:
            message = say(
                "{outside} of {total} points lie outside the area they declare; with longitude and latitude "
                "swapped only {still} would. Look at which column is which, and read the file again.",
                **numbers,
            )
        else:
            message = say(
                "{outside} of {total} points lie outside the area they declare; read as {datum} only {still} "
                "would. Ask where the coordinates come from, and set the datum.",
                datum={"wgs84": "WGS-84", "gcj02": "GCJ-02", "bd09": "BD-09"}[self.datum],
                **numbers,
            )
        return Note(NoteKind.COORDINATES, message, source)


def suspect_datum(
    lon: ArrayLike,
    lat: ArrayLike,
    declared: ArrayLike,
    areas: gpd.GeoDataFrame,
    *,
    datum: Datum = Datum.WGS84,
) -> Suspicion | None:
    """Return a better reading of the coordinates than `datum`, if there clearly is one.

    Of the other datums and the swapped axes, the one that leaves the fewest points outside their declared
    area is suspected when it leaves at most half as many as now and mends at least three, or all there are.

    Parameters
    ----------
    lon, lat
        Degrees as they stand in the file, shape (n,).
    declared
        The adcode each point declares, "" where it declares none, shape (n,).
    areas
        The areas of the study.
    datum
        The datum the file is said to be in.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    code = np.asarray(declared, dtype=object)
    known = np.isin(code, areas["adcode"].to_numpy(dtype=object)) & np.isfinite(x) & np.isfinite(y)
    x, y, code = x[known], y[known], code[known]
    outside = _outside(x, y, code, areas, datum)
    if not outside:
        return None
    readings = [(other, False) for other in Datum if other is not datum] + [(datum, True)]
    left = {
        (other, swapped): _outside(y if swapped else x, x if swapped else y, code, areas, other)
        for other, swapped in readings
    }
    best = min(left, key=lambda reading: left[reading])
    mended = outside - left[best]
    if left[best] * 2 > outside or mended < min(_FEWEST, len(code)):
        return None
    return Suspicion(*best, total=len(code), outside=outside, still_outside=left[best])


def _outside(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    code: NDArray[np.object_],
    areas: gpd.GeoDataFrame,
    datum: Datum,
) -> int:
    lon, lat = to_wgs84(x, y, datum)
    lat = np.where(np.abs(lat) <= 90, lat, np.nan)
    return int(np.count_nonzero(assign_areas(lon, lat, areas) != code))
