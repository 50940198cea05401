"""Day and hour labels of a moment, in a zone. Pure: the zone is given, the clock is not read.

A local hour is one integer, hours since 1970-01-01T00 on the zone's own wall clock: exact in
half-hour zones, and the day is that integer divided by 24.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

Offset = Callable[[int], int]
"""Unix seconds to the zone's offset from UTC in seconds, at that moment."""

_QUARTER_S = 900
_QUARTER_MS = _QUARTER_S * 1000
_EPOCH = date(1970, 1, 1)


def zone_offset(zone: tzinfo) -> Offset:
    """The offset function of a `zoneinfo.ZoneInfo` or any other tzinfo."""

    def offset(moment_s: int) -> int:
        delta = datetime.fromtimestamp(moment_s, UTC).astimezone(zone).utcoffset()
        return 0 if delta is None else round(delta.total_seconds())

    return offset


class LocalHours:
    """Milliseconds to local hours, with the offset of each quarter hour remembered.

    A quarter hour inside which the offset changes is not remembered, so labels are exact. Not
    thread-safe beyond what a dict is: a race costs a second look-up, nothing else.
    """

    __slots__ = ("_offset", "_remembered")

    def __init__(self, offset: Offset) -> None:
        self._offset = offset
        self._remembered: dict[int, int] = {}

    def __call__(self, timestamp_ms: int) -> int:
        """The local hour of a Unix time in milliseconds."""
        quarter = timestamp_ms // _QUARTER_MS
        hour = self._remembered.get(quarter)
        if hour is None:
            if len(self._remembered) > 50_000:
                self._remembered.clear()
            seconds = timestamp_ms // 1000
            offset = self._offset(seconds)
            hour = (seconds + offset) // 3600
            first = quarter * _QUARTER_S
            # Some zones changed at 00:01, in the middle of a quarter hour, as late as 2011.
            if offset % _QUARTER_S == 0 and (
                offset == self._offset(first) == self._offset(first + _QUARTER_S - 1)
            ):
                self._remembered[quarter] = hour
        return hour


def hour_label(hour: int) -> str:
    """`YYYY-MM-DDTHH` of a local hour."""
    return f"{day_label(hour)}T{hour % 24:02d}"


def day_label(hour: int) -> str:
    """`YYYY-MM-DD` of a local hour."""
    return _label_of_day(hour // 24)


@lru_cache(maxsize=8192)  # twenty years: a year of charts asks for each day some thirty times
def _label_of_day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


def hour_of_label(label: str) -> int:
    """The local hour of `YYYY-MM-DDTHH`, or of a day's first hour for `YYYY-MM-DD`.

    Raises:
        ValueError: the label is neither.
    """
    day = date.fromisoformat(label[:10])
    rest = label[10:]
    if rest and (len(rest) != 3 or rest[0] != "T" or not rest[1:].isdigit() or int(rest[1:]) > 23):
        raise ValueError(f"not a day or hour label: {label!r}")
    return (day - _EPOCH).days * 24 + (int(rest[1:]) if rest else 0)
