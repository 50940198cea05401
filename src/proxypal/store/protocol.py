"""The boundary of the store: what it promises, and the values that cross it.

Must not enter: SQLite, files, threads. A second implementation starts from this page.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from proxypal.records.aggregate import Aggregate, RequestHistory, UsageStats
from proxypal.records.counters import Counters
from proxypal.records.imported import ImportedFacts as ImportedFacts  # noqa: PLC0414 - crosses the boundary, so its users import it from here
from proxypal.records.request import RequestLog

GroupBy = Literal["day", "hour", "model", "provider"]
BackupKind = Literal["clear", "reset", "import", "migration", "reprice"]


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
    had been counted by the old files.
    """

    position: StoredPosition | None
    recorded: int = 0
    older: int = 0
    rejected: Sequence[Rejection] = ()


class Backup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one Clear, Reset, Import, Migration or Re-price put aside, restorable by its name."""

    name: str
    kind: BackupKind
    created_at: int
    requests: int
    rows: int
    undone_at: int | None = None
    note: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `doctor`. `detail` says what to do when `ok` is false."""

    check: str
    ok: bool
    detail: str


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One group of `usage_by`: its label and sums."""

    label: str
    sums: Counters


class RequestStore(Protocol):
    """Where requests are kept.

    Errors: every method raises `StoreBusy`, `StorageFull`, `CannotWrite`, `DamagedDatabase` or
    `StoreClosed` and nothing else of the backend; a method that raises has changed nothing.
    Threads: any method from any thread; callers that wait at the same time share a transaction.
    Processes: any number may have the same store open; each sees the others' requests at its
    next call. Durability: when a method returns, its effect survives SIGKILL and power loss,
    except what it reports as held. Time: milliseconds since 1970 UTC; day and hour labels are
    those of the store's zone at each request's own time, fixed when it is recorded.
    """

    def record(self, requests: Iterable[RequestLog]) -> Recorded:
        """Record pushed requests, durably. At the memory bound raises and keeps nothing."""
        ...

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """Record requests of a source together with its new position, or neither."""
        ...

    def revise(self, request_id: str, changes: Mapping[str, Any]) -> bool:
        """Change fields of a request still in the join window, by its `id`.

        Totals move by new minus old; a request from before the last reset moves no total, a row
        no longer in history is not brought back. False if the window does not know it.

        Raises:
            WrongUsage: no such field, or a value that `record` would reject; nothing changed.
        """
        ...

    def positions(self) -> Positions:
        """Every stored source position."""
        ...

    def acquire_lease(self, source: str, duration_ms: int) -> bool:
        """Become or stay the one reader of `source`; False while another one lives."""
        ...

    def release_lease(self, source: str) -> None:
        """Let the next reader in at once."""
        ...

    def get_usage_stats(self) -> UsageStats:
        """All-time numbers, from the totals alone: the cost does not grow with requests."""
        ...

    def get_aggregate(self) -> Aggregate:
        """The all-time analytics as `aggregate.json` shows them."""
        ...

    def get_request_history(self, limit: int | None = None) -> RequestHistory:
        """The most recent requests, oldest first; at most `limit` of them."""
        ...

    def usage_by(
        self, group: GroupBy, since_ms: int | None, until_ms: int | None
    ) -> Sequence[UsageRow]:
        """Sums by label; `since_ms` and `until_ms` (exclusive) cut to whole local hours."""
        ...

    def clear_request_history(self, *, forget: bool = False) -> Backup | None:
        """Empty the history, totals stay. With `forget`, leave no copy anywhere."""
        ...

    def reset_aggregate_stats(self) -> Backup:
        """Start the all-time analytics anew from now; history stays."""
        ...

    def import_facts(
        self, facts: ImportedFacts, *, fingerprint: str, note: str, parts: Sequence[str] = ()
    ) -> Backup | None:
        """Add an old file's facts once; None if any of its fingerprints was imported before.

        `parts` are the fingerprints of the single files, where `fingerprint` stands for several.
        """
        ...

    def imported_by(self, fingerprints: Iterable[str]) -> str | None:
        """The backup of the import that brought any of these contents and was not undone."""
        ...

    def list_backups(self) -> Sequence[Backup]:
        """Backups, newest first."""
        ...

    def restore(self, name: str) -> Backup:
        """Undo what made the backup, keeping what came after.

        Raises:
            BackupNotFound: no such backup.
            AlreadyUndone: it was restored before.
        """
        ...

    def check(self, *, repair: bool = False) -> Sequence[Finding]:
        """Recount, compare and explain."""
        ...

    def publish(self) -> None:
        """Write `history.json` and `aggregate.json` now."""
        ...

    def close(self) -> None:
        """Publish what is unpublished and release everything. Idempotent."""
        ...


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Settings of the data, kept in the database so that every process agrees.

    `zone` is an IANA name, None for the machine's. `join_window_ms` and `join_window_requests`
    bound what can still be revised or recognised as a duplicate.
    """

    zone: str | None = None
    history_limit: int = 500
    join_window_ms: int = 2 * 3600 * 1000
    join_window_requests: int = 10_000
    label_cap: int = 1000
