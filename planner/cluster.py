"""Solve on a Dask cluster: the same code path as here, through its executor."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from geodata.messages import InputError, say

ANSWER_S = 15
"""How long a scheduler may take to answer."""


@contextmanager
def cluster_executor(address: str | None) -> Iterator[Executor | None]:
    """Yield the executor of the Dask scheduler at `address` (`tcp://host:port`); None without an address.

    Raises
    ------
    InputError
        If the package `distributed` is not installed, or no scheduler answers.
    """
    if address is None:
        yield None
        return
    try:
        import distributed
    except ImportError:
        raise InputError(
            say("--scheduler needs another package: run pip install 'outlet-network-planner[cluster]'.")
        ) from None
    connect: Callable[..., Any] = distributed.Client  # says nothing of its types
    try:
        client = connect(address, timeout=ANSWER_S)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            say(
                "--scheduler {address}: no Dask scheduler answers there ({problem}). Check the address.",
                address=address,
                problem=str(error).partition("\n")[0],
            )
        ) from None
    with client:
        yield client.get_executor(pure=False)
