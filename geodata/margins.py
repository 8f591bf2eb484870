"""Polygons with a margin in kilometres."""

import shapely
from pyproj import CRS, Geod, Transformer

_SMOOTHING = 0.05  # of the margin: how far the outline may be simplified before it grows
_ARCS = 1.02  # corners are rounded with 16 chords a circle, which lie up to 1.9 % inside it


def with_margin(polygon: shapely.Geometry, margin_km: float) -> shapely.Geometry:
    """Return `polygon` with everything up to `margin_km` around it, its holes filled.

    Each part grows in the equal-area projection around its own middle. Its outline is made simpler first, by
    at most a twentieth of the margin, which is added to it.

    Parameters
    ----------
    polygon
        Polygon or MultiPolygon in WGS-84 degrees; invalid ones are mended.
    margin_km
        At least 0.
    """
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(polygon)))  # of a collection's parts, too
    filled = [shapely.Polygon(part.exterior) for part in parts if isinstance(part, shapely.Polygon)]
    grown = [_grown(part, margin_km * 1000.0) for part in filled]
    return shapely.make_valid(shapely.union_all(grown))


def area_km2(polygon: shapely.Geometry) -> float:
    """Return the area of `polygon`, in WGS-84 degrees, on the ellipsoid in km²."""
    area, _ = Geod(ellps="WGS84").geometry_area_perimeter(polygon)
    return abs(float(area)) / 1e6


def _grown(part: shapely.Polygon, margin_m: float) -> shapely.Geometry:
    if margin_m <= 0:
        return part
    middle = part.envelope.centroid
    plane = CRS.from_proj4(f"+proj=laea +lat_0={middle.y} +lon_0={middle.x} +datum=WGS84 +units=m")
    there = Transformer.from_crs("EPSG:4326", plane, always_xy=True)
    back = Transformer.from_crs(plane, "EPSG:4326", always_xy=True)
    flat = shapely.transform(part, there.transform, interleaved=False)
    slack = margin_m * _SMOOTHING
    grown = flat.simplify(slack).buffer(_ARCS * (margin_m + slack), quad_segs=4)
    return shapely.transform(grown, back.transform, interleaved=False)
