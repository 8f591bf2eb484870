"""Runs measurements one after the other, each in a fresh process, and keeps what they said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.comparisons import Comparison
from benchmarks.measure import Request, Result

ROOT = Path(__file__).parents[1]
FAILED = "failed"
GRACE = 60.0  # seconds for a process to start, draw its instance and stop after its limit


@dataclass(frozen=True, slots=True)
class Median:
    """The medians of one way over the seeds.

    Attributes
    ----------
    how : str
        The way.
    results : tuple of Result
        One per seed.
    limit : float
        Seconds it had.
    """

    how: str
    results: tuple[Result, ...]
    limit: float

    def of(self, name: str) -> float | None:
        """Return the median of an attribute over the seeds that have it."""
        values = [getattr(one, name) for one in self.results if getattr(one, name) is not None]
        return float(median(values)) if values else None

    @property
    def solved(self) -> int:
        """The number of seeds with a plan."""
        return sum(one.objective is not None for one in self.results)

    @property
    def proven(self) -> int:
        """The number of seeds proven within the gap."""
        return sum(one.proven for one in self.results)


@dataclass(frozen=True, slots=True)
class Runner:
    """Measures, each in a process of its own.

    Attributes
    ----------
    peer_python : str
        The interpreter of the environment that has spopt; empty: spopt is left out.
    known : dict
        Measurements made so far, so that two tables share one.
    """

    peer_python: str
    known: dict[str, Result] = field(default_factory=dict)

    def ways(self, comparison: Comparison) -> list[str]:
        """Return ours and the peers that can run here."""
        peers = (how for how in comparison.peers if self.peer_python or not how.startswith("spopt"))
        return ["ours", *peers]

    def compare(self, comparison: Comparison) -> list[Median]:
        """Return the medians of ours and of every peer: instance by instance, side by side."""
        results: dict[str, list[Result]] = {how: [] for how in self.ways(comparison)}
        for seed in comparison.seeds:
            for how in results:
                results[how].append(self.measure(comparison.request(how, seed)))
        return [Median(how, tuple(found), comparison.request(how, 0).limit) for how, found in results.items()]

    def measure(self, request: Request) -> Result:
        """Return one measurement, made now unless this run made it before."""
        text = json.dumps(asdict(request), sort_keys=True)
        if text not in self.known:
            self.known[text] = self._fresh(request, text)
        return self.known[text]

    def _fresh(self, request: Request, text: str) -> Result:
        python = self.peer_python if request.how.startswith("spopt") else sys.executable
        seconds = request.limit * max(1, request.arguments.get("count", 1) // (os.cpu_count() or 1))
        code, output, errors = run([python, "-m", "benchmarks.measure", text], seconds + GRACE)
        if code == 0:
            return result_of(output)
        if code is None:
            return Result(seconds)
        print(f"{request.how} on {request.kind} failed:\n{errors[-2000:]}", file=sys.stderr)
        return Result(seconds, notes=(FAILED,))


def run(command: list[str], seconds: float) -> tuple[int | None, str, str]:
    """Return code (None: out of time), output and errors of a command; its own children end with it."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, "", ""
    return process.returncode, output, errors


def result_of(output: str) -> Result:
    """Return the result on the last line that a measurement printed."""
    values = json.loads(output.splitlines()[-1])
    return Result(**{**values, "notes": tuple(values["notes"])})


def names(comparisons: Iterable[Comparison], only: str) -> list[Comparison]:
    """Return the comparisons whose name holds `only`."""
    return [one for one in comparisons if only.lower() in one.name.lower()]
