"""Words for a range of time, as people say them, to whole hours of the data's own wall clock.

Everything is counted by local hour, so a range that begins or ends inside one is widened to the
whole hour, and says so. In the night clocks are put back, the hour that comes twice is one local
hour. Pure: now and the zone are given. Must not enter: what is asked of the range.
"""

import re
from datetime import UTC, date, datetime, timedelta

import msgspec

from proxypal.records.labels import LocalHours, Offset, day_label, hour_label
from proxypal.records.request import shorten
from proxypal.records.tolerant_json import Refused

FORMS = (
    "today, yesterday, this-week, last-week, this-month, last-month, all, a span back from now "
    "such as 24h or 7d, a year (2026), month (2026-11), week (2026-W45) or day (2026-11-03), an "
    "ISO 8601 time (2026-11-03T14:00), or two of them as FROM..UNTIL, either left out"
)

_EPOCH = date(1970, 1, 1)
_SPAN = re.compile(r"(?!0+[mhdw])(\d{1,6})([mhdw])", re.ASCII)
_SPAN_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PERIOD = re.compile(
    r"(?P<year>\d{4})(?:-W(?P<week>\d\d)|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?", re.ASCII
)
_HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d", re.ASCII)
_YEARS = range(1971, 3000)
"""What every platform's zone functions answer for."""


