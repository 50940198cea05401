"""Bars below each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import HOSTILE, amount, names, of_class, parsed, texts, tips, values, whole_is_safe
from proxypal.charts.bar_list import ROW_HEIGHT, bar_list
from proxypal.charts.chart import Bar

ROWS = st.lists(
    st.builds(Bar, names(), values(), st.just(""), names()),
    max_size=8,
)


@given(ROWS, st.sampled_from(["requests", "usd", "ms", "share"]), names())
def test_any_rows_make_a_valid_drawing(rows: list[Bar], unit: str, title: str) -> None:
    """Whatever names and figures, valid markup with a row for each."""
    chart = bar_list(rows, title=title, unit=unit)
    root = parsed(chart.svg)
    whole_is_safe(chart)
    assert len(of_class(root, "row")) == len(chart.rows) == len(rows)
    assert all(amount(bar, "width") <= 100 for bar in of_class(root, "bar"))
    assert amount(root, "height") >= len(rows) * ROW_HEIGHT


@given(st.lists(st.floats(1, 100), min_size=1, max_size=9))
def test_lengths_are_proportional(sizes: list[float]) -> None:
    """The longest bar fills the room, the others are as much shorter as their figures."""
    chart = bar_list([Bar(str(n), size) for n, size in enumerate(sizes)], title="M", unit="usd")
    drawn = [amount(bar, "width") for bar in of_class(parsed(chart.svg), "bar")]
    assert drawn == pytest.approx([size / max(sizes) * 100 for size in sizes], abs=0.01)


def test_little_is_still_seen_and_nothing_is_not() -> None:
    """One request in a million has a bar, none has none."""
    rows = [Bar("much", 1_000_000), Bar("one", 1), Bar("none", 0)]
    bars = of_class(parsed(bar_list(rows, title="M", unit="requests").svg), "bar")
    assert len(bars) == 2
    assert amount(bars[1], "width") > 0.5


def test_a_row_says_figure_share_and_note() -> None:
    """What is unpriced is written beside the cost."""
    chart = bar_list([Bar("a", 3.0, note="2 unpriced"), Bar("b", 1.0)], title="Cost", unit="usd")
    assert "$3 (2 unpriced)\xa0· 75.0\xa0%" in texts(parsed(chart.svg))
    assert tips(parsed(chart.svg))[0] == "a\n$3.00\n75.0\xa0%\n2 unpriced"
    assert chart.rows[0] == ["a", "$3.00 (2 unpriced)", "75.0\xa0%"]


def test_durations_have_no_shares() -> None:
    """What does not add up has no whole."""
    chart = bar_list([Bar("a", 1000), Bar("b", 3000)], title="Latency", unit="ms")
    assert chart.header == ["Name", "Duration"]
    assert chart.rows == [["a", "1\xa0s"], ["b", "3\xa0s"]]


def test_nothing_says_so() -> None:
    """An empty list is a sentence."""
    chart = bar_list([], title="Models", unit="requests")
    assert (chart.is_empty, texts(parsed(chart.svg))) == (True, ["No requests in this range"])


def test_a_hostile_name_is_shown_as_text() -> None:
    """A name that is markup is written, and a long one is cut."""
    chart = bar_list([Bar(HOSTILE, 1), Bar("W" * 10_000, 1)], title="M", unit="requests")
    assert texts(parsed(chart.svg))[0].startswith("<img src=x onerror=alert(1)>")
    assert len(chart.svg) < 4_000
