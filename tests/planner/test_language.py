"""Both languages say everything: no message without its Chinese, no field lost on the way."""

import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from geodata.messages import say
from planner.catalogues import extracted, merged, untranslated, write_catalogue
from planner.language import Language, Translator, read_catalogue, translator

ROOT = Path(__file__).parents[2]
EN, ZH = translator("en"), translator("zh")


@pytest.fixture(scope="module")
def messages() -> Catalog:
    return extracted(ROOT)


def entries(catalogue: Catalog) -> list[Message]:
    return [entry for entry in catalogue if entry.id]


def key(entry: Message) -> str:
    return entry.id if isinstance(entry.id, str) else str(entry.id[0])


def texts(value: object) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [str(value or "")]


def fields(text: str) -> set[tuple[str, str, str]]:
    parsed = string.Formatter().parse(text)
    return {(name, form or "", change or "") for _, name, form, change in parsed if name is not None}


@pytest.mark.parametrize("language", list(Language))
def test_every_message_is_in_the_catalogue(messages: Catalog, language: Language) -> None:
    known = {key(entry) for entry in entries(read_catalogue(language))}
    assert {key(entry) for entry in entries(messages)} - known == set(), "run `make messages`"


@pytest.mark.parametrize("language", list(Language))
def test_the_catalogue_holds_nothing_that_is_gone(messages: Catalog, language: Language) -> None:
    said = {key(entry) for entry in entries(messages)}
    assert {key(entry) for entry in entries(read_catalogue(language))} - said == set(), "run `make messages`"


def test_every_message_has_its_chinese() -> None:
    assert untranslated(read_catalogue(Language.CHINESE)) == []


@pytest.mark.parametrize("language", list(Language))
def test_translations_keep_the_fields_and_none_is_a_guess(language: Language) -> None:
    for entry in entries(read_catalogue(language)):
        assert not entry.fuzzy
        allowed = set().union(*(fields(text) for text in texts(entry.id)))
        for text in filter(None, texts(entry.string)):
            assert fields(text) == allowed, key(entry)


def test_a_message_is_read_in_the_language_asked_for() -> None:
    message = say("short of {first} to {last}", first=2, last=5)
    assert EN(message) == "short of 2 to 5"
    assert ZH(message) == "缺口 2–5 个"
    assert ZH("short of {first} to {last}", first=2, last=5) == "缺口 2–5 个"


def test_what_has_no_translation_stays_english() -> None:
    assert ZH("never translated: {n}", n=3) == "never translated: 3"


def test_plurals_follow_the_number() -> None:
    one, many = "The {n} area meets every duty.", "All {n} areas meet every duty."
    assert EN.plural(one, many, 1) == "The 1 area meets every duty."
    assert EN.plural(one, many, 1234) == "All 1,234 areas meet every duty."
    assert ZH.plural(one, many, 1) == "1 个地区的义务全部达标。"


@pytest.mark.parametrize("t", [EN, ZH])
def test_numbers_are_written_alike(t: Translator) -> None:
    assert t.number(1234567.891) == "1,234,568"
    assert t.number(1234.5678, 2) == "1,234.57"
    assert t.percent(0.8149) == "81.5 %"
    assert t.number(None) == t.percent(float("nan")) == "–"


def test_an_unknown_language_raises() -> None:
    with pytest.raises(ValueError, match="fr"):
        translator("fr")


def test_merging_keeps_translations_and_drops_what_is_gone(tmp_path: Path) -> None:
    messages, old = Catalog(), Catalog(locale="zh_CN")
    messages.add("kept", locations=[("b.py", 0), ("a.py", 0)])
    messages.add("new")
    old.add("kept", "留")
    old.add("gone", "去")
    new = merged(messages, old)
    assert {entry.id: entry.string for entry in entries(new)} == {"kept": "留", "new": ""}
    assert untranslated(new) == ["new"]
    write_catalogue(new, tmp_path / "a.po")
    first = (tmp_path / "a.po").read_text(encoding="utf-8")
    assert "Date" not in first
    assert first.index("kept") < first.index("new")
