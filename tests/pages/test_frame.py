"""The frame around the pages: both languages, the state that survives them, names that are no markup."""

import pytest

from planner.pages.frame import LANGUAGES
from planner.pages.session import plain
from tests.pages.apptest import page

ADDRESSES = ["overview", "area", "try", "scenarios", "data", "rules", "report"]
STATE = ("data", "rules", "year", "focus")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_comes_from_the_address(language: str) -> None:
    test = page("area", lang=language)
    assert not test.exception
    assert test.session_state["language"] == language


def test_an_unknown_language_is_english() -> None:
    test = page("area", lang="fr")
    assert not test.exception
    assert test.session_state["language"] == "en"
    assert test.query_params["lang"] in ("en", ["en"])


def test_the_language_is_switched_without_losing_anything() -> None:
    test = page("area")
    maker = sorted(test.selectbox(key="focus").options)[1]
    test.selectbox(key="rules").set_value("de-altfahrzeugv").run()
    test.selectbox(key="focus").set_value(maker).run()
    before = {key: test.session_state[key] for key in STATE} | {"work": test.session_state["work"]}
    test.button_group(key="language").set_value("zh").run()
    assert not test.exception
    assert test.query_params["lang"] in ("zh", ["zh"])
    assert {key: test.session_state[key] for key in before} == before


def test_titles_are_of_the_language_and_addresses_are_not() -> None:
    test = page("area", setup=_titles)
    shown = test.session_state["titles"]
    assert shown["en"][0] == shown["zh"][0] == ADDRESSES
    assert shown["en"][1] != shown["zh"][1]


def _titles() -> None:
    import streamlit as st

    from planner.language import translator
    from planner.pages.frame import LANGUAGES, pages

    listed = {language: pages(translator(language)) for language in LANGUAGES}
    st.session_state["titles"] = {
        language: ([one._url_path for one in found], [one.title for one in found])
        for language, found in listed.items()
    }


def test_names_of_files_are_no_markup() -> None:
    assert plain("![x](http://a) *b* $c$") == r"\!\[x\]\(http\://a\) \*b\* \$c\$"
