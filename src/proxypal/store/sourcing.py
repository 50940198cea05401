"""Batches of a source: requests and position in one transaction, or thrown away as stale."""

import msgspec

from proxypal.records.incoming import MAX_SKEW_MS
from proxypal.records.request import RequestLog
from proxypal.store import backups, covering
from proxypal.store.line_joining import join_lines
from proxypal.store.recording import Prepared, Recording
from proxypal.store.state import Change, write_state
from proxypal.store.undo_debts import still_owing
from proxypal.store.values import Rejection, SourceBatch, SourceOutcome, Span, StoredPosition


def apply_batch(change: Change, recording: Recording, batch: SourceBatch) -> SourceOutcome:
    """Count the batch if it still starts where the store stands."""
    connection, _, state, _, now_ms = change
    position = _advance(change, batch)
    if position is None:
        return SourceOutcome(position=None)
    # Everything a log says up to the watermark was counted by the files that were migrated.
    newer = [
        (place, _believed(request, now_ms))
        for place, request in enumerate(batch.requests)
        if request.timestamp > state.watermark_ms
    ]
    lines = join_lines(change, recording, newer)
    fresh = [Prepared(place, request, id_hash=0, digest=0) for place, request in lines.new]
    counted = recording.add(connection, state, fresh, now_ms, pushed=False)
    connection.executemany(
        "INSERT INTO gaps (source, from_ms, until_ms, reason, noticed_at) VALUES (?, ?, ?, ?, ?)",
        [(g.source, g.from_ms, g.until_ms, g.reason, now_ms) for g in batch.gaps],
    )
    if newer:
        moments = [request.timestamp for _, request in newer]
        covering.extend_span(
            connection,
            f"log {batch.source}",
            Span(min(moments), max(moments)),
            is_continued=batch.start is not None,
        )
    if not counted.recorded:
        state.sequence += 1
    write_state(connection, state)
    return SourceOutcome(
        position=position,
        recorded=counted.recorded,
        older=len(batch.requests) - len(newer),
        joined=lines.joined,
        seen=lines.seen,
        rejected=counted.rejected,
        requests=_counted(fresh, counted.rejected),
    )


def _believed(request: RequestLog, now_ms: int) -> RequestLog:
    """A log can be forged, and a clock can be wrong: a time in the future is only a claim."""
    if request.timestamp <= now_ms + MAX_SKEW_MS:
        return request
    return msgspec.structs.replace(request, timestamp=now_ms, timestamp_claimed=request.timestamp)


def _counted(fresh: list[Prepared], rejected: list[Rejection]) -> list[RequestLog]:
    refused = {rejection.index for rejection in rejected}
    return [item.request for item in fresh if item.place not in refused]


def _advance(change: Change, batch: SourceBatch) -> StoredPosition | None:
    """Move the stored position on; None if another reader was there first."""
    connection, state = change.connection, change.state
    start = batch.start
    if start is None:
        if batch.generation != state.generation:
            return None
        state.generation += 1
        number = connection.execute(
            "INSERT INTO positions (source, version, state) VALUES (?, 1, ?)",
            (batch.source, batch.state),
        ).lastrowid
        assert number is not None  # noqa: S101 - an INSERT into a rowid table always has one
        return StoredPosition(id=number, source=batch.source, version=1, state=batch.state)
    moved = connection.execute(
        "UPDATE positions SET source = ?, version = version + 1, state = ? "
        "WHERE id = ? AND version = ?",
        (batch.source, batch.state, start.id, start.version),
    ).rowcount
    if not moved:
        return None
    return StoredPosition(
        id=start.id, source=batch.source, version=start.version + 1, state=batch.state
    )


def prune_backups(change: Change) -> None:
    """Let backups go that are neither among the last ten nor younger than thirty days."""
    manifests = backups.list_manifests(change.directory)
    owing = still_owing(change.connection, manifests)
    for backup in backups.outdated(manifests, change.now_ms):
        if backup.name not in owing:
            backups.delete(change.directory, backup.name)
            change.connection.execute("DELETE FROM undo_log WHERE name = ?", (backup.name,))
