"""The report says what the study says, in both languages, and takes nobody's text for markup."""

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from geodata.messages import Note, NoteKind, say
from planner.conflict_words import SENTENCES, conflict_sentence
from planner.language import Translator, translator
from planner.report import report_page, write_report
from planner.report_answer import answer, figures
from planner.report_digest import Digest, digest_of, missing_outlets, worst_first
from planner.report_map import card_lines, colourings
from planner.report_plan import conflict_table
from planner.report_tables import area_table, enterprise_table, plan_table, province_table
from planner.study import Study, check_study, place_study
from tests.planner import worlds
from tests.planner.worlds import at, code, rule

explain = import_module("optimization.explain")
EN, ZH = translator("en"), translator("zh")
HOSTILE = "</script><img src=x onerror=alert(1)>${alert(2)}`"
CODES = [code(1), code(2), code(1, "14")]
RULES = worlds.rules(
    rule("presence"), rule("ratio", quantity="sales", per=100, assumption=True), rule("presence", "battery",
    role="battery_maker", level="province"),
)  # fmt: skip


def small_study(*, name: str = "M", planned: bool = False) -> Study:
    """Three areas in two provinces: one met, one short of 3, one where a battery maker is short."""
    sold = [(name, CODES[0], 90), (name, CODES[1], 250), ("B", CODES[2], 10, "battery_maker")]
    standing = [at(CODES[0], 100.5, 30.5, enterprises=name, name=HOSTILE)]
    tables = worlds.tables(CODES, sold, standing)
    run = place_study if planned else check_study
    return run(tables, RULES, worlds.scenario())


@pytest.fixture(scope="module")
def checked() -> Study:
    return small_study()


@pytest.fixture(scope="module")
def planned() -> Study:
    return small_study(planned=True)


def digest(study: Study, t: Translator = EN) -> Digest:
    return digest_of(study, t)


def test_the_answer_counts_what_is_short(checked: Study) -> None:
    assert answer(digest(checked)) == "2 of 3 areas are short: 4 outlets missing, most in province 13 (3)."
    assert answer(digest(checked, ZH)).startswith("3 个地区中有 2 个不足：共缺 4 个网点")


def test_the_answer_after_planning_says_what_it_takes(planned: Study) -> None:
    assert answer(digest(planned)) == "4 new outlets let all 3 areas meet every duty."


def test_there_are_at_most_five_figures_each_with_its_scope(checked: Study, planned: Study) -> None:
    for study in (checked, planned):
        shown = figures(digest(study), 0.5)
        assert len(shown) == 5
        assert all(figure.label and figure.note for figure in shown)
    assert [figure.value for figure in figures(digest(planned), None)] == ["3", "5", "1", "4"]


def test_missing_outlets_take_the_strictest_rule_of_each_kind(checked: Study) -> None:
    table = missing_outlets(checked.duties, checked.tables.areas).set_index("enterprise")["missing"]
    assert table.to_dict() == {"M": 3, "B": 1}


def test_the_area_table_begins_with_the_largest_shortage(checked: Study) -> None:
    rows = area_table(digest(checked)).rows
    assert [row.area for row in rows] == [CODES[1], CODES[2], CODES[0]]
    assert [row.status for row in rows] == ["short", "short", "met"]


def test_tables_by_province_and_enterprise_agree_with_the_answer(checked: Study) -> None:
    counted = digest(checked)
    provinces = [[cell.text for cell in row.cells] for row in province_table(counted).rows]
    assert [row[3] for row in provinces] == ["3", "1"]
    enterprises = {row.cells[0].text: row.cells[-1].text for row in enterprise_table(counted).rows}
    assert enterprises == {"M": "3", "B": "1"}


def test_the_plan_is_listed_only_where_there_is_one(checked: Study, planned: Study) -> None:
    assert plan_table(digest(checked)) is None
    table = plan_table(digest(planned))
    assert table is not None
    assert len(table.rows) == len(planned.new_outlets) == 4


def test_the_worst_findings_come_first(checked: Study) -> None:
    ranked = worst_first(checked.duties, checked.area_status())
    assert ranked["status"].tolist() == sorted(ranked["status"], key=["short", "unknown", "met"].index)
    short = ranked[ranked["status"] == "short"]
    assert short["severity"].is_monotonic_decreasing


