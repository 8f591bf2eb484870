"""The Lagrangian bound on `distance` and `total`, and what it settles.

Relax "every point is served once" with multipliers v_i, floors of covers with prices mu >= 0 and
rows with prices pi >= 0. What remains falls apart by site: with c_ij = w_i d_ij less mu times what
serving i from j adds to a floor, site j is worth rho_j = fee_j + pi a_j + sum_i min(0, c_ij - v_i), and
at most p sites open, so

    L(v, mu, pi) = sum_i v_i + (sum of the p least rho_j below 0) + mu * need - pi * right

is a lower bound for every v and all prices (Cornuejols, Fisher and Nemhauser 1977, with a price on
the floor). Kept objectives and rows left out can only lower it. `lagrangian_kernels.ascend` raises it by
subgradient steps; here is what the best multipliers say about sites and pairs.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from optimization.arrays import BoolArray, Csr, FloatArray
from optimization.median_tree import Node, Tree
from optimization.service import Service
from optimization.stage import KEEP_TOLERANCE


def settled_sites(service: Service, root: Node) -> tuple[BoolArray, BoolArray]:
    """Return which sites (J,) stay closed, and which open, in every plan better than the cutoff."""
    instance = service.stage.instance
    closed, opened = (instance.fixed == 0) & (instance.units > 0), np.zeros(len(instance.units), dtype=bool)
    closed[service.sites[root.state >= 0]] = False
    opened[service.sites[root.state == 1]] = True
    return closed, opened


def left_pairs(tree: Tree, root: Node) -> Csr:
    """Return the pairs by which a point may be served in a plan better than the cutoff.

    Serving point i at site j adds max(0, c_ij - v_i) to the bound, and what opening j adds if it is
    not among the chosen.
    """
    from optimization.row_kernels import at_prices

    service = tree.service
    row = np.repeat(np.arange(len(service.base)), np.diff(service.start))
    cost, _ = at_prices(service.start, service.cost, service.base, tree.floors.parts, root.prices)
    added = np.maximum(0.0, cost - root.multiplier[row])
    added += opening_adds(service, root)[service.site]
    goal = tree.cutoff + KEEP_TOLERANCE * max(1.0, abs(tree.cutoff))
    kept = (root.bound + added <= goal) & (service.points[row] >= 0)
    at = service.points[row[kept]], service.sites[service.site[kept]]
    return sparse.csr_array((service.distance[kept], at), shape=service.stage.reach.shape)


def opening_adds(service: Service, root: Node) -> FloatArray:
    """Return what opening each site (M,) adds to the root's bound."""
    full = int(root.chosen.sum()) >= service.limit
    worst = float(root.worth[root.chosen & (root.state == 0)].max(initial=-np.inf)) if full else 0.0
    if not np.isfinite(worst):
        worst = 0.0
    return np.where(root.chosen, 0.0, np.maximum(0.0, root.worth - worst))
