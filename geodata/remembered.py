"""Answers that are kept while there is room, for several threads at once."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

_KEY_BYTES = 400  # what a key and its places in tables take, about

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A table that forgets what was asked for longest ago, once its values take more than `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes = most_bytes, 0
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        """Return the value put under `key`, if it is still there."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep `value`, which takes `size` bytes, under `key`."""
        with self._lock:
            _, before = self._values.pop(key, (value, 0))
            self._values[key] = value, size + _KEY_BYTES
            self._bytes += size + _KEY_BYTES - before
            while self._bytes > self._most:
                _, (_, gone) = self._values.popitem(last=False)
                self._bytes -= gone
