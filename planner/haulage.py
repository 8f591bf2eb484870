"""Moving batteries: from demand points to outlets, and from these on to storage outlets or recyclers.

Every year an enterprise's retired batteries come to its outlets, and go on from there to the nearest of its
storage outlets and of the recyclers. Kilometres are those of the study's metric: by road where it has roads,
else straight lines with their detour.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from geodata.messages import Note, NoteKind, say
from geodata.reach import TravelUnit
from geodata.schemas import OutletKind, Tables
from planner.moves import Moves, located, moves_of, onward, owned
from planner.network import Bools, Floats, Ints, Network
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario

HAULAGE_COLUMNS = [
    "enterprise", "outlet_id", "kind", "tonnes", "destination", "km", "tonne_km", "cost", "vehicles",
    "vehicle_km", "vehicle_cost",
]  # fmt: skip
CELLS = 10_000_000
"""Distances between demand points and outlets that are held at once: 80 MB."""


@dataclass(frozen=True)
class Intake:
    """What outlets take in a year by enterprise, (E, O + 1); the last column is what none takes in."""

    tonnes: Floats
    vehicles: Floats
    vehicle_km: Floats

    def add(self, number: int, outlet: Ints, tonnes: Floats, vehicles: Floats, way_km: Floats) -> None:
        """Bring parcels (N,) of an enterprise to outlets, -1 for none."""
        size = self.tonnes.shape[1]
        at = np.where(outlet >= 0, outlet, size - 1)
        self.tonnes[number] += np.bincount(at, tonnes, size)
        self.vehicles[number] += np.bincount(at, vehicles, size)
        self.vehicle_km[number] += np.bincount(at, vehicles * way_km, size)


def haulage_of(network: Network, moves: Moves) -> pd.DataFrame:
    """Return what each outlet takes in and moves on in a year.

    What an enterprise's batteries in an area weigh is spread over its outlets there by the demand points that
    are nearest to each, in the study's metric; outlets that are not located take equal parts. Where the
    objective is `total`, each demand point's batteries go where moving costs least instead, and outlets that
    are not located take in only where there are no others.

    Returns
    -------
    DataFrame
        One row for each enterprise and outlet of its own that takes in: enterprise, outlet_id, kind, tonnes,
        destination (the id of a storage outlet or a recycler; a storage outlet's own), km, tonne_km, cost,
        vehicles, vehicle_km (the ways to the outlet), vehicle_cost; NaN where no way is known. What no outlet
        takes in has a row with a blank outlet_id.
    """
    taken = intake(network, moves)
    rows = [_rows(network, moves, number, taken) for number in range(len(moves.enterprises))]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=HAULAGE_COLUMNS)


def haulage_summary(haulage: pd.DataFrame) -> dict[str, float]:
    """Return the totals of a year, as summary.json has them.

    `without_destination` are tonnes that outlets take in but no way on is known for, `without_outlet` those
    that no outlet takes in.
    """
    taken = haulage["outlet_id"].ne("")
    return {
        "tonnes": float(haulage.loc[taken, "tonnes"].sum()),
        "tonne_km": float(haulage["tonne_km"].sum()),
        "cost": float(haulage["cost"].sum()),
        "without_destination": float(haulage.loc[taken & haulage["km"].isna(), "tonnes"].sum()),
        "without_outlet": float(haulage.loc[~taken, "tonnes"].sum()),
        "vehicle_km": float(haulage["vehicle_km"].sum()),
        "vehicle_cost": float(haulage["vehicle_cost"].sum()),
    }


def total_cost(haulage: pd.DataFrame, new_outlets: pd.DataFrame) -> float:
    """Return the value of the objective `total`: the cost of opening and of moving in a year."""
    opening = float(new_outlets["opening_cost"].astype(float).sum())
    return opening + float(haulage["cost"].sum()) + float(haulage["vehicle_cost"].sum())


def asks_for_haulage(tables: Tables, scenario: Scenario) -> bool:
    """Return whether moving is looked at: recyclers are given, or moving has a price."""
    priced = scenario.haulage.per_tonne_km > 0 or scenario.haulage.per_vehicle_km > 0
    return tables.recyclers is not None or priced


def haulage_notes(moves: Moves, haulage: pd.DataFrame) -> list[Note]:
    """Say what the figures of moving rest on, and what they leave out."""
    found = haulage_summary(haulage)
    how = (
        say("Batteries go to the outlet of their enterprise where moving them costs least (assumed).")
        if moves.cheapest
        else say("Batteries go to the nearest outlet of their enterprise in their area (assumed).")
    )
    notes = [Note(NoteKind.ASSUMPTION, how)]
    if not moves.known:
        text = say(
            "The sales do not reach back far enough to know all batteries that retire: the tonnes moved are "
            "those that are known."
        )
        notes.append(Note(NoteKind.ASSUMPTION, text))
    if found["without_destination"] > 0:
        text = say(
            "For {tonnes:.1f} t a year no way on is known: the outlet is not located, or there is neither a "
            "recycler nor a storage outlet of the enterprise. Give recyclers, or the outlets' coordinates.",
            tonnes=found["without_destination"],
        )
        notes.append(Note(NoteKind.PROGRAM, text))
    if found["without_outlet"] > 0:
        text = say(
            "{tonnes:.1f} t a year are taken in nowhere: the enterprise has no outlet for them in the area.",
            tonnes=found["without_outlet"],
        )
        notes.append(Note(NoteKind.PROGRAM, text))
    return notes


def haulage_facts(
    tables: Tables, network: Network, rules: RuleSet, scenario: Scenario
) -> tuple[pd.DataFrame | None, tuple[Note, ...]]:
    """Return what moving comes to in a network, and what that rests on; None where it is not looked at."""
    if not asks_for_haulage(tables, scenario):
        return None, ()
    moves = moves_of(tables, network, rules, scenario)
    haulage = haulage_of(network, moves)
    return haulage, tuple(haulage_notes(moves, haulage))


def intake(network: Network, moves: Moves) -> Intake:
    """Return where all batteries are taken in: of each enterprise by demand point, or in equal parts."""
    size, outlets = len(moves.enterprises), len(network.outlet_kind)
    usable = np.zeros((size, outlets), dtype=bool)
    on_km = np.zeros((size, outlets))
    for number, name in enumerate(moves.enterprises.astype(str)):
        usable[number] = _usable(network, moves, number)
        if moves.cheapest:
            on_km[number] = _onward(network, moves, name, usable[number])
    taken = Intake(*(np.zeros((size, outlets + 1)) for _ in range(3)))
    blank = _to_unlocated(network, moves, usable, taken)
    for enterprises, points, near in _groups(network, moves):
        for some in np.array_split(points, max(1, -(-len(points) * len(near) // CELLS))):
            _to_located(network, moves, (usable, on_km, blank), (enterprises, some, near), taken)
    return taken


def _usable(network: Network, moves: Moves, number: int) -> Bools:
    """Return which outlets (O,) take in for an enterprise: its own, of the kind, inside some area."""
    own = owned(network, str(moves.enterprises[number]))
    return np.asarray(own & network.of_kind(moves.takes_in[number]) & (network.outlet_area >= 0))


def _onward(network: Network, moves: Moves, enterprise: str, usable: Bools) -> Floats:
    """Return the km (O,) on from an enterprise's outlets."""
    own, km = np.flatnonzero(usable), np.zeros(len(usable))
    storage = network.outlet_kind[own] == str(OutletKind.STORAGE)
    where = moves.destinations(network, enterprise)
    km[own] = onward(network, network.outlet_lonlat[own], storage, where)[1]
    return km


def _to_unlocated(network: Network, moves: Moves, usable: Bools, taken: Intake) -> Floats:
    """Bring equal parts to outlets without a point; return which share (E, A) of each area's that is."""
    there, areas = located(network.outlet_lonlat), len(network.adcodes)
    place = np.where(network.outlet_area >= 0, network.outlet_area, 0)
    share = np.zeros(moves.tonnes.shape)
    for number in range(len(share)):
        without, known = usable[number] & ~there, usable[number] & there
        blank = np.bincount(place, without, areas)
        others = np.bincount(place, known, areas)
        among = np.where(others > 0, np.inf, blank) if moves.cheapest else blank + others
        share[number] = blank / np.where(among > 0, among, 1.0)
        outlet = np.flatnonzero(without)
        part = share[number, place[outlet]] / blank[place[outlet]]
        here = number, place[outlet]
        way = np.full(len(outlet), np.nan)
        taken.add(number, outlet, part * moves.tonnes[here], part * moves.vehicles[here], way)
    return share


def _groups(network: Network, moves: Moves) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield (enterprises, demand points, outlets) that go together: an area's, or all across borders."""
    some = (moves.tonnes > 0) | (moves.vehicles > 0)
    there = located(network.outlet_lonlat) & (network.outlet_area >= 0)
    across = np.flatnonzero(moves.across & some.any(axis=1))
    if len(across):
        yield across, np.arange(len(network.point_area)), np.flatnonzero(there)
    inside = ~moves.across
    points = np.argsort(network.point_area, kind="stable")
    ends = np.cumsum(np.bincount(network.point_area, minlength=len(network.adcodes)))
    for area, members in enumerate(np.split(points, ends[:-1])):
        here = np.flatnonzero(some[:, area] & inside)
        if len(here):
            yield here, members, np.flatnonzero(there & (network.outlet_area == area))


def _to_located(
    network: Network,
    moves: Moves,
    own: tuple[Bools, Floats, Floats],
    group: tuple[Ints, Ints, Ints],
    taken: Intake,
) -> None:
    """Bring the batteries of some demand points to the outlets where they belong.

    `own` says by enterprise and outlet (E, O) who may use it and how far it is on from there, and by area
    (E, A) what share is taken in elsewhere.
    """
    (usable, on_km, blank), (enterprises, points, outlets) = own, group
    far, km = _distances(network, points, outlets)
    area, weight, row = network.point_area[points], network.point_weight[points], np.arange(len(points))
    for number in enterprises.tolist():
        share = weight * (1.0 - blank[number, area])
        tonnes, vehicles = share * moves.tonnes[number, area], share * moves.vehicles[number, area]
        columns = np.flatnonzero(usable[number, outlets])
        at, way = np.full(len(points), -1), np.zeros(len(points))
        if len(columns):
            chosen = far[:, columns]
            if moves.cheapest:
                on = on_km[number, outlets[columns]]
                chosen = moving_cost(moves, number, area[:, None], km[:, columns], on[None, :])
            best = np.argmin(chosen, axis=1)
            found = np.isfinite(chosen[row, best])
            at[found] = outlets[columns[best[found]]]
            way[found] = km[found, columns[best[found]]]
        taken.add(number, at, tonnes, vehicles, way)


def moving_cost(moves: Moves, number: int, area: Ints, way_km: Floats, on_km: Floats) -> Floats:
    """Return what moving all of an area's batteries by way of an outlet costs; arguments broadcast.

    Parameters
    ----------
    number
        Of the enterprise.
    area
        Where the batteries are.
    way_km
        From there to the outlet; infinite where there is no way.
    on_km
        From the outlet on; NaN counts nothing.
    """
    on = moves.tonnes[number, area] * moves.per_tonne_km * np.nan_to_num(on_km)
    way = moves.vehicles[number, area] * moves.per_vehicle_km * np.where(np.isfinite(way_km), way_km, 0.0)
    return np.asarray(np.where(np.isfinite(way_km), on + way, np.inf))


def _distances(network: Network, points: Ints, outlets: Ints) -> tuple[Floats, Floats]:
    """Return how far outlets are from points, in the study's unit and in km; infinite without a way."""
    at, places = network.point_lonlat[points], network.outlet_lonlat[outlets]
    km = _dense(network.measure.within(at, places, np.inf, TravelUnit.KM))
    if network.measure.unit == TravelUnit.KM:
        return km, km
    return _dense(network.measure.within(at, places, np.inf)), km


def _dense(pairs: sparse.csr_array) -> Floats:
    dense = np.full(pairs.shape, np.inf)
    dense[np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr)), pairs.indices] = pairs.data
    return dense


