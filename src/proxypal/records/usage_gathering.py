"""Facts about usage put into the groups of a query, and their sums. Pure, and the hot path.

Must not enter: which groups are shown, and in what order.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from proxypal.records.counters import Counters, total_of
from proxypal.records.imported import Names
from proxypal.records.usage_axes import (
    NAMES,
    NO_HOUR,
    NO_NAMES,
    OUTCOME,
    OUTCOMES,
    SUCCESS,
    TIMES,
    UNDATED,
    TimeKey,
    time_key,
)
from proxypal.records.usage_metrics import DaySketch
from proxypal.records.usage_notes import Unplaced
from proxypal.records.usage_query import BY_SKETCHES, Query

HourCell = tuple[int, Names, Counters]
"""Sums of a local hour and its names."""

DayCell = tuple[int, Names | None, Counters]
"""Sums of a day since 1970-01-01 (or `UNDATED`) whose hours, or whose names too, are unknown.

Days that lie wholly in a range may come as such sums instead of hours, too, where the query does
not need hours.
"""

Key = tuple[TimeKey | str, ...]
"""A group: for each thing grouped by, its key of time or its name."""

_AT_ONCE = 2_048
"""Cells held before they are summed up: few, so that they are still in the processor's cache."""

_FEW = 8
_TIMES = frozenset(TIMES)
_SINK: "deque[Counters]" = deque(maxlen=0)
"""Takes what is not asked for, without keeping it."""

_Places = dict[int, list[Counters] | deque[Counters]]
"""Where the counters of one time go, by the number of what is grouped of their names."""

_NOT_ASKED = -1


class Groups:
    """The facts a query asks for, by group. Facts given are never changed."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._dimensions = [name for name in query.by if name != OUTCOME]
        self._groups: dict[Key, list[Counters]] = {}
        self._numbers = _Numbers(query, self._dimensions)
        self._outside: _Places = _PlacesAt(self, None)
        self._places: dict[tuple[TimeKey, ...], _Places] = {}

    def add_hours(self, cells: Iterable[HourCell]) -> None:
        """Take what is asked for of the cells."""
        hours, numbers, remaining = _Hours(self), self._numbers, iter(cells)
        while chunk := list(islice(remaining, max(_AT_ONCE, _FEW * len(self._groups)))):
            # Three look-ups and an append for each cell, whatever is asked.
            for hour, names, counters in chunk:
                hours[hour][numbers[names]].append(counters)
            for group in self._groups.values():
                if len(group) > _FEW:
                    group[:] = [total_of(group)]

    def add_days(self, cells: Iterable[DayCell], unplaced: Unplaced, undated_until: int) -> None:
        """Take what is asked for of the sums of days, and tell of what cannot be placed.

        What has no day is from before the local hour `undated_until`.
        """
        query = self._query
        days: dict[int, _Places | None] = {}
        for day, names, counters in cells:
            if day not in days:
                days[day] = self._places_of(day)
            places = days[day]
            if places is not None and names is not None:
                places[self._numbers[names]].append(counters)
                continue
            place, requests = self._place_of(day, undated_until), self._requests_of(counters)
            is_asked = names is None or self._numbers[names] != _NOT_ASKED
            if place == "outside" or requests is None or not is_asked:
                continue
            if place == "cut":
                unplaced.add("noDay" if day == UNDATED else "noHour", day, requests, left_out=True)
                continue
            left_out = names is None and bool(query.filtered_names)
            if names is None and query.names:
                unplaced.add("noNames", day, requests, left_out=left_out)
            if left_out:
                continue
            if day == UNDATED and not _TIMES.isdisjoint(query.by):
                unplaced.add("noDay", day, requests, left_out=False)
            elif query.needs_hours:
                unplaced.add("noHour", day, requests, left_out=False)
            self.group_at(self._times_of(day, NO_HOUR), names or NO_NAMES).append(counters)

    def _requests_of(self, counters: Counters) -> int | None:
        """How many requests are asked for of them; None where nothing at all is."""
        outcomes = self._query.outcomes
        requests = sum(count_of(counters, outcome) for outcome in outcomes)
        counts_only = OUTCOME in self._query.by or len(outcomes) < len(OUTCOMES)
        return requests if requests or (counters and not counts_only) else None

    def _places_of(self, day: int) -> _Places | None:
        """Where the sums of a day go if nothing has to be told of them."""
        if day == UNDATED or self._query.needs_hours:
            return None
        is_whole = _is_within(day, self._query.range.whole_days)
        return _PlacesAt(self, self._times_of(day, NO_HOUR)) if is_whole else None

    def _place_of(self, day: int, undated_until: int) -> str:
        """Whether a day is `whole` within the range, `cut` by it or `outside`."""
        asked = self._query.range
        since, until = asked.since_hour, asked.until_hour
        if day == UNDATED:
            if since is None and until is None:
                return "whole"
            return "cut" if since is None or since < undated_until else "outside"
        if _is_within(day, asked.whole_days):
            return "whole"
        return "cut" if _is_within(day, asked.touched_days) else "outside"

    def sums(self) -> dict[Key, Counters]:
        """The sums of each group that has any."""
        found = {key: total_of(group) for key, group in self._groups.items()}
        return {key: sums for key, sums in found.items() if sums}

    def key_of_day(self, day: int, names: Names) -> Key | None:
        """The group of a whole day's facts; None where they are not asked for."""
        if self._numbers[names] == _NOT_ASKED or not _is_within(
            day, self._query.range.touched_days
        ):
            return None
        return self._key_of(self._times_of(day, NO_HOUR), names)

    def _times_of(self, day: int, hour: int) -> tuple[TimeKey, ...]:
        return tuple(time_key(name, day, hour) for name in self._dimensions if name in TIMES)

    def _key_of(self, times: tuple[TimeKey, ...], names: Names) -> Key:
        rest = iter(times)
        return tuple(
            next(rest) if name in TIMES else names[NAMES.index(name)] for name in self._dimensions
        )

    def places_at(self, hour: int) -> _Places:
        """Where the cells of an hour go."""
        since, until = self._query.range.since_hour, self._query.range.until_hour
        if (since is not None and hour < since) or (until is not None and hour >= until):
            return self._outside
        times = self._times_of(*divmod(hour, 24))
        if times not in self._places:
            self._places[times] = _PlacesAt(self, times)
        return self._places[times]

    def place_at(
        self, times: tuple[TimeKey, ...] | None, number: int
    ) -> list[Counters] | deque[Counters]:
        """Where the cells of one time and number go."""
        if times is None or number == _NOT_ASKED:
            return _SINK
        return self.group_at(times, self._numbers.examples[number])

    def group_at(self, times: tuple[TimeKey, ...], names: Names) -> list[Counters]:
        """The group of one time and of names."""
        return self._groups.setdefault(self._key_of(times, names), [])


