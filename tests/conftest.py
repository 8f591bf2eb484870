"""What holds for all tests: no deadlines, since machines are busy, and on CI the same examples every time."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True, scope="module")
def main_module() -> Iterator[None]:
    """Give the main module back: a page takes its place when it runs, and child processes begin with it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
