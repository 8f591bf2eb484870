"""Vehicles in use and retired tonnes over the years, as a table and as a chart."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from planner.charts import BLUE, ORANGE, chart_style, dress, new_figure
from planner.folders import write_csv
from planner.quantities import quantities_over, sales_by_area
from planner.scenario import Scenario

COLUMNS = ["enterprise", "role", "adcode", "area", "year", "sales", "stock", "retired_t"]


def forecast(
    sales: pd.DataFrame,
    areas: pd.DataFrame,
    demand: pd.DataFrame,
    scenario: Scenario,
    years: Iterable[int],
    *,
    growth: float | None = None,
) -> pd.DataFrame:
    """Return sales, vehicles in use and retired tonnes by enterprise, role, area and year.

    Parameters
    ----------
    sales, areas, demand
        The tables of a study.
    scenario
        Holds the lives and weights of the batteries.
    years
        The years to give, in any order.
    growth
        Yearly growth of the sales after the table's last year (0.1 for 10 %); None: no further sales.

    Returns
    -------
    DataFrame
        enterprise, role, adcode, area (name), year, sales (units), stock (units in use at the end of the
        year), retired_t (tonnes a year). One row for each enterprise, role and area that has sold anything
        up to that year.
    """
    table = quantities_over(sales_by_area(sales, areas, demand), scenario, sorted(set(years)), growth=growth)
    names = areas.set_index("adcode")["name"]
    return table.assign(area=table["adcode"].map(names))[COLUMNS]


def write_forecast(table: pd.DataFrame, path: Path) -> None:
    """Write a forecast as CSV; names that a spreadsheet would take for a formula get an apostrophe."""
    write_csv(table, path)


def totals(table: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """Return the sums of a forecast by year, and by `by` (enterprise, role, adcode or area) if given."""
    keys = ["year"] if by is None else [by, "year"]
    return table.groupby(keys, as_index=False)[["sales", "stock", "retired_t"]].sum()


def forecast_chart(table: pd.DataFrame, t: Callable[[str], str] = str, *, title: str = "") -> Figure:
    """Return a figure of two panels over the years: units in use, and tonnes retired a year."""
    sums = totals(table)
    with rc_context(chart_style()):
        figure, (left, right) = new_figure(2)
        _panel(left, sums["year"], sums["stock"] / 1000.0, BLUE, t("In use, thousands"))
        _panel(right, sums["year"], sums["retired_t"], ORANGE, t("Retired batteries, t a year"))
        if title:
            figure.suptitle(title, x=0.01, ha="left")
    return figure


def _panel(axes: Axes, years: pd.Series, values: pd.Series, colour: str, label: str) -> None:
    """Draw one quantity over the years."""
    axes.plot(years, values, color=colour, marker="o", markersize=3, linewidth=1.5)
    axes.fill_between(years, values, color=colour, alpha=0.12, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    dress(axes, label)
