"""Batches of requests into the database. Everything here runs inside the caller's transaction."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from proxypal.records.counters import Counters, count_into
from proxypal.records.joining_rule import NO_MARK, Mark, line_mark
from proxypal.records.labels import LocalHours
from proxypal.records.request import MAX_INTEGER, RequestLog, encode_request
from proxypal.store import durations, joining, window_bounds
from proxypal.store.cells import Cells, add_cells, fold, seal
from proxypal.store.months import note_days
from proxypal.store.series import SeriesIndex, SeriesKey
from proxypal.store.state import State
from proxypal.store.totals import HOURS_KEPT, add_sums, let_old_hours_go, sums_of
from proxypal.store.values import Rejection, StoreSettings
from proxypal.store.window_bounds import COUNTED_EVERY

TRIMMED_EVERY = 32
"""Rows beyond the history's limit are let go once in so many requests; readers cut by themselves.

Each deletion dirties pages at the far end of two trees, a third of what a commit writes.
"""


class Prepared(NamedTuple):
    """An admitted request, with what can be computed before the lock is taken.

    `place` is its index in the caller's batch. `id_hash` and `digest` are 0 when the request
    came without an id: it can then never be a repetition. `mark` is what a source that is not a
    log remembers for joining; a log's is made when needed, and so is its `meeting_hash`.
    """

    place: int
    request: RequestLog
    id_hash: int
    digest: int
    mark: Mark | None = None
    meeting_hash: int | None = None


class Counted(NamedTuple):
    """What a batch came to: how many were recorded, which were not and why."""

    recorded: int
    duplicates: list[int]
    rejected: list[Rejection]


def prepare(place: int, request: RequestLog) -> Prepared:
    """Hash what recognises a repetition: the id, and the content with it."""
    return Prepared(place, request, *joining.hashes_of(request))


class Recording:
    """Adds batches to the store; holds the caches that make it fast."""

    def __init__(self, hours: LocalHours) -> None:
        self.hours = hours
        self.series = SeriesIndex()
        self.known = joining.KnownIds()
        self.has_queue = False
        self._newest_hour = -1
        self._epoch = 0

    def add(
        self,
        connection: sqlite3.Connection,
        state: State,
        batch: Sequence[Prepared],
        now_ms: int,
        *,
        pushed: bool,
    ) -> Counted:
        """Count and keep a batch; `state.sequence` moves on (the caller writes it).

        Pushed requests all enter the join window. Those of a source only while a second source
        could still tell more about them: their position protects them from repetition.
        """
        fresh, duplicates = self._without_repetitions(connection, state, batch, pushed=pushed)
        fitting, rejected = _within_exact_integers(connection, fresh)
        if fitting:
            after = state.sequence + len(fitting)
            is_due = state.sequence // TRIMMED_EVERY != after // TRIMMED_EVERY
            if is_due:
                # First, so that what comes takes the pages of what goes.
                window_bounds.let_old_go(connection, now_ms, state.settings)
                if state.sequence // COUNTED_EVERY != after // COUNTED_EVERY:
                    window_bounds.let_excess_go(connection, len(fitting), state.settings)
            self._count(connection, state, fitting, now_ms, pushed=pushed)
            state.sequence = after
            if is_due:
                trim_history(connection, state.settings.history_limit)
                fold(connection)
                durations.fold(connection, after)
                self.known.oldest = joining.oldest_arrival(connection)
        return Counted(len(fitting), duplicates, rejected)

    def _count(
        self,
        connection: sqlite3.Connection,
        state: State,
        batch: Sequence[Prepared],
        now_ms: int,
        *,
        pushed: bool,
    ) -> None:
        grouped, places = self._group(batch)
        numbered = self.series.admit(
            connection, dict.fromkeys(key for _, key in grouped), state.settings.label_cap
        )
        cells: Cells = {}
        for (hour, key), counters in grouped.items():
            into = cells.get((hour, numbered[key][0]))
            if into is None:
                cells[hour, numbered[key][0]] = counters
            else:
                into.add(counters)
        note_days(state, {hour // 24 for hour, _ in cells})
        add_cells(connection, cells)
        add_sums(connection, sums_of(cells, dict(numbered.values())))
        durations.add_values(
            connection,
            state.sequence + 1,
            [
                value_of(item.request, hour, numbered[key][1])
                for item, (hour, key) in zip(batch, places, strict=True)
            ],
        )
        self._tidy(connection, state, [hour for hour, _ in cells])
        # "Tracked since" is a promise about the numbers: nothing counted is older.
        state.created_at = min(state.created_at, *(item.request.timestamp for item in batch))
        first = state.sequence + 1
        keep_recent(connection, first, [item.request for item in batch], state.settings)
        horizon = 0 if pushed else now_ms - state.settings.join_window_ms
        start = max(0, len(batch) - state.settings.join_window_requests)
        opened = [
            joining.open_request(
                item.request,
                first + place,
                item.id_hash,
                item.digest,
                (places[place][0], numbered[places[place][1]][0]),
                NO_MARK if pushed else item.mark or line_mark(item.request),
                item.meeting_hash,
            )
            for place, item in enumerate(batch[start:], start)
            if pushed or item.mark is not None or self._may_meet(item.request, horizon)
        ]
        joining.remember(connection, opened, now_ms, state.epoch)
        if self.known.is_at(state.sequence):
            self.known.add(opened, state.sequence + len(batch))

    def _may_meet(self, request: RequestLog, horizon: int) -> bool:
        """Whether a usage queue could still tell more about a request of the log."""
        if request.timestamp < horizon:
            return False
        return request.request_id is not None or self.has_queue

    def _tidy(self, connection: sqlite3.Connection, state: State, hours: list[int]) -> None:
        """Let hours and open cells go that are old beside these."""
        if state.epoch != self._epoch:
            self._epoch, self._newest_hour = state.epoch, -1
        newest = max(hours)
        if newest > self._newest_hour or min(hours) <= self._newest_hour - HOURS_KEPT:
            let_old_hours_go(connection)
        if newest // 24 > self._newest_hour // 24:
            seal(connection, newest)
        self._newest_hour = max(newest, self._newest_hour)

    def _without_repetitions(
        self,
        connection: sqlite3.Connection,
        state: State,
        batch: Sequence[Prepared],
        *,
        pushed: bool,
    ) -> tuple[Sequence[Prepared], list[int]]:
        if not pushed:
            return batch, []
        self.known.follow(connection, state.sequence, state.settings.join_window_requests)
        fresh: list[Prepared] = []
        duplicates: list[int] = []
        in_batch: set[tuple[int, int]] = set()
        for item in batch:
            if item.id_hash:
                mark = (item.id_hash, item.digest)
                if mark in in_batch or self.known.repeats(*mark):
                    duplicates.append(item.place)
                    continue
                in_batch.add(mark)
            fresh.append(item)
        return fresh, duplicates

    def forget(self) -> None:
        """Drop what is remembered between transactions; needed when one has failed."""
        self.series.forget()
        self.known.forget()
        self._newest_hour = -1

    def _group(
        self, batch: Sequence[Prepared]
    ) -> tuple[dict[tuple[int, SeriesKey], Counters], list[tuple[int, SeriesKey]]]:
        hours = self.hours
        grouped: dict[tuple[int, SeriesKey], Counters] = {}
        places: list[tuple[int, SeriesKey]] = []
        for item in batch:
            request = item.request
            place = (hours(request.timestamp), series_key_of(request))
            places.append(place)
            counters = grouped.get(place)
            if counters is None:
                counters = grouped[place] = Counters()
            count_into(counters, request)
        return grouped, places


def value_of(request: RequestLog, hour: int, key: SeriesKey) -> durations.Value:
    """How long a request took, at the local hour and under the names it counts."""
    return hour // 24, key[0], key[1], request.duration_ms, request.ttft_ms


def series_key_of(request: RequestLog) -> SeriesKey:
    """The names a request counts under."""
    return (
        request.provider,
        request.model,
        request.api_key or "",
        request.account or "",
        request.source or "",
    )


def _within_exact_integers(
    connection: sqlite3.Connection, batch: Sequence[Prepared]
) -> tuple[Sequence[Prepared], list[Rejection]]:
    """Reject what would push an all-time total past 2^53 - 1; scopes are never above the total."""
    row = connection.execute(
        "SELECT max(tokens_in + tokens_out), max(duration_ms), max(ttft_ms), "
        "max(tokens_cached + tokens_cache_write + tokens_reasoning) FROM sums "
        "WHERE scope = 'total'"
    ).fetchone()
    tokens, duration, ttft, kinds = (int(value or 0) for value in row)
    for item in batch:
        request = item.request
        tokens += (request.tokens_in or 0) + (request.tokens_out or 0)
        duration += request.duration_ms
        ttft += request.ttft_ms or 0
        kinds += _kinds_of_tokens(request)
    if max(tokens, duration, ttft, kinds) <= MAX_INTEGER:
        return batch, []
    return _one_by_one(batch, [int(value or 0) for value in row])


def _kinds_of_tokens(request: RequestLog) -> int:
    return (
        (request.tokens_cached or 0)
        + (request.tokens_cache_write or 0)
        + (request.tokens_reasoning or 0)
    )


def _one_by_one(
    batch: Sequence[Prepared], totals: list[int]
) -> tuple[list[Prepared], list[Rejection]]:
    fitting: list[Prepared] = []
    rejected: list[Rejection] = []
    for item in batch:
        request = item.request
        after = [
            totals[0] + (request.tokens_in or 0) + (request.tokens_out or 0),
            totals[1] + request.duration_ms,
            totals[2] + (request.ttft_ms or 0),
            totals[3] + _kinds_of_tokens(request),
        ]
        if max(after) <= MAX_INTEGER:
            totals = after
            fitting.append(item)
        else:
            rejected.append(
                Rejection(item.place, "it would push an all-time total beyond 2^53 - 1")
            )
    return fitting, rejected


def keep_recent(
    connection: sqlite3.Connection,
    first: int,
    requests: Sequence[RequestLog],
    settings: StoreSettings,
) -> None:
    """Put the most recent of a batch, numbered from `first`, into history."""
    numbered = list(enumerate(requests, first))
    limit = settings.history_limit
    if len(numbered) > limit:
        numbered.sort(key=lambda row: (row[1].timestamp, row[0]))
        del numbered[:-limit]
    keep_rows(connection, numbered)


def keep_rows(connection: sqlite3.Connection, rows: Iterable[tuple[int, RequestLog]]) -> None:
    """Put numbered requests into history as they are; one without an id gets its own."""
    connection.executemany(
        "INSERT OR REPLACE INTO requests (timestamp, arrival, body) VALUES (?, ?, ?)",
        [(request.timestamp, arrival, _body(arrival, request)) for arrival, request in rows],
    )


def trim_history(connection: sqlite3.Connection, limit: int) -> None:
    """Let go of the rows beyond the limit, oldest first."""
    last = connection.execute(
        "SELECT timestamp, arrival FROM requests ORDER BY timestamp DESC, arrival DESC "
        "LIMIT 1 OFFSET ?",
        (limit,),
    ).fetchone()
    if last is not None:
        connection.execute("DELETE FROM requests WHERE (timestamp, arrival) <= (?, ?)", last)


def _body(arrival: int, request: RequestLog) -> bytes:
    if not request.id:
        request = msgspec.structs.replace(request, id=f"req_{request.timestamp}_{arrival}")
    return encode_request(request)
