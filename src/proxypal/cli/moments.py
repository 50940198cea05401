"""`--since` and `--until`: text to a moment. Pure: now and the zone are given.

Three forms: a day (`2026-01-31`), an ISO 8601 time (`2026-01-31T18:00`, with `Z` or an offset if
it is not on the zone's own clock), or a span back from now (`90m`, `24h`, `7d`, `4w`).
"""

import re
from datetime import UTC, datetime, timedelta

from proxypal.errors import WrongUsage
from proxypal.records.labels import Offset
from proxypal.records.wall_clock import moments_of

FORMS = "YYYY-MM-DD, an ISO 8601 time, or a span such as 24h or 7d"

_SPAN = re.compile(r"(\d{1,6})([mhdw])")
_SPAN_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}
_YEARS = range(1971, 3000)  # what every platform's zone functions answer for
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def span_ms(
    since: str | None, until: str | None, now_ms: int, offset: Offset
) -> tuple[int | None, int | None]:
    """First moment of a span and the first one after it, None where it is open.

    Raises:
        WrongUsage: one of them is no moment, or nothing lies between them.
    """
    try:
        first = None if since is None else since_ms(since, now_ms, offset)
        end = None if until is None else until_ms(until, now_ms, offset)
    except ValueError as error:
        raise WrongUsage(f"{error}.") from error
    if first is not None and end is not None and first >= end:
        raise WrongUsage(f"Nothing lies between --since {since} and --until {until}.")
    return first, end


def since_ms(text: str, now_ms: int, offset: Offset) -> int:
    """Unix milliseconds of the first moment meant; a day means its beginning.

    Raises:
        ValueError: none of the three forms.
    """
    return _moment_ms(text.strip(), now_ms, offset, days_after=0)


def until_ms(text: str, now_ms: int, offset: Offset) -> int:
    """Unix milliseconds of the first moment no longer meant; a day belongs wholly to the range.

    Raises:
        ValueError: none of the three forms.
    """
    return _moment_ms(text.strip(), now_ms, offset, days_after=1)


def _moment_ms(text: str, now_ms: int, offset: Offset, *, days_after: int) -> int:
    span = _SPAN.fullmatch(text)
    if span is not None:
        return max(0, now_ms - int(span[1]) * _SPAN_MINUTES[span[2]] * 60_000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is none of: {FORMS}") from None
    if moment.year not in _YEARS:
        raise ValueError(f"{text!r} is not within the years 1971-2999")
    if _DAY.fullmatch(text):
        moment += timedelta(days=days_after)
    if moment.tzinfo is not None:
        return round(moment.timestamp() * 1000)
    first_s, _ = moments_of(round(moment.replace(tzinfo=UTC).timestamp()), offset)
    return first_s * 1000
