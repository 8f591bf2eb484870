"""Sites that a person tries: outlets put on the map, moved and taken away again, and where none may be."""

import hashlib
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from geodata.messages import Note, NoteKind, say
from geodata.schemas import OutletKind, Tables
from optimization import Outcome
from planner.openings import PLAN_COLUMNS
from planner.placement import BY_HAND, CONFLICT_COLUMNS, SCOPE_COLUMNS, Placement
from planner.scenario import Frozen, NonNegative, Scenario

Origin = Literal["map", "table", "proposal"]
PREFIX = "T"
"""With what the ids of tried sites begin; doubled until no existing outlet's id begins so."""


class TriedSite(Frozen):
    """An outlet that is tried, not opened.

    Attributes
    ----------
    outlet_id
        Unique in the draft, and no existing outlet's.
    enterprises
        Who uses it, ;-separated.
    lon, lat
        WGS 84, degrees.
    adcode
        The area it stands in.
    opening_cost
        In the scenario's unit.
    origin
        Whether it was clicked, typed in, or proposed by the optimiser.
    """

    outlet_id: str
    name: str
    kind: OutletKind
    enterprises: str
    lon: float
    lat: float
    adcode: str
    area_m2: NonNegative | None = None
    stock_cap_t: NonNegative | None = None
    pickups_per_year: NonNegative | None = None
    opening_cost: NonNegative = 1.0
    origin: Origin = "map"
    reason: str = ""

    @property
    def label(self) -> str:
        """Its name and number, as people read it: 深圳市 0001."""
        return f"{self.name} {self.outlet_id.rpartition('-')[2]}"

    @property
    def users(self) -> tuple[str, ...]:
        """The enterprises that use it."""
        return tuple(name.strip() for name in self.enterprises.split(";") if name.strip())


class Exclusion(Frozen):
    """A part of the map where nothing may be opened: a name, and corners as (longitude, latitude)."""

    name: str
    corners: tuple[tuple[float, float], ...]


class Accepted(Frozen):
    """What the optimiser said of a proposal that was accepted whole.

    Attributes
    ----------
    outcome, bound
        Of the proposal's cost.
    sites
        A name of exactly these sites: with others, or the same ones changed, nothing is known.
    under
        A name of the tables, rules, assumptions and exclusions it was said of; see `planner.work.Work.asked`.
    """

    outcome: Outcome
    bound: float
    sites: str
    under: str = ""


