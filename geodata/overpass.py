"""What the Overpass service answers, watched while OSMnx asks it: whole answers pass, all others are named.

OSMnx repeats a request for ever while the service is busy, and takes an answer that broke off for a whole
one. A `Watch` is handed to it as a response hook of `requests` (`osmnx.settings.requests_kwargs`): it sees
every answer first, repeats a refused request a bounded number of times, and raises for what is not whole.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import requests

from geodata.messages import Message, say

OVERPASS_URL = "https://overpass-api.de/api"
BUSY = (429, 504)  # too many requests of ours, or of everybody's
_STATUS_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a busy service.

    Attributes
    ----------
    tries
        How often a request is sent, at most.
    first_wait_s
        Seconds before the second try; each wait is twice the last.
    longest_wait_s
        The longest single wait, also the longest for a free slot that the service announces.
    """

    tries: int = 5
    first_wait_s: float = 15.0
    longest_wait_s: float = 120.0

    def wait_s(self, tried: int, asked: str | None) -> float:
        """Return how long to wait after `tried` tries, where the service may have `asked` for seconds."""
        own: float = self.first_wait_s * 2.0 ** (tried - 1)
        wanted = float(asked) if asked and asked.isdigit() else 0.0
        return min(max(own, wanted), self.longest_wait_s)


class OverpassError(Exception):
    """The service did not give what was asked for; `message` says so in one sentence."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


class PartialAnswerError(OverpassError):
    """The service broke an answer off; a smaller request may pass."""


@dataclass(slots=True)
class Watch:
    """A response hook of `requests` that lets only whole answers through.

    Attributes
    ----------
    url
        The service, for its sentences.
    patience
        How long it waits.
    as_of
        The dates of the data in the answers seen.
    """

    url: str
    patience: Patience
    as_of: set[str] = field(default_factory=set)
    _running: int = 0

    def __call__(self, response: Any, *_: object, **sending: Any) -> Any:
        """Return a whole answer, or raise `OverpassError`; `sending` is how the request was sent."""
        if response.is_redirect:
            return response
        if response.request.method == "GET":
            return self._bounded(response)
        response = self._patient(response, sending)
        _ = response.content  # read to its end, or its connection would stay open when we raise
        self._require_whole(response)
        return response

    def _bounded(self, status: Any) -> Any:
        """Let a status pass unless OSMnx would wait longer for it than we are ready to."""
        line = _slot_line(status.text)
        self._running = self._running + 1 if line.startswith("Currently") else 0
        if _seconds(line) > self.patience.longest_wait_s or self._running > self.patience.tries:
            raise OverpassError(_busy(self.url, status.status_code, 1))
        return status

    def _patient(self, response: Any, sending: dict[str, Any]) -> Any:
        """Repeat a request that a busy service refused; return the last answer."""
        for tried in range(1, self.patience.tries):
            if response.status_code not in BUSY:
                return response
            time.sleep(self.patience.wait_s(tried, response.headers.get("Retry-After")))
            again = response.request.copy()
            _ = response.content
            response = response.connection.send(again, **sending)
            response.request = again
        if response.status_code in BUSY:
            response.close()
            raise OverpassError(_busy(self.url, response.status_code, self.patience.tries))
        return response

    def _require_whole(self, response: Any) -> None:
        if not response.ok:
            raise OverpassError(_refused(self.url, response.status_code))
        try:
            answer = response.json()
            elements = answer["elements"]
            ways = [element["nodes"] for element in elements if element["type"] == "way"]
            nodes = {element["id"] for element in elements if element["type"] == "node"}
        except (ValueError, KeyError, TypeError) as error:
            raise OverpassError(_garbage(self.url)) from error
        if "remark" in answer:
            raise PartialAnswerError(_half(self.url, str(answer["remark"])))
        if not all(nodes.issuperset(way) for way in ways):
            raise PartialAnswerError(_half(self.url, str(say("ways without their nodes"))))
        self.as_of.add(str(answer.get("osm3s", {}).get("timestamp_osm_base", "")))


def has_slots(url: str) -> bool:
    """Return whether the service at `url` hands out slots, which OSMnx then waits for.

    A service without them, such as one's own, would make OSMnx wait a minute for each request, or for ever.

    Raises
    ------
    OverpassError
        If nothing can be reached there.
    """
    try:
        status = requests.get(url.rstrip("/") + "/status", timeout=_STATUS_TIMEOUT_S)
    except (requests.RequestException, ValueError) as error:
        raise OverpassError(unreachable(url)) from error
    line = _slot_line(status.text)
    return status.ok and ("slots available now" in line or line.startswith("Slot available after"))


def unreachable(url: str) -> Message:
    """Return the sentence for a service that does not answer."""
    return say(
        "The Overpass service ({url}) cannot be reached: check the connection, or give the data as a file "
        "(--roads FILE, for sites --osm FILE).",
        url=url,
    )


def _slot_line(status: str) -> str:
    """Return the line of a status that OSMnx goes by."""
    lines = status.split("\n")
    return lines[4] if len(lines) > 4 else ""


def _seconds(line: str) -> float:
    """Return the seconds in "Slot available after: 2026-11-22T09:00:00Z, in 35 seconds."; 0 in others."""
    words = line.split(", in ")[-1].split(" ")
    return float(words[0]) if line.startswith("Slot") and words[0].lstrip("-").isdigit() else 0.0


def _busy(url: str, status: int, tries: int) -> Message:
    return say(
        "The Overpass service ({url}) is busy (status {status}, asked {tries} times): try again later, or "
        "give the data as a file (--roads FILE, for sites --osm FILE).",
        url=url,
        status=status,
        tries=tries,
    )


def _refused(url: str, status: int) -> Message:
    return say(
        "The Overpass service ({url}) refused the request (status {status}): check its address, or give the "
        "data as a file (--roads FILE, for sites --osm FILE).",
        url=url,
        status=status,
    )


def _garbage(url: str) -> Message:
    return say(
        "The Overpass service ({url}) gave an answer that is not OpenStreetMap data: try again later, or "
        "give the data as a file (--roads FILE, for sites --osm FILE).",
        url=url,
    )


def _half(url: str, remark: str) -> Message:
    return say(
        "The Overpass service ({url}) gave only a part of what was asked ({remark}): ask for fewer areas, or "
        "give the data as a file (--roads FILE, for sites --osm FILE).",
        url=url,
        remark=remark.strip()[:200],
    )
