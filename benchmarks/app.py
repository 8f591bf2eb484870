"""How fast the app answers people in a browser, on the sample of 190 makers: `python -m benchmarks.app`.

Server and browser share one machine, so what is measured holds the browser's own work too.
"""

import argparse
import asyncio
import base64
import os
import random
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import shapely
from playwright.async_api import Browser, Frame, Page, async_playwright

from benchmarks.page import write_part
from geodata.boundaries import read_areas
from tests.browser.reading import FIND_MAP, IDLE, MAP, STILL, WAIT_MS, WIDE
from tests.browser.serving import Server

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CLICKS, VISITS, PEOPLE, ROUNDS = 20, 5, 10, 8
THINK_S = (2.0, 6.0)
HOME = "440300"
CITIES = ("440300", "440100", "330100", "310000", "110000", "510100", "500000", "320500", "420100", "370200")
PROVINCES = ("Guangdong", "Zhejiang", "Sichuan", "Hebei", "Yunnan", "Hunan")

SPOTS = """(places) => places.map(([lon, lat]) => {
  const map = window.mapOfTest, at = map.latLngToContainerPoint([lat, lon]), size = map.getSize();
  const inside = at.x > 20 && at.y > 20 && at.x < size.x - 20 && at.y < size.y - 20;
  const over = inside ? document.elementFromPoint(at.x, at.y) : null;
  const free = over && !over.closest(".om-legend, .om-search, .om-card, .leaflet-control");
  return free ? [at.x, at.y] : null;
}).filter((spot) => spot)"""
COUNT = "() => document.querySelectorAll('.om-site:not(.om-waits) .om-mark-tried').length"
MARKED = f"(number) => ({COUNT})() >= number"
SAID = """(number) => {
  const said = document.querySelector("[data-testid='stMain'] h2");
  return said && said.innerText.startsWith("+" + number + " outlet");
}"""
SAYS = "() => document.querySelector(\"[data-testid='stMain'] h2\")?.innerText || ''"
SAYS_ELSE = f"(before) => {{ const now = ({SAYS})(); return now && now !== before; }}"
PAINTED = """() => Array.from(document.querySelectorAll("canvas")).some((canvas) => {
  if (!canvas.width || !canvas.height) { return false; }
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let filled = 0;
  for (let i = 3; i < data.length; i += 400) { filled += data[i] > 0 ? 1 : 0; }
  return filled > 200;
})"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    what: str
    goal: str
    measured: str


@dataclass(eq=False)
class Person:
    """Somebody at a browser, and the bytes that went through the socket meanwhile."""

    page: Page
    address: str
    wire: int = 0
    sites: int = 0
    seconds: list[float] = field(default_factory=list)

    async def open(self, path: str) -> float:
        """Open an address and return the seconds until the map is painted."""
        began = time.perf_counter()
        await self.page.goto(self.address + path)
        frame = await self.map()
        await frame.wait_for_function(PAINTED, polling=50)  # looking costs the page time
        return time.perf_counter() - began

    async def map(self) -> Frame:
        """Return the map, standing still."""
        await self.page.frame_locator(MAP).first.locator(".leaflet-container").wait_for()
        handle = await self.page.locator(MAP).first.element_handle()
        frame = await handle.content_frame() if handle else None
        assert frame is not None
        await frame.wait_for_function(STILL)
        return frame

    async def idle(self) -> None:
        """Wait until the server has nothing to say for a moment."""
        for _ in range(3):
            await self.page.wait_for_selector(IDLE, state="attached")
            await asyncio.sleep(0.15)

    async def spots(self, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return where places are on the map, as far as nothing covers them."""
        found = await (await self.map()).evaluate(SPOTS, [list(place) for place in places])
        return [(x, y) for x, y in found]

    async def click(self, spot: tuple[float, float]) -> tuple[float, float]:
        """Add a site; return the seconds until its sign and until the new findings stand there."""
        frame, number = await self.map(), self.sites + 1
        box = await self.page.locator(MAP).first.bounding_box()
        assert box is not None
        x, y = box["x"] + spot[0], box["y"] + spot[1]
        began = time.perf_counter()
        await self.page.mouse.click(x, y)
        marked, said = await asyncio.gather(
            _after(began, frame.wait_for_function(MARKED, arg=number, polling="raf")),
            _after(began, self.page.wait_for_function(SAID, arg=number, polling="raf")),
        )
        self.sites = number
        self.seconds.append(max(marked, said))
        return marked, said


