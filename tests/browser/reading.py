"""A person in front of the app: a page of Chromium, held to silence and to asking nothing of outside."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Frame, FrameLocator, Locator, Page, Response

from tests.browser.serving import ROOT

PICTURES = ROOT / "out" / "screenshots"
WAIT_MS = 60_000
WIDE = (1400, 1000)
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

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.add_init_script(FIND_MAP)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url.replace("ws:", "http:", 1)))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._look)
        self.page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

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

    def settle(self, quiet_ms: int = 150) -> None:
        """Wait until the server has nothing more to say for a moment."""
        idle = "[data-testid='stApp'][data-test-script-state='notRunning']"
        still = 0
        while still < 2:
            self.page.wait_for_selector(f"{idle}[data-test-connection-state='CONNECTED']")
            self.page.wait_for_timeout(quiet_ms / 2)
            still = still + 1 if self.page.locator(idle).count() else 0

    def language(self, name: str) -> None:
        """Switch the language while everything stays."""
        self.page.get_by_text({"en": "English", "zh": "中文"}[name], exact=True).first.click()
        self.page.wait_for_url(f"**lang={name}**")
        self.settle()

    def turn_to(self, path: str) -> None:
        """Go to another page by the navigation."""
        link = self.page.locator(f"[data-testid='stTopNavLink'][href$='/{path}'], a[href$='/{path}']").first
        link.click()
        self.page.wait_for_url(f"**/{path}**")
        self.settle()

    def choose(self, key: str, option: str | re.Pattern[str]) -> None:
        """Choose an option of the select box with a key."""
        self.widget(key).locator("[data-baseweb='select'], input").first.click()
        self.page.get_by_role("option", name=option).first.click()
        self.settle()

    def press(self, key: str) -> None:
        """Press the button with a key."""
        self.widget(key).locator("button").first.click()
        self.settle()

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

    def click_map(self, lon: float, lat: float, number: int = 0) -> None:
        """Click on a place of the map."""
        spot = self.map_frame(number).evaluate(PIXEL, [lon, lat])
        assert spot["inside"], f"({lon}, {lat}) is not in view"
        self.map(number).locator(".leaflet-container").click(position={"x": spot["x"], "y": spot["y"]})

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
    width, height = WIDE
    context = chrome.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", accept_downloads=True,
        **options,
    )  # fmt: skip
    return Reader(context.new_page(), address, name)


Visit = Callable[..., Reader]
