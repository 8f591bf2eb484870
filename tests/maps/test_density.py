import io
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maps.density import LEVEL, MOST_PIXELS, mercator, picture_of
from maps.layers import MOST_POINTS, demand_layer
from maps.safe import json_text
from planner.language import translator

EN = translator("en")


def classes_of(picture) -> np.ndarray:
    """The class of each pixel, from 1; 0 for nothing."""
    image = np.asarray(Image.open(io.BytesIO(picture.png)))
    assert (image % LEVEL == 0).all()
    return image // LEVEL


def at(picture, lon, lat) -> Any:
    """The classes drawn at some places."""
    drawn = classes_of(picture)
    left, top, right, bottom = picture.world
    where = mercator(np.asarray(lon, float), np.asarray(lat, float)) - [left, top]
    size = np.array([right - left, bottom - top]) / drawn.shape[::-1]
    columns, rows = np.floor(where / size).astype(int).T
    return drawn[rows, columns]


places = st.lists(
    st.tuples(st.floats(73, 135), st.floats(18, 53), st.integers(0, 4)), min_size=1, max_size=40
)


@settings(deadline=None, max_examples=60)
@given(places)
def test_every_point_is_drawn_with_its_class_or_a_higher_one_beside_it(points) -> None:
    lon, lat, member = (np.array(part) for part in zip(*points, strict=True))
    picture = picture_of(lon, lat, member)
    assert (at(picture, lon, lat) >= member + 1).all()
    assert set(np.unique(classes_of(picture))) - {0} <= set(member + 1)
    assert max(classes_of(picture).shape) <= MOST_PIXELS + 1


def grid(side: int, low: float = 20, high: float = 50) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.meshgrid(np.linspace(100, 130, side), np.linspace(low, high, side))
    return lon.ravel(), lat.ravel()


def test_rows_are_even_in_web_mercator_and_not_in_degrees() -> None:
    lon, lat = grid(60)
    picture = picture_of(lon, lat, (lat >= 40).astype(int))
    column = classes_of(picture)[:, 200]
    northern = (column == 2).sum() / (column > 0).sum()
    top, border, low = (float(mercator(np.array([0.0]), np.array([y]))[0, 1]) for y in (50, 40, 20))
    assert northern == pytest.approx((border - top) / (low - top), abs=0.02)
    assert northern > 10 / 30 + 0.03


def test_cells_of_a_grid_leave_no_gaps_between_them_and_little_around_them() -> None:
    lon, lat = grid(60)
    drawn = classes_of(picture_of(lon, lat, np.zeros(len(lon), int)))
    assert (drawn[20:-20, 20:-20] == 1).all()
    alone = classes_of(picture_of(np.append(lon, 140.0), np.append(lat, 35.0), np.zeros(len(lon) + 1, int)))
    assert (alone[:, -60:] > 0).mean() < 0.05


def test_many_points_are_a_picture_and_few_are_points() -> None:
    lon, lat = grid(round((MOST_POINTS + 200) ** 0.5))
    frame = pd.DataFrame({"lon": lon, "lat": lat, "quantity": np.arange(len(lon)) + 1.0})
    many: Any = demand_layer(frame, EN, title="Sales", unit="vehicles")
    few: Any = demand_layer(frame.head(100), EN, title="Sales", unit="vehicles")
    assert many["draws"] == "picture"
    assert many["lon"] == []
    assert {kind["shape"] for kind in many["classes"]} == {"cell"}
    assert sum(kind["count"] for kind in many["classes"]) == len(frame)
    assert "draws" not in few
    assert len(few["lon"]) == 100


def test_a_hundred_thousand_cells_are_light_and_soon_made() -> None:
    lon, lat = grid(317)
    quantity = np.random.default_rng(0).lognormal(0, 1, len(lon))
    frame = pd.DataFrame({"lon": lon, "lat": lat, "quantity": quantity})
    began = time.perf_counter()
    layer = demand_layer(frame, EN, title="Sales", unit="vehicles")
    assert time.perf_counter() - began < 10
    assert len(json_text(layer)) < 500_000
