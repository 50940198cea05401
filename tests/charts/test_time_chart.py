"""Charts over time: nothing but the truth, whatever the data."""

from datetime import date, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import HOSTILE, amount, names, of_class, parsed, texts, tips, values, whole_is_safe
from proxypal.charts.axes import BASE, PLOT_HEIGHT
from proxypal.charts.chart import Series
from proxypal.charts.time_chart import time_chart

Kind = Literal["bars", "lines"]


def days(count: int) -> list[str]:
    return [(date(2025, 11, 20) + timedelta(days=n)).isoformat() for n in range(count)]


@st.composite
def tables(draw: Any) -> tuple[list[str], list[Series]]:
    count = draw(
        st.sampled_from([0, 1, 2, 7, 30, 160]) if draw(st.booleans()) else st.integers(0, 9)
    )
    labels = (
        days(count)
        if draw(st.booleans())
        else draw(st.lists(names(), min_size=count, max_size=count))
    )
    series = draw(
        st.lists(
            st.builds(
                Series, names(), st.lists(values(), min_size=count, max_size=count), st.just("")
            ),
            max_size=3 if count > 30 else 10,
        )
    )
    return labels, series


@given(
    tables(),
    st.sampled_from(["bars", "lines"]),
    st.booleans(),
    st.sampled_from(["requests", "tokens", "usd", "ms", "share"]),
    names(),
)
def test_any_data_makes_a_valid_drawing(
    table: tuple[list[str], list[Series]], kind: Kind, stacked: bool, unit: str, title: str
) -> None:
    """Hostile names, unknown, infinite and negative figures: valid, passive markup every time."""
    labels, series = table
    chart = time_chart(labels, series, title=title, unit=unit, stacked=stacked, kind=kind)
    root = parsed(chart.svg)
    whole_is_safe(chart)
    assert len(chart.rows) == len(labels)
    assert len(of_class(root, "place")) == len(labels)
    for bar in of_class(root, "bar"):
        assert amount(bar, "height") >= 0
        assert amount(bar, "y") >= BASE - PLOT_HEIGHT - 0.1
        assert amount(bar, "y") + amount(bar, "height") <= BASE + 0.1


def test_nothing_says_so() -> None:
    """A time without requests is told in words, in the drawing too."""
    for labels in ([], days(14)):
        chart = time_chart(
            labels, [Series("claude", [0] * len(labels))], title="Requests", unit="requests"
        )
        assert chart.is_empty
        assert chart.summary == "No requests in this range."
        assert "No requests in this range" in texts(parsed(chart.svg))


def test_pointing_at_a_day_tells_all_of_it() -> None:
    """The total first, then the series that have a part in it."""
    series = [Series("claude", [3, 0]), Series("openai", [1, 0]), Series("gemini", [0, 0])]
    chart = time_chart(days(2), series, title="R", unit="requests")
    first, second = tips(parsed(chart.svg))
    assert first.replace("\xa0", " ").split("\n") == [
        "Thu, Nov 20, 2025",
        "Total: 4 requests",
        "claude: 3 requests",
        "openai: 1 request",
    ]
    assert second.replace("\xa0", " ").split("\n")[1:] == ["Total: 0 requests"]


def test_the_table_behind_has_every_figure() -> None:
    """What is drawn can be read, with the sum of each day."""
    chart = time_chart(
        days(2),
        [Series("claude", [1200, None]), Series("openai", [34, 5])],
        title="R",
        unit="requests",
    )
    assert chart.header == ["Day", "claude", "openai", "Total"]
    assert chart.rows == [["2025-11-20", "1,200", "34", "1,234"], ["2025-11-21", "–", "5", "5"]]  # noqa: RUF001 - the dash of what is not known


def test_durations_are_never_added_up() -> None:
    """p50 and p99 of a day are no total, and do not stand on each other."""
    series = [Series("p50", [1000]), Series("p99", [9000])]
    chart = time_chart(days(1), series, title="L", unit="ms")
    assert "Total" not in chart.header
    bars = of_class(parsed(chart.svg), "bar")
    assert {amount(bar, "y") + amount(bar, "height") for bar in bars} == {BASE}


def test_the_legend_has_the_colours_of_the_drawing() -> None:
    """A series keeps the colour its page gives it; the rest is grey."""
    series = [Series("a", [1], "series-5"), Series("b", [1]), Series("other", [1])]
    chart = time_chart(days(1), series, title="R", unit="requests")
    assert [entry.css_class for entry in chart.legend] == ["series-5", "series-2", "series-rest"]
    drawn = [bar.get("class", "").split()[-1] for bar in of_class(parsed(chart.svg), "bar")]
    assert drawn == ["series-5", "series-2", "series-rest"]


def test_a_hostile_name_is_shown_as_text() -> None:
    """A model called like markup is a row of the table and a line of the tip."""
    chart = time_chart(
        days(1), [Series(HOSTILE, [1]), Series("b", [1])], title="R", unit="requests"
    )
    assert "<img src=x onerror=alert(1)>" in tips(parsed(chart.svg))[0]
    assert "<img" not in chart.svg


def test_series_must_fit_the_labels() -> None:
    """A figure never slides to another day."""
    with pytest.raises(ValueError, match="2 values for 1 labels"):
        time_chart(days(1), [Series("a", [1, 2])], title="R", unit="requests")
