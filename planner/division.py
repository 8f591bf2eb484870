"""Whether shared outlets can be divided so that everyone who shares them is served: a flow."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, maximum_flow

from planner.network import EPSILON, Bools, Floats, Ints, Level, Network

KG = 1000.0
"""Flows are counted in whole kilograms, in coarser units where the total would not fit."""
MOST_UNITS = 2.0**31 - 1.0
"""Flows are summed up as 32-bit integers."""


def served_by_division(network: Network, level: Level, annual: Floats, needs: Floats, short: Bools) -> Bools:
    """Return which short parties (P, T) some division of the outlets serves together with all who share.

    Parties and outlets that hang together through shared outlets are looked at as a whole: a flow from the
    outlets (`annual` tonnes each, (O,)) to the parties (`needs`, (P, T)). If it fills every need, the
    division it describes serves all; if not, the division by retired tonnes stands.
    """
    served = np.zeros_like(short)
    of_area = network.levels[level].of_area
    place = np.where(network.outlet_area >= 0, of_area[network.outlet_area], -1)
    for territory in np.flatnonzero(short.any(axis=0)):
        outlets = np.flatnonzero((place == territory) & (annual > 0))
        shares = network.listed[outlets]
        for members, stands in _components(shares, short[:, territory]):
            if _all_served(shares[stands][:, members], annual[outlets[stands]], needs[members, territory]):
                served[members, territory] = True
    return served & short


def _components(shares: sparse.csr_array, short: Bools) -> list[tuple[Ints, Ints]]:
    """Return (parties, outlets) that hang together, where someone is short and an outlet is shared."""
    size = shares.shape[0]
    graph = sparse.block_array([[None, shares], [shares.T, None]], format="csr")
    label = connected_components(graph, directed=False)[1]
    groups = []
    for component in np.unique(label[size:][short]):
        members = np.flatnonzero(label[size:] == component)
        stands = np.flatnonzero(label[:size] == component)
        if len(members) > 1 and len(stands):
            groups.append((members, stands))
    return groups


def _all_served(shares: sparse.csr_array, annual: Floats, needs: Floats) -> bool:
    """Return whether a flow of the outlets' tonnes over the pairs fills every need.

    Supply is rounded down and demand up, so that a coarse unit never makes served what is not.
    """
    total = float(needs.sum())
    if annual.sum() < total - EPSILON:
        return False
    outlets, parties = shares.shape
    pairs = shares.tocoo()
    source, sink = outlets + parties, outlets + parties + 1
    unit = min(KG, (MOST_UNITS - parties) / total) if total > 0 else KG  # rounding up adds one each
    demand = np.ceil(needs * unit - EPSILON)
    supply = np.floor(np.minimum(annual * unit + EPSILON, demand.sum()))
    tail = np.concatenate([np.full(outlets, source), pairs.row, outlets + np.arange(parties)])
    head = np.concatenate([np.arange(outlets), outlets + pairs.col, np.full(parties, sink)])
    size = np.concatenate([supply, supply[pairs.row], demand])
    graph = sparse.csr_array(
        (size.astype(np.int32), (tail, head)), shape=(outlets + parties + 2, outlets + parties + 2)
    )
    return bool(maximum_flow(sparse.csr_matrix(graph), source, sink).flow_value >= demand.sum())
