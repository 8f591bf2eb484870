"""Worker processes, each on its own: one that dies takes only the task that it held.

A `ProcessPoolExecutor` of several processes breaks as a whole when one of them dies. Here every
lane is a thread with a pool of one process, so that a death ends one future, with
`BrokenProcessPool`, and the lane starts a fresh process for its next task.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Result = TypeVar("Result")


class Workers(Executor):
    """An executor of `count` processes (default: one per core), started when the first task comes.

    Left by an exception, such as the user's interruption, it kills what runs; otherwise it waits.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self.started = False
        self._threads = ThreadPoolExecutor(self.count, thread_name_prefix="lane")
        self._own = threading.local()
        self._pools: dict[int, ProcessPoolExecutor] = {}
        self._usable = True
        self._closed = False
        self._lock = threading.Lock()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for what was submitted, or kill it where an exception came first."""
        if kind is None:
            self.shutdown()
        else:
            self.kill()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Run `fn` in the next process that is free.

        A script without the usual `if __name__ == "__main__"` comes here again in the processes
        that it starts: they end without a word, and it runs what it submits itself.
        """
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise SystemExit(1)
        self.started = True
        return self._threads.submit(self._run, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes once they have done what was submitted."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        if wait:
            for pool in self._pools.values():
                pool.shutdown()

    def kill(self) -> None:
        """End the processes at once, whatever they hold, and drop what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            pids = list(self._pools)
        for pid in pids:
            _end(pid)

    def _run(self, fn: Callable[..., Result], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
        pool = self._pool()
        if pool is None:
            return fn(*args, **kwargs)
        try:
            return pool.submit(fn, *args, **kwargs).result()
        except BrokenProcessPool:
            self._forget(pool)
            raise

    def _pool(self) -> ProcessPoolExecutor | None:
        """Return this thread's process; None where processes cannot be started at all."""
        pool: ProcessPoolExecutor | None = getattr(self._own, "pool", None)
        if pool is not None or not self._usable:
            return pool
        # spawned, since a copy of a process with threads may hang
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(1, mp_context=context, initializer=_follow_parent)
        try:
            pid = pool.submit(os.getpid).result()
        except BrokenProcessPool:
            if self._closed:
                raise
            # processes cannot be started from this script
            pool.shutdown()
            self._usable = False
            return None
        with self._lock:
            self._pools[pid] = self._own.pool = pool
            closed = self._closed
        if closed:
            _end(pid)
        return pool

    def _forget(self, broken: ProcessPoolExecutor) -> None:
        # its own thread is still ending; the interpreter's end must not come between
        broken.shutdown()
        self._own.pool = None
        with self._lock:
            self._pools = {pid: pool for pid, pool in self._pools.items() if pool is not broken}


def _follow_parent() -> None:
    """Ignore the user's interruption, which is the parent's to handle, but end where the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
