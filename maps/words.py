"""What the map says: the language it is given, and the words its scripts need."""

from typing import Protocol

from geodata.messages import Message


class Words(Protocol):
    """A language: what `planner.language.translator` returns."""

    def __call__(self, text: str | Message, /, **values: object) -> str:
        """Return a message in this language."""

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return a number as this language writes it."""


def script_words(t: Words) -> dict[str, str]:
    """Return the words that the map's scripts set as text, by the name they use."""
    return {
        "search": t("Search an area: name, pinyin or code"),
        "nothing": t("No area of that name or code"),
        "close": t("Close"),
        "colour": t("Areas coloured by"),
        "layers": t("Legend and layers"),
        "whole": t("Show the whole map"),
        "province": t("province"),
        "route": t("Choose a route"),
        "zoom_in": t("Zoom in"),
        "zoom_out": t("Zoom out"),
        "map": t("Map of the areas and their outlets; the table beside it says the same"),
    }
