"""One share of 1 as a half ring: how much of all went well.

Must not enter: of what.
"""

from proxypal.charts.chart import Chart, Number
from proxypal.charts.figures_text import NOT_KNOWN, as_number, percent
from proxypal.charts.svg import Markup, drawing, element, text, tip
from proxypal.charts.visible_text import visible

_WIDTH, _HEIGHT = 200, 116
_RADIUS = 84
_BASE = 100
_LENGTH = 1000
_GOOD, _FAIR = 0.95, 0.8


def gauge(share: Number | None, *, title: str, note: str = "") -> Chart:
    """`share` from 0 to 1; None where nothing can be said yet. `note` stands below the figure.

    Its colour says whether it is good (95 % and more), fair (80 %) or poor; the figure says it
    exactly.
    """
    known = as_number(share)
    value = 0.0 if known is None else min(known, 1.0)
    told = NOT_KNOWN if known is None else percent(value)
    summary = f"{told}." if known is not None else "Nothing to tell yet."
    if note:
        summary = f"{summary[:-1]} ({visible(note)})."
    marks = [_arc(1.0, "track")]
    if value:
        marks.append(_arc(value, _grade(value), tip(title, told, *([note] if note else []))))
    below = note if known is not None else "no requests in this range"
    marks += [
        text(told, x="50%", y=_BASE - 16, css="whole", text_anchor="middle"),
        text(below, x="50%", y=_BASE + 6, css="whole-unit", text_anchor="middle"),
    ]
    return Chart(
        title=visible(title),
        summary=summary,
        svg=drawing("gauge", f"{title}. {summary}", _HEIGHT, marks, view=(_WIDTH, _HEIGHT)),
        header=["Name", "Share"],
        rows=[[visible(title), told]],
        is_empty=known is None,
    )


def _grade(value: float) -> str:
    return "gauge-good" if value >= _GOOD else "gauge-fair" if value >= _FAIR else "gauge-poor"


def _arc(share: float, css: str, told: str | None = None) -> Markup:
    middle = _WIDTH / 2
    return element(
        "path",
        d=f"M{middle - _RADIUS:g} {_BASE}a{_RADIUS} {_RADIUS} 0 0 1 {2 * _RADIUS} 0",
        pathLength=_LENGTH,
        stroke_dasharray=None if share >= 1 else f"{share * _LENGTH:.2f} {2 * _LENGTH}",
        css=f"arc {css}",
        data_tip=told,
    )
