"""The time limit of a whole call."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """The time limit of the whole call."""

    ends: float

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """Start a clock that rings in `seconds`."""
        return cls(time.perf_counter() + seconds)

    @property
    def left(self) -> float:
        """Seconds left, negative when time is up."""
        return self.ends - time.perf_counter()

    def within(self, seconds: float) -> Clock:
        """Return a clock that rings in `seconds`, or with this one if that is sooner."""
        return Clock(min(self.ends, time.perf_counter() + seconds))
