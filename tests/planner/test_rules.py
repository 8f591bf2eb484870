"""Each rule kind on a picture whose answer can be seen."""

import pytest

from geodata.messages import InputError
from planner.check import check
from planner.rules.ruleset import load_rule_set, presets, rule_set_toml
from tests.planner import worlds
from tests.planner.worlds import KM, at, code, rule

A, B, C = code(1), code(2), code(3)
OTHER = code(1, "14")


def found(tables, *rules, **assumed):
    """Findings by (rule, enterprise, adcode): (required, actual, status)."""
    findings = check(tables, worlds.rules(*rules), worlds.scenario(**assumed))
    keys = findings[["rule_id", "enterprise", "adcode"]].itertuples(index=False, name=None)
    values = findings[["required", "actual", "status"]].itertuples(index=False, name=None)
    return dict(zip(keys, values, strict=True))


def test_presence_asks_where_something_is_sold():
    tables = worlds.tables([A, B, C], [("M", A, 5), ("M", B, 5), ("M", C, 0)], [at(A, 100.5, 30.5)])
    assert found(tables, rule("presence")) == {
        ("presence", "M", A): (1, 1, "met"),
        ("presence", "M", B): (1, 0, "short"),
    }


def test_presence_without_a_quantity_asks_everywhere():
    tables = worlds.tables([A, B], [("M", A, 5)], [at(A, 100.5, 30.5)])
    got = found(tables, rule("presence", quantity="none", min_outlets=2))
    assert {key[2]: value for key, value in got.items()} == {A: (2, 1, "short"), B: (2, 0, "short")}


def test_presence_over_a_province_counts_all_its_areas():
    tables = worlds.tables(
        [A, B, OTHER],
        [("M", A, 5, "battery_maker"), ("M", OTHER, 5, "battery_maker")],
        [at(B, 101.5, 30.5)],
    )
    got = found(tables, rule("presence", role="battery_maker", level="province"))
    assert got == {
        ("presence", "M", "130000"): (1, 1, "met"),
        ("presence", "M", "140000"): (1, 0, "short"),
    }


@pytest.mark.parametrize(("units", "needed"), [(1, 1), (100, 1), (101, 2), (200, 2), (201, 3)])
def test_ratio_rounds_up(units, needed):
    tables = worlds.tables([A], [("M", A, units)])
    assert found(tables, rule("ratio", quantity="sales", per=100))["ratio", "M", A][0] == needed


def test_threshold_asks_from_its_value_on():
    def storage(units):
        tables = worlds.tables([A], [("M", A, units)])
        return found(tables, rule("threshold", quantity="sales", at_least=8000, outlet_kind="storage"))

    assert storage(7999) == {}
    assert storage(8000)["threshold", "M", A] == (1, 0, "short")


def test_an_outlet_counts_for_those_it_lists_and_its_kind_is_taken_literally():
    tables = worlds.tables(
        [A], [("M", A, 5), ("N", A, 5), ("O", A, 5)], [at(A, 100.5, 30.5, enterprises="M;N", kind="storage")]
    )
    asked = rule("presence", "any"), rule("presence", "collecting", outlet_kind="collection")
    got = found(tables, *asked)
    assert [got["any", name, A][2] for name in "MNO"] == ["met", "met", "short"]
    assert [got["collecting", name, A][2] for name in "MNO"] == ["short"] * 3


def test_reach_share_weighs_points_and_stops_at_the_border():
    points = worlds.demand([(A, 100.99, 30.5, 3.0), (A, 100.01, 30.5, 1.0), (B, 101.01, 30.5, 1.0)])
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 5)], [at(A, 100.99, 30.5)], points)
    inside = found(tables, rule("reach_share", share=0.75, distance_km=50))
    assert inside["reach_share", "M", A] == (0.75, pytest.approx(0.75), "met")
    assert inside["reach_share", "M", B] == (0.75, 0.0, "short")
    across = found(tables, rule("reach_share", share=0.75, distance_km=50, across_borders=True))
    assert across["reach_share", "M", B] == (0.75, 1.0, "met")


