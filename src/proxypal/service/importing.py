"""`proxypal import`: files into the store, each once, each with a report of what became of it.

Logs go the way of the watcher, so that watching and importing the same log counts once. Of
everything else each file becomes facts, added in one transaction with one backup: a file is in as
a whole or not at all. Must not enter: what of a file is new (`import_attempts`, `import_rows`,
`import_day_totals`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proxypal.clock import now_ms, offset_of
from proxypal.data_directory import AGGREGATE_FILE
from proxypal.errors import ImportOutdated, UnreadableInput
from proxypal.records.counters import Counters
from proxypal.records.imported import ImportedFacts, OldData
from proxypal.records.key_labels import KeyLabels
from proxypal.records.labels import LocalHours, Offset
from proxypal.records.legacy import read_bundle, read_old_pair
from proxypal.service.import_attempts import AttemptCounting
from proxypal.service.import_day_totals import DayTotalCounting
from proxypal.service.import_files import (
    MAX_DOCUMENT_BYTES,
    ImportUnit,
    fingerprint_of,
    publisher_of,
    units_of,
)
from proxypal.service.import_foreign import fingerprint_of_taken, foreign_facts
from proxypal.service.import_gathering import Gathering
from proxypal.service.import_log import import_log
from proxypal.service.import_preview import Preview
from proxypal.service.import_pricing import NO_PRICES, Prices
from proxypal.service.import_readers import FOREIGN_KINDS, foreign_rows
from proxypal.service.import_report import BadRow, ImportReport, Outcome, Progress
from proxypal.service.import_rows import RowCounting, RowFacts, csv_facts, ndjson_facts, row_keys
from proxypal.service.import_sieve import Sieve
from proxypal.store import Store

if TYPE_CHECKING:
    from proxypal.sources.log_batches import PositionStore

_TIMES_READ = 20
"""So often a file is read again because what it overlaps with was imported meanwhile."""


class Importer:
    """Imports files into `store`, or with `is_preview` says what that would come to.

    `log_offset` is the zone that logs are written in, and other times without one. Without
    `prices` what has no cost of its own stays unpriced. `labels` name keys and accounts.
    """

    def __init__(  # noqa: PLR0913 - all but the store and the zone are keywords
        self,
        store: Store,
        log_offset: Offset,
        progress: Progress,
        *,
        is_preview: bool,
        labels: KeyLabels,
        prices: Prices = NO_PRICES,
    ) -> None:
        self._store = store
        self._log_offset = log_offset
        self._progress = progress
        self._preview = Preview(store) if is_preview else None
        self._labels = labels
        self._prices = prices
        self._settings = store.settings()
        self._hours = LocalHours(offset_of(self._settings.zone))

    def run(self, paths: Sequence[Path]) -> Iterator[ImportReport]:
        """Import the files one after another; what cannot be read is refused with a reason.

        Raises:
            StoreError: the store did not take a file; those reported before are in.
        """
        for unit in units_of(paths):
            if unit.reason:
                yield _refused(unit, unit.reason)
                continue
            try:
                yield self._import(unit)
            except OSError as error:
                yield _refused(unit, error.strerror or str(error))
            except UnreadableInput as error:
                yield _refused(unit, error.reason)

    def _import(self, unit: ImportUnit) -> ImportReport:
        if unit.kind == "log":
            return self._import_log(unit)
        for _ in range(_TIMES_READ - 1):
            try:
                return self._import_once(unit)
            except ImportOutdated:
                continue  # another import has brought a part of it: read it again beside that
        return self._import_once(unit)

    def _import_once(self, unit: ImportUnit) -> ImportReport:
        if unit.kind in FOREIGN_KINDS:
            return self._import_foreign(unit)
        if unit.kind == "ndjson":
            return self._import_lines(unit)
        contents = [_contents(path) for path in unit.paths]
        if unit.kind == "csv":
            return self._add_rows(unit, csv_facts(contents[0], self._row_counting(), now_ms()))
        return self._import_old(unit, contents)

    def _sieve(self) -> Sieve:
        return Sieve(self._store.recognition() if self._preview is None else self._preview.known)

    def _watermark_ms(self) -> int:
        if self._preview is not None:
            return self._preview.watermark_ms
        return self._store.watermark_ms()

    # -- rows of ours

    def _row_counting(self) -> RowCounting:
        gathering = Gathering(self._hours, self._settings)
        return RowCounting(gathering, self._sieve(), self._prices.price_requests)

    def _import_lines(self, unit: ImportUnit) -> ImportReport:
        total = unit.paths[0].stat().st_size
        with unit.paths[0].open("rb") as file:
            rows = ndjson_facts(
                file, self._row_counting(), now_ms(), lambda done: self._progress(done, total)
            )
        return self._add_rows(unit, rows)

    def _add_rows(self, unit: ImportUnit, rows: RowFacts) -> ImportReport:
        if not rows.tally.rows:
            return _refused(unit, "it holds no request that can be read", rows.bad_rows)
        report = ImportReport(
            path=unit.name,
            kind=unit.kind,
            outcome="preview",
            known=rows.tally.known,
            repeated=rows.tally.repeated,
            bad_rows=rows.bad_rows,
            skipped=rows.skipped,
        )
        return self._add(unit, report, rows.facts, [rows.fingerprint])

    # -- files of other programs

    def _import_foreign(self, unit: ImportUnit) -> ImportReport:
        sieve, moment_ms = self._sieve(), now_ms()
        attempts = AttemptCounting(
            Gathering(self._hours, self._settings),
            sieve,
            self._prices.price_attempts,
            watermark_ms=self._watermark_ms(),
            now_ms=moment_ms,
        )
        totals = DayTotalCounting(Gathering(self._hours, self._settings), sieve, moment_ms)
        digest = hashlib.sha256()
        rows = foreign_rows(unit, self._labels, self._log_offset, digest, self._progress)
        found = foreign_facts(rows, attempts, totals)
        tally = found.tally
        if not (tally.rows or found.day_totals or tally.known or found.skipped):
            reason = next((row.reason for row in found.bad_rows), "it holds nothing that counts")
            return _refused(unit, reason.rstrip("."), found.bad_rows)
        report = ImportReport(
            path=unit.name,
            kind=unit.kind,
            outcome="preview",
            joined=tally.joined,
            tokens_only=tally.tokens_only,
            day_totals=found.day_totals,
            known=tally.known,
            repeated=tally.repeated,
            older=tally.older,
            bad_rows=found.bad_rows,
            skipped=found.skipped,
        )
        return self._add_foreign(unit, report, found.facts, digest.hexdigest())

    def _add_foreign(
        self, unit: ImportUnit, report: ImportReport, facts: ImportedFacts, contents: str
    ) -> ImportReport:
        """Add what is new by its keys; `contents` is the digest of the file."""
        earlier = self._imported_by([contents])
        if earlier is not None and (not facts.keys or not report.known):
            # It was imported, and none of it is known: the keys went with a lost database.
            return msgspec.structs.replace(report, outcome="known", backup=earlier)
        fingerprints = [fingerprint_of_taken(contents, facts.keys)]
        if earlier is None:
            fingerprints.append(contents)
        return self._add(unit, report, facts, fingerprints)

    # -- old files

    def _import_old(self, unit: ImportUnit, contents: Sequence[bytes]) -> ImportReport:
        ours = publisher_of(_contents_or_nothing(self._store.path / AGGREGATE_FILE))
        if ours is not None and ours in map(publisher_of, contents):
            return _refused(unit, "this very store published it: its numbers are in there already")
        old = self._read_old(unit, contents)
        if old.facts is None:
            return _refused(unit, " ".join(old.unreadable).rstrip("."))
        # Its rows may come again in another export of ours, one by one.
        old.facts.keys = row_keys(old.facts.requests)
        fingerprints = [fingerprint_of([data]) for data in contents]
        if len(contents) > 1:
            fingerprints.insert(0, fingerprint_of(contents))
        notes = [*old.unreadable, *old.facts.notes]
        report = ImportReport(path=unit.name, kind=unit.kind, outcome="preview", notes=notes)
        return self._add(unit, report, old.facts, fingerprints)

    def _read_old(self, unit: ImportUnit, contents: Sequence[bytes]) -> OldData:
        mtime_ms = max(path.stat().st_mtime_ns for path in unit.paths) // 1_000_000
        if unit.kind == "bundle":
            return read_bundle(contents[0], self._hours, mtime_ms=mtime_ms)
        history = None if unit.kind == "aggregate" else contents[0]
        aggregate = contents[-1] if unit.kind == "aggregate" or len(contents) > 1 else None
        return read_old_pair(history, aggregate, self._hours, mtime_ms=mtime_ms)

    # -- facts

    def _add(
        self,
        unit: ImportUnit,
        report: ImportReport,
        facts: ImportedFacts,
        fingerprints: Sequence[str],
    ) -> ImportReport:
        """Add the facts, once; `report` is of the preview so far."""
        total = facts.sums.get(("total", ""), Counters())
        report = msgspec.structs.replace(report, requests=total.requests, unpriced=total.unpriced)
        earlier = self._imported_by(fingerprints)
        if earlier is None:
            if facts.basis is not None and not facts.keys and not any(facts.sums.values()):
                return msgspec.structs.replace(report, outcome="known")
            if self._preview is not None:
                self._preview.add(facts, fingerprints, unit.name)
                return report
            note = " + ".join(path.name for path in unit.paths)
            backup = self._store.import_facts(
                facts, fingerprint=fingerprints[0], parts=fingerprints[1:], note=note
            )
            if backup is not None:
                return msgspec.structs.replace(report, outcome="imported", backup=backup.name)
            earlier = self._store.imported_by(fingerprints)  # another process was faster
        return ImportReport(path=unit.name, kind=unit.kind, outcome="known", backup=earlier)

    def _imported_by(self, fingerprints: Sequence[str]) -> str | None:
        if self._preview is not None and (name := self._preview.imported_by(fingerprints)):
            return name
        return self._store.imported_by(fingerprints)

    # -- logs

    def _import_log(self, unit: ImportUnit) -> ImportReport:
        target: PositionStore = self._store if self._preview is None else self._preview.logs
        tally = import_log(unit.paths[0], target, self._log_offset, self._progress)
        outcome: Outcome = "imported" if self._preview is None else "preview"
        return ImportReport(
            path=unit.name,
            kind=unit.kind,
            outcome=outcome if tally.lines else "known",
            requests=tally.requests,
            joined=tally.joined,
            known=tally.seen,
            older=tally.older,
            bad_rows=tally.bad_rows,
            notes=tally.notes,
        )


def _refused(unit: ImportUnit, reason: str, bad_rows: Sequence[BadRow] = ()) -> ImportReport:
    return ImportReport(
        path=unit.name, kind=unit.kind, outcome="refused", reason=reason, bad_rows=bad_rows
    )


def _contents(path: Path) -> bytes:
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise UnreadableInput(path, f"it is larger than {MAX_DOCUMENT_BYTES >> 20} MiB")
    return path.read_bytes()


def _contents_or_nothing(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
