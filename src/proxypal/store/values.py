"""The values that cross the boundary of the store, and what they mean.

Must not enter: the promises of its methods (`protocol.py`), SQLite, files.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.counters import Counters
from proxypal.records.request import RequestLog

GroupBy = Literal["day", "hour", "model", "provider"]
BackupKind = Literal["clear", "reset", "import", "migration", "reprice", "breakdown"]


class Rejection(msgspec.Struct, frozen=True):
    """A request that was not recorded. `index` counts from 0 in the batch given."""

    index: int
    reason: str


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch of pushed requests.

    `recorded` are durable. `duplicates` are indexes whose id and content repeat a request of the
    join window. `held` requests wait in memory for the disk and are not durable.
    """

    recorded: int = 0
    held: int = 0
    duplicates: Sequence[int] = ()
    rejected: Sequence[Rejection] = ()


class StoredPosition(msgspec.Struct, frozen=True, kw_only=True):
    """How far one log (known by its content, see `sources`) has been read.

    `state` is the source's own JSON; the store keeps it and never looks inside. `version` grows
    by one with each change, and names the state a batch started from.
    """

    id: int
    source: str
    version: int
    state: bytes


class Positions(msgspec.Struct, frozen=True):
    """All stored positions, and the generation that a batch from a new log must still meet."""

    generation: int
    rows: Sequence[StoredPosition]


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a source that is known to be lost, in Unix milliseconds; None means unknown."""

    source: str
    from_ms: int | None
    until_ms: int | None
    reason: str


class SourceBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Requests read from a source, with the position they bring it to.

    `start` is the stored position the reading started from, None for a log not seen before; then
    `generation` (of the `Positions` it was decided by) must still be the store's. `state` is the
    position after the batch.
    """

    source: str
    start: StoredPosition | None
    generation: int
    state: bytes
    requests: Sequence[RequestLog]
    gaps: Sequence[Gap] = ()


class SourceOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a `SourceBatch`.

    `position` is None when the batch was stale: another reader was there first, nothing was
    counted, read again from `positions()`. `older` were at or before the migrated watermark and
    had been counted by the old files. `joined` gave a request its status, path and duration that
    the usage queue had told of; `seen` were counted from the queue, too long ago to be revised.
    `requests` are those that were recorded, as they were counted, for showing.
    """

    position: StoredPosition | None
    recorded: int = 0
    older: int = 0
    joined: int = 0
    seen: int = 0
    rejected: Sequence[Rejection] = ()
    requests: Sequence[RequestLog] = ()


class Span(msgspec.Struct, frozen=True):
    """From `from_ms` up to `until_ms`, Unix milliseconds."""

    from_ms: int
    until_ms: int


class QueueBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a usage queue handed out, in its order, priced; it will not hand it out again.

    `unread` are scrubbed payloads that were not understood. `covered` is the span in which
    everything the queue offered was received, this batch included; it grows a stored span that it
    touches. `status` is the reader's own JSON, shown by `doctor`; empty leaves the stored one.
    """

    source: str
    attempts: Sequence[Attempt] = ()
    unread: Sequence[bytes] = ()
    covered: Span | None = None
    gaps: Sequence[Gap] = ()
    status: bytes = b""


class QueueOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a `QueueBatch`: every attempt is in exactly one of these.

    `recorded` became requests of their own, `joined` added to a request (a retry, or what the
    log had told of), `extra` added tokens without a request, `repeated` were told before.
    `requests` are the new ones as they were counted, for showing.
    """

    recorded: int = 0
    joined: int = 0
    extra: int = 0
    repeated: int = 0
    rejected: Sequence[Rejection] = ()
    requests: Sequence[RequestLog] = ()


class QueueState(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the store knows of one usage queue: the reader's own words, and exact counts."""

    source: str
    status: bytes
    updated_at: int
    records: int = 0
    repeated: int = 0
    extra: int = 0
    joined: int = 0
    unread: int = 0


class Backup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one action (see `BackupKind`) put aside, restorable by its name."""

    name: str
    kind: BackupKind
    created_at: int
    requests: int
    rows: int
    undone_at: int | None = None
    note: str = ""


class BreakdownMonth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A month of the breakdown.

    Of its `requests` in the totals, `placed` have names and an hour or at least a day. `size_bytes`
    is that of its file, 0 as long as there is none. `dropped_at` is when it was dropped.
    """

    month: str
    requests: int
    placed: int
    size_bytes: int
    dropped_at: int | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `doctor`. `detail` says what to do when `ok` is false."""

    check: str
    ok: bool
    detail: str


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One group of `usage_by`: its label and sums."""

    label: str
    sums: Counters


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Settings of the data, kept in the database so that every process agrees.

    `zone` is an IANA name, None for the machine's. `join_window_ms` and `join_window_requests`
    bound what can still be revised or recognised as a duplicate. `breakdown_months` is how many
    months of cells are kept, None for all; totals are kept for ever.
    """

    zone: str | None = None
    history_limit: int = 500
    join_window_ms: int = 2 * 3600 * 1000
    join_window_requests: int = 10_000
    label_cap: int = 1000
    breakdown_months: int | None = None
