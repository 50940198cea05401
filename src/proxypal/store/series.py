"""Names in the database: each is a number, and a series is five of them in one integer.

A series is (provider, model, key, account, source). It costs nothing but its number, however many
mixes of names there are. Distinct names are capped per kind; beyond the cap a new one counts as
`other`, so that a flood of names cannot grow anything without bound.
"""

import sqlite3
from collections.abc import Iterable

OTHER = "other"
KINDS = ("provider", "model", "api_key", "account", "source")

SeriesKey = tuple[str, str, str, str, str]
"""Provider, model, key label, account label, source; empty text where there is none."""

BITS = (11, 13, 14, 14, 11)
"""How many bits of a series' number each name takes, the first one highest: 63 in all."""

SHIFTS = tuple(sum(BITS[place + 1 :]) for place in range(len(BITS)))
MASKS = tuple((1 << bits) - 1 for bits in BITS)

_NONE, _OTHER, _FIRST = 0, 1, 2
"""Numbers of the empty name, of `other`, and of the first name in the `labels` table."""

_REMEMBERED = 50_000

_FIND = "SELECT number FROM labels WHERE kind = ? AND label = ?"


class SeriesIndex:
    """Numbers for series keys, remembered between transactions.

    The memory must be forgotten when a transaction fails: it may hold numbers never committed.
    """

    def __init__(self) -> None:
        self._admitted: dict[SeriesKey, tuple[int, SeriesKey]] = {}
        self._numbers: dict[str, dict[str, int]] = {}
        self._full: set[str] = set()

    def forget(self) -> None:
        """Drop what is remembered."""
        self._admitted.clear()
        self._numbers.clear()
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
                admitted = self._admitted[key] = self._numbered(connection, key, cap)
            found[key] = admitted
        return found

    def _numbered(
        self, connection: sqlite3.Connection, key: SeriesKey, cap: int
    ) -> tuple[int, SeriesKey]:
        series = 0
        names: list[str] = []
        for kind, name, shift in zip(KINDS, key, SHIFTS, strict=True):
            number = self._number(connection, kind, name, cap)
            series |= number << shift
            names.append(OTHER if number == _OTHER else name)
        return series, (names[0], names[1], names[2], names[3], names[4])

    def _number(self, connection: sqlite3.Connection, kind: str, name: str, cap: int) -> int:
        if not name:
            return _NONE
        known = self._numbers.get(kind)
        if known is None:
            rows = connection.execute("SELECT label, number FROM labels WHERE kind = ?", (kind,))
            known = self._numbers[kind] = {OTHER: _OTHER, **dict(rows.fetchall())}
        number = known.get(name)
        if number is None:
            # Labels are never deleted: once there is no room, a flood must not cost look-ups
            # either. Until then, another process may have brought the name.
            if kind not in self._full and admit_label(connection, kind, name, cap):
                (number,) = connection.execute(_FIND, (kind, name)).fetchone()
                known[name] = number
            else:
                if kind not in self._full:
                    rows = connection.execute(
                        "SELECT label, number FROM labels WHERE kind = ?", (kind,)
                    )
                    known.update(rows.fetchall())
                    self._full.add(kind)
                number = _OTHER
        return number


def admit_label(connection: sqlite3.Connection, kind: str, label: str, cap: int) -> bool:
    """Whether a name counts under itself: it is known, or the cap still has room for it."""
    if not label or label == OTHER or connection.execute(_FIND, (kind, label)).fetchone():
        return True
    (count,) = connection.execute("SELECT count(*) FROM labels WHERE kind = ?", (kind,)).fetchone()
    if count >= min(cap, MASKS[KINDS.index(kind)] - _FIRST):
        return False
    _add_label(connection, kind, label)
    return True


def remember_labels(connection: sqlite3.Connection, labels: Iterable[tuple[str, str]]) -> None:
    """Names (kind, label) that count under themselves from before; other pairs are left out."""
    for kind, label in labels:
        if kind in KINDS:
            admit_label(connection, kind, label, MASKS[KINDS.index(kind)])


def _add_label(connection: sqlite3.Connection, kind: str, label: str) -> None:
    connection.execute(
        "INSERT INTO labels (kind, label, number) "
        "SELECT ?, ?, coalesce(max(number) + 1, ?) FROM labels WHERE kind = ?",
        (kind, label, _FIRST, kind),
    )


class SeriesNames(dict[int, SeriesKey]):
    """The names of every series by its number, as far as the names are known now."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._numbers: list[dict[str, int]] | None = None
        self.labels: list[dict[int, str]] = [{_NONE: "", _OTHER: OTHER} for _ in KINDS]
        """Of each kind, the names by number."""
        for kind, label, number in connection.execute("SELECT kind, label, number FROM labels"):
            if kind in KINDS:
                self.labels[KINDS.index(kind)][number] = label

    def __missing__(self, series: int) -> SeriesKey:
        names = [
            labels[series >> shift & mask]
            for labels, shift, mask in zip(self.labels, SHIFTS, MASKS, strict=True)
        ]
        found = self[series] = (names[0], names[1], names[2], names[3], names[4])
        return found

    def number_of(self, key: SeriesKey) -> int | None:
        """The number of a series, None where one of its names has none."""
        if self._numbers is None:
            self._numbers = [{name: n for n, name in known.items()} for known in self.labels]
        series = 0
        for name, known, shift in zip(key, self._numbers, SHIFTS, strict=True):
            number = known.get(name)
            if number is None:
                return None
            series |= number << shift
        return series


def series_key(connection: sqlite3.Connection, number: int) -> SeriesKey:
    """The names of a numbered series."""
    names: list[str] = []
    for kind, shift, mask in zip(KINDS, SHIFTS, MASKS, strict=True):
        label = number >> shift & mask
        if label < _FIRST:
            names.append(OTHER if label == _OTHER else "")
            continue
        row = connection.execute(
            "SELECT label FROM labels WHERE kind = ? AND number = ?", (kind, label)
        ).fetchone()
        names.append(row[0])
    return (names[0], names[1], names[2], names[3], names[4])


def all_series(connection: sqlite3.Connection) -> SeriesNames:
    """The names of every series by its number."""
    return SeriesNames(connection)
