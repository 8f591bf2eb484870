"""What an area's page says of it: figures, requirements, reach, and the years to come."""

import numpy as np
import pytest

from planner.areaview import (
    YEARS_AHEAD,
    answer,
    area_view,
    enterprises_owing,
    figures,
    requirements,
    search_labels,
)
from planner.language import translator
from planner.report_digest import Digest, digest_of
from planner.study import check_study
from tests.planner import worlds

CODES = [worlds.code(1), worlds.code(2)]
RULES = worlds.rules(
    worlds.rule("presence"),
    worlds.rule("ratio", quantity="sales", per=40, assumption=True),
    worlds.rule("reach_share", share=0.8, distance_km=40),
    worlds.rule("presence", "province", role="battery_maker", level="province"),
)
EN, ZH = translator("en"), translator("zh")


@pytest.fixture(scope="module")
def digest() -> Digest:
    points = worlds.demand(
        [(CODES[0], 100.1, 30.5, 3.0), (CODES[0], 100.9, 30.5, 1.0), (CODES[1], 101.5, 30.5, 1.0)]
    )
    sold = [("M", CODES[0], 100), ("M", CODES[0], 50, "maker", 2021), ("N", CODES[0], 20),
            ("M", CODES[1], 30), ("B", "130000", 60, "battery_maker")]  # fmt: skip
    standing = [worlds.at(CODES[0], 100.1, 30.5), worlds.at(CODES[1], 101.5, 30.5, kind="storage")]
    tables = worlds.tables(CODES, sold, standing, points)
    return digest_of(check_study(tables, RULES, worlds.scenario()), EN)


def test_all_enterprises_and_one_of_them(digest: Digest) -> None:
    whole = area_view(digest, CODES[0])
    assert answer(whole, EN) == f"{CODES[0]}: 6 of 7 duties short; 3 outlets missing."
    own = area_view(digest, CODES[0], enterprise="M")
    assert set(own.duties["enterprise"]) == {"M"}
    assert own.reached_share == pytest.approx(0.75)
    assert whole.reached_share == pytest.approx(75 / 120)
    assert own.unreached is not None
    assert list(own.unreached["lon"]) == [100.9]
    assert list(own.outlets["outlet_id"]) == ["o0"]
    assert area_view(digest, CODES[1], enterprise="N").duties.empty
    assert "no duty" in answer(area_view(digest, CODES[1], enterprise="N"), EN)


def test_figures_have_units_and_a_comparison(digest: Digest) -> None:
    shown = figures(area_view(digest, CODES[0], enterprise="M"), digest.study, EN)
    assert [one.value for one in shown][:1] == ["100"]
    assert shown[0].note == "2022; +100.0 % on the year before"
    assert shown[3].note == "collection 1, storage 0"
    assert (shown[4].value, shown[4].label) == ("75.0 %", "of sales within 40 km")
    assert len(shown) <= 5


def test_every_requirement_has_its_source_and_whether_it_is_assumed(digest: Digest) -> None:
    view = area_view(digest, CODES[0], enterprise="M")
    table = requirements(view, RULES, EN).set_index("rule_id")
    assert table.at["ratio", "assumed"] == "assumed"
    assert table.at["presence", "assumed"] == ""
    assert set(table["source"]) == {"test"}
    assert (table.at["reach_share", "required"], table.at["reach_share", "have"]) == ("80.0 %", "75.0 %")
    assert (table.at["ratio", "required"], table.at["ratio", "short"]) == ("3", "2")
    assert table.at["presence", "status"] == "● met"
    assert list(requirements(view, RULES, ZH)) == list(requirements(view, RULES, EN))


def test_the_years_go_on(digest: Digest) -> None:
    still = area_view(digest, CODES[0], enterprise="M").years
    assert list(still["year"]) == list(range(2021, 2022 + YEARS_AHEAD + 1))
    assert still.set_index("year").at[2023, "sales"] == 0
    growing = area_view(digest, CODES[0], enterprise="M", growth=0.1).years.set_index("year")
    assert growing.at[2023, "sales"] == pytest.approx(110)
    assert (growing["stock"] >= still.set_index("year")["stock"] - 1e-9).all()


def test_a_battery_maker_is_seen_in_its_province(digest: Digest) -> None:
    view = area_view(digest, CODES[0], enterprise="B")
    assert list(view.duties["level"]) == ["province"]
    assert view.years.set_index("year").at[2022, "sales"] == pytest.approx(60 * 2 / 3)
    assert view.within is None
    assert view.unreached is None
    assert np.isnan(view.points["reached"]).all()


def test_the_one_that_lacks_most_stands_first(digest: Digest) -> None:
    assert enterprises_owing(digest.study, CODES[0]) == ["M", "N", "B"]
    assert enterprises_owing(digest.study, CODES[1]) == ["B", "M"]


def test_an_area_is_found_by_all_its_names(digest: Digest) -> None:
    labels = search_labels(digest.study.tables, EN)
    assert set(labels) == set(CODES)
    assert labels[CODES[0]].endswith(CODES[0])


def test_the_circle_of_what_is_reached_holds_what_counts_as_reached(digest: Digest) -> None:
    """Where ways are longer than straight lines, a limit in km makes a smaller circle on the ground."""
    study = digest.study
    for factor, radius in ((None, 40.0), (1.25, 32.0)):
        metric = {} if factor is None else {"metric": "detour", "detour": factor}
        found = check_study(study.tables, RULES, worlds.scenario(**metric))
        within = area_view(digest_of(found, EN), CODES[0]).within
        assert within is not None
        assert within.circle_km == pytest.approx(radius)
        assert within.words(EN) == "40 km"
