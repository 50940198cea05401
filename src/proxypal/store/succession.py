"""The database file was deleted or replaced while we had it open: where everybody goes on.

An open connection still has the lost file, whole. Whoever notices first marks that file as left,
copies it to the path and goes on there. Others still commit to the lost file, so every write
transaction looks for the mark: what was committed before it is in the copy, what comes after is
done again on the successor, and nothing is lost or counted twice.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from proxypal.errors import StoreError
from proxypal.store import durable_files
from proxypal.store.database import Database, translated
from proxypal.store.examining import examine_database
from proxypal.store.leases import is_alive
from proxypal.store.opening import DATABASE
from proxypal.store.state import LEFT, State, read_state

_RENAME = "UPDATE state SET store_id = ? WHERE one = 1"


class HasLeft(Exception):
    """A transaction met a file that has a successor; nothing of it was done."""


def staying(state: State) -> State:
    """The state a transaction found, if it may be committed to this file.

    Raises:
        HasLeft: it must be done again on the successor.
    """
    if state.has_left:
        raise HasLeft
    return state


def take_over(lost: Database, stamp: str) -> tuple[bool, str]:
    """Put a successor of `lost` at its path unless there is one. The caller is alone.

    Returns:
        Whether it holds all that was committed to `lost`, and a warning or nothing.
    """
    state = _state_of(lost)
    if state is None:
        return False, ""
    if state.has_left:
        return True, ""
    warning = f"{lost.path} was deleted while in use. It was written again, whole."
    if lost.path.exists():
        _remove_companions(lost)
        if _continues(state, lost.path):
            return False, ""
        aside = durable_files.set_aside(lost.path, "foreign", stamp)
        warning = (
            f"{lost.path} was replaced by another file while in use. That file is now "
            f"{aside.name}; ours was written again, whole."
        )
    _move(lost, state.store_id)
    return True, warning


def remove_leftovers(directory: Path) -> None:
    """Delete copies that killed processes left unfinished; others may be copying at this moment."""
    for path in directory.glob(f".{DATABASE}.*.tmp*"):
        process = path.name.rpartition(".tmp")[0].rpartition(".")[2]
        if not process.isdigit() or not is_alive(int(process)):
            with contextlib.suppress(OSError):
                path.unlink()


def _state_of(database: Database) -> State | None:
    try:
        with database.snapshot() as connection:
            return read_state(connection)
    except StoreError:
        return None


def _continues(state: State, path: Path) -> bool:
    """Whether the file at the path knows more than ours, or is another store altogether.

    It can have been rebuilt from the published files before we noticed the loss.
    """
    found, intruder = examine_database(path)
    if intruder is not None:
        intruder.close()
    if found.state is None:
        return False
    return found.state.store_id != state.store_id or found.state.sequence > state.sequence


def _move(lost: Database, store_id: str) -> None:
    with lost.transaction() as connection:
        connection.execute(_RENAME, (LEFT + store_id,))
    temporary = lost.path.with_name(f".{lost.path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    lost.copy_to(temporary)
    with translated(temporary), contextlib.closing(sqlite3.connect(temporary)) as copy:
        copy.execute(_RENAME, (store_id,))
        copy.commit()
    _remove_companions(lost)
    durable_files.move_into_place(temporary, lost.path)


def _remove_companions(lost: Database) -> None:
    """Delete the lost file's WAL and index, that the successor must never be read with."""
    if lost.has_its_wal():
        for suffix in ("-wal", "-shm"):
            lost.path.with_name(lost.path.name + suffix).unlink(missing_ok=True)
        # A power failure must not bring it back beside the successor either.
        durable_files.sync_directory(lost.path.parent)