class Draft(Frozen):
    """All sites tried at one moment, and where none may be."""

    sites: tuple[TriedSite, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    accepted: Accepted | None = None

    @property
    def by_id(self) -> dict[str, TriedSite]:
        """The sites by their id."""
        return {site.outlet_id: site for site in self.sites}

    @property
    def proven(self) -> Accepted | None:
        """What the optimiser said, while the sites are those that it proposed."""
        said = self.accepted
        return said if said is not None and said.sites == content(self.sites) else None


def content(sites: Iterable[TriedSite]) -> str:
    """Return a name of some sites that changes with whatever is changed in them."""
    text = "\0".join(sorted(site.model_dump_json() for site in sites))
    return hashlib.sha256(text.encode()).hexdigest()


def new_id(draft: Draft, adcode: str, tables: Tables) -> str:
    """Return an id that no site and no outlet has: T440300-0001."""
    taken = {site.outlet_id for site in draft.sites}
    standing = tables.outlets["outlet_id"].astype(str)
    prefix = PREFIX
    while standing.str.startswith(prefix).any():
        prefix += PREFIX
    number = 1
    while (found := f"{prefix}{adcode}-{number:04d}") in taken:
        number += 1
    return found


def new_site(
    draft: Draft,
    tables: Tables,
    scenario: Scenario,
    *,
    lon: float,
    lat: float,
    adcode: str,
    enterprises: str,
    kind: OutletKind = OutletKind.COLLECTION,
    origin: Origin = "map",
) -> TriedSite:
    """Return a site as new outlets are in the scenario, named after the area it stands in."""
    usual = getattr(scenario.new_outlet, str(kind))
    names = tables.areas.loc[tables.areas["adcode"] == adcode, "name"]
    return TriedSite(
        outlet_id=new_id(draft, adcode, tables),
        name=str(names.iloc[0]) if len(names) else adcode,
        kind=kind,
        enterprises=enterprises,
        lon=lon,
        lat=lat,
        adcode=adcode,
        area_m2=usual.area_m2,
        stock_cap_t=usual.stock_cap_t,
        pickups_per_year=usual.pickups_per_year,
        opening_cost=usual.opening_cost,
        origin=origin,
    )


def added(draft: Draft, *sites: TriedSite) -> Draft:
    """Return the draft with more sites.

    Raises
    ------
    ValueError
        If the draft has a site of this id.
    """
    ids = [site.outlet_id for site in (*draft.sites, *sites)]
    if len(set(ids)) < len(ids):
        raise ValueError("a site of this id is there already")
    return draft.model_copy(update={"sites": (*draft.sites, *sites)})


def edited(draft: Draft, outlet_id: str, **fields: object) -> Draft:
    """Return the draft with a site changed; KeyError where there is none of this id.

    Raises
    ------
    ValidationError
        If a value doesn't fit.
    """
    changed = TriedSite.model_validate({**draft.by_id[outlet_id].model_dump(), **fields})
    sites = tuple(changed if site.outlet_id == outlet_id else site for site in draft.sites)
    return draft.model_copy(update={"sites": sites})


def removed(draft: Draft, *outlet_ids: str) -> Draft:
    """Return the draft without some sites."""
    left = tuple(site for site in draft.sites if site.outlet_id not in outlet_ids)
    return draft.model_copy(update={"sites": left})


def excluded(draft: Draft, *exclusions: Exclusion) -> Draft:
    """Return the draft with these parts of the map excluded, and no others."""
    return draft.model_copy(update={"exclusions": exclusions})


def plan_rows(draft: Draft, tables: Tables, scenario: Scenario) -> pd.DataFrame:
    """Return the tried sites as rows of a plan: the columns of plan.csv, one row each.

    What is blank is as in the scenario's new outlets, as for all sites.
    """
    if not draft.sites:
        empty = pd.DataFrame(columns=PLAN_COLUMNS)
        return empty.astype({"lon": float, "lat": float, "opening_cost": float})
    names = dict(zip(tables.areas["adcode"], tables.areas["name"], strict=True))
    numbers = ("area_m2", "stock_cap_t", "pickups_per_year")
    rows = [
        {
            **site.model_dump(mode="json"),
            **{name: _usual(site, name, scenario) for name in numbers if getattr(site, name) is None},
            "site_id": site.outlet_id,
            "name": f"{site.name} {site.outlet_id.rpartition('-')[2]}",
            "area": names.get(site.adcode, ""),
            "action": "open",
        }
        for site in draft.sites
    ]
    return pd.DataFrame(rows, columns=PLAN_COLUMNS)


def _usual(site: TriedSite, name: str, scenario: Scenario) -> float:
    value = getattr(getattr(scenario.new_outlet, str(site.kind)), name)
    return np.nan if value is None else float(value)


def placement_of(draft: Draft, tables: Tables, scenario: Scenario, *, short: bool = False) -> Placement:
    """Return the tried sites as a plan.

    Outcome and bound are the optimiser's only while the sites are those that it proposed; else no bound is
    known, and a note says so.

    Parameters
    ----------
    short
        Whether duties stay short with the sites: then the plan is infeasible, as for every plan.
    """
    rows, proven = plan_rows(draft, tables, scenario), draft.proven
    outcome = proven.outcome if proven is not None and not short else Outcome.FEASIBLE
    cost = float(rows["opening_cost"].sum())
    bound = min(proven.bound, cost) if proven is not None else 0.0
    method = BY_HAND if proven is None else "proposed by the optimiser"
    scopes = _scopes(rows, Outcome.INFEASIBLE if short else outcome, method)
    return Placement(
        outlets=rows,
        scopes=scopes,
        conflicts=pd.DataFrame(columns=CONFLICT_COLUMNS),
        outcome=Outcome.INFEASIBLE if short else outcome,
        objective=cost,
        bound=bound,
        gap=abs(cost - bound) / max(1.0, abs(cost)),
        notes=() if proven is not None else (_by_hand(),),
    )


def _by_hand() -> Note:
    text = say("The new outlets were chosen by hand: what the best plan would cost is not known.")
    return Note(NoteKind.PROGRAM, text)


def _scopes(rows: pd.DataFrame, outcome: Outcome, method: str) -> pd.DataFrame:
    """Return a row for each enterprise's sites, as plans have for what was planned together."""
    table = [
        {
            "scope": f"{users}|{group['adcode'].min()}",
            "enterprise": users,
            "areas": ";".join(sorted(set(group["adcode"]))),
            "points": 0,
            "sites": len(group),
            "outcome": str(outcome),
            "objective": float(group["opening_cost"].sum()),
            "bound": 0.0,
            "gap": 0.0,
            "shortage": 0.0,
            "seconds": 0.0,
            "method": method,
        }
        for users, group in rows.groupby("enterprises", sort=True)
    ]
    return pd.DataFrame(table, columns=SCOPE_COLUMNS)
