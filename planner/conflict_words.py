"""The engine's sentences about what cannot be met, for the translators.

The engine (`optimization.explain`) knows no languages: it says what is wrong and the repair in English, each
from a small set of templates. They are listed here so that the catalogues hold them; a test keeps the two
lists the same.
"""

from collections.abc import Mapping

from geodata.messages import Message, say
from planner.language import Translator

SENTENCES = (
    say("{name} needs {required} units, but only {attainable} can be had together with the other limits."),
    say("{name} asks for {required} of the weight, but only {attainable} can be served."),
    say("{name} asks for {required} of the weight, but only {attainable} can have an outlet near."),
    say("Demand point {name} has no site it could be served from, and its weight counts."),
    say("The maximum of new outlets is {attainable}, but it takes {required}."),
    say("The budget is {attainable}, but {required} is needed."),
    say("A weight of {required} must be served, but the capacities fall short by {shortage}."),
    say("{name} allows at most {attainable} units, but the other limits need {required}."),
    say("Lower the requirement to {attainable}."),
    say("Make room for {shortage} more at its sites."),
    say("Add a site within reach of demand points {points}."),
    say("Add a site near this demand point, or widen the reach."),
    say("Raise max_open to {required}."),
    say("Raise the budget to {required}."),
    say("Enlarge the capacity of an outlet (site: by how much): {enlarged}."),
    say("Raise it to {required}."),
    say("Both must change together: max_open to {max_open} and the budget to {budget}."),
    say("Demand points {core} alone ask for more than the other limits allow."),
    say("This alone does not suffice: other limits are in conflict too."),
    say("Time ran out before this was proven to be the least."),
)


def conflict_sentence(template: str, values: Mapping[str, object], t: Translator) -> str:
    """Return a conflict in the reader's language: one message, or two of the engine's in a row."""
    if template in t.singular:
        return t(Message(template, values))
    parts = sorted(SENTENCES, key=lambda part: template.find(part.template))
    said = [t(Message(part.template, values)) for part in parts if part.template in template]
    return (" " if t.language == "en" else "").join(said) if said else t(Message(template, values))