def test_an_area_without_findings_of_its_own_shows_its_provinces(checked: Study) -> None:
    lines = card_lines(digest(checked))
    assert lines[CODES[0]] == []
    assert any("B" in line.text for line in lines[CODES[2]])


def test_the_map_shows_before_and_after(planned: Study) -> None:
    after, before, *_ = colourings(digest(planned))
    assert [after.classes[rank].mark for rank in after.member] == ["met"] * 3
    assert [before.classes[rank].mark for rank in before.member] == ["met", "short", "short"]


@pytest.mark.parametrize("t", [EN, ZH], ids=["en", "zh"])
def test_the_page_is_whole(planned: Study, t: Translator, tmp_path: Path) -> None:
    write_report(planned, tmp_path / "report.html", t)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f'<html lang="{t.language.html}">' in text
    for part in ("findings", "plan", "provinces", "enterprises", "requirements", "assumptions", "notes",
                 "solver", "sources"):  # fmt: skip
        assert f'id="{part}"' in text
    assert t("assumed") in text
    assert planned.version in text
    assert "Fictional" not in text
    assert "审图号" not in text, "these areas are not China's"


def test_a_sample_says_so(checked: Study) -> None:
    sample = replace(checked, tables=replace(checked.tables, sample=True))
    assert report_page(sample, EN).count("Fictional sample.") == 2
    assert "虚构样例" in report_page(sample, ZH)


def test_text_of_users_is_text() -> None:
    study = small_study(name=HOSTILE, planned=True)
    areas = study.tables.areas.assign(name=HOSTILE, name_en=HOSTILE, province=HOSTILE, pinyin=HOSTILE)
    note = Note(NoteKind.AREA, say("'{value}'", value=HOSTILE), source=HOSTILE, column=HOSTILE)
    hostile = replace(study, tables=replace(study.tables, areas=areas, notes=(note,)))
    text = report_page(hostile, EN)
    assert "<img" not in text
    assert text.count("</script>") == len(re.findall(r"<script[ >]", text))
    assert not [
        script for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL) if "alert" in script
    ]


def test_the_policy_admits_only_what_the_page_brings(checked: Study) -> None:
    text = report_page(checked, EN)
    rules = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert rules is not None
    assert "unsafe" not in rules[1]
    assert rules[1].count("sha256-") == len(re.findall(r"<(?:script|style)>", text))
    assert 'style="' not in text
    assert not re.search(r"<(?:link|iframe|img|object)\b", text)


def test_the_same_study_makes_the_same_page(checked: Study) -> None:
    assert report_page(checked, EN) == report_page(checked, EN)


def test_the_engine_says_nothing_the_catalogues_do_not_know() -> None:
    known = {message.template for message in SENTENCES}
    assert known == {*explain.TEMPLATES.values(), *explain.REPAIRS.values()}


def test_what_opening_cannot_mend_is_said_in_both_languages() -> None:
    shop = at(CODES[0], 100.5, 30.5, enterprises="M", area_m2=4.0)
    tables = worlds.tables(CODES, [("M", CODES[0], 90)], [shop])
    rules = worlds.rules(rule("presence"), rule("attribute", column="area_m2", at_least=10))
    study = place_study(tables, rules, worlds.scenario())
    english, chinese = (conflict_table(digest(study, t)) for t in (EN, ZH))
    assert english is not None
    assert chinese is not None
    assert "opening others does not help" in english.rows[0].cells[2].text
    assert "增设网点无济于事" in chinese.rows[0].cells[2].text
    assert conflict_table(digest(small_study(planned=True))) is None


def test_the_engines_two_sentences_are_translated_one_by_one() -> None:
    template = f"{explain.TEMPLATES['max_open']} {explain.REPAIRS['max_open']}"
    values = {"attainable": "2", "required": "5", "shortage": "3"}
    said = conflict_sentence(template, values, EN)
    assert said == "The maximum of new outlets is 2, but it takes 5. Raise max_open to 5."
    assert (
        conflict_sentence(template, values, ZH)
        == "至多可新增 2 个网点，但需要 5 个。请将 max_open 提高到 5。"
    )
