from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from geodata.assignment import assign_areas
from geodata.boundaries import AREA_COLUMNS, read_areas, simplified
from geodata.messages import InputError

LEFT, RIGHT = shapely.box(9, 50, 10, 51), shapely.box(10, 50, 11, 51)


def layer(
    geometry: Sequence[shapely.Geometry | None] = (LEFT, RIGHT), crs: int | None = 4326, **columns: object
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns or {"code": ["B", "A"]}, geometry=list(geometry), crs=crs)


def written(frame: gpd.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("name", ["x.geojson", "x.gpkg", "x.parquet"])
def test_a_code_and_a_polygon_are_enough_in_every_format(tmp_path: Path, name: str) -> None:
    areas = read_areas(written(layer(), tmp_path / name))
    assert tuple(areas.columns) == AREA_COLUMNS
    assert areas["adcode"].tolist() == areas["name"].tolist() == areas["name_en"].tolist() == ["A", "B"]
    assert areas["province"].unique().tolist() == ["x"]
    assert areas["province_adcode"].nunique() == 1
    assert areas["population"].isna().all()
    assert areas.crs == "EPSG:4326"
    assert assign_areas([9.5, 10.5, 10.0], [50.5, 50.5, 50.5], areas).tolist() == ["B", "A", "A"]


@pytest.mark.parametrize("name", ["x.gpkg", "x.parquet"])
def test_projected_polygons_come_back_in_degrees(tmp_path: Path, name: str) -> None:
    areas = read_areas(written(layer().to_crs(25832), tmp_path / name))
    np.testing.assert_allclose(areas.total_bounds, [9, 50, 11, 51], atol=1e-6)


def test_names_provinces_and_population_are_taken_where_given(tmp_path: Path) -> None:
    frame = layer(
        adcode=["1", "2"],
        name=["左岸市", ""],
        province=["Hesse", ""],
        population=[10.0, np.nan],
        colour=["red", "blue"],
    )
    areas = read_areas(written(frame, tmp_path / "x.gpkg"))
    assert areas["name"].tolist() == ["左岸市", "2"]
    assert areas["pinyin"].tolist() == ["Zuoan", ""]
    assert areas["name_en"].tolist() == ["Zuo'an", "2"]
    assert areas["province"].tolist() == ["Hesse", "x"]
    assert areas["province_adcode"].tolist() == ["Hesse", "00"]
    assert areas["population"].tolist()[0] == 10.0
    assert areas["colour"].tolist() == ["red", "blue"]


def test_chinese_codes_tell_the_province(tmp_path: Path) -> None:
    frame = layer((shapely.box(113, 22, 114, 23), shapely.box(114, 22, 115, 23)), code=["440305", "440304"])
    areas = read_areas(written(frame, tmp_path / "districts.geojson"))
    assert areas["province_adcode"].unique().tolist() == ["440000"]
    assert areas["province"].unique().tolist() == ["广东省"]


def test_six_digits_elsewhere_are_no_chinese_codes(tmp_path: Path) -> None:
    areas = read_areas(written(layer(code=["440305", "440304"]), tmp_path / "x.geojson"))
    assert areas["province"].unique().tolist() == ["x"]


def test_the_default_areas_written_and_read_are_themselves(tmp_path: Path) -> None:
    areas = read_areas()
    again = read_areas(written(areas, tmp_path / "areas.parquet"))
    assert_geodataframe_equal(again, areas)


def test_own_areas_can_be_drawn(tmp_path: Path) -> None:
    drawn = simplified(read_areas(written(layer(), tmp_path / "x.gpkg")))
    assert shapely.area(drawn.geometry.to_numpy()).sum() == pytest.approx(2.0, rel=1e-3)


BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (layer(code=["A", "A"]), r"row 2: the code 'A' is there twice \(first in row 1\)"),
        (layer((LEFT, None)), r"row 2: area 'A' has no geometry"),
        (layer((LEFT, shapely.Polygon())), r"row 2: area 'A' has no geometry"),
        (layer((shapely.Point(1, 1), RIGHT)), r"row 1: area 'B' is a Point"),
        (layer((LEFT, BOWTIE)), r"row 2: the polygon of area 'A' is invalid \(Self-intersection"),
        (layer(code=["A", ""]), r"row 2, column 'code'"),
        (layer(colour=["A", "B"]), r"the column 'adcode'"),
        (layer(crs=None), r"does not say its coordinate system"),
        (layer((shapely.box(5e5, 5e6, 6e5, 6e6), RIGHT)), r"coordinates that are no degrees"),
    ],
)
def test_bad_polygons_are_one_clear_sentence(tmp_path: Path, frame: gpd.GeoDataFrame, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_areas(written(frame, tmp_path / "x.parquet"))
    assert len(caught.value.messages) == 1


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    frame = layer((LEFT, None), code=["A", "A"])
    with pytest.raises(InputError) as caught:
        read_areas(written(frame, tmp_path / "x.parquet"))
    assert len(caught.value.messages) == 2


def test_a_table_without_polygons_is_no_areas_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("adcode,name\n1,a\n")
    with pytest.raises(InputError, match="has no polygons"):
        read_areas(path)
