"""A process that works for others: it is told what to do, says how far it is, and hands back what came out.

It is a plain child with pipes and no fork, so that a server with threads can start it, and can kill it at any
moment. Whatever a library prints goes where errors go: the pipe belongs to the answers.
"""

import os
import pickle
import sys
from typing import BinaryIO

from geodata.messages import InputError, Message

ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def work(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Do task after task until the pipe is closed: (function, args, kwargs), pickled."""

    def tell(kind: str, content: object) -> None:
        pickle.dump((kind, content), answers)
        answers.flush()

    def progress(message: Message, done: int, total: int) -> None:
        tell("progress", (message, done, total))

    tell("ready", None)
    while True:
        try:
            function, args, kwargs = pickle.load(tasks)
        except EOFError:
            return
        try:
            tell("result", function(*args, progress=progress, **kwargs))
        except InputError as error:
            tell("refused", error.messages)
        except Exception as error:
            tell("failed", f"{type(error).__name__}: {error}")


def main() -> None:
    """Work for the process that started this one."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    work(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
