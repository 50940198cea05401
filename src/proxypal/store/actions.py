"""Clear, Reset and Import: what each puts aside, and what it changes in one transaction.

Everything here runs inside the caller's write transaction; the backup is on disk before the
first change. Must not enter: undoing (`undoing.py`), publishing.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from proxypal.clock import iso_utc
from proxypal.errors import ImportOutdated, WrongUsage
from proxypal.records.counters import COUNT_FIELDS, Counters
from proxypal.records.imported import ImportedFacts
from proxypal.records.labels import hour_label
from proxypal.records.request import MAX_INTEGER, encode_request
from proxypal.store import backups, durations, import_ledger
from proxypal.store.breakdown_files import note_all_months
from proxypal.store.cells import delete_cells, read_cells
from proxypal.store.day_cells import read_day_cells
from proxypal.store.import_basis import still_holds
from proxypal.store.payloads import let_payloads_go
from proxypal.store.recording import keep_recent, trim_history
from proxypal.store.series import OTHER, admit_label, all_series
from proxypal.store.state import Change, State, write_state
from proxypal.store.totals import (
    SELECT_SUMS,
    Sums,
    add_sums,
    counter_values,
    let_old_hours_go,
    read_sums,
)
from proxypal.store.values import Backup, BackupKind

_FURTHEST_ZONE_H = 14  # Pacific/Kiritimati is so far ahead of UTC

_MARKS_SUMS = ", ".join("?" * 18)
_MARKS_CELLS = ", ".join("?" * 22)


def backup_name(data_directory: Path, kind: BackupKind, now_ms: int) -> str:
    """`20261124T162757.123Z-reset`, free to use."""
    return backups.free_name(data_directory, f"{iso_utc(now_ms)}-{kind}")


def clear_history(change: Change) -> Backup | None:
    """Put the history's rows aside and empty it; None if there is nothing to clear."""
    connection, data_directory, state, _, now_ms = change
    trim_history(connection, state.settings.history_limit)
    (rows,) = connection.execute("SELECT count(*) FROM requests").fetchone()
    if not rows:
        return None
    backup = Backup(
        name=backup_name(data_directory, "clear", now_ms),
        kind="clear",
        created_at=now_ms,
        requests=0,
        rows=rows,
    )

    def fill(delta: sqlite3.Connection) -> None:
        delta.executemany(
            "INSERT INTO requests VALUES (?, ?, ?)",
            connection.execute("SELECT timestamp, arrival, body FROM requests"),
        )

    backups.put_aside(data_directory, backup, fill)
    connection.execute("DELETE FROM requests")
    let_payloads_go(connection)
    log_action(connection, state, backup, [])
    write_state(connection, state)
    return backup


def reset_totals(change: Change) -> Backup:
    """Put every sum and cell aside and start a new epoch from now; history stays."""
    connection, data_directory, state, _, now_ms = change
    row = connection.execute("SELECT requests FROM sums WHERE scope = 'total'").fetchone()
    backup = Backup(
        name=backup_name(data_directory, "reset", now_ms),
        kind="reset",
        created_at=now_ms,
        requests=0 if row is None else row[0],
        rows=0,
    )

    def fill(delta: sqlite3.Connection) -> None:
        delta.execute(
            "INSERT INTO about VALUES (?, NULL, ?, ?, NULL, NULL, NULL, ?)",
            (state.created_at, state.cells_since, state.reset_sequence, state.sketches_since),
        )
        delta.executemany(
            f"INSERT INTO sums VALUES ({_MARKS_SUMS})", connection.execute(SELECT_SUMS)
        )
        put_breakdown_aside(connection, delta)

    backups.put_aside(data_directory, backup, fill)
    note_all_months(change)
    connection.execute("DELETE FROM sums")
    delete_cells(connection)
    connection.execute("DELETE FROM day_cells")
    durations.delete_sketches(connection)
    log_action(connection, state, backup, state.live_epochs)
    state.epoch += 1
    state.live_epochs = [state.epoch]
    state.reset_sequence = state.sequence
    state.created_at = now_ms
    state.cells_since = state.sketches_since = 0
    write_state(connection, state)
    return backup


def put_breakdown_aside(connection: sqlite3.Connection, delta: sqlite3.Connection) -> None:
    """Write everything that is kept of hours, days and durations into a backup."""
    names = all_series(connection)
    for table, rows in (("cells", read_cells), ("day_cells", read_day_cells)):
        delta.executemany(
            f"INSERT INTO {table} VALUES ({_MARKS_CELLS})",
            (
                (time, *names[series], *counter_values(counters))
                for time, series, counters in rows(connection)
            ),
        )
    delta.executemany(
        "INSERT INTO sketches VALUES (?, ?, ?, ?, ?)",
        ((*place, *found) for place, *found in durations.encoded_sketches(connection)),
    )


class Import(NamedTuple):
    """An old file's facts on their way in; `originals` are kept beside the backup.

    `parts` are the fingerprints of single files, where `fingerprint` stands for several.
    """

    facts: ImportedFacts
    kind: BackupKind
    fingerprint: str
    note: str
    originals: Mapping[str, bytes] = {}
    parts: Sequence[str] = ()


