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

SERIES_AT_MOST = 1_000_000
"""Mixes of known names, beyond which a new one counts as `other`; a cell's key holds 2^22."""

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
        self._full: dict[str, frozenset[str]] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._admitted.clear()
        self._full.clear()

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
                capped = self._capped(connection, key, cap)
                admitted = _numbered(connection, capped)
                self._admitted[key] = admitted
            found[key] = admitted
        return found

    def _capped(self, connection: sqlite3.Connection, key: SeriesKey, cap: int) -> SeriesKey:
        names = [
            name if self._is_admitted(connection, kind, name, cap) else OTHER
            for kind, name in zip(KINDS, key, strict=True)
        ]
        return (names[0], names[1], names[2], names[3], names[4])

    def _is_admitted(self, connection: sqlite3.Connection, kind: str, name: str, cap: int) -> bool:
        # Labels are never deleted: once there is no room, a flood must not cost look-ups either.
        full = self._full.get(kind)
        if full is not None:
            return not name or name == OTHER or name in full
        if admit_label(connection, kind, name, cap):
            return True
        labels = connection.execute("SELECT label FROM labels WHERE kind = ?", (kind,))
        self._full[kind] = frozenset(label for (label,) in labels)
        return False


def admit_label(connection: sqlite3.Connection, kind: str, label: str, cap: int) -> bool:
    """Whether a name counts under itself: it is known, or the cap still has room for it."""
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


def remember_labels(connection: sqlite3.Connection, labels: Iterable[tuple[str, str]]) -> None:
    """Names (kind, label) that count under themselves from before; other pairs are left out."""
    connection.executemany(
        "INSERT OR IGNORE INTO labels (kind, label) VALUES (?, ?)",
        [(kind, label) for kind, label in labels if kind in KINDS and label not in {"", OTHER}],
    )


def _numbered(connection: sqlite3.Connection, key: SeriesKey) -> tuple[int, SeriesKey]:
    """The number of a series, and the key it counts under once there are too many of them."""
    number = _find(connection, key)
    if number is None and _last(connection) >= SERIES_AT_MOST:
        # Provider and model stay: their totals must not depend on how many keys there are.
        key = (key[0], key[1], OTHER, OTHER, OTHER)
        number = _find(connection, key)
    if number is None:
        connection.execute(_ADD, key)
        number = _last(connection)
    return number, key


def _find(connection: sqlite3.Connection, key: SeriesKey) -> int | None:
    row = connection.execute(_FIND, key).fetchone()
    return None if row is None else int(row[0])


def _last(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT max(id) FROM series").fetchone()
    return int(last or 0)


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
