"""Lines over time: one for each series, broken where nothing is known.

Must not enter: what the figures are of, axes, words.
"""

from collections.abc import Sequence

from proxypal.charts.axes import PLOT_HEIGHT, TOP, Values, level, place
from proxypal.charts.scale import Scale
from proxypal.charts.svg import Markup, element, number

_LINE_WIDTH = 1000
"""Units across the inner drawing of lines, which is stretched to the width there is."""


def lines(values: Sequence[Values], classes: Sequence[str], scale: Scale) -> Markup:
    """The lines themselves, in a drawing that is stretched to the width there is."""
    paths = [
        element("path", d=path, css=f"line {css}", vector_effect="non-scaling-stroke")
        for one, css in zip(values, classes, strict=True)
        if (path := _path(one, scale))
    ]
    return element(
        "svg",
        *paths,
        y=TOP,
        width="100%",
        height=PLOT_HEIGHT,
        viewBox=f"0 0 {_LINE_WIDTH} {PLOT_HEIGHT}",
        preserveAspectRatio="none",
        css="lines",
    )


def _path(values: Values, scale: Scale) -> str:
    """Through the middle of each place; a value that is not known breaks it."""
    parts = []
    is_broken = True
    for index, value in enumerate(values):
        if value is not None:
            x = (index + 0.5) / len(values) * _LINE_WIDTH
            y = level(scale, value) - TOP
            parts.append(f"{'M' if is_broken else 'L'}{number(x)} {number(y)}")
        is_broken = value is None
    return "".join(parts)


def points(
    values: Sequence[Values], classes: Sequence[str], scale: Scale, tips: Sequence[str]
) -> list[Markup]:
    """A point for each value: seen when pointed at, or always where no line passes."""
    count = len(tips)
    drawn = []
    for index, told in enumerate(tips):
        marks = []
        for one, css in zip(values, classes, strict=True):
            value = one[index]
            if value is None:
                continue
            is_alone = all(
                other is None
                for other in (*one[max(index - 1, 0) : index], *one[index + 1 : index + 2])
            )
            kind = "point point-alone" if is_alone else "point"
            marks.append(
                element(
                    "circle",
                    cx="50%",
                    cy=level(scale, value),
                    r=3.5,
                    css=f"{kind} {css}",
                )
            )
        drawn.append(place(index, count, told, marks))
    return drawn
