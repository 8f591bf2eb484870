"""A server on this machine that answers like the Overpass service."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from geodata.overpass import Patience

QUICK = Patience(tries=3, first_wait_s=0.01, longest_wait_s=2.0)
FREE = "2 slots available now."
Answer = tuple[int, bytes]


@dataclass
class Overpass:
    """What the server answers next, and what it was asked."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    statuses: list[str] = field(default_factory=lambda: [FREE])
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    status_code: int = 200

    def answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def status(self) -> str:
        line = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        about = ["Connected as: 1", "Current time: 2026-11-22T00:00:00Z", "Announced endpoint: none"]
        return "\n".join([*about, "Rate limit: 2", line, "Currently running queries (pid, ...):", ""])


@contextmanager
def serving(*answers: Answer) -> Iterator[Overpass]:
    """Serve these answers one after the other, the last for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.give(overpass.status_code, overpass.status().encode())

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"])).decode()
            overpass.asked.append(parse_qs(query)["data"][0])
            overpass.agents.add(self.headers["User-Agent"])
            self.give(*overpass.answer())

        def give(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    overpass = Overpass(f"http://127.0.0.1:{httpd.server_address[1]}/api", list(answers))
    thread.start()
    try:
        yield overpass
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
