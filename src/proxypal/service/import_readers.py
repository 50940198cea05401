"""Which reader understands which kind of another program's file, and how far it is.

Must not enter: what a row means (`records`), what becomes of it (`import_foreign`).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from proxypal.errors import UnreadableInput
from proxypal.records.foreign_rows import ForeignRow
from proxypal.records.key_labels import KeyLabels
from proxypal.records.labels import Offset
from proxypal.records.recognition import Kind
from proxypal.service.import_files import ImportUnit
from proxypal.service.import_report import Progress
from proxypal.service.import_rows import numbered_lines

MAX_EXPORT_BYTES = 256 << 20
"""Usage exports and reports are one JSON document each, read whole."""

_TOLD_EVERY = 1_000
_ROW_BYTES = 400  # about what a row takes, where nobody says how many there are

FOREIGN_KINDS: frozenset[Kind] = frozenset({"usage-export", "keeper", "plus", "queue", "ccusage"})
"""Kinds that `foreign_rows` reads."""


class Digest(Protocol):
    """What a hash of `hashlib` is."""

    def update(self, data: bytes, /) -> None:
        """Take more of the contents."""
        ...


def foreign_rows(
    unit: ImportUnit, labels: KeyLabels, offset: Offset, digest: Digest, progress: Progress
) -> Iterator[ForeignRow]:
    """The rows of a file that is one of `FOREIGN_KINDS`; `digest` gets all that was read.

    `offset` is the zone of times that are stored without one.

    Raises:
        UnreadableInput: it is too large to be read whole.
        OSError: it cannot be read.
    """
    path, kind = unit.paths[0], unit.kind
    if kind == "keeper":
        return _database_rows(path, labels, offset, digest, progress)
    if kind in {"plus", "queue"}:
        return _line_rows(path, kind, labels, digest, progress)
    return _document_rows(path, kind, labels, digest, progress)


def _database_rows(
    path: Path, labels: KeyLabels, offset: Offset, digest: Digest, progress: Progress
) -> Iterator[ForeignRow]:
    from proxypal.sources.keeper_database import read_keeper_database  # noqa: PLC0415 - only for databases

    rows = read_keeper_database(path, labels, offset)
    for row in _counted(rows, path.stat().st_size, progress):
        # What is in its write-ahead log is not in the file: the rows are the contents.
        digest.update(msgspec.msgpack.encode(row))
        yield row


def _line_rows(
    path: Path, kind: Kind, labels: KeyLabels, digest: Digest, progress: Progress
) -> Iterator[ForeignRow]:
    total_bytes = path.stat().st_size
    with path.open("rb") as file:
        lines = numbered_lines(file, digest.update, lambda done: progress(done, total_bytes))
        if kind == "plus":
            from proxypal.records.plus_rows import read_plus_lines  # noqa: PLC0415 - one kind needs it

            yield from read_plus_lines(lines, labels)
        else:
            from proxypal.records.queue_lines import read_queue_lines  # noqa: PLC0415 - one kind needs it

            yield from read_queue_lines(lines, labels)


def _document_rows(
    path: Path, kind: Kind, labels: KeyLabels, digest: Digest, progress: Progress
) -> Iterator[ForeignRow]:
    size = path.stat().st_size
    if size > MAX_EXPORT_BYTES:
        raise UnreadableInput(path, f"it is larger than {MAX_EXPORT_BYTES >> 20} MiB")
    data = path.read_bytes()
    digest.update(data)
    yield from _counted(_reader_of(kind)(data, labels), size, progress)


def _reader_of(kind: Kind) -> Callable[[bytes, KeyLabels], Iterator[ForeignRow]]:
    if kind == "ccusage":
        from proxypal.records.ccusage_report import read_ccusage_report  # noqa: PLC0415 - one kind needs it

        return read_ccusage_report
    from proxypal.records.usage_export import read_usage_export  # noqa: PLC0415 - one kind needs it

    return read_usage_export


def _counted(
    rows: Iterator[ForeignRow], total_bytes: int, progress: Progress
) -> Iterator[ForeignRow]:
    """The rows; progress is an estimate by their number, and never at the end before it is."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % _TOLD_EVERY == 0:
            progress(min(number * _ROW_BYTES, max(total_bytes - 1, 0)), total_bytes)
    progress(total_bytes, total_bytes)
