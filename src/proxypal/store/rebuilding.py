"""A database out of the published files: the way back when `proxypal.db` is lost or damaged."""

import sqlite3
from pathlib import Path

import msgspec

from proxypal.clock import offset_of
from proxypal.records.aggregate import Aggregate
from proxypal.records.counters import Counters, count_into
from proxypal.records.joining_rule import mark_of
from proxypal.records.labels import LocalHours, day_label, hour_label, hour_of_label
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import joining
from proxypal.store.breakdown_rebuilding import (
    add_rows,
    newer_rows,
    restore_files,
    settle,
    sums_of_files,
)
from proxypal.store.covering import add_span
from proxypal.store.months import dropped_months, month_of, note_months
from proxypal.store.opening import FileFound
from proxypal.store.packing import sums_from, unpack_arrivals
from proxypal.store.publication import Published
from proxypal.store.recording import keep_rows, series_key_of
from proxypal.store.series import SeriesIndex, remember_labels
from proxypal.store.state import State, write_state
from proxypal.store.told_before import remember_told
from proxypal.store.totals import Sums, add_sums, let_old_hours_go
from proxypal.store.values import Span
from proxypal.store.window_bounds import note_cut

HOUR_MS = 3_600_000

NUMBERS_SKIPPED = 5_000
"""Numbers given in the lost last second are not given again (5,000 requests/s is our limit)."""


class _HistoryFile(msgspec.Struct):
    requests: list[msgspec.Raw]


def rebuild(
    connection: sqlite3.Connection,
    directory: Path,
    history: FileFound,
    aggregate: FileFound,
    now_ms: int,
) -> list[str]:
    """Fill a fresh database from whichever of the files are ours. In a transaction.

    Returns:
        What has to be said, beyond what is always said of a rebuilding.
    """
    published = _newest(history, aggregate)
    # The zone is a setting of the data: that of whoever opens the store may be another.
    hours = LocalHours(offset_of(published.settings.zone))
    rows = _rows_of(history)
    restore_files(connection, directory, published)
    newer = newer_rows(connection, directory, published, rows, hours)
    watermark_ms = published.watermark_ms
    if aggregate.published is not None:
        analytics = msgspec.json.decode(aggregate.data, type=Aggregate)
        sums = sums_from(analytics, aggregate.published.details)
        created_at = analytics.created_at
        uncounted = [row for row in rows if row[0] > aggregate.published.sequence]
    else:
        sums, uncounted = sums_of_files(connection), newer
        created_at = _oldest_ms(sums, rows, published, now_ms)
        # How far logs were read is lost as well: what they say of this time was counted.
        watermark_ms = max([watermark_ms, *(request.timestamp for _, request in rows)])
    _count_rows(sums, [request for _, request in uncounted], hours)
    state = State(
        store_id=published.store_id,
        created_at=created_at,
        sequence=published.sequence + NUMBERS_SKIPPED,
        epoch=published.epoch,
        live_epochs=published.live_epochs,
        reset_sequence=published.reset_sequence,
        generation=published.generation + 1,
        watermark_ms=watermark_ms,
        cells_since=published.cells_since,
        published_sequence=published.sequence,
        settings=published.settings,
        history_extras=_extras_of(history, {"requests", *_HISTORY_KEYS}),
        aggregate_extras=_extras_of(aggregate, _AGGREGATE_KEYS),
        sketches_since=published.sketches_since,
    )
    changed = add_rows(connection, newer, hours, state.settings.label_cap, state.sequence)
    restored = settle(connection, directory, published, sums, changed)
    if not restored.is_whole:
        state.cells_since, state.sketches_since = hours(now_ms) + 1, hours(now_ms) // 24 + 1
    note_months(state, restored.changed)
    state.sequence += 1
    write_state(connection, state)
    add_sums(connection, sums)
    let_old_hours_go(connection)
    remember_labels(connection, sums)
    keep_rows(connection, rows)
    _restore_window(connection, state, rows, hours, now_ms)
    if state.reset_sequence or len(rows) < sums.get(("total", ""), Counters()).requests:
        note_cut(connection, now_ms + state.settings.join_window_ms)
    if aggregate.published is not None:
        _restore_ledgers(connection, aggregate.published, restored.keys_since_ms)
    remember_told(connection, now_ms, published.settings.join_window_ms, published.sequence)
    return [_told(month, requests) for month, requests in restored.missing]


def _told(month: str, requests: int | None) -> str:
    if requests is None:
        return (
            f"If requests of {month} came after its breakdown was dropped, it is not known any "
            "more in which hour they were, and of which model and key."
        )
    return (
        f"Of {requests} requests of {month} it is not known any more in which hour they were, "
        "and of which model and key."
    )


def _oldest_ms(
    sums: Sums, rows: list[tuple[int, RequestLog]], published: Published, now_ms: int
) -> int:
    """Since when is tracked, as far as it can be told."""
    days = [hour_of_label(label) for scope, label in sums if scope == "day"]
    offset_ms = offset_of(published.settings.zone)(now_ms // 1000) * 1000
    moments = [hour * HOUR_MS - offset_ms for hour in days]
    moments += [row.timestamp for arrival, row in rows if arrival > published.reset_sequence]
    return min(moments, default=now_ms)


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
    dropped = dropped_months(connection)
    for arrival, request in sorted(rows, key=lambda row: row[0]):
        key = series_key_of(request)
        number = series.admit(connection, [key], state.settings.label_cap)[key][0]
        by_id, digest = joining.hashes_of(request)
        place = (hours(request.timestamp), number)
        if month_of(place[0] // 24) in dropped:
            continue  # its cell is put aside as it was
        found = joining.open_request(request, arrival, by_id, digest, place, mark_of(request))
        epoch = state.epoch if arrival > state.reset_sequence else -1
        joining.remember(connection, [found], now_ms, epoch)


def _restore_ledgers(
    connection: sqlite3.Connection, published: Published, keys_since_ms: int | None
) -> None:
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
    connection.executemany(
        "INSERT INTO gaps (source, from_ms, until_ms, reason, noticed_at) VALUES (?, ?, ?, ?, ?)",
        published.gaps,
    )
    if keys_since_ms is None:
        return
    # Ids that a queue told of last are lost: to a log of that time it is like an imported file.
    lost_from_ms = keys_since_ms - published.settings.join_window_ms
    for source, from_ms, until_ms in published.covered:
        if source.startswith("queue ") and until_ms > lost_from_ms:
            span = Span(max(from_ms, lost_from_ms), until_ms)
            add_span(connection, f"import {source}", span)
