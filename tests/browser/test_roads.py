"""A planner with the roads of a real city: uploads them, asks for minutes, sees ways, tries sites."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Frame, expect
from playwright.sync_api import TimeoutError as TooLate

from tests.browser import helsinki
from tests.browser.reading import Reader

ZONES = """() => {
  const found = [];
  window.mapOfTest.eachLayer((layer) => {
    if (layer instanceof L.Polygon) { found.push(layer.getLatLngs().flat(3).length); }
  });
  return Math.max(0, ...found);
}"""
MANY = 20
TRIES = 3
MINUTES = r"2 ?(min|分钟)"
LINES = """() => {
  const found = [];
  window.mapOfTest.eachLayer((layer) => {
    const isLine = layer instanceof L.Polyline && !(layer instanceof L.Polygon);
    if (isLine) { found.push(layer.getLatLngs().length); }
  });
  return Math.max(0, ...found);
}"""


def heading(reader: Reader) -> str:
    return reader.page.locator("[data-testid='stMain'] h2").first.inner_text()


def drawn(frame: Frame, what: str, number: str) -> None:
    """Wait until the map has drawn it: it hears the server's answer after the page does."""
    frame.wait_for_function(f"() => ({what})() {number}")


def click_to_add(reader: Reader, place: tuple[float, float]) -> None:
    """Click on the map once it takes a click for a place."""
    expect(reader.map().locator(".om-adding")).to_have_count(1)
    reader.click_map(*place)


def give(reader: Reader, key: str, name: str, content: bytes) -> None:
    """Upload a file, once more where a page that is just being drawn anew has not taken it."""
    reader.settle()
    for _ in range(TRIES):
        with suppress(TooLate):
            reader.upload(key, name, content, wait_ms=15_000)
            return
    raise AssertionError(f"{name} was not taken")


def begin(reader: Reader, lang: str) -> None:
    """Work on the city's tables under a rule in minutes, with its roads."""
    reader.open("/data", lang=lang)
    for table, (name, content) in helsinki.files().items():
        give(reader, f"upload_{table}", name, content)
    reader.press("check_tables")
    reader.press("use_tables")
    reader.choose("rules", "de-altfahrzeugv")
    give(reader, "upload_roads_0", "Helsinki.osm.pbf", helsinki.extract().read_bytes())
    reader.press("read_roads")
    expect(reader.widget("metric")).to_be_visible()
    assert "OpenStreetMap" in reader.words()
    reader.act(reader.widget("metric").get_by_role("radio").nth(3).click)
    reader.keep("roads")
    reader.turn_to("rules")
    reader.page.locator("[data-testid='stExpander'] summary").first.click()
    minutes = reader.page.locator("[class*='st-key-rule'][class*='minutes'] input").first
    minutes.fill("2")
    minutes.press("Tab")
    reader.act(reader.page.locator("[class*='st-key-rule'][class*='apply'] button").first.click)


@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.slow)])
def test_a_planner_measures_by_road(reader: Reader, lang: str) -> None:
    begin(reader, lang)
    reader.turn_to("area")
    reader.choose("area", re.compile(helsinki.WEST_CODE))
    frame = reader.map_frame()
    main = reader.page.locator("[data-testid='stMain']")
    expect(main).to_contain_text(re.compile(MINUTES))
    expect(reader.map().locator(".om-legend")).to_contain_text(re.compile(MINUTES))
    assert frame.evaluate(LINES) < 2
    reader.choose("way_from", 0)
    way = reader.map().locator(".om-way").last  # the one before may still be fading
    expect(way).to_have_text(re.compile(r"\d\.\d+ (km|公里)"))
    drawn(frame, LINES, "> 5")  # along the streets, no straight line
    reader.keep("way")
    first = way.inner_text()
    reader.act(reader.widget("area_mode").get_by_role("radio").nth(1).click)
    click_to_add(reader, helsinki.NEAR)
    expect(way).not_to_have_text(first)
    expect(reader.map().locator(".om-way")).to_have_count(1)

    reader.press("to_try")
    reader.page.wait_for_url("**/try**")
    frame = reader.map_frame()
    before = heading(reader)
    assert frame.evaluate(ZONES) < MANY
    click_to_add(reader, helsinki.FAR)
    expect(reader.map().locator(".om-site:not(.om-waits)")).to_have_count(1)
    title = main.locator("h2").first
    expect(title).not_to_have_text(before)
    expect(title).to_have_text(re.compile(MINUTES))
    drawn(frame, ZONES, f"> {MANY}")  # what is reached by road is no circle
    reader.keep("tried")
    reader.press("undo")
    expect(title).to_have_text(before)
    drawn(frame, ZONES, f"< {MANY}")
