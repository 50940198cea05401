"""Undoing a Clear, Reset, Import, Migration, Re-price or a dropped month, keeping what came after.

Undo of a reset adds the put-aside totals, of a clear merges the rows, of an import or migration
takes off exactly what it added. An import undone while a later reset has its numbers put aside is
owed: its numbers come off when that reset is undone. Runs inside the caller's transaction.
"""

import contextlib
import sqlite3

import msgspec

from proxypal.errors import AlreadyUndone, BackupNotFound, WrongUsage
from proxypal.store import backups, dropping, import_ledger, recosting
from proxypal.store.breakdown_files import note_all_months
from proxypal.store.publication import UndoEntry
from proxypal.store.reading import find_undo_entry, read_undo_log
from proxypal.store.recording import trim_history
from proxypal.store.state import Change, write_state
from proxypal.store.totals import (
    Sums,
    add_sums,
    counters_from,
    drop_empty,
    is_exact,
    let_old_hours_go,
)
from proxypal.store.values import Backup


def undo(change: Change, name: str) -> Backup:
    """Undo what made the backup `name`, once.

    Raises:
        BackupNotFound: no such backup, or it was never completed.
        AlreadyUndone: it was restored before.
    """
    connection, data_directory, state, _, now_ms = change
    backup = backups.read_manifest(data_directory, name)
    entry = find_undo_entry(connection, name)
    if entry is None:
        raise BackupNotFound(name, data_directory / backups.DIRECTORY)
    if entry.undone_at is not None:
        raise AlreadyUndone(name)
    with backups.opened_delta(data_directory, name) as delta:
        if entry.kind == "reset":
            _undo_reset(change, delta, entry)
        elif entry.kind == "clear":
            _undo_clear(change, delta)
        elif entry.kind == "breakdown":
            dropping.undo_drop(change, delta, backup, entry)
        else:
            if entry.kind != "reprice":
                _refuse_if_repriced(connection, entry)
            _undo_import(change, delta, entry)
        if entry.kind == "reprice":
            recosting.put_costs_back(connection, delta)
    connection.execute("UPDATE undo_log SET undone_at = ? WHERE name = ?", (now_ms, name))
    state.sequence += 1
    write_state(connection, state)
    return msgspec.structs.replace(backup, undone_at=now_ms)


def _undo_clear(change: Change, delta: sqlite3.Connection) -> None:
    connection, data_directory, state, _, _ = change
    connection.executemany(
        "INSERT OR IGNORE INTO requests (timestamp, arrival, body) VALUES (?, ?, ?)",
        delta.execute("SELECT timestamp, arrival, body FROM requests"),
    )
    for entry in read_undo_log(connection):
        if entry.kind == "reprice":
            _set_costs(change, entry)
        # Rows of an import that was undone since they were put aside stay away.
        if entry.undone_at is not None and entry.kind not in {"clear", "reset", "breakdown"}:
            with (
                contextlib.suppress(BackupNotFound),
                backups.opened_delta(data_directory, entry.name) as imported,
            ):
                _take_rows_off(connection, imported)
    trim_history(connection, state.settings.history_limit)


def _set_costs(change: Change, entry: UndoEntry) -> None:
    """Rows that were put aside get the costs they have in the totals now."""
    with (
        contextlib.suppress(BackupNotFound),
        backups.opened_delta(change.directory, entry.name) as delta,
    ):
        recosting.settle_costs(change.connection, delta, undone=entry.undone_at is not None)


def _take_rows_off(connection: sqlite3.Connection, delta: sqlite3.Connection) -> None:
    connection.executemany(
        "DELETE FROM requests WHERE timestamp = ? AND arrival = ?",
        delta.execute("SELECT timestamp, arrival FROM requests"),
    )


