"""Whatever bytes a file holds, reading it either works or says in a sentence that it does not."""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.files import open_table
from geodata.messages import InputError
from geodata.outlets import read_outlets
from tests.geodata.tablefiles import WRITERS, located

OUTLETS = pd.DataFrame(
    {
        "outlet_id": ["001", "2"],
        "name": ["店, 一", "b"],
        "enterprises": ["A", "A;B"],
        "kind": ["收集型", "storage"],
        "lon": [114.05, 113.3],
        "lat": [22.54, 23.1],
        "opened": ["2021-06-30", ""],
    }
)
CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4), st.integers(0, 40)),
    min_size=1,
    max_size=4,
)


def written(form: str, folder: Path) -> bytes:
    """Return a good file of a format; those named "located" hold points."""
    name = form.removesuffix(" located")
    write, ending = WRITERS[name]
    path = folder / f"good{ending}"
    if name == form:
        write(OUTLETS, path)
    elif ending == ".parquet":
        located(OUTLETS).to_parquet(path)
    else:
        located(OUTLETS).to_file(path)
    return path.read_bytes()


@pytest.mark.parametrize("form", [*WRITERS, "parquet located", "geopackage located", "geojson located"])
@settings(max_examples=25, deadline=None)
@given(changes=CHANGES)
def test_a_damaged_file_is_read_or_refused(
    form: str, changes: list[tuple[float, bytes, int]], china: gpd.GeoDataFrame
) -> None:
    with TemporaryDirectory() as folder:
        content = bytearray(written(form, Path(folder)))
        for place, new, removed in changes:
            at = int(place * len(content))
            content[at : at + removed] = new
        path = Path(folder) / f"outlets{WRITERS[form.removesuffix(' located')][1]}"
        path.write_bytes(bytes(content))
        with contextlib.suppress(InputError):
            read_outlets(path, china.iloc[:5])


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".gpkg", ".geojson"])
@settings(max_examples=25, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(ending: str, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        for head in (b"", b"PK\x03\x04", b"PAR1", b"SQLite format 3\x00", b"{"):
            path.write_bytes(head + content)
            with contextlib.suppress(InputError):
                open_table(path)


def test_what_a_misnamed_file_holds_is_said_in_the_readers_language(tmp_path: Path) -> None:
    path = tmp_path / "outlets.xlsx"
    path.write_text("outlet_id,name\n", "utf-8")
    with pytest.raises(InputError) as caught:
        open_table(path)
    words = {"plain text": "纯文本"}
    assert "纯文本" in caught.value.messages[0].text(lambda text: words.get(text, text))
