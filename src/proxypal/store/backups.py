"""The `backups/` folder: what Clear, Reset, Import and Migration put aside, one folder each.

A backup is `backup.json` (what it is) and `delta.db`, a small SQLite file with just the sums,
cells and rows that were taken off or added; a migration also keeps the original files. It is
synced before the store changes. Must not enter: what undoing means (`undoing.py`).
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from proxypal.errors import BackupNotFound
from proxypal.records.counters import COUNTER_FIELDS
from proxypal.store import durable_files
from proxypal.store.database import translated
from proxypal.store.values import Backup

DIRECTORY = "backups"
KEPT = 10
KEPT_MS = 30 * 24 * 3600 * 1000

_COUNTERS = ", ".join(COUNTER_FIELDS)
_TABLES = f"""
CREATE TABLE about (created_at INTEGER, created_after INTEGER, cells_since INTEGER,
                    reset_sequence INTEGER, watermark_before INTEGER, watermark_after INTEGER,
                    fingerprint TEXT, sketches_since INTEGER);
CREATE TABLE sums (scope TEXT, label TEXT, {_COUNTERS});
CREATE TABLE cells (hour INTEGER, provider TEXT, model TEXT, api_key TEXT, account TEXT,
                    source TEXT, {_COUNTERS});
CREATE TABLE day_cells (day INTEGER, provider TEXT, model TEXT, api_key TEXT, account TEXT,
                        source TEXT, {_COUNTERS});
CREATE TABLE sketches (day INTEGER, provider TEXT, model TEXT, durations BLOB, ttfts BLOB);
CREATE TABLE requests (timestamp INTEGER, arrival INTEGER, body BLOB);
"""


def put_aside(
    data_directory: Path,
    backup: Backup,
    fill: Callable[[sqlite3.Connection], None],
    originals: Mapping[str, bytes] | None = None,
) -> None:
    """Write a backup, durably, before the caller changes anything.

    Raises:
        StorageFull, CannotWrite: no backup was left behind.
    """
    folder = data_directory / DIRECTORY
    durable_files.make_private_directory(folder)
    temporary = folder / f".{backup.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    with durable_files.writing(temporary):
        temporary.mkdir(mode=0o700)
    try:
        for name, data in (originals or {}).items():
            durable_files.write_file(temporary / name, data)
        durable_files.write_file(temporary / "backup.json", msgspec.json.encode(backup))
        _write_delta(temporary / "delta.db", fill)
        durable_files.commit_directory(temporary, folder / backup.name)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _write_delta(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    with durable_files.writing(path):
        path.touch(mode=0o600)
    with translated(path), contextlib.closing(sqlite3.connect(path)) as delta:
        delta.execute("PRAGMA journal_mode = OFF")
        delta.execute("PRAGMA synchronous = OFF")  # commit_directory syncs the finished file
        delta.executescript(_TABLES)
        fill(delta)
        delta.commit()


@contextlib.contextmanager
def opened_delta(data_directory: Path, name: str) -> Iterator[sqlite3.Connection]:
    """The `delta.db` of a backup, read-only.

    Raises:
        BackupNotFound: there is none.
    """
    path = data_directory / DIRECTORY / name / "delta.db"
    if not path.is_file():
        raise BackupNotFound(name, data_directory / DIRECTORY)
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with translated(path), contextlib.closing(sqlite3.connect(uri, uri=True)) as delta:
        yield delta


def read_manifest(data_directory: Path, name: str) -> Backup:
    """What a backup says of itself.

    Raises:
        BackupNotFound: there is none, or its `backup.json` cannot be read.
    """
    folder = data_directory / DIRECTORY
    if Path(name).name != name:
        raise BackupNotFound(name, folder)
    try:
        data = (folder / name / "backup.json").read_bytes()
        return msgspec.json.decode(data, type=Backup)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise BackupNotFound(name, folder) from error


def list_manifests(data_directory: Path) -> list[Backup]:
    """Every readable backup, newest first."""
    folder = data_directory / DIRECTORY
    found: list[Backup] = []
    if folder.is_dir():
        for path in folder.iterdir():
            if not path.name.startswith("."):
                with contextlib.suppress(BackupNotFound):
                    found.append(read_manifest(data_directory, path.name))
    return sorted(found, key=lambda backup: (backup.created_at, backup.name), reverse=True)


def free_name(data_directory: Path, wanted: str) -> str:
    """`wanted`, or with a number behind it if there is such a backup already."""
    name, number = wanted, 1
    while (data_directory / DIRECTORY / name).exists():
        number += 1
        name = f"{wanted}-{number}"
    return name


def outdated(manifests: list[Backup], now_ms: int) -> list[Backup]:
    """Backups (given newest first) neither among the last 10 nor younger than 30 days."""
    return [b for b in manifests[KEPT:] if b.created_at < now_ms - KEPT_MS]


def delete(data_directory: Path, name: str) -> None:
    """Remove a backup.

    Raises:
        CannotWrite: it cannot be deleted.
    """
    durable_files.remove_tree(data_directory / DIRECTORY / name)
