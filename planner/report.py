"""The report: one page that holds a study's answer, its map and its tables, and opens anywhere."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import jinja2

from geodata.messages import Note
from maps import export
from maps.palette import MARKS
from planner.assumptions import assumptions, data_notes
from planner.credits import credits_of
from planner.language import Translator
from planner.report_answer import answer, figures
from planner.report_digest import WORST, Digest, digest_of, failing, rule_set_title
from planner.report_haulage import haulage_lines, haulage_table
from planner.report_map import is_china, study_map
from planner.report_plan import conflict_table, scope_table, solver_lines
from planner.report_roads import measured_lines, metric_words, off_road_table, straight_table
from planner.report_service import MOST_ROUTES, Service, route_table, service_layers, service_of
from planner.report_tables import (
    Table,
    area_table,
    areas_by_province,
    enterprise_table,
    finding_table,
    plan_table,
    province_table,
    requirement_table,
)
from planner.rules.wording import source_in
from planner.straight import straight_sentences
from planner.study import Study

NOTES = 300
"""Data notes that the report prints; the workbook holds them all."""


@dataclass(frozen=True, slots=True)
class Section:
    """A folded part of the report: sentences, figures with their labels, a table; each may be missing."""

    name: str
    title: str
    note: str = ""
    table: Table | None = None
    lines: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    table_title: str = ""
    open: bool = False


def write_report(study: Study, path: Path, translator: Translator) -> None:
    """Write the report of a study as one self-contained page.

    Parameters
    ----------
    study
        The study.
    path
        Where the page goes.
    translator
        The language of the page.
    """
    path.write_text(report_page(study, translator), encoding="utf-8", newline="\n")


def report_page(study: Study, translator: Translator) -> str:
    """Return the report of a study as a page; see `write_report`."""
    digest, service = digest_of(study, translator), service_of(study)
    drawing = export.parts(study_map(digest, service_layers(service, digest)))
    styles = (*drawing.styles, _part("report.css"))
    scripts = (*drawing.scripts, _part("report.js"))
    return _environment().get_template("report.html.j2").render(
        _=translator,
        t=translator,
        marks=MARKS,
        lang=translator.language.html,
        styles=styles,
        scripts=scripts,
        policy=export.policy(scripts, styles),
        map_body=drawing.body,
        **_content(digest, service),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("planner", "report_templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=4)
def _part(name: str) -> str:
    return (resources.files("planner") / "report_templates" / name).read_text(encoding="utf-8")


def _content(digest: Digest, service: Service) -> dict[str, object]:
    """Return what the template prints."""
    study, t = digest.study, digest.t
    return {
        "study": study,
        "title": _title(digest),
        "rule_set": rule_set_title(study, t),
        "rule_source": source_in(study.rules, t.language),
        "answer": answer(digest),
        "figures": figures(digest, study.sales_within_reach),
        "areas": area_table(digest),
        "sections": _sections(digest, service),
        "metric": metric_words(digest),
        "credits": credits_of(study.tables),
        "provinces": areas_by_province(digest),
        "assumptions": [t(message) for message in assumptions(study)],
        "notes": [_note(note, t) for note in data_notes(study)[:NOTES]],
        "notes_total": len(data_notes(study)),
        "solver": solver_lines(digest),
        "china": is_china(study.tables.areas),
    }


def _title(digest: Digest) -> str:
    t = digest.t
    return t("Outlet network {year}: {rules}", year=digest.study.scenario.year, rules=digest.study.rules.id)


def _sections(digest: Digest, service: Service) -> list[Section]:
    t = digest.t
    failed = len(failing(digest.duties))
    more = ""
    if failed > WORST:
        more = t(
            "the worst {n} of {total}; all are in findings.csv", n=t.number(WORST), total=t.number(failed)
        )
    findings = finding_table(digest)
    found: list[Section | None] = [
        Section("findings", t("What is short, and what to do"), more, findings, open=bool(findings.rows)),
        _optional("conflicts", t("What opening outlets cannot mend"), conflict_table(digest)),
        _optional("plan", t("New outlets"), plan_table(digest), _plan_note(digest)),
        _straight(digest),
        _routes(digest, service),
        _moving(digest),
        _roads(digest),
        Section("provinces", t("By province"), "", province_table(digest)),
        Section("enterprises", t("By enterprise"), "", enterprise_table(digest)),
        Section(
            "requirements", t("Requirements"), rule_set_title(digest.study, t), requirement_table(digest)
        ),
        _optional("scopes", t("Planning problems not solved to the optimum"), scope_table(digest)),
    ]
    return [section for section in found if section is not None]


def _plan_note(digest: Digest) -> str:
    t, total = digest.t, len(digest.study.new_outlets)
    if total <= WORST:
        return ""
    return t("the first {n} of {total}; all are in plan.csv", n=t.number(WORST), total=t.number(total))


def _routes(digest: Digest, service: Service) -> Section | None:
    """Return the ways from demand points to outlets; None where distances are straight lines."""
    t, note = digest.t, ""
    if len(service.routes) == MOST_ROUTES:
        note = t("the {n} demand points of most sales; more are in study.gpkg", n=t.number(MOST_ROUTES))
    return _optional("routes", t("Ways to the nearest outlet"), route_table(service, digest), note)


def _straight(digest: Digest) -> Section | None:
    """Return how the plan differs from one by straight line; None where there is none."""
    t, table = digest.t, straight_table(digest)
    if table is None:
        return None
    lines = tuple(t(message) for message in straight_sentences(digest.study))
    return Section("straight", t("What roads change"), "", table, lines=lines, open=True)


def _moving(digest: Digest) -> Section | None:
    """Return what moving batteries comes to; None where it is not looked at."""
    t, haulage = digest.t, digest.study.haulage
    if haulage is None:
        return None
    note = t("the first {n}; all are in haulage.csv", n=t.number(WORST)) if len(haulage) > WORST else ""
    return Section(
        "haulage", t("Moving batteries"), note, haulage_table(haulage, digest),
        lines=haulage_lines(haulage, digest),
    )  # fmt: skip


def _roads(digest: Digest) -> Section | None:
    """Return how ways by road are measured, and the places off the roads; None where they are straight."""
    t, measured = digest.t, measured_lines(digest)
    if not measured:
        return None
    return Section(
        "roads", t("How distances are measured"), "", off_road_table(digest), pairs=tuple(measured),
        table_title=t("Off the roads"),
    )  # fmt: skip


def _optional(name: str, title: str, table: Table | None, note: str = "") -> Section | None:
    return None if table is None else Section(name, title, note, table)


def _note(note: Note, t: Translator) -> str:
    place = [note.source, t("row {row}", row=note.row) if note.row is not None else "", note.column]
    where = ", ".join(part for part in place if part)
    return f"{where}: {t(note.message)}" if where else t(note.message)
