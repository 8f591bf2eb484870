"""Whose sales are too far off: by a straight line here; by road in test_roads.py."""

import pytest

from planner.network import network_of
from planner.service import located_outlets, routes_of, service_areas_of, service_limit, unreached_of
from planner.study import check_study, place_study
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

A, B = code(1), code(2)


def world(*, across: bool = False):
    points = worlds.demand([(A, 100.1, 30.5, 3.0), (A, 100.9, 30.5, 1.0), (B, 101.1, 30.5, 1.0)])
    sold = [("M", A, 100), ("N", A, 40), ("M", B, 10)]
    standing = [at(A, 100.1, 30.5), at(B, 101.1, 30.5, enterprises="N"), {"adcode": A, "enterprises": "M;N"}]
    tables = worlds.tables([A, B], sold, standing, points)
    near = rule("reach_share", share=0.8, distance_km=30, across_borders=across)
    return tables, worlds.rules(near), worlds.scenario()


def test_sales_out_of_reach_are_told_by_point_and_enterprise() -> None:
    found = unreached_of(check_study(*world()))
    rows = found[["point_id", "enterprise", "units"]].to_numpy().tolist()
    assert rows == [["p0", "N", 30.0], ["p1", "M", 25.0], ["p1", "N", 10.0], ["p2", "M", 10.0]]
    assert found.geometry.x.tolist() == [100.1, 100.9, 100.9, 101.1]
    across = unreached_of(check_study(*world(across=True)))
    assert across[["point_id", "enterprise"]].to_numpy().tolist() == [["p0", "N"], ["p1", "M"], ["p2", "M"]]


def test_what_is_reached_and_what_is_not_are_all_sales() -> None:
    tables, rules, scenario = world()
    study = check_study(tables, rules, scenario)
    network = network_of(tables, scenario)
    total = float(network.quantity["sales"].sum())
    assert study.sales_within_reach == pytest.approx(1 - unreached_of(study)["units"].sum() / total)
    assert len(unreached_of(study, adcode=B)) == 1
    assert set(unreached_of(study, enterprise="N")["enterprise"]) == {"N"}
    assert len(unreached_of(study, most=1)) == 1
    assert unreached_of(place_study(tables, rules, scenario))["units"].sum() < 0.2 * total


def test_without_roads_there_is_no_way_to_draw() -> None:
    study = check_study(*world())
    assert service_areas_of(study).empty
    assert routes_of(study).empty
    assert located_outlets(study)["stage"].tolist() == ["existing", "existing"]
    assert service_limit(study).limit == 30
    bare = check_study(world()[0], worlds.rules(rule("presence")), worlds.scenario())
    assert unreached_of(bare).empty
    assert service_limit(bare).limit == 50
