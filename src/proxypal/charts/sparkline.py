"""A line without axes beside a figure: which way it went.

Must not enter: figures as text; what it shows stands beside it, so it is hidden from readers.
"""

from collections.abc import Sequence

from proxypal.charts.chart import Number
from proxypal.charts.figures_text import as_number
from proxypal.charts.svg import element, number

_WIDTH, _HEIGHT = 100, 28
_ROOM = 3
"""Free above and below, for the width of the line."""


def sparkline(values: Sequence[Number | None], css_class: str = "series-1") -> str:
    """Markup of a line from 0 up to the largest value; nothing at all for less than two."""
    known = [as_number(value) or 0.0 for value in values]
    if len(known) < 2:
        return ""
    most = max(known) or 1.0
    across = _WIDTH / (len(known) - 1)
    points = [
        f"{number(place * across)} {number(_HEIGHT - _ROOM - value / most * (_HEIGHT - 2 * _ROOM))}"
        for place, value in enumerate(known)
    ]
    line = "M" + "L".join(points)
    area = f"{line}V{_HEIGHT}H0Z"
    return element(
        "svg",
        element("path", d=area, css=f"spark-area {css_class}"),
        element("path", d=line, css=f"line {css_class}", vector_effect="non-scaling-stroke"),
        xmlns="http://www.w3.org/2000/svg",
        css="sparkline",
        width="100%",
        height=_HEIGHT,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
