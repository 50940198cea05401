"""What a chart over time stands on: gridlines with their figures, labels of time, places.

The figures hang left of the drawing and the labels below it, in the margins that charts.css gives
it, so that the drawing itself is exactly the plot and positions are plain shares of its width.
Must not enter: bars, lines.
"""

from collections.abc import Iterable, Sequence

from proxypal.charts.figures_text import short_figure
from proxypal.charts.scale import Scale
from proxypal.charts.svg import Markup, at, element, group, text
from proxypal.charts.time_labels import Tick

Values = Sequence[float | None]
"""A figure for each place of the axis, None where it is not known."""

PLOT_HEIGHT = 200
"""Pixels from the base line to the top line."""

TOP = 8
"""Pixels above it, for half a line of text."""

_LINE_BELOW, _LINES_BELOW = 24, 40
"""Pixels beneath it, for one line of labels and for two."""

BASE = TOP + PLOT_HEIGHT


def level(scale: Scale, value: float) -> float:
    """The y of a value, in pixels from the top of the drawing."""
    return BASE - scale.share(value) * PLOT_HEIGHT


def height_with(ticks: Sequence[Tick]) -> int:
    """Pixels of the whole drawing."""
    return BASE + (_LINES_BELOW if any(tick.starts for tick in ticks) else _LINE_BELOW)


def grid(scale: Scale, unit: str) -> Markup:
    """A line and a figure at each tick of the axis of values."""
    lines: list[Markup] = []
    for tick in scale.ticks:
        y = level(scale, tick)
        css = "grid" if tick else "grid grid-base"
        lines.append(element("line", x1=0, x2="100%", y1=y, y2=y, css=css))
        figure = short_figure(tick, unit)
        lines.append(text(figure, x=-8, y=y + 4, css="tick tick-value", text_anchor="end"))
    return group(lines, css="axis")


def time_axis(ticks: Iterable[Tick], count: int) -> Markup:
    """The labels below. Which of them are seen in little room is for charts.css to say."""
    marks: list[Markup] = []
    for tick in ticks:
        css = f"tick tier-{tick.tier}"
        if tick.starts:
            x, anchor, y = tick.place / count, "start", BASE + 35
        else:
            x, anchor, y = (tick.place + 0.5) / count, "middle", BASE + 18
            # At the ends a label would hang out of the drawing.
            if count > 1 and tick.place == count - 1 and count > 8:
                x, anchor = 1.0, "end"
        marks.append(text(tick.text, x=at(x), y=y, css=css, text_anchor=anchor))
    return group(marks, css="axis")


def place(index: int, count: int, tip: str, marks: Sequence[Markup]) -> Markup:
    """All marks of one time, with an area as high as the plot that shows them when pointed at.

    It is a drawing of its own: positions in `marks` are shares of the place's width.
    """
    area = element("rect", y=TOP, width="100%", height=PLOT_HEIGHT, css="area")
    return element(
        "svg", area, *marks, x=at(index / count), width=at(1 / count), css="place", data_tip=tip
    )


def nothing_here(message: str) -> Markup:
    """Words in the middle of a chart that has nothing to show."""
    return text(message, x="50%", y=TOP + PLOT_HEIGHT / 2, css="nothing", text_anchor="middle")
