"""Moving batteries: the table against the slow and obvious answer, and what it says where little is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.reach import great_circle_km
from geodata.schemas import Tables
from planner.haulage import haulage_notes, haulage_of, haulage_summary, total_cost
from planner.moves import moves_of
from planner.network import Network, network_of
from planner.quantities import quantities
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from tests.planner.worlds import KM, at, code, demand, outlets, rule, rules, scenario, tables

SOME = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
A, B = code(1), code(2)
ANY = rules(rule("presence"))
COLLECT = rules(rule("presence", outlet_kind="collection"))
SOLD = [("M", A, 1000, "maker", year) for year in (2014, 2022)]


def recyclers(*places: tuple[float, float]) -> pd.DataFrame:
    ids = [f"R{number}" for number in range(len(places))]
    lon, lat = zip(*places, strict=True)
    return pd.DataFrame({"recycler_id": ids, "name": ids, "lon": lon, "lat": lat})


def hauled(world: Tables, asked: RuleSet = ANY, assumed: Scenario | None = None) -> pd.DataFrame:
    assumed = assumed or scenario(haulage={"per_tonne_km": 2.0, "per_vehicle_km": 0.5})
    network = network_of(world, assumed)
    return haulage_of(network, moves_of(world, network, asked, assumed))


def retired(world: Tables, assumed: Scenario) -> float:
    found = quantities(world.sales, world.areas, world.demand, assumed, assumed.year)
    return float(found["retired_t"].sum())


def test_the_nearest_outlet_takes_in_and_the_nearest_destination_follows() -> None:
    points = demand([(A, 100.2, 30.5, 3.0), (A, 100.8, 30.5, 1.0)])
    near = [at(A, 100.2, 30.5 + 10 * KM), at(A, 100.8, 30.5), at(A, 100.8, 30.5 + 20 * KM, kind="storage")]
    world = replace(tables([A], SOLD, near, points), recyclers=recyclers((100.2, 30.5 + 15 * KM)))
    table, tonnes = hauled(world, COLLECT), retired(world, scenario())
    assert table["outlet_id"].tolist() == ["o0", "o1"]
    assert table["destination"].tolist() == ["R0", "o2"]
    assert table["tonnes"].tolist() == pytest.approx([0.75 * tonnes, 0.25 * tonnes])
    assert table["km"].tolist() == pytest.approx([5.0, 20.0], abs=1e-3)
    assert table["vehicle_km"].tolist() == pytest.approx([10.0 * table["vehicles"][0], 0.0], abs=1e-2)
    found = haulage_summary(table)
    assert found["tonne_km"] == pytest.approx((0.75 * 5 + 0.25 * 20) * tonnes, rel=1e-4)
    assert found["cost"] == pytest.approx(2.0 * found["tonne_km"])
    assert total_cost(table, pd.DataFrame({"opening_cost": [1.0, 2.0]})) == pytest.approx(
        3.0 + found["cost"] + 0.5 * found["vehicle_km"]
    )


def test_a_storage_outlet_that_takes_in_is_its_own_destination() -> None:
    world = tables([A], SOLD, [at(A, 100.5, 30.5, kind="storage")])
    table = hauled(world)
    assert table[["outlet_id", "destination", "km"]].to_numpy().tolist() == [["o0", "o0", 0.0]]


def test_outlets_without_a_point_take_equal_parts_and_their_way_is_not_known() -> None:
    somewhere = [at(A, 100.5, 30.5), {"adcode": A}, {"adcode": A}]
    world = replace(tables([A], SOLD, somewhere), recyclers=recyclers((100.5, 30.5)))
    table, tonnes = hauled(world), retired(world, scenario())
    assert table["tonnes"].tolist() == pytest.approx([tonnes / 3] * 3)
    assert table["km"].isna().tolist() == [False, True, True]
    assert haulage_summary(table)["without_destination"] == pytest.approx(2 * tonnes / 3)


def test_what_nobody_takes_in_is_said() -> None:
    world = tables([A, B], [*SOLD, ("N", B, 1000, "maker", 2014)], [at(A, 100.5, 30.5)])
    table = hauled(world)
    found = haulage_summary(table)
    assert found["without_destination"] == pytest.approx(table["tonnes"][0])
    assert found["without_outlet"] == pytest.approx(table.loc[table["enterprise"] == "N", "tonnes"].item())
    network = network_of(world, scenario())
    said = " ".join(
        str(note.message) for note in haulage_notes(moves_of(world, network, ANY, scenario()), table)
    )
    assert "no way on is known" in said
    assert "taken in nowhere" in said


def test_an_unknown_history_is_said() -> None:
    world = tables([A], [("M", A, 1000)], [at(A, 100.5, 30.5)])
    assumed = scenario(history_complete=False)
    network = network_of(world, assumed)
    moves = moves_of(world, network, ANY, assumed)
    assert not moves.known
    assert any("reach back" in str(note.message) for note in haulage_notes(moves, haulage_of(network, moves)))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Tables, bool, bool]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = [A, B]

    def somewhere(area: int) -> tuple[float, float]:
        return 100 + area + round(rng.random(), 3), 30 + round(rng.random(), 3)

    points = [(codes[a], *somewhere(a), float(rng.integers(0, 4))) for a in (0, 1) for _ in range(3)]
    points += [(codes[a], *somewhere(a), 1.0) for a in (0, 1)]
    sold = [(name, a, float(rng.integers(0, 900)), "maker", 2014) for name in "MN" for a in codes]
    sold += [("B", a, float(rng.integers(0, 900)), "battery_maker", 2015) for a in codes]
    standing = []
    for _ in range(int(rng.integers(0, 7))):
        area, kind = int(rng.integers(0, 2)), rng.choice(["collection", "storage"])
        place = at(codes[area], *somewhere(area)) if rng.random() < 0.8 else {"adcode": codes[area]}
        standing.append({**place, "kind": kind, "enterprises": rng.choice(["M", "N", "M;N", "B", "M;B"])})
    world = tables(codes, sold, standing, demand(points))
    if rng.random() < 0.6:
        world = replace(world, recyclers=recyclers(*(somewhere(0) for _ in range(2))))
    return world, bool(rng.random() < 0.5), bool(rng.random() < 0.5)


def slowly(network: Network, world: Tables, assumed: Scenario, *, across: bool) -> dict[str, float]:
    """The totals, battery by battery."""
    standing, cost = network.outlets, assumed.haulage
    found = quantities(world.sales, world.areas, world.demand, assumed, assumed.year)
    totals = dict.fromkeys(["tonnes", "tonne_km", "without_destination", "without_outlet"], 0.0)

    def km(lon: float, lat: float, to: tuple[float, float]) -> float:
        return float(great_circle_km(lon, lat, *to))

    for name in found["enterprise"].unique():
        own = [row for _, row in standing.iterrows() if name in row["enterprises"].split(";")]
        ends = [(r["lon"], r["lat"]) for r in own if r["kind"] == "storage" and r["located"]]
        if world.recyclers is not None:
            ends += list(zip(world.recyclers["lon"], world.recyclers["lat"], strict=True))

        def onward(row: pd.Series, ends: list[tuple[float, float]] = ends) -> float:
            if row["kind"] == "storage":
                return 0.0
            return min((km(row["lon"], row["lat"], end) for end in ends), default=np.nan)

        for area in found["adcode"].unique():
            tonnes = found[(found["enterprise"] == name) & (found["adcode"] == area)]["retired_t"].sum()
            blank = [r for r in own if r["adcode"] == area and not r["located"]]
            beside = [r for r in own if r["adcode"] == area and r["located"]]
            near = [r for r in own if r["located"]] if across else beside
            equal = len(blank) / (len(blank) + len(beside)) if blank else 0.0
            for row in blank:
                part = equal * tonnes / len(blank)
                totals["tonnes"] += part
                totals["without_destination"] += 0.0 if row["kind"] == "storage" else part
            for point in world.demand[world.demand["adcode"] == area].itertuples():
                part = point.weight * tonnes * (1 - equal)
                if not near:
                    totals["without_outlet"] += part
                    continue
                way = [km(point.lon, point.lat, (row["lon"], row["lat"])) for row in near]
                best = near[int(np.argmin(way))]
                totals["tonnes"] += part
                far = onward(best)
                totals["without_destination"] += part if np.isnan(far) else 0.0
                totals["tonne_km"] += 0.0 if np.isnan(far) else part * far
    return totals | {"cost": totals["tonne_km"] * cost.per_tonne_km}


@SOME
@given(worlds())
def test_the_totals_are_those_of_every_battery(found: tuple[Tables, bool, bool]) -> None:
    world, across, _ = found
    asked = rules(rule("reach_share", share=0.5, distance_km=50.0, across_borders=across), rule("presence"))
    if across:
        both = rule("reach_share", "b", role="battery_maker", share=0.5, distance_km=9.0, across_borders=True)
        asked = rules(rule("reach_share", share=0.5, distance_km=50.0, across_borders=True), both)
    assumed = scenario(haulage={"per_tonne_km": 3.0})
    network = network_of(world, assumed)
    totals = haulage_summary(haulage_of(network, moves_of(world, network, asked, assumed)))
    for name, value in slowly(network, world, assumed, across=across).items():
        assert totals[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name


def test_nothing_sold_moves_nothing() -> None:
    world = replace(tables([A], SOLD), outlets=outlets())
    assert haulage_summary(hauled(replace(world, sales=world.sales.iloc[:0])))["tonnes"] == 0.0
