"""A database out of the published pair: the way back when `proxypal.db` is lost or damaged."""

import sqlite3

import msgspec

from proxypal.clock import offset_of
from proxypal.records.aggregate import Aggregate
from proxypal.records.counters import Counters, count_into
from proxypal.records.joining_rule import mark_of
from proxypal.records.labels import LocalHours, day_label, hour_label
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import joining
from proxypal.store.covering import add_span
from proxypal.store.opening import FileFound
from proxypal.store.packing import sums_from, unpack_arrivals
from proxypal.store.publication import Published
from proxypal.store.recording import keep_rows, series_key_of
from proxypal.store.series import SeriesIndex, remember_labels
from proxypal.store.state import State, write_state
from proxypal.store.totals import Sums, add_sums, let_old_hours_go
from proxypal.store.values import Span

NUMBERS_SKIPPED = 5_000
"""Numbers given in the lost last second are not given again (5,000 requests/s is our limit)."""


class _HistoryFile(msgspec.Struct):
    requests: list[msgspec.Raw]


def rebuild(
    connection: sqlite3.Connection, history: FileFound, aggregate: FileFound, now_ms: int
) -> None:
    """Fill a fresh database from whichever of the two files are ours. In a transaction."""
    published = _newest(history, aggregate)
    # The zone is a setting of the data: that of whoever opens the store may be another.
    hours = LocalHours(offset_of(published.settings.zone))
    rows = _rows_of(history)
    if aggregate.published is not None:
        analytics = msgspec.json.decode(aggregate.data, type=Aggregate)
        sums = sums_from(analytics, aggregate.published.details)
        created_at = analytics.created_at
        uncounted = [row for row in rows if row[0] > aggregate.published.sequence]
    else:
        sums, uncounted = {}, [row for row in rows if row[0] > published.reset_sequence]
        created_at = min((request.timestamp for _, request in uncounted), default=now_ms)
    _count_rows(sums, [request for _, request in uncounted], hours)
    state = State(
        store_id=published.store_id,
        created_at=created_at,
        sequence=published.sequence + NUMBERS_SKIPPED,
        epoch=published.epoch,
        live_epochs=published.live_epochs,
        reset_sequence=published.reset_sequence,
        generation=published.generation + 1,
        watermark_ms=published.watermark_ms,
        cells_since=hours(now_ms) + 1,
        published_sequence=published.sequence,
        settings=published.settings,
        history_extras=_extras_of(history, {"requests", *_HISTORY_KEYS}),
        aggregate_extras=_extras_of(aggregate, _AGGREGATE_KEYS),
    )
    write_state(connection, state)
    add_sums(connection, sums)
    let_old_hours_go(connection)
    remember_labels(connection, sums)
    keep_rows(connection, rows)
    _restore_window(connection, state, rows, hours, now_ms)
    if aggregate.published is not None:
        _restore_ledgers(connection, aggregate.published)


_HISTORY_KEYS = {
    "totalTokensIn", "totalTokensOut", "totalTokensCached", "totalCostUsd", "published",
}  # fmt: skip
_AGGREGATE_KEYS = {f.encode_name for f in msgspec.structs.fields(Aggregate)} | {"published"}


def _newest(history: FileFound, aggregate: FileFound) -> Published:
    found = [file.published for file in (aggregate, history) if file.published is not None]
    return max(found, key=lambda published: published.sequence)


def _rows_of(history: FileFound) -> list[tuple[int, RequestLog]]:
    if history.published is None:
        return []
    bodies = msgspec.json.decode(history.data, type=_HistoryFile).requests
    arrivals = unpack_arrivals(history.published.arrivals)
    return [
        (arrival, decode_request(bytes(body)))
        for arrival, body in zip(arrivals, bodies, strict=True)
    ]


def _extras_of(file: FileFound, known: set[str]) -> bytes:
    if file.published is None:
        return b"{}"
    tree = msgspec.json.decode(file.data, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({key: value for key, value in tree.items() if key not in known})


def _count_rows(sums: Sums, requests: list[RequestLog], hours: LocalHours) -> None:
    for request in requests:
        hour = hours(request.timestamp)
        for key in (
            ("total", ""),
            ("day", day_label(hour)),
            ("hour", hour_label(hour)),
            ("model", request.model),
            ("provider", request.provider),
        ):
            count_into(sums.setdefault(key, Counters()), request)


def _restore_window(
    connection: sqlite3.Connection,
    state: State,
    rows: list[tuple[int, RequestLog]],
    hours: LocalHours,
    now_ms: int,
) -> None:
    series = SeriesIndex()
    for arrival, request in sorted(rows, key=lambda row: row[0]):
        key = series_key_of(request)
        number = series.admit(connection, [key], state.settings.label_cap)[key][0]
        by_id, digest = joining.hashes_of(request)
        place = (hours(request.timestamp), number)
        found = joining.open_request(request, arrival, by_id, digest, place, mark_of(request))
        epoch = state.epoch if arrival > state.reset_sequence else -1
        joining.remember(connection, [found], now_ms, epoch)


def _restore_ledgers(connection: sqlite3.Connection, published: Published) -> None:
    connection.executemany(
        "INSERT INTO positions (id, source, version, state) VALUES (?, ?, ?, ?)",
        [(p.id, p.source, p.version, bytes(p.state)) for p in published.positions],
    )
    connection.executemany("INSERT INTO fingerprints VALUES (?, ?)", published.fingerprints)
    connection.executemany(
        "INSERT INTO undo_log (name, kind, epochs, undone_at, owed) VALUES (?, ?, ?, ?, ?)",
        [
            (u.name, u.kind, msgspec.json.encode(u.epochs).decode(), u.undone_at, u.owed)
            for u in published.undo_log
        ],
    )
    connection.executemany(
        "INSERT INTO queues VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [msgspec.structs.astuple(queue) for queue in published.queues],
    )
    connection.executemany("INSERT INTO covered VALUES (?, ?, ?)", published.covered)
    # The ids that a queue told of are lost: to a log of its time it is like an imported file.
    for source, from_ms, until_ms in published.covered:
        if source.startswith("queue "):
            add_span(connection, f"import {source}", Span(from_ms, until_ms))
