"""The data page: tables are checked before they are used, and only their owner sees them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.draft import Draft, Exclusion
from tests.pages import apptest

EXAMPLE = Path(__file__).parents[2] / "examples" / "de"
SECONDS = 120
TABLES = {
    "sales": ("sales.csv", (EXAMPLE / "sales.csv").read_bytes()),
    "outlets": ("outlets.csv", (EXAMPLE / "outlets.csv").read_bytes()),
    "areas": ("areas.geojson", (EXAMPLE / "areas.geojson").read_bytes()),
}
ODD = "</script><img src=x onerror=alert(1)>${alert(1)}"


def page(language: str = "en") -> AppTest:
    return apptest.page("data", lang=language)


def upload(opened: AppTest, tables: dict[str, tuple[str, bytes]]) -> AppTest:
    for table, (name, content) in tables.items():
        opened.file_uploader(key=f"upload_{table}").set_value((name, content, "text/plain"))
    opened.run()
    opened.button(key="check_tables").click().run()
    assert not opened.exception
    return opened


@pytest.mark.parametrize(("language", "word"), [("en", "fictional"), ("zh", "")])
def test_the_sample_is_marked_as_such(language: str, word: str) -> None:
    opened = page(language)
    assert not opened.exception
    assert word in opened.warning[0].value
    assert len(opened.dataframe[0].value) == 7
    assert opened.button(key="use_demo").disabled
    assert opened.button(key="check_tables").disabled


def test_own_tables_are_used_when_asked_for_and_only_by_their_owner() -> None:
    mine, other = page(), page()
    upload(mine, TABLES)
    assert "can be used" in mine.success[0].value
    assert mine.session_state["work"].data == "demo"
    mine.button(key="use_tables").click().run()
    assert not mine.exception
    digest = mine.session_state["work"].data
    assert len(digest) == 64
    assert list(mine.session_state["own_tables"]) == [digest]
    assert not mine.warning
    other.run()
    assert "own_tables" not in other.session_state or digest not in other.session_state["own_tables"]
    assert digest not in other.selectbox(key="data").options
    mine.button(key="use_demo").click().run()
    assert mine.session_state["work"].data == "demo"


def test_the_study_of_somebody_elses_tables_is_nobody_elses() -> None:
    from planner.pages import session

    mine = AppTest.from_function(borrowed, default_timeout=SECONDS)
    mine.session_state["own_tables"] = {"theirs": session.sample("demo")}
    mine.run()
    assert not mine.exception
    assert [text.value for text in mine.text] == ["seen"]
    other = AppTest.from_function(borrowed, default_timeout=SECONDS).run()
    assert [text.value for text in other.text] == ["refused"]


def borrowed() -> None:
    """Ask for the study of tables by their name, as a link to a saved scenario does."""
    import streamlit as st

    from planner.pages import session

    session.begin()
    session.change(data="theirs")
    try:
        session.study()
        st.text("seen")
    except KeyError:
        st.text("refused")


def test_mistakes_are_told_by_row_and_keep_the_old_tables() -> None:
    opened = page()
    bad = b"enterprise,adcode,year,vehicles\n" + f'"{ODD}",99001,2022,x\n'.encode() + b"B,12345,2022,1\n"
    upload(opened, {**TABLES, "sales": ("s.csv", bad)})
    assert "2 things must be mended" in opened.error[0].value
    problems = next(frame.value for frame in opened.dataframe if "What to do" in frame.value)
    assert sorted(problems["Row"].tolist()) == [2, 3]
    assert opened.session_state["work"].data == "demo"
    with pytest.raises(KeyError):
        opened.button(key="use_tables")


def test_a_virtual_format_is_refused_and_the_page_stays() -> None:
    opened = page()
    vrt = b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>"
    upload(opened, {**TABLES, "areas": ("areas.geojson", vrt)})
    problems = next(frame.value for frame in opened.dataframe if "What to do" in frame.value)
    assert "XML" in problems["What to do"].iloc[0]


def test_hostile_names_are_shown_as_they_are() -> None:
    opened = page()
    sales = f'enterprise,adcode,year,vehicles\n"{ODD}",99001,2022,10\n=cmd(),99001,2022,10\n'.encode()
    upload(opened, {**TABLES, "sales": ("../../${x}.csv", sales)})
    opened.button(key="use_tables").click().run()
    assert not opened.exception
    assert ODD in opened.selectbox(key="focus").options
    assert all(ODD not in text.value for text in [*opened.markdown, *opened.caption, *opened.header])
    assert "_x_.csv" in opened.dataframe[0].value["File"].tolist()


def test_what_was_tried_comes_back_with_its_tables() -> None:
    opened = page()
    work = opened.session_state["work"]
    shape = Exclusion(name="lake", corners=((114.0, 22.5), (114.1, 22.5), (114.1, 22.6)))
    opened.session_state["work"] = work.model_copy(update={"draft": Draft(exclusions=(shape,))})
    opened.run()
    upload(opened, TABLES)
    opened.button(key="use_tables").click().run()
    assert not opened.session_state["work"].draft.exclusions
    opened.button(key="use_demo").click().run()
    assert not opened.exception
    assert opened.session_state["work"].draft.exclusions == (shape,)
