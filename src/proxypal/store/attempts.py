"""What a usage queue hands out, into the store: each attempt to its request, in one transaction.

Which request that is, `records.joining_rule` decides. Everything here runs inside the caller's
transaction.
"""

from collections.abc import Sequence

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.counters import Counters, counters_of
from proxypal.records.incoming import MAX_SKEW_MS
from proxypal.records.joining_rule import (
    Mark,
    Place,
    attempt_mark,
    place_attempt,
    request_of,
    with_attempt,
)
from proxypal.records.natural_key import attempt_key, key_day, request_key
from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.store import covering
from proxypal.store.day_keys import add_keys, imported_keys
from proxypal.store.joining import meeting_hash
from proxypal.store.months import note_days
from proxypal.store.open_requests import Found, OpenRequests
from proxypal.store.payloads import keep_payloads, keep_unread, let_payloads_go
from proxypal.store.recording import TRIMMED_EVERY, Prepared, Recording
from proxypal.store.state import Change, write_state
from proxypal.store.told_before import ToldBefore
from proxypal.store.values import QueueBatch, QueueOutcome, Rejection


class _Born(msgspec.Struct):
    """A request that this batch tells of first; it gets its number at the end."""

    place: int
    request: RequestLog
    mark: Mark
    meeting_hash: int
    payloads: list[bytes]


class _Tally(msgspec.Struct):
    joined: int = 0
    extra: int = 0
    repeated: int = 0


class AttemptBatch:
    """One batch on its way in. See `RequestStore.record_attempts`."""

    def __init__(self, change: Change, recording: Recording) -> None:
        self._change = change
        self._recording = recording
        self._opened = OpenRequests(change, recording)
        self._born: list[_Born] = []
        self._meeting: dict[int, list[_Born]] = {}
        self._seen: set[int] = set()
        self._imported: dict[int, dict[int, int]] = {}
        self._told_before = ToldBefore(change.connection, change.now_ms)
        self._tally = _Tally()
        self._payloads: list[tuple[int, bytes]] = []
        self._keys: list[tuple[int, int]] = []

    def record(self, batch: QueueBatch) -> QueueOutcome:
        """Count everything in the batch, and keep what comes with it."""
        connection, _, state, _, now_ms = self._change
        bound = state.settings.join_window_requests
        self._recording.has_queue = True
        self._recording.known.follow(connection, state.sequence, bound)
        attempts, rejected = _within_exact_integers(self._change, batch.attempts)
        for place, attempt in enumerate(attempts):
            self._take(place, attempt)
        self._opened.finish()
        before = state.sequence
        self._note_days_of_keys()
        requests = self._add_born()
        if state.sequence == before:
            state.sequence += 1
        keep_payloads(connection, self._payloads)
        if before // TRIMMED_EVERY != state.sequence // TRIMMED_EVERY:
            let_payloads_go(connection)
        keep_unread(connection, batch.source, batch.unread, now_ms)
        add_keys(connection, "attempt", self._keys)
        _keep_facts_of_queue(self._change, batch, self._tally)
        write_state(connection, state)
        tally = self._tally
        return QueueOutcome(
            recorded=len(requests),
            joined=tally.joined,
            extra=tally.extra,
            repeated=tally.repeated,
            rejected=rejected,
            requests=requests,
        )

    def _note_days_of_keys(self) -> None:
        moments = [moment_ms for moment_ms, _ in self._keys]
        moments += [one.request.timestamp for one in self._born]
        note_days(self._change.state, {key_day(moment_ms) for moment_ms in moments})

    def _take(self, place: int, attempt: Attempt) -> None:
        known = self._recording.known.attempts
        meeting = meeting_hash(attempt.request_id, attempt.method, attempt.route)
        born = self._meeting.get(meeting, [])
        found = self._opened.meeting(meeting)
        marks = [one.mark for one in born] + [one.facts.mark for one in found]
        is_known = attempt.key in self._seen or attempt.key in known
        if is_known or any(attempt.key in mark.keys for mark in marks):
            self._tally.repeated += 1
            return
        natural_key = attempt_key(attempt.started_ms, attempt.model)
        if self._came_before(attempt, natural_key, found):
            self._seen.add(attempt.key)
            self._tally.repeated += 1
            return
        self._seen.add(attempt.key)
        self._keys.append((attempt.started_ms, natural_key))
        verdict = place_attempt(attempt, marks)
        if verdict.place is Place.NEW:
            self._bear(place, attempt, meeting)
            return
        is_extra = verdict.place is Place.EXTRA
        self._tally.extra += is_extra
        self._tally.joined += not is_extra
        is_counted = True
        if verdict.candidate < len(born):
            _grow(born[verdict.candidate], attempt, verdict.place)
        else:
            one = found[verdict.candidate - len(born)]
            is_counted = one.batch.epoch in self._change.state.live_epochs
            self._revise(one, attempt, verdict.place)
        if is_extra and is_counted:
            self._opened.add(request_of(attempt), _tokens_of(attempt))

    def _came_before(self, attempt: Attempt, natural_key: int, met: Sequence[Found]) -> bool:
        """Whether files brought it already, or the queue to a database that was lost."""
        if attempt.ended_ms <= self._change.state.watermark_ms:
            return True
        day = key_day(attempt.started_ms)
        imported = self._imported.get(day)
        if imported is None:
            imported = imported_keys(self._change.connection, "attempt", day)
            self._imported[day] = imported
        if not imported.get(natural_key):
            return self._told_before.takes(
                attempt.started_ms,
                natural_key,
                None if attempt.request_id is None else request_key(attempt.request_id),
                is_request=any(
                    one.facts.mark.attempts
                    for one in met
                    if one.facts.arrival <= self._told_before.last_arrival
                ),
            )
        imported[natural_key] -= 1
        return True

    def _bear(self, place: int, attempt: Attempt, meeting: int) -> None:
        request = request_of(attempt)
        now_ms = self._change.now_ms
        if request.timestamp > now_ms + MAX_SKEW_MS:
            claimed = request.timestamp
            request = msgspec.structs.replace(request, timestamp=now_ms, timestamp_claimed=claimed)
        born = _Born(place, request, attempt_mark(attempt), meeting, [attempt.payload])
        self._born.append(born)
        if attempt.request_id is not None:
            self._meeting.setdefault(meeting, []).append(born)

    def _revise(self, found: Found, attempt: Attempt, place: Place) -> None:
        known = found.facts.mark
        changes, mark = with_attempt(self._opened.known(found), known, attempt, place)
        if changes:
            self._opened.change(found, changes, mark)
        else:
            self._opened.remark(found, mark)
        if self._opened.is_in_history(found):
            self._payloads.append((found.facts.arrival, attempt.payload))

    def _add_born(self) -> list[RequestLog]:
        connection, _, state, _, now_ms = self._change
        if not self._born:
            return []
        prepared = [
            Prepared(one.place, one.request, 0, 0, one.mark, one.meeting_hash) for one in self._born
        ]
        first = state.sequence + 1
        # Nothing is rejected here: that all fit was seen to before.
        self._recording.add(connection, state, prepared, now_ms, pushed=False)
        requests = [one.request for one in self._born]
        ids = [(one.timestamp, request_key(one.request_id)) for one in requests if one.request_id]
        add_keys(connection, "request", ids)
        recent = max(0, len(self._born) - state.settings.history_limit)
        for arrival, one in enumerate(self._born[recent:], first + recent):
            self._payloads.extend((arrival, payload) for payload in one.payloads)
        return requests


