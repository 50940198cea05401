"""What goes out: data on stdout, talk on stderr.

Must not enter: tables and colours (`rendering_*.py`).
"""

import os
import sys
from typing import Any

import click
import msgspec

from proxypal.cli.rendering_text import harmless, harmless_lines

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def say(sentence: str) -> None:
    """Tell the person, on stderr."""
    click.echo(harmless_lines(sentence), err=True)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """Print `value` as JSON, 2 spaces deep, money as exact numbers."""
    click.echo(msgspec.json.format(_ENCODER.encode(value), indent=2))


def print_json_line(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """Print `value` as one line of JSON and send it off at once."""
    click.echo(_ENCODER.encode(value))
    sys.stdout.flush()


def is_plain() -> bool:
    """Whether stdout takes text only: it is piped, or colours are not wanted (no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or not is_terminal()


def is_terminal() -> bool:
    """Whether somebody reads stdout as it comes."""
    return sys.stdout.isatty()


def takes_blocks() -> bool:
    """Whether stdout's encoding has the block characters of bars."""
    try:
        "█▏".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def finding_line(subject: str, detail: str, *, ok: bool) -> str:
    """`ok      SUBJECT: DETAIL`, or `not ok  ...`: how checks are shown, easy to search."""
    mark = "ok    " if ok else "not ok"
    if not is_plain():
        mark = click.style(mark, fg="green" if ok else "red")
    return f"{mark}  {harmless(subject)}: {harmless(detail)}"