class LocalRange(msgspec.Struct, frozen=True, kw_only=True):
    """Local hours (since 1970-01-01T00 on the wall clock) from the first up to before the end.

    None is an open end. `cuts` are sentences: where the range asked for was widened to an hour.
    """

    since_hour: int | None = None
    until_hour: int | None = None
    cuts: tuple[str, ...] = ()

    @property
    def whole_days(self) -> tuple[int | None, int | None]:
        """The days (since 1970-01-01) that lie wholly within: the first, and the one after."""
        since, until = self.since_hour, self.until_hour
        return None if since is None else -(-since // 24), None if until is None else until // 24

    @property
    def touched_days(self) -> tuple[int | None, int | None]:
        """The days any hour of which lies within: the first, and the one after the last."""
        since, until = self.since_hour, self.until_hour
        return None if since is None else since // 24, None if until is None else -(-until // 24)


class RangeReader:
    """Reads ranges as they are meant at one moment, in one zone."""

    def __init__(self, now_ms: int, offset: Offset) -> None:
        self._now_ms = now_ms
        self._hours = LocalHours(offset)
        self.now_hour = self._hours(now_ms)
        self._today = _EPOCH + timedelta(days=self.now_hour // 24)

    def read(self, text: str) -> LocalRange:
        """The range that one text means (see `FORMS`).

        Raises:
            Refused: it means none; the message says what would.
        """
        text = text.strip()
        if text == "all":
            return LocalRange()
        if ".." in text:
            since, _, until = text.partition("..")
            return self.between(since.strip() or None, until.strip() or None)
        if _SPAN.fullmatch(text):
            return self.between(text, None)
        period = self._period(text) or self._hour_alone(text)
        if period is None:
            _wall_or_moment(text)  # what is no time either is refused here
            raise Refused(f"{_shown(text)} is a moment; for all from then on write {text}..")
        return LocalRange(since_hour=period[0], until_hour=period[1])

    def between(self, since: str | None, until: str | None) -> LocalRange:
        """From the beginning of what `since` means to the end of what `until` means.

        A year, month, week or day belongs wholly to the range; a time ends it.

        Raises:
            Refused: one of them means nothing, or nothing lies between them.
        """
        cuts: list[str] = []
        first = None if since is None else self._first_hour(since, cuts)
        end = None if until is None else self._end_hour(until, cuts)
        if first is not None and end is not None and first >= end:
            raise Refused(f"nothing lies between {_shown(since)} and {_shown(until)}")
        return LocalRange(since_hour=first, until_hour=end, cuts=tuple(cuts))

    def last(self, text: str) -> LocalRange:
        """A span back from now, and nothing else.

        Raises:
            Refused: it is no span.
        """
        if not _SPAN.fullmatch(text.strip()):
            raise Refused(f"{_shown(text)} is no span such as 90m, 24h, 7d or 4w")
        return self.between(text.strip(), None)

    def period(self, unit: str) -> LocalRange:
        """The day, week or month that is now."""
        words = {"day": "today", "week": "this-week", "month": "this-month"}
        return self.read(words[unit])

    def _first_hour(self, text: str, cuts: list[str]) -> int:
        period = self._period(text)
        if period is not None:
            return period[0]
        moment = self._moment(text)
        if isinstance(moment, datetime):
            hour = _hour_of(moment)
            is_cut = bool(moment.minute or moment.second or moment.microsecond)
        else:
            hour = self._hours(moment)
            is_cut = moment > 0 and self._hours(moment - 1) == hour
        if is_cut:
            cuts.append(f"{text} falls inside an hour: it begins with {hour_label(hour)}:00.")
        return hour

    def _end_hour(self, text: str, cuts: list[str]) -> int:
        period = self._period(text)
        if period is not None:
            return period[1]
        moment = self._moment(text)
        if isinstance(moment, datetime):
            is_cut = bool(moment.minute or moment.second or moment.microsecond)
            end = _hour_of(moment) + is_cut
        else:
            end = self._hours(max(0, moment - 1)) + 1
            is_cut = self._hours(moment) < end
        if is_cut:
            cuts.append(f"{text} falls inside an hour: it ends with {hour_label(end - 1)}:59.")
        return end

    def _moment(self, text: str) -> datetime | int:
        """A time on the wall clock, or Unix milliseconds of one that says where it is."""
        span = _SPAN.fullmatch(text)
        if span is not None:
            return max(0, self._now_ms - int(span[1]) * _SPAN_MS[span[2]])
        return _wall_or_moment(text)

    def _period(self, text: str) -> tuple[int, int] | None:
        found = self._named_days(text) or _calendar_days(text)
        return None if found is None else (_hours_to(found[0]), _hours_to(found[1]))

    def _named_days(self, text: str) -> tuple[date, date] | None:
        day, week, today = timedelta(days=1), timedelta(days=7), self._today
        monday = today - today.weekday() * day
        month = today.replace(day=1)
        return {
            "today": (today, today + day),
            "yesterday": (today - day, today),
            "this-week": (monday, monday + week),
            "last-week": (monday - week, monday),
            "this-month": (month, _next_month(month)),
            "last-month": ((month - day).replace(day=1), month),
        }.get(text)

    def _hour_alone(self, text: str) -> tuple[int, int] | None:
        if not _HOUR.fullmatch(text):
            return None
        moment = _wall_or_moment(text)
        return None if isinstance(moment, int) else (_hour_of(moment), _hour_of(moment) + 1)


def _calendar_days(text: str) -> tuple[date, date] | None:
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    year, week, month, day = (int(part or 0) for part in found.groups())
    if year not in _YEARS:
        raise _outside(text)
    try:
        if found["week"]:
            monday = date.fromisocalendar(year, week, 1)
            return monday, monday + timedelta(days=7)
        if found["day"]:
            first = date(year, month, day)
            return first, first + timedelta(days=1)
        if found["month"]:
            first = date(year, month, 1)
            return first, _next_month(first)
    except ValueError:
        raise Refused(f"{_shown(text)} is not in the calendar") from None
    return date(year, 1, 1), date(year + 1, 1, 1)


def _wall_or_moment(text: str) -> datetime | int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{_shown(text)} is none of: {FORMS}") from None
    if moment.year not in _YEARS:
        raise _outside(text)
    if moment.tzinfo is None:
        return moment
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _hours_to(day: date) -> int:
    return (day - _EPOCH).days * 24


def _hour_of(wall: datetime) -> int:
    return _hours_to(wall.date()) + wall.hour


def _outside(text: str) -> Refused:
    return Refused(f"{_shown(text)} is not within the years 1971-2999")


def _shown(text: str | None) -> str:
    return repr(shorten(text or "", 60))


def range_labels(asked: LocalRange) -> tuple[str | None, str | None]:
    """First hour and the hour after the last, as `YYYY-MM-DDTHH`; None is an open end."""
    since, until = asked.since_hour, asked.until_hour
    return (
        None if since is None else hour_label(since),
        None if until is None else hour_label(until),
    )


def days_label(first_day: int, last_day: int) -> str:
    """`2026-11-01`, or `2026-11-01 to 2026-11-03`, of days since 1970-01-01."""
    first, last = day_label(first_day * 24), day_label(last_day * 24)
    return first if first == last else f"{first} to {last}"