async def _after(began: float, done: Awaitable[object]) -> float:
    await done
    return time.perf_counter() - began


async def enter(browser: Browser, address: str) -> Person:
    """Return a new person, with an empty cache."""
    width, height = WIDE
    context = await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    await page.add_init_script(FIND_MAP)
    person = Person(page, address)
    devtools = await context.new_cdp_session(page)

    def count(event: dict[str, dict[str, object]]) -> None:
        frame = event["response"]
        text = str(frame["payloadData"])
        person.wire += len(base64.b64decode(text)) if frame["opcode"] == 2 else len(text.encode())

    for name in ("webSocketFrameSent", "webSocketFrameReceived"):
        devtools.on(f"Network.{name}", count)
    await devtools.send("Network.enable")
    return person


def places_in(adcode: str) -> list[tuple[float, float]]:
    """Return places all over an area, in an order of chance that is always the same."""
    areas = read_areas(None)
    shape = areas.loc[areas["adcode"] == adcode, "geometry"].iloc[0]
    shape = max(shapely.get_parts(shape), key=lambda part: part.area)
    west, south, east, north = shape.bounds
    steps = [number / 24 for number in range(25)]
    grid = [(west + (east - west) * x, south + (north - south) * y) for x in steps for y in steps]
    inside = [place for place in grid if shape.buffer(-0.02).contains(shapely.Point(place))]
    random.Random(7).shuffle(inside)
    return inside


async def first_maps(browser: Browser, address: str) -> list[float]:
    """Return the seconds to the first map, for people who come with empty caches."""
    taken = []
    for _ in range(VISITS):
        person = await enter(browser, address)
        taken.append(await person.open("/?lang=en"))
        await person.idle()
        await person.page.context.close()
    return taken


async def clicks(browser: Browser, address: str) -> tuple[list[float], list[float], list[int]]:
    """Return seconds to sign and to findings of one person's clicks, and the bytes of each."""
    person = await enter(browser, address)
    await person.open(f"/try?lang=en&adcode={HOME}")
    await person.idle()
    marked, said, wire = [], [], []
    for spot in (await person.spots(places_in(HOME)))[:CLICKS]:
        before = person.wire
        one = await person.click(spot)
        await person.idle()
        marked.append(one[0])
        said.append(one[1])
        wire.append(person.wire - before)
    await person.page.context.close()
    return marked, said, wire


async def filters(browser: Browser, address: str) -> tuple[list[float], list[float]]:
    """Return the seconds that choosing a province, and an enterprise, takes."""
    person = await enter(browser, address)
    await person.open("/?lang=en")
    await person.idle()
    provinces = [await changed(person, "overview_province", name) for name in PROVINCES]
    await person.page.locator(".st-key-overview_path_nation button").first.click()
    await person.idle()
    names = [f"Sample Maker {number:03d}" for number in (5, 14, 40, 77, 120, 160)]
    enterprises = [await changed(person, "focus", name) for name in names]
    await person.page.context.close()
    return provinces, enterprises


async def changed(person: Person, key: str, name: str) -> float:
    """Choose something in a list, and return the seconds until page and map show it."""
    page, before = person.page, await person.page.evaluate(SAYS)
    entry = page.locator(f".st-key-{key} input").first
    await entry.click()
    await entry.fill(name)
    option = page.get_by_role("option", name=re.compile(name)).first
    await option.wait_for()
    began = time.perf_counter()
    await option.click()
    await page.wait_for_function(SAYS_ELSE, arg=before, polling="raf")
    await page.wait_for_selector(IDLE, state="attached")
    await person.map()
    taken = time.perf_counter() - began
    await person.idle()
    return taken