class _Numbers(dict[Names, int]):
    """Numbers what is grouped of names; `_NOT_ASKED` where the query does not admit them."""

    def __init__(self, query: Query, dimensions: Sequence[str]) -> None:
        super().__init__()
        self._admits = query.admits
        self._parts = [NAMES.index(name) for name in dimensions if name in NAMES]
        self._known: dict[tuple[str, ...], int] = {}
        self.examples: list[Names] = []

    def __missing__(self, names: Names) -> int:
        number = _NOT_ASKED
        if self._admits(names):
            part = tuple(names[place] for place in self._parts)
            number = self._known.setdefault(part, len(self._known))
            if number == len(self.examples):
                self.examples.append(names)
        self[names] = number
        return number


class _Hours(dict[int, _Places]):
    """Remembers where the cells of each hour go."""

    def __init__(self, groups: Groups) -> None:
        super().__init__()
        self._groups = groups

    def __missing__(self, hour: int) -> _Places:
        found = self[hour] = self._groups.places_at(hour)
        return found


class _PlacesAt(_Places):
    """Remembers where the cells of one time go."""

    def __init__(self, groups: Groups, times: tuple[TimeKey, ...] | None) -> None:
        super().__init__()
        self._groups, self._times = groups, times

    def __missing__(self, number: int) -> list[Counters] | deque[Counters]:
        found = self[number] = self._groups.place_at(self._times, number)
        return found


def _is_within(day: int, days: tuple[int | None, int | None]) -> bool:
    first, end = days
    return (first is None or first <= day) and (end is None or day < end)


def count_of(sums: Counters, outcome: str) -> int:
    """How many requests had one of `OUTCOMES`."""
    return sums.success if outcome == SUCCESS else int(getattr(sums, outcome))


def only(sums: Counters, outcomes: Iterable[str]) -> Counters:
    """The counts of some outcomes; what their requests used is not known."""
    left = Counters()
    for outcome in outcomes:
        count = count_of(sums, outcome)
        left.requests += count
        if outcome != SUCCESS:
            setattr(left, outcome, count)
    return left


def split_by_outcome(sums: dict[Key, Counters], query: Query) -> dict[Key, Counters]:
    """Each group as one per outcome asked for; `sums` have no part for the outcome yet."""
    place = query.by.index(OUTCOME)
    split = {
        (*key[:place], outcome, *key[place:]): only(found, [outcome])
        for key, found in sums.items()
        for outcome in OUTCOMES
        if outcome in query.outcomes
    }
    return {key: found for key, found in split.items() if found}


def sketches_by_group(query: Query, sketches: Iterable[DaySketch]) -> dict[Key, list[DaySketch]]:
    """The sketches asked for, by group; all under () where groups cannot have any."""
    groups = Groups(query)
    is_grouped = BY_SKETCHES.issuperset(query.by)
    found: dict[Key, list[DaySketch]] = {}
    for sketch in sketches:
        key = groups.key_of_day(sketch.day, (sketch.provider, sketch.model, "", "", ""))
        if key is not None:
            found.setdefault(key if is_grouped else (), []).append(sketch)
    return found
