"""What must not go wrong in front of a person: refusals, undo, keys alone, the dark, strangers, a restart."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.reading import PATHS, Reader, Visit, reader_of
from tests.browser.serving import ROOT, Server

QINGDAO, SEA = "370200", (120.9, 35.75)
INLAND = ((119.98, 36.72), (120.4, 36.9), (120.3, 36.4))
FENCE = ((119.6, 36.9), (120.2, 36.9), (120.2, 36.6), (119.6, 36.6))
HOSTILE = '</script><img src=x onerror="alert(1)">${alert(1)}`\'<b>[x](javascript:alert(1))'
MARKS = ".om-mark-tried"

EDITING = "() => ['INPUT', 'TEXTAREA'].includes(document.activeElement.tagName)"

pytestmark = pytest.mark.slow


def heading(reader: Reader) -> str:
    return reader.page.locator("[data-testid='stMain'] h2").first.inner_text()


def tried(reader: Reader, number: int) -> None:
    expect(reader.map().locator(MARKS)).to_have_count(number)


def mode(reader: Reader, place: int) -> None:
    reader.act(reader.widget("try_mode").locator("button").nth(place).click)


def refused(reader: Reader) -> str:
    return reader.page.locator("[data-testid='stAlert']").first.inner_text()


@pytest.fixture
def trying(reader: Reader) -> Reader:
    reader.open("/try", lang="en", adcode=QINGDAO)
    return reader


def test_a_site_that_cannot_be_is_refused_with_a_reason(trying: Reader) -> None:
    trying.click_map(*SEA)
    assert refused(trying)
    tried(trying, 0)
    trying.keep("sea")
    trying.click_map(*INLAND[0])
    tried(trying, 1)
    trying.click_map(*INLAND[0])
    trying.map().locator(".om-mark-refused").or_(trying.map().locator(MARKS)).first.wait_for()
    tried(trying, 1)
    trying.press("undo")
    mode(trying, 2)
    for corner in FENCE:
        trying.click_map(*corner)
    trying.press("close_shape")
    mode(trying, 0)
    trying.click_map(*INLAND[0])
    assert refused(trying)
    tried(trying, 0)
    trying.keep("excluded")
    trying.click_map(*INLAND[1])
    tried(trying, 1)
    trying.language("zh")
    tried(trying, 1)


def test_steps_are_taken_back_and_made_again(trying: Reader) -> None:
    said = [heading(trying)]
    for place in INLAND:
        trying.click_map(*place)
        said.append(heading(trying))
    for number in (2, 1, 0):
        trying.press("undo")
        tried(trying, number)
        assert heading(trying) == said[number]
    for number in (1, 2, 3):
        trying.press("redo")
        tried(trying, number)
        assert heading(trying) == said[number]


def test_keys_alone_add_a_site(trying: Reader) -> None:
    keys = trying.page.keyboard
    trying.map().locator(".leaflet-container").focus()
    keys.press("ArrowUp")
    trying.map_frame()
    trying.act(lambda: keys.press("Enter"))
    tried(trying, 1)
    grid = trying.page.locator("[data-testid='stMain'] canvas[data-testid='data-grid-canvas']").first
    grid.focus()
    for stroke in ("ArrowDown", "ArrowDown", "Enter", "", "Escape", *["ArrowRight"] * 3):
        if stroke:
            keys.press(stroke)
        else:
            trying.page.wait_for_function(EDITING)
        trying.page.wait_for_timeout(100)
    for number in ("120.4", "36.9"):
        keys.press("Enter")
        trying.page.wait_for_function(EDITING)
        keys.type(number, delay=50)
        keys.press("Tab")
        trying.page.wait_for_timeout(300)
    trying.settle()
    tried(trying, 2)
    assert "120.4 | 36.9" in trying.cells(0)
    trying.keep("by-number")


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", (1400, 1000)), ("zh", "light", (1000, 800)), ("en", "dark", (1000, 800)),
     ("zh", "dark", (1400, 1000))],
    ids=lambda value: value if isinstance(value, str) else str(value[0]),
)  # fmt: skip
def test_every_page_looks_as_it_should(
    visit: Visit, language: str, scheme: str, size: tuple[int, int]
) -> None:
    reader = visit(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    for path in PATHS:
        reader.open(f"/{path}", lang=language, **({"adcode": QINGDAO} if path in ("area", "try") else {}))
        assert reader.page.locator("[data-testid='stException']").count() == 0
        if path in ("", "area", "try"):
            assert reader.map_is_drawn()
            theme = reader.map().locator("html").get_attribute("data-theme")
            assert theme == scheme
        reader.keep(path or "overview")
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= size[0] + 1
        main = reader.page.locator("[data-testid='stMain']")
        main.evaluate("element => element.scrollTo(0, element.scrollHeight)")
        reader.page.wait_for_timeout(400)
        reader.keep(f"{path or 'overview'}-below")


def table(header: str, *rows: tuple[object, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header.split(","), *rows])
    return text.getvalue()


def upload_hostile(reader: Reader) -> None:
    areas = json.loads((ROOT / "examples" / "de" / "areas.geojson").read_text(encoding="utf-8"))
    for feature in areas["features"]:
        feature["properties"]["name"] = HOSTILE + str(feature["properties"]["adcode"])
    reader.open("/data", lang="en")
    sold = [(HOSTILE, "99001", 2024, 900), (HOSTILE, "99002", 2024, 5000)]
    outlets = [("R-1", HOSTILE, HOSTILE, "collection", 9.05, 50.9, "99001")]
    reader.upload("upload_areas", "areas.geojson", json.dumps(areas))
    reader.upload("upload_sales", "sales.csv", table("enterprise,adcode,year,vehicles", *sold))
    header = "outlet_id,name,enterprises,kind,lon,lat,adcode"
    reader.upload("upload_outlets", "outlets.csv", table(header, *outlets))
    reader.press("check_tables")
    reader.press("use_tables")


def no_harm(reader: Reader) -> None:
    for frame in reader.page.frames:
        assert frame.locator("img[src='x'], a[href^='javascript']").count() == 0


def test_names_of_files_do_nothing_wherever_they_are_shown(reader: Reader) -> None:
    upload_hostile(reader)
    title = reader.page.title()
    reader.choose("rules", re.compile("Altfahrzeug|ELV|End-of-life|altfahrzeug"))
    for path in PATHS:
        reader.turn_to(path)
        if path == "":
            reader.row("overview_areas", 0)
            no_harm(reader)
            reader.follow("area?")
        if path == "scenarios":
            reader.fill("scenario_name", HOSTILE)
            reader.press("scenario_save_as")
            reader.choose("compare_before", 0)
            reader.choose("compare_after", 1)
        no_harm(reader)
        assert reader.page.title().partition("·")[0] or title
        reader.keep(path or "overview")
    for language in ("zh", "en"):
        reader.language(language)
        no_harm(reader)


def test_strangers_never_see_what_one_uploads(reader: Reader, visit: Visit) -> None:
    upload_hostile(reader)
    own = reader.page.locator("body").inner_text()
    stranger = visit()
    for path in PATHS:
        stranger.open(f"/{path}", lang="en")
        assert HOSTILE not in stranger.page.locator("body").inner_text()
    stranger.widget("data").locator("input").first.click()
    assert stranger.page.get_by_role("option").count() == 2
    assert own
    private = [url for url in reader.asked if "/map/" in url and url.endswith(".json")]
    public = [url for url in stranger.asked if "/map/" in url and url.endswith(".json")]
    shared = set(private) & set(public)
    for url in shared:
        assert "img src" not in reader.page.request.get(url).text()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path).start()
    yield started
    started.stop()


def test_a_restart_loses_nothing_that_was_saved(chrome: Browser, own_server: Server) -> None:
    reader = reader_of(chrome, own_server.address, "restart")
    reader.open("/try", lang="en", adcode=QINGDAO)
    for place in INLAND[:2]:
        reader.click_map(*place)
    said = heading(reader)
    reader.turn_to("scenarios")
    reader.fill("scenario_name", "kept")
    reader.press("scenario_save_as")
    reader.turn_to("try")
    assert parse_qs(urlsplit(reader.page.url).query)["scenario"]
    reader.down = True
    own_server.stop()
    reader.page.wait_for_timeout(2000)
    reader.keep("down")
    own_server.start()
    reader.settle()
    reader.page.wait_for_timeout(1000)
    reader.settle()
    reader.keep("up-again")
    tried(reader, 2)
    assert heading(reader) == said
    assert reader.map_is_drawn()
    reader.page.context.close()


def test_ten_people_at_once_lose_nothing(visit: Visit) -> None:
    people = [visit() for _ in range(10)]
    for one in people:
        one.page.goto(f"{one.address}/try?lang=en&adcode={QINGDAO}")
    for one in people:
        one.settle()
    for number, place in enumerate(INLAND, 1):
        for one in people:
            spot = one.spot(*place)
            one.map().locator(".leaflet-container").click(position=spot)
        for one in people:
            tried(one, number)
    for one in people:
        one.settle()
    assert len({heading(one) for one in people}) == 1
