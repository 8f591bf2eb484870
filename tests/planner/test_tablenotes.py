"""What is said about tables: problems by place, notes by kind, what each table is."""

from pathlib import Path

from geodata.messages import InputError, Note, NoteKind, say
from geodata.tables import read_tables
from planner.language import translator
from planner.tablenotes import doubts, note_counts, note_rows, problem_rows, remedy, table_rows

EXAMPLE = Path(__file__).parents[2] / "examples" / "de"
EN, ZH = translator("en"), translator("zh")
MISFIT = say(
    "{file}, row {row}, column '{column}': '{value}' is not a number; write digits only, such as 1250.",
    file="s.csv", row=7, column="vehicles", value="x:y{z}",
)  # fmt: skip


def test_problems_are_told_by_their_place() -> None:
    table = problem_rows(
        [MISFIT, say("Upload a sales table; it is the only one that cannot be left out.")], EN
    )
    assert table.iloc[0].tolist()[:4] == ["s.csv", 7, "vehicles", "x:y{z}"]
    assert table.iloc[0]["What to do"].startswith("'x:y{z}' is not a number; write digits")
    assert table.iloc[1]["What to do"].startswith("Upload a sales table")


def test_the_place_is_taken_off_in_chinese_too() -> None:
    assert "第" not in remedy(MISFIT, ZH)
    assert "s.csv" not in remedy(MISFIT, ZH)
    assert "x:y{z}" in remedy(MISFIT, ZH)


def test_a_message_that_is_all_place_stays_whole() -> None:
    message = say("{source}: '{field}' is missing. Add it.", source="a", field="b")
    assert remedy(message, EN) == "a: 'b' is missing. Add it."


def test_every_table_has_a_row() -> None:
    tables = read_tables(EXAMPLE / "sales.csv", EXAMPLE / "outlets.csv", areas=EXAMPLE / "areas.geojson")
    rows = table_rows(tables, EN).set_index("Table")
    assert rows["Status"]["Outlets"] == "uploaded"
    assert rows["File"]["Areas"] == "areas.geojson"
    assert rows["Status"]["Candidate sites"] == "left out: the demand points"
    assert rows["Rows"]["Areas"] == 6


def test_notes_are_counted_by_kind_and_doubts_come_first() -> None:
    datum = Note(NoteKind.COORDINATES, say("{outside} of {total}", outside=9, total=10), "o.csv")
    odd = Note(NoteKind.PLAUSIBILITY, say("odd"), "s.csv", 3)
    assert doubts([odd, datum]) == [datum]
    assert note_counts([odd, odd, datum], EN) == [("Looks odd", 2), ("Coordinates", 1)]
    assert note_rows([odd, datum], EN)["Row"].tolist()[0] == 3


def test_problems_of_real_tables_have_rows(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("enterprise,adcode,year,vehicles\nA,99001,2022,x\nB,12345,2022,1\n")
    try:
        read_tables(path, areas=EXAMPLE / "areas.geojson")
    except InputError as error:
        table = problem_rows(error.messages, EN)
    assert sorted(table["Row"].dropna().tolist()) == [2, 3]
