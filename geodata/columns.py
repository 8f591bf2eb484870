"""What every column of every table is: its names in two languages, its unit, and what its cells may hold."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any


class Kind(StrEnum):
    """How a column's cells are read."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    WHOLE = "whole"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table.

    Attributes
    ----------
    name
        The canonical (English) name.
    chinese
        The Chinese name, as in the template.
    kind
        How its cells are read.
    about, about_chinese
        One sentence for whoever fills the table in.
    aliases
        Other headers that mean this column; case, spaces and a unit in brackets don't matter.
    required
        The column must be there, without a blank cell.
    at_least, at_most
        The limits of a number, both included.
    choices
        Each value and the words that mean it.
    default
        What a blank choice means.
    unit
        The unit of a number.
    """

    name: str
    chinese: str
    kind: Kind
    about: str
    about_chinese: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    at_least: float | None = None
    at_most: float | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table: its name in two languages, the worksheets it may stand in, and its columns."""

    name: str
    chinese: str
    fields: tuple[Field, ...]
    sheets: tuple[str, ...] = ()
    may_be_empty: bool = True
    has_geometry: bool = False

    def __getitem__(self, name: str) -> Field:
        return next(one for one in self.fields if one.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical names of the columns, in order."""
        return tuple(one.name for one in self.fields)


def folded(text: object) -> str:
    """Return a header or word as it is compared: half-width, no case, spaces, dashes or unit in brackets.

    Examples
    --------
    >>> folded("Stock cap (t)"), folded("销量（辆）"), folded("outlet-ID")
    ('stockcap', '销量', 'outletid')
    """
    plain = unicodedata.normalize("NFKC", str(text)).casefold()
    without_unit = re.sub(r"[(\[][^()\[\]]*[)\]]\s*\*?\s*$", "", plain)
    return re.sub(r"[\s_\-*.:\u200b\ufeff]+", "", without_unit or plain)


def _definitions() -> tuple[TableDefinition, ...]:
    """Return the tables that `data/columns.toml` describes."""
    data = tomllib.loads(files("geodata").joinpath("data/columns.toml").read_text("utf-8"))
    words = {
        name: {value: tuple(others) for value, others in values.items()}
        for name, values in data["words"].items()
    }
    return tuple(_definition(table, words) for table in data["tables"])


def _definition(table: dict[str, Any], words: Mapping[str, Mapping[str, tuple[str, ...]]]) -> TableDefinition:
    fields = tuple(_field(one, words) for one in table["fields"])
    return TableDefinition(**(table | {"fields": fields, "sheets": tuple(table["sheets"])}))


def _field(entry: dict[str, Any], words: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Field:
    choices = words[entry["words"]] if "words" in entry else {}
    plain = {name: value for name, value in entry.items() if name != "words"}
    given = {"kind": Kind(entry["kind"]), "aliases": tuple(entry.get("aliases", ())), "choices": choices}
    return Field(**(plain | given))


DEFINITIONS = _definitions()
SALES, OUTLETS, SITES, DEMAND, AREAS = DEFINITIONS
