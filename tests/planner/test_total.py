"""The objective `total`: opening and moving together, against every possible plan."""

from dataclasses import replace
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.messages import InputError
from geodata.schemas import Tables
from planner.check import findings_of
from planner.haulage import haulage_of, haulage_summary, total_cost
from planner.moves import moves_of
from planner.network import Network, network_of, with_outlets
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from planner.study import Study, place_study, planned_network, with_new
from tests.planner.test_haulage import recyclers
from tests.planner.worlds import at, code, demand, rule, rules, scenario, tables

FEW = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
A, B = code(1), code(2)
EXACT = {"name": "highs", "gap": 1e-9}
PRICES = {"per_tonne_km": 0.02, "per_vehicle_km": 0.001}
REACH = rule("reach_share", share=0.5, distance_km=30.0)


def total_scenario(**parts: object) -> Scenario:
    return scenario(**{"objective": "total", "haulage": PRICES, "solver": EXACT, **parts})


def planned(world: Tables, asked: RuleSet, assumed: Scenario) -> Study:
    return place_study(world, asked, assumed, workers=1)


def worth(network: Network, world: Tables, asked: RuleSet, assumed: Scenario, new: pd.DataFrame) -> float:
    """What opening and moving cost with these new outlets."""
    return total_cost(haulage_of(network, moves_of(world, network, asked, assumed)), new)


