"""The two languages a person can read this program in: chosen per call, never installed for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import resources

from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from geodata.messages import Message

DECIMALS = {0: "#,##0", 1: "#,##0.#", 2: "#,##0.##", 3: "#,##0.###"}


class Language(StrEnum):
    """What `--lang` takes."""

    ENGLISH = "en"
    CHINESE = "zh"

    @property
    def locale(self) -> str:
        """Return the name of the catalogue and of the number formats, `en` or `zh_CN`."""
        return {"en": "en", "zh": "zh_CN"}[self.value]

    @property
    def html(self) -> str:
        """Return the value of a page's `lang` attribute."""
        return {"en": "en", "zh": "zh-CN"}[self.value]


@dataclass(frozen=True, slots=True)
class Translator:
    """Reads messages in one language and writes numbers the way it does.

    Attributes
    ----------
    language
        The language it speaks.
    singular, plural_forms
        Translation of a message; forms of a message that depends on a number. What is missing stays English.
    """

    language: Language
    singular: Mapping[str, str] = field(repr=False)
    plural_forms: Mapping[str, tuple[str, ...]] = field(repr=False)

    def gettext(self, text: str) -> str:
        """Return the translation of an English template, or the template itself."""
        return self.singular.get(text) or text

    def __call__(self, text: str | Message, /, **values: object) -> str:
        """Return a message, or an English template filled with `values`, in this language."""
        message = text if isinstance(text, Message) else Message(text, values)
        return message.text(self.gettext)

    def plural(self, one: str, many: str, n: float, /, **values: object) -> str:
        """Return the form of a template that fits `n`; `{n}` in it is the number, thousands separated."""
        forms = [form for form in self.plural_forms.get(one, ()) if form] or [one, many]
        template = forms[0] if n == 1 else forms[-1]
        return template.format(n=self.number(n), **values)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return `value` with thousands separated and at most `decimals` (0 to 3); a dash if missing."""
        if value is None or value != value:
            return "–"
        return format_decimal(value, format=DECIMALS[decimals], locale=_locale(self.language))

    def percent(self, share: float | None) -> str:
        """Return a share between 0 and 1 as percent with one decimal; a missing one is a dash."""
        if share is None or share != share:
            return "–"
        return format_decimal(100 * share, format="#,##0.0", locale=_locale(self.language)) + " %"


def translator(language: str = "en") -> Translator:
    """Return the translator of `en` or `zh`.

    Raises
    ------
    ValueError
        For any other language.
    """
    return _translator(Language(language))


@lru_cache(maxsize=len(Language))
def _locale(language: Language) -> Locale:
    """Return the number formats; looking a locale up by name for every number would take most of the time."""
    return Locale.parse(language.locale)


@lru_cache(maxsize=len(Language))
def _translator(language: Language) -> Translator:
    singular: dict[str, str] = {}
    forms: dict[str, tuple[str, ...]] = {}
    for entry in read_catalogue(language):
        if isinstance(entry.id, (tuple, list)):
            forms[entry.id[0]] = tuple(map(str, entry.string or ()))
        elif entry.id:
            singular[entry.id] = str(entry.string)
    return Translator(language, singular, forms)


def read_catalogue(language: Language) -> Catalog:
    """Read the catalogue of a language from the package."""
    path = resources.files("planner") / "locale" / language.locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language.locale)
