"""Every assumption of a study in a sentence, so that no figure passes for law that isn't."""

from geodata.messages import Message, Note, NoteKind, say
from planner.scenario import Metric, Scenario
from planner.study import Study


def assumptions(study: Study) -> list[Message]:
    """Return what a study assumes: its rules', its scenario's and its tables' assumptions, in this order."""
    notes = [note.message for note in study.notes if note.kind is NoteKind.ASSUMPTION]
    said = [*_rules(study), *_territory(study), *_distance(study.scenario), *_quantities(study)]
    said += [*_outlets(study), *notes]
    return list({str(message): message for message in said}.values())


def _rules(study: Study) -> list[Message]:
    return [
        say("Assumed by rule {rule}: {statement}", rule=rule.id, statement=rule.statement())
        for rule in study.rules.rules
        if rule.assumption
    ]


def _territory(study: Study) -> list[Message]:
    if not study.rules.id.startswith("cn-"):
        return []
    return [
        say(
            "The rule set binds the mainland (provinces 11 to 65); counties that their province administers "
            "itself are treated as areas."
        )
    ]


def _distance(scenario: Scenario) -> list[Message]:
    """Say how far is measured; by road the notes of a study say it, with the roads' name."""
    if scenario.metric.by_road:
        return []
    if scenario.metric is Metric.DETOUR and scenario.detour is None:
        return [
            say(
                "Distance is measured along the sphere (radius 6371.0088 km) and multiplied by 1.3 below "
                "200 km and 1.25 above, as roads between Chinese cities are longer."
            )
        ]
    if scenario.metric is Metric.DETOUR:
        return [
            say(
                "Distance is measured along the sphere (radius 6371.0088 km) and multiplied by {detour}, for "
                "the detour that roads make.",
                detour=scenario.detour,
            )
        ]
    return [say("Distance is measured in a straight line along the sphere (radius 6371.0088 km).")]


def _quantities(study: Study) -> list[Message]:
    scenario = study.scenario
    lives = ", ".join(
        f"{c.name} {c.life.scale_years:g} a, {c.life.pack_kg:g} kg" for c in scenario.chemistries
    )
    mix = ", ".join(f"{part.name} {part.share:.0%}" for part in scenario.chemistry_mix)
    said = [
        say(
            "Vehicles count as sold at mid-year. Batteries retire by a Weibull law of shape {shape}; scale "
            "and pack weight by chemistry: {lives}. A battery's life in its first vehicle stands for the "
            "vehicle's, none moves to another area, and all come back.",
            shape=scenario.weibull_shape,
            lives=lives,
        ),
        say("Where no chemistry is given, the mix is {mix}.", mix=mix),
    ]
    if scenario.history_complete:
        said.append(say("The sales table is taken to begin with the enterprises' first sales."))
    return said


def _outlets(study: Study) -> list[Message]:
    said = [say("A shared outlet's capacity is divided by the retired tonnes of those who share it.")]
    if study.scenario.allow_joining:
        said.append(
            say(
                "Joining an outlet of others costs {share} times the opening of one's own.",
                share=study.scenario.join_cost,
            )
        )
    return said


def data_notes(study: Study) -> list[Note]:
    """Return what was noticed that is no assumption."""
    return [note for note in study.notes if note.kind is not NoteKind.ASSUMPTION]
