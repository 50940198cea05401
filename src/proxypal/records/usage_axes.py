"""What usage can be grouped by: the key of a group, how groups are sorted, what they are called.

A key of time is two numbers that sort as time does; labels are read as ranges again
(`local_range`). Must not enter: sums.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from proxypal.records.counters import FAILURE_CLASSES
from proxypal.records.imported import Names
from proxypal.records.labels import day_label, hour_label
from proxypal.records.request import UNKNOWN

TIMES = ("hour", "day", "week", "month", "weekday-hour")
NAMES = ("provider", "model", "key", "account", "source")
"""In the order of `Names`."""

OUTCOME = "outcome"
DIMENSIONS = (*TIMES, *NAMES, OUTCOME)

BY_HOUR = frozenset({"hour", "weekday-hour"})
"""What only those facts can be grouped by whose hour is known."""

SUCCESS = "success"
OUTCOMES = (SUCCESS, *FAILURE_CLASSES)

NO_HOUR = -1
"""Beside a day: the hour is not known. It sorts before the hours of the day."""

UNDATED = -(10**9)
"""The day of what was counted without a day."""

NO_NAMES: Names = (UNKNOWN, UNKNOWN, "", "", "")
"""What facts without names are grouped under."""

MOST_FILLED = 100_000
"""Groups of a time axis, beyond which those without requests are not listed."""

TimeKey = tuple[int, int]

_EPOCH = date(1970, 1, 1)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday


def time_key(dimension: str, day: int, hour: int) -> TimeKey:
    """The group of an hour (0-23, or `NO_HOUR`) of a day since 1970-01-01."""
    if dimension == "hour":
        return day, hour
    if dimension == "weekday-hour":
        return (UNDATED if day == UNDATED else (day + _FIRST_WEEKDAY) % 7), hour
    if dimension == "week" and day != UNDATED:
        day -= (day + _FIRST_WEEKDAY) % 7
    elif dimension == "month" and day != UNDATED:
        day -= (_EPOCH + timedelta(days=day)).day - 1
    return day, 0


def time_label(dimension: str, key: TimeKey) -> str:
    """`2026-11-03T14`, `2026-11-03`, `2026-W45`, `2026-11`, `Tue 14`; without an hour as a day."""
    first, hour = key
    if first == UNDATED:
        return "undated"
    if dimension == "weekday-hour":
        return _WEEKDAYS[first] if hour == NO_HOUR else f"{_WEEKDAYS[first]} {hour:02d}"
    if dimension == "hour" and hour != NO_HOUR:
        return hour_label(first * 24 + hour)
    if dimension == "month":
        return day_label(first * 24)[:7]
    if dimension == "week":
        year, week, _ = (_EPOCH + timedelta(days=first)).isocalendar()
        return f"{year:04d}-W{week:02d}"
    return day_label(first * 24)


def filled(
    dimension: str, keys: Iterable[TimeKey], since_hour: int | None, until_hour: int | None
) -> list[TimeKey]:
    """The keys given and those of the time between, in order.

    An open end (None) is the first or last key given. Keys are left as they are where it would
    become more than `MOST_FILLED`.
    """
    present = set(keys)
    if dimension == "weekday-hour":
        return sorted(present | {(weekday, hour) for weekday in range(7) for hour in range(24)})
    hours = [day * 24 + max(hour, 0) for day, hour in present if day != UNDATED]
    if since_hour is None:
        since_hour = min(hours, default=0)
    if until_hour is None:
        until_hour = max(hours, default=since_hour - 1) + 1
    step = 1 if dimension == "hour" else 24
    if (until_hour - since_hour) // step <= MOST_FILLED:
        places = range(since_hour if step == 1 else since_hour // 24 * 24, until_hour, step)
        present.update(time_key(dimension, *divmod(hour, 24)) for hour in places)
    return sorted(present)
