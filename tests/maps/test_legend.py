import pandas as pd

from maps.legend import quantity_colouring, status_colouring
from maps.palette import LIGHT
from planner.language import translator

EN = translator("en")


def test_status_counts_every_area_once_and_darkens_with_what_is_missing() -> None:
    status = pd.Series(["met", "short", "short", "unknown", "none", "short", "met"])
    missing = pd.Series([0, 1, 40, 0, 0, 0, 0])
    colouring = status_colouring(status, missing, EN)
    assert sum(line.count for line in colouring.classes) == len(status)
    drawn = [colouring.classes[rank] for rank in colouring.member]
    assert [line.mark for line in drawn] == list(status)
    shades = [drawn[place].fill for place in (5, 1, 2)]
    assert shades == sorted(shades)
    assert len(set(shades)) == 3
    assert drawn[5].label == "short, though not of outlets"
    assert drawn[1].label == "short of 1 to 39"


def test_the_deepest_shortage_takes_the_darkest_shade_even_if_alone() -> None:
    colouring = status_colouring(pd.Series(["short"]), pd.Series([7]), EN)
    assert colouring.classes[1].fill == "short-fill-4"


def test_a_quantity_has_a_class_for_zero_and_one_for_no_data() -> None:
    values = pd.Series([0, None, 5, 50, 500, 5000, 50000, 3])
    colouring = quantity_colouring(values, EN, name="sales", title="Sales", unit="vehicles")
    assert colouring.classes[0].label == "0"
    assert colouring.classes[0].count == 1
    assert colouring.classes[-1].label == "no data"
    assert colouring.classes[-1].count == 1
    assert colouring.member[0] == 0
    assert colouring.member[1] == len(colouring.classes) - 1
    assert sum(line.count for line in colouring.classes) == len(values)


def test_every_fill_is_a_colour_of_the_palette() -> None:
    colouring = status_colouring(pd.Series(["met", "short", "none"]), pd.Series([0, 2, 0]), EN)
    assert all(line.fill in LIGHT for line in colouring.classes)
