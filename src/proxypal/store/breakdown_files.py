"""The `breakdown/` folder: what lies there, is it ours, and how we left it.

`breakdown_files` has a row for each file: the number it was written at, and the size and time by
which a change is noticed without reading it. Must not enter: when files are written.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import StoreError
from proxypal.store import durable_files
from proxypal.store.breakdown_file import MonthContents, read_month
from proxypal.store.database import Database
from proxypal.store.examining import is_json_object
from proxypal.store.leases import is_alive
from proxypal.store.months import changes_of, days_of, note_months
from proxypal.store.state import Change, State

DIRECTORY = "breakdown"


class KnownFile(NamedTuple):
    """How a file was left."""

    sequence: int
    size: int
    mtime_ns: int


def note_all_months(change: Change) -> None:
    """Every month changes in this transaction."""
    note_months(change.state, known_files(change.connection).keys() | changes_of(change.state))


def path_of(directory: Path, month: str) -> Path:
    """Where a month's file is."""
    return directory / DIRECTORY / f"{month}.json"


def known_files(connection: sqlite3.Connection) -> dict[str, KnownFile]:
    """Every file that was written and not removed again."""
    rows = connection.execute("SELECT month, sequence, size, mtime_ns FROM breakdown_files")
    return {month: KnownFile(*values) for month, *values in rows}


def wanted_numbers(connection: sqlite3.Connection, state: State) -> dict[str, int]:
    """For each month that has something: the number from which on its file is whole."""
    files = known_files(connection)
    return {month: known.sequence for month, known in files.items()} | changes_of(state)


def remember_file(connection: sqlite3.Connection, directory: Path, month: str, number: int) -> None:
    """Keep how a file was left that holds everything up to `number`."""
    found = path_of(directory, month).stat()
    connection.execute(
        "INSERT OR REPLACE INTO breakdown_files VALUES (?, ?, ?, ?)",
        (month, number, found.st_size, found.st_mtime_ns),
    )


def forget_file(connection: sqlite3.Connection, month: str) -> None:
    """There is no such file any more."""
    connection.execute("DELETE FROM breakdown_files WHERE month = ?", (month,))


def is_as_left(directory: Path, month: str, known: KnownFile) -> bool:
    """Whether a file is there and was not touched since, as far as size and time tell."""
    try:
        found = path_of(directory, month).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == known[1:]


def touched_months(connection: sqlite3.Connection, directory: Path) -> dict[str, KnownFile]:
    """Files that are not as we left them."""
    files = known_files(connection)
    return {m: known for m, known in files.items() if not is_as_left(directory, m, known)}


def examine_month(path: Path) -> tuple[MonthContents | None, str]:
    """What a file of ours says; else None and whether it is `absent`, `foreign` or `corrupt`."""
    try:
        with durable_files.writing(path):
            data = path.read_bytes()
    except StoreError as error:
        is_absent = isinstance(error.__cause__, FileNotFoundError)
        return None, "absent" if is_absent else "corrupt"
    contents = read_month(data)
    if contents is not None and path_of(path.parents[1], contents.month) == path:
        return contents, ""
    return None, "foreign" if is_json_object(data) else "corrupt"


def belongs(contents: MonthContents, state: State, known: KnownFile | None) -> bool:
    """Whether a file is of this store and not older than the one we wrote."""
    published = contents.published
    return (
        published.store_id == state.store_id
        and published.live_epochs == state.live_epochs
        and published.sequence <= state.sequence
        and published.sequence >= (0 if known is None else known.sequence)
    )


def is_of_other_epochs(contents: MonthContents, state: State) -> bool:
    """Whether it is of this store, from before a reset or before that was undone."""
    published = contents.published
    return published.store_id == state.store_id and published.live_epochs != state.live_epochs


def set_foreign_aside(
    change: Change, month: str, known: KnownFile | None, stamp: str
) -> tuple[MonthContents | None, str]:
    """Keep what another program wrote at a month's place.

    Returns:
        The contents if the file is ours, and a warning or nothing.
    """
    path = path_of(change.directory, month)
    contents, kind = examine_month(path)
    name = f"{DIRECTORY}/{path.name}"
    if contents is not None:
        if belongs(contents, change.state, known):
            return contents, ""
        if is_of_other_epochs(contents, change.state):
            return None, ""  # from before a reset, about to be replaced
        kind = "foreign"
    if kind == "absent":
        was_there = f"{name} was missing. It was published again, no number changed."
        return None, was_there if known is not None else ""
    aside = durable_files.set_aside(path, kind, stamp)
    what = (
        "cannot be read"
        if kind == "corrupt"
        else "was written by another program or put back from an old copy"
    )
    return None, (
        f"{name} {what}. That file is now {aside.name}; ours was published again, "
        "no number changed."
    )


def set_unknown_aside(directory: Path, database: Database, stamp: str) -> list[str]:
    """Keep files out of the way that a new database was not made of; what to say of it."""
    files = known_files(database.connection)
    aside: dict[str, list[str]] = {}
    for month in months_there(directory):
        if month not in files:
            kind = examine_month(path_of(directory, month))[1] or "foreign"
            found = durable_files.set_aside(path_of(directory, month), kind, stamp)
            aside.setdefault(kind, []).append(found.name)
    what = {"corrupt": "cannot be read", "foreign": "are not of this store or from before a reset"}
    return [
        f"Files in {DIRECTORY}/ that {what.get(kind, 'cannot be read')} were set aside: "
        f"{', '.join(names)}."
        for kind, names in aside.items()
    ]


def months_there(directory: Path) -> list[str]:
    """Months of which a file lies there, ours or not, oldest first."""
    found = []
    for path in (directory / DIRECTORY).glob("????-??.json"):
        try:
            days_of(path.stem)
        except ValueError:
            continue
        found.append(path.stem)
    return sorted(found)


def remove_leftovers(directory: Path) -> None:
    """Delete what crashed processes left half written; others may be writing at this moment."""
    for path in (directory / DIRECTORY).glob(".*.tmp"):
        process = path.name.removesuffix(".tmp").rpartition(".")[2].partition("-")[0]
        if not process.isdigit() or not is_alive(int(process)):
            with contextlib.suppress(OSError):
                path.unlink()
