"""The report in a real browser: it asks for nothing, complains of nothing, and answers mouse and keyboard."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from geodata.boundaries import read_areas
from geodata.demand import read_demand
from geodata.messages import Note, NoteKind, say
from geodata.schemas import Datum, Tables
from planner.language import translator
from planner.report import write_report
from planner.study import Study, check_study, place_study
from tests.planner import worlds
from tests.planner.roadstudies import river_study
from tests.planner.worlds import at, code, rule

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\">${document.title='hacked'}`'\""
SHENZHEN = (114.06, 22.54)
PICTURES = "REPORT_SCREENSHOTS"
"""Names a folder for screenshots, to be looked at."""


@pytest.fixture(scope="module")
def study() -> Study:
    """China, two makers, and outlets in Shenzhen alone."""
    areas = read_areas(None)
    demand, notes = read_demand(None, areas, Datum.WGS84)
    sold = [
        (maker, adcode, 800.0 + 400 * number)
        for maker in ("Maker A", "Maker B")
        for number, adcode in enumerate(areas["adcode"][10:120:6])
    ]
    sold.append(("Maker A", "440300", 5000.0))
    shops = [at("440300", *SHENZHEN, enterprises="Maker A", name=f"shop {n}") for n in range(5)]
    tables = Tables(areas, worlds.sales(sold), worlds.outlets(shops), None, demand, tuple(notes))
    rules = worlds.rules(rule("presence"), rule("ratio", quantity="sales", per=1280, assumption=True))
    return check_study(tables, rules, worlds.scenario())


@pytest.fixture(scope="module", params=["en", "zh"])
def report(request: pytest.FixtureRequest, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / f"report-{request.param}.html"
    write_report(study, path, translator(request.param))
    return path


@contextmanager
def opened(chrome: Browser, path: Path, scheme: str = "light") -> Iterator[Page]:
    """Open a page, and hold it to silence: no request but for itself, no word on the console."""
    page = chrome.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(10_000)
    page.goto(path.as_uri())
    page.wait_for_selector(".om-legend")
    page.wait_for_timeout(300)
    yield page
    page.close()
    assert asked == [path.as_uri()]
    assert said == []


def keep(page: Page, path: Path, name: str) -> None:
    folder = Path(os.environ.get(PICTURES) or path.parent)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{path.stem}-{name}.png")


def card_of(page: Page) -> str:
    page.wait_for_selector(".om-card:not([hidden])")
    page.wait_for_timeout(400)
    return page.inner_text(".om-card")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_silence_in_both_themes(chrome: Browser, report: Path, scheme: str) -> None:
    with opened(chrome, report, scheme) as page:
        assert page.get_attribute("html", "lang") in ("en", "zh-CN")
        assert page.inner_text("h1")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 28)"}[scheme]
        keep(page, report, scheme)


def test_the_map_is_drawn(chrome: Browser, report: Path) -> None:
    count = """() => Array.from(document.querySelectorAll('.folium-map canvas')).map(canvas => {
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let filled = 0;
        for (let i = 3; i < data.length; i += 4) { filled += data[i] > 0 ? 1 : 0; }
        return filled;
    })"""
    with opened(chrome, report) as page:
        filled = page.evaluate(count)
    assert len(filled) >= 5
    assert max(filled) > 50_000
    assert sum(pixels > 100 for pixels in filled) >= 4


def test_the_legend_counts_every_area(chrome: Browser, report: Path, study: Study) -> None:
    with opened(chrome, report) as page:
        counts = page.locator(".om-part").first.locator(".om-count").all_inner_texts()
        assert sum(int(text.replace(",", "")) for text in counts) == len(study.tables.areas)
        boxes = page.locator(".om-legend input[type=checkbox]")
        assert boxes.count() == 2
        boxes.first.check()
        page.wait_for_timeout(200)
        keep(page, report, "demand")
        page.locator(".om-select").select_option(index=1)
        counts = page.locator(".om-part").first.locator(".om-count").all_inner_texts()
        assert sum(int(text.replace(",", "")) for text in counts) == len(study.tables.areas)


def test_search_finds_an_area_by_any_of_its_names(chrome: Browser, report: Path) -> None:
    with opened(chrome, report) as page:
        for words in ("深圳", "shenzhen", "Shen Zhen", "440300"):
            page.fill(".om-search input", words)
            page.keyboard.press("Enter")
            assert "440300" in card_of(page)
            assert page.get_attribute("#table-areas tr.chosen", "data-code") == "440300"
            keep(page, report, "search")
            page.locator(".om-close").click()


def test_search_says_when_there_is_nothing_and_obeys_the_keys(chrome: Browser, report: Path) -> None:
    with opened(chrome, report) as page:
        page.fill(".om-search input", "nowhere at all")
        assert page.locator(".om-nothing").is_visible()
        page.fill(".om-search input", "guang")
        assert page.locator(".om-hits li").count() > 2
        page.keyboard.press("ArrowDown")
        second = page.locator(".om-hits li span").nth(1).inner_text()
        page.keyboard.press("Enter")
        assert second in card_of(page)
        page.focus(".om-search input")
        page.keyboard.press("Escape")
        assert page.input_value(".om-search input") == ""


def test_a_row_opens_its_area_and_the_map_marks_its_row(chrome: Browser, report: Path) -> None:
    with opened(chrome, report) as page:
        row = page.locator("#table-areas tbody tr").first
        code_of_row = row.get_attribute("data-code")
        row.locator(".link").click()
        assert code_of_row in card_of(page)
        page.locator(".om-close").click()
        assert page.locator(".om-card").is_hidden()
        page.locator(".om-home").click()
        page.wait_for_timeout(300)
        box = page.locator(".folium-map").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.55)
        shown = card_of(page)
        marked = page.get_attribute("#table-areas tr.chosen", "data-code")
        assert marked in shown


def test_tables_sort_and_filter(chrome: Browser, report: Path) -> None:
    with opened(chrome, report) as page:
        heading = page.locator("#table-areas th").last
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == "descending"
        cells = page.locator("#table-areas tbody tr td:last-child").all_inner_texts()
        numbers = [float(text.replace(",", "")) for text in cells]
        assert numbers == sorted(numbers, reverse=True)
        page.fill(".side .filter", "shenzhen")
        visible = page.locator("#table-areas tbody tr:visible")
        assert visible.count() == 1
        page.fill(".side .filter", "")
        page.locator(".chip[data-status=met]").click()
        assert visible.count() == 1
        assert visible.first.get_attribute("data-code") == "440300"
        page.fill(".side .filter", "nothing like this")
        assert page.locator("#nothing-areas").is_visible()


def test_paper_shows_the_worst_five_and_everything_folded(chrome: Browser, report: Path) -> None:
    with opened(chrome, report) as page:
        page.emulate_media(media="print")
        assert page.locator("#table-areas tbody tr:visible").count() == 5
        assert page.locator(".om-search").is_hidden()
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details.part:not([open])").count() == 0


def test_a_narrow_screen_keeps_everything_in_reach(chrome: Browser, report: Path) -> None:
    with opened(chrome, report) as page:
        page.set_viewport_size({"width": 420, "height": 800})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 421
        keep(page, report, "narrow")


PAINTED = """([pane, names]) => {
    const canvas = document.querySelector('.leaflet-' + pane + '-pane canvas');
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const ctx = copy.getContext('2d', {willReadFrequently: true});
    ctx.drawImage(canvas, 0, 0);
    const data = ctx.getImageData(0, 0, copy.width, copy.height).data;
    const style = getComputedStyle(document.documentElement);
    const inks = names.map(name => style.getPropertyValue(name).trim());
    const parts = inks.map(ink => [1, 3, 5].map(at => parseInt(ink.slice(at, at + 2), 16)));
    const counts = names.map(() => 0);
    for (let i = 0; i < data.length; i += 4) {
        const near = part => part.every((value, n) => Math.abs(value - data[i + n]) < 3);
        const at = data[i + 3] > 200 ? parts.findIndex(near) : -1;
        if (at >= 0) { counts[at] += 1; }
    }
    return counts;
}"""
"""How many pixels a pane's canvas has of each colour of the theme."""


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_a_report_by_road_shows_service_areas_and_ways(
    chrome: Browser, tmp_path: Path, language: str, scheme: str
) -> None:
    path = tmp_path / f"roads-{language}.html"
    write_report(river_study(HOSTILE), path, translator(language))
    with opened(chrome, path, scheme) as page:
        title = page.title()
        boxes = page.locator(".om-legend input[type=checkbox]")
        names = [boxes.nth(n).get_attribute("name") for n in range(boxes.count())]
        assert names == [f"layer-{n}" for n in ("demand", "zones", "unreached", "routes", "outlets", "new")]
        assert boxes.nth(1).is_checked()
        assert not boxes.nth(3).is_checked()
        keep(page, path, "zones")
        [without] = page.evaluate(PAINTED, ["shapes", ["--accent"]])
        page.focus(".om-routes")
        page.keyboard.press("ArrowDown")
        shown = card_of(page)
        assert boxes.nth(3).is_checked()
        assert page.locator(".om-routes option").nth(1).inner_text().split(" → ")[0] in shown
        [drawn] = page.evaluate(PAINTED, ["shapes", ["--accent"]])
        assert drawn > without + 50
        keep(page, path, "way")
        page.locator(".om-close").click()
        assert page.input_value(".om-routes") == ""
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        second = page.locator("#routes .link[data-route='1']")
        second.click()
        assert second.inner_text() in card_of(page)
        assert page.input_value(".om-routes") == "1"
        assert page.title() == title
        keep(page, path, "table")


