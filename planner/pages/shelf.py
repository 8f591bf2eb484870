"""Files that the browser fetches by itself, so that nothing large goes through the socket.

What everyone may see is named by its content. What belongs to one session has a name that nobody can guess,
is never cached, and goes with the session: when the reader leaves, when it was not asked for in half an hour,
when newer files of the session push it out, or when the shelf is full.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

PATH = "/map"
MOST_OF_A_SESSION = 16
MOST_BYTES = 512 * 1024 * 1024
UNUSED_SECONDS = 30 * 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on the shelf: JSON, whose it is ("" for everyone's), and how it was asked for."""

    content: bytes
    session: str
    digest: str


class Shelf:
    """Files by name, the least used going first where there are too many.

    Parameters
    ----------
    clock
        Seconds of a clock that only goes forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._named: dict[tuple[str, str], str] = {}
        self._used: dict[str, float] = {}
        self._bytes = 0
        self._lock = Lock()

    def public(self, content: bytes) -> str:
        """Return the path of a file that everyone may see; the same content has the same path."""
        digest = hashlib.sha256(content).hexdigest()
        return self._put(Kept(content, "", digest), digest)

    def private(self, session: str, content: bytes) -> str:
        """Return the path of a file of one session; the same content keeps its path while it is there."""
        return self._put(
            Kept(content, session, hashlib.sha256(content).hexdigest()), secrets.token_urlsafe(32)
        )

    def get(self, name: str) -> Kept | None:
        """Return the file of a name, or None."""
        with self._lock:
            self._forget_unused()
            kept = self._kept.get(name)
            if kept is not None:
                self._use(name)
            return kept

    def forget(self, session: str) -> None:
        """Drop the files of a session."""
        with self._lock:
            for name in [name for name, kept in self._kept.items() if kept.session == session != ""]:
                self._drop(name)

    def _put(self, kept: Kept, name: str) -> str:
        with self._lock:
            self._forget_unused()
            known = self._named.get((kept.session, kept.digest))
            if known is None:
                self._kept[name] = kept
                self._named[kept.session, kept.digest] = known = name
                self._bytes += len(kept.content)
                self._make_room(kept.session)
            self._use(known)
            return f"{PATH}/{known}.json"

    def _use(self, name: str) -> None:
        self._kept.move_to_end(name)
        self._used[name] = self._clock()

    def _forget_unused(self) -> None:
        """Drop what sessions left behind, the oldest first."""
        since = self._clock() - UNUSED_SECONDS
        old = [name for name, used in self._used.items() if used < since and self._kept[name].session]
        for name in old:
            self._drop(name)

    def _make_room(self, session: str) -> None:
        if session:
            own = [name for name, kept in self._kept.items() if kept.session == session]
            for name in own[:-MOST_OF_A_SESSION]:
                self._drop(name)
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: str) -> None:
        kept = self._kept.pop(name)
        self._used.pop(name, None)
        self._named.pop((kept.session, kept.digest), None)
        self._bytes -= len(kept.content)


SHELF = Shelf()
"""One for the server: its routes and all sessions know it."""
