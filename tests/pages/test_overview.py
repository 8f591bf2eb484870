"""The overview page: what it says and offers, and what it makes of a reader's clicks."""

import math

import pytest

from planner.pages.mapview import Event, event_of
from tests.pages.apptest import page


@pytest.mark.parametrize(("lang", "words"), [("en", "areas are short"), ("zh", "个地区中有")])
def test_the_answer_comes_first(lang: str, words: str) -> None:
    test = page("overview", lang=lang)
    assert not test.exception
    assert words in test.header[0].value
    assert len(test.metric) == 5
    assert len(test.dataframe) == 3


def test_a_province_of_the_address_narrows_the_page() -> None:
    test = page("overview", query={"province": "440000"})
    assert not test.exception
    assert "of 21 areas" in test.header[0].value
    assert test.session_state["overview"].province == "440000"
    assert len(test.dataframe[0].value) == 21
    assert "Province" not in test.dataframe[0].value
    test.button(key="overview_path_nation").click().run()
    assert "of 21 areas" not in test.header[0].value
    assert "province" not in test.query_params


def test_an_unknown_province_is_let_go() -> None:
    test = page("overview", query={"province": "</script>"})
    assert not test.exception
    assert test.session_state["overview"].province == ""


def test_filters_narrow_and_an_empty_part_says_so() -> None:
    test = page("overview")
    before = test.header[0].value
    test.selectbox(key="overview_rule").select_index(0).run()
    assert test.header[0].value != before
    test.segmented_control(key="overview_status").set_value("unknown").run()
    assert not test.exception
    assert "No area has this status" in test.info[0].value


def test_an_enterprise_without_the_duty_leaves_no_empty_plot_without_a_word() -> None:
    test = page("overview")
    test.selectbox(key="overview_rule").set_value("battery-maker-presence").run()
    test.selectbox(key="overview_role").set_value("maker").run()
    assert not test.exception
    assert "no area has a duty" in test.header[0].value
    assert "Choose another enterprise" in test.info[0].value


def test_a_chosen_area_shows_its_duties_its_outlets_and_the_ways_on() -> None:
    test = page("overview", setup=lambda: _choose("440300"))
    assert not test.exception
    assert "Shenzhen" in [one.value for one in test.subheader]
    assert len(test.dataframe) == 5


def test_sites_being_tried_are_named() -> None:
    test = page("overview", setup=_try_one)
    assert not test.exception
    links = [link.proto.label for link in test.get("page_link")]
    assert links[0] == "1 site is being tried; the figures are of the network as it is."


def _choose(code: str) -> None:
    import streamlit

    streamlit.session_state["overview_area"] = code


def _try_one() -> None:
    from geodata.schemas import OutletKind
    from planner.draft import Draft, TriedSite
    from planner.pages import session

    site = TriedSite(outlet_id="t1", name="t", kind=OutletKind.COLLECTION, enterprises="M", lon=114.0,
                     lat=22.5, adcode="440300")  # fmt: skip
    session.change(draft=Draft(sites=(site,)))


@pytest.mark.parametrize(
    "value",
    [
        None, "area", 3, [], {}, {"kind": "run"}, {"kind": ["area"]}, {"kind": "area", "code": 5},
        {"kind": "area", "code": "x" * 1000}, {"kind": "point", "code": ""},
        {"kind": "point", "code": "", "lon": 400, "lat": 20}, {"kind": "point", "lon": True, "lat": 2},
        {"kind": "site", "code": "a", "lon": 100}, {"kind": "corner", "lon": math.nan, "lat": 1.0},
    ],
)  # fmt: skip
def test_what_no_map_of_ours_sends_is_no_event(value: object) -> None:
    assert event_of(value) is None


def test_events_are_read() -> None:
    assert event_of({"kind": "area", "code": "440300", "number": 1}) == Event("area", "440300")
    point = {"kind": "point", "code": "440300", "lon": 114, "lat": 22.5, "number": 2}
    assert event_of(point) == Event("point", "440300", 114.0, 22.5)