def import_facts(change: Change, imported: Import) -> Backup | None:
    """Add a file's facts; None if any of its fingerprints was imported before.

    Raises:
        ImportOutdated: the store has changed since the facts were made, in what they rest on.
        WrongUsage: the all-time totals would no longer be exact integers.
    """
    connection, data_directory, state, _, now_ms = change
    facts, kind, fingerprint, note, originals, parts = imported
    fingerprints = {fingerprint, *parts}
    if imported_by(connection, fingerprints) is not None:
        return None
    if not still_holds(change, facts):
        raise ImportOutdated
    # The original app wrote sums under hours to come: they would push every real one out.
    last_hour = now_ms // 3_600_000 + _FURTHEST_ZONE_H
    sums = _admitted(change, facts.sums, hour_label(last_hour))
    breakdown = import_ledger.admitted_breakdown(change, facts, sums, last_hour)
    total = sums.get(("total", ""))
    numbered = list(enumerate(facts.requests, state.sequence + 1))
    backup = Backup(
        name=backup_name(data_directory, kind, now_ms),
        kind=kind,
        created_at=now_ms,
        requests=0 if total is None else total.requests,
        rows=len(numbered),
        note=note,
    )

    def fill(delta: sqlite3.Connection) -> None:
        delta.execute(
            "INSERT INTO about VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                state.created_at,
                min(state.created_at, facts.created_at_ms or state.created_at),
                None,
                None,
                state.watermark_ms,
                max(state.watermark_ms, facts.watermark_ms or 0),
                fingerprint,
            ),
        )
        delta.executemany(
            f"INSERT INTO sums VALUES ({_MARKS_SUMS})",
            [(*key, *counter_values(counters)) for key, counters in sums.items()],
        )
        import_ledger.put_aside(delta, breakdown)
        delta.executemany(
            "INSERT INTO requests VALUES (?, ?, ?)",
            [(r.timestamp, arrival, encode_request(r)) for arrival, r in numbered],
        )

    backups.put_aside(data_directory, backup, fill, originals)
    add_sums(connection, sums)
    let_old_hours_go(connection)
    import_ledger.add_beside(change, backup.name, facts, breakdown)
    keep_recent(connection, state.sequence + 1, facts.requests, state.settings)
    trim_history(connection, state.settings.history_limit)
    connection.executemany(
        "INSERT INTO fingerprints VALUES (?, ?)", [(mark, backup.name) for mark in fingerprints]
    )
    state.sequence += len(numbered)
    _take_over(state, facts)
    log_action(connection, state, backup, [state.epoch])
    write_state(connection, state)
    return backup


def imported_by(connection: sqlite3.Connection, fingerprints: Iterable[str]) -> str | None:
    """The backup of the import that brought any of these contents and was not undone."""
    for fingerprint in fingerprints:
        row = connection.execute(
            "SELECT backup FROM fingerprints WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        if row is not None:
            return str(row[0])
    return None


def _admitted(change: Change, sums: Sums, last_hour: str) -> Sums:
    """The same sums with labels within the cap, and no hour after the last that can have begun.

    Raises:
        WrongUsage: the all-time totals would no longer be exact integers.
    """
    connection, cap = change.connection, change.state.settings.label_cap
    admitted: Sums = {}
    for (scope, label), counters in sums.items():
        if scope == "hour" and label > last_hour:
            continue
        kept = label
        if scope in {"model", "provider"} and not admit_label(connection, scope, label, cap):
            kept = OTHER
        admitted.setdefault((scope, kept), Counters()).add(counters)
    together = read_sums(connection).get(("total", ""), Counters())
    together.add(admitted.get(("total", ""), Counters()))
    if max(together.tokens, *(getattr(together, name) for name in COUNT_FIELDS)) > MAX_INTEGER:
        raise WrongUsage(
            "Importing this would push an all-time total beyond 2^53 - 1, the largest exact "
            "number; nothing was imported."
        )
    return admitted


def _take_over(state: State, facts: ImportedFacts) -> None:
    if facts.created_at_ms is not None:
        state.created_at = min(state.created_at, facts.created_at_ms)
    if facts.watermark_ms is not None:
        state.watermark_ms = max(state.watermark_ms, facts.watermark_ms)
    for name in ("history_extras", "aggregate_extras"):
        added = getattr(facts, name)
        if added:
            kept = msgspec.json.decode(getattr(state, name), type=dict[str, msgspec.Raw])
            setattr(state, name, msgspec.json.encode({**added, **kept}))


def log_action(
    connection: sqlite3.Connection, state: State, backup: Backup, epochs: list[int]
) -> None:
    """Give the action its number, and let `restore` know its backup."""
    state.sequence += 1
    connection.execute(
        "INSERT INTO undo_log (name, kind, epochs) VALUES (?, ?, ?)",
        (backup.name, backup.kind, msgspec.json.encode(epochs).decode()),
    )
