"""The app in a real browser: it opens, draws its map, and asks nothing of the internet."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WAIT_MS = 120_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}"]
    flags = ["--server.headless=true", "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
    server = subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(240):
        assert server.poll() is None, "the app ended"
        try:
            with urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the app did not start")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
def test_the_app_draws_the_map_of_the_sample_offline(address: str) -> None:
    asked: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.get_by_text("areas are short").first.wait_for(timeout=WAIT_MS)
        map_frame = page.frame_locator("iframe").first
        map_frame.locator(".leaflet-container").wait_for(timeout=WAIT_MS)
        map_frame.locator("canvas, svg path").first.wait_for(state="attached", timeout=WAIT_MS)
        page.get_by_text("中文").click()
        map_frame.locator("html[lang='zh-CN']").wait_for(state="attached", timeout=WAIT_MS)
        browser.close()
    outside = [url for url in asked if not url.startswith((address, "data:", "blob:", "about:"))]
    assert outside == []
    assert errors == []
