"""Which areas share a problem."""

from geodata.schemas import OutletKind, Role
from planner.network import network_of
from planner.rules.ruleset import load_rule_set
from planner.scope import kinds_offered, scopes_of
from tests.planner import worlds
from tests.planner.worlds import code, rule

A, B, C, OTHER = code(1), code(2), code(3), code(1, "14")
SOLD = [("M", item, 5) for item in (A, B, OTHER)] + [
    ("P", item, 5, "battery_maker") for item in (A, C, OTHER)
]


def together(*rules):
    tables = worlds.tables([A, B, C, OTHER], SOLD)
    rule_set = worlds.rules(*rules)
    network = network_of(tables, worlds.scenario())
    asked = {item.id: item.to_plan(network) for item in rule_set.rules}
    return {
        (scope.enterprise, tuple(network.adcodes[scope.areas]))
        for scope in scopes_of(network, rule_set, asked)
    }


def test_areas_stand_alone_unless_a_rule_binds_them():
    alone = {("M", (item,)) for item in (A, B, OTHER)}
    assert {item for item in together(rule("presence")) if item[0] == "M"} == alone


def test_a_province_binds_its_areas():
    assert together(rule("presence", level="province", role="battery_maker")) >= {
        ("P", (A, C)),
        ("P", (OTHER,)),
        ("M", (A,)),
    }


def test_proportion_and_borders_bind_all_areas_of_an_enterprise():
    for asked in (
        rule("proportion", tolerance=2.0),
        rule("reach_share", share=0.9, distance_km=50, across_borders=True),
        rule("presence", level="nation"),
    ):
        assert ("M", (A, B, OTHER)) in together(asked)


def test_a_kind_that_no_rule_names_is_not_offered():
    rules = load_rule_set("cn-2026-73").rules
    assert kinds_offered(rules, [Role.MAKER]) == (OutletKind.COLLECTION,)
    assert kinds_offered(load_rule_set("cn-2019-46").rules, [Role.MAKER]) == tuple(OutletKind)
    draft = load_rule_set("cn-2023-draft").rules
    assert kinds_offered(draft, [Role.BATTERY_MAKER]) == (OutletKind.STORAGE,)
