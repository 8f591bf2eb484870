"""Rebuild geodata/data/areas.csv.gz: the names of the default areas in Latin letters.

Run from the root of the repository: `python scripts/rebuild_areas.py`.
"""

from pathlib import Path

import pandas as pd

from geodata.packaged import LEFT_OUT, BoundaryFile, boundary_polygons, write_packaged_table
from geodata.romanize import english_name, pinyin


def area_names() -> pd.DataFrame:
    """Return adcode, pinyin and name_en of the 372 default areas."""
    areas = boundary_polygons(BoundaryFile.CITIES)
    areas = areas[~areas["code"].isin(LEFT_OUT)].reset_index(drop=True)
    return pd.DataFrame(
        {
            "adcode": areas["code"],
            "pinyin": areas["name"].map(pinyin),
            "name_en": areas["name"].map(english_name),
        }
    )


if __name__ == "__main__":
    write_packaged_table(area_names(), Path("geodata/data/areas.csv.gz"))
