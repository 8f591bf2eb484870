from itertools import pairwise

import pytest

from maps.palette import DARK, LIGHT, sequence


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "met", "short", "unknown", "none", "accent", "new-text"])
def test_text_can_be_read_on_every_ground(colours: dict[str, str], ink: str) -> None:
    assert contrast(colours[ink], colours["page"]) >= 4.5
    assert contrast(colours[ink], colours["panel"]) >= 4.5
    assert contrast(colours[ink], colours["raised"]) >= 4.5


def test_the_themes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)


def test_the_ramp_goes_from_light_to_dark() -> None:
    steps = [luminance(colour) for colour in sequence(5)]
    assert steps == sorted(steps, reverse=True)
    assert min(light / dark for light, dark in pairwise(steps)) > 1.4
