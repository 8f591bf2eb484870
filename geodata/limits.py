"""How much is read of a file that came over the network: far less than of a file on one's own disk."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from geodata.rawtable import Limits

UPLOAD = Limits(
    file_bytes=20_000_000,
    unpacked_bytes=300_000_000,
    unpacked_ratio=100.0,
    archive_entries=1_000,
    rows=500_000,
    columns=200,
    cells=10_000_000,
    raster_bytes=20_000_000,
    raster_cells=60_000_000,
)
"""Of any upload; 500,000 rows of sales are 190 enterprises in 370 areas over seven years."""

_ROWS = {
    "sales": 500_000,
    "outlets": 100_000,
    "sites": 100_000,
    "demand": 200_000,
    "areas": 10_000,
    "recyclers": 10_000,
}
UPLOADS: Mapping[str, Limits] = MappingProxyType(
    {table: replace(UPLOAD, rows=rows) for table, rows in _ROWS.items()}
)
"""By table: what is worked out grows with outlets times demand points, so these are fewer than sales."""

DRAWING = replace(UPLOAD, file_bytes=2_000_000, rows=200)
"""Of polygons that somebody draws, to keep sites out of them."""
MOST_CORNERS = 10_000
"""Of all polygons of a drawing together."""
