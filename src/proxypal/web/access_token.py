"""The token of a server that others can reach: read from a file, or made in the data directory.

Must not enter: checking it (`access`).
"""

import contextlib
import os
import secrets
from pathlib import Path

from proxypal.errors import CannotWrite, UnreadableInput, WrongUsage

FILE_NAME = "access.token"
CHARS_AT_LEAST = 16
_MOST_BYTES = 4096
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def read_token(path: Path) -> str:
    """The token in a file, without the space around it.

    Raises:
        UnreadableInput: the file cannot be read.
        WrongUsage: it holds no token that nobody could guess.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("ascii").strip()
    except OSError as error:
        raise UnreadableInput(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise UnreadableInput(path, "a token has only ASCII characters") from error
    if not CHARS_AT_LEAST <= len(text) <= _MOST_BYTES or not text.isprintable() or " " in text:
        raise WrongUsage(
            f"{path} must hold one token of at least {CHARS_AT_LEAST} characters without spaces; "
            f"delete the file to have one made, or make one: openssl rand -hex 32 > {path}"
        )
    return text


def own_token(data_directory: Path) -> tuple[str, Path]:
    """The token of a data directory and its file, made at the first call, for the owner alone.

    Raises:
        CannotWrite: it cannot be made.
        UnreadableInput, WrongUsage: see `read_token`.
    """
    path = data_directory / FILE_NAME
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except FileExistsError:
        return read_token(path), path
    except OSError as error:
        raise CannotWrite(path, error.strerror or str(error)) from error
    token = secrets.token_urlsafe(32)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise CannotWrite(path, error.strerror or str(error)) from error
    return token, path
