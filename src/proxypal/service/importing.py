"""`proxypal import`: files into the store, each once, each with a report of what became of it.

Logs go the way of the watcher, so that watching and importing the same log counts once. Everything
else becomes facts with the fingerprint of its contents, undone by the backup's name.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proxypal.clock import now_ms, offset_of
from proxypal.data_directory import AGGREGATE_FILE
from proxypal.errors import UnreadableInput
from proxypal.records.imported import ImportedFacts, OldData
from proxypal.records.labels import LocalHours, Offset
from proxypal.records.legacy import read_bundle, read_old_pair
from proxypal.service.import_files import (
    MAX_DOCUMENT_BYTES,
    ImportUnit,
    fingerprint_of,
    publisher_of,
    units_of,
)
from proxypal.service.import_log import import_log
from proxypal.service.import_preview import PreviewStore
from proxypal.service.import_report import BadRow, ImportReport, Outcome, Progress
from proxypal.service.import_rows import Gathering, RowFacts, csv_facts, ndjson_facts
from proxypal.store import Store

if TYPE_CHECKING:
    from proxypal.sources.log_batches import PositionStore


class Importer:
    """Imports files into `store`, or with `is_preview` says what that would come to.

    `log_offset` is the zone that logs are written in.
    """

    def __init__(
        self, store: Store, log_offset: Offset, progress: Progress, *, is_preview: bool
    ) -> None:
        self._store = store
        self._log_offset = log_offset
        self._progress = progress
        self._is_preview = is_preview
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
        if unit.kind == "ndjson":
            return self._import_lines(unit)
        contents = [_contents(path) for path in unit.paths]
        if unit.kind == "csv":
            rows = csv_facts(contents[0], Gathering(self._hours, self._settings), now_ms())
            return self._add_rows(unit, rows)
        return self._import_old(unit, contents)

    # -- rows

    def _import_lines(self, unit: ImportUnit) -> ImportReport:
        total = unit.paths[0].stat().st_size
        gathering = Gathering(self._hours, self._settings)
        with unit.paths[0].open("rb") as file:
            rows = ndjson_facts(file, gathering, now_ms(), lambda done: self._progress(done, total))
        return self._add_rows(unit, rows)

    def _add_rows(self, unit: ImportUnit, rows: RowFacts) -> ImportReport:
        if not rows.facts.sums:
            return _refused(unit, "it holds no request that can be read", rows.bad_rows)
        return self._add(unit, rows.facts, [rows.fingerprint], bad_rows=rows.bad_rows)

    # -- old files

    def _import_old(self, unit: ImportUnit, contents: Sequence[bytes]) -> ImportReport:
        ours = publisher_of(_contents_or_nothing(self._store.path / AGGREGATE_FILE))
        if ours is not None and ours in map(publisher_of, contents):
            return _refused(unit, "this very store published it: its numbers are in there already")
        old = self._read_old(unit, contents)
        if old.facts is None:
            return _refused(unit, " ".join(old.unreadable).rstrip("."))
        fingerprints = [fingerprint_of([data]) for data in contents]
        if len(contents) > 1:
            fingerprints.insert(0, fingerprint_of(contents))
        return self._add(unit, old.facts, fingerprints, notes=old.unreadable)

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
        facts: ImportedFacts,
        fingerprints: Sequence[str],
        *,
        bad_rows: Sequence[BadRow] = (),
        notes: Sequence[str] = (),
    ) -> ImportReport:
        total = facts.sums.get(("total", ""))
        report = ImportReport(
            path=unit.name,
            kind=unit.kind,
            outcome="preview",
            requests=0 if total is None else total.requests,
            bad_rows=bad_rows,
            notes=[*notes, *facts.notes],
        )
        earlier = self._store.imported_by(fingerprints)
        if earlier is None:
            if self._is_preview:
                return report
            note = " + ".join(path.name for path in unit.paths)
            backup = self._store.import_facts(
                facts, fingerprint=fingerprints[0], parts=fingerprints[1:], note=note
            )
            if backup is not None:
                return msgspec.structs.replace(report, outcome="imported", backup=backup.name)
            earlier = self._store.imported_by(fingerprints)  # another process was faster
        return ImportReport(path=unit.name, kind=unit.kind, outcome="known", backup=earlier)

    # -- logs

    def _import_log(self, unit: ImportUnit) -> ImportReport:
        target: PositionStore = PreviewStore(self._store) if self._is_preview else self._store
        tally = import_log(unit.paths[0], target, self._log_offset, self._progress)
        outcome: Outcome = "preview" if self._is_preview else "imported"
        return ImportReport(
            path=unit.name,
            kind=unit.kind,
            outcome=outcome if tally.lines else "known",
            requests=tally.requests,
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
