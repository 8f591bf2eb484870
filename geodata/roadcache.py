"""Networks that were read before, kept by content: the same bytes and the same question give the same one."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from geodata.messages import InputError
from geodata.roadnetwork import RoadNetwork, read_roads_back, write_roads

_FORM = "2"  # raise it when the same question gives another network, or files of another form
_LIBRARIES = ("networkx", "osmium", "osmnx", "shapely")


def road_cache() -> Path:
    """Return the folder of the user's that networks are kept in."""
    return user_cache_path("outlet-network-planner", appauthor=False) / "roads"


def cache_key(*parts: object) -> str:
    """Return a name for what `parts` and the libraries that read roads decide together."""
    asked = (_FORM, *(f"{library} {version(library)}" for library in _LIBRARIES), *map(str, parts))
    return sha256("\x1f".join(asked).encode()).hexdigest()


def cached(key: str, make: Callable[[], RoadNetwork], cache: Path | None = None) -> RoadNetwork:
    """Return the network kept under `key`, else the one made now, which is then kept.

    One that is damaged is made again. A folder that cannot be written to costs time and nothing else.

    Parameters
    ----------
    key
        A name that `cache_key` gave.
    make
        Makes the network.
    cache
        The folder, else the user's.
    """
    folder = (cache or road_cache()) / key
    found = None
    with suppress(InputError, OSError):
        found = read_roads_back(folder)
    if found is not None:
        return found
    network = make()
    with suppress(OSError):
        _keep(network, folder)
    return network


def _keep(network: RoadNetwork, folder: Path) -> None:
    """Write `network` whole or not at all: beside `folder`, then in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-") as new:
        whole = Path(new) / "roads"
        whole.mkdir()
        write_roads(network, whole)
        shutil.rmtree(folder, ignore_errors=True)
        whole.rename(folder)
