"""`python -m benchmarks.density run`: demand from a raster of 50 million cells.

The raster is made up: 7,150 × 7,000 cells over China's areas, a third of them without data. It is read in a
fresh process. Printed are the time from the file to the demand points, the process's peak memory, and how far
the people of any area are from exactextract's own zonal sum of the whole raster.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer

ROWS, COLUMNS = 7_150, 7_000
BOX = (73.0, 3.5, 135.5, 54.0)
_NODATA = -99_999.0
app = typer.Typer(add_completion=False)


def write_raster(path: Path, rows: int = ROWS, columns: int = COLUMNS, *, seed: int = 0) -> Path:
    """Write a population raster of made-up people over `BOX`, tiled and compressed; return its path."""
    import rasterio
    from affine import Affine
    from rasterio.windows import Window

    left, low, right, high = BOX
    where = Affine((right - left) / columns, 0, left, 0, (low - high) / rows, high)
    how: dict[str, Any] = {"driver": "GTiff", "dtype": "float32", "count": 1, "nodata": _NODATA, "crs": 4326}
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    random = np.random.default_rng(seed)
    with rasterio.open(path, "w", width=columns, height=rows, transform=where, **how, **tiles) as file:
        for row in range(0, rows, 512):
            tall = min(512, rows - row)
            people = random.lognormal(3, 2, (tall, columns)).astype(np.float32)
            people[random.random(people.shape) < 1 / 3] = _NODATA
            file.write(people, 1, window=Window(0, row, columns, tall))
    return path


@app.command()
def demand(path: Path) -> None:
    """Read a raster as demand in this process and print what it took, as JSON."""
    from geodata.boundaries import read_areas
    from geodata.demand import read_demand

    areas = read_areas()
    began = time.perf_counter()
    points, notes = read_demand(path, areas)
    seconds = time.perf_counter() - began
    off = float((points.groupby("adcode")["weight"].sum() - 1).abs().max())
    found = {"seconds": seconds, "megabytes": peak_mb(), "points": len(points), "weights_off": off}
    print(json.dumps(found | {"note": str(notes[0].message)}))


@app.command()
def sums(path: Path) -> None:
    """Print the largest relative difference between our sums by area and exactextract's own, as JSON."""
    import rasterio
    from exactextract import exact_extract

    from geodata.boundaries import read_areas
    from geodata.grid import grid_for
    from geodata.rasterdemand import people_by_cell
    from geodata.rasterfile import opened_raster

    areas = read_areas()
    with opened_raster(path) as raster:
        cells, _ = people_by_cell(raster, areas, grid_for(areas))
    with rasterio.open(path) as file:
        zones = exact_extract(file, areas.to_crs(file.crs.to_wkt()), ["sum"])
    ours = cells.groupby("area")["weight"].sum().reindex(range(len(areas)), fill_value=0.0).to_numpy()
    theirs = np.array([one["properties"]["sum"] for one in zones])
    print(json.dumps({"areas": len(areas), "sums_off": float(np.abs(ours / theirs - 1).max())}))


@app.command()
def run(
    rows: int = ROWS, columns: int = COLUMNS, keep: Annotated[Path | None, typer.Option()] = None
) -> None:
    """Write a raster, read it in fresh processes, and print what that took."""
    with TemporaryDirectory() as scratch:
        path = write_raster((keep or Path(scratch)) / "people.tif", rows, columns)
        print(json.dumps(measured(path), indent=1))


def measured(path: Path) -> dict[str, Any]:
    """Return what `demand` and `sums` say of a raster, each in a fresh process."""
    result: dict[str, Any] = {"file_megabytes": path.stat().st_size / 1e6}
    for command in ("demand", "sums"):
        line = [sys.executable, "-m", "benchmarks.density", command, str(path)]
        root = Path(__file__).parents[1]
        done = subprocess.run(line, cwd=root, check=True, capture_output=True, text=True)
        result |= json.loads(done.stdout)
    return result


def peak_mb() -> float:
    """Return the most memory this process has held, MB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


if __name__ == "__main__":
    app()
