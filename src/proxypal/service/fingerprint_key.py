"""The secret that fingerprints of keys are made with: a random file in the data directory.

Whoever has it can try keys against labels, so it is the owner's alone to read. Must not enter: how
labels are made (`records.key_labels`).
"""

import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from proxypal.records.key_labels import KeyLabels

FILE_NAME = "fingerprint.key"
_SECRET_BYTES = 32
_LOCK_NAME = ".fingerprint.key.lock"
_LOCK_TIMEOUT_S = 10
_HEX = re.compile(rb"[0-9a-f]{64}\s*")
# The bytes are on the disk when the write returns: labels made with a lost key match no others.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_SYNC", 0)


class FingerprintKey(NamedTuple):
    """The secret, and what the user should know about it; None if all is well."""

    secret: bytes
    warning: str | None = None

    @property
    def labels(self) -> KeyLabels:
        """Labels made with it."""
        return KeyLabels(self.secret)


def fingerprint_key(directory: Path) -> FingerprintKey:
    """The secret of a data directory, made at the first call; all processes get the same.

    Where it can be neither read nor written, a secret in memory with a warning: recording goes
    on, but the labels of keys change with every start.
    """
    path = directory / FILE_NAME
    try:
        secret = _read(path)
        return FingerprintKey(secret) if secret else _create(path)
    except OSError as error:
        return FingerprintKey(
            secrets.token_bytes(_SECRET_BYTES),
            f"Cannot use {path}: {error.strerror or error}. Keys and accounts get other labels "
            "with every start until it can be read and written; check its owner and permissions.",
        )


def _read(path: Path) -> bytes | None:
    """The secret, None if there is none or no whole one."""
    try:
        with path.open("rb") as file:
            data = file.read(1024)
    except FileNotFoundError:
        return None
    return bytes.fromhex(data.decode()) if _HEX.fullmatch(data) else None


def _create(path: Path) -> FingerprintKey:
    """Make the file while nobody else does.

    A reader without the lock that meets a half-written file comes here too, and waits.
    """
    import filelock  # noqa: PLC0415 - once in the life of a data directory

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = filelock.FileLock(path.with_name(_LOCK_NAME), timeout=_LOCK_TIMEOUT_S, mode=0o600)
    try:
        with lock:
            secret = _read(path)
            return FingerprintKey(secret) if secret else _write(path)
    except filelock.Timeout as error:
        raise OSError(f"another process holds {_LOCK_NAME}") from error


def _write(path: Path) -> FingerprintKey:
    is_damaged = path.exists()
    secret = secrets.token_bytes(_SECRET_BYTES)
    descriptor = os.open(path, _FLAGS, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret.hex().encode() + b"\n")
    path.chmod(0o600)
    if not is_damaged:
        return FingerprintKey(secret)
    return FingerprintKey(
        secret,
        f"{path} was damaged and was made anew: keys and accounts have other labels from now on.",
    )
