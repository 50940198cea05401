"""What a chart is to the page that shows it, and what it is made from.

Must not enter: how anything is drawn, HTML.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

Number = float | Decimal
"""A figure to be drawn; what is not finite is taken as not known, what is negative as nothing."""


class LegendEntry(NamedTuple):
    """A colour's meaning: the name, the CSS class (`series-1`), the figure as text or nothing."""

    name: str
    css_class: str
    figure: str = ""


class Chart(NamedTuple):
    """A drawing, what it says in words, and the same as a table.

    `svg` is markup, complete and safe to put into a page as it is. Everything else is plain text
    for the page to escape; control characters in it are written out already. `summary` is a
    sentence or two. `is_empty`: nothing was there to draw, and the drawing says so.
    """

    title: str
    summary: str
    svg: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[LegendEntry] = ()
    is_empty: bool = False


class Series(NamedTuple):
    """A value for each label, None where it is not known.

    `css_class` sets the colour, so that a model keeps its own across charts; without it the
    place in the list does (`series_class`).
    """

    name: str
    values: Sequence[Number | None]
    css_class: str = ""


class Bar(NamedTuple):
    """A part of a whole, or a row to compare. `note` stands behind the value (`3 unpriced`)."""

    name: str
    value: Number | None
    css_class: str = ""
    note: str = ""


COLOURS = 8
"""How many `series-N` classes there are; what comes after them is grey, `series-rest`."""

REST = "other"
"""The name that answers give to what is beyond the top: always grey."""


def series_class(place: int, name: str = "") -> str:
    """The colour of the series at a place, counted from 0."""
    return "series-rest" if place >= COLOURS or name == REST else f"series-{place + 1}"
