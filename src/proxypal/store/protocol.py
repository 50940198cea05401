"""The boundary of the store: what it promises. The values that cross it are in `values.py`.

Must not enter: SQLite, files, threads. A second implementation starts from this page.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from proxypal.records.aggregate import Aggregate, RequestHistory, UsageStats
from proxypal.records.imported import ImportedFacts, Recognition
from proxypal.records.request import RequestLog
from proxypal.store.values import (
    Backup,
    BreakdownMonth,
    Finding,
    Gap,
    GroupBy,
    Positions,
    QueueBatch,
    QueueOutcome,
    QueueState,
    Recorded,
    SourceBatch,
    SourceOutcome,
    UsageRow,
)

if TYPE_CHECKING:  # they are needed by a query or a re-pricing only, and cost every start
    from proxypal.records.repriced import Priceable, Repricing
    from proxypal.records.usage_answer import Answer
    from proxypal.records.usage_query import Query, QueryWords


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

    def record_attempts(self, batch: QueueBatch) -> QueueOutcome:
        """Record what a usage queue handed out, with its payloads and the queue's status.

        An attempt joins the request it belongs to (see `records.joining_rule`), wherever that
        one came from. Raises without having kept anything: offer the same batch again.
        """
        ...

    def queues(self) -> Sequence[QueueState]:
        """Every usage queue that was ever read."""
        ...

    def gaps(self) -> Sequence[Gap]:
        """Spans of the sources that are known to be lost, oldest notice first."""
        ...

    def unjoined(self, since_ms: int, until_ms: int) -> tuple[int, int]:
        """(joined, not joined): successful requests of the log in this span of the join window.

        Many that no usage record joined mean that another consumer takes the records.
        """
        ...

    def cached(self, name: str) -> bytes | None:
        """What was last kept under this name by `keep_cached`, if it is still there."""
        ...

    def keep_cached(self, name: str, body: bytes) -> None:
        """Remember something that can be made again; never part of the data."""
        ...

    def revise(self, request_id: str, changes: Mapping[str, Any]) -> bool:
        """Change fields of a request still in the join window, by its `id`.

        Totals move by new minus old; a request from before the last reset moves no total, a row
        no longer in history is not brought back. False if the window does not know it.

        Raises:
            WrongUsage: no such field, or a value that `record` would reject; nothing changed.
        """
        ...

    def sequence(self) -> int:
        """The number of the newest change of the facts, by whichever process: it only grows."""
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

    def get_usage_stats(self, *, series: bool = True) -> UsageStats:
        """All-time numbers, from the totals alone: the cost does not grow with requests.

        Without `series`, those by day hold the first day and today only, those by hour nothing:
        ten years of days are for who draws them.
        """
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

    def query(self, query: "Query | QueryWords") -> "Answer":
        """Figures of any range, filtered and grouped; the answer says what it cannot know.

        Raises:
            WrongUsage: the words mean nothing; the message says why.
        """
        ...

    def query_all(self, queries: "Sequence[Query | QueryWords]") -> "Sequence[Answer]":
        """The answers to several queries, all of one moment: they agree with each other.

        Raises:
            WrongUsage: as `query`.
        """
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
        """Add a file's facts once; None if any of its fingerprints was imported before.

        `parts` are the fingerprints of the single files, where `fingerprint` stands for several.

        Raises:
            ImportOutdated: the store has changed since `recognition` was asked about this file,
                in a way that matters to it; nothing was added, read the file again.
            WrongUsage: an all-time total would not be an exact integer any more.
        """
        ...

    def recognition(self) -> Recognition:
        """What decides which rows of a file are new; its answers go into the facts' `basis`."""
        ...

    def imported_by(self, fingerprints: Iterable[str]) -> str | None:
        """The backup of the import that brought any of these contents and was not undone."""
        ...

    def breakdown_months(self) -> Sequence[BreakdownMonth]:
        """Every month that has requests, oldest first: what is kept of its breakdown."""
        ...

    def drop_breakdown(self, months: Sequence[str]) -> Backup:
        """Drop the breakdown of months (`2026-01`); no all-time total changes.

        Raises:
            WrongUsage: one of them has none, or requests of it can still change.
        """
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

    def priceable(self) -> "Priceable":
        """Everything in the totals that has tokens and that a price could be given to."""
        ...

    def reprice(self, repricing: "Repricing", note: str) -> Backup | None:
        """Change costs as planned (see `records.repricing_plan`), where all is as the plan saw it.

        None if nothing is. `requests` of the backup are those that got a cost or another one;
        `restore` takes off exactly what was added.
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