def test_reach_is_inclusive_and_the_detour_stretches_it():
    points = worlds.demand([(A, 100.5, 30.5, 1.0)])
    standing = [at(A, 100.5, 30.5 + 40 * KM)]
    tables = worlds.tables([A], [("M", A, 5)], standing, points)
    near = rule("reach_share", share=1.0, distance_km=40.01)
    assert found(tables, near)["reach_share", "M", A][2] == "met"
    assert found(tables, near, metric="detour")["reach_share", "M", A][2] == "short"


def test_an_outlet_that_is_not_located_counts_but_its_reach_is_unknown():
    tables = worlds.tables([A], [("M", A, 5)], [{"adcode": A}])
    got = found(tables, rule("presence"), rule("reach_share", share=0.8, distance_km=50))
    assert got["presence", "M", A][2] == "met"
    assert got["reach_share", "M", A][2] == "unknown"


def test_population_counts_only_where_it_is_known():
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 5)], population=[60_001, float("nan")])
    got = found(tables, rule("ratio", quantity="population", per=30_000))
    assert got["ratio", "M", A] == (3, 0, "short")
    assert got["ratio", "M", B][2] == "unknown"


def test_capacity_is_shared_by_retired_tonnes():
    sold = [("M", A, 3000, "maker", 2014), ("N", A, 1000, "maker", 2014), ("M", A, 1), ("N", A, 1)]
    stand = [at(A, 100.5, 30.5, enterprises="M;N", stock_cap_t=100.0, pickups_per_year=4.0)]
    got = found(worlds.tables([A], sold, stand), rule("capacity"))
    ours, theirs = got["capacity", "M", A], got["capacity", "N", A]
    assert ours[1] + theirs[1] == pytest.approx(400)
    assert ours[1] / theirs[1] == pytest.approx(3, rel=1e-3)


def test_a_fair_division_is_tried_before_anybody_is_short():
    """M could use the shared outlet alone: N has its own, so no division by tonnes leaves M short."""
    sold = [("M", A, 3000, "maker", 2014), ("N", A, 3000, "maker", 2014), ("M", A, 1), ("N", A, 1)]
    need = found(worlds.tables([A], sold), rule("capacity"))["capacity", "M", A][0]
    own = at(A, 100.5, 30.5, enterprises="N", stock_cap_t=need + 1, pickups_per_year=1.0)
    shared = at(A, 100.5, 30.5, enterprises="M;N", stock_cap_t=need + 1, pickups_per_year=1.0)
    got = found(worlds.tables([A], sold, [own, shared]), rule("capacity"))
    assert [got["capacity", name, A][2] for name in "MN"] == ["met", "met"]
    short = found(worlds.tables([A], sold, [shared]), rule("capacity"))
    assert [short["capacity", name, A][2] for name in "MN"] == ["short", "short"]


def test_a_blank_capacity_is_never_met_and_storage_relieves():
    sold = [("M", A, 3000, "maker", 2014), ("M", A, 1)]
    asked = rule("capacity", outlet_kind="collection", relieved_by=["storage"])
    blank = worlds.tables([A], sold, [at(A, 100.5, 30.5, stock_cap_t=float("nan"))])
    assert found(blank, asked)["capacity", "M", A][2] == "unknown"
    relieved = worlds.tables([A], sold, [at(A, 100.5, 30.5, kind="storage")])
    assert found(relieved, asked)["capacity", "M", A][2] == "met"


def test_proportion_bounds_both_sides_within_one_outlet():
    sold = [("M", A, 900), ("M", B, 100)]
    stand = [at(B, 101.5, 30.5) for _ in range(10)]
    got = found(worlds.tables([A, B], sold, stand), rule("proportion", tolerance=1.5))
    assert got["proportion", "M", A] == (5, 0, "short")  # 10 · 0.9 / 1.5 - 1
    assert got["proportion", "M", B] == (2, 10, "short")  # 10 · 0.1 · 1.5 + 1 at most


