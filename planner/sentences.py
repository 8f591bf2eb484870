"""Findings in sentences: what is there, what is asked, what to do."""

from collections.abc import Callable, Mapping

import pandas as pd

from geodata.messages import Message, say

MET = {
    "outlets": say("{area}: {enterprise} has {actual:,.0f} {what}, {required:,.0f} asked."),
    "share": say(
        "{area}: {actual:.1%} of the weight of {enterprise} has an outlet near, {required:.1%} asked."
    ),
    "t_per_year": say("{area}: outlets of {enterprise} suffice for {required:,.1f} t a year."),
    "areas": say("{area}: the rule holds in {actual:,.0f} areas of {enterprise}, {required:,.0f} asked."),
}
SHORT = {
    "outlets": say("{area}: {enterprise} has {actual:,.0f} of {required:,.0f} {what}; open {shortage:,.0f}."),
    "share": say(
        "{area}: only {actual:.1%} of the weight of {enterprise} has an outlet near, {required:.1%} asked; "
        "open one where sales are not reached."
    ),
    "t_per_year": say(
        "{area}: outlets of {enterprise} pass on {actual:,.1f} of {required:,.1f} t a year; "
        "add capacity for {shortage:,.1f} t."
    ),
    "areas": say(
        "{area}: the rule holds in {actual:,.0f} areas of {enterprise}, {required:,.0f} asked; "
        "mend {shortage:,.0f} more."
    ),
}
UNKNOWN = {
    "outlets": say(
        "{area}: {enterprise} has {actual:,.0f} {what}; whether that is enough cannot be said: "
        "a figure is missing."
    ),
    "share": say(
        "{area}: at least {actual:.1%} of the weight of {enterprise} has an outlet near, {required:.1%} "
        "asked; give every outlet its coordinates."
    ),
    "t_per_year": say(
        "{area}: outlets of {enterprise} pass on at least {actual:,.1f} t a year; whether that is enough "
        "cannot be said: a figure is missing."
    ),
    "areas": say(
        "{area}: the rule holds in at least {actual:,.0f} areas of {enterprise}, {required:,.0f} asked; "
        "in others a figure is missing."
    ),
}
FAILING = say(
    "{area}: {shortage:,.0f} of {required:,.0f} {what} of {enterprise} lack what is asked; "
    "change or close them, opening others does not help."
)
TOO_MANY = say(
    "{area}: {enterprise} has {actual:,.0f} {what} where at most {required:,.0f} match its sales; "
    "open elsewhere instead."
)
KINDS = {
    "any": say("outlets"),
    "collection": say("collection outlets"),
    "storage": say("storage outlets"),
}
TEMPLATES = {"met": MET, "short": SHORT, "unknown": UNKNOWN}


def sentence(finding: Mapping[str, object]) -> Message:
    """Say a finding, given as a mapping of its columns."""
    unit, status = str(finding["unit"]), str(finding["status"])
    template = TEMPLATES[status][unit]
    if status == "short" and finding["kind"] == "attribute":
        template = FAILING
    elif status == "short" and finding["kind"] == "proportion" and _surplus(finding):
        template = TOO_MANY
    return Message(template.template, {**finding, "what": KINDS[str(finding["outlet_kind"])]})


def with_sentences(findings: pd.DataFrame, translate: Callable[[str], str]) -> pd.DataFrame:
    """Return the findings with a `sentence` each, in the language of `translate` (a gettext function)."""
    columns: dict[str, list[object]] = {str(name): findings[name].tolist() for name in findings}
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return findings.assign(sentence=[sentence(row).text(translate) for row in rows])


def _surplus(finding: Mapping[str, object]) -> bool:
    return float(str(finding["actual"])) > float(str(finding["required"]))