def test_dense_demand_is_one_picture_in_the_colours_of_the_theme(chrome: Browser, tmp_path: Path) -> None:
    codes = [code(1), code(2)]
    side = np.linspace(0.005, 0.995, 90)
    cells = [
        (c, 100 + n + x, 30 + y, 1 + 40 * x * y) for n, c in enumerate(codes) for x in side for y in side
    ]
    tables = worlds.tables(codes, [("M", codes[0], 9e6), ("M", codes[1], 9e5)], (), worlds.demand(cells))
    dense = check_study(tables, worlds.rules(rule("presence")), worlds.scenario())
    path = tmp_path / "dense.html"
    write_report(dense, path, translator("en"))
    ramp = [f"--quantity-{rank}" for rank in range(1, 6)]
    with opened(chrome, path) as page:
        page.locator(".om-legend input[type=checkbox]").first.check()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)
            keep(page, path, scheme)
            assert min(page.evaluate(PAINTED, ["below", ramp])) > 500


def hostile_study() -> Study:
    codes = [code(1), code(2)]
    shops = [at(codes[0], 100.5, 30.5, enterprises=HOSTILE, name=HOSTILE)]
    tables = worlds.tables(codes, [(HOSTILE, codes[0], 90), (HOSTILE, codes[1], 90)], shops)
    plan = place_study(tables, worlds.rules(rule("presence")), worlds.scenario())
    areas = tables.areas.assign(name=HOSTILE, name_en=HOSTILE, province=HOSTILE, pinyin=HOSTILE)
    note = Note(NoteKind.AREA, say("'{value}'", value=HOSTILE), source=HOSTILE, column=HOSTILE)
    assert plan.placement is not None
    new = plan.new_outlets.assign(name=HOSTILE, area=HOSTILE, reason=HOSTILE)
    return replace(
        plan,
        tables=replace(tables, areas=areas, notes=(note,)),
        placement=replace(plan.placement, outlets=pd.DataFrame(new)),
        version=HOSTILE,
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_name_runs_wherever_it_is_shown(chrome: Browser, tmp_path: Path, language: str) -> None:
    path = tmp_path / f"hostile-{language}.html"
    write_report(hostile_study(), path, translator(language))
    with opened(chrome, path) as page:
        title = page.title()
        page.fill(".om-search input", "img")
        page.wait_for_selector(".om-hits li")
        page.keyboard.press("Enter")
        assert HOSTILE in card_of(page)
        box = page.locator(".folium-map").bounding_box()
        assert box is not None
        for across in range(30, 95, 3):
            page.mouse.move(box["x"] + box["width"] * across / 100, box["y"] + box["height"] / 2)
            page.mouse.click(box["x"] + box["width"] * across / 100, box["y"] + box["height"] / 2)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        page.fill(".side .filter", HOSTILE)
        page.wait_for_timeout(300)
        assert page.title() == title
        assert page.locator("img").count() == 0
        keep(page, path, "all")
