"""Fine outlines around an area: close to what is measured, small, along the borders of provinces once."""

import json

import numpy as np
import pytest
import shapely

from geodata.boundaries import default_areas
from planner import outlines
from planner.outlines import Outlines, fine_outlines
from tests.planner import worlds
from tests.planner.worlds import code

SHENZHEN, DONGGUAN, HONG_KONG = "440300", "441900", "810000"


@pytest.fixture(scope="module")
def areas():
    return default_areas()


def walked(steps: list[int]) -> list[tuple[float, float]]:
    """Return the points of a ring or a line, as the map's script does."""
    points = np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / 1e5
    return list(map(tuple, points.tolist()))


def polygons(fine) -> list[shapely.Geometry]:
    return [
        shapely.MultiPolygon([(walked(rings[0]), [walked(hole) for hole in rings[1:]]) for rings in parts])
        for parts in fine["shape"]
    ]


def test_a_click_beside_a_border_falls_into_the_area_that_is_measured(areas):
    """Points 100 m to both sides of the border between Shenzhen and Dongguan, and of Hong Kong's."""
    fine = fine_outlines(areas, SHENZHEN)
    drawn = dict(zip(areas["adcode"].iloc[fine["at"]], polygons(fine), strict=True))
    exact = areas.set_index("adcode").geometry
    for other in (DONGGUAN, HONG_KONG):
        border = shapely.intersection(exact[SHENZHEN].boundary, exact[other].boundary)
        points = shapely.points(shapely.get_coordinates(shapely.buffer(border, 0.001)))
        inside = shapely.contains(exact[SHENZHEN], points)
        assert 0.2 < inside.mean() < 0.8
        assert (shapely.contains(drawn[SHENZHEN], points) == inside).all()


def test_it_is_no_further_from_the_measured_outline_than_it_says(areas):
    fine = fine_outlines(areas, SHENZHEN)
    for place, shape in zip(fine["at"], polygons(fine), strict=True):
        exact = areas.geometry.iloc[place]
        assert shapely.hausdorff_distance(shape.boundary, exact.boundary) < 10 * outlines.TOLERANCE


def test_borders_of_provinces_run_along_the_outlines(areas):
    """The border with Hong Kong is a province's, the one with Dongguan is not."""
    fine = fine_outlines(areas, SHENZHEN)
    lines = shapely.MultiLineString([walked(line) for line in fine["lines"]])
    drawn = dict(zip(areas["adcode"].iloc[fine["at"]], polygons(fine), strict=True))
    between = {
        other: shapely.intersection(drawn[SHENZHEN].boundary, drawn[other].boundary)
        for other in (DONGGUAN, HONG_KONG)
    }
    assert shapely.intersection(between[HONG_KONG], lines).length == pytest.approx(between[HONG_KONG].length)
    assert shapely.intersection(between[DONGGUAN], lines).length < 0.1 * between[DONGGUAN].length


@pytest.mark.parametrize("adcode", ["500000", "542500", "652800", "810000"])
def test_all_neighbours_are_drawn_finely_and_the_file_stays_small(areas, adcode):
    fine = fine_outlines(areas, adcode)
    shapes = areas.geometry.to_numpy()
    here = shapes[(areas["adcode"] == adcode).to_numpy()][0]
    assert set(np.flatnonzero(shapely.intersects(here, shapes))) <= set(fine["at"])
    assert len(json.dumps(fine, separators=(",", ":"))) < 250_000


def test_areas_drawn_as_finely_anyway_have_none():
    tables = worlds.tables([code(1), code(2)], [("M", code(1), 1)])
    assert fine_outlines(tables.areas, code(1)) is None


def test_they_are_made_once(areas, monkeypatch):
    made: list[str] = []
    monkeypatch.setattr(outlines, "fine_outlines", lambda _, adcode: made.append(adcode))
    kept = Outlines()
    for digest, adcode in (("a", "1"), ("a", "1"), ("b", "1"), ("a", "2")):
        kept.around(areas, digest, adcode)
    assert made == ["1", "1", "2"]