def _rows(network: Network, moves: Moves, number: int, taken: Intake) -> pd.DataFrame:
    """Return an enterprise's part of the table; what is taken in nowhere comes last."""
    nowhere = len(network.outlet_kind)
    left = taken.tonnes[number, nowhere] > 0 or taken.vehicles[number, nowhere] > 0
    own = np.flatnonzero(np.append(_usable(network, moves, number), left))
    ids = np.append(network.outlets["outlet_id"].to_numpy(dtype=object), "")[own]
    kind = np.append(network.outlet_kind, "")[own]
    lonlat = np.concatenate([network.outlet_lonlat, [[np.nan, np.nan]]])[own]
    storage = kind == str(OutletKind.STORAGE)
    where = moves.destinations(network, str(moves.enterprises[number]))
    at, km = onward(network, lonlat, storage, where)
    tonnes = taken.tonnes[number, own]
    way = np.where(located(lonlat), taken.vehicle_km[number, own], np.nan)
    table = pd.DataFrame({"outlet_id": ids, "kind": kind, "tonnes": tonnes, "km": km})
    return table.assign(
        enterprise=str(moves.enterprises[number]),
        destination=np.where(storage, ids, np.append(where.ids, "")[at]),
        tonne_km=tonnes * km,
        cost=tonnes * km * moves.per_tonne_km,
        vehicles=taken.vehicles[number, own],
        vehicle_km=way,
        vehicle_cost=way * moves.per_vehicle_km,
    )[HAULAGE_COLUMNS]
