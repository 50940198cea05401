"""How long requests took, by local day, provider and model: sketches, and the values to come.

The last few values are rows of their own, for a sketch is written as a whole; when they are many,
they go into their sketches. Readers take both. `number` is the one this transaction gives next.
Must not enter: what is asked of them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from proxypal.records.sketch import Sketch, decode_sketch, encode_sketch

OPEN_AT_MOST = 256
"""Rows beyond which they go into the sketches."""

Place = tuple[int, str, str]
"""Day (since 1970-01-01), and the provider and model that are counted."""

Value = tuple[int, str, str, int, int | None]
"""A place, a duration and a time to first token in milliseconds."""

Sketches = Mapping[Place, tuple[Sketch, Sketch]]
"""Durations and times to first token."""

_SELECT_OPEN = "SELECT day, provider, model, duration_ms, ttft_ms FROM open_durations"
_OF_DAYS = "WHERE day >= ? AND day < ? ORDER BY day"


def add_values(connection: sqlite3.Connection, number: int, values: list[Value]) -> None:
    """Count requests."""
    if len(values) > OPEN_AT_MOST:
        move_sketches(connection, number, sketches_of(values))
    else:
        connection.executemany("INSERT INTO open_durations VALUES (?, ?, ?, ?, ?)", values)


def take_off(connection: sqlite3.Connection, number: int, value: Value) -> None:
    """Count a request no more."""
    taken = connection.execute(
        "DELETE FROM open_durations WHERE rowid = (SELECT rowid FROM open_durations WHERE day = ? "
        "AND provider = ? AND model = ? AND duration_ms = ? AND ttft_ms IS ? LIMIT 1)",
        value,
    ).rowcount
    if not taken:
        move_sketches(connection, number, sketches_of([value]), sign=-1)


def fold(connection: sqlite3.Connection, number: int, at_most: int | None = None) -> None:
    """Let the rows go into the sketches where there are more than `at_most` (`OPEN_AT_MOST`)."""
    (count,) = connection.execute("SELECT count(*) FROM open_durations").fetchone()
    if count > (OPEN_AT_MOST if at_most is None else at_most):
        values = connection.execute(_SELECT_OPEN).fetchall()
        connection.execute("DELETE FROM open_durations")
        move_sketches(connection, number, sketches_of(values))


def sketches_of(values: Iterable[Value]) -> dict[Place, tuple[Sketch, Sketch]]:
    """Values by place."""
    gathered: dict[Place, tuple[list[int], list[int]]] = {}
    for day, provider, model, duration_ms, ttft_ms in values:
        found = gathered.setdefault((day, provider, model), ([], []))
        found[0].append(duration_ms)
        if ttft_ms is not None:
            found[1].append(ttft_ms)
    return {place: (_sketch(found[0]), _sketch(found[1])) for place, found in gathered.items()}


def _sketch(values: list[int]) -> Sketch:
    sketch = Sketch()
    sketch.add_all(values)
    return sketch


def move_sketches(
    connection: sqlite3.Connection, number: int, moved: Sketches, sign: int = 1
) -> None:
    """Add sketches to those that are kept, or take them off with `sign` -1."""
    for place, parts in moved.items():
        row = connection.execute(
            "SELECT durations, ttfts FROM sketches WHERE day = ? AND provider = ? AND model = ?",
            place,
        ).fetchone()
        kept = (Sketch(), Sketch()) if row is None else tuple(map(decode_sketch, row))
        for sketch, part in zip(kept, parts, strict=True):
            if sign > 0:
                sketch.merge(part)
            else:
                sketch.subtract(part)
        if any(sketch.count for sketch in kept):
            connection.execute(
                "INSERT OR REPLACE INTO sketches VALUES (?, ?, ?, ?, ?, ?)",
                (*place, number, *map(encode_sketch, kept)),
            )
        elif row is not None:
            connection.execute(
                "DELETE FROM sketches WHERE day = ? AND provider = ? AND model = ?", place
            )


def read_sketches(
    connection: sqlite3.Connection, first_day: int = -(2**40), end_day: int = 2**40
) -> Iterator[tuple[Place, Sketch, Sketch]]:
    """All of some days; a place may come twice, for its last values come by themselves."""
    days = (first_day, end_day)
    rows = connection.execute(
        f"SELECT day, provider, model, durations, ttfts FROM sketches {_OF_DAYS}", days
    )
    for day, provider, model, durations, ttfts in rows:
        yield (day, provider, model), decode_sketch(durations), decode_sketch(ttfts)
    for place, parts in open_sketches(connection, *days).items():
        yield place, *parts


def open_sketches(
    connection: sqlite3.Connection, first_day: int, end_day: int
) -> dict[Place, tuple[Sketch, Sketch]]:
    """Only the last values of some days."""
    return sketches_of(connection.execute(f"{_SELECT_OPEN} {_OF_DAYS}", (first_day, end_day)))


def encoded_sketches(
    connection: sqlite3.Connection, first_day: int = -(2**40), end_day: int = 2**40
) -> Iterator[tuple[Place, bytes, bytes]]:
    """All of some days as they are kept, or will be: each place once, in order."""
    later = open_sketches(connection, first_day, end_day)
    rows = connection.execute(
        "SELECT day, provider, model, durations, ttfts FROM sketches WHERE day >= ? AND day < ?",
        (first_day, end_day),
    )
    found: dict[Place, tuple[bytes, bytes]] = {tuple(row[:3]): (row[3], row[4]) for row in rows}
    for place, parts in later.items():
        for sketch, body in zip(parts, found.get(place, ()), strict=False):
            sketch.merge(decode_sketch(body))
        found[place] = (encode_sketch(parts[0]), encode_sketch(parts[1]))
    for place in sorted(found):
        yield place, *found[place]


def delete_sketches(connection: sqlite3.Connection, days: range | None = None) -> None:
    """Delete all, or those of some days."""
    for table in ("sketches", "open_durations"):
        if days is None:
            connection.execute(f"DELETE FROM {table}")
        else:
            connection.execute(
                f"DELETE FROM {table} WHERE day >= ? AND day < ?", (days.start, days.stop)
            )
