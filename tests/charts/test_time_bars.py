"""Bars over time are as high as their figures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import amount, of_class, parsed
from proxypal.charts.axes import BASE, PLOT_HEIGHT
from proxypal.charts.chart import Series
from proxypal.charts.scale import scale_for
from proxypal.charts.time_chart import time_chart

PIXEL = 1.11
"""The pixel left free below a piece of a bar, and a rounded tenth."""


def days(count: int) -> list[str]:
    return [(date(2025, 11, 20) + timedelta(days=n)).isoformat() for n in range(count)]


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=8))
def test_heights_are_proportional(columns: list[list[float]]) -> None:
    """Each piece is as high as its figure, each stack as its sum, to the pixel left free."""
    series = [Series(str(n), [column[n] for column in columns]) for n in range(3)]
    chart = time_chart(days(len(columns)), series, title="Cost", unit="usd")
    root = parsed(chart.svg)
    scale = scale_for(max(sum(column) for column in columns), "usd")
    for column, place in zip(columns, of_class(root, "place"), strict=True):
        bars = of_class(place, "bar")
        drawn = [value for value in column if value]
        assert len(bars) == len(drawn)
        for value, bar in zip(drawn, bars, strict=True):
            right = value / scale.end * PLOT_HEIGHT
            assert right - PIXEL <= amount(bar, "height") <= right + 0.11
        if bars:
            top = min(amount(bar, "y") for bar in bars)
            right = sum(column) / scale.end * PLOT_HEIGHT
            assert BASE - top == pytest.approx(right, abs=0.11)


def test_a_single_day_is_a_bar_and_not_a_wall() -> None:
    """One day says that it is one, and does not fill the page."""
    chart = time_chart(["2026-01-09"], [Series("claude", [12])], title="R", unit="requests")
    (bar,) = of_class(parsed(chart.svg), "bar")
    assert amount(bar, "width") <= 15
    assert chart.summary.startswith("One day only, Fri, Jan 9, 2026.")


def test_a_year_of_bars_has_no_seams() -> None:
    """Bars too thin for a gap stand close, and carry nothing that would be lost."""
    chart = time_chart(days(365), [Series("claude", [5] * 365)], title="R", unit="requests")
    bars = of_class(parsed(chart.svg), "bar")
    assert len(bars) == len(of_class(parsed(chart.svg), "dense")) == 365
    assert all(amount(bar, "width") > 100 and bar.get("rx") is None for bar in bars)


def test_bars_beside_each_other_do_not_overlap() -> None:
    """Unless stacked, each series has its own part of the place, standing on the base line."""
    series = [Series("a", [3]), Series("b", [2])]
    chart = time_chart(days(1), series, title="R", unit="requests", stacked=False)
    first, second = of_class(parsed(chart.svg), "bar")
    assert amount(first, "x") + amount(first, "width") <= amount(second, "x") + 0.01
    assert {amount(bar, "y") + amount(bar, "height") for bar in (first, second)} == {BASE}
