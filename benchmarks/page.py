"""The page of measurements: each command replaces the part between its own marks."""

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def write_part(name: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the marks of a name, such as `app`; the page must have them."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
