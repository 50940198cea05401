"""Names in the database: a series is (provider, model, key, account, source), numbered once.

Distinct names are capped per kind; beyond the cap a new one counts as `other`, so that a flood
of names cannot grow anything without bound.
"""

import sqlite3
from collections.abc import Iterable

OTHER = "other"
KINDS = ("provider", "model", "api_key", "account", "source")

SeriesKey = tuple[str, str, str, str, str]
"""Provider, model, key label, account label, source; empty text where there is none."""

_REMEMBERED = 50_000

_FIND = (
    "SELECT id FROM series WHERE provider = ? AND model = ? AND api_key = ? "
    "AND account = ? AND source = ?"
)
_ADD = "INSERT INTO series (provider, model, api_key, account, source) VALUES (?, ?, ?, ?, ?)"


class SeriesIndex:
    """Numbers for series keys, remembered between transactions.

    The memory must be forgotten when a transaction fails: it may hold numbers never committed.
    """

    def __init__(self) -> None:
        self._admitted: dict[SeriesKey, tuple[int, SeriesKey]] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._admitted.clear()

    def admit(
        self, connection: sqlite3.Connection, keys: Iterable[SeriesKey], cap: int
    ) -> dict[SeriesKey, tuple[int, SeriesKey]]:
        """For each key its number and the key it counts under (`other` beyond the cap)."""
        if len(self._admitted) > _REMEMBERED:
            self._admitted.clear()
        found: dict[SeriesKey, tuple[int, SeriesKey]] = {}
        for key in keys:
            admitted = self._admitted.get(key)
            if admitted is None:
                capped = _capped(connection, key, cap)
                admitted = (_number(connection, capped), capped)
                self._admitted[key] = admitted
            found[key] = admitted
        return found


def _capped(connection: sqlite3.Connection, key: SeriesKey, cap: int) -> SeriesKey:
    names = [
        name if _admit_label(connection, kind, name, cap) else OTHER
        for kind, name in zip(KINDS, key, strict=True)
    ]
    return (names[0], names[1], names[2], names[3], names[4])


def _admit_label(connection: sqlite3.Connection, kind: str, label: str, cap: int) -> bool:
    if not label or label == OTHER:
        return True
    known = connection.execute(
        "SELECT 1 FROM labels WHERE kind = ? AND label = ?", (kind, label)
    ).fetchone()
    if known:
        return True
    (count,) = connection.execute("SELECT count(*) FROM labels WHERE kind = ?", (kind,)).fetchone()
    if count >= cap:
        return False
    connection.execute("INSERT INTO labels (kind, label) VALUES (?, ?)", (kind, label))
    return True


def _number(connection: sqlite3.Connection, key: SeriesKey) -> int:
    row = connection.execute(_FIND, key).fetchone()
    if row is not None:
        return int(row[0])
    number = connection.execute(_ADD, key).lastrowid
    assert number is not None  # noqa: S101 - an INSERT into a rowid table always has one
    return number


def series_key(connection: sqlite3.Connection, number: int) -> SeriesKey:
    """The names of a numbered series."""
    row = connection.execute(
        "SELECT provider, model, api_key, account, source FROM series WHERE id = ?", (number,)
    ).fetchone()
    return (row[0], row[1], row[2], row[3], row[4])


def all_series(connection: sqlite3.Connection) -> dict[int, SeriesKey]:
    """The names of every series by its number."""
    rows = connection.execute("SELECT id, provider, model, api_key, account, source FROM series")
    return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}