def recounted(study: Study) -> float:
    network = planned_network(study, study.new_outlets)
    return worth(network, study.tables, study.rules, study.scenario, study.new_outlets)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Tables, RuleSet]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def somewhere(area: int) -> tuple[float, float]:
        return 100 + area + round(rng.random(), 3), 30 + round(rng.random(), 3)

    weights = rng.integers(1, 4, 4).astype(float)
    points = demand([([A, B][n // 2], *somewhere(n // 2), weight) for n, weight in enumerate(weights)])
    places = (A, B)[: int(rng.integers(1, 3))]
    sold = [("M", a, float(rng.integers(200, 3000)), "maker", 2014) for a in places] + [("M", A, 100.0)]
    standing = [at(A, *somewhere(0)) for _ in range(int(rng.integers(0, 2)))]
    standing += [at(B, *somewhere(1), kind="storage") for _ in range(int(rng.integers(0, 2)))]
    world = replace(tables([A, B], sold, standing, points), recyclers=recyclers(somewhere(0), somewhere(1)))
    across = rule("reach_share", share=0.6, distance_km=60.0, across_borders=True)
    kind = rng.choice(["any", "collection"])
    parts = [
        rule("presence", outlet_kind=kind),
        [REACH, across, rule("presence", "p")][int(rng.integers(0, 3))],
    ]
    return world, rules(*parts)


def every_plan(study: Study) -> float:
    """The least worth of all sets of sites with which no duty is short."""
    world, asked, assumed = study.tables, study.rules, study.scenario
    opened, bare = study.new_outlets, network_of(world, assumed)
    sites = world.demand[world.demand["adcode"].isin(world.sales["adcode"])]
    best = np.inf
    for size in range(len(sites) + 1):
        for chosen in combinations(range(len(sites)), size):
            rows = sites.iloc[list(chosen)]
            new = pd.DataFrame({column: [np.nan] * size for column in opened.columns}).assign(
                outlet_id=[f"N{n}" for n in range(size)], site_id=rows["point_id"].to_numpy(), name="new",
                adcode=rows["adcode"].to_numpy(), lon=rows["lon"].to_numpy(), lat=rows["lat"].to_numpy(),
                kind="collection", enterprises="M", opening_cost=1.0,
            )  # fmt: skip
            outlets = with_new(world.outlets, new.assign(area="", action="", reason=""))
            network = with_outlets(bare, outlets, assumed.year)
            findings = findings_of(network, asked)
            if not (findings["status"] == "short").any():
                haulage = haulage_of(network, moves_of(world, network, asked, assumed))
                if haulage_summary(haulage)["without_outlet"] == 0:
                    best = min(best, total_cost(haulage, new))
    return best


@FEW
@given(worlds())
def test_no_plan_is_cheaper(found: tuple[Tables, RuleSet]) -> None:
    world, asked = found
    study = planned(world, asked, total_scenario())
    assert study.placement is not None
    assert not (study.findings["status"] == "short").any()
    assert study.placement.outcome == "optimal"
    assert recounted(study) == pytest.approx(every_plan(study), rel=1e-6)
    assert study.placement.objective == pytest.approx(recounted(study), rel=1e-6)
    assert study.placement.bound <= study.placement.objective + 1e-9


@settings(FEW, max_examples=6)
@given(worlds(), st.floats(1.1, 30))
def test_a_dearer_tonne_is_never_moved_farther(found: tuple[Tables, RuleSet], dearer: float) -> None:
    world, asked = found
    far = []
    for factor in (1.0, dearer):
        prices = {"per_tonne_km": PRICES["per_tonne_km"] * factor, "per_vehicle_km": PRICES["per_vehicle_km"]}
        study = planned(world, asked, total_scenario(haulage=prices))
        network = planned_network(study, study.new_outlets)
        table = haulage_of(network, moves_of(world, network, asked, study.scenario))
        far.append(haulage_summary(table)["tonne_km"])
    assert far[1] <= far[0] * (1 + 1e-6) + 1e-6


def world_with_storage() -> tuple[Tables, RuleSet]:
    points = demand([(A, 100.1, 30.5, 1.0), (A, 100.9, 30.5, 1.0)])
    sold = [("M", A, 20_000, "maker", 2018), ("M", A, 9_000)]
    asked = rules(
        rule("presence", outlet_kind="collection"),
        rule("threshold", quantity="stock", at_least=8000, outlet_kind="storage"),
    )
    return tables([A], sold, (), points), asked


def test_storage_that_the_plan_opens_is_where_batteries_go() -> None:
    world, asked = world_with_storage()
    study = planned(world, asked, total_scenario())
    network = planned_network(study, study.new_outlets)
    table = haulage_of(network, moves_of(world, network, asked, study.scenario))
    storage = study.new_outlets.loc[study.new_outlets["kind"] == "storage", "outlet_id"].item()
    assert set(table["destination"]) == {storage}
    assert study.placement is not None
    assert study.placement.objective == pytest.approx(recounted(study))
    assert any("settled first" in str(note.message) for note in study.notes)


def test_duties_that_cannot_be_met_are_planned_for_the_least_shortage() -> None:
    sold = [("M", A, 1000, "maker", 2014), ("M", A, 100)]
    world = tables([A], sold, (), demand([(A, 100.5, 30.5, 1.0)]))
    asked = rules(rule("presence"), rule("reach_share", share=1.0, distance_km=5.0))
    sites = replace(world, sites=_site(100.1), recyclers=recyclers((100.5, 30.5)))
    study = planned(sites, asked, total_scenario())
    assert study.placement is not None
    assert len(study.new_outlets) == 1
    assert study.placement.outcome == "infeasible"
    assert study.placement.objective == pytest.approx(recounted(study))


def test_a_limit_of_the_run_is_kept() -> None:
    sold = [("M", area, 1000, "maker", year) for area in (A, B) for year in (2014, 2022)]
    world = replace(tables([A, B], sold), recyclers=recyclers((100.5, 30.5)))
    study = planned(world, rules(rule("presence")), total_scenario(max_new=1))
    assert len(study.new_outlets) == 1


@pytest.mark.parametrize(
    ("prices", "said"),
    [({}, "needs a price of moving"), ({"per_tonne_km": 1.0}, "nowhere to take batteries")],
)
def test_moving_must_have_a_price_and_a_destination(prices: dict[str, float], said: str) -> None:
    world = tables([A], [("M", A, 1000)])
    with pytest.raises(InputError, match=said):
        planned(world, rules(rule("presence")), total_scenario(haulage=prices))


def _site(lon: float) -> gpd.GeoDataFrame:
    cells = {"site_id": "s", "name": "s", "lon": lon, "lat": 30.5, "adcode": A, "kind": ""}
    blank = ["opening_cost", "area_m2", "stock_cap_t", "pickups_per_year", "max_units"]
    frame = pd.DataFrame([{**cells, **dict.fromkeys(blank, np.nan)}])
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy([lon], [30.5]), crs="EPSG:4326")
