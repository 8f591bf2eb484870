"""The forecast's table and chart."""

from pathlib import Path

import pandas as pd
import pytest

from geodata.messages import InputError
from planner.charts import write_chart
from planner.forecast import COLUMNS, forecast, forecast_chart, totals
from tests.planner.test_quantities import AREAS, DEMAND, LFP_ONLY, sales_of

SALES = sales_of(
    {"adcode": "440300", "year": 2020, "vehicles": 1000.0},
    {"adcode": "110000", "year": 2022, "vehicles": 500.0},
)


def table() -> pd.DataFrame:
    return forecast(SALES, AREAS, DEMAND, LFP_ONLY, range(2020, 2041))


def test_the_table_names_its_areas_and_years() -> None:
    found = table()
    assert list(found.columns) == COLUMNS
    assert found["year"].min() == 2020
    assert found["year"].max() == 2040
    assert set(found["area"]) == {"Beijing", "Shenzhen"}


def test_everything_sold_retires_in_the_end() -> None:
    found = table()
    assert found["retired_t"].sum() == pytest.approx(1500 * 0.35, rel=1e-3)
    assert totals(found).set_index("year").loc[2040, "stock"] == pytest.approx(0, abs=1)
    assert totals(found, by="area")["sales"].sum() == 1500


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_the_chart_shows_both_quantities(tmp_path: Path, ending: str) -> None:
    figure = forecast_chart(table(), {"In use, thousands": "保有量(千)"}.get, title="样例")
    write_chart(figure, tmp_path / f"chart{ending}")
    assert (tmp_path / f"chart{ending}").stat().st_size > 5_000
    stock, tonnes = figure.axes
    assert stock.get_title(loc="left") == "保有量(千)"
    assert max(stock.lines[0].get_ydata()) == pytest.approx(1.5, abs=0.05)
    assert sum(tonnes.lines[0].get_ydata()) == pytest.approx(525, rel=1e-3)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        write_chart(forecast_chart(table()), tmp_path / "chart.doc")
