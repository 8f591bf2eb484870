"""The engine's conflicts in the planner's terms: rules, areas and demand points, not rows and numbers."""

import re
from dataclasses import replace

import numpy as np

from geodata.messages import say
from optimization import Conflict
from planner.network import Level
from planner.problem import World
from planner.program import Program
from planner.spacing import SPACING

GROUP = re.compile(r"(?P<rule>.+)\[(?P<group>\d+)\]")
"""How the engine names a group of a cover."""
NUMBER = re.compile(r"\d+")


def in_planner_terms(conflict: Conflict, program: Program, world: World) -> Conflict:
    """Return the conflict named RULE|CODE, its demand points by their ids.

    A point without any site has no rule: its name is |CODE; rows of spacing are named spacing|CODE.
    """
    if conflict.name.startswith(f"{SPACING}|"):
        return _of_spacing(conflict, world)
    values = {**conflict.values}
    for listed in ("points", "core"):
        if listed in values:
            values[listed] = NUMBER.sub(lambda found: point_id(program, int(found[0])), str(values[listed]))
    name = conflict.name
    if conflict.kind == "point":
        point = program.points[int(name)]
        values["name"] = point_id(program, int(name))
        name = f"|{program.network.adcodes[program.network.point_area[point]]}"
    elif (group := GROUP.fullmatch(name)) and group["rule"] in world.rules.by_id:
        name = f"{group['rule']}|{_group_code(program, world, group['rule'], int(group['group']))}"
        values["name"] = name
    return replace(conflict, name=name, values=values)


def _of_spacing(conflict: Conflict, world: World) -> Conflict:
    """Return what a row of spacing is in the way of."""
    _, code, _ = conflict.name.split("|")
    values: dict[str, float | str] = {
        "area": _area_name(world, code),
        "km": world.scenario.spacing_km or 0.0,
        "attainable": conflict.values["attainable"],
        "required": conflict.values["required"],
    }
    said = say(
        "In {area} new outlets at least {km:g} km apart, and from those that stand, leave room for "
        "{attainable} at sites that are near each other, but the other limits need {required}. Lower the "
        "spacing, or add sites.",
        **values,
    )
    return replace(
        conflict,
        name=f"{SPACING}|{code}",
        sentence=str(said),
        template=said.template,
        values=values,
    )


def _area_name(world: World, code: str) -> str:
    at = int(np.flatnonzero(world.network.adcodes == code)[0])
    return str(world.network.levels[Level.AREA].names[at])


def point_id(program: Program, number: int) -> str:
    """Return the id of the scope's demand point with this number."""
    return str(program.network.point_ids[program.points[number]])


def _group_code(program: Program, world: World, rule_id: str, group: int) -> str:
    """Return the code of the territory that a group of an across-borders cover stands for."""
    rule = world.rules.by_id[rule_id]
    owed = [place for _, place in program.owed(rule.role, rule.level, world.asked[rule_id].owed)]
    return str(program.network.levels[rule.level].codes[owed[group]])