def _grow(born: _Born, attempt: Attempt, place: Place) -> None:
    changes, born.mark = with_attempt(born.request, born.mark, attempt, place)
    if changes:
        born.request = msgspec.structs.replace(born.request, **changes)
    born.payloads.append(attempt.payload)


def _tokens_of(attempt: Attempt) -> Counters:
    """What an attempt adds where its request is counted already."""
    counters = counters_of(request_of(attempt))
    return Counters(
        tokens_in=counters.tokens_in,
        tokens_out=counters.tokens_out,
        tokens_cached=counters.tokens_cached,
        tokens_cache_write=counters.tokens_cache_write,
        tokens_reasoning=counters.tokens_reasoning,
        unpriced=counters.unpriced,
        cost_usd=counters.cost_usd,
    )


def _within_exact_integers(
    change: Change, attempts: Sequence[Attempt]
) -> tuple[Sequence[Attempt], list[Rejection]]:
    """The same attempts, without tokens where an all-time total would pass 2^53 - 1."""
    row = change.connection.execute(
        "SELECT tokens_in + tokens_out, max(duration_ms, ttft_ms) FROM sums WHERE scope = 'total'"
    ).fetchone()
    tokens, duration_ms = row or (0, 0)
    told = sum(one.tokens.input + one.tokens.output for one in attempts)
    # A request's duration can also span the pauses between its attempts.
    lasted_ms = sum(one.latency_ms + (one.ttft_ms or 0) for one in attempts)
    if tokens + told <= MAX_INTEGER and duration_ms + lasted_ms <= MAX_INTEGER // 2:
        return attempts, []
    reason = "its tokens would push an all-time total beyond 2^53 - 1; counted without them"
    return (
        [
            msgspec.structs.replace(
                one, has_tokens=False, cost_usd=None, latency_ms=0, ttft_ms=None
            )
            for one in attempts
        ],
        [Rejection(place, reason) for place in range(len(attempts))],
    )


def _keep_facts_of_queue(change: Change, batch: QueueBatch, tally: _Tally) -> None:
    connection, now_ms = change.connection, change.now_ms
    counts = (
        len(batch.attempts) + len(batch.unread),
        tally.repeated,
        tally.extra,
        tally.joined,
        len(batch.unread),
    )
    connection.execute(
        "INSERT INTO queues (source, status, updated_at, records, repeated, extra, joined, unread)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET "
        "status = iif(length(excluded.status), excluded.status, status), "
        "updated_at = excluded.updated_at, records = records + excluded.records, "
        "repeated = repeated + excluded.repeated, extra = extra + excluded.extra, "
        "joined = joined + excluded.joined, unread = unread + excluded.unread",
        (batch.source, batch.status, now_ms, *counts),
    )
    connection.executemany(
        "INSERT INTO gaps (source, from_ms, until_ms, reason, noticed_at) VALUES (?, ?, ?, ?, ?)",
        [(g.source, g.from_ms, g.until_ms, g.reason, now_ms) for g in batch.gaps],
    )
    if batch.covered is not None:
        covering.add_span(connection, f"queue {batch.source}", batch.covered)
