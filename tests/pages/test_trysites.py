"""The page of tried sites without a browser: sites by number, undo, refusals, exclusions, proposals."""

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from optimization import Outcome
from planner.draft import Draft
from planner.pages.tryproposal import ticked
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


def waiting(then: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """A proposal that waits, and what happened after it was asked for."""

    def setup() -> None:
        import streamlit as st

        from planner.draft import Draft, new_site
        from planner.pages import session
        from planner.proposal import Asked, Proposal

        work, tables = session.work(), session.tables()
        sales = tables.sales
        maker = str(sales.loc[sales["role"] == "maker", "enterprise"].min())
        sites = tuple(
            new_site(
                Draft(), tables, work.scenario, lon=114.06 + 0.1 * n, lat=22.55, adcode=AREA,
                enterprises=maker,
            ).model_copy(update={"outlet_id": f"T{AREA}-000{n + 1}"})
            for n in range(2)
        )  # fmt: skip
        st.session_state["proposal"] = Proposal(
            Asked(maker, AREA), sites, Outcome.OPTIMAL, value=2.0, bound=2.0
        )
        st.session_state["proposal_of"] = (work.checked, work.asked)
        st.session_state["focus"] = maker
        then()

    return setup


def test_a_proposal_is_of_the_rules_it_was_asked_under() -> None:
    test = page("trysites", query={"adcode": AREA}, setup=waiting())
    assert any("Shenzhen" in caption.value for caption in test.caption)
    test.selectbox(key="rules").set_value("cn-2019-46").run()
    assert not test.exception
    assert "accept" not in {button.key for button in test.button}
    test.selectbox(key="rules").set_value("cn-2026-73").run()
    test.button(key="accept").click().run()
    assert draft(test).proven is not None
    assert test.session_state["work"].settled.proven is not None
    test.selectbox(key="rules").set_value("cn-2019-46").run()
    assert test.session_state["work"].settled.proven is None


def test_what_is_excluded_since_is_not_offered() -> None:
    def excluded_since() -> None:
        from planner.draft import Exclusion
        from planner.pages import session, trystate

        corners = ((114.05, 22.54), (114.07, 22.54), (114.06, 22.56))
        trystate.do(
            session.work().draft.model_copy(update={"exclusions": (Exclusion(name="x", corners=corners),)})
        )

    test = page("trysites", query={"adcode": AREA}, setup=waiting(excluded_since))
    assert not test.exception
    assert any("left out" in caption.value for caption in test.caption)
    test.button(key="accept").click().run()
    assert [site.lon for site in draft(test).sites] == [pytest.approx(114.16)]


def test_what_was_ticked_off_stays_off() -> None:
    edits = {"edited_rows": {"1": {"on": False}, "2": {"on": True}}}
    assert ticked(frozenset({"a", "c"}), edits, ["a", "b", "c"]) == {"a", "b"}


def test_a_corner_off_the_globe_sets_none() -> None:
    def typed() -> None:
        from planner.pages import trystate

        trystate.add_corner(114.0, 22.5)
        known = {"lon": 114.0, "lat": 22.5}
        assert not trystate.set_corners([known, {"lon": 200.0, "lat": 10.0}])
        assert trystate.set_corners([known, {"lon": 114.1, "lat": 22.5}])

    test = page("trysites", query={"adcode": AREA}, setup=typed)
    assert not test.exception
    assert test.session_state["corners"] == [(114.0, 22.5), (114.1, 22.5)]


def test_the_enterprise_chosen_is_still_chosen_after_another_page() -> None:
    def chosen_before() -> None:  # the widget's own state is gone by then
        import streamlit as st

        from planner.pages import places

        st.session_state["try_chosen"] = (AREA, places.owing(AREA)[-1])

    test = page("trysites", query={"adcode": AREA}, setup=chosen_before)
    names = test.selectbox(key="try_enterprise").options
    assert len(names) > 1
    assert test.selectbox(key="try_enterprise").value == names[-1]
    test.selectbox(key="try_enterprise").set_value(names[0]).run()
    assert test.session_state["try_chosen"] == (AREA, names[0])


def test_a_capacity_made_blank_is_the_usual_one() -> None:
    def blank() -> None:
        from planner.pages import session, trystate

        trystate.add(
            114.06, 22.55, str(session.tables().sales["enterprise"].min()), fields={"stock_cap_t": 3.0}
        )
        (site,) = session.work().draft.sites
        assert trystate.change(site.outlet_id, {"stock_cap_t": None, "name": None})

    test = page("trysites", query={"adcode": AREA}, setup=blank)
    assert not test.exception
    (site,) = draft(test).sites
    assert site.stock_cap_t is None
    assert site.name


def test_steps_can_be_undone_after_the_draft_was_saved_under_a_name() -> None:
    def saved() -> None:
        import streamlit as st

        from planner.pages import session, trystate

        trystate.add(114.06, 22.55, str(session.tables().sales["enterprise"].min()))
        st.query_params["scenario"] = "named"
        assert len(trystate.history().past) == 1
        trystate.undo()
        assert not session.work().draft.sites
        del st.query_params["scenario"]

    assert not page("trysites", query={"adcode": AREA}, setup=saved).exception
