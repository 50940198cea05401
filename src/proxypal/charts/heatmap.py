"""When in the week: seven lines of 24 cells, the darker the more there was.

Must not enter: what the figures are of.
"""

from collections.abc import Mapping
from math import ceil

from proxypal.charts.chart import Chart, LegendEntry, Number
from proxypal.charts.figures_text import as_number, figure, short_figure, table_figure, unit_title
from proxypal.charts.svg import Markup, at, drawing, element, text, tip
from proxypal.charts.visible_text import visible

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHADES = 5
"""`heat-1` to `heat-5`; `heat-0` is nothing at all."""

_HOURS = 24
_CELL_HEIGHT = 24
_FREE = 2
_HEIGHT = len(WEEKDAYS) * _CELL_HEIGHT + 22


def weekday_hour_heatmap(
    cells: Mapping[tuple[int, int], Number], *, title: str, unit: str
) -> Chart:
    """A cell for each (weekday, hour), 0 is Monday; those that are not in `cells` are nothing."""
    values = {
        (day, hour): as_number(cells.get((day, hour))) or 0.0
        for day in range(len(WEEKDAYS))
        for hour in range(_HOURS)
    }
    most = max(values.values())
    marks = [_cell(day, hour, value, most, unit) for (day, hour), value in values.items()]
    summary = _summary(values, most, unit)
    if not most:
        y = len(WEEKDAYS) * _CELL_HEIGHT / 2 + 4
        marks.append(text(summary[:-1], x="50%", y=y, css="nothing", text_anchor="middle"))
    return Chart(
        title=visible(title),
        summary=summary,
        svg=drawing("heatmap", f"{title}. {summary}", _HEIGHT, [*_labels(), *marks]),
        header=["Hour", *WEEKDAYS],
        rows=[
            [
                f"{hour:02d}:00",
                *(table_figure(values[day, hour], unit) for day in range(len(WEEKDAYS))),
            ]
            for hour in range(_HOURS)
        ],
        legend=_legend(most, unit),
        is_empty=not most,
    )


def _shade(value: float, most: float) -> int:
    """The share of the most there was, in equal steps; what is not nothing is seen."""
    return max(1, min(SHADES, ceil(value / most * SHADES))) if value else 0


def _cell(day: int, hour: int, value: float, most: float, unit: str) -> Markup:
    when = f"{WEEKDAYS[day]} {hour:02d}:00"
    return element(
        "rect",
        x=at(hour / _HOURS),
        y=day * _CELL_HEIGHT,
        width=at(0.92 / _HOURS),
        height=_CELL_HEIGHT - _FREE,
        rx=3,
        css=f"cell heat-{_shade(value, most)}",
        data_tip=tip(when, figure(value, unit)),
    )


def _labels() -> list[Markup]:
    days = [
        text(name, x=-8, y=(day + 0.5) * _CELL_HEIGHT + 3, css="tick", text_anchor="end")
        for day, name in enumerate(WEEKDAYS)
    ]
    hours = [
        text(
            f"{hour:02d}:00",
            x=at(hour / _HOURS),
            y=_HEIGHT - 5,
            css=f"tick tier-{1 if not hour % 6 else 2}",
        )
        for hour in range(0, _HOURS, 3)
    ]
    return days + hours


def _legend(most: float, unit: str) -> list[LegendEntry]:
    """What each shade stands for, up to its largest value."""
    if not most:
        return []
    entries = [LegendEntry("none", "heat-0")]
    for shade in range(1, SHADES + 1):
        bound = most * shade / SHADES
        if unit in {"requests", "tokens"}:
            bound = int(bound)
        told = f"up to {short_figure(bound, unit)}"
        if bound and (shade == 1 or entries[-1].name != told):
            entries.append(LegendEntry(told, f"heat-{shade}"))
    return entries


def _summary(values: Mapping[tuple[int, int], float], most: float, unit: str) -> str:
    if not most:
        return f"No {unit_title(unit)} in this range."
    day, hour = max(values, key=lambda place: values[place])
    days = [sum(values[day, hour] for hour in range(_HOURS)) for day in range(len(WEEKDAYS))]
    busiest = WEEKDAYS[days.index(max(days))]
    return (
        f"Most on {WEEKDAYS[day]} from {hour:02d}:00: {figure(most, unit)}. "
        f"Busiest day: {busiest}, {figure(max(days), unit)}."
    )
