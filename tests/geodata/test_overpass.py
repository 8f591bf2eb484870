"""Roads from a server on this machine that answers like the Overpass service, and like it on its bad days."""

import json
import socket
from collections.abc import Callable, Iterator

import osmnx as ox
import pytest
import shapely

from geodata import roads
from geodata.messages import InputError
from geodata.roads import fetch_roads, read_roads
from tests.geodata import cities
from tests.geodata.overpass import FREE, QUICK, Answer, Overpass, serving


def whole(city: cities.City | None = None, **more: object) -> Answer:
    """Return the roads of a city as the server gives them: those that OSMnx's query asks for."""
    city = city or cities.city().part({number for number, _, _ in cities.city().ways if number < 400})
    return 200, json.dumps({**city.overpass(), **more}).encode()


@pytest.fixture
def server() -> Iterator[Overpass]:
    with serving(whole()) as overpass:
        yield overpass


@pytest.fixture
def fetch(server, tmp_path) -> Callable[..., object]:
    def fetched(polygon=cities.BOX, **options: object):
        asked = {"overpass_url": server.url, "cache": tmp_path, "patience": QUICK, **options}
        return fetch_roads(polygon, **asked)

    return fetched


@pytest.fixture
def home(monkeypatch, tmp_path):
    """Let nothing but this machine be reached."""
    real = socket.getaddrinfo

    def only_here(host, *rest, **options):
        if host not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(-2, "no such name")
        return real(host, *rest, **options)

    def no_name(host):
        if host == "127.0.0.1":
            return host
        raise socket.gaierror(-2, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", only_here)
    monkeypatch.setattr(socket, "gethostbyname", no_name)


def test_a_good_answer_is_the_network_of_the_file(server, fetch, tmp_path):
    found = fetch()
    file = cities.city().write(tmp_path / "city.osm")
    assert found.digest == read_roads([file], cities.BOX, cache=tmp_path).digest
    assert found.name == "Overpass"
    assert str(found.notes[0].message) == "Overpass: roads as OpenStreetMap had them on 2026-11-01T00:00:00Z."
    (query,) = server.asked
    assert '["highway"]' in query
    assert server.agents == {"outlet-network-planner"}


def test_what_was_fetched_once_is_not_asked_again(server, fetch, monkeypatch):
    once = fetch()
    assert fetch().digest == once.digest
    assert len(server.asked) == 1
    monkeypatch.setattr(roads, "cached", lambda key, make, cache: make())  # the answer itself is kept too
    assert fetch().digest == once.digest
    assert len(server.asked) == 1


def test_a_kept_answer_that_is_damaged_is_asked_for_again(server, fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(roads, "cached", lambda key, make, cache: make())
    once = fetch()
    (kept,) = (tmp_path / "overpass").glob("*.json")
    kept.write_bytes(kept.read_bytes()[:500])
    assert fetch().digest == once.digest
    assert len(server.asked) == 2


@pytest.mark.parametrize("code", [429, 504])
def test_a_busy_service_is_asked_again(server, fetch, code):
    server.answers = [(code, b"<html>busy</html>"), (code, b"<html>busy</html>"), whole()]
    assert len(fetch().tail)
    assert len(server.asked) == 3


@pytest.mark.parametrize("code", [429, 504])
def test_a_service_that_stays_busy_is_said(server, fetch, code):
    server.answers = [(code, b"<html>busy</html>")]
    with pytest.raises(InputError, match=rf"is busy \(status {code}, asked 3 times\).*--roads FILE"):
        fetch()
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((400, b"<html>bad query</html>"), r"refused the request \(status 400\)"),
        ((403, b"{}"), r"refused the request \(status 403\)"),
        ((500, json.dumps({"elements": []}).encode()), r"refused the request \(status 500\)"),
        ((200, b"<html>Dispatcher_Client::timeout</html>"), "is not OpenStreetMap data"),
        ((200, b""), "is not OpenStreetMap data"),
        ((200, b'{"elements": [{"type": "way", "id": 1'), "is not OpenStreetMap data"),
        ((200, b"[]"), "is not OpenStreetMap data"),
        ((200, b'{"version": 0.6}'), "is not OpenStreetMap data"),
        ((200, b'{"elements": [1, 2]}'), "is not OpenStreetMap data"),
        ((200, b'{"version": 0.6, "elements": []}'), "no road for cars"),
        (whole(cities.grid(west=100.0)), "no road for cars"),
    ],
)
def test_bad_answers_are_one_sentence(server, fetch, tmp_path, answer, sentence):
    server.answers = [answer]
    with pytest.raises(InputError, match=sentence) as raised:
        fetch()
    assert len(raised.value.messages) == 1
    server.answers = [whole()]
    kept = list((tmp_path / "overpass").glob("*.json"))
    assert len(kept) == ("no road" in sentence)


