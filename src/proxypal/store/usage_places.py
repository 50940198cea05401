"""Where the facts of an hour or a day go in the answer to a query: few places, so few sums. Pure.

Facts may be summed up as far as the query does not tell them apart: over a whole week where it
groups by weeks, over all of them where it does not group by time. The sum is given as one of the
days or hours it is of. Must not enter: tables, names.
"""

from datetime import date, timedelta

from proxypal.records.local_range import LocalRange
from proxypal.records.usage_axes import TIMES
from proxypal.records.usage_query import Query

END_OF_DAYS = 2**30
"""An open end: behind, or as a negative number before, all days."""

_EPOCH = date(1970, 1, 1)
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday


def days_of(asked: LocalRange) -> tuple[int, int]:
    """The days that any of a range lies in: the first, and the one after the last."""
    first, end = asked.touched_days
    return -END_OF_DAYS if first is None else first, END_OF_DAYS if end is None else end


def is_day(place: int) -> bool:
    """Whether a place is a day, and not an hour."""
    return bool(place & 1)


def time_of(place: int) -> int:
    """The day or the local hour that a place is."""
    return place // 2


class Places:
    """For each day and hour of the range the place its facts go to: a day or an hour, as a number.

    Even numbers are twice a local hour, odd ones twice a day, plus one.
    """

    def __init__(self, query: Query, *, cut_days_are_whole: bool = False) -> None:
        asked = query.range
        self.needs_hours = query.needs_hours
        self._times = frozenset(query.by) & frozenset(TIMES)
        self._first_hour, self._end_hour = asked.since_hour, asked.until_hour
        self._first, self._end = asked.touched_days if cut_days_are_whole else asked.whole_days
        self._now_day = query.now_hour // 24

    def is_whole(self, day: int) -> bool:
        """Whether all of a day is asked for."""
        return (self._first is None or day >= self._first) and (
            self._end is None or day < self._end
        )

    def hours_of(self, day: int) -> range:
        """The hours of a day (0 to 23) that are asked for."""
        first, end = 0, 24
        if self._first_hour is not None:
            first = max(first, self._first_hour - day * 24)
        if self._end_hour is not None:
            end = min(end, self._end_hour - day * 24)
        return range(first, end)

    def of_day(self, day: int) -> int:
        """The place of a whole day's facts, where hours do not matter."""
        return 2 * self.day_for(day) + 1

    def of_hours(self, day: int) -> dict[int, int]:
        """The place of each hour of a day that is asked for."""
        asked = self.hours_of(day)
        if not self.needs_hours:
            return dict.fromkeys(asked, 2 * (day * 24 + asked.start))
        if self._times == {"weekday-hour"} and self.is_whole(day):
            day = self._same_weekday(day)
        return {hour: 2 * (day * 24 + hour) for hour in asked}

    def day_for(self, day: int) -> int:
        """The day that stands for all that the query does not tell from this one."""
        if not self._times:
            return self._any_day()
        first = day
        if self._times == {"week"}:
            first -= (day + _FIRST_WEEKDAY) % 7
        elif self._times == {"month"}:
            first -= (_EPOCH + timedelta(days=day)).day - 1
        return first if self._first is None else max(first, self._first)

    def _any_day(self) -> int:
        if self._first is not None:
            return self._first
        return self._now_day if self._end is None else self._end - 1

    def _same_weekday(self, day: int) -> int:
        if self._first is not None:
            return self._first + (day - self._first) % 7
        last = self._now_day if self._end is None else self._end - 1
        return last - (last - day) % 7
