"""Axes begin at nothing and end at round numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.charts.scale import scale_for

LARGEST = st.floats(0, 1e15) | st.sampled_from([0.0, 1.0, 1e-9, 1e300, -5.0])
UNITS = st.sampled_from(["requests", "tokens", "usd", "ms", "share", "things"])


@given(LARGEST, UNITS)
def test_every_axis_begins_at_zero_and_holds_what_there_is(largest: float, unit: str) -> None:
    """A bar is never cut off, and twice as high means twice as much."""
    scale = scale_for(largest, unit)
    assert scale.ticks[0] == 0
    assert scale.end >= min(largest, 1e300) * 0.999999
    assert 2 <= len(scale.ticks) <= 6
    steps = {
        round((b - a) / scale.end, 9) for a, b in zip(scale.ticks, scale.ticks[1:], strict=False)
    }
    assert len(steps) == 1


@given(LARGEST, UNITS)
def test_no_more_than_half_an_axis_is_empty(largest: float, unit: str) -> None:
    """What there is fills the drawing, where one can choose."""
    scale = scale_for(largest, unit)
    if largest >= 4 and unit != "share":
        assert largest / scale.end >= 0.5


@pytest.mark.parametrize(
    ("largest", "unit", "ticks"),
    [
        (0, "requests", (0, 1)),
        (1, "requests", (0, 1)),
        (3, "requests", (0, 1, 2, 3)),
        (97, "requests", (0, 25, 50, 75, 100)),
        (9, "requests", (0, 5, 10)),
        (0.0031, "usd", (0, 0.001, 0.002, 0.003, 0.004)),
        (79_000, "ms", (0, 30_000, 60_000, 90_000)),
        (900_000, "ms", (0, 300_000, 600_000, 900_000)),
        (8 * 3_600_000, "ms", (0, 7_200_000, 14_400_000, 21_600_000, 28_800_000)),
        (0.987, "share", (0, 0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_ticks_are_round(largest: float, unit: str, ticks: tuple[float, ...]) -> None:
    """Whole requests, round sums, and durations as a clock counts them."""
    assert scale_for(largest, unit).ticks == pytest.approx(ticks)


@given(st.integers(1, 2**53))
def test_nobody_made_half_a_request(largest: int) -> None:
    """Counts are marked at whole numbers."""
    assert all(tick == int(tick) for tick in scale_for(largest, "requests").ticks)
