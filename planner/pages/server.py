"""The server around the pages: the files of the maps, and what the browser is allowed to do."""

import base64
import gc
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from threading import Thread

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from maps import assets
from planner import livemap
from planner.pages import session
from planner.pages.shelf import PATH, SHELF

FOREVER = "public, max-age=31536000, immutable"
NEVER = "no-store"
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:  # noqa: ARG001  # what Starlette asks for
    """Make, beside serving, what every first page needs."""
    Thread(target=warm, name="warm", daemon=True).start()
    yield


def warm() -> None:
    """Draw the packaged areas, and check the sample that sessions begin with.

    What was made stays for as long as the server runs: the collector of garbage need not look through it
    again, which takes a third of a second with the large sample.
    """
    livemap.warm()
    session.warm()
    gc.collect()
    gc.freeze()


def routes() -> list[Route]:
    """Return the routes beside Streamlit's own: the maps' data, and the scripts and styles they share."""
    base = "/" + str(config.get_option("server.baseUrlPath")).strip("/")
    prefix = base.rstrip("/")
    return [
        Route(f"{prefix}{PATH}/asset/{{name}}", asset),
        Route(f"{prefix}{PATH}/{{name}}.json", map_file),
    ]


async def map_file(request: Request) -> Response:
    """Answer with a file of the shelf."""
    kept = SHELF.get(request.path_params["name"])
    if kept is None:
        return Response(status_code=404, headers={"Cache-Control": NEVER})
    caching = NEVER if kept.session else FOREVER
    return Response(kept.content, media_type="application/json", headers={"Cache-Control": caching})


async def asset(request: Request) -> Response:
    """Answer with Leaflet, or with the scripts and styles of our maps."""
    made = {
        "leaflet.js": (assets.leaflet_script, "text/javascript"),
        "leaflet.css": (assets.leaflet_style, "text/css"),
        "map.js": (assets.map_script, "text/javascript"),
        "map.css": (assets.map_style, "text/css"),
    }.get(request.path_params["name"])
    if made is None:
        return Response(status_code=404)
    return Response(made[0](), media_type=made[1], headers={"Cache-Control": "no-cache"})


def policy() -> str:
    """Return the Content-Security-Policy of every answer: nothing from outside, and no script but ours.

    Streamlit's page holds a script of its own, which is allowed by its hash. Styles are set by scripts all
    over it, so styles may be inline.
    """
    page = (files("streamlit") / "static" / "index.html").read_text(encoding="utf-8")
    digests = (hashlib.sha256(text.encode()).digest() for text in INLINE_SCRIPT.findall(page))
    inline = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {inline}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self' blob:; "
        "worker-src 'self' blob:; media-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    )


class Guarded:
    """Middleware that puts the policy, and what else keeps a browser careful, on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy(),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Frame-Options": "SAMEORIGIN",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the headers."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, guarded)


def middleware() -> list[Middleware]:
    """Return what stands before Streamlit."""
    return [Middleware(Guarded)]
