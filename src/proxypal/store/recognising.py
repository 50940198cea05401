"""What the store already has of a file that is being imported: keys, rows, spans, days.

The answers decide what of the file is new, long before the transaction that adds it; there
`import_basis` looks again. Must not enter: reading files, adding anything.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from proxypal.records.imported import Spans
from proxypal.records.natural_key import KeyKind
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import import_basis, joining
from proxypal.store.day_keys import keys_of_day
from proxypal.store.engine import Engine
from proxypal.store.state import Change


class _RecentRows(NamedTuple):
    """Ids and times of the rows in history and of the requests of the join window."""

    sequence: int
    in_history: frozenset[tuple[str, int]]
    by_hash: frozenset[tuple[int, int]]
    by_arrival: Mapping[int, int]

    def has(self, request: RequestLog) -> bool:
        """Whether a request of this id and time is among them."""
        moment_ms = request.timestamp
        if (request.id, moment_ms) in self.in_history:
            return True
        arrival = joining.own_arrival(request.id)
        if arrival is not None and self.by_arrival.get(arrival) == moment_ms:
            return True
        return (joining.hash64(request.id), moment_ms) in self.by_hash


class StoreRecognition:
    """See `records.imported.Recognition`; each answer is of a snapshot of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._recent: _RecentRows | None = None
        self.sequence()  # a store that cannot answer says so at once

    def sequence(self) -> int:
        """See `Recognition.sequence`."""
        return self._engine.read(lambda change: change.state.sequence)

    def known_keys(self, kind: KeyKind, day: int) -> Counter[int]:
        """See `Recognition.known_keys`."""
        return self._engine.read(lambda change: keys_of_day(change.connection, kind, day))

    def log_spans(self) -> Spans:
        """See `Recognition.log_spans`."""
        return self._engine.read(lambda change: import_basis.log_spans(change.connection))

    def day_totals(self) -> Mapping[int, str]:
        """See `Recognition.day_totals`."""
        return self._engine.read(lambda change: import_basis.day_totals(change.connection))

    def is_free(self, day: str) -> bool:
        """See `Recognition.is_free`."""
        return self._engine.read(lambda change: import_basis.is_free(change.connection, day))

    def has_rows(self, requests: Sequence[RequestLog]) -> Sequence[bool]:
        """See `Recognition.has_rows`."""
        recent = self._engine.read(self._recent_rows)
        return [recent.has(request) for request in requests]

    def _recent_rows(self, change: Change) -> _RecentRows:
        if self._recent is None or self._recent.sequence != change.state.sequence:
            self._recent = _recent_rows(change)
        return self._recent


def _recent_rows(change: Change) -> _RecentRows:
    rows = change.connection.execute("SELECT body FROM requests")
    in_history = frozenset(
        (request.id, request.timestamp) for request in (decode_request(body) for (body,) in rows)
    )
    by_hash: set[tuple[int, int]] = set()
    by_arrival: dict[int, int] = {}
    firsts = change.connection.execute("SELECT first FROM join_window").fetchall()
    for (first,) in firsts:
        batch = joining.read_batch(change.connection, first)
        for facts in [] if batch is None else batch.requests:
            by_arrival[facts.arrival] = facts.timestamp
            if facts.id_hash:
                by_hash.add((facts.id_hash, facts.timestamp))
    return _RecentRows(change.state.sequence, in_history, frozenset(by_hash), by_arrival)
