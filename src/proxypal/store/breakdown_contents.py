"""What a month's breakdown file holds, out of the database and back into it.

Everything here runs inside the caller's snapshot or transaction. Must not enter: files.
"""

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from proxypal.records.counters import COUNTER_FIELDS
from proxypal.store.breakdown_file import (
    NAMES,
    DayContents,
    Keys,
    MonthContents,
    Names,
    Sketches,
    Written,
)
from proxypal.store.cells import (
    cell_days,
    day_body,
    names_and_requests,
    pack_cells,
    put_day_body,
    unpack_cells,
)
from proxypal.store.durations import encoded_sketches
from proxypal.store.months import days_of
from proxypal.store.series import KINDS, MASKS, OTHER, SHIFTS, all_series
from proxypal.store.state import State

_NAMES = ", ".join(COUNTER_FIELDS)
_TOTALS_MARKS = ", ".join("?" * (2 + len(COUNTER_FIELDS)))
_DAYS_REMEMBERED = 100

_REQUESTS = 1
"""Where a row of totals has its number of requests, behind the series."""


_Numbers = tuple[frozenset[int], ...]
"""The numbers of the names that are used, of each kind."""


class DaysSeen:
    """Which names each day's cells have, and how many requests: told by the bytes of the cells."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int, int], tuple[_Numbers, int]] = {}

    def of(self, day: int, body: bytes) -> tuple[_Numbers, int]:
        """(numbers of names, requests) of a day."""
        key = (day, len(body), zlib.crc32(body))
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _DAYS_REMEMBERED:
                self._seen.clear()
            found = self._seen[key] = names_and_requests(body)
        return found


def read_contents(
    connection: sqlite3.Connection, state: State, month: str, seen: DaysSeen
) -> MonthContents:
    """Everything that is kept of a month; without days if that is nothing."""
    days = days_of(month)
    totals = _totals_by_day(connection, days)
    sketches = _sketches_by_day(connection, days)
    keys = _keys_by_day(connection, days)
    found: dict[int, DayContents] = {}
    used: list[set[int]] = [set() for _ in NAMES]
    requests = 0
    for day in sorted({*cell_days(connection, days), *totals, *sketches, *keys}):
        body = day_body(connection, day)
        numbers, counted = seen.of(day, body)
        by_day = _numbers_in(int(row[0]) for row in totals[day])
        for known, *more in zip(used, numbers, by_day, strict=True):
            known.update(*more)
        requests += counted + sum(int(row[_REQUESTS]) for row in totals[day])
        contents = DayContents(
            cells=body, totals=totals[day], sketches=sketches[day], keys=keys[day]
        )
        if contents != DayContents(totals=[], sketches=[], keys=[]):
            found[day] = contents
    return MonthContents(
        month=month,
        requests=requests,
        names=_names_of(connection, used),
        days=found,
        published=Written(
            sequence=state.sequence, store_id=state.store_id, live_epochs=state.live_epochs
        ),
    )


def _totals_by_day(
    connection: sqlite3.Connection, days: range
) -> dict[int, list[Sequence[int | str]]]:
    found: dict[int, list[Sequence[int | str]]] = defaultdict(list)
    rows = connection.execute(
        f"SELECT day, series, {_NAMES} FROM day_cells WHERE day >= ? AND day < ?",
        (days.start, days.stop),
    )
    for day, *row in rows:
        found[day].append(row)
    return found


def _sketches_by_day(connection: sqlite3.Connection, days: range) -> dict[int, list[Sketches]]:
    found: dict[int, list[Sketches]] = defaultdict(list)
    for place, durations, ttfts in encoded_sketches(connection, days.start, days.stop):
        day, provider, model = place
        found[day].append((provider, model, durations, ttfts))
    return found


def _keys_by_day(connection: sqlite3.Connection, days: range) -> dict[int, list[Keys]]:
    gathered: dict[tuple[int, str, str], bytes] = defaultdict(bytes)
    rows = connection.execute(
        "SELECT day, kind, origin, body FROM day_keys WHERE day >= ? AND day < ?",
        (days.start, days.stop),
    )
    for day, kind, origin, body in rows:
        gathered[day, kind, origin] += body
    found: dict[int, list[Keys]] = defaultdict(list)
    for (day, kind, origin), body in sorted(gathered.items()):
        found[day].append((kind, origin, body))
    return found


def _numbers_in(series: Iterable[int]) -> _Numbers:
    numbers = list(series)
    return tuple(
        frozenset(number >> shift & mask for number in numbers)
        for shift, mask in zip(SHIFTS, MASKS, strict=True)
    )


def _names_of(connection: sqlite3.Connection, used: Sequence[set[int]]) -> Names:
    labels = all_series(connection).labels
    return {
        name: {number: known[number] for number in sorted(numbers)}
        for name, known, numbers in zip(NAMES, labels, used, strict=True)
    }


def put_contents(connection: sqlite3.Connection, contents: MonthContents) -> None:
    """Put a month into a database that has nothing of it."""
    renamed = _Renaming(connection, contents.names)
    for day, found in contents.days.items():
        put_day_body(connection, day, renamed.body(found.cells))
        connection.executemany(
            f"INSERT INTO day_cells (day, series, {_NAMES}) VALUES ({_TOTALS_MARKS})",
            [(day, renamed.series(int(series)), *values) for series, *values in found.totals],
        )
        connection.executemany(
            "INSERT INTO sketches (changed, day, provider, model, durations, ttfts) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [(contents.published.sequence, day, *sketches) for sketches in found.sketches],
        )
        connection.executemany(
            "INSERT INTO day_keys (kind, day, origin, body) VALUES (?, ?, ?, ?)",
            [(kind, day, origin, body) for kind, origin, body in found.keys],
        )


class _Renaming:
    """Names of a file in a database: they keep their numbers where these are free."""

    def __init__(self, connection: sqlite3.Connection, names: Names) -> None:
        self._numbers = [
            _numbers_of(connection, kind, names[name])
            for kind, name in zip(KINDS, NAMES, strict=True)
        ]
        self._is_needed = any(
            old != new for numbers in self._numbers for old, new in numbers.items()
        )

    def series(self, number: int) -> int:
        """The number of a series whose names are numbered as in the file."""
        found = 0
        for numbers, shift, mask in zip(self._numbers, SHIFTS, MASKS, strict=True):
            found |= numbers[number >> shift & mask] << shift
        return found

    def body(self, body: bytes) -> bytes:
        """The cells of a day."""
        if not self._is_needed:
            return body
        cells = unpack_cells(body)
        return pack_cells({(hour, self.series(old)): sums for (hour, old), sums in cells.items()})


def _numbers_of(
    connection: sqlite3.Connection, kind: str, names: Mapping[int, str]
) -> dict[int, int]:
    """Give names of one kind their numbers, or others where those are taken."""
    rows = connection.execute("SELECT label, number FROM labels WHERE kind = ?", (kind,))
    known = {"": 0, OTHER: 1, **dict(rows.fetchall())}
    taken = set(known.values())
    free = max(*taken, *names) + 1
    found: dict[int, int] = {}
    for number, name in names.items():
        if name not in known:
            known[name] = number
            if number in taken:
                known[name], free = free, free + 1
            taken.add(known[name])
            connection.execute(
                "INSERT INTO labels (kind, label, number) VALUES (?, ?, ?)",
                (kind, name, known[name]),
            )
        found[number] = known[name]
    return found