async def crowd(browser: Browser, server: Server) -> tuple[list[float], int, int, float]:
    """Return the clicks of many people at once, the sites set and found, and the MB a person takes."""
    before = server.memory_mb()
    people = [await enter(browser, server.address) for _ in range(PEOPLE)]
    visits = list(zip(people, CITIES, strict=True))
    await asyncio.gather(*(one.open(f"/try?lang=en&adcode={city}") for one, city in visits))
    for one in people:
        await one.idle()
    await asyncio.gather(*(work(one, places_in(city), int(city)) for one, city in visits))
    found = 0
    for one in people:
        await one.idle()
        found += await (await one.map()).evaluate(COUNT)
    memory = (server.memory_mb() - before) / PEOPLE
    for one in people:
        await one.page.context.close()
    return [second for one in people for second in one.seconds], PEOPLE * ROUNDS, found, memory


async def work(person: Person, places: Sequence[tuple[float, float]], seed: int) -> None:
    """Click, look, click again, as people do."""
    chance = random.Random(seed)
    spots = await person.spots(places)
    for spot in spots[:ROUNDS]:
        await asyncio.sleep(chance.uniform(*THINK_S))
        await person.click(spot)


async def measured(server: Server) -> list[Row]:
    """Return all lines of the table."""
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        warm = await enter(browser, server.address)
        cold = await warm.open("/?lang=en")
        await warm.open(f"/try?lang=en&adcode={HOME}")
        await warm.idle()
        await warm.page.context.close()
        maps = await first_maps(browser, server.address)
        marked, said, wire = await clicks(browser, server.address)
        provinces, enterprises = await filters(browser, server.address)
        alone = server.memory_mb()
        many, asked, found, memory = await crowd(browser, server)
        await browser.close()
    wired = f"{statistics.median(wire) / 1e3:.1f} kB, most {max(wire) / 1e3:.1f}"
    at_once = f"Click with {PEOPLE} people at once, each in a city of its own ({asked} clicks)"
    return [
        Row("First map, cold server: the first person since its start", "", seconds([cold])),
        Row(f"First map, warm server, empty browser cache ({VISITS} visits)", "≤ 4 s", seconds(maps)),
        Row(f"Click on the map until the site's sign ({CLICKS} clicks)", "≤ 0.6 s", seconds(marked)),
        Row("… until the new findings", "≤ 0.6 s", seconds(said)),
        Row("… through the socket", "≤ 50 kB", wired),
        Row(f"Another province ({len(provinces)} of them)", "≤ 1 s", seconds(provinces)),
        Row(f"Another enterprise, for the first time ({len(enterprises)})", "≤ 1 s", seconds(enterprises)),
        Row(at_once, "< 2 s", seconds(many)),
        Row("Sites that they set, and that are there at the end", f"{asked}", f"{found}"),
        Row("Memory of the warm server", "", f"{alone:,.0f} MB"),
        Row(f"More for each of the {PEOPLE} people", "", f"{memory:.1f} MB"),
    ]


def seconds(taken: Sequence[float]) -> str:
    """Return the median of some seconds, and the most where there are several."""
    most = f", most {max(taken):.2f}" if len(taken) > 1 else ""
    return f"{statistics.median(taken):.2f} s{most}"


def section(rows: Sequence[Row]) -> str:
    """Return the table as the page has it."""
    head = f"{os.cpu_count()} cores, shared by server and browser; medians."
    lines = [head, "", "| what | goal | measured |", "|---|--:|--:|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.goal} | {row.measured} |" for row in rows)])


def main() -> None:
    """Measure, print, and with `--page` write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write docs/performance.md")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), sample="national").start()
        try:
            text = section(asyncio.run(measured(server)))
        finally:
            server.stop()
    print(text)
    if wanted.page:
        write_part("app", text)


if __name__ == "__main__":
    main()