def test_attribute_looks_at_every_outlet_of_the_kind():
    stand = [at(A, 100.5, 30.5, area_m2=value) for value in (9.0, 10.0, float("nan"))]
    asked = rule("attribute", column="area_m2", at_least=10, outlet_kind="collection")
    for chosen, status in (([1], "met"), ([0, 1], "short"), ([1, 2], "unknown"), ([0, 2], "short")):
        tables = worlds.tables([A], [("M", A, 5)], [stand[which] for which in chosen])
        assert found(tables, asked)["attribute", "M", A][2] == status


def test_area_share_counts_areas_and_its_rule_is_no_duty():
    codes = [code(n) for n in range(1, 5)]
    tables = worlds.tables(codes, [("M", item, 5) for item in codes], [at(codes[0], 100.5, 30.5)])
    asked = rule("presence"), rule("area_share", rule="presence", share=0.5)
    findings = check(tables, worlds.rules(*asked), worlds.scenario())
    duties = findings[findings["duty"]]
    assert duties[["rule_id", "level", "required", "actual", "status"]].values.tolist() == [
        ["area_share", "nation", 2.0, 1.0, "short"]
    ]


def test_history_that_begins_too_late_leaves_met_unknown_and_short_short():
    tables = worlds.tables([A, B], [("M", A, 5), ("M", B, 20_000)], [at(A, 100.5, 30.5)])
    asked = rule("threshold", quantity="stock", at_least=8000)
    got = found(tables, asked, history_complete=False)
    assert got["threshold", "M", A][2] == "unknown"
    assert got["threshold", "M", B][2] == "short"


def test_outlets_count_only_open_and_in_time():
    import pandas as pd

    tables = worlds.tables([A], [("M", A, 5)], [at(A, 100.5, 30.5, status="planned"), at(A, 100.5, 30.5)])
    late = tables.outlets.assign(opened=pd.to_datetime(["2020-01-01", "2023-01-01"]))
    tables = type(tables)(tables.areas, tables.sales, late, None, tables.demand)
    assert found(tables, rule("presence"))["presence", "M", A][1] == 0


def test_every_preset_is_read_and_written_back():
    import tempfile
    from pathlib import Path

    assert len(presets()) == 6
    for name in presets():
        rule_set = load_rule_set(name)
        path = Path(tempfile.mkdtemp()) / "rules.toml"
        path.write_text(rule_set_toml(rule_set), encoding="utf-8")
        assert load_rule_set(path) == rule_set


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (rule("presence", colour=3), "colour"),
        (rule("presence", min_outlets=0), "min_outlets"),
        (rule("ratio", quantity="sales"), "per"),
        (rule("reach_share", share=1.2, distance_km=50), "share"),
        (rule("reach_share", share=0.8), "distance_km or minutes"),
        (rule("proportion", tolerance=1.0), "tolerance"),
        (rule("nonsense"), "nonsense"),
        (rule("attribute", column="area_m2"), "at_least"),
        (rule("area_share", rule="missing", share=0.5), "not in the set"),
    ],
)
def test_a_rule_that_does_not_fit_is_named(values, words):
    with pytest.raises(InputError) as caught:
        worlds.rules(values)
    assert words in str(caught.value)


def test_one_parameter_can_be_changed():
    rule_set = load_rule_set("cn-2026-73", ["maker-ratio.per=2000"])
    assert rule_set.by_id["maker-ratio"].model_dump()["parameters"]["per"] == 2000
    for wrong in ("maker-ratio.per", "nothing.per=3", "maker-ratio.colour=3", "=", "maker-ratio.per=many"):
        with pytest.raises(InputError):
            load_rule_set("cn-2026-73", [wrong])
    with pytest.raises(InputError):
        load_rule_set("no-such-preset")


def test_a_rule_in_minutes_asks_for_roads():
    tables = worlds.tables([A], [("M", A, 5)])
    with pytest.raises(InputError, match="minutes"):
        found(tables, rule("reach_share", share=0.8, minutes=30))
