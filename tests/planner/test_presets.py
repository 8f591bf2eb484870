"""Each preset on a small picture whose answer can be seen."""

import html
import re
import tomllib

import pytest

from planner.check import check
from planner.language import translator
from planner.report import report_page
from planner.rules.ruleset import load_rule_set, presets, rule_set_from, rule_set_toml
from planner.rules.wording import source_in, title_in
from planner.study import check_study, place_study
from tests.planner import worlds
from tests.planner.worlds import at, code

A, B, OTHER = code(1), code(2), code(1, "14")
LFP_T = 0.35


def found(tables, preset, **assumed):
    findings = check(tables, load_rule_set(preset), worlds.scenario(**assumed))
    keys = findings[["rule_id", "adcode"]].itertuples(index=False, name=None)
    return dict(zip(keys, findings["status"], strict=True))


def test_order_73_asks_makers_by_prefecture_and_battery_makers_by_province():
    """M sells 2,000 in A (two outlets by 1,280) and 10 in B; the battery maker sells in province 14."""
    points = worlds.demand(
        [(A, 100.1, 30.5, 4.0), (A, 100.9, 30.5, 1.0), (B, 101.5, 30.5, 1.0), (OTHER, 102.5, 30.5, 1)]
    )
    tables = worlds.tables(
        [A, B, OTHER],
        [("M", A, 2000), ("M", B, 10), ("P", "140000", 7, "battery_maker")],
        [at(A, 100.1, 30.5, kind="storage")],
        points,
    )
    assert found(tables, "cn-2026-73") == {
        ("maker-presence", A): "met",
        ("maker-presence", B): "short",
        ("battery-maker-presence", "140000"): "short",
        ("maker-ratio", A): "short",
        ("maker-ratio", B): "short",
        ("maker-reach", A): "met",  # 80 % live in the western town
        ("maker-reach", B): "short",
    }


def test_order_73_marks_what_the_law_does_not_say():
    findings = check(worlds.tables([A], [("M", A, 1)]), load_rule_set("cn-2026-73"), worlds.scenario())
    assumed = findings.set_index("rule_id")["assumed"].to_dict()
    assert assumed == {"maker-presence": False, "maker-ratio": True, "maker-reach": True}


def test_chinas_rules_bind_the_mainland():
    hongkong = "810000"
    tables = worlds.tables([A, hongkong], [("M", A, 1), ("M", hongkong, 1)])
    assert {key[1] for key in found(tables, "cn-2026-73")} == {A}


def test_the_draft_asks_for_kinds():
    """The same outlets: a storage outlet is none for makers, a collection outlet none for battery makers."""
    sold = [("M", A, 10), ("M", B, 10), ("P", A, 5, "battery_maker"), ("P", OTHER, 5, "battery_maker")]
    stand = [
        at(A, 100.5, 30.5, enterprises="M;P", kind="collection"),
        at(B, 101.5, 30.5, enterprises="M", kind="storage"),
        at(OTHER, 102.5, 30.5, enterprises="P", kind="storage"),
    ]
    got = found(worlds.tables([A, B, OTHER], sold, stand), "cn-2023-draft")
    assert got["maker-presence", A] == "met"
    assert got["maker-presence", B] == "short"
    assert got["battery-maker-presence", "130000"] == "short"
    assert got["battery-maker-presence", "140000"] == "met"


@pytest.mark.parametrize(("vehicles", "status"), [(7_990, None), (8_010, "short")])
def test_guide_46_asks_for_storage_from_8000_vehicles_in_use(vehicles, status):
    """Sold this year, so that as good as all of them are still in use."""
    sold = [("M", A, vehicles), ("M", A, 0, "maker", 2016)]
    got = found(worlds.tables([A], sold, [at(A, 100.5, 30.5)]), "cn-2019-46")
    assert got.get(("storage-threshold", A)) == status
    assert got["collection-presence", A] == "met"


