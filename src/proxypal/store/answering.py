"""What a store answers: every question about it, asked within one snapshot.

Must not enter: anything that changes the store.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from proxypal.clock import offset_of
from proxypal.records.aggregate import Aggregate, RequestHistory, UsageStats
from proxypal.records.labels import day_label
from proxypal.records.stats import usage_stats
from proxypal.store import actions, backups, reading
from proxypal.store.engine import Engine
from proxypal.store.state import Change
from proxypal.store.totals import read_aggregate
from proxypal.store.values import (
    Backup,
    BreakdownMonth,
    Gap,
    GroupBy,
    Positions,
    QueueState,
    StoreSettings,
    UsageRow,
)

if TYPE_CHECKING:  # they are needed by a query only, and cost every start
    from proxypal.records.usage_answer import Answer, UsageFacts
    from proxypal.records.usage_query import Query, QueryWords
    from proxypal.store.recording import Recording
    from proxypal.store.usage_reading import UsageReader

LAST_MS = 253_370_764_800_000
"""9999-01-01: no calendar has a label for what comes much later."""


class Answers:
    """The questions of `RequestStore`, and the seed's exports."""

    path: Path
    _engine: Engine
    _usage: "tuple[Recording, UsageReader] | None" = None

    def get_usage_stats(self, *, series: bool = True) -> UsageStats:
        """See `RequestStore.get_usage_stats`."""

        def answer(change: Change) -> UsageStats:
            today = day_label(self._engine.recording.hours(change.now_ms))
            aggregate = read_aggregate(
                change.connection, change.state.created_at, None if series else today
            )
            limit = change.state.settings.history_limit
            return usage_stats(aggregate, today, *reading.read_span(change.connection, limit))

        return self._engine.read(answer)

    def get_aggregate(self) -> Aggregate:
        """See `RequestStore.get_aggregate`."""
        return self._engine.read(
            lambda change: read_aggregate(change.connection, change.state.created_at)
        )

    def get_request_history(self, limit: int | None = None) -> RequestHistory:
        """See `RequestStore.get_request_history`."""
        return self._engine.read(
            lambda change: reading.read_history(
                change.connection,
                change.state.settings.history_limit if limit is None else max(0, limit),
            )
        )

    def usage_by(
        self, group: GroupBy, since_ms: int | None = None, until_ms: int | None = None
    ) -> Sequence[UsageRow]:
        """See `RequestStore.usage_by`."""

        def answer(change: Change) -> Sequence[UsageRow]:
            hours = self._engine.recording.hours
            since = None if since_ms is None else hours(min(max(0, since_ms), LAST_MS))
            until = None if until_ms is None else hours(min(max(0, until_ms - 1), LAST_MS)) + 1
            return reading.read_usage(change.connection, group, since, until)

        return self._engine.read(answer)

    def query(self, query: "Query | QueryWords") -> "Answer":
        """See `RequestStore.query`."""
        return self.query_all([query])[0]

    def query_all(self, queries: "Sequence[Query | QueryWords]") -> "Sequence[Answer]":
        """See `RequestStore.query_all`."""
        from proxypal.records.usage_answer import answer  # noqa: PLC0415 - recording needs none

        found = self._engine.read(lambda change: self._facts(change, queries))
        # The lock is free again: what is only computed holds up nobody who records.
        return [answer(query, facts) for query, facts in found]

    def _facts(
        self, change: Change, queries: "Sequence[Query | QueryWords]"
    ) -> "list[tuple[Query, UsageFacts]]":
        from proxypal.records.usage_query import Query, understood  # noqa: PLC0415 - the same
        from proxypal.store.usage_reading import UsageReader  # noqa: PLC0415 - the same

        offset = offset_of(change.state.settings.zone)
        meant = [
            query if isinstance(query, Query) else understood(query, change.now_ms, offset)
            for query in queries
        ]
        recording = self._engine.recording
        if self._usage is None or self._usage[0] is not recording:
            # Another database, or another zone: nothing that is remembered holds.
            self._usage = (recording, UsageReader(recording.hours))
        return list(zip(meant, self._usage[1].facts(change, meant), strict=True))

    def breakdown_months(self) -> Sequence[BreakdownMonth]:
        """See `RequestStore.breakdown_months`."""
        from proxypal.store.dropping import list_months  # noqa: PLC0415 - `breakdown` only

        return self._engine.read(list_months)

    def settings(self) -> StoreSettings:
        """The settings of the data."""
        return self._engine.read(lambda change: change.state.settings)

    def positions(self) -> Positions:
        """See `RequestStore.positions`."""
        return self._engine.read(
            lambda change: reading.read_positions(change.connection, change.state.generation)
        )

    def queues(self) -> Sequence[QueueState]:
        """See `RequestStore.queues`."""
        return self._engine.read(lambda change: reading.read_queues(change.connection))

    def unjoined(self, since_ms: int, until_ms: int) -> tuple[int, int]:
        """See `RequestStore.unjoined`."""
        return self._engine.read(
            lambda change: reading.count_unjoined(change.connection, since_ms, until_ms)
        )

    def cached(self, name: str) -> bytes | None:
        """See `RequestStore.cached`."""
        return self._engine.read(lambda change: reading.read_cached(change.connection, name))

    def gaps(self) -> Sequence[Gap]:
        """Spans of the sources that are known to be lost, oldest notice first."""
        return self._engine.read(lambda change: reading.read_gaps(change.connection))

    def sequence(self) -> int:
        """See `RequestStore.sequence`."""
        return self._engine.read(lambda change: change.state.sequence)

    def watermark_ms(self) -> int:
        """Log lines up to this time were counted by migrated files; 0 without a migration."""
        return self._engine.read(lambda change: change.state.watermark_ms)

    def imported_by(self, fingerprints: Iterable[str]) -> str | None:
        """See `RequestStore.imported_by`."""
        return self._engine.read(
            lambda change: actions.imported_by(change.connection, fingerprints)
        )

    def list_backups(self) -> Sequence[Backup]:
        """See `RequestStore.list_backups`."""
        undone = self._engine.read(
            lambda change: {
                entry.name: entry.undone_at for entry in reading.read_undo_log(change.connection)
            }
        )
        return [
            msgspec.structs.replace(backup, undone_at=undone[backup.name])
            for backup in backups.list_manifests(self.path)
            if backup.name in undone
        ]

    # -- exports

    def export_history_as_csv(
        self, output: Path | None = None, *, columns: Literal["seed", "all"] = "seed"
    ) -> Path:
        """Write the recent requests as CSV and return where.

        Without `output`: `proxypal-requests-STAMP.csv` in Downloads, or in the current directory
        where there is no Downloads.

        Raises:
            CannotWrite, StorageFull: no file was left behind.
        """
        from proxypal.store import exporting  # noqa: PLC0415 - the csv module is for exports only

        return exporting.export_csv(self.get_request_history(), output, columns)

    def export_aggregate_as_json(self, output: Path | None = None) -> Path:
        """Write the all-time analytics as JSON and return where; see `export_history_as_csv`."""
        from proxypal.store import exporting  # noqa: PLC0415 - see export_history_as_csv

        return exporting.export_json(self.get_aggregate(), output)
