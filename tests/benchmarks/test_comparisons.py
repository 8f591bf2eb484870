"""The measurements: same instances, same answers, and tables that hold them."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import cases, comparisons, tables
from benchmarks.instances import problem_of
from benchmarks.measure import Request, Result, by_peer, measure
from benchmarks.runner import Median, Runner

SMALL = {
    "mclp": {"points": 80, "sites": 15, "most": 4},
    "lscp": {"points": 80, "sites": 15},
    "capacitated_equal": {"points": 60, "sites": 12},
    "capacitated_random": {"points": 60, "sites": 12},
    "p_median": {"points": 40, "sites": 10, "most": 3},
    "prefecture": {"points": 60, "sites": 30},
}


@pytest.mark.parametrize("kind", SMALL)
def test_ours_and_the_compact_models_agree(kind: str) -> None:
    arguments = {**SMALL[kind], "seed": 3}
    ours = measure(Request(kind, arguments, "ours", gap=0.0))
    assert ours.proven
    case = getattr(cases, kind)(**arguments)
    for how in ("highspy", "pulp-highs"):
        theirs = by_peer(case, Request(kind, arguments, how, gap=0.0))
        assert theirs.proven
        assert theirs.objective == pytest.approx(ours.objective, rel=1e-6)


def test_a_seed_names_an_instance_for_good() -> None:
    first, second = cases.mclp(5, 50, 10, 2), cases.mclp(5, 50, 10, 2)
    assert np.array_equal(first.points, second.points)
    assert first.points[0].tolist() != cases.mclp(6, 50, 10, 2).points[0].tolist()


def test_pairs_within_are_all_pairs_at_most_that_far() -> None:
    case = cases.mclp(1, 70, 30, 3)
    near = case.matrix() <= case.radius
    assert np.array_equal(case.pairs().toarray() > 0, near)


def test_an_lscp_leaves_out_what_no_site_covers() -> None:
    reach = problem_of(cases.lscp(1, 200, 20)).reach
    assert (np.diff(reach.indptr) > 0).all()


def test_the_table_has_a_row_for_every_peer() -> None:
    one = comparisons.compare("mclp", comparisons.size(1_000, 100, 10), (1, 2), ("highspy", "pulp-cbc"))
    ours = Median(
        "ours", (Result(1.0, 5.0, 5.0, 0.0, True, 100.0), Result(3.0, 7.0, 7.0, 0.0, True, 100.0)), 60
    )
    proven = (Result(2.0, 5, None, None, True, 50.0), Result(9.0, 7, None, None, True, 50.0))
    peer = Median("highspy", proven, 60)
    none = Median("pulp-cbc", (Result(60.0), Result(60.0)), 60)
    rows = tables.compared([(one, [ours, peer, none])]).splitlines()[2:]
    assert rows[0].startswith(
        "| MCLP 1,000 × 100, p = 10 (2 seeds) | 2 | 6 | 6 | 0.000 % | 100 | compact, highspy |"
    )
    assert rows[0].endswith("| 5.50 | 6 | 50 | 3 |")
    assert "| none in 60 |" in rows[1]
    assert rows[1].endswith("≥ 60 |")


def test_every_comparison_can_be_asked_for() -> None:
    chosen = [*comparisons.quick(), *comparisons.full(), *comparisons.clusters(4)]
    assert len({one.name for one in chosen}) == len(chosen)
    for one in chosen:
        assert hasattr(cases, one.kind) or one.kind == "prefectures"
    assert all(how in tables.LABELS for one in chosen for how in one.peers)


@pytest.mark.slow
def test_a_measurement_in_a_fresh_process() -> None:
    one = comparisons.compare("lscp", comparisons.size(100, 20), (1,), ("pulp-cbc",))
    ours, cbc = Runner("").compare(one)
    assert ours.of("objective") == cbc.of("objective")
    assert (ours.of("megabytes") or 0) > 20


def test_the_page_has_a_place_for_the_measurements() -> None:
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    assert page.count("<!-- measured: begin -->") == page.count("<!-- measured: end -->") == 1
