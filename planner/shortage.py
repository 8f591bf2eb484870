"""What a run within limits leaves short, counted from its findings."""

import numpy as np
import pandas as pd

from geodata.schemas import Tables
from planner.candidates import candidates_of
from planner.limits import sales_shares
from planner.network import Level, network_of
from planner.place import due_scopes
from planner.problem import world_of
from planner.rules.ruleset import RuleSet
from planner.scenario import Scenario
from planner.scope import scopes_of

APART = ("attribute", "area_share", "proportion")
"""Kinds of rules that the objective shortage doesn't count."""


def weighted_shortage(tables: Tables, rules: RuleSet, scenario: Scenario, findings: pd.DataFrame) -> float:
    """Return the weighted relative shortage of a limited plan: what its master minimised.

    Each finding lacks a part of what it asks; the parts of a scope are weighted by the scope's share of the
    sales of all scopes that needed a plan.

    Parameters
    ----------
    tables
        The tables without the new outlets.
    findings
        The findings with them.
    """
    network = network_of(tables, scenario, territory=rules.territory)
    world = world_of(network, rules, scenario, candidates_of(tables, network, rules, scenario))
    scopes = scopes_of(network, rules, world.asked)
    due = due_scopes(world, scopes)
    planned = [scope for scope in scopes if scope.name in due]
    weight = {
        (scope.enterprise, str(level), network.levels[level].codes[place]): share
        for scope, share in zip(planned, sales_shares(network, planned), strict=True)
        for level in Level
        for place in np.unique(network.levels[level].of_area[scope.areas])
    }
    counted = findings[findings["duty"].astype(bool) & ~findings["kind"].isin(APART)]
    keys = zip(counted["enterprise"], counted["level"], counted["adcode"], strict=True)
    weights = np.array([weight.get(key, 0.0) for key in keys])
    return float(weights @ relative_shortage(counted).to_numpy()) if len(counted) else 0.0


def relative_shortage(findings: pd.DataFrame) -> "pd.Series[float]":
    """Return the part of what is asked that each finding lacks; none where it is met."""
    required = findings["required"].to_numpy(dtype=float)
    lack = np.maximum(required - findings["actual"].to_numpy(dtype=float), 0.0)
    part = np.where(required > 0, lack / np.where(required > 0, required, 1.0), 0.0)
    return pd.Series(np.where(findings["status"].eq("met"), 0.0, part), index=findings.index)
