"""Parts of a whole as a ring, with the whole in its middle.

Must not enter: the order and how many parts; the caller folds what is too small to be seen.
"""

from collections.abc import Sequence

from proxypal.charts.chart import Bar, Chart, LegendEntry, series_class
from proxypal.charts.figures_text import (
    as_number,
    figure,
    part_of,
    short_figure,
    table_figure,
    unit_title,
)
from proxypal.charts.svg import Markup, drawing, element, group, text, tip
from proxypal.charts.visible_text import NBSP, short_name, visible

_SIZE = 180
_CENTRE = _SIZE / 2
_RADIUS = 74
_CIRCLE = 1000
"""How long the ring is said to be; parts are lengths on it."""

_FREE = 6.0
"""Left free behind each part, where there are several."""


def donut(parts: Sequence[Bar], *, title: str, unit: str) -> Chart:
    """A ring of parts that add up to the whole, clockwise from the top."""
    values = [as_number(part.value) or 0.0 for part in parts]
    total = sum(values)
    shares = [part_of(value, total) for value in values]
    classes = [part.css_class or series_class(place, part.name) for place, part in enumerate(parts)]
    ring = element("circle", cx=_CENTRE, cy=_CENTRE, r=_RADIUS, css="arc track")
    marks = [ring, *_arcs(parts, values, classes, unit), _middle(total, unit)]
    summary = _summary(parts, values, shares, unit)
    return Chart(
        title=visible(title),
        summary=summary,
        svg=drawing("donut", f"{title}. {summary}", _SIZE, marks, view=(_SIZE, _SIZE)),
        header=["Name", unit_title(unit).capitalize(), "Share"],
        rows=[
            [visible(part.name), table_figure(part.value, unit), share]
            for part, share in zip(parts, shares, strict=True)
        ],
        legend=[
            LegendEntry(
                short_name(part.name),
                css,
                f"{short_figure(part.value, unit)}{NBSP}· {share}" if share else "",
            )
            for part, css, share in zip(parts, classes, shares, strict=True)
        ],
        is_empty=not total,
    )


def _arcs(
    parts: Sequence[Bar], values: Sequence[float], classes: Sequence[str], unit: str
) -> list[Markup]:
    total = sum(values)
    seen = sum(1 for value in values if value)
    arcs = []
    start = 0.0
    for part, value, css in zip(parts, values, classes, strict=True):
        if not value:
            continue
        length = value / total * _CIRCLE
        free = min(_FREE, length / 2) if seen > 1 else 0.0
        arcs.append(
            element(
                "circle",
                cx=_CENTRE,
                cy=_CENTRE,
                r=_RADIUS,
                pathLength=_CIRCLE,
                stroke_dasharray=f"{length - free:.2f} {_CIRCLE - length + free:.2f}",
                stroke_dashoffset=-start,
                transform=f"rotate(-90 {_CENTRE:g} {_CENTRE:g})",
                css=f"arc {css}",
                data_tip=tip(short_name(part.name), figure(value, unit), part_of(value, total)),
            )
        )
        start += length
    return arcs


def _middle(total: float, unit: str) -> Markup:
    """The whole; where there is none, words."""
    if not total:
        return text("none", x="50%", y=_CENTRE + 5, css="nothing", text_anchor="middle")
    what = "cost" if unit == "usd" else figure(total, unit).rpartition(NBSP)[2] or unit
    return group(
        [
            text(
                short_figure(total, unit), x="50%", y=_CENTRE + 4, css="whole", text_anchor="middle"
            ),
            text(what, x="50%", y=_CENTRE + 24, css="whole-unit", text_anchor="middle"),
        ]
    )


def _summary(
    parts: Sequence[Bar], values: Sequence[float], shares: Sequence[str], unit: str
) -> str:
    total = sum(values)
    if not total:
        return f"No {unit_title(unit)} in this range."
    told = [
        f"{short_name(part.name)} {share}"
        for part, share in zip(parts, shares, strict=True)
        if share
    ]
    return f"{figure(total, unit)} in all: {', '.join(told)}."
