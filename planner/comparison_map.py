"""How a comparison colours the areas: better, worse, as before."""

import pandas as pd

from maps.layers import Fact
from maps.legend import Colouring, LegendClass
from planner.compare import NOWHERE, Difference
from planner.language import Translator
from planner.report_digest import status_words

FILLS = {
    Difference.BETTER: ("met-fill", "met"),
    Difference.WORSE: ("short-fill-2", "short"),
    Difference.SAME: ("none-fill", "none"),
    Difference.OTHER: ("unknown-fill", "unknown"),
}
"""Colour and sign: blue with a circle, vermilion with a triangle, nearly white, hatched."""


def difference_words(t: Translator) -> dict[str, str]:
    """Return what became of an area in the reader's language."""
    return {
        str(Difference.BETTER): t("better"),
        str(Difference.WORSE): t("worse"),
        str(Difference.SAME): t("as before"),
        str(Difference.OTHER): t("only in one of them"),
    }


def difference_facts(areas: pd.DataFrame, adcodes: pd.Series, t: Translator) -> list[Fact]:
    """Return the figures on the areas' cards: status, missing outlets and short duties of both studies."""
    found = areas.set_index("adcode").reindex(adcodes.to_numpy())
    status = {**status_words(t), NOWHERE: NOWHERE}
    said = {
        t("Status before"): found["before"].map(status).fillna(NOWHERE),
        t("Status after"): found["after"].map(status).fillna(NOWHERE),
        t("Missing before"): found["missing_before"].map(t.number),
        t("Missing after"): found["missing_after"].map(t.number),
        t("Duties short before"): found["short_before"].map(t.number),
        t("Duties short after"): found["short_after"].map(t.number),
    }
    return [Fact(label, tuple(str(value) for value in values)) for label, values in said.items()]


def difference_colouring(areas: pd.DataFrame, adcodes: pd.Series, t: Translator) -> Colouring:
    """Return the colouring of a map by what became of its areas.

    Parameters
    ----------
    areas
        adcode and difference, as of `planner.compare.area_differences`.
    adcodes
        The areas of the map, in its order; those of neither study count as unchanged.
    """
    found = areas.set_index("adcode")["difference"].reindex(adcodes.to_numpy()).fillna(str(Difference.SAME))
    words, order = difference_words(t), list(FILLS)
    classes = tuple(
        LegendClass(words[str(one)], int((found == one).sum()), fill, mark)
        for one, (fill, mark) in FILLS.items()
    )
    member = tuple(order.index(Difference(one)) for one in found)
    return Colouring("difference", t("Difference"), t("areas"), classes, member)
