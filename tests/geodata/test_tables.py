"""All tables together, and the folder that keeps them."""

from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from geodata.messages import InputError, Message, Note, NoteKind, say, summarised
from geodata.schemas import Datum, Tables
from geodata.tables import input_files, is_sample, read_inputs, read_tables, write_inputs

SALES = 'enterprise,adcode,year,vehicles,remark\nA,440305,2022,10,=1+1\nA,440304,2022,5,"x\n,"\n'
OUTLETS = (
    "outlet_id,name,enterprises,kind,lon,lat,adcode,opened\n"
    "1,a,A,storage,,,广州,\n2,b,A,storage,114.05,22.54,,2021\n"
)
SITES = "site_id,name,lon,lat\ns,甲,114.1,22.6\n"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("tables")
    for name, text in (("sales", SALES), ("outlets", OUTLETS), ("sites", SITES)):
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return read_tables(*(folder / f"{name}.csv" for name in ("sales", "outlets", "sites")))


def test_tables_are_kept_to_the_last_type(tables: Tables, tmp_path: Path) -> None:
    written = write_inputs(tables, tmp_path / "inputs")
    back = read_inputs(tmp_path / "inputs")
    assert sorted(path.name for path in written) == sorted(p.name for p in (tmp_path / "inputs").iterdir())
    for name in ("areas", "outlets", "sites"):
        assert_geodataframe_equal(getattr(back, name), getattr(tables, name))
    for name in ("sales", "demand"):
        assert_frame_equal(getattr(back, name), getattr(tables, name))
    assert (back.notes, back.sample, back.files) == (tables.notes, tables.sample, tables.files)
    assert [str(note.message) for note in back.notes] == [str(note.message) for note in tables.notes]


def test_tables_without_sites_have_none_afterwards(tables: Tables, tmp_path: Path) -> None:
    few = Tables(tables.areas.iloc[:2], tables.sales, tables.outlets.iloc[:0], None, tables.demand.iloc[:3])
    write_inputs(few, tmp_path)
    back = read_inputs(tmp_path)
    assert back.sites is None
    assert_geodataframe_equal(back.outlets, few.outlets)


def test_a_note_with_a_sentence_inside_is_kept(tables: Tables, tmp_path: Path) -> None:
    note = Note(NoteKind.RULES, say("{what} holds {n}.", what=say("semicolons"), n=2.5), "s", 3, "c", "v")
    few = Tables(tables.areas, tables.sales, tables.outlets, None, tables.demand, (note,))
    write_inputs(few, tmp_path)
    assert read_inputs(tmp_path).notes == (note,)


def test_what_is_missing_or_damaged_in_the_folder_is_named(tables: Tables, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lacks areas\.parquet, sales\.parquet"):
        read_inputs(tmp_path)
    for path in write_inputs(tables, tmp_path):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_inputs(tmp_path)


def test_files_are_named_with_their_digest(tables: Tables) -> None:
    files = input_files(tables)
    assert files["table"].tolist() == ["sales", "outlets", "sites"]
    assert files["sha256"].tolist() == [sha256(text.encode()).hexdigest() for text in (SALES, OUTLETS, SITES)]
    assert files["rows"].tolist() == [1, 2, 1]


def test_the_datum_is_said_by_table(tmp_path: Path) -> None:
    for name, text in (("sales", SALES), ("outlets", OUTLETS), ("sites", SITES)):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    paths = [tmp_path / f"{name}.csv" for name in ("sales", "outlets", "sites")]
    one = read_tables(*paths, datum={"outlets": Datum.BD09})
    both = read_tables(*paths, datum=Datum.BD09)
    assert one.outlets["lon"][1] == both.outlets["lon"][1] != 114.05
    assert one.sites is not None
    assert both.sites is not None
    assert (one.sites["lon"][0], both.sites["lon"][0] == 114.1) == (114.1, False)


@pytest.mark.parametrize(
    ("cells", "sample"),
    [
        (["yes", "TRUE"], True),
        ([True, True], True),
        (["yes", "no"], False),
        (["yes", ""], False),
        ([], False),
    ],
)
def test_only_a_table_that_says_so_in_every_row_is_the_sample(cells: list[object], sample: bool) -> None:
    assert is_sample(pd.DataFrame({"sample": cells})) is sample
    assert not is_sample(pd.DataFrame({"enterprise": ["a"]}))


def test_many_messages_are_summed_up_by_kind() -> None:
    many = [say("row {row} is bad.", row=row) for row in range(25)] + [say("no header.")]
    lines = [str(line) for line in summarised(many)]
    assert len(lines) == 12
    assert lines[9:] == ["row 9 is bad.", "… and 15 more of this kind.", "no header."]
    assert isinstance(InputError(many).messages[0], Message)
