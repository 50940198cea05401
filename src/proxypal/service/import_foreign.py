"""Another program's file into facts: its rows, one after another, to whom they belong.

Must not enter: file formats (`import_readers`), the store.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from proxypal.records.foreign_rows import AttemptRow, DayTotal, ForeignRow, RowRejected
from proxypal.records.imported import DayKeys, ImportedFacts
from proxypal.service.import_attempts import AttemptCounting
from proxypal.service.import_day_totals import DayTotalCounting
from proxypal.service.import_report import BadRow, BadRows, RowTally
from proxypal.service.import_rows import CHUNK_ROWS


class ForeignFacts(NamedTuple):
    """What a file came to. `day_totals` were added."""

    facts: ImportedFacts
    tally: RowTally
    day_totals: int
    bad_rows: list[BadRow]
    skipped: list[str]


def foreign_facts(
    rows: Iterable[ForeignRow], attempts: AttemptCounting, totals: DayTotalCounting
) -> ForeignFacts:
    """Count every row; a file has attempts or totals, not both."""
    bad_rows = BadRows()
    chunk: list[AttemptRow] = []
    for row in rows:
        if isinstance(row, AttemptRow):
            chunk.append(row)
            if len(chunk) >= CHUNK_ROWS:
                _add_all(attempts, chunk, bad_rows)
                chunk = []
        elif isinstance(row, DayTotal):
            bad = totals.add(row)
            if bad is not None:
                bad_rows.add(bad)
        elif isinstance(row, RowRejected):
            bad_rows.add(BadRow(row.line, row.reason))
    _add_all(attempts, chunk, bad_rows)
    tally = attempts.tally
    tally.known += totals.known
    facts = totals.facts() if totals.added or totals.known else attempts.facts()
    skipped = [*attempts.skipped(), *totals.skipped()]
    return ForeignFacts(facts, tally, totals.added, bad_rows.rows(), skipped)


def _add_all(attempts: AttemptCounting, chunk: list[AttemptRow], bad_rows: BadRows) -> None:
    for bad in attempts.add(chunk):
        bad_rows.add(bad)


def fingerprint_of_taken(contents: str, keys: DayKeys) -> str:
    """The fingerprint of what was taken of a file with this digest of its contents.

    The same file can bring more another time, when what kept a row out is gone; what it brought
    is recognised by its keys.
    """
    digest = hashlib.sha256(contents.encode())
    for place in sorted(keys):
        digest.update(f"{place}".encode())
        digest.update(keys[place].tobytes())
    return digest.hexdigest()
