"""A person in front of the app: a page of Chromium, held to silence and to asking nothing of outside."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Frame,
    FrameLocator,
    Locator,
    Page,
    Position,
    Response,
    WebSocket,
    expect,
)

from tests.browser.serving import ROOT

PICTURES = ROOT / "out" / "screenshots"
WAIT_MS = 60_000
expect.set_options(timeout=WAIT_MS)
WIDE = (1400, 1000)
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning'][data-test-connection-state='CONNECTED']"
QUIET_MS, MOST_LOOKS = 60, 150
ROW_PX = 30.6
PATHS = ["", "area", "try", "scenarios", "data", "rules", "report"]
MAP = "iframe[src*='outlet_map']"
PROBE = re.compile(r"^/[^/]+/_stcore/(health|host-config)$")
"""What Streamlit's page asks under a deep link before it knows where the server's root is."""
INSIDE = ("data:", "blob:", "about:")

# Tests put a point on the map by its longitude and latitude: the map drawn is kept where they find it.
FIND_MAP = """
let leaflet;
Object.defineProperty(window, "L", {
  configurable: true,
  get: () => leaflet,
  set: (value) => {
    leaflet = value;
    if (value && value.Map) { value.Map.addInitHook(function () { window.mapOfTest = this; }); }
  },
});
"""
PIXEL = """([lon, lat]) => {
  const map = window.mapOfTest, at = map.latLngToContainerPoint([lat, lon]), size = map.getSize();
  const inside = at.x > 0 && at.y > 0 && at.x < size.x && at.y < size.y;
  return { x: at.x, y: at.y, inside: inside };
}"""
STILL = """() => {
  const map = window.mapOfTest;
  return map && !map._animatingZoom && !(map._panAnim && map._panAnim._inProgress);
}"""


@dataclass(eq=False)
class Reader:
    """A page, and all that it asked and said."""

    page: Page
    address: str
    name: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    down: bool = False
    sent: int = 0
    answered: bool = True

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.add_init_script(FIND_MAP)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", self._listen)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._look)
        self.page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _listen(self, socket: WebSocket) -> None:
        self.asked.append(socket.url.replace("ws:", "http:", 1))
        socket.on("framesent", lambda _: self._count(answered=False))
        socket.on("framereceived", lambda _: self._count(answered=True))

    def _count(self, *, answered: bool) -> None:
        self.answered = answered
        self.sent += not answered

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "error" or self.down:
            return
        path = urlsplit(message.location.get("url", "")).path
        if not (PROBE.match(path) and "404" in message.text):
            self.complaints.append(f"{message.text} ({path})")

    def _look(self, response: Response) -> None:
        if response.request.resource_type == "document":
            self.policies.append(response.headers.get("content-security-policy", ""))

    # what a person does

    def open(self, path: str = "/", **query: str) -> None:
        """Go to an address, and wait until the page stands."""
        asked = f"?{urlencode(query)}" if query else ""
        self.page.goto(f"{self.address}{path}{asked}")
        self.settle()

    def settle(self) -> None:
        """Wait until the server has answered and has nothing more to say for a moment."""
        still = 0
        while still < 2:
            self.page.wait_for_selector(IDLE, state="attached")
            self.page.wait_for_timeout(QUIET_MS)
            still = still + 1 if self.answered and self.page.locator(IDLE).count() else 0

    def act(self, what: Callable[[], object]) -> None:
        """Do something that the server hears of, and wait for its answer."""
        before = self.sent
        what()
        for _ in range(MOST_LOOKS):
            if self.sent > before:
                break
            self.page.wait_for_timeout(20)
        self.settle()

    def language(self, name: str) -> None:
        """Switch the language while everything stays."""
        button = self.page.get_by_text({"en": "English", "zh": "中文"}[name], exact=True).first
        self.act(button.click)
        self.page.wait_for_url(f"**lang={name}**")

    def turn_to(self, path: str) -> None:
        """Go to another page by the navigation; "" is the first."""
        links = self.page.locator("[data-testid='stTopNavLink']")
        self.act(links.nth(PATHS.index(path)).click)
        self.page.wait_for_url(lambda url: urlsplit(url).path == f"/{path}")

    def follow(self, address: str) -> None:
        """Follow the first link of the page to an address that holds this."""
        self.act(self.page.locator(f"[data-testid='stMain'] a[href*='{address}']").first.click)
        self.page.wait_for_url(f"**{address}**")

    def choose(self, key: str, option: str | re.Pattern[str] | int) -> None:
        """Choose an option of the select box with a key: by its words, or by its place in the list."""
        self.widget(key).locator("input").first.click()
        offered = self.page.get_by_role("option")
        one = offered.nth(option) if isinstance(option, int) else offered.filter(has_text=option).first
        self.act(one.click)

    def press(self, key: str) -> None:
        """Press the button with a key."""
        self.act(self.widget(key).locator("button").first.click)

    def fill(self, key: str, text: str) -> None:
        """Write into the field with a key."""
        field = self.widget(key).locator("input").first
        field.fill(text)
        self.act(lambda: field.press("Enter"))

    def upload(self, key: str, name: str, content: str | bytes, *, wait_ms: int = WAIT_MS) -> None:
        """Upload a file."""
        data = content.encode() if isinstance(content, str) else content
        field = self.widget(key).locator("input[type='file']")
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        self.act(lambda: field.set_input_files(file))
        self.widget(key).get_by_text(name).first.wait_for(timeout=wait_ms)

    def row(self, key: str, number: int) -> None:
        """Choose a row of the table with a key, by the box before it."""
        grid = self.widget(key).locator("[data-testid='stDataFrame']")
        grid.scroll_into_view_if_needed()
        spot = {"x": 18, "y": ROW_PX * (number + 1.5)}
        self.act(lambda: grid.click(position=spot))

    def cells(self, number: int) -> str:
        """Return the words in the cells of a table of the page."""
        tables = self.page.locator("[data-testid='stMain'] [data-testid='stDataFrame']")
        table = tables.last if number < 0 else tables.nth(number)
        table.scroll_into_view_if_needed()
        table.locator("[role='gridcell']").first.wait_for(state="attached")
        return " | ".join(table.locator("[role='gridcell']").all_text_contents())

    def widget(self, key: str) -> Locator:
        """Return the widget with a key: its name is the same in all languages."""
        return self.page.locator(f".st-key-{key}")

    def words(self) -> str:
        """Return the words of the page."""
        return self.page.locator("[data-testid='stMain']").inner_text()

    # the map

    def map(self, number: int = 0) -> FrameLocator:
        """Return a map of the page."""
        return self.page.frame_locator(MAP).nth(number)

    def map_frame(self, number: int = 0) -> Frame:
        """Return a drawn map, standing still."""
        self.map(number).locator(".leaflet-container").wait_for()
        handle = self.page.locator(MAP).nth(number).element_handle()
        assert handle is not None
        frame = handle.content_frame()
        assert frame is not None
        frame.wait_for_function(STILL)
        return frame

    def spot(self, lon: float, lat: float, number: int = 0) -> Position:
        """Return where a place is on the map that is in view."""
        found = self.map_frame(number).evaluate(PIXEL, [lon, lat])
        assert found["inside"], f"({lon}, {lat}) is not in view"
        return {"x": found["x"], "y": found["y"]}

    def click_map(self, lon: float, lat: float, number: int = 0) -> None:
        """Click on a place of the map."""
        container, at = self.map(number).locator(".leaflet-container"), self.spot(lon, lat, number)
        self.act(lambda: container.click(position=at))

    def map_is_drawn(self, number: int = 0) -> bool:
        """Tell whether areas are painted."""
        count = """() => Array.from(document.querySelectorAll('canvas')).reduce((most, canvas) => {
            if (!canvas.width || !canvas.height) { return most; }
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let filled = 0;
            for (let i = 3; i < data.length; i += 4) { filled += data[i] > 0 ? 1 : 0; }
            return Math.max(most, filled);
        }, 0)"""
        return bool(self.map_frame(number).evaluate(count) > 10_000)

    # what the test keeps, and holds it to

    def keep(self, name: str = "") -> Path:
        """Keep a picture of the page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{self.name}{'-' if name else ''}{name}.png"
        self.page.screenshot(path=path)
        return path

    def expect_silence(self) -> None:
        """Hold the page to it: nothing asked of outside, no complaint, a strict policy."""
        home = (self.address + "/", *INSIDE)
        assert [url for url in self.asked if not url.startswith(home)] == []
        assert self.complaints == []
        assert self.policies
        for policy in self.policies:
            parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
            assert parts["default-src"] == "'none'"
            assert "unsafe" not in parts["script-src"]
            assert "*" not in policy
            assert "http" not in policy


def reader_of(chrome: Browser, address: str, name: str, **options: object) -> Reader:
    """Return a new person, who shares nothing with the others but the server."""
    usual = {"viewport": {"width": WIDE[0], "height": WIDE[1]}, "reduced_motion": "reduce"}
    context = chrome.new_context(**{**usual, **options})
    return Reader(context.new_page(), address, name)


Visit = Callable[..., Reader]
