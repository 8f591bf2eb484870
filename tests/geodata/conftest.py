"""What the tests of readers share."""

import geopandas as gpd
import pytest

from geodata.boundaries import read_areas


@pytest.fixture(scope="session")
def china() -> gpd.GeoDataFrame:
    """Return China's prefecture-level areas, read once."""
    return read_areas()
