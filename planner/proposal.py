"""The optimiser asked for sites: for one enterprise, in an area and what its rules tie to it."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from geodata.messages import Message, say
from geodata.schemas import OutletKind, Tables
from optimization import Outcome
from planner.candidates import Candidates, candidates_of
from planner.conflict_words import conflict_sentence
from planner.draft import Accepted, Draft, TriedSite, added, content, new_id
from planner.ground import Ground, ground_of
from planner.language import Translator
from planner.moves import moves_of
from planner.openings import plan_table
from planner.place import due_scopes, options_of
from planner.placement import conflict_row
from planner.problem import World, world_of
from planner.refusals import inside
from planner.rules.ruleset import RuleSet
from planner.run import COST, LIMITED, SHORTAGE, TOTAL, Job, Planned, Progress, Run, least_short, solved
from planner.scenario import Scenario
from planner.scope import Scope, scopes_of
from planner.total import has_something, offers_storage, plan_total, require_total
from planner.trial import with_sites_opened
from planner.variants import Choice, enforced_rules

Objective = Literal["cost", "distance", "coverage", "shortage", "total"]
STAGES: dict[str, tuple[str, ...]] = {
    "cost": COST,
    "distance": ("distance", "cost"),
    "coverage": ("coverage", "cost", "distance"),
    "shortage": SHORTAGE,
    "total": TOTAL,
}
NEEDS_LIMIT = frozenset({"distance", "coverage"})
"""What never has enough: without a limit, they open whatever there is."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the optimiser.

    Attributes
    ----------
    enterprise, adcode
        For whom, and where.
    objective
        What counts first; by `cost` the cheapest sites that meet every duty, then the nearest; by `total`
        the cheapest to open and to move batteries by.
    max_new, budget
        The most new outlets, and the most cost; None: no limit.
    time_limit_s
        Of the solver.
    """

    enterprise: str
    adcode: str
    objective: Objective = "cost"
    max_new: int | None = None
    budget: float | None = None
    time_limit_s: float = 60.0


@dataclass(frozen=True)
class Proposal:
    """What the optimiser proposes.

    Attributes
    ----------
    asked
        What it was asked.
    sites
        The sites, ids new to the draft; the tried ones are not among them.
    outcome, value, bound, gap
        Of the first objective; without a plan, value and bound are NaN.
    conflicts
        What keeps duties from being met: template, values and adcode by row; see `planner.placement`.
    tried
        A name of the tried sites it was made with.
    nothing_short
        Whether every duty was met already, so that nothing was asked of the solver.
    """

    asked: Asked
    sites: tuple[TriedSite, ...]
    outcome: Outcome
    first: str = "cost"
    value: float = float("nan")
    bound: float = float("nan")
    gap: float = float("nan")
    conflicts: tuple[dict[str, object], ...] = ()
    tried: str = ""
    nothing_short: bool = False

    @property
    def cost(self) -> float:
        """What opening the sites costs."""
        return float(sum(site.opening_cost for site in self.sites))


def propose(
    tables: Tables,
    rules: RuleSet,
    scenario: Scenario,
    draft: Draft,
    asked: Asked,
    *,
    progress: Progress | None = None,
) -> Proposal:
    """Return the sites that the optimiser proposes beside those that are tried.

    Tried sites stand as if they were open. Sites in excluded parts of the map are left out, and so is joining
    outlets of others. Where not every duty can be met, the least shortage is proposed, with what is in the
    way.

    Raises
    ------
    InputError
        If the rules cannot be planned together.
    """
    ground = ground_of(tables, rules, scenario, enterprise=asked.enterprise, adcode=asked.adcode)
    return propose_on(ground, draft, asked, progress=progress)


def propose_on(ground: Ground, draft: Draft, asked: Asked, *, progress: Progress | None = None) -> Proposal:
    """Return the same on a ground: the small part of the tables that such a job is sent."""
    solver = ground.scenario.solver.model_copy(update={"time_limit_s": asked.time_limit_s})
    counted: Literal["cost", "total"] = "total" if asked.objective == "total" else "cost"
    changed = {"solver": solver, "allow_joining": False, "objective": counted}
    scenario = ground.scenario.model_copy(update=changed)
    network = with_sites_opened(ground, draft, ground.tables)
    candidates = _allowed(candidates_of(ground.tables, network, ground.rules, scenario), draft)
    moves = moves_of(ground.tables, network, ground.rules, scenario) if counted == "total" else None
    world = world_of(network, ground.rules, scenario, candidates, moves=moves)
    if moves is not None:
        require_total(network, moves, scenario, storage=offers_storage(world))
    run = Run(world, options_of(scenario), None, progress)
    scopes = [s for s in scopes_of(network, ground.rules, world.asked) if s.enterprise == asked.enterprise]
    scope = _scope_at(world, scopes, asked.adcode)
    choice = enforced_rules(run, scopes)
    if scope is None or not _has_work(world, scope, asked, choice):
        return Proposal(asked, (), Outcome.OPTIMAL, tried=content(draft.sites), nothing_short=True)
    job = Job(
        scope,
        choice.enforced.get(scope.name, frozenset()),
        max_open=asked.max_new,
        budget=asked.budget,
    )
    run.tell(say("Planning {areas} areas", areas=len(scope.areas)), 0, 1)
    planned = _planned(run, job, asked)
    return _proposal(world, ground, draft, asked, planned)


def _has_work(world: World, scope: Scope, asked: Asked, choice: Choice) -> bool:
    """Whether something is short; distance, coverage and moving can be bettered even where nothing is."""
    if asked.objective in NEEDS_LIMIT:
        return True
    if world.moves is not None and has_something(world.moves, scope):
        return True
    due = due_scopes(world, [scope])
    return scope.name in due or scope.name in choice.given_up or bool(choice.enforced.get(scope.name))


def _scope_at(world: World, scopes: list[Scope], adcode: str) -> Scope | None:
    at = np.flatnonzero(world.network.adcodes == adcode)
    return next((scope for scope in scopes if np.isin(at, scope.areas).any()), None)


def _allowed(candidates: Candidates, draft: Draft) -> Candidates:
    """Return the candidates outside the excluded parts of the map."""
    lon, lat = candidates.lonlat.T if len(candidates.lonlat) else (np.empty(0), np.empty(0))
    kept = np.ones(len(lon), dtype=bool)
    for exclusion in draft.exclusions:
        kept &= ~inside(exclusion, lon, lat)
    return replace(
        candidates,
        table=candidates.table[kept].reset_index(drop=True),
        **{
            name: getattr(candidates, name)[kept]
            for name in ("kind", "area", "lonlat", "annual_t", "cost", "units", "site", "outlet")
        },
    )


def _planned(run: Run, job: Job, asked: Asked) -> Planned:
    """Return the plan for what is asked; where the duties can't be met so, that of the least shortage."""
    if asked.objective == "total":
        return plan_total(run, [job])[0]
    stages = STAGES[asked.objective]
    limited = asked.max_new is not None or asked.budget is not None
    planned = solved(run, [job], stages)[0]
    if planned.plan.outcome is not Outcome.INFEASIBLE:
        return planned
    if asked.objective == "shortage" or not limited:
        return least_short(run, [job])[0]
    explained = least_short(run, [job])[0]
    most = ("shortage", *stages) if asked.objective in NEEDS_LIMIT else LIMITED
    again = solved(run, [explained.job], most)[0]
    return replace(again, feasible=False, conflicts=explained.conflicts)


