"""Covers: what merging and domination leave out changes nothing, and every cut holds for every plan."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimization import Cover, LocationProblem, Outcome, SolverOptions
from optimization.clock import Clock
from optimization.coverage import CoverCuts, needless_sites, solve_coverage, wants_value
from optimization.coverage_closure import Closures, Region, neighbours
from optimization.coverage_kernels import kick_and_climb
from optimization.coverage_left import left_to_cover
from optimization.coverage_search import Swaps
from optimization.covering import alike
from optimization.domination import undominated_columns, undominated_rows
from optimization.live import Live
from optimization.model import build_master
from optimization.problem import Objective
from optimization.setcover_cuts import ThreeRows
from optimization.setcover_kernels import weighted_rows_search
from optimization.solve import first_stage
from optimization.stage import Stage
from tests.optimization.problems import csr, problems

MANY = settings(max_examples=150, deadline=None, derandomize=True)
SEEDS = st.integers(0, 100_000)


def stage_of(problem: LocationProblem, objective: Objective) -> Stage:
    return replace(first_stage(problem, (objective,)), objective=objective)


def plans(stage: Stage):
    """All units of a stage, as arrays."""
    instance = stage.instance
    ranges = (range(low, high + 1) for low, high in zip(instance.fixed, instance.units, strict=True))
    return [np.array(units) for units in product(*ranges)]


def pattern(rng, rows: int, columns: int) -> sparse.csr_array:
    mask = rng.random((rows, columns)) < rng.choice([0.3, 0.5, 0.7])
    mask[np.arange(rows), rng.integers(0, columns, rows)] = True
    return csr(mask, np.ones(mask.shape))


def held(cuts, values: np.ndarray) -> bool:
    for row, (start, end) in enumerate(zip(cuts.indptr[:-1], cuts.indptr[1:], strict=True)):
        left = cuts.data[start:end] @ values[cuts.indices[start:end]]
        if not cuts.lower[row] - 1e-7 <= left <= cuts.upper[row] + 1e-7:
            return False
    return True


@MANY
@given(problems(), SEEDS, st.sampled_from([Objective.COVERAGE, Objective.COST, Objective.SHORTAGE]))
def test_every_cut_holds_for_every_plan(problem: LocationProblem, seed: int, objective: Objective) -> None:
    stage, rng = stage_of(problem, objective), np.random.default_rng(seed)
    lefts = [left_to_cover(stage, part, wants_value=wants_value(stage, part)) for part in stage.presence]
    wanted = [wants_value(stage, left.covering) for left in lefts]
    families = [
        CoverCuts(left, wants_value=value, parts=int(rng.integers(1, 5)))
        for left, value in zip(lefts, wanted, strict=True)
    ]
    model = build_master(stage, families)
    if model.impossible or not model.units:
        return
    columns = Live(model, SolverOptions()).highs.getNumCol()
    for family in families:
        somewhere = stage.instance.fixed + rng.random(len(stage.instance.fixed))
        everything = np.zeros(columns)
        everything[[theta.index for theta in family.thetas]] = 1e9
        cuts = family.separate(somewhere, everything)
        for units in plans(stage):
            values = np.zeros(columns)
            for site, unit in model.units.items():
                values[unit.index] = units[site] - stage.instance.fixed[site]
            covered = family.left.weight * (family.left.pattern @ (units > 0) > 0.5)
            reached = np.bincount(family.part, covered, family.parts) / family.unit
            values[[theta.index for theta in family.thetas]] = reached
            if (family.must @ (units > 0) > 0.5).all():
                assert held(cuts, values)


@MANY
@given(problems(), st.integers(0, 3))
def test_a_cut_at_a_plan_is_what_the_plan_covers(problem: LocationProblem, number: int) -> None:
    stage = stage_of(problem, Objective.COVERAGE)
    family = CoverCuts(left_to_cover(stage, stage.coverings[0], wants_value=True), wants_value=True, parts=1)
    model = build_master(stage, [family])
    if model.impossible or not model.units or not family.parts:
        return
    columns = np.zeros(Live(model, SolverOptions()).highs.getNumCol())
    units = plans(stage)[number % len(plans(stage))]
    for site, unit in model.units.items():
        columns[unit.index] = units[site] - stage.instance.fixed[site]
    theta = family.thetas[0].index
    columns[theta] = 1e9
    cuts = family.separate(units.astype(float), columns)
    row = slice(cuts.indptr[0], cuts.indptr[1])
    rest = cuts.data[row] @ np.where(cuts.indices[row] == theta, 0.0, columns[cuts.indices[row]])
    covered = family.left.weight @ (family.left.pattern @ (units > 0) > 0.5)
    assert (cuts.upper[0] - rest) * family.unit == pytest.approx(covered, abs=1e-6)


@MANY
@given(SEEDS, st.integers(3, 9), st.integers(3, 7))
def test_three_rows_cut_off_no_cover(seed: int, rows: int, sites: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = pattern(rng, rows, sites)
    problem = LocationProblem(np.ones(rows), matrix, coverage_floor=1.0)
    stage = stage_of(problem, Objective.COST)
    model = build_master(stage, [])
    Live(model, SolverOptions())
    cuts = ThreeRows(model, matrix).separate(np.zeros(sites), np.full(sites, 0.5))
    for units in plans(stage):
        values = np.zeros(sites)
        values[[model.units[site].index for site in range(sites)]] = units
        if (matrix @ units > 0.5).all():
            assert held(cuts, values)


def test_three_halves_cover_a_triangle_but_three_rows_need_two() -> None:
    triangle = csr(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=bool), np.ones((3, 3)))
    model = build_master(
        stage_of(LocationProblem(np.ones(3), triangle, coverage_floor=1.0), Objective.COST), []
    )
    Live(model, SolverOptions())
    cuts = ThreeRows(model, triangle).separate(np.zeros(3), np.full(3, 0.5))
    assert (cuts.count, cuts.lower.tolist(), cuts.data.tolist()) == (1, [2.0], [1.0, 1.0, 1.0])


def least_cover(matrix: np.ndarray, cost: np.ndarray) -> float:
    """Least cost of open columns that meet every row, infinite where there is none."""
    sets = np.array(list(product([0, 1], repeat=matrix.shape[1])))
    met = (sets @ matrix.T > 0).all(axis=1)
    return float((sets @ cost)[met].min(initial=np.inf))


@MANY
@given(SEEDS, st.integers(1, 9), st.integers(1, 7))
def test_domination_changes_no_optimum(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, cost = pattern(rng, rows, columns), rng.integers(1, 4, columns).astype(float)
    whole = least_cover(matrix.toarray(), cost)
    kept_rows, kept_columns = undominated_rows(matrix), undominated_columns(matrix, cost)
    assert least_cover(matrix[kept_rows].toarray(), cost) == whole
    assert least_cover(matrix[:, kept_columns].toarray(), cost[kept_columns]) == whole


def test_a_wider_row_and_a_narrower_dear_site_fall() -> None:
    rows = csr(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=bool), np.ones((3, 3)))
    assert undominated_rows(rows).tolist() == [0, 2]
    assert undominated_columns(rows, np.array([1.0, 1.0, 1.0])).tolist() == [0, 1]
    assert undominated_columns(rows, np.array([1.0, 2.0, 1.0])).tolist() == [0, 1, 2]


@MANY
@given(SEEDS, st.integers(1, 12), st.integers(1, 5), st.booleans())
def test_merged_points_are_the_alike_ones(seed: int, points: int, sites: int, distances: bool) -> None:
    rng = np.random.default_rng(seed)
    mask, far = rng.random((points, sites)) < 0.6, rng.integers(0, 2, (points, sites)).astype(float)
    label = rng.integers(-1, 2, points).astype(float)
    first, classes = alike(csr(mask, far), [label], np.arange(points), distances=distances)
    shown = np.where(mask, far if distances else 1.0, np.inf)
    key = [(label[point], *shown[point]) for point in range(points)]
    names = list(dict.fromkeys(key))
    assert [names.index(name) for name in key] == classes.tolist()
    assert [key.index(name) for name in names] == first.tolist()


@MANY
@given(problems(), st.sampled_from([Objective.COVERAGE, Objective.COST, Objective.SHORTAGE]))
def test_needless_sites_are_not_needed(problem: LocationProblem, objective: Objective) -> None:
    stage = stage_of(problem, objective)
    lefts = [left_to_cover(stage, part, wants_value=wants_value(stage, part)) for part in stage.presence]
    closed = needless_sites(stage, lefts)
    if closed is None:
        return
    exact, clock = SolverOptions(gap=0.0), Clock.of(30)
    few = solve_coverage(replace(stage, closed=closed), None, exact, clock)
    all_of_them = solve_coverage(replace(stage, opened=np.zeros(len(closed), dtype=bool)), None, exact, clock)
    if few is not None and all_of_them is not None:
        assert few.outcome == all_of_them.outcome
        assert few.value == pytest.approx(all_of_them.value, abs=1e-6, nan_ok=True)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(SEEDS)
def test_kicks_keep_count_of_what_they_gain(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, weight = pattern(rng, 60, 12), rng.integers(1, 50, 60).astype(float)
    stage = stage_of(LocationProblem(weight, matrix, max_open=4), Objective.COVERAGE)
    swaps = Swaps(stage, matrix, weight)
    before = np.array([1] * 4 + [0] * 8)
    sites = (swaps.by_site.indptr, swaps.by_site.indices)
    rows = (matrix.indptr, matrix.indices)
    chosen, gained = kick_and_climb(
        rows, sites, weight, np.arange(4), before == 0, np.ones(12), 0.0, 20, 1e-6, seed
    )
    after = np.bincount(chosen, minlength=12)
    assert after.max() == 1
    assert swaps.value(after) - swaps.value(before) == pytest.approx(gained)
    assert gained >= 0


@settings(max_examples=30, deadline=None, derandomize=True)
@given(SEEDS)
def test_row_weights_end_with_a_cover_that_costs_no_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, cost = pattern(rng, 40, 10), rng.integers(1, 5, 10).astype(float)
    by_site = matrix.T.tocsr()
    parts = (matrix.indptr, matrix.indices, by_site.indptr, by_site.indices)
    whole = np.ones(10, dtype=bool)
    start, site, site_start, row = (part.astype(np.int64) for part in parts)
    best = weighted_rows_search(start, site, site_start, row, cost, whole, 1.0, 2000, 2000, seed)
    assert (matrix @ best.astype(float) > 0.5).all()
    assert cost @ best == least_cover(matrix.toarray(), cost)


def test_a_floor_is_met_with_the_fewest_sites() -> None:
    reach = csr(np.eye(4, dtype=bool), np.zeros((4, 4)))
    problem = LocationProblem(np.array([5.0, 3.0, 1.0, 1.0]), reach, covers=(Cover("near", 1, 0.8),))
    answer = solve_coverage(stage_of(problem, Objective.COST), None, SolverOptions(), Clock.of(10))
    assert answer is not None
    assert (answer.outcome, answer.value, answer.bound) == (Outcome.OPTIMAL, 2.0, 2.0)
    assert answer.open.tolist() == [1, 1, 0, 0]


@MANY
@given(problems(), SEEDS, st.integers(1, 3))
def test_every_closure_holds_for_every_plan(problem: LocationProblem, seed: int, size: int) -> None:
    stage = stage_of(problem, Objective.COVERAGE)
    cover = CoverCuts(left_to_cover(stage, stage.coverings[0], wants_value=True), wants_value=True, parts=3)
    model = build_master(stage, [cover])
    if model.impossible or not model.units:
        return
    Live(model, SolverOptions())  # numbers the columns
    site_column, theta_column = cover.columns()
    random = np.random.default_rng(seed)
    columns = np.zeros(len(model.lp.variables()))
    free = site_column >= 0
    columns[site_column[free]] = random.random(free.sum()) * random.choice([0, 0.5, 1], free.sum())
    columns[theta_column] = cover.total / cover.unit
    closures = Closures(cover, size, Clock.of(60))
    cuts = closures.separate(np.asarray(stage.instance.fixed, dtype=float), columns)
    left = cover.left
    for units in plans(stage):
        values = np.zeros(len(columns))
        values[site_column[free]] = (units - stage.instance.fixed)[free]
        done = left.pattern @ (units > 0) > 0.5
        values[theta_column] = np.bincount(cover.part, left.weight * done, cover.parts) / cover.unit
        assert held(cuts, values)


def test_a_closure_sees_what_halves_cannot_do() -> None:
    """Three points, each between two of three sites: halves of all sites cover all, one site two of three."""
    pattern = csr(~np.eye(3, dtype=bool), np.ones((3, 3)))
    cut = Region(pattern, np.ones(3)).cut(np.full(3, 0.5), 3.0)
    assert cut is not None
    value, price = cut
    # sets cover 0, 2 and 3 points: one and a half sites cover 2.5 at the most
    assert value + 0.5 * price.sum() == pytest.approx(2.5, abs=1e-3)


def test_regions_are_parts_with_those_that_share_their_sites() -> None:
    """Four parts of two points in a row, each site between two parts: pairs follow the row."""
    reach = csr(
        np.repeat(np.eye(4, 5, dtype=bool) | np.eye(4, 5, 1, dtype=bool), 2, axis=0), np.zeros((8, 5))
    )
    problem = LocationProblem(np.arange(1.0, 9.0), reach, max_open=2)
    stage = stage_of(problem, Objective.COVERAGE)
    cover = CoverCuts(left_to_cover(stage, stage.coverings[0], wants_value=True), wants_value=True)
    for size in (1, 2, 3):
        regions = neighbours(cover, size)
        assert set(np.concatenate(regions).tolist()) == set(range(cover.parts))
        assert all(len(region) == size and np.ptp(region) == size - 1 for region in regions)


def test_best_sets_of_regions_are_best() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        region = Region(pattern(rng, 12, 6), rng.integers(1, 9, 12).astype(float))
        price = rng.uniform(0, 0.6) * region.single * rng.random(len(region.sites))
        sets = [np.flatnonzero(choice) for choice in product((0, 1), repeat=len(region.sites))]
        worth = [region._covered(tuple(own)) - price[own].sum() for own in sets]
        for forced in range(-1, len(region.sites)):
            own = [w for w, s in zip(worth, sets, strict=True) if forced < 0 or forced in s]
            best = max(own) + (price[forced] if forced >= 0 else 0.0)
            value, _, most = region._best(price, forced, -1e9, 10_000)
            assert value == pytest.approx(best)
            assert most == pytest.approx(best)
            value, _, most = region._best(price, forced, -1e9, 2)
            assert value <= best + 1e-9
            assert most >= best - 1e-9
