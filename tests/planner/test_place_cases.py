"""Plans of single cases: each a small picture of something that is easily got wrong."""

from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geodata.messages import InputError
from optimization import Outcome, explain
from planner.study import place_study
from planner.study_folder import read_study, write_study
from planner.verify import verify
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B, C, OTHER = code(1), code(2), code(3), code(1, "14")


def sites(*rows):
    """A user's sites: adcode, lon, lat and whatever else is said of each."""
    usual = {"name": "site", "kind": "", "max_units": np.nan}
    blank = dict.fromkeys(["opening_cost", "area_m2", "stock_cap_t", "pickups_per_year"], np.nan)
    frame = pd.DataFrame([{"site_id": f"s{n}", **usual, **blank, **row} for n, row in enumerate(rows)])
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)


def planned(tables, *rules, **assumed):
    return place_study(tables, worlds.rules(*rules), worlds.scenario(**assumed))


def verified(study, folder):
    from planner.language import translator

    write_study(study, folder, translator("en"))
    return verify(folder)


def test_an_area_without_a_site_is_infeasible_and_the_other_is_planned():
    tables = replace(worlds.tables([A, B], [("M", A, 5), ("M", B, 5)]), sites=sites(at(A, 100.5, 30.5)))
    study = planned(tables, rule("presence"))
    assert (study.placement.outcome, study.exit_code) == (Outcome.INFEASIBLE, 3)
    assert study.new_outlets["adcode"].tolist() == [A]
    assert study.placement.conflicts[["adcode", "rule_id", "cause"]].values.tolist() == [
        [B, "presence", "rows"]
    ]


def test_a_limit_on_outlets_may_buy_dearer_ones(tmp_path):
    """One storage outlet relieves what several collection outlets would be cheaper for."""
    tables = worlds.tables([A], [("M", A, 3000, "maker", 2013), ("M", A, 1000)])
    asked = rule("capacity", outlet_kind="collection", relieved_by=["storage"])
    study = planned(tables, asked, max_new=1)
    assert study.new_outlets["kind"].tolist() == ["storage"]
    assert study.findings["status"].tolist() == ["met"]
    assert verified(study, tmp_path / "study") is None


def test_a_budget_may_buy_more_and_cheaper_outlets(tmp_path):
    points = worlds.demand([(A, 100.1, 30.5, 1.0), (A, 100.5, 30.5, 1.0), (A, 100.9, 30.5, 1.0)])
    tables = replace(
        worlds.tables([A], [("M", A, 5)], points=points),
        sites=sites(
            at(A, 100.5, 30.5, opening_cost=5.0),
            at(A, 100.1, 30.5, opening_cost=2.0),
            at(A, 100.9, 30.5, opening_cost=2.0),
        ),
    )
    study = planned(tables, rule("reach_share", share=1.0, distance_km=39), budget=4.5)
    assert study.new_outlets["site_id"].tolist() == ["s1", "s2"]
    assert study.placement.objective == pytest.approx(1 - 2 / 3) or study.findings["status"].tolist() == [
        "met"
    ]
    assert verified(study, tmp_path / "study") is None


def test_a_limit_with_proportion_opens_what_it_can(tmp_path):
    tables = worlds.tables([A, B], [("M", A, 500), ("M", B, 500)], [at(A, 100.5, 30.5)] * 6)
    asked = rule("presence"), rule("proportion", tolerance=1.2), rule("ratio", quantity="sales", per=100)
    study = planned(tables, *asked, max_new=2)
    assert study.new_outlets["adcode"].tolist() == [B, B]
    short = study.findings[study.findings["status"] == "short"]
    assert set(short["rule_id"]) == {"proportion", "ratio"}
    assert verified(study, tmp_path / "study") is None


def test_a_province_rule_counts_what_other_rules_open_in_its_areas():
    tables = worlds.tables([A, B], [("M", A, 5)])
    study = planned(
        tables,
        rule("presence", "everywhere", quantity="none"),
        rule("presence", "three", level="province", min_outlets=3),
    )
    assert len(study.new_outlets) == 3


def test_a_site_in_an_area_without_sales_may_meet_a_province_rule():
    tables = replace(worlds.tables([A, B], [("M", A, 5)]), sites=sites(at(B, 101.5, 30.5)))
    study = planned(tables, rule("presence", level="province"))
    assert study.new_outlets["adcode"].tolist() == [B]
    assert study.findings["status"].tolist() == ["met"]


