"""Figures over time: a stack of bars or a line for each series.

Must not enter: what the figures are of.
"""

from collections.abc import Sequence
from typing import Literal

from proxypal.charts.axes import Values, grid, height_with, nothing_here, time_axis
from proxypal.charts.chart import Chart, LegendEntry, Series, series_class
from proxypal.charts.figures_text import as_number, figure, table_figure, unit_title
from proxypal.charts.scale import scale_for
from proxypal.charts.svg import drawing, tip
from proxypal.charts.time_bars import bars
from proxypal.charts.time_labels import noun_of, spoken, time_ticks
from proxypal.charts.time_lines import lines, points
from proxypal.charts.time_summary import summary_of
from proxypal.charts.visible_text import short_name, visible


def time_chart(  # noqa: PLR0913 - the labels and series, and each choice named
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    unit: str,
    stacked: bool = True,
    kind: Literal["bars", "lines"] = "bars",
    sums: bool = True,
) -> Chart:
    """A chart of `series` over `labels` (those of an answer's axis, in order, without a gap).

    Bars stand on each other, or beside each other unless `stacked`; lines never add up. A None
    is a gap in a line and no bar. The axis begins at 0. `unit` is `requests`, `tokens`, `usd`,
    `ms`, `share`, or any noun in the plural. `sums`: whether figures of several times or series
    may be added, for the words and the table (durations may not).

    Raises:
        ValueError: a series has not as many values as there are labels.
    """
    values = [_numbers(one, len(labels)) for one in series]
    adds_up = sums and unit not in {"ms", "share"}
    stacks = stacked and kind == "bars" and adds_up
    classes = [one.css_class or series_class(at_, one.name) for at_, one in enumerate(series)]
    names = [short_name(one.name) for one in series]
    known = [value for one in values for value in one if value is not None]
    is_empty = not any(known)
    scale = scale_for(_largest(values, stacks=stacks), unit)
    ticks = time_ticks(labels)
    parts = [grid(scale, unit), time_axis(ticks, max(len(labels), 1))]
    tips = [_tip(label, names, values, index, unit, adds_up) for index, label in enumerate(labels)]
    if is_empty:
        parts.append(nothing_here(f"No {unit_title(unit)} in this range"))
    if kind == "lines":
        parts.append(lines(values, classes, scale))
        parts += points(values, classes, scale, tips)
    else:
        parts += bars(values, classes, scale, tips, stacks=stacks)
    summary = summary_of(labels, names, values, unit=unit, sums=adds_up)
    return Chart(
        title=visible(title),
        summary=summary,
        svg=drawing("time", f"{title}. {summary}", height_with(ticks), parts),
        header=_header(labels, series, unit, adds_up),
        rows=_rows(labels, values, unit, adds_up),
        legend=[LegendEntry(*pair) for pair in zip(names, classes, strict=True)],
        is_empty=is_empty,
    )


def _numbers(series: Series, count: int) -> list[float | None]:
    if len(series.values) != count:
        raise ValueError(f"{len(series.values)} values for {count} labels")
    return [as_number(value) for value in series.values]


def _largest(values: Sequence[Values], *, stacks: bool) -> float:
    if stacks:
        return max((sum(v or 0 for v in column) for column in zip(*values, strict=True)), default=0)
    return max((value or 0 for one in values for value in one), default=0)


def _tip(  # noqa: PLR0913, PLR0917 - one place of the chart, with what it is read by
    label: str, names: Sequence[str], values: Sequence[Values], index: int, unit: str, adds_up: bool
) -> str:
    lines = [spoken(label)]
    column = [(name, one[index]) for name, one in zip(names, values, strict=True)]
    if adds_up and len(column) > 1:
        lines.append(f"Total: {figure(_sum([value for _, value in column]), unit)}")
        column = [(name, value) for name, value in column if value]
    lines += [f"{name}: {figure(value, unit)}" for name, value in column]
    return tip(*lines)


def _header(labels: Sequence[str], series: Sequence[Series], unit: str, adds_up: bool) -> list[str]:
    heads = [visible(one.name) for one in series]
    total = ["Total"] if adds_up and len(series) > 1 else []
    del unit
    return [noun_of(labels).capitalize(), *heads, *total]


def _rows(
    labels: Sequence[str], values: Sequence[Values], unit: str, adds_up: bool
) -> list[list[str]]:
    rows = []
    for index, label in enumerate(labels):
        column = [one[index] for one in values]
        if adds_up and len(column) > 1:
            column.append(_sum(column))
        rows.append([visible(label), *(table_figure(value, unit) for value in column)])
    return rows


def _sum(column: Sequence[float | None]) -> float | None:
    """Of what is known; nothing beside what is not known is not nothing."""
    return sum(value or 0 for value in column) or (None if None in column else 0)
