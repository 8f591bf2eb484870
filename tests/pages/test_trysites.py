"""The page of tried sites without a browser: sites by number, undo, refusals, exclusions, proposals."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from planner.draft import Draft
from tests.pages.apptest import page

AREA = "440300"


def draft(test: AppTest) -> Draft:
    found: Draft = test.session_state["work"].draft
    return found


def click(lon: float, lat: float, kind: str = "point", code: str = ""):
    """Something that happened on the map, done as its callback does it."""

    def setup() -> None:
        import streamlit as st

        from planner.pages import mapview, session, trystate

        sales = session.tables().sales
        st.session_state["focus"] = sales.loc[sales["role"] == "maker", "enterprise"].min()
        trystate.hear(session.enterprise())(mapview.Event(kind, code, lon, lat))

    return setup


@pytest.mark.parametrize(("lang", "gain", "undo"), [("en", "+1 outlet", "Undo"), ("zh", "1", "")])
def test_a_click_adds_a_site_and_its_gain_is_said(lang: str, gain: str, undo: str) -> None:
    test = page("trysites", lang=lang, query={"adcode": AREA}, setup=click(114.06, 22.55))
    assert not test.exception
    assert [site.adcode for site in draft(test).sites] == [AREA]
    assert gain in test.header[0].value
    test.button(key="undo").click().run()
    assert not draft(test).sites
    test.button(key="redo").click().run()
    assert len(draft(test).sites) == 1
    assert undo in test.button(key="undo").label


def test_a_site_in_the_sea_is_refused_beside_the_map() -> None:
    test = page("trysites", query={"adcode": AREA}, setup=click(115.5, 21.5))
    assert not test.exception
    assert not draft(test).sites
    assert any("sea" in warning.value for warning in test.warning)


def test_without_an_area_there_is_a_search() -> None:
    test = page("trysites")
    assert not test.exception
    assert "Choose the area" in test.info[0].value


def test_areas_without_a_duty_say_so() -> None:
    test = page("trysites", query={"adcode": "810000"})
    assert not test.exception
    assert any("No enterprise has a duty here" in info.value for info in test.info)


def test_corners_close_to_a_shape_that_refuses_sites() -> None:
    def corners() -> None:
        from planner.pages import session, trystate

        sales = session.tables().sales
        for lon, lat in ((114.0, 22.5), (114.1, 22.5), (114.1, 22.6), (114.0, 22.6)):
            trystate.add_corner(lon, lat)
        trystate.close_shape()
        trystate.add(114.06, 22.55, sales.loc[sales["role"] == "maker", "enterprise"].min())

    test = page("trysites", query={"adcode": AREA}, setup=corners)
    assert not test.exception
    assert [one.name for one in draft(test).exclusions] == ["1"]
    assert any("excluded part" in warning.value for warning in test.warning)
    test.button(key="drop_exclusion_0").click().run()
    assert not draft(test).exclusions


def test_a_proposal_is_asked_shown_and_accepted() -> None:
    test = page("trysites", query={"adcode": "330100"})
    maker = test.selectbox(key="try_enterprise").value
    test.button(key="ask").click().run()
    assert not test.exception
    end = time.monotonic() + 90
    while "proposal" not in test.session_state and time.monotonic() < end:
        time.sleep(0.3)
        test.run()
    proposal = test.session_state["proposal"]
    assert not test.exception
    if proposal.sites:
        test.button(key="accept").click().run()
        assert not test.exception
        assert {site.enterprises for site in draft(test).sites} == {maker}
        assert draft(test).proven is not None
        assert "proposal" not in test.session_state
