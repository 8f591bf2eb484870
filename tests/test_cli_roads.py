"""The command line by road: roads from files and from a service, and what it says of mistakes."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import geodata.roads
from planner.cli import main
from tests.geodata import cities
from tests.geodata.overpass import serving

RULES = """
id = "city"
title = "A city's own"
source = "test"
[[rules]]
id = "near"
kind = "reach_share"
role = "maker"
source = "test"
parameters = {share = 0.9, minutes = 2}
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a city with one maker and demand at all its crossings."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    frame = {"adcode": ["990100"], "name": ["city"], "province_adcode": ["990000"], "province": ["land"]}
    gpd.GeoDataFrame(frame, geometry=[cities.BOX], crs=4326).to_file(tmp_path / "areas.geojson")
    sales = {"enterprise": ["M"], "adcode": ["990100"], "year": [2024], "vehicles": [500]}
    pd.DataFrame(sales).to_csv(tmp_path / "sales.csv", index=False)
    places = [place for number, place in cities.city().nodes.items() if number <= 36]
    demand = pd.DataFrame(places, columns=["lon", "lat"]).assign(
        point_id=[f"p{at}" for at in range(len(places))], adcode="990100", weight=1.0
    )
    demand.to_csv(tmp_path / "demand.csv", index=False)
    (tmp_path / "rules.toml").write_text(RULES)
    data = [f"--{name}={tmp_path / name}{ending}" for name, ending in
            (("sales", ".csv"), ("areas", ".geojson"), ("demand", ".csv"), ("rules", ".toml"))]  # fmt: skip

    def call(command: str, *args: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([command, *(data if command in ("check", "place", "frontier") else []), *map(str, args)])
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return call


def test_a_city_is_planned_by_road_from_a_file(run: Run, tmp_path: Path) -> None:
    roads = cities.city().write(tmp_path / "city.osm")
    out = tmp_path / "study"
    code, said = run("place", "--metric=road-min", f"--roads={roads}", f"--out={out}")
    assert code == 0, said
    assert "Ways are the shortest by road in city.osm" in said
    assert "New outlets planned by straight line" in said
    summary = json.loads((out / "summary.json").read_text())
    assert summary["roads"]["name"] == "city.osm"
    assert summary["inputs"][-1]["name"] == "city.osm"
    assert summary["sales_within_reach_share"] >= 0.9
    assert run("verify", out)[0] == 0
    code, said = run(
        "place", "--metric=road-km", "--set=near.distance_km=0.5", f"--roads={roads}", f"--out={out}"
    )
    assert code == 0, said
    assert json.loads((out / "summary.json").read_text())["metric"] == "road-km"


def test_a_frontier_by_road_names_whose_roads_they_are(run: Run, tmp_path: Path) -> None:
    roads = cities.city().write(tmp_path / "city.osm")
    out = tmp_path / "frontier"
    code, said = run("frontier", "--values=0,1", "--metric=road-min", f"--roads={roads}", f"--out={out}")
    assert code == 0, said
    assert "Data: © OpenStreetMap contributors" in said
    assert "© OpenStreetMap contributors" in (out / "frontier.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("named", [False, True])
def test_without_a_file_the_service_is_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    whole = cities.city()
    roads = whole.part({number for number, _, _ in whole.ways if number < 400})  # the others are no roads
    answer = json.dumps(roads.overpass()).encode()
    with serving((200, answer)) as overpass:
        monkeypatch.setattr(geodata.roads, "OVERPASS_URL", "http://127.0.0.1:9" if named else overpass.url)
        options = ["--metric=road-min", "--only=findings", f"--out={tmp_path / 'study'}"]
        code, said = run("check", *options, *([f"--overpass={overpass.url}"] if named else []))
    assert code == 1, said
    assert overpass.asked
    summary = json.loads((tmp_path / "study" / "summary.json").read_text())
    assert summary["roads"]["name"] == "Overpass"
    assert any("OpenStreetMap" in name for name in summary["credits"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Rule 'near' is in minutes, which needs travel times by road"),
        (["--metric=detour"], "Rule 'near' is in minutes, which needs travel times by road"),
        (
            ["--metric=road-min", "--roads=none.osm.pbf"],
            "none.osm.pbf: there is no such file.",
        ),
        (["--set=near.distance_km=1", "--roads=none.osm.pbf"], "the metric great-circle uses no roads"),
        (
            ["--metric=road-min", "--roads=none.osm.pbf", "--overpass=http://127.0.0.1:9"],
            "--overpass: is asked",
        ),
        (["--metric=road-walk"], "road-walk"),
        (["--spacing=-1"], "spacing"),
    ],
)
def test_mistakes_are_said_before_anything_is_read(
    options: list[str], said: str, run: Run, tmp_path: Path
) -> None:
    code, told = run("place", *options, f"--out={tmp_path / 'study'}")
    assert code == 2
    assert said in told
    assert not (tmp_path / "study").exists()