def _proposal(world: World, ground: Ground, draft: Draft, asked: Asked, planned: Planned) -> Proposal:
    rows = plan_table(planned.openings, world.candidates, world.network)
    stage = planned.plan.objectives[0] if planned.plan.objectives else None
    outcome = planned.plan.outcome if planned.feasible else Outcome.INFEASIBLE
    found = Proposal(
        asked=asked,
        sites=_sites(rows, draft, ground),
        outcome=Outcome.TIME_LIMIT if planned.plan.open is None else outcome,
        conflicts=tuple(
            conflict_row(planned.job.scope.name, asked.enterprise, conflict) for conflict in planned.conflicts
        ),
        tried=content(draft.sites),
    )
    if stage is None:
        return found
    return replace(found, first=stage.name, value=stage.value, bound=stage.bound, gap=stage.gap)


def _sites(rows: pd.DataFrame, draft: Draft, ground: Ground) -> tuple[TriedSite, ...]:
    """Return the plan's outlets as sites."""
    so_far, number = draft, len(draft.sites)
    for row in rows.to_dict("records"):
        site = TriedSite(
            outlet_id=new_id(so_far, str(row["adcode"]), ground.tables),
            name=str(row["name"]).rpartition(" ")[0],
            kind=OutletKind(row["kind"]),
            enterprises=str(row["enterprises"]),
            lon=float(row["lon"]),
            lat=float(row["lat"]),
            adcode=str(row["adcode"]),
            area_m2=_number(row["area_m2"]),
            stock_cap_t=_number(row["stock_cap_t"]),
            pickups_per_year=_number(row["pickups_per_year"]),
            opening_cost=float(row["opening_cost"]),
            origin="proposal",
            reason=str(row["site_id"]),
        )
        so_far = added(so_far, site)
    return so_far.sites[number:]


