"""The only module that writes files: temp beside the target, fsync, replace, fsync the folder.

POSIX promises that a rename is atomic for other processes, not that it or the data before it
survive a power loss; that is what the two fsyncs are for. Errors come out as ours.
"""

import contextlib
import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from proxypal.errors import CannotWrite, StorageFull

_WINDOWS: bool = sys.platform == "win32"
_WINDOWS_RETRIES = 20


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn `OSError` into `StorageFull` or `CannotWrite` for `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(path) from error
        raise CannotWrite(path, error.strerror or str(error)) from error


def make_private_directory(path: Path) -> None:
    """Create `path` and its parents, readable by the owner only; keep an existing one as it is.

    Raises:
        CannotWrite, StorageFull: it could not be made.
    """
    with writing(path):
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames inside `path` survive a power loss. Windows syncs them by itself."""
    if _WINDOWS:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - exists on POSIX only

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_path(path: Path) -> None:
    """Put what a file holds on the disk; never a database, whose locks this would drop."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        _sync_file(descriptor)
    finally:
        os.close(descriptor)


def _replace(source: Path, target: Path) -> None:
    for attempt in range(_WINDOWS_RETRIES):
        try:
            source.replace(target)
        except PermissionError:
            # Windows refuses while a virus scanner or reader has the target open.
            if not _WINDOWS or attempt == _WINDOWS_RETRIES - 1:
                raise
            time.sleep(0.01 * (attempt + 1))
        else:
            return


def write_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`: readers see the old bytes or the new ones, whatever happens.

    Raises:
        CannotWrite, StorageFull: nothing changed, no temp file is left.
    """
    place_files({path: stage_file(path, data, f"{os.getpid()}")})


def stage_file(path: Path, data: bytes, mark: str) -> Path:
    """Put `data`, synced, into a temp file beside `path`; it goes on with `place_files`.

    Raises:
        CannotWrite, StorageFull: no temp file is left.
    """
    temporary = path.with_name(f".{path.name}.{mark}.tmp")
    with writing(path), _removed_on_error(temporary):
        descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            _sync_file(descriptor)
        finally:
            os.close(descriptor)
    return temporary


def place_files(staged: Mapping[Path, Path]) -> None:
    """Rename staged files to their targets (target to staged file), durably.

    Raises:
        CannotWrite, StorageFull: those in their places stay, the temp file of the next is gone.
    """
    for target, temporary in staged.items():
        with writing(target), _removed_on_error(temporary):
            _replace(temporary, target)
    for folder in {target.parent for target in staged}:
        with writing(folder):
            sync_directory(folder)


@contextlib.contextmanager
def _removed_on_error(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def remove_file(path: Path) -> None:
    """Delete a file, durably; that it is gone already may not be durable yet.

    Raises:
        CannotWrite, StorageFull: it could not be deleted.
    """
    with writing(path):
        path.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            sync_directory(path.parent)


def move_into_place(temporary: Path, target: Path) -> None:
    """Sync a finished file and rename it to `target`, durably."""
    with writing(target):
        sync_path(temporary)
        _replace(temporary, target)
        sync_directory(target.parent)


def set_aside(path: Path, reason: str, stamp: str) -> Path:
    """Rename `path` to `NAME.REASON-STAMP`, never over an existing file; returns the new path."""
    target = path.with_name(f"{path.name}.{reason}-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{reason}-{stamp}-{number}")
    with writing(path):
        _replace(path, target)
        sync_directory(path.parent)
    return target


def remove_temporaries(directory: Path, name: str = "*") -> None:
    """Delete what a crash left of writing `name`; the caller knows that nobody writes it now."""
    for suffix in ("", "-journal"):  # SQLite's, beside a database that is being written
        for path in directory.glob(f".{name}.tmp{suffix}"):
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def remove_tree(path: Path) -> None:
    """Delete a backup folder: gone at once, or still whole.

    Raises:
        CannotWrite: something in it cannot be deleted.
    """
    hidden = path if path.name.startswith(".") else path.with_name(f".{path.name}.tmp")
    with writing(path):
        if hidden != path:
            path.rename(hidden)
            sync_directory(path.parent)
        shutil.rmtree(hidden)
        sync_directory(path.parent)


def commit_directory(temporary: Path, target: Path) -> None:
    """Rename a finished folder into place, durably."""
    with writing(target):
        for child in temporary.iterdir():
            sync_path(child)
        sync_directory(temporary)
        temporary.rename(target)
        sync_directory(target.parent)
