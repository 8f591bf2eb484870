"""Files that the browser fetches by itself, so that nothing large goes through the socket.

What everyone may see is named by its content. What belongs to one session has a name that nobody can guess,
is never cached, and goes when newer files of the session push it out or the shelf is full.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

PATH = "/map"
MOST_OF_A_SESSION = 16
MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on the shelf: JSON, whose it is ("" for everyone's), and how it was asked for."""

    content: bytes
    session: str
    digest: str


class Shelf:
    """Files by name, the least used going first where there are too many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._named: dict[tuple[str, str], str] = {}
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
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
            return kept

    def forget(self, session: str) -> None:
        """Drop the files of a session."""
        with self._lock:
            for name in [name for name, kept in self._kept.items() if kept.session == session]:
                self._drop(name)

    def _put(self, kept: Kept, name: str) -> str:
        with self._lock:
            known = self._named.get((kept.session, kept.digest))
            if known is None:
                self._kept[name] = kept
                self._named[kept.session, kept.digest] = known = name
                self._bytes += len(kept.content)
                self._make_room(kept.session)
            self._kept.move_to_end(known)
            return f"{PATH}/{known}.json"

    def _make_room(self, session: str) -> None:
        if session:
            own = [name for name, kept in self._kept.items() if kept.session == session]
            for name in own[:-MOST_OF_A_SESSION]:
                self._drop(name)
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: str) -> None:
        kept = self._kept.pop(name)
        self._named.pop((kept.session, kept.digest), None)
        self._bytes -= len(kept.content)


SHELF = Shelf()
"""One for the server: its routes and all sessions know it."""