def test_proportion_over_provinces_is_one_problem():
    tables = worlds.tables([A, OTHER], [("M", A, 5), ("M", OTHER, 5)], [at(A, 100.5, 30.5)] * 6)
    study = planned(tables, rule("proportion", level="province", tolerance=1.2))
    assert set(study.new_outlets["adcode"]) == {OTHER}
    assert study.findings["status"].eq("met").all()


def test_proportion_has_room_enough_at_a_single_point():
    tables = worlds.tables([A, B], [("M", A, 900), ("M", B, 100)], [at(B, 101.5, 30.5)] * 20)
    study = planned(tables, rule("presence"), rule("proportion", tolerance=1.1))
    assert study.placement.outcome is Outcome.OPTIMAL
    proportion = study.findings[study.findings["rule_id"] == "proportion"].set_index("adcode")
    assert proportion["status"].to_dict() == {A: "met", B: "short"}
    assert study.placement.conflicts["cause"].tolist() == ["too_many"]


def test_levels_with_one_area_each_keep_their_numbers():
    tables = worlds.tables([A, B], [("M", A, 1000), ("M", B, 10)])
    swapped = tables.areas.assign(province_adcode=["990000", "110000"], province=["z", "a"])
    study = planned(
        replace(tables, areas=swapped), rule("ratio", quantity="sales", per=100, level="province")
    )
    assert study.findings.set_index("adcode")["required"].to_dict() == {"110000": 1, "990000": 10}


@pytest.mark.parametrize(
    "asked",
    [
        rule("reach_share", share=0.9, distance_km=50, of="population", level="province"),
        rule("proportion", quantity="population", tolerance=1.2),
    ],
)
def test_a_missing_population_is_unknown_and_never_short(asked):
    stand = [at(A, 100.5, 30.5), at(B, 101.5, 30.5)] * 2
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 5)], stand, population=[100, float("nan")])
    study = planned(tables, asked)
    assert set(study.findings["status"]) == {"unknown"}
    assert study.exit_code == 1


def test_columns_that_a_rule_looks_at_come_along(tmp_path):
    tall = at(A, 100.5, 30.5, height_m=4.0)
    tables = replace(worlds.tables([A], [("M", A, 5)]), sites=sites({**tall}, {**tall, "height_m": 2.0}))
    study = planned(tables, rule("presence"), rule("attribute", column="height_m", at_least=3))
    assert study.findings["status"].tolist() == ["met", "met"]
    assert study.new_outlets["site_id"].tolist() == ["s0"]
    assert verified(study, tmp_path / "study") is None
    assert read_study(tmp_path / "study").findings["status"].tolist() == ["met", "met"]


def test_new_outlets_spread_where_others_stand_already():
    points = worlds.demand([(A, 100.1 + 0.2 * n, 30.5, 1.0) for n in range(5)])
    tables = worlds.tables([A], [("M", A, 2500)], [at(A, lon, 30.5) for lon in points["lon"]], points)
    study = planned(tables, rule("ratio", quantity="sales", per=100))
    assert study.new_outlets["site_id"].value_counts().to_dict() == {f"p{n}": 4 for n in range(5)}


def test_a_named_attribute_binds_only_where_it_is_enforced():
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 5)])
    tables = replace(
        tables,
        sites=sites(
            at(A, 100.5, 30.5), at(A, 100.6, 30.5, area_m2=30.0, opening_cost=3.0), at(B, 101.5, 30.5)
        ),
    )
    study = planned(
        tables,
        rule("presence"),
        rule("attribute", "big", column="area_m2", at_least=20),
        rule("area_share", rule="presence", share=0.5),
    )
    assert study.findings.loc[study.findings["rule_id"] == "area_share", "status"].tolist() == ["met"]


def test_a_share_of_areas_out_of_reach_is_infeasible():
    tables = replace(worlds.tables([A], [("M", A, 5)]), sites=sites(at(A, 100.5, 30.5)))
    two = rule("presence", "two", min_outlets=2)
    study = planned(tables, two, rule("area_share", rule="two", share=0.5))
    assert (study.placement.outcome, study.exit_code) == (Outcome.INFEASIBLE, 3)
    assert set(study.placement.conflicts["cause"]) == {"areas"}


