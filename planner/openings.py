"""From a plan to new outlets: units spread over their sites, one row for each outlet."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from planner.candidates import Candidates
from planner.network import EPSILON, Floats, Ints, Level, Network
from planner.program import Columns, Program

PLAN_COLUMNS = [
    "outlet_id", "site_id", "name", "adcode", "area", "lon", "lat", "kind", "area_m2", "stock_cap_t",
    "pickups_per_year", "enterprises", "action", "opening_cost", "reason",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opening:
    """New outlets of an enterprise at one candidate."""

    enterprise: str
    candidate: int
    units: int


def openings_of(program: Program, new: Ints) -> list[Opening]:
    """Return what a plan opens, from its new units at each column (J,)."""
    return [
        Opening(program.enterprise, int(program.columns.source[column]), int(new[column]))
        for column in np.flatnonzero(new > 0)
    ]


def spread_units(program: Program, units: Ints, weight: Floats) -> Ints:
    """Return the new units (J,) of a plan, those that reach doesn't need spread over their sites.

    Parameters
    ----------
    units
        (J,) units at each column, existing ones included.
    weight
        (I,) units sold at each demand point.
    """
    columns = program.columns
    new = np.where(columns.existing, 0, units)
    for alike in _alike(columns, new):
        sales = _nearest_sales(program, alike, weight)
        new[alike] = spread(new[alike], _room(columns, new, alike), sales)
    return new


def spread(units: Ints, room: Ints, sales: Floats) -> Ints:
    """Share out units by the sales nearest to each place, by largest remainder.

    Places that are open keep one; no rule and no cost tells the places apart, so the plan stays as good as it
    was. `room` is the most that each can hold.

    >>> spread(np.array([4, 1, 0]), np.array([9, 9, 9]), np.array([1.0, 3.0, 1.0])).tolist()
    [1, 3, 1]
    """
    shared = _floors(units, room, sales)
    while (rest := int(units.sum() - shared.sum())) > 0:
        free = shared < room
        share = np.where(free, sales, 0.0)
        share = share if share.sum() > 0 else free.astype(float)
        lacking = np.where(free, units.sum() * share / share.sum() - shared, -np.inf)
        largest = np.argsort(-np.round(lacking, 9), kind="stable")[: min(rest, int(free.sum()))]
        shared[largest] += 1
    return shared


def _floors(units: Ints, room: Ints, sales: Floats) -> Ints:
    """Return the whole parts of each place's quota, at least one where it is open, at most its room.

    Places whose quota is below one, or above their room, are taken out with that, whichever side misses more,
    and the others share the rest.
    """
    keep = np.minimum(units, 1)
    shared, open_ended = keep.copy(), sales > 0
    while open_ended.any():
        rest = units.sum() - shared[~open_ended].sum()
        quota = shared.astype(float)
        quota[open_ended] = rest * sales[open_ended] / sales[open_ended].sum()
        below, above = np.maximum(keep - quota, 0.0), np.maximum(quota - room, 0.0)
        if below.sum() + above.sum() <= EPSILON:
            shared[open_ended] = np.floor(quota[open_ended] + EPSILON).astype(np.int64)
            return shared
        taken, value = (below > 0, keep) if below.sum() >= above.sum() else (above > 0, room)
        shared[taken] = value[taken]
        open_ended &= ~taken
    return shared


def plan_table(
    openings: Iterable[Opening], candidates: Candidates, network: Network, *, also: Iterable[str] = ()
) -> pd.DataFrame:
    """Return one row for each new outlet, ids new and unique; `reason` is left blank.

    `also` names columns of the user's own that follow those of every plan.

    The order is by area, enterprise, site and kind, whatever order the openings come in.
    """
    rows = [(item.enterprise, item.candidate) for item in openings for _ in range(item.units)]
    if not rows:
        return pd.DataFrame(columns=PLAN_COLUMNS).astype({"lon": float, "lat": float, "opening_cost": float})
    chosen = pd.DataFrame(rows, columns=["enterprises", "candidate"])
    table = candidates.table.iloc[chosen["candidate"]].reset_index(drop=True)
    table = table.assign(enterprises=chosen["enterprises"].to_numpy())
    names = dict(zip(network.adcodes, network.levels[Level.AREA].names, strict=True))
    table = table.assign(area=table["adcode"].map(names), reason="")
    table = table.sort_values(["adcode", "enterprises", "site_id", "kind", "action"], kind="stable")
    number = table.groupby("adcode").cumcount() + 1
    prefix = _free_prefix(network.outlets["outlet_id"])
    numbered = number.astype(str).str.zfill(4)
    table = table.assign(
        outlet_id=prefix + table["adcode"] + "-" + numbered, name=table["name"] + " " + numbered
    )
    return table[[*PLAN_COLUMNS, *(name for name in also if name in table)]].reset_index(drop=True)


def _free_prefix(taken: pd.Series) -> str:
    """Return a prefix that no outlet's id has yet."""
    prefix = "N"
    while taken.astype(str).str.startswith(prefix).any():
        prefix += "N"
    return prefix


def _alike(columns: Columns, new: Ints) -> list[Ints]:
    """Return groups of columns that nothing tells apart, where some hold more than one new unit."""
    crowded = columns.area[new > 1]
    at = np.flatnonzero(np.isin(columns.area, crowded) & ~columns.existing)
    key = pd.DataFrame(
        {
            "kind": columns.kind[at],
            "area": columns.area[at],
            "cost": columns.cost[at],
            "annual_t": columns.annual_t[at],
        }
    )
    groups = [at[rows] for rows in key.groupby(list(key), sort=True).indices.values()]
    return [group for group in groups if (new[group] > 1).any() and len(group) > 1]


def _room(columns: Columns, new: Ints, alike: Ints) -> Ints:
    """Return the most units each of these columns can hold beside the site's other kind."""
    held = np.bincount(columns.place, weights=new, minlength=int(columns.place.max()) + 1)
    others = held[columns.place[alike]] - new[alike]
    return np.minimum(columns.max_units[alike], columns.place_units[alike] - others).astype(np.int64)


def _nearest_sales(program: Program, alike: Ints, weight: Floats) -> Floats:
    """Return the units sold nearest to each of these columns, among the points paired with any of them."""
    pairs = sparse.csr_array(program.pairs[:, alike])
    row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    order = np.lexsort((pairs.indices, pairs.data, row))
    first = order[np.unique(row[order], return_index=True)[1]]
    return np.bincount(pairs.indices[first], weights=weight[row[first]], minlength=len(alike)).astype(float)
