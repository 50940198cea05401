"""A store that only says what it would record, for `proxypal import --dry-run` of logs."""

from proxypal.store import Store
from proxypal.store.protocol import Positions, SourceBatch, SourceOutcome, StoredPosition


class PreviewStore:
    """Takes batches like the store it was made of, from where that one stands, and keeps none."""

    def __init__(self, store: Store) -> None:
        found = store.positions()
        self._generation = found.generation
        self._rows = {row.id: row for row in found.rows}
        self._watermark_ms = store.watermark_ms()

    def positions(self) -> Positions:
        """See `RequestStore.positions`; what was previewed counts as read."""
        return Positions(self._generation, list(self._rows.values()))

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore.record_batch`."""
        if batch.start is None:
            number, version = max(self._rows, default=0) + 1, 1
            self._generation += 1
        else:
            number, version = batch.start.id, batch.start.version + 1
        position = StoredPosition(
            id=number, source=batch.source, version=version, state=batch.state
        )
        self._rows[number] = position
        older = sum(request.timestamp <= self._watermark_ms for request in batch.requests)
        return SourceOutcome(position=position, recorded=len(batch.requests) - older, older=older)
