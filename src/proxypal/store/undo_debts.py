"""What undone imports and re-pricings still owe: numbers that a reset or a drop has put aside.

They come off when that reset or drop is undone, so their backups are needed until then. Must not
enter: taking them off (`undoing.py`, `dropping.py`).
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from proxypal.store.months import read_drops
from proxypal.store.reading import read_undo_log
from proxypal.store.values import Backup


def still_owing(connection: sqlite3.Connection, manifests: Iterable[Backup]) -> set[str]:
    """Names of the backups that the undoing of another one will need; of all in `manifests`."""
    entries = {entry.name: entry for entry in read_undo_log(connection)}
    drops = {backup.created_at for backup in manifests if backup.kind == "breakdown"}
    held = {
        name
        for _, dropped_at, names in read_drops(connection)
        if dropped_at in drops
        for name in names
        if name in entries and entries[name].undone_at is not None
    }
    return held | {entry.name for entry in entries.values() if entry.owed}


def rename_debt(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Wherever the backup `old` is known by its name, it is `new` from now on."""
    connection.execute("UPDATE undo_log SET name = ? WHERE name = ?", (new, old))
    for month, dropped_at, names in read_drops(connection):
        if old in names:
            held = msgspec.json.encode([new if name == old else name for name in names]).decode()
            connection.execute(
                "UPDATE dropped_months SET held = ? WHERE month = ? AND dropped_at = ?",
                (held, month, dropped_at),
            )
