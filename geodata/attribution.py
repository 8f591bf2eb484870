"""Which tables are under OpenStreetMap's licence, by their column `source`."""

import re

import pandas as pd

OPENSTREETMAP = "OpenStreetMap"
_HEADERS = ("source", "来源", "数据来源")


def from_openstreetmap(table: pd.DataFrame | None) -> bool:
    """Return whether a table's column `source` (来源) names OpenStreetMap in any row."""
    columns = [] if table is None else [table[name] for name in _HEADERS if name in table]
    names = (str(one) for column in columns for one in column.dropna().unique())
    return any(OPENSTREETMAP.casefold() in re.sub(r"[\s_-]", "", name).casefold() for name in names)


def with_source_of(points: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return points made of a table, with a column `source` if only the table says OpenStreetMap."""
    if from_openstreetmap(points) or not from_openstreetmap(table):
        return points
    return points.assign(source=OPENSTREETMAP)