REMARK = 'runtime error: Query timed out in "query" at line 1 after 180 seconds.'


def test_half_an_answer_is_asked_for_in_smaller_pieces(server, fetch):
    polygon = shapely.box(116.0, 40.0, 116.4, 40.4)
    half = whole(cities.grid(3), remark=REMARK)
    server.answers = [half, whole()]
    assert len(fetch(polygon).node_id) > 30
    assert len(server.asked) > 2
    assert len({len(query) for query in server.asked}) > 1


@pytest.mark.parametrize("loss", ["remark", "nodes"])
def test_half_answers_to_the_end_are_said(server, fetch, tmp_path, loss):
    half = cities.grid(3)
    if loss == "nodes":
        del half.nodes[5]
    server.answers = [whole(half, **({"remark": REMARK} if loss == "remark" else {}))]
    said = "Query timed out" if loss == "remark" else "ways without their nodes"
    with pytest.raises(InputError, match=rf"only a part of what was asked \(.*{said}"):
        fetch()
    assert len(server.asked) == len(roads.PIECES_M2)
    assert not list(tmp_path.glob("*/roads_*"))
    server.answers = [whole()]
    assert len(fetch().node_id) > 30


def test_no_service_is_said_at_once(fetch, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match=rf"{port}/api\) cannot be reached.*--roads FILE"):
        fetch(overpass_url=f"http://127.0.0.1:{port}/api")


def test_offline_is_said_at_once(home, fetch):
    for url in (None, "https://overpass.example/api", "no address"):
        with pytest.raises(InputError, match="cannot be reached"):
            fetch(overpass_url=url)


def test_a_connection_that_breaks_is_said(server, fetch, monkeypatch):
    server.answers = [(200, b"x")]
    monkeypatch.setattr(Overpass, "answer", _hang_up)
    with pytest.raises(InputError, match="cannot be reached"):
        fetch()


def _hang_up(self):
    raise ConnectionResetError


def test_a_slot_is_waited_for(server, fetch):
    server.statuses = [FREE, "Slot available after: 2026-11-22T00:00:01Z, in 1 seconds.", FREE]
    assert len(fetch().tail)


@pytest.mark.parametrize(
    "status", ["Slot available after: 2036-11-22T09:00:00Z, in 999999 seconds.", "Currently running queries"]
)
def test_a_slot_is_not_waited_for_without_end(server, fetch, status, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    server.statuses = [FREE, status]
    with pytest.raises(InputError, match="is busy"):
        fetch()
    assert not server.asked


@pytest.mark.parametrize("status", ["Currently running queries (pid, ...):", "something else"])
def test_a_service_without_slots_is_asked_at_once(server, fetch, status):
    server.statuses = [status]
    assert len(fetch().tail)


def test_a_service_without_a_status_is_asked_at_once(server, fetch):
    server.status_code = 404
    assert len(fetch().tail)


def test_too_large_areas_are_refused_before_asking(server, fetch):
    with pytest.raises(InputError, match=r"up to 50000 km².*geofabrik"):
        fetch(shapely.box(110, 30, 113, 33))
    far = shapely.union_all([shapely.box(80, 40, 80.1, 40.1), shapely.box(130, 40, 130.1, 40.1)])
    with pytest.raises(InputError, match="no road for cars"):
        fetch(far)  # each part is asked for by itself, not what lies between


def test_all_parts_of_the_areas_are_asked_for(server, fetch):
    """OSMnx alone would ask for everything between the parts."""
    east, here = cities.grid(west=118.0, first=5001), cities.city().part({100, 101, 200, 201})
    ways = [(number + 5000, refs, tags) for number, refs, tags in here.ways]
    server.answers = [whole(cities.City(east.nodes | here.nodes, east.ways + ways))]
    both = shapely.union_all([cities.BOX, shapely.box(117.99, 39.99, 118.02, 40.02)])
    found = fetch(both)
    assert len(server.asked) == 2
    assert found.node_id.min() > 5000  # the larger part; the other is said to be left out
    assert "in 1 pieces are left out" in str(found.notes[-1].message)


def test_osmnx_is_left_as_it_was(server, fetch):
    before = {name: value for name, value in vars(ox.settings).items() if not name.startswith("_")}
    resolver = socket.getaddrinfo
    fetch()
    server.answers = [(400, b"")]
    with pytest.raises(InputError):
        fetch(shapely.box(116.3, 40.0, 116.31, 40.01))
    assert {name: value for name, value in vars(ox.settings).items() if not name.startswith("_")} == before
    assert socket.getaddrinfo is resolver
