"""One browser for a file of tests, one server for all, and people who are held to silence."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.reading import Reader, Visit, reader_of
from tests.browser.serving import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Return a browser; not for longer than a file, since its loop stands in the way of others."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server that all tests share."""
    started = Server(tmp_path_factory.mktemp("app")).start()
    yield started
    started.stop()


@pytest.fixture
def visit(chrome: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Return what lets one more person in; at the end everyone must have been silent."""
    came: list[Reader] = []
    name = re.sub(r"[^\w-]+", "-", request.node.name.removeprefix("test_")).strip("-")

    def let_in(**options: object) -> Reader:
        suffix = f"-{len(came) + 1}" if came else ""
        came.append(reader_of(chrome, server.address, name + suffix, **options))
        return came[-1]

    yield let_in
    for one in came:
        one.keep()
        one.page.context.close()
    for one in came:
        one.expect_silence()


@pytest.fixture
def reader(visit: Visit) -> Reader:
    """Return one person."""
    return visit()
