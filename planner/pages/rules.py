"""The rules page: what is asked and where it is from, in one's own numbers; and what is assumed."""

import hashlib
from collections.abc import Callable

import streamlit as st

from geodata.messages import InputError, say
from planner import ruleforms
from planner.forms import choice_name, field_name
from planner.language import Translator
from planner.pages import assumptions, session
from planner.pages.entries import entries
from planner.pages.problems import show_problems
from planner.rules.ruleset import AnyRule, RuleSet, rule_set_toml
from planner.rules.wording import source_in, title_in

MOST_OWN = 20
ROLES = {"maker": say("vehicle makers"), "battery_maker": say("battery makers")}
LEVELS = {"area": say("in each area"), "province": say("in each province"), "nation": say("in the nation")}
OUTLETS = {
    "any": say("outlets of any kind"),
    "collection": say("collection outlets"),
    "storage": say("storage outlets"),
}


def show() -> None:
    """Show the page."""
    t = session.language()
    rules = session.work().rules
    _answer(rules, t)
    for rule in rules.rules:
        _rule(rules, rule, t)
    _changes(rules, t)
    left, right = st.columns(2, gap="large")
    with left:
        _save(rules, t)
    with right:
        _upload(t)
    st.divider()
    assumptions.show(t)


def _answer(rules: RuleSet, t: Translator) -> None:
    assumed = sum(rule.assumption for rule in rules.rules)
    st.header(
        t(
            "{number} rules, {assumed} of them with a number that is assumed",
            number=len(rules.rules),
            assumed=assumed,
        )
    )
    st.markdown(
        f"**{session.plain(title_in(rules, t.language))}**  \n{session.plain(source_in(rules, t.language))}"
    )
    st.caption(" · ".join([session.plain(rules.id), *_days(rules, t)]))


def _days(rules: RuleSet, t: Translator) -> list[str]:
    since = rules.in_force
    said = [t("in force from {day}", day=since) if since else t("no date of coming into force")]
    return said + ([t("repealed on {day}", day=rules.repealed)] if rules.repealed else [])


def _rule(rules: RuleSet, rule: AnyRule, t: Translator) -> None:
    """Show a rule, folded: what it asks of whom, where from, and the form that changes its numbers."""
    mark = f" · :orange-badge[{t('assumed')}]" if rule.assumption else ""
    whom = f"{t(ROLES[rule.role])}, {t(LEVELS[rule.level])}, {t(OUTLETS[rule.outlet_kind])}"
    with st.expander(f"**{session.plain(t(rule.statement()))}** · {whom}{mark}", expanded=rule.assumption):
        st.caption(t("Source: {source}", source=session.plain(source_in(rule, t.language))))
        if rule.id in rules.named:
            st.caption(t("Another rule asks this of a share of the areas; by itself it is no duty."))
        if rule.assumption:
            st.caption(t("The law gives no such number: it is assumed, and every report says so."))
        _form(rules, rule, t)


def _form(rules: RuleSet, rule: AnyRule, t: Translator) -> None:
    by_road = session.work().scenario.metric.by_road
    fields = ruleforms.rule_fields(rules, rule.id, by_road=by_road)
    key = f"rule:{_digest(rules.id, rule.model_dump_json(), str(by_road))}"
    with st.form(key, border=False):
        entered = entries(fields, t, key=key, columns=4)
        applied = st.form_submit_button(t("Apply"), key=f"{key}:apply")
    if applied:
        _take(lambda: ruleforms.with_parameters(rules, rule.id, entered, by_road=by_road), t)


def _take(make: Callable[[], RuleSet], t: Translator) -> None:
    """Hold the network against the rule set that is made from now on, or say what does not fit."""
    try:
        changed = make()
    except InputError as error:
        show_problems(error.messages, t, consequence=t("The rules stay as they are."))
        return
    if changed == session.work().rules:
        return
    own = session.own_rules()
    if changed.id not in session.rule_sets() or changed.id in own:
        session.keep_own(own, changed.id, changed, most=MOST_OWN)
    session.change(rules=changed)
    st.rerun()


def _changes(rules: RuleSet, t: Translator) -> None:
    """Show what is not as in the bundled set."""
    base = ruleforms.nearest_preset(rules)
    if base is None:
        return
    found = ruleforms.parameter_changes(rules, base)
    if not found:
        st.caption(t("All numbers are those of the bundled rule set {id}.", id=session.plain(base.id)))
        return
    st.subheader(t("Changed against {id}", id=session.plain(base.id)))
    rows = [
        {
            t("Rule"): one.rule,
            t("What"): t(field_name(one.parameter)) if one.parameter else t("the whole rule"),
            t("Before"): _shown(one.before, t),
            t("Now"): _shown(one.after, t),
        }
        for one in found
    ]
    st.dataframe(rows, hide_index=True, width="stretch", alt=t("Changed against {id}", id=base.id))


def _shown(value: object, t: Translator) -> str:
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one, t) for one in value) or "–"
    if isinstance(value, int | float):
        return t.number(value, 3)
    return "–" if value is None else t(choice_name(str(value)))


def _save(rules: RuleSet, t: Translator) -> None:
    st.subheader(t("Keep these rules"))
    key = f"save:{_digest(rules.id, rules.title)}"
    own = ruleforms.own_copy(rules)
    with st.form(key):
        name = st.text_input(t("Id (letters, digits, '.', '_', '-')"), own.id, max_chars=64, key=f"{key}:id")
        title = st.text_input(
            t("Title"), title_in(own, t.language), max_chars=ruleforms.LONGEST_TITLE, key=f"{key}:title"
        )
        saved = st.form_submit_button(t("Save as a rule set"), key=f"{key}:save")
    if saved:
        _take(lambda: ruleforms.renamed(rules, name, title), t)
    st.download_button(
        t("Download as TOML"), rule_set_toml(rules), f"{_file_name(rules.id)}.toml", "application/toml",
        key="rules_toml", on_click="ignore",
    )  # fmt: skip
    st.caption(t("Saved rule sets last as long as this page is open; the file keeps them."))


def _upload(t: Translator) -> None:
    st.subheader(t("Rules of your own"))
    file = st.file_uploader(t("Rule set as TOML, up to 100 kB"), type=["toml"], key="upload_rules")
    pressed = st.button(t("Use this rule set"), disabled=file is None, key="use_rules")
    if pressed and file is not None:
        name, content = file.name, file.getvalue()
        by_road = session.work().scenario.metric.by_road
        _take(lambda: ruleforms.read_rule_set((name, content), by_road=by_road), t)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)[:64]