def test_guide_46_takes_capacity_or_storage():
    """1,000 packs of 2013 retire: about 40 t this year. One outlet passes on 30 t: add one, or storage."""
    sold = [("M", A, 1000, "maker", 2013), ("M", A, 1)]

    def capacity(*stand):
        return found(worlds.tables([A], sold, stand), "cn-2019-46")["collection-capacity", A]

    small = at(A, 100.5, 30.5, stock_cap_t=5.0, pickups_per_year=6.0)
    storage = at(A, 100.5, 30.5, kind="storage", stock_cap_t=30.0, pickups_per_year=0.0)
    assert capacity(small) == "short"
    assert capacity(small, small) == "met"
    assert capacity(small, storage) == "met"


def test_guide_46_looks_at_floor_and_stock():
    stand = [
        at(A, 100.5, 30.5, area_m2=9.0, stock_cap_t=6.0),
        at(A, 100.5, 30.5, kind="storage", area_m2=1.0, stock_cap_t=29.0),
    ]
    got = found(worlds.tables([A], [("M", A, 10)], stand), "cn-2019-46")
    rules = ("collection-area", "collection-stock", "storage-stock")
    assert [got[name, A] for name in rules] == ["short"] * 3


def test_guide_46_plans_a_storage_outlet_where_the_threshold_is_reached():
    tables = worlds.tables([A], [("M", A, 8010), ("M", A, 0, "maker", 2016)])
    study = place_study(tables, load_rule_set("cn-2019-46"), worlds.scenario())
    assert study.new_outlets["kind"].tolist() == ["collection", "storage"]
    assert study.findings["status"].eq("met").all()


def test_germany_reaches_across_borders_and_for_everybody():
    """The only outlet stands just across the border: near B's western town only."""
    points = worlds.demand([(A, 100.9, 30.5, 1.0), (B, 101.1, 30.5, 9.0), (B, 101.9, 30.5, 1.0)])
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 5)], [at(A, 100.9, 30.5)], points)
    got = found(tables, "de-altfahrzeugv")
    assert got == {("take-back-reach", A): "met", ("take-back-reach", B): "short"}


def test_colorado_counts_residents():
    points = worlds.demand([(A, 100.1, 30.5, 1.0), (A, 100.9, 30.5, 1.0)]).assign(
        population_weight=[9.0, 1.0]
    )
    tables = worlds.tables([A], [("M", A, 5)], [at(A, 100.1, 30.5)], points, population=[30_001])
    assert found(tables, "us-co-paint") == {("resident-reach", A): "met", ("residents-per-site", A): "short"}


def test_vermont_asks_for_two_in_every_county():
    tables = worlds.tables([A, B], [("M", A, 5)], [at(A, 100.5, 30.5)] * 2)
    assert found(tables, "us-vt-batteries") == {
        ("county-presence", A): "met",
        ("county-presence", B): "short",
    }


@pytest.mark.parametrize("name", presets())
def test_every_source_is_there_in_chinese(name):
    rule_set = load_rule_set(name)
    for written in (rule_set, *rule_set.rules):
        assert re.search("[\u4e00-\u9fff]", source_in(written, "zh"))
        assert source_in(written, "en") == written.source
    assert rule_set_from(tomllib.loads(rule_set_toml(rule_set)), name) == rule_set


def test_a_set_without_chinese_shows_what_it_has():
    values = load_rule_set("us-vt-batteries").model_dump(exclude={"source_zh", "title_zh"})
    for rule in values["rules"]:
        del rule["source_zh"]
    own = rule_set_from(values, "own.toml")
    assert [source_in(one, "zh") for one in (own, *own.rules)] == [one.source for one in (own, *own.rules)]
    assert title_in(own, "zh") == own.title


@pytest.mark.parametrize("name", presets())
def test_a_chinese_report_shows_no_english_source(name):
    study = check_study(worlds.tables([A], [("M", A, 10)]), load_rule_set(name), worlds.scenario())
    page = report_page(study, translator("zh"))
    for written in (study.rules, *study.rules.rules):
        assert html.escape(written.source) not in page
    assert all(html.escape(rule.source_zh) in page for rule in study.rules.rules)
