"""A small study by road that has one of everything: for reports, pages and files."""

from dataclasses import replace

import pandas as pd

from planner.study import Study, place_study
from tests.planner import roadworlds, worlds
from tests.planner.worlds import at, code, rule

A, B = code(1), code(2)


def river_study(name: str = "shop") -> Study:
    """A river without a bridge through the first square, a point and an outlet off the roads.

    `name` is that of the outlet beside the river; planned by minutes, with recyclers and prices of moving.
    """
    river = [n for n, (tail, head) in enumerate(roadworlds.streets()) if head - tail == 10 and tail < 10]
    crossing = roadworlds.crossing
    demand = worlds.demand(
        [
            *((A, *crossing(x, y), 1.0) for x, y in ((2, 0), (2, 1), (4, 3))),
            (A, 100.2, 30.32, 0.5),
            (B, *crossing(7, 2), 1.0),
        ]
    )
    standing = [
        at(A, *crossing(2, 0), name=name),
        at(B, *crossing(6, 2), name="store", kind="storage"),
        at(B, 101.2, 30.3, name="off the roads", enterprises="N"),
    ]
    tables = worlds.tables([A, B], [("M", A, 900), ("M", B, 90), ("N", B, 9)], standing, demand)
    recyclers = pd.DataFrame({"recycler_id": ["R"], "name": ["=R"], "lon": [100.3], "lat": [30.8]})
    rules = worlds.rules(rule("reach_share", share=0.7, minutes=30, outlet_kind="any"))
    assumed = roadworlds.scenario(
        roads={"snap_km": 1.0}, haulage={"per_tonne_km": 2.0, "per_vehicle_km": 0.5}
    )
    tables = replace(tables, roads=roadworlds.roads(missing=river), recyclers=recyclers)
    return place_study(tables, rules, assumed)
