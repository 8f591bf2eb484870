"""The app, without a browser: the sample, uploads, languages, mistakes."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.pages.session import plain

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "de"
SECONDS = 120


def app() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)


@pytest.fixture(scope="module")
def sampled() -> AppTest:
    return app().run()


def test_the_sample_is_checked_at_once(sampled: AppTest) -> None:
    assert not sampled.exception
    assert "fictional" in sampled.warning[0].value
    assert "areas" in sampled.header[0].value
    assert 3 <= len(sampled.metric) <= 5
    table = sampled.dataframe[0].value
    assert table["Outlets missing"].is_monotonic_decreasing
    assert len(table) > 300


def test_it_speaks_chinese(sampled: AppTest) -> None:
    chinese = sampled.radio(key="language").set_value("zh").run()
    assert not chinese.exception
    assert "样例" in chinese.warning[0].value
    assert "区" in chinese.header[0].value
    sampled.radio(key="language").set_value("en").run()


def test_own_files_start_with_what_to_do(sampled: AppTest) -> None:
    own = app().run()
    own.radio(key="data").set_value("own").run()
    assert not own.exception
    assert "upload" in own.info[0].value


def test_a_bad_file_says_what_to_mend() -> None:
    own = app().run()
    own.radio(key="data").set_value("own").run()
    own.file_uploader(key="sales").set_value(
        ("s.csv", b"enterprise,adcode,year,vehicles\nA,1,2022,x\n", "text/csv")
    )
    own.run()
    assert not own.exception
    assert "Mend" in own.error[0].value
    assert any("s.csv" in text.value for text in own.text)


def test_own_files_are_checked() -> None:
    own = app().run()
    own.radio(key="data").set_value("own").run()
    for key, name in (("sales", "sales.csv"), ("outlets", "outlets.csv"), ("areas", "areas.geojson")):
        own.file_uploader(key=key).set_value((name, (EXAMPLE / name).read_bytes(), "text/plain"))
    own.selectbox(key="rules").set_value("de-altfahrzeugv").run()
    assert not own.exception
    assert "of 6 areas" in own.header[0].value
    assert len(own.dataframe[0].value) == 6


def test_names_of_files_are_no_markup() -> None:
    assert plain("![x](http://a) *b* $c$") == r"\!\[x\]\(http\://a\) \*b\* \$c\$"
