"""Bars below each other, each with its name and its figure: what is compared by size.

Must not enter: the order; the caller's stands.
"""

from collections.abc import Sequence

from proxypal.charts.chart import Bar, Chart
from proxypal.charts.figures_text import (
    as_number,
    figure,
    part_of,
    short_figure,
    table_figure,
    unit_title,
)
from proxypal.charts.svg import Markup, at, drawing, element, group, text, tip
from proxypal.charts.visible_text import NBSP, short_name, visible

ROW_HEIGHT = 38
_TEXT_Y = 13
_BAR_Y = 21
_BAR_HEIGHT = 8
_NAMES_WIDTH = ("62%", "46%")
"""Without and with a note behind the figure."""

_EMPTY_HEIGHT = 60


def bar_list(rows: Sequence[Bar], *, title: str, unit: str) -> Chart:
    """A row for each bar, the longest as long as there is room; shares are those of their sum.

    Durations and shares do not add up, so they have none. All bars have one colour unless they
    bring their own.
    """
    known = [as_number(row.value) for row in rows]
    values = [value or 0.0 for value in known]
    total = 0.0 if unit in {"ms", "share"} else sum(values)
    most = max([1.0 if unit == "share" else 0.0, *values])
    shares = [part_of(value, total) for value in values]
    parts = [
        _row(index, row._replace(value=value), (value or 0.0) / (most or 1.0), share, unit)
        for index, (row, value, share) in enumerate(zip(rows, known, shares, strict=True))
    ]
    is_empty = not any(values)
    if not rows:
        message = f"No {unit_title(unit)} in this range"
        parts = [text(message, x="50%", y=_EMPTY_HEIGHT / 2, css="nothing", text_anchor="middle")]
    summary = _summary(rows, values, shares, unit, total)
    return Chart(
        title=visible(title),
        summary=summary,
        svg=drawing("bars", f"{title}. {summary}", len(rows) * ROW_HEIGHT or _EMPTY_HEIGHT, parts),
        header=["Name", unit_title(unit).capitalize(), *(["Share"] if total else [])],
        rows=[
            [
                visible(row.name),
                _with_note(table_figure(value, unit), row.note),
                *([share] if total else []),
            ]
            for row, value, share in zip(rows, known, shares, strict=True)
        ],
        is_empty=is_empty,
    )


def _row(index: int, row: Bar, length: float, share: str, unit: str) -> Markup:
    y = index * ROW_HEIGHT
    name = short_name(row.name)
    value = _with_note(short_figure(row.value, unit), row.note)
    told = f"{value}{NBSP}· {share}" if share else value
    # A name that is too long for its part is cut there instead of running into the figure.
    named = element(
        "svg",
        text(name, x=0, y=_TEXT_Y, css="name"),
        y=y,
        width=_NAMES_WIDTH[bool(row.note)],
        height=ROW_HEIGHT,
    )
    bar = {"y": y + _BAR_Y, "height": _BAR_HEIGHT, "rx": _BAR_HEIGHT / 2}
    marks = [
        element("rect", y=y, width="100%", height=ROW_HEIGHT - 4, css="area"),
        named,
        text(told, x="100%", y=y + _TEXT_Y, css="value", text_anchor="end"),
        element("rect", width="100%", css="track", **bar),
    ]
    if length > 0:
        css = f"bar {row.css_class or 'series-1'}"
        marks.append(element("rect", width=at(max(length, 0.008)), css=css, **bar))
    lines = [
        name,
        figure(row.value, unit),
        *([share] if share else []),
        *([row.note] if row.note else []),
    ]
    return group(marks, css="row", data_tip=tip(*lines))


def _with_note(value: str, note: str) -> str:
    return f"{value} ({visible(note)})" if note else value


def _summary(
    rows: Sequence[Bar], values: Sequence[float], shares: Sequence[str], unit: str, total: float
) -> str:
    if not any(values):
        return f"No {unit_title(unit)} in this range."
    told = [
        f"{short_name(row.name)} {figure(value, unit)}{f' ({share})' if share else ''}"
        for row, value, share in zip(rows, values, shares, strict=True)
    ]
    listed = "; ".join(told[:5])
    more = f"; and {len(told) - 5} more" if len(told) > 5 else ""
    whole = f"{figure(total, unit)} in all. " if total else ""
    return f"{whole}{listed}{more}."
