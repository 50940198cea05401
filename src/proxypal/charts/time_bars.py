"""Bars over time: a stack, or a group, at each place of the axis.

Must not enter: what the figures are of, axes, words.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

from proxypal.charts.axes import BASE, Values, level, place
from proxypal.charts.scale import Scale
from proxypal.charts.svg import Markup, at, element

_GAP_SHARE = 0.22
"""Of a place, left free between bars."""

_WIDEST_BAR = 0.12
"""Of the whole width; a single day is a bar, not a wall."""

_DENSE = 150
"""More bars than this stand side by side without gaps."""

_DENSE_WIDTH = 1.15
"""Of their place: a little over the next one, for no seam to be seen where pixels are rounded."""

_ROUNDED_FROM = 4
"""Pixels; what is lower stays a plain rectangle."""


def bars(
    values: Sequence[Values],
    classes: Sequence[str],
    scale: Scale,
    tips: Sequence[str],
    *,
    stacks: bool,
) -> list[Markup]:
    """A place for each of `tips`, with the bars of all series in it."""
    count = len(tips)
    drawn = []
    for index, told in enumerate(tips):
        column = [one[index] for one in values]
        marks = (_stack if stacks else _beside)(column, classes, scale, count)
        drawn.append(place(index, count, told, marks))
    return drawn


def _stack(column: Values, classes: Sequence[str], scale: Scale, count: int) -> list[Markup]:
    """From the base line up in the order of the series."""
    pieces = [(value, css) for value, css in zip(column, classes, strict=True) if value]
    side = _Side.of(count)
    marks, below = [], 0.0
    for rank, (value, css) in enumerate(pieces, 1):
        top, bottom = level(scale, below + value), level(scale, below)
        is_free = below > 0 and not side.is_dense and bottom - top >= _ROUNDED_FROM
        # A pixel is left free below a piece, so that pieces are told apart.
        marks.append(_bar(side, top, bottom - is_free, css, is_top=rank == len(pieces)))
        below += value
    return marks


def _beside(column: Values, classes: Sequence[str], scale: Scale, count: int) -> list[Markup]:
    side = _Side.of(count)
    each = side.width / max(len(column), 1)
    return [
        _bar(_Side(side.left + each * rank, each, side.is_dense), level(scale, value), BASE, css)
        for rank, (value, css) in enumerate(zip(column, classes, strict=True))
        if value
    ]


class _Side(NamedTuple):
    """Where a bar stands, as shares of its place. `is_dense`: too thin for any decoration."""

    left: float
    width: float
    is_dense: bool

    @classmethod
    def of(cls, count: int) -> Self:
        """The bar of one of so many places."""
        if count > _DENSE:
            return cls(0.0, _DENSE_WIDTH, is_dense=True)
        width = min(1 - _GAP_SHARE, _WIDEST_BAR * count)
        return cls((1 - width) / 2, width, is_dense=False)


def _bar(side: _Side, top: float, bottom: float, css: str, *, is_top: bool = True) -> Markup:
    height = bottom - top
    is_round = is_top and not side.is_dense and height >= _ROUNDED_FROM
    return element(
        "rect",
        x=at(side.left),
        y=top,
        width=at(side.width),
        height=height,
        rx=2 if is_round else None,
        css=f"bar dense {css}" if side.is_dense else f"bar {css}",
    )