def _number(value: object) -> float | None:
    number = float(str(value))
    return None if np.isnan(number) else number


def shut_out(draft: Draft, proposal: Proposal) -> frozenset[str]:
    """Return the ids of the proposed sites that lie in a part of the map excluded since."""
    lon, lat = [site.lon for site in proposal.sites], [site.lat for site in proposal.sites]
    out = np.zeros(len(proposal.sites), dtype=bool)
    for exclusion in draft.exclusions:
        out |= inside(exclusion, lon, lat)
    return frozenset(site.outlet_id for site, is_out in zip(proposal.sites, out, strict=True) if is_out)


def accepted(
    draft: Draft,
    proposal: Proposal,
    tables: Tables,
    chosen: frozenset[str] | None = None,
    *,
    under: str = "",
) -> Draft:
    """Return the draft with the proposal's sites, or some of them; ids that are taken by now become new ones.

    Sites in excluded parts of the map are left out. What the optimiser proved stays known only where the
    whole proposal is accepted by a draft without sites, and for what `under` names; see `Accepted`.
    """
    ids = {site.outlet_id for site in proposal.sites} if chosen is None else chosen
    ids = ids - shut_out(draft, proposal)
    after = draft
    for site in proposal.sites:
        if site.outlet_id in ids:
            free = site.outlet_id not in after.by_id
            name = site.outlet_id if free else new_id(after, site.adcode, tables)
            after = added(after, site.model_copy(update={"outlet_id": name}))
    sites = after.sites[len(draft.sites) :]
    alone = not draft.sites and len(sites) == len(proposal.sites)
    if not alone or proposal.first != "cost" or proposal.outcome not in (Outcome.OPTIMAL, Outcome.FEASIBLE):
        return after.model_copy(update={"accepted": None})
    said = Accepted(outcome=proposal.outcome, bound=proposal.bound, sites=content(sites), under=under)
    return after.model_copy(update={"accepted": said})


def sentence(proposal: Proposal, t: Translator) -> str:
    """Return what came out in one sentence: how many sites, at what cost, how near to the best."""
    if proposal.nothing_short:
        return t("Every duty that outlets can meet is met: nothing to propose.")
    if proposal.outcome is Outcome.TIME_LIMIT:
        return t("Time ran out before a plan was found. Give it more time, or ask for less.")
    number, cost = len(proposal.sites), t.number(proposal.cost, 2)
    if proposal.outcome is Outcome.INFEASIBLE:
        return t.plural(
            "Not every duty can be met so; {n} outlet leaves the least shortage, cost {cost}.",
            "Not every duty can be met so; {n} outlets leave the least shortage, cost {cost}.",
            number,
            cost=cost,
        )
    return t.plural(
        "{n} outlet proposed, cost {cost}.", "{n} outlets proposed, cost {cost}.", number, cost=cost
    )


def proof(proposal: Proposal, t: Translator) -> Message | None:
    """Say how near to the best the proposal is: the first objective, its bound and gap."""
    if np.isnan(proposal.value) or np.isnan(proposal.bound):
        return None
    words = {
        "cost": say("opening cost"),
        "shortage": say("relative shortage"),
        "distance": say("sales times distance"),
        "coverage": say("sales within reach"),
        "total": say("opening and moving, a year"),
    }
    values = {
        "what": words[proposal.first],
        "value": t.number(proposal.value, 3),
        "bound": t.number(proposal.bound, 3),
        "gap": t.percent(proposal.gap),
    }
    if proposal.outcome is Outcome.OPTIMAL:
        return say("Proven best by {what}: {value}, bound {bound}, gap {gap}.", **values)
    return say("By {what}: {value}, bound {bound}, gap {gap}.", **values)


def conflict_sentences(proposal: Proposal, names: dict[str, str], t: Translator) -> list[str]:
    """Return what keeps duties from being met, a sentence each; `names` are the areas' by code."""
    said = []
    for row in proposal.conflicts:
        place = names.get(str(row["adcode"]), str(row["adcode"]))
        given = row["values"]
        values: dict[str, object] = {**given} if isinstance(given, dict) else {}
        if "|" in str(values.get("name", "")):
            values["name"] = f"{row['rule_id']} ({place})"
        said.append(conflict_sentence(str(row["template"]), {**values, "area": place}, t))
    return said
