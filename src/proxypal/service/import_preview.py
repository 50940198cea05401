"""What an import would come to: a store that only says so, for `proxypal import --dry-run`.

Files previewed together see each other, as they would when imported one after another. Must not
enter: anything that writes.
"""

from collections.abc import Callable, Iterable

from proxypal.records.imported import ImportedFacts
from proxypal.service.import_sieve import PreviewRecognition
from proxypal.store import Store
from proxypal.store.values import Positions, SourceBatch, SourceOutcome, StoredPosition


class Preview:
    """A store, and what the files previewed so far would have added to it."""

    def __init__(self, store: Store) -> None:
        self.known = PreviewRecognition(store.recognition())
        self.logs = PreviewStore(store, self.known.add_log)
        self.watermark_ms = store.watermark_ms()
        self._names: dict[str, str] = {}

    def add(self, facts: ImportedFacts, fingerprints: Iterable[str], name: str) -> None:
        """Take a file's facts for imported, by this name."""
        days = {label for (scope, label), c in facts.sums.items() if scope == "day" and c.requests}
        self.known.add(facts.keys, days, name)
        self._names.update(dict.fromkeys(fingerprints, name))
        self.watermark_ms = max(self.watermark_ms, facts.watermark_ms or 0)

    def imported_by(self, fingerprints: Iterable[str]) -> str | None:
        """The file previewed before with any of these contents."""
        return next((self._names[mark] for mark in fingerprints if mark in self._names), None)


class PreviewStore:
    """Takes batches of logs like the store it was made of, from where it stands; keeps none."""

    def __init__(self, store: Store, tell_span: Callable[[tuple[int, int]], None]) -> None:
        found = store.positions()
        self._generation = found.generation
        self._rows = {row.id: row for row in found.rows}
        self._watermark_ms = store.watermark_ms()
        self._tell_span = tell_span
        self._reached_ms: dict[int, int] = {}

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
        newer = [one.timestamp for one in batch.requests if one.timestamp > self._watermark_ms]
        if newer:
            last_ms = max(newer)
            self._tell_span((self._reached_ms.get(number, min(newer)), last_ms))
            self._reached_ms[number] = last_ms
        older = len(batch.requests) - len(newer)
        return SourceOutcome(position=position, recorded=len(newer), older=older)
