"""Write several files as one: into a folder beside the target, which then takes its place."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geodata.messages import InputError, say


@contextmanager
def replaced_folder(target: Path, *, marker: str) -> Iterator[Path]:
    """Give a new folder that becomes `target` if the block ends well, and vanishes if it does not.

    A folder that holds `marker` is one of ours and is replaced; an empty one too.

    Raises
    ------
    InputError
        If `target` is something else, or can't be written.
    """
    require_replaceable(target, marker=marker)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise InputError(say("{path}: cannot be written ({problem}).", path=target, problem=error)) from None
    try:
        yield fresh
        fresh.chmod(0o755)
        old = fresh.with_name(f"{fresh.name}-old")
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def require_replaceable(target: Path, *, marker: str) -> None:
    """Refuse a `target` that is there and is neither empty nor a folder of ours, which holds `marker`.

    Raises
    ------
    InputError
        If it is a file or somebody else's folder.
    """
    if target.is_dir() and ((target / marker).exists() or not any(target.iterdir())):
        return
    if target.exists():
        raise InputError(
            say(
                "{path}: is there already and does not hold {marker}; choose another folder.",
                path=target,
                marker=marker,
            )
        )
