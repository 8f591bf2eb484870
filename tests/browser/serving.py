"""The app as a server of its own, on a free port and with a data folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
START_S = 90.0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(slots=True)
class Server:
    """A server of the app; `log` is what it said."""

    folder: Path
    sample: str = "demo"
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> "Server":
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(ROOT / "app.py"),
            f"--server.port={self.port}",
        ]
        flags = ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={self.port}"]
        settings = {"OUTLET_PLANNER_DATA": str(self.folder / "data"), "OUTLET_PLANNER_SAMPLE": self.sample}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *flags, "--server.fileWatcherType=none"], cwd=ROOT, stdout=log, stderr=log,
                env={**os.environ, **settings}, start_new_session=True,
            )  # fmt: skip
        self._wait()
        return self

    def stop(self) -> None:
        """End the server; the workers it started are of its group and end with it."""
        if self.process is None:
            return
        group = self.process.pid
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def memory_mb(self) -> float:
        """Return what the server's own process holds, in MB."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1000

    def _runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _wait(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            assert self._runs(), f"the app ended:\n{self.log[-2000:]}"
            try:
                with urlopen(f"{self.address}/_stcore/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"the app did not start:\n{self.log[-2000:]}")
