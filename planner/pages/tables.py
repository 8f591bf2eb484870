"""How tables stand on a page."""

HEAD_PX = 38
ROW_PX = 35


def table_height(rows: int, *, most: int) -> int:
    """Return the height in pixels at which a table shows its rows, one at least, and no empty ones."""
    return min(most, HEAD_PX + ROW_PX * max(1, rows))
