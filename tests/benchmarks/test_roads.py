"""The measurement of roads: the same pairs as NetworkX, and tables that hold what was measured."""

import math

import numpy as np
import pytest
from scipy import sparse

from benchmarks import roads
from benchmarks.roadpeer import cut_graph
from geodata.reach import TravelUnit
from geodata.roadreach import RoadReach


@pytest.mark.parametrize("unit", TravelUnit)
def test_ours_and_networkx_find_the_same(unit, monkeypatch):
    monkeypatch.setattr(roads, "POINTS", 50)
    rows = roads.compared(roads.synthetic(900), unit, (1.0, math.inf), 8)
    assert [row.searched for row in rows] == [8, 8]
    assert 0 < rows[0].pairs < rows[1].pairs == 400
    assert max(row.farthest_off for row in rows) < 1e-6


def test_a_pair_that_only_one_has_is_told():
    network = roads.synthetic(400)
    lonlat = roads.places(network, 12, 1)
    graph, access = cut_graph(RoadReach(network), lonlat, TravelUnit.KM)
    nothing = sparse.csr_array((10, 2), dtype=np.float64)
    with pytest.raises(RuntimeError, match="same pairs"):
        roads.by_peer(graph, access, nothing, math.inf, len(network.node_id))


def test_a_line_says_how_many_sites_networkx_searched():
    row = roads.Row(TravelUnit.KM, math.inf, 1_000, 0.5, 1.0, 50.0, 20, 0.0)
    assert roads._line(row) == (
        "| none km | 1,000 | 0.500 | 1.00 | 50.00 (from 20 of 200) | 100 | 50.0 | 0e+00 km |"
    )