def _undo_reset(change: Change, delta: sqlite3.Connection, entry: UndoEntry) -> None:
    connection, data_directory, state, _, _ = change
    about = delta.execute("SELECT * FROM about").fetchone()
    created_at, _, cells_since, reset_sequence = about[:4]
    add_sums(connection, _sums_in(delta))
    note_all_months(change)
    import_ledger.move_breakdown(change, import_ledger.stored_breakdown(delta))
    if not is_exact(connection):
        raise WrongUsage(
            "Restoring this would push an all-time total beyond 2^53 - 1, the largest exact "
            "number; nothing was restored."
        )
    let_old_hours_go(connection)
    if state.live_epochs[-1] == state.epoch and max(entry.epochs) == state.epoch - 1:
        state.reset_sequence = reset_sequence
    state.created_at = min(state.created_at, created_at)
    state.cells_since = max(state.cells_since, cells_since)
    state.sketches_since = max(state.sketches_since, _sketches_since(delta, about))
    state.live_epochs = sorted({*state.live_epochs, *entry.epochs})
    for owed in read_undo_log(connection):
        if owed.owed and set(owed.epochs) <= set(entry.epochs):
            with backups.opened_delta(data_directory, owed.name) as imported:
                _take_off(change, imported, owed.name)
                _take_claim_off(change, imported)
            connection.execute("UPDATE undo_log SET owed = 0 WHERE name = ?", (owed.name,))


def _sketches_since(delta: sqlite3.Connection, about: tuple[int, ...]) -> int:
    """From which day on the durations of all cells in a backup are known; older ones have none."""
    if len(about) > 7:
        return about[7]
    (last,) = delta.execute("SELECT max(hour) FROM cells").fetchone()
    return 0 if last is None else int(last) // 24 + 1


def _refuse_if_repriced(connection: sqlite3.Connection, entry: UndoEntry) -> None:
    """What a later re-price added to an import's requests must come off before they do."""
    for later in read_undo_log(connection):
        if later.kind == "reprice" and later.name > entry.name and later.undone_at is None:
            raise WrongUsage(
                f"{entry.name} cannot be undone yet: requests were priced after it. Undo that "
                f"first with `proxypal restore {later.name}`; nothing was changed."
            )


def _undo_import(change: Change, delta: sqlite3.Connection, entry: UndoEntry) -> None:
    connection, state = change.connection, change.state
    about = delta.execute("SELECT * FROM about").fetchone()
    watermark_before, watermark_after = about[4:6]
    if set(entry.epochs) <= set(state.live_epochs):
        _take_off(change, delta, entry.name)
        _take_claim_off(change, delta)
    else:
        connection.execute("UPDATE undo_log SET owed = 1 WHERE name = ?", (entry.name,))
    # What the imported rows pushed out of history stays out, also if it was not deleted yet.
    trim_history(connection, state.settings.history_limit)
    _take_rows_off(connection, delta)
    connection.execute("DELETE FROM fingerprints WHERE backup = ?", (entry.name,))
    import_ledger.forget_beside(change, entry.name)
    if state.watermark_ms == watermark_after:
        state.watermark_ms = watermark_before


def _take_claim_off(change: Change, imported: sqlite3.Connection) -> None:
    """Since when is tracked is what it was before the import, unless something else moved it."""
    connection, data_directory, state, _, _ = change
    before, after = imported.execute("SELECT created_at, created_after FROM about").fetchone()
    if state.created_at != after:
        return
    state.created_at = before
    for entry in read_undo_log(connection):
        if entry.kind == "reset" and entry.undone_at is not None:
            # Its numbers count again, and may be older than what was known before the import.
            with (
                contextlib.suppress(BackupNotFound),
                backups.opened_delta(data_directory, entry.name) as reset,
            ):
                (since,) = reset.execute("SELECT created_at FROM about").fetchone()
                state.created_at = min(state.created_at, before if since == after else since)


def _sums_in(delta: sqlite3.Connection) -> Sums:
    return {(row[0], row[1]): counters_from(row[2:]) for row in delta.execute("SELECT * FROM sums")}


def _take_off(change: Change, imported: sqlite3.Connection, name: str) -> None:
    """Take off exactly what an import added to the sums and cells; `name` is its backup."""
    connection = change.connection
    # An hour of long ago can have begun anew; what the import added to it went with the old one.
    let_old_hours_go(connection)
    kept = {label for (label,) in connection.execute("SELECT label FROM sums WHERE scope = 'hour'")}
    add_sums(
        connection,
        {k: c for k, c in _sums_in(imported).items() if k[0] != "hour" or k[1] in kept},
        sign=-1,
    )
    connection.execute("DELETE FROM sums WHERE scope = 'hour' AND requests < 0")
    drop_empty(connection)
    breakdown = import_ledger.stored_breakdown(imported)
    import_ledger.take_breakdown_off(change, breakdown, name)
