"""The server around the pages: what it answers, what it forbids, and for whom it keeps files."""

import asyncio
import os
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Scope
from streamlit.testing.v1 import AppTest

from planner.cli import main
from planner.pages import server
from planner.pages.shelf import MOST_OF_A_SESSION, SHELF, UNUSED_SECONDS, Shelf

ROOT = Path(__file__).parents[2]
HOSTILE = b'{"name": "</script><img src=x onerror=alert(1)>${alert(1)}"}'


class Clock:
    """A clock that stands until it is set forward."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def app() -> ASGIApp:
    return Starlette(routes=server.routes(), middleware=server.middleware())


def get(path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Ask the server as a browser would: status, headers, body."""
    heard: list[Message] = []
    scope: Scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "root_path": "", "scheme": "http", "query_string": b"", "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        heard.append(dict(message))

    asyncio.run(app()(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in heard if one["type"] == "http.response.body")
    return heard[0]["status"], {k.decode(): v.decode() for k, v in heard[0]["headers"]}, body


@pytest.mark.parametrize(
    "path", ["/map/nothing.json", "/map/asset/leaflet.js", "/map/asset/no.js", "/map/", "/elsewhere"]
)
def test_every_answer_carries_the_policy(path: str) -> None:
    headers = get(path)[1]
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_policy_lets_nothing_in_from_outside_and_no_script_be_made_up() -> None:
    parts = dict(part.strip().split(" ", 1) for part in server.policy().split(";"))
    assert "unsafe" not in parts["script-src"]
    assert not [part for name, part in parts.items() if re.search(r"https?:|\*", part)]
    assert parts["object-src"] == parts["base-uri"] == "'none'"
    assert parts["frame-ancestors"] == parts["connect-src"] == "'self'"


@pytest.mark.parametrize(
    "path",
    [
        "/map/", "/map", "/map/asset/", "/map/.json", "/map/%2e%2e/app.py", "/map/../app.py",
        "/map/asset/../../app.py", "/map/asset/..%2f..%2fapp.py", "/map//etc/passwd.json", "/app/static/",
    ],
)  # fmt: skip
def test_there_is_no_listing_and_no_way_out_of_the_folder(path: str) -> None:
    SHELF.private("a session", HOSTILE)
    status, _, body = get(path)
    assert status == 404
    assert b"map" not in body.lower().replace(b"not found", b"")
    SHELF.forget("a session")


def test_a_file_of_a_session_is_json_that_nobody_keeps() -> None:
    path = SHELF.private("a session", HOSTILE)
    status, headers, body = get(path)
    assert (status, body) == (200, HOSTILE)
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert len(path) > 50
    SHELF.forget("a session")
    assert get(path)[0] == 404


def test_nothing_can_be_written_through_the_routes() -> None:
    path = SHELF.public(b"{}")
    assert [get(path, method)[0] for method in ("POST", "PUT", "DELETE")] == [405] * 3


def test_sessions_have_names_of_their_own_for_the_same_content() -> None:
    shelf = Shelf()
    first, second = shelf.private("a", HOSTILE), shelf.private("b", HOSTILE)
    assert first != second
    assert first == shelf.private("a", HOSTILE)
    shelf.forget("a")
    assert shelf.get(name_of(first)) is None
    assert shelf.get(name_of(second)) is not None


def test_files_of_sessions_go_when_nobody_asks_for_them() -> None:
    clock = Clock()
    shelf = Shelf(clock)
    old, used, public = shelf.private("a", b"1"), shelf.private("a", b"2"), shelf.public(b"3")
    clock.seconds = UNUSED_SECONDS - 1
    assert shelf.get(name_of(used))
    clock.seconds = UNUSED_SECONDS + 1
    assert shelf.get(name_of(old)) is None
    assert shelf.get(name_of(used))
    assert shelf.get(name_of(public))


def test_forgetting_no_session_keeps_what_is_everyones() -> None:
    shelf = Shelf()
    path = shelf.public(b"{}")
    shelf.forget("")
    assert shelf.get(name_of(path))


def test_newer_files_of_a_session_push_out_its_older_ones() -> None:
    shelf = Shelf()
    paths = [shelf.private("a", str(n).encode()) for n in range(MOST_OF_A_SESSION + 3)]
    assert [bool(shelf.get(name_of(path))) for path in paths] == [False] * 3 + [True] * MOST_OF_A_SESSION


def name_of(path: str) -> str:
    return path.removeprefix("/map/").removesuffix(".json")


def leaving() -> None:
    """A page that puts a file on the shelf; in a script of its own, as Streamlit runs it."""
    import streamlit as st

    from planner.pages import session
    from planner.pages.shelf import SHELF

    session.begin()
    st.text(SHELF.private(session.session_id(), b"mine"))


def test_files_go_with_their_session() -> None:
    from streamlit.runtime.caching import clear_session_resource_cache

    page = AppTest.from_function(leaving, default_timeout=60).run()
    assert not page.exception
    path = page.text[0].value
    kept = SHELF.get(name_of(path))
    assert kept
    clear_session_resource_cache(kept.session)  # as Streamlit does when the reader leaves
    assert SHELF.get(name_of(path)) is None


def locked() -> None:
    """A page behind the login."""
    import streamlit as st

    from planner.pages import login, session

    session.begin()
    if login.asked():
        login.ask(session.language())
    login.who(session.language())
    st.text("inside")


def test_without_a_provider_nobody_logs_in() -> None:
    page = AppTest.from_function(locked, default_timeout=60).run()
    assert [text.value for text in page.text] == ["inside"]
    assert not page.button


def test_with_a_provider_a_stranger_sees_only_the_way_in() -> None:
    page = AppTest.from_function(locked, default_timeout=60)
    page.secrets["auth"] = {"client_id": "x"}
    page.run()
    assert not page.exception
    assert not page.text
    assert [button.key for button in page.button] == ["log_in"]


def test_the_command_opens_the_app_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], dict[str, str]]] = []

    def become(program: str, command: list[str], env: dict[str, str]) -> None:
        calls.append((command, env))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", become)
    with pytest.raises(SystemExit):
        main(["app", "--port", "8599", "--sample", "national", "--lang", "zh"])
    command, env = calls[0]
    assert env["STREAMLIT_SERVER_ALLOWED_HOSTS"] == "localhost 127.0.0.1"
    assert (env["OUTLET_PLANNER_LANG"], env["OUTLET_PLANNER_SAMPLE"]) == ("zh", "national")
    for setting in (
        "--server.port=8599", "--server.address=localhost", "--server.maxUploadSize=20",
        "--browser.gatherUsageStats=false", "--client.showErrorDetails=none",
        "--server.fileWatcherType=none", "--server.enableXsrfProtection=true", "--server.enableCORS=true",
    ):  # fmt: skip
        assert setting in command


def test_the_settings_of_the_source_tree_are_the_commands() -> None:
    import tomllib

    from planner.cli.data_commands import APP_SETTINGS

    text = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    parts = [(name, found) for name, found in tomllib.loads(text).items() if name != "theme"]
    written = {f"{part}.{name}": value for part, found in parts for name, value in found.items()}
    assert written.pop("server.address") == "localhost"
    expected = {
        name: value
        for name, value in APP_SETTINGS.items()
        if not name.startswith(("theme.", "server.fileWatcherType"))
    }
    assert {name: str(value).lower() for name, value in written.items()} == {
        name: str(value).lower() for name, value in expected.items()
    }
