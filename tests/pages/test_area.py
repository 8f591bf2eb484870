"""The area page without a browser: the search, the answer, the table, both languages."""

import pytest

from tests.pages.apptest import page


def shown(test) -> str:
    kinds = ("header", "caption", "text", "info", "warning", "metric")
    return "\n".join(
        f"{one.value} {getattr(one, 'label', '')}" for kind in kinds for one in getattr(test, kind)
    )


@pytest.mark.parametrize(("lang", "word"), [("en", "Shenzhen"), ("zh", "深圳市")])
def test_an_area_by_its_address(lang: str, word: str) -> None:
    test = page("area", lang=lang, query={"adcode": "440300"})
    assert not test.exception
    assert word in test.header[0].value
    assert len(test.metric) == 5
    assert test.selectbox(key="area").value == "440300"
    assert len(test.dataframe[0].value) == 11


def test_without_an_address_there_is_a_search() -> None:
    test = page("area")
    assert not test.exception
    assert "Choose an area" in test.info[0].value
    test.selectbox(key="area").set_value("330100").run()
    assert not test.exception
    assert "Hangzhou" in test.header[0].value
    assert test.query_params["adcode"] in ("330100", ["330100"])
    assert test.query_params["lang"] in ("en", ["en"])


def test_an_area_that_is_none_is_named() -> None:
    test = page("area", query={"adcode": "999999"})
    assert "no area 999999" in test.warning[0].value


def test_growth_and_an_enterprise() -> None:
    test = page("area", query={"adcode": "440300"})
    test.number_input(key="area_growth").set_value(10.0)
    maker = test.selectbox(key="focus").options[-1]
    test.selectbox(key="focus").set_value(maker).run()
    assert not test.exception
    assert "of 3 duties" in test.header[0].value or "all 3 duties" in test.header[0].value
