"""RFC 3339 times, as Go writes them, read to Unix milliseconds.

Pure and strict: a text that is not wholly such a time is none. Must not enter: times without a
zone (`records.wall_clock`).
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d{1,32}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_YEARS = range(1971, 3000)


def unix_ms(text: str) -> int | None:
    """Unix milliseconds of `2026-08-22T22:39:02.5001+08:00`; what is finer is cut off.

    None if the text is no such time, no date of the calendar, or outside the years 1971-2999 (a
    time that was never set is Go's year 1). A leap second counts as the second after it.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, minute, second, fraction, offset = found.groups()
    minute_ms = _minute_ms(day, minute, offset)
    second_number = int(second)
    if minute_ms is None or second_number > 60:
        return None
    within_ms = int(fraction[:3].ljust(3, "0")) if fraction else 0
    return minute_ms + second_number * 1000 + within_ms


@lru_cache(maxsize=256)
def _minute_ms(day: str, minute: str, offset: str) -> int | None:
    zone = "+00:00" if offset in {"Z", "z"} else offset
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:00{zone}")
    except ValueError:
        return None
    if moment.year not in _YEARS:
        return None
    return (moment - _EPOCH) // _MINUTE * 60_000
