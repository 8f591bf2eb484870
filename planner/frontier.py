"""What another outlet buys: the trade between outlets, cost, reach and shortage, as a table and a chart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from geodata.messages import InputError, say
from geodata.schemas import Tables
from optimization import LocationProblem, marginal_prices
from optimization import frontier as solve_frontier
from planner.candidates import candidates_of
from planner.charts import BLUE, ORANGE, chart_style, dress, new_figure
from planner.network import Network, network_of
from planner.place import options_of
from planner.problem import World, problem_of, program_of, world_of
from planner.rules.reach_share import ReachShare
from planner.rules.ruleset import RuleSet
from planner.run import Progress
from planner.scenario import Scenario, scenario_from
from planner.scope import Scope, scopes_of
from planner.shortage import weighted_shortage
from planner.spacing import with_spacing
from planner.study import Study, place_study

COLUMNS = ["value", "objective", "bound", "gap", "outcome"]
Inputs = tuple[Tables, RuleSet, Scenario]
"""What a study is made from."""
LIMITS = {"max-new": "max_open", "budget": "budget"}


@dataclass(frozen=True, slots=True)
class Trade:
    """What is varied: `max-new`, `budget`, or a reach rule's id (its share); and over which values."""

    over: str
    values: tuple[float, ...]

    @property
    def is_limit(self) -> bool:
        """Whether a limit is varied; then the shortage answers, otherwise the cost."""
        return self.over in LIMITS


def scope_frontier(inputs: Inputs, trade: Trade, *, enterprise: str, area: str) -> pd.DataFrame:
    """Return the best answer of one enterprise in one area for each value.

    Parameters
    ----------
    area
        Code or name. Areas that a rule binds to it are planned with it.

    Returns
    -------
    DataFrame
        value, objective (weighted relative shortage over a limit, else the cost of new outlets), bound, gap,
        outcome; NaN where there is no plan.

    Raises
    ------
    InputError
        If there is no such enterprise, area or rule, or several areas are bound together by the rule.
    """
    _, rules, scenario = inputs
    problem = _problem(inputs, enterprise, area)
    over = LIMITS.get(trade.over) or _cover(problem, rules, trade.over)
    objective = "shortage" if trade.is_limit else "cost"
    return solve_frontier(problem, over, trade.values, objective, options_of(scenario))


def scope_prices(inputs: Inputs, *, enterprise: str, area: str) -> pd.DataFrame:
    """Return what one step less of every duty would save one enterprise in one area.

    Returns
    -------
    DataFrame
        rule_id, adcode, required, loosened (one outlet or tonne, or one point of a share, less), cost (then),
        saving, saving_low and saving_high (by the bounds), outcome; no rows where not all duties can be met.
    """
    prices = marginal_prices(_problem(inputs, enterprise, area), "cost", options_of(inputs[2]))
    duties = prices[prices["kind"].isin(["row", "cover"])].reset_index(drop=True)
    named = duties["name"].str.partition("|")
    duties = duties.rename(columns={"limit": "required", "objective": "cost"})
    duties.insert(0, "rule_id", named[0])
    duties.insert(1, "adcode", named[2])
    return duties.drop(columns=["name", "kind"])


def _problem(inputs: Inputs, enterprise: str, area: str) -> LocationProblem:
    """Return the problem of the scope that holds an enterprise's area."""
    tables, rules, scenario = inputs
    network = network_of(tables, scenario, territory=rules.territory)
    world = world_of(network, rules, scenario, candidates_of(tables, network, rules, scenario))
    scope = _scope(world, enterprise, _position(tables, network, area))
    program = program_of(scope, world)
    return with_spacing(problem_of(program, world.bound(scope), world.asked), program, world)


