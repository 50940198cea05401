"""Lines over time show what is known, and gaps where nothing is."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drawn import of_class, parsed
from proxypal.charts.chart import Series
from proxypal.charts.time_chart import time_chart


def days(count: int) -> list[str]:
    return [(date(2025, 11, 20) + timedelta(days=n)).isoformat() for n in range(count)]


@given(st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=20))
def test_a_line_is_broken_where_nothing_is_known(found: list[float | None]) -> None:
    """Days without a request are a gap in the latency, not a latency of nothing."""
    chart = time_chart(days(len(found)), [Series("p50", found)], title="L", unit="ms", kind="lines")
    root = parsed(chart.svg)
    path = "".join(line.get("d", "") for line in of_class(root, "line"))
    known = [value is not None for value in found]
    starts = sum(
        1 for before, now in zip([False, *known], known, strict=False) if now and not before
    )
    assert path.count("M") == starts
    assert path.count("M") + path.count("L") == sum(known)
    assert len(of_class(root, "point")) == sum(known)


def test_a_single_known_value_is_seen_as_a_point() -> None:
    """Where no line passes, the point shows without being pointed at."""
    chart = time_chart(
        days(3), [Series("p50", [None, 5.0, None])], title="L", unit="ms", kind="lines"
    )
    assert len(of_class(parsed(chart.svg), "point-alone")) == 1
