"""A study by road as a folder: complete in itself, and verified by road."""

import json
import shutil
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest

from geodata.messages import InputError
from geodata.roadnetwork import EDGES_FILE, network_from_arrays, write_roads
from planner.language import translator
from planner.service import routes_of, service_areas_of, unreached_of
from planner.study import place_study
from planner.study_folder import read_study, write_study
from planner.verify import verify
from tests.planner import roadworlds, worlds
from tests.planner.roadstudies import river_study
from tests.planner.worlds import code, rule

A, B = code(1), code(2)
RIVER = [at for at, (tail, head) in enumerate(roadworlds.streets()) if head - tail == 10 and tail < 10]


@pytest.fixture(scope="module")
def placed():
    points = [(A, 2, 0, 3.0), (A, 2, 1, 2.0), (A, 0, 0, 1.0), (B, 7, 1, 1.0)]
    sold = [("M", A, 100), ("N", A, 50), ("M", B, 30)]
    standing = [(A, 0, 0)]
    tables = roadworlds.tables(sold, points, standing, roadworlds.roads(missing=RIVER))
    rules = worlds.rules(rule("reach_share", share=0.8, minutes=60), rule("presence"))
    return place_study(tables, rules, roadworlds.scenario())


@pytest.fixture(scope="module")
def folder(placed, tmp_path_factory):
    path = tmp_path_factory.mktemp("road") / "study"
    write_study(placed, path, translator("en"))
    return path


def test_the_folder_is_complete_and_right(placed, folder):
    assert {"plan_straight.csv", "plan.csv", "study.gpkg"} <= {item.name for item in folder.iterdir()}
    assert verify(folder) is None
    again = read_study(folder)
    pd.testing.assert_frame_equal(again.findings, placed.findings)
    assert again.tables.roads.digest == placed.tables.roads.digest
    assert again.straight.figures() == placed.straight.figures()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["metric"] == "road-min"
    assert summary["roads"]["sha256"] == placed.tables.roads.digest
    assert summary["credits"] == [placed.tables.roads.credit]
    assert summary["by_straight_line"]["new_outlets"] < summary["new_outlets"]


def test_the_geopackage_has_the_layers_of_roads(placed, folder):
    layers = dict(pyogrio.list_layers(folder / "study.gpkg"))
    assert {"service_areas", "routes", "unreached", "credits"} <= set(layers)
    areas = gpd.read_file(folder / "study.gpkg", layer="service_areas")
    assert areas["stage"].value_counts().to_dict() == {"existing": 1, "new": len(placed.new_outlets)}
    assert (areas["limit"].eq(60) & areas["unit"].eq("min") & areas.geometry.is_valid).all()
    routes = gpd.read_file(folder / "study.gpkg", layer="routes")
    assert len(routes) == (routes_of(placed)["km"] > 0).sum()


def test_ways_lead_to_the_nearest_outlet_that_counts(placed):
    routes = routes_of(placed)
    sold = {"p0": 75.0, "p1": 50.0, "p2": 25.0, "p3": 30.0}
    assert set(routes["point_id"]) == set(sold)
    assert routes.groupby("point_id")["units"].sum().to_dict() == pytest.approx(sold)
    assert routes["units"].is_monotonic_decreasing
    outlets = pd.concat([placed.counted_outlets, placed.new_outlets]).set_index("outlet_id")
    for row in routes.itertuples():
        assert set(row.enterprises.split(";")) <= set(outlets.at[row.outlet_id, "enterprises"].split(";"))
        end = outlets.loc[row.outlet_id, ["lon", "lat"]].to_numpy(dtype=float)
        assert np.hypot(*(np.array(row.geometry.coords[-1]) - end)) < 1e-6
    assert (routes["minutes"] <= 60 + 1e-9).mean() >= 0.5
    one = routes_of(placed, point_id="p1")
    assert set(one["point_id"]) == {"p1"}
    assert len(routes_of(placed, enterprise="N", adcode=B)) == 0
    assert len(routes_of(placed, most=1)) == 1


def test_what_is_reached_lies_in_the_service_areas(placed):
    areas = service_areas_of(placed)
    reached = routes_of(placed)
    near = reached[reached["minutes"] <= 59]
    polygons = areas.set_index("outlet_id").geometry
    points = placed.tables.demand.set_index("point_id").loc[near["point_id"], ["lon", "lat"]].to_numpy()
    for place, outlet in zip(points, near["outlet_id"], strict=True):
        assert polygons[outlet].buffer(0.02).covers(gpd.points_from_xy(*place[:, None])[0])
    assert service_areas_of(placed, most=2)["stage"].tolist() == ["new", "new"]
    share = 1 - unreached_of(placed)["units"].sum() / 180
    assert share == pytest.approx(placed.sales_within_reach)


def test_other_roads_are_noticed(folder, tmp_path):
    changed = tmp_path / "study"
    shutil.copytree(folder, changed)
    path = changed / "inputs" / EDGES_FILE
    table = pq.read_table(path)
    at = table.schema.get_field_index("seconds")
    slower = table.set_column(at, "seconds", [np.asarray(table["seconds"]) * 3])
    pq.write_table(slower.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(InputError, match="roads are damaged"):
        verify(changed)
    metadata = json.loads(table.schema.metadata[b"roads"])
    honest = read_study(folder).tables.roads
    other = network_from_arrays(
        honest.node_id, honest.lon, honest.lat, honest.tail, honest.head, honest.length_m,
        honest.seconds * 3, xy=honest.xy, start=honest.start, name=metadata["name"],
    )  # fmt: skip
    write_roads(replace(other, notes=honest.notes), changed / "inputs")
    assert "recomputed" in str(verify(changed))


def test_another_straight_plan_is_noticed(folder, tmp_path):
    """One outlet less, which the figures tell, and one elsewhere, which its site tells."""
    changed = tmp_path / "study"
    shutil.copytree(folder, changed)
    path = changed / "plan_straight.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    assert "by_straight_line" in str(verify(changed))
    shutil.copy(folder / "plan_straight.csv", path)
    table = pd.read_csv(path, dtype=str)
    table.assign(lon=table["lon"].astype(float) + 0.01).to_csv(path, index=False)
    assert "plan_straight.csv" in str(verify(changed))


def test_figures_of_a_straight_plan_that_are_taken_away_are_noticed(folder, tmp_path):
    changed = tmp_path / "study"
    shutil.copytree(folder, changed)
    summary = json.loads((changed / "summary.json").read_text())
    (changed / "summary.json").write_text(json.dumps({**summary, "by_straight_line": None}))
    assert "by_straight_line is missing" in str(verify(changed))


def test_other_places_off_the_roads_are_noticed(tmp_path):
    write_study(river_study(), tmp_path / "study", translator("en"))
    assert verify(tmp_path / "study") is None
    path = tmp_path / "study" / "off_road.csv"
    table = pd.read_csv(path, dtype=str)
    table.assign(id=table["id"].replace("p3", "p1")).to_csv(path, index=False)
    assert str(verify(tmp_path / "study")) == "off_road.csv, row 2: id is p1, recomputed it is p3."
    table.iloc[:1].to_csv(path, index=False)
    assert "off_road.csv: has 1 rows, recomputed there are 2" in str(verify(tmp_path / "study"))
