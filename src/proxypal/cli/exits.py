"""How a command ends: the one table from error to exit code, and what is said on stderr.

Must not enter: anything a single command does.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from proxypal.cli.rendering_text import harmless_lines
from proxypal.errors import ProxypalError, WrongUsage

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (WrongUsage, WRONG_USAGE),
    (click.UsageError, WRONG_USAGE),
    (ProxypalError, FAILED),
    (click.ClickException, FAILED),
    (click.Abort, INTERRUPTED),
    (KeyboardInterrupt, INTERRUPTED),
    (BrokenPipeError, FAILED),
)
"""The first class that fits decides. What is not listed is a bug and keeps its traceback."""

_TOLD = tuple(kind for kind, _ in EXIT_CODES)


def exit_code(error: BaseException) -> int:
    """The exit code of an error in the table."""
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def run(program: click.Command, arguments: Sequence[str] | None) -> int:
    """Run `program` and answer its exit code; errors are told, never shown as a traceback."""
    _accept_any_text()
    try:
        code = program.main(arguments, prog_name="proxypal", standalone_mode=False)
        sys.stdout.flush()
    except _TOLD as error:
        _tell(error)
        code = exit_code(error)
    except OSError as error:
        # Only an error of our own streams: those of files are translated where they happen.
        if error.filename is not None:
            raise
        _drop_stdout()
        _say(f"Cannot write the output: {error.strerror or error}.")
        code = FAILED
    return code if isinstance(code, int) else DONE


def leave(code: int) -> NoReturn:
    """End the process now: taking the interpreter apart costs a seventh of `stats --json`.

    Only for the end of a process of ours, when the store is closed and no work is left.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # was told, or is closed
            stream.flush()
    os._exit(code)


def _accept_any_text() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A name from a log may hold what the terminal's encoding lacks.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _tell(error: BaseException) -> None:
    if isinstance(error, click.ClickException):
        error.show()
    elif isinstance(error, ProxypalError):
        _say(str(error))
    elif isinstance(error, BrokenPipeError):
        _drop_stdout()
    else:
        click.echo(err=True)


def _say(sentence: str) -> None:
    click.echo(f"proxypal: {harmless_lines(sentence)}", err=True)


def _drop_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's own flush at exit stays silent."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a real file: nothing to flush
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
