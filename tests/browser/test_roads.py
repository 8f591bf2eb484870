"""A planner with the roads of a real city: uploads them, asks for minutes, sees ways, tries sites."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect

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
    assert re.search(MINUTES, reader.words())
    expect(reader.map().locator(".om-legend")).to_contain_text(re.compile(MINUTES))
    assert frame.evaluate(LINES) < 2
    reader.choose("way_from", 0)
    expect(reader.map().locator(".om-way")).to_have_count(1)
    assert frame.evaluate(LINES) > 5  # along the streets, no straight line
    assert re.search(r"\d\.\d+ (km|公里)", reader.map().locator(".om-way").inner_text())
    reader.keep("way")
    first = reader.map().locator(".om-way").inner_text()
    reader.act(reader.widget("area_mode").get_by_role("radio").nth(1).click)
    reader.click_map(*helsinki.NEAR)
    assert reader.map().locator(".om-way").inner_text() != first

    reader.press("to_try")
    reader.page.wait_for_url("**/try**")
    before = heading(reader)
    frame = reader.map_frame()
    assert frame.evaluate(ZONES) < MANY
    reader.click_map(*helsinki.FAR)
    expect(reader.map().locator(".om-site:not(.om-waits)")).to_have_count(1)
    reader.settle()
    after = heading(reader)
    assert after != before
    assert re.search(MINUTES, after)
    assert frame.evaluate(ZONES) > MANY  # what is reached by road is no circle
    reader.keep("tried")
    reader.press("undo")
    assert heading(reader) == before
    assert frame.evaluate(ZONES) < MANY
