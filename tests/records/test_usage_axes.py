"""What usage can be grouped by, and what groups are called."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.usage_axes import (
    MOST_FILLED,
    NO_HOUR,
    TIMES,
    UNDATED,
    filled,
    time_key,
    time_label,
)

EPOCH = date(1970, 1, 1)
FORMATS = {
    "hour": "%Y-%m-%dT%H",
    "day": "%Y-%m-%d",
    "week": "%G-W%V",
    "month": "%Y-%m",
    "weekday-hour": "%a %H",
}


@pytest.mark.parametrize("dimension", TIMES)
@given(day=st.integers(0, 200_000), hour=st.integers(0, 23))
def test_groups_of_time_are_called_as_the_calendar_calls_them(
    dimension: str, day: int, hour: int
) -> None:
    """Weeks are those of ISO 8601, with their own year; a weekday and hour is of all weeks."""
    wall = datetime(1970, 1, 1) + timedelta(days=day, hours=hour)  # noqa: DTZ001 - a wall clock
    assert time_label(dimension, time_key(dimension, day, hour)) == wall.strftime(
        FORMATS[dimension]
    )


@pytest.mark.parametrize("dimension", ["hour", "day", "week", "month"])
@given(st.data())
def test_keys_sort_as_time_does(dimension: str, data: st.DataObject) -> None:
    """A later hour is never in an earlier group."""
    hours = sorted(data.draw(st.lists(st.integers(0, 10**6), max_size=8)))
    keys = [time_key(dimension, *divmod(hour, 24)) for hour in hours]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("dimension", "day", "label"),
    [
        ("hour", 20_000, "2024-10-04"),
        ("day", 20_000, "2024-10-04"),
        ("week", 20_000, "2024-W40"),
        ("month", 20_000, "2024-10"),
        ("weekday-hour", 20_000, "Fri"),
        *((dimension, UNDATED, "undated") for dimension in TIMES),
    ],
)
def test_what_has_no_hour_or_no_day_says_so(dimension: str, day: int, label: str) -> None:
    """A day's sum without hours stands under the day, before its hours; without a day, first."""
    key = time_key(dimension, day, NO_HOUR)
    assert time_label(dimension, key) == label
    assert key <= time_key(dimension, 20_000, 0)


def test_a_week_of_hours_is_always_whole() -> None:
    """Weekday by hour has its 168 places, from Monday to Sunday, however short the range."""
    keys = filled("weekday-hour", [(3, 12)], 0, 1)
    assert len(keys) == 168
    labels = [time_label("weekday-hour", key) for key in keys]
    assert (labels[0], labels[-1]) == ("Mon 00", "Sun 23")


def test_an_open_end_is_where_groups_end() -> None:
    """Without a range, from the first group that has something to the last."""
    keys = [time_key("day", day, 0) for day in (3, 7)]
    assert [day for day, _ in filled("day", keys, None, None)] == [3, 4, 5, 6, 7]
    assert [day for day, _ in filled("day", keys, 2 * 24, None)] == [2, 3, 4, 5, 6, 7]
    assert [day for day, _ in filled("day", keys, None, 9 * 24)] == [3, 4, 5, 6, 7, 8]
    assert filled("day", [], None, None) == []
    assert filled("hour", [(UNDATED, 0)], None, None) == [(UNDATED, 0)]


def test_a_range_within_days_fills_the_days_it_touches() -> None:
    """From 20:00 to 04:00 are two days, and hours are only those asked for."""
    assert [day for day, _ in filled("day", [], 20, 28)] == [0, 1]
    assert filled("hour", [], 23, 25) == [(0, 23), (1, 0)]


def test_a_forged_time_does_not_make_a_million_rows() -> None:
    """A request of 1970 beside those of today leaves the axis without the empty hours between."""
    keys = [time_key("hour", 0, 0), time_key("hour", 20_000, 0)]
    assert filled("hour", keys, None, None) == keys
    assert len(filled("hour", [], 0, MOST_FILLED)) == MOST_FILLED
