"""Why there is no plan, in sentences; and what another step costs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from optimization import Cover, LocationProblem, explain, frontier, marginal_prices, solve
from tests.optimization.test_pictures import line

ONE_ROW = sparse.csr_array(np.ones((1, 2)))


def test_a_problem_with_a_plan_has_no_conflicts() -> None:
    assert explain(line([0, 9], [0, 9], coverage_floor=1.0)) == []


def test_a_row_beyond_the_room_at_its_sites() -> None:
    (found,) = explain(line([0, 9], [0, 9], rows=ONE_ROW, row_lower=[5], row_names=["count in A"]))
    assert (found.kind, found.name, found.required, found.attainable, found.shortage) == (
        "row",
        "count in A",
        5,
        2,
        3,
    )
    assert found.sentence == (
        "count in A needs 5 units, but only 2 can be had together with the other limits. "
        "Make room for 3 more at its sites."
    )
    assert found.template.format(**found.values) == found.sentence


def test_points_without_a_pair_are_named() -> None:
    found = explain(line([0, 50], [0, 1], weight=[3, 1], coverage_floor=1.0))
    assert [(conflict.kind, conflict.name) for conflict in found] == [
        ("point", "1"),
        ("floor", "coverage_floor"),
    ]
    assert "only 75 % can be served" in found[1].sentence
    assert "demand points 1" in found[1].repair


def test_a_cover_out_of_reach() -> None:
    (_, found) = explain(line([0, 5], [0, 9], covers=(Cover("within 2", 2, 0.9),)))
    assert (found.kind, found.name, found.unit) == ("cover", "within 2", "share")
    assert found.attainable == pytest.approx(0.5)


def test_a_maximum_that_is_too_low_comes_first() -> None:
    found = explain(line([0, 9], [0, 9], radius=1, coverage_floor=1.0, max_open=1))
    assert (found[0].kind, found[0].required, found[0].attainable) == ("max_open", 2, 1)
    assert found[0].repair == "Raise max_open to 2."


def test_a_budget_that_is_too_low() -> None:
    found = explain(line([0, 9], [0, 9], radius=1, coverage_floor=1.0, opening_cost=[2, 3], budget=4))
    assert (found[0].kind, found[0].required) == ("budget", 5)


def test_hard_limits_against_each_other() -> None:
    rows = sparse.csr_array(np.array([[1.0, 1.0], [-1.0, 0.0]]))
    problem = line([0, 9], [0, 9], fixed_open=[1, 1], rows=rows, row_upper=[1, 0], row_names=["most", "fine"])
    (found,) = explain(problem)
    assert (found.kind, found.name) == ("limits", "most")


def test_each_group_by_its_name() -> None:
    problem = LocationProblem(
        np.ones(2), sparse.csr_array(np.array([[1.0], [0.0]])), demand_group=[0, 1], coverage_floor=[1.0, 1.0]
    )
    assert [conflict.name for conflict in explain(problem)] == ["1", "coverage_floor[1]"]


def test_a_frontier_over_a_floor_a_maximum_and_a_cover() -> None:
    base = line([0, 3, 6, 9], [0, 3, 6, 9], radius=1, covers=(Cover("near", 1, 0.0),))
    floors = frontier(base, "coverage_floor", [0.25, 0.5, 1.0])
    assert floors["objective"].tolist() == [1, 2, 4]
    assert frontier(base, "max_open", [0, 1, 4])["objective"].tolist() == [0, 1, 4]
    assert frontier(base, "cover:near", [0.5])["objective"].tolist() == [2]
    assert list(floors.columns) == ["value", "objective", "bound", "gap", "outcome"]
    with pytest.raises(ValueError, match="choose from coverage_floor, max_open, budget, cover:near"):
        frontier(base, "cover:far", [0.5])


def test_a_frontier_says_where_there_is_no_plan() -> None:
    table = frontier(line([0, 50], [0]), "coverage_floor", [0.5, 1.0])
    assert table["outcome"].tolist() == ["optimal", "infeasible"]
    assert pd.isna(table["objective"][1])


def test_a_frontier_is_monotone_and_as_good_as_each_solve_alone() -> None:
    rng = np.random.default_rng(3)
    base = line(rng.uniform(0, 30, 40), rng.uniform(0, 30, 12), radius=3, opening_cost=rng.integers(1, 9, 12))
    table = frontier(base, "coverage_floor", [0.2, 0.9, 0.5, 0.7])
    assert table["value"].tolist() == [0.2, 0.9, 0.5, 0.7]
    rising = table.sort_values("value")
    assert rising["objective"].is_monotonic_increasing
    assert rising["bound"].is_monotonic_increasing
    assert (table["bound"] <= table["objective"]).all()
    for value, objective in zip(table["value"], table["objective"], strict=True):
        alone = solve(replace(base, coverage_floor=value)).objective
        assert objective == pytest.approx(alone, rel=1e-4)


def test_the_marginal_price_of_every_rule() -> None:
    base = line(
        [0, 3, 6, 9],
        [0, 3, 6, 9],
        radius=1,
        weight=[1, 1, 1, 97],
        opening_cost=[5, 1, 2, 3],
        coverage_floor=0.99,
        rows=sparse.csr_array(np.array([[1.0, 1.0, 0.0, 0.0]])),
        row_lower=[2],
        row_names=["west"],
    )
    prices = marginal_prices(base).set_index("name")
    # 0, 3 for the row, 9 for the weight: 9; without one of the row, 3, 9 and 6: 6
    assert prices.loc["west", ["limit", "loosened", "objective", "saving"]].tolist() == [2, 1, 6, 3]
    assert prices.loc["coverage_floor", "saving"] == 0
    assert (prices["saving_low"] <= prices["saving"] + 1e-9).all()
    assert (prices["saving"] <= prices["saving_high"] + 1e-9).all()
    assert marginal_prices(line([0, 50], [0], coverage_floor=1.0)).empty


def test_capacities_that_fit_in_all_but_not_for_a_single_source() -> None:
    base = line([0, 1, 2], [0, 2], weight=[2, 2, 2], capacity=[3, 3], single_source=True, coverage_floor=1.0)
    found = explain(base)[0]
    assert (found.kind, found.required, found.attainable) == ("capacity", 6, 5)
    assert found.repair.endswith(("0: 1.", "1: 1."))


def test_no_capacity_at_all_is_none() -> None:
    found = explain(line([0, 1], [0, 2], capacity=[0, 0], coverage_floor=0.9))[0]
    assert (found.kind, found.attainable) == ("capacity", 0)


def test_a_percent_of_no_budget_has_no_price() -> None:
    prices = marginal_prices(line([0, 1], [0, 2], budget=0, coverage_floor=0.0), "coverage")
    assert prices.empty
