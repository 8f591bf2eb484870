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
    store : Path or None
        Where every measurement is noted as it is made, a line of JSON each.
    measures : bool
        False: only what is known is told, ways and comparisons that are not are left out.
    known : dict
        Measurements made so far, so that two tables share one.
    """

    peer_python: str
    store: Path | None = None
    measures: bool = True
    known: dict[str, Result] = field(default_factory=dict)

    def resume(self) -> None:
        """Take up what an earlier run noted; of the same measurement the last counts."""
        if self.store is not None and self.store.exists():
            for line in self.store.read_text(encoding="utf-8").splitlines():
                noted = json.loads(line)
                self.known[noted["request"]] = result_of(json.dumps(noted["result"]))

    def knows(self, comparison: Comparison, how: str) -> bool:
        """Return whether every seed of a way is known."""
        return all(key(comparison.request(how, seed)) in self.known for seed in comparison.seeds)

    def ways(self, comparison: Comparison) -> list[str]:
        """Return ours and the peers that can run here."""
        peers = (how for how in comparison.peers if self.peer_python or not how.startswith("spopt"))
        return [how for how in ["ours", *peers] if self.measures or self.knows(comparison, how)]

    def compare(self, comparison: Comparison) -> list[Median]:
        """Return the medians of ours and of every peer: instance by instance, side by side."""
        results: dict[str, list[Result]] = {how: [] for how in self.ways(comparison)}
        for seed in comparison.seeds:
            for how in results:
                results[how].append(self.measure(comparison.request(how, seed)))
        return [Median(how, tuple(found), comparison.request(how, 0).limit) for how, found in results.items()]

    def measure(self, request: Request) -> Result:
        """Return one measurement, made now unless this run made it before."""
        text = key(request)
        if text not in self.known:
            self.known[text] = self._fresh(request, text)
            self._note(text)
        return self.known[text]

    def _note(self, text: str) -> None:
        if self.store is not None:
            self.store.parent.mkdir(parents=True, exist_ok=True)
            with self.store.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"request": text, "result": asdict(self.known[text])}) + "\n")

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


def key(request: Request) -> str:
    """Return the text that names a measurement."""
    return json.dumps(asdict(request), sort_keys=True)


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
    """Return the comparisons whose name begins with `only`."""
    return [one for one in comparisons if one.name.lower().startswith(only.lower())]