def test_what_no_plan_can_meet_is_no_matter_of_the_limit():
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 5)])
    tables = replace(tables, sites=sites(at(A, 100.5, 30.5), at(B, 101.5, 30.5, max_units=3.0)))
    asked = rule("presence", min_outlets=2)
    assert planned(tables, asked).exit_code == 3
    assert planned(tables, asked, max_new=2).exit_code == 3
    assert planned(worlds.tables([A], [("M", A, 5)]), asked, max_new=1).exit_code == 1


def test_a_blank_capacity_verifies_under_a_limit(tmp_path):
    sold = [("M", A, 3000, "maker", 2013), ("M", A, 10)]
    tables = worlds.tables([A], sold, [at(A, 100.5, 30.5, stock_cap_t=float("nan"))])
    study = planned(tables, rule("capacity"), rule("presence", min_outlets=4), max_new=1)
    assert verified(study, tmp_path / "study") is None


def test_a_site_between_two_selling_areas_serves_both():
    points = worlds.demand([(A, 100.9, 30.5, 1.0), (B, 101.5, 30.5, 1.0), (C, 102.1, 30.5, 1.0)])
    tables = worlds.tables([A, B, C], [("M", A, 5), ("M", C, 5)], points=points)
    study = planned(tables, rule("reach_share", share=1.0, distance_km=60, across_borders=True))
    assert study.new_outlets["adcode"].tolist() == [B]


def test_joining_is_refused_aloud_where_capacity_counts():
    stand = [at(A, 100.5, 30.5, enterprises="N")]
    tables = worlds.tables([A], [("M", A, 5)], stand)
    study = planned(tables, rule("presence"), rule("capacity"), allow_joining=True)
    assert study.new_outlets["action"].tolist() == ["open"]
    assert any("joining" in str(note.message) for note in study.notes)


def test_a_point_without_a_site_is_named_by_its_id():
    points = worlds.demand([(A, 100.1, 30.5, 1.0), (A, 100.9, 30.5, 1.0)])
    tables = replace(worlds.tables([A], [("M", A, 5)], points=points), sites=sites(at(A, 100.1, 30.5)))
    study = planned(tables, rule("reach_share", share=1.0, distance_km=20))
    said = [str(values) for values in study.placement.conflicts["values"]]
    assert any("p1" in text for text in said)
    duties = study.placement.conflicts[["enterprise", "adcode", "rule_id"]]
    assert not duties.duplicated().any()
    assert ("M", A, "reach_share") in duties.itertuples(index=False, name=None)


def test_one_enterprise_in_both_roles_is_planned_as_one():
    tables = worlds.tables([A, B], [("M", A, 5), ("M", A, 5, "battery_maker"), ("M", B, 5, "battery_maker")])
    study = planned(
        tables, rule("presence"), rule("presence", "province", role="battery_maker", level="province")
    )
    assert study.new_outlets["adcode"].tolist() == [A]
    assert study.findings["status"].eq("met").all()


def test_rules_that_cannot_be_planned_together_are_refused():
    tables = worlds.tables([A], [("M", A, 5)])
    with pytest.raises(InputError, match="planned together"):
        planned(
            tables,
            rule("reach_share", "one", share=0.9, distance_km=50, across_borders=True),
            rule("reach_share", "two", share=0.9, distance_km=50, level="province"),
        )


def test_nothing_to_do_is_a_plan():
    for tables in (
        worlds.tables([A], [("M", A, 0)]),
        worlds.tables([A], [("M", A, 5)], [at(A, 100.5, 30.5)]),
    ):
        study = planned(tables, rule("presence"))
        assert (study.exit_code, study.placement.outcome, len(study.new_outlets)) == (0, Outcome.OPTIMAL, 0)


@pytest.mark.parametrize("lost", [False, True])
def test_explanations_may_come_from_elsewhere(lost):
    tables = replace(
        worlds.tables([A, B, C], [("M", A, 5), ("M", B, 5), ("M", C, 5)]), sites=sites(at(A, 100.5, 30.5))
    )
    inputs = tables, worlds.rules(rule("presence")), worlds.scenario()
    asked = []

    class Elsewhere(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            asked.append(fn)
            if lost and fn is explain:
                raise BrokenExecutor
            return super().submit(fn, *args, **kwargs)

    with Elsewhere(2) as executor:
        study = place_study(*inputs, executor=executor)
    assert asked.count(explain) == 2
    assert study.placement.conflicts.equals(place_study(*inputs).placement.conflicts)