def run_frontier(
    inputs: Inputs,
    trade: Trade,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the shortage of the whole run for each maximum of new outlets, or each budget.

    Returns
    -------
    DataFrame
        value, objective (weighted relative shortage), bound, gap, outcome, new_outlets.
    """
    if not trade.is_limit:
        raise InputError(
            say(
                "To vary the share of a rule, name one enterprise and one area; for the whole run, vary "
                "max-new or budget."
            )
        )
    rows = []
    for value in trade.values:
        limited = _limited(inputs, trade.over, value)
        rows.append(
            _run_row(place_study(*limited, workers=workers, progress=progress, straight=False), value)
        )
    return pd.DataFrame(rows, columns=[*COLUMNS, "new_outlets"])


def _run_row(study: Study, value: float) -> tuple[float, float, float, float, str, int]:
    """Return one answer of a run; where the limit does not bind, the shortage is what stays all the same."""
    placement = study.placement
    assert placement is not None
    size = len(placement.outlets)
    if placement.limited:
        return (value, placement.objective, placement.bound, placement.gap, str(placement.outcome), size)
    shortage = weighted_shortage(study.tables, study.rules, study.scenario, study.findings)
    return (value, shortage, shortage, 0.0, str(placement.outcome), size)


def frontier_chart(
    table: pd.DataFrame, trade: Trade, t: Callable[[str], str] = str, *, named: Sequence[str] = ()
) -> Figure:
    """Return a figure of the answers over the values; bounds dashed where they are not reached.

    `named` are the attributions that the data ask for.
    """
    label = t("Shortage, weighted and relative") if trade.is_limit else t("Cost of new outlets")
    sides = {"max-new": t("New outlets at most"), "budget": t("Budget")}
    with rc_context(chart_style()):
        figure, (axes,) = new_figure(1)
        axes.plot(table["value"], table["objective"], color=BLUE, marker="o", markersize=4)
        if (table["gap"] > 0).any():
            axes.plot(table["value"], table["bound"], color=ORANGE, linestyle="--", label=t("bound"))
            axes.legend(frameon=False)
        axes.set_xlabel(sides.get(trade.over) or t("Share within reach"))
        dress(axes, label)
        if named:
            figure.supxlabel("; ".join(named), x=0.99, ha="right", fontsize=7, color="#555555")
    return figure


def parse_values(text: str) -> tuple[float, ...]:
    """Return the numbers of `0,5,10` or of `0:20:5` (from, to, step).

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        if ":" in text:
            first, last, step = (float(part) for part in text.split(":"))
            count = int(np.floor((last - first) / step + 1e-9)) + 1
            values = tuple(float(value) for value in first + step * np.arange(count))
        else:
            values = tuple(float(part) for part in text.split(","))
    except (ValueError, ZeroDivisionError):
        values = ()
    if not values or not np.isfinite(values).all() or min(values) < 0:
        raise InputError(
            say(
                "--values {text}: write numbers from 0 on, as in 0,5,10, or from:to:step, as in 0:20:5.",
                text=text,
            )
        )
    return values


def _limited(inputs: Inputs, over: str, value: float) -> Inputs:
    """Return the inputs with one limit; a whole number where it counts outlets."""
    tables, rules, scenario = inputs
    field, limit = ("budget", value) if over == "budget" else ("max_new", round(value))
    return tables, rules, scenario_from({**scenario.model_dump(), field: limit})


def _position(tables: Tables, network: Network, area: str) -> int:
    """Return the position of an area in the network by its code or name."""
    named = tables.areas.loc[tables.areas["name"].eq(area) | tables.areas["adcode"].eq(area), "adcode"]
    if len(named) != 1:
        raise InputError(say("There is no single area '{area}'; give its code or its full name.", area=area))
    return int(np.flatnonzero(network.adcodes == named.item())[0])


def _scope(world: World, enterprise: str, position: int) -> Scope:
    """Return the scope of an enterprise that holds an area."""
    scopes: Sequence[Scope] = scopes_of(world.network, world.rules, world.asked)
    for scope in scopes:
        if scope.enterprise == enterprise and position in scope.areas:
            return scope
    raise InputError(
        say(
            "'{enterprise}' owes nothing in {area}; choose an enterprise and an area with sales.",
            enterprise=enterprise,
            area=world.network.adcodes[position],
        )
    )


def _cover(problem: LocationProblem, rules: RuleSet, rule_id: str) -> str:
    """Return the name under which the engine varies the share of a reach rule."""
    names = [cover.name for cover in problem.covers if cover.name.partition("|")[0] == rule_id]
    if not isinstance(rules.by_id.get(rule_id), ReachShare) or not names:
        known = ", ".join(rule.id for rule in rules.rules if isinstance(rule, ReachShare))
        raise InputError(
            say(
                "--over {rule}: vary max-new, budget, or the share of one of: {known}.",
                rule=rule_id,
                known=known,
            )
        )
    if len(names) > 1:
        raise InputError(
            say(
                "Rule {rule} binds several areas here, each with a share of its own; vary max-new.",
                rule=rule_id,
            )
        )
    return f"cover:{names[0]}"
